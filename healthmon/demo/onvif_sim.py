"""HTTP and ONVIF as a camera speaks them: the time without a login, the rest with WS-UsernameToken
or Digest.
"""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from email.utils import formatdate
from ipaddress import ip_address
from urllib.parse import quote
from zoneinfo import ZoneInfo

from healthmon.demo import login
from healthmon.demo.clip import GOP, HEIGHT, RATE, WIDTH
from healthmon.demo.profile_g_sim import ProfileG, RefusedError
from healthmon.demo.ptz_sim import CONFIGURATION, PtzSim
from healthmon.demo.state import RTSP, SimDevice, Visitor

CAP = 64 * 1024
TIME_SERVER = "127.6.0.2"
HUGE = 4 * 1024 * 1024
PRE_AUTH = frozenset({"GetSystemDateAndTime", "GetCapabilities", "GetServices", "GetHostname"})
_NS = (
    'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tds="http://www.onvif.org/ver10/device/wsdl" '
    'xmlns:trt="http://www.onvif.org/ver10/media/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema" '
    'xmlns:tse="http://www.onvif.org/ver10/search/wsdl" xmlns:trc="http://www.onvif.org/ver10/recording/wsdl" '
    'xmlns:trp="http://www.onvif.org/ver10/replay/wsdl" xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" '
    'xmlns:tptz="http://www.onvif.org/ver20/ptz/wsdl" xmlns:tr2="http://www.onvif.org/ver20/media/wsdl" '
    'xmlns:tns1="http://www.onvif.org/ver10/topics" xmlns:ter="http://www.onvif.org/ver10/error"'
)
_WRITES = re.compile(r"Set|Create|Delete|Add|Remove|Subscribe|SystemReboot|Upgrade|Restore")
_PROFILE = re.compile(r"ProfileToken>\s*p(\d{1,4})\s*<")
_OPERATION = re.compile(r"<(?:[\w-]+:)?Body[^>]*>\s*<(?:[\w-]+:)?(\w+)")


