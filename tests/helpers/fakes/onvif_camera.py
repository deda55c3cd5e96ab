"""A scripted ONVIF camera that really verifies logins and counts them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import formatdate

from healthmon.secret import Credential, Secret
from helpers.loopback import http, request

RIGHT = Credential("view", "healthmon", Secret("right"))
WRONG = Credential("view", "healthmon", Secret("wrong"))
PATH = "/onvif/device_service"
SOAP = '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema"><s:Body>{}</s:Body></s:Envelope>'
REFUSAL = '<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">{}</s:Text></s:Reason></s:Fault>'


@dataclass
class Camera:
    """`login` is none, token or digest; `clock` is its clock minus ours; `window` how far Created
    may be off.

    A `shy` one wants a login for its time too; `dated` tells its time in the head of a refusal.
    """

    login: str = "token"
    clock: float = 0.0
    window: float = 5.0
    xaddr: str = "http://127.0.0.1/onvif/media"
    uri: str = "rtsp://127.0.0.1:554/stream1?channel=1"
    refusal: str = "Sender not Authorized"
    refusal_status: str = "400 Bad Request"
    strange: bool = False
    shy: bool = False
    dated: bool = False
    forbidden: tuple[str, ...] = ()
    time_server: str = "192.0.2.1"
    asked: list[str] = field(default_factory=list)
    lockout_guard: int = 0
    refused: int = 0
    replies: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, str] = field(default_factory=dict)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, fields, body = await request(reader)
        text = body.decode()
        name = re.search(r"Body[^>]*>\s*<(?:\w+:)?(\w+)", text)
        if name:
            self.bodies[name[1]] = text
        answer = self.answer(name[1], text, fields) if name else http(b"", "404 Not Found")
        writer.write(strange(answer) if self.strange else answer)
        await writer.drain()
        writer.close()

    def answer(self, name: str, text: str, fields: dict[str, str]) -> bytes:
        self.asked.append(name)
        if (self.shy or name != "GetSystemDateAndTime") and self.login != "none":
            tried = "Authorization".lower() in fields or "UsernameToken" in text
            self.lockout_guard += tried
            right = self.digest(fields) if self.login == "digest" else self.token(text)
            if not right or name in self.forbidden:
                self.refused += tried
                if self.login == "digest":
                    return http(
                        b"",
                        "401 Unauthorized",
                        'WWW-Authenticate: Digest realm="cam", nonce="n1", qop="auth"',
                    )
                head = (
                    [f"Date: {formatdate(time.time() + self.clock, usegmt=True)}"]
                    if self.dated
                    else []
                )
                return http(
                    SOAP.format(REFUSAL.format(self.refusal)).encode(), self.refusal_status, *head
                )
        return http(SOAP.format({**self.standard(), **self.replies}[name]).encode())

    def digest(self, fields: dict[str, str]) -> bool:
        told = dict(re.findall(r'(\w+)="?([^",]+)"?', fields.get("authorization", "")))
        if not told:
            return False
        one = hashlib.md5(b"healthmon:cam:right").hexdigest()
        two = hashlib.md5(f"POST:{told['uri']}".encode()).hexdigest()
        wanted = hashlib.md5(
            f"{one}:n1:{told['nc']}:{told['cnonce']}:auth:{two}".encode()
        ).hexdigest()
        return told["response"] == wanted

    def token(self, text: str) -> bool:
        told = {
            n: re.search(rf"<(?:\w+:)?{n}[^>]*>([^<]+)<", text)
            for n in ("Password", "Nonce", "Created")
        }
        if not all(told.values()):
            return False
        password, nonce, created = (m[1] for m in told.values() if m)
        wanted = base64.b64encode(
            hashlib.sha1(base64.b64decode(nonce) + created.encode() + b"right").digest()
        ).decode()
        age = abs(datetime.fromisoformat(created).timestamp() - time.time() - self.clock)
        return password == wanted and age <= self.window

    def standard(self) -> dict[str, str]:
        return {
            "GetSystemDateAndTime": moment(datetime.now(UTC) + timedelta(seconds=self.clock)),
            "GetDeviceInformation": "<tds:GetDeviceInformationResponse><tds:Manufacturer>Acme</tds:Manufacturer><tds:Model>M1</tds:Model><tds:FirmwareVersion>1.2</tds:FirmwareVersion><tds:SerialNumber>S7</tds:SerialNumber><tds:HardwareId>H</tds:HardwareId></tds:GetDeviceInformationResponse>",
            "GetNetworkInterfaces": '<tds:GetNetworkInterfacesResponse><tds:NetworkInterfaces token="e0"><tt:Enabled>true</tt:Enabled><tt:Info><tt:Name>eth0</tt:Name><tt:HwAddress>00:1a:2b:3c:4d:5e</tt:HwAddress><tt:MTU>1500</tt:MTU></tt:Info></tds:NetworkInterfaces></tds:GetNetworkInterfacesResponse>',
            "GetNTP": f"<tds:GetNTPResponse><tds:NTPInformation><tt:FromDHCP>false</tt:FromDHCP><tt:NTPManual><tt:Type>IPv4</tt:Type><tt:IPv4Address>{self.time_server}</tt:IPv4Address></tt:NTPManual></tds:NTPInformation></tds:GetNTPResponse>",
            "GetCapabilities": f"<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Media><tt:XAddr>{self.xaddr}</tt:XAddr></tt:Media></tds:Capabilities></tds:GetCapabilitiesResponse>",
            "GetProfiles": '<trt:GetProfilesResponse><trt:Profiles token="p0" fixed="true"><tt:Name>main</tt:Name></trt:Profiles><trt:Profiles token="p1"><tt:Name>sub</tt:Name></trt:Profiles></trt:GetProfilesResponse>',
            "GetPresets": "<trt:GetPresetsResponse/>",
            "GetStatus": "<trt:GetStatusResponse/>",
            "GetStreamUri": f"<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>{self.uri}</tt:Uri><tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT60S</tt:Timeout></trt:MediaUri></trt:GetStreamUriResponse>",
        }


def strange(answer: bytes) -> bytes:
    """The same answer as SOAP 1.1, in wrong namespaces, padded, and as long as the connection
    lasts.
    """
    head, _, body = answer.decode().partition("\r\n\r\n")
    lines = [line for line in head.split("\r\n") if not line.startswith("Content-Length")]
    body = body.replace(
        "http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/"
    )
    body = body.replace(
        "http://www.onvif.org/ver10/schema", "http://www.onvif.org/ver10/device/wsdl"
    )
    return (
        "\r\n".join([*lines, "Connection: close"]) + "\r\n\r\n\r\n \r\n" + body + "\r\n\0"
    ).encode()


def date(name: str, at: datetime | dict[str, object]) -> str:
    get: Callable[[str], object] = at.get if isinstance(at, dict) else lambda n: getattr(at, n)
    time_part = "".join(
        f"<tt:{n.title()}>{get(n)}</tt:{n.title()}>" for n in ("hour", "minute", "second")
    )
    date_part = "".join(
        f"<tt:{n.title()}>{get(n)}</tt:{n.title()}>" for n in ("year", "month", "day")
    )
    return f"<tt:{name}><tt:Time>{time_part}</tt:Time><tt:Date>{date_part}</tt:Date></tt:{name}>"


def moment(
    utc: datetime | dict[str, object] | None, local: datetime | dict[str, object] | None = None
) -> str:
    inner = (date("UTCDateTime", utc) if utc else "") + (
        date("LocalDateTime", local) if local else ""
    )
    return f"<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType><tt:DaylightSavings>true</tt:DaylightSavings><tt:TimeZone><tt:TZ>GMT0BST,M3.5.0/1,M10.5.0</tt:TZ></tt:TimeZone>{inner}</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