class OnvifSim(Visitor):
    """One HTTP connection to one simulated device."""

    def __init__(self, device: SimDevice) -> None:
        super().__init__(device)
        self._nonce = login.fresh_nonce()
        self._keep = False
        self._ptz = PtzSim(device)
        self._recorder = ProfileG(device) if device.channels and device.make == "onvif" else None

    def data_received(self, data: bytes) -> None:
        """Take whole requests."""
        self._buffer += data[:CAP]
        head, mark, body = self._buffer.partition(b"\r\n\r\n")
        if not mark or self._device.has("silence"):
            return
        text = head.decode("utf-8", "replace")
        match = re.search(r"(?i)^content-length:\s*(\d+)", text, re.MULTILINE)
        if len(body) < int(match[1] if match else 0):
            return
        self._buffer = b""
        self._request(text, body.decode("utf-8", "replace"))

    def _request(self, head: str, body: str) -> None:
        method = head.split(" ", 1)[0]
        self._keep = self._recorder is not None and not re.search(
            r"(?im)^connection:\s*close", head
        )
        given = re.search(r"(?im)^authorization:\s*(.+?)\s*$", head)
        if self._device.has("garbage"):
            self._transport.write(bytes(range(128, 256)))
        elif self._device.has("huge_reply"):
            self._reply(200, "OK", "x" * HUGE)
        elif self._device.has("redirect_elsewhere"):
            self._reply(
                307,
                "Temporary Redirect",
                "",
                ("Location", "http://127.0.0.2:8080/onvif/device_service"),
            )
        elif method != "POST":
            self._reply(200, "OK", "<html><body>Simulated camera</body></html>")
        else:
            self._soap(body, given[1] if given else None)

    def _soap(self, body: str, given: str | None) -> None:
        match = _OPERATION.search(body)
        operation = match[1] if match else ""
        if _WRITES.match(operation):
            self._device.counters.writes_attempted += 1
        if operation not in PRE_AUTH and not self._known(body, given):
            return
        self._device.counters.calls += 1
        if self._recorder is not None and operation in self._recorder.answers:
            self._of_recorder(self._recorder, operation, body)
            return
        answer = self._answer(operation, body)
        if answer is None:
            self._fault("ActionNotSupported")
        elif not answer:
            self._fault("NoProfile")
        else:
            self._reply(200, "OK", _envelope(answer))

    def _answer(self, operation: str, body: str) -> str | None:
        """The response to `operation`; empty for a profile that is not there, None for an operation
        unknown.
        """
        answers = {
            "GetSystemDateAndTime": self._time,
            "GetHostname": self._hostname,
            "GetNTP": self._time_servers,
            "GetCapabilities": self._capabilities,
            "GetServices": self._services,
            "GetDeviceInformation": self._information,
            "GetNetworkInterfaces": self._interfaces,
            "GetScopes": self._scopes,
            "GetProfiles": self._profiles,
        }
        if operation in answers:
            return answers[operation]()
        if operation not in ("GetProfile", "GetStreamUri"):
            return self._ptz.answer(operation, body)
        match = _PROFILE.search(body)
        number = int(match[1]) if match else len(self._device.paths)
        if number >= len(self._device.paths):
            return ""
        return self._stream_uri(number) if operation == "GetStreamUri" else self._profile(number)

    def _of_recorder(self, recorder: ProfileG, operation: str, body: str) -> None:
        recorder.delay = 0.0
        try:
            text = recorder.answers[operation](body)
        except RefusedError as refused:
            self._fault(str(refused))
            return
        loop = asyncio.get_running_loop()
        loop.call_later(recorder.delay, self._reply, 200, "OK", _envelope(text))

    def _known(self, body: str, given: str | None) -> bool:
        most = self._device.faults.get("login_firewall")
        if self._device.has("lockout") or (
            most and self._device.counters.logins_rejected >= int(most)
        ):
            self._device.counters.logins_rejected += given is not None or "UsernameToken" in body
            self._fault("NotAuthorized", "The account is locked: too many failed logins")
            return False
        if given is not None:
            if login.digest_ok(self._device, "POST", given):
                return True
            self._challenge()
            return False
        if "UsernameToken" in body:
            if login.token_ok(self._device, body):
                return True
            self._fault("NotAuthorized")
            return False
        self._challenge()
        return False

    def _challenge(self) -> None:
        if self._device.has("token_only"):
            self._fault("NotAuthorized", "Sender not authorized")
            return
        self._reply(
            401,
            "Unauthorized",
            "",
            ("WWW-Authenticate", login.challenge(self._device, self._nonce)),
        )

    def _fault(self, code: str, words: str = "") -> None:
        body = (
            f"<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:{code}</s:Value></s:Subcode></s:Code>"
            f'<s:Reason><s:Text xml:lang="en">{words or code}</s:Text></s:Reason></s:Fault>'
        )
        self._reply(400, "Bad Request", _envelope(body))

    def _reply(self, status: int, words: str, body: str, *more: tuple[str, str]) -> None:
        kind = "application/soap+xml; charset=utf-8" if body.startswith("<?xml") else "text/html"
        fields = [
            ("Date", formatdate(self._device.now(), usegmt=True)),
            ("Content-Type", kind),
            *more,
        ]
        fields += [
            ("Content-Length", str(len(body.encode()))),
            ("Connection", "keep-alive" if self._keep else "close"),
        ]
        lines = "".join(f"{key}: {value}\r\n" for key, value in fields)
        data = f"HTTP/1.1 {status} {words}\r\n{lines}\r\n{body}".encode()
        self._device.counters.bytes_out += len(data)
        self._transport.write(data)
        if not self._keep:
            self._transport.close()

    # ------------------------------------------------------------------ answers

    def _time(self) -> str:
        device = self._device
        utc = datetime.fromtimestamp(device.now(), UTC)
        local = utc.astimezone(ZoneInfo("Europe/London"))
        if device.has("clock_label"):
            utc = utc.replace(hour=(utc.hour + 1) % 24)
        zone = device.faults.get("zone_rule") or "GMT0BST,M3.5.0/1,M10.5.0"
        mode = "Manual" if device.has("clock_manual") else "NTP"
        return (
            "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime>"
            f"<tt:DateTimeType>{mode}</tt:DateTimeType><tt:DaylightSavings>{str(bool(local.dst())).lower()}"
            f"</tt:DaylightSavings><tt:TimeZone><tt:TZ>{zone}</tt:TZ></tt:TimeZone>"
            f"{'' if device.has('no_utc') else f'<tt:UTCDateTime>{_moment(utc)}</tt:UTCDateTime>'}"
            f"<tt:LocalDateTime>{_moment(local)}</tt:LocalDateTime>"
            "</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
        )

    def _host(self) -> str:
        return "127.0.0.2" if self._device.has("foreign_uri") else self._device.address

    def _capabilities(self) -> str:
        base = f"http://{self._host()}:{self._device.ports.http}/onvif"
        return (
            "<tds:GetCapabilitiesResponse><tds:Capabilities>"
            f"<tt:Device><tt:XAddr>{base}/device_service</tt:XAddr></tt:Device>"
            f"<tt:Media><tt:XAddr>{base}/media_service</tt:XAddr><tt:StreamingCapabilities/></tt:Media>"
            f"{self._recorder.capabilities(self._host()) if self._recorder is not None else ''}"
            "</tds:Capabilities></tds:GetCapabilitiesResponse>"
        )

    def _services(self) -> str:
        base = f"http://{self._host()}:{self._device.ports.http}/onvif"
        rows = (("device", "device_service"), ("media", "media_service"))
        services = "".join(
            f"<tds:Service><tds:Namespace>http://www.onvif.org/ver10/{name}/wsdl</tds:Namespace>"
            f"<tds:XAddr>{base}/{path}</tds:XAddr><tds:Version><tt:Major>2</tt:Major><tt:Minor>6</tt:Minor>"
            "</tds:Version></tds:Service>"
            for name, path in rows
        )
        services += self._ptz.services(base)
        services += self._recorder.services(self._host()) if self._recorder is not None else ""
        return f"<tds:GetServicesResponse>{services}</tds:GetServicesResponse>"

    def _information(self) -> str:
        serial = "OTHER-9999" if self._device.has("wrong_identity") else self._device.serial
        model = "Spare Dome" if self._device.has("wrong_identity") else "Simulated PTZ"
        return (
            f"<tds:GetDeviceInformationResponse><tds:Manufacturer>Example</tds:Manufacturer><tds:Model>{model}</tds:Model>"
            f"<tds:FirmwareVersion>1.2.3</tds:FirmwareVersion><tds:SerialNumber>{serial}</tds:SerialNumber>"
            "<tds:HardwareId>1</tds:HardwareId></tds:GetDeviceInformationResponse>"
        )

    def _interfaces(self) -> str:
        mac = (
            mac_of(self._device) if not self._device.has("wrong_identity") else "02:00:00:ff:ff:ff"
        )
        return (
            '<tds:GetNetworkInterfacesResponse><tds:NetworkInterfaces token="eth0"><tt:Enabled>true</tt:Enabled>'
            f"<tt:Info><tt:Name>eth0</tt:Name><tt:HwAddress>{mac}</tt:HwAddress></tt:Info>"
            "</tds:NetworkInterfaces></tds:GetNetworkInterfacesResponse>"
        )

    def _scopes(self) -> str:
        scope = f"onvif://www.onvif.org/name/{quote(self._device.name)}"
        return (
            "<tds:GetScopesResponse><tds:Scopes><tt:ScopeDef>Configurable</tt:ScopeDef>"
            f"<tt:ScopeItem>{scope}</tt:ScopeItem></tds:Scopes></tds:GetScopesResponse>"
        )

    def _hostname(self) -> str:
        return (
            "<tds:GetHostnameResponse><tds:HostnameInformation><tt:FromDHCP>false</tt:FromDHCP>"
            f"<tt:Name>{self._device.id}</tt:Name></tds:HostnameInformation></tds:GetHostnameResponse>"
        )

    def _time_servers(self) -> str:
        server = self._device.faults.get("ntp_server", TIME_SERVER)
        return (
            "<tds:GetNTPResponse><tds:NTPInformation><tt:FromDHCP>false</tt:FromDHCP><tt:NTPManual><tt:Type>IPv4</tt:Type>"
            f"<tt:IPv4Address>{server}</tt:IPv4Address></tt:NTPManual></tds:NTPInformation></tds:GetNTPResponse>"
        )

    def _profiles(self) -> str:
        rows = "".join(self._profile_row("Profiles", n) for n in range(len(self._device.paths)))
        return f"<trt:GetProfilesResponse>{rows}</trt:GetProfilesResponse>"

    def _profile(self, number: int) -> str:
        row = self._profile_row("Profile", number)
        return f"<trt:GetProfileResponse>{row}</trt:GetProfileResponse>"

    def _profile_row(self, name: str, number: int) -> str:
        # A camera has one video source for all of its profiles, a recorder one for each.
        source = number if self._device.channels else 0
        return _profile_row(
            name, number, source, CONFIGURATION if self._device.variant == "ptz" else ""
        )

    def _stream_uri(self, number: int) -> str:
        return (
            "<trt:GetStreamUriResponse><trt:MediaUri>"
            f"<tt:Uri>rtsp://{self._host()}:{self._device.ports.rtsp}{self._device.paths[number]}</tt:Uri>"
            "<tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot>"
            "<tt:Timeout>PT0S</tt:Timeout></trt:MediaUri></trt:GetStreamUriResponse>"
        )


def _profile_row(name: str, number: int, source: int, more: str) -> str:
    """One media profile with the number of its video `source`, its video encoder and `more`
    configurations (ONVIF Media 5.2).
    """
    return (
        f'<trt:{name} token="p{number}" fixed="true"><tt:Name>profile {number}</tt:Name>'
        f'<tt:VideoSourceConfiguration token="s{source}"><tt:Name>source {source}</tt:Name><tt:UseCount>1</tt:UseCount>'
        f"<tt:SourceToken>source{source}</tt:SourceToken>"
        f'<tt:Bounds x="0" y="0" width="{WIDTH}" height="{HEIGHT}"/></tt:VideoSourceConfiguration>'
        f'<tt:VideoEncoderConfiguration token="v{number}"><tt:Name>video {number}</tt:Name><tt:UseCount>1</tt:UseCount>'
        f"<tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>{WIDTH}</tt:Width><tt:Height>{HEIGHT}</tt:Height>"
        f"</tt:Resolution><tt:Quality>4</tt:Quality><tt:RateControl><tt:FrameRateLimit>{round(RATE)}</tt:FrameRateLimit>"
        "<tt:EncodingInterval>1</tt:EncodingInterval><tt:BitrateLimit>400</tt:BitrateLimit></tt:RateControl>"
        f"<tt:H264><tt:GovLength>{GOP}</tt:GovLength><tt:H264Profile>Baseline</tt:H264Profile></tt:H264>"
        "<tt:Multicast><tt:Address><tt:Type>IPv4</tt:Type><tt:IPv4Address>0.0.0.0</tt:IPv4Address></tt:Address>"
        "<tt:Port>0</tt:Port><tt:TTL>1</tt:TTL><tt:AutoStart>false</tt:AutoStart></tt:Multicast>"
        f"<tt:SessionTimeout>PT60S</tt:SessionTimeout></tt:VideoEncoderConfiguration>{more}</trt:{name}>"
    )


def mac_of(device: SimDevice) -> str:
    """A locally administered MAC address: its own, or one by its loopback address, or by its ports
    on a shared one.
    """
    if device.mac:
        return device.mac
    low = (int(ip_address(device.address)) + device.ports.rtsp - RTSP) & 0xFFFFFF
    return "02:00:00:" + low.to_bytes(3, "big").hex(":")


def _envelope(body: str) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?><s:Envelope {_NS}><s:Body>{body}</s:Body></s:Envelope>'


def _moment(at: datetime) -> str:
    return (
        f"<tt:Time><tt:Hour>{at.hour}</tt:Hour><tt:Minute>{at.minute}</tt:Minute><tt:Second>{at.second}</tt:Second></tt:Time>"
        f"<tt:Date><tt:Year>{at.year}</tt:Year><tt:Month>{at.month}</tt:Month><tt:Day>{at.day}</tt:Day></tt:Date>"
    )
