"""ONVIF against a scripted device that really verifies logins and counts them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from loopback import http, request, says, served

from healthmon.secret import Credential, Secret
from healthmon.wire import onvif, trace
from healthmon.wire.errors import (
    AddressError,
    AuthFailedError,
    AuthLatchedError,
    LockedOutError,
    NoCredentialError,
    NotFoundError,
    ProtocolError,
    UnsupportedError,
    WireError,
)
from healthmon.wire.http import Place
from healthmon.wire.logins import LoginGuard
from healthmon.wire.net import Net

NET = Net.of(["127.0.0.1"])
RIGHT = Credential("view", "healthmon", Secret("right"))
WRONG = Credential("view", "healthmon", Secret("wrong"))
PATH = "/onvif/device_service"
SOAP = '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema"><s:Body>{}</s:Body></s:Envelope>'
REFUSAL = '<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">{}</s:Text></s:Reason></s:Fault>'


@dataclass
class Camera:
    """`login` is none, token or digest; `clock` is its clock minus ours; `window` how far Created may be off."""

    login: str = "token"
    clock: float = 0.0
    window: float = 5.0
    xaddr: str = "http://127.0.0.1/onvif/media"
    uri: str = "rtsp://127.0.0.1:554/stream1?channel=1"
    refusal: str = "Sender not Authorized"
    logins: int = 0
    refused: int = 0
    replies: dict[str, str] = field(default_factory=dict)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, fields, body = await request(reader)
        text = body.decode()
        name = re.search(r"Body[^>]*>\s*<(?:\w+:)?(\w+)", text)
        assert name
        writer.write(self.answer(name[1], text, fields))
        await writer.drain()

    def answer(self, name: str, text: str, fields: dict[str, str]) -> bytes:
        if name != "GetSystemDateAndTime" and self.login != "none":
            tried = "Authorization".lower() in fields or "UsernameToken" in text
            self.logins += tried
            if not (self.digest(fields) if self.login == "digest" else self.token(text)):
                self.refused += tried
                if self.login == "digest":
                    return http(b"", "401 Unauthorized", 'WWW-Authenticate: Digest realm="cam", nonce="n1", qop="auth"')
                return http(SOAP.format(REFUSAL.format(self.refusal)).encode(), "400 Bad Request")
        return http(SOAP.format({**self.standard(), **self.replies}[name]).encode())

    def digest(self, fields: dict[str, str]) -> bool:
        told = dict(re.findall(r'(\w+)="?([^",]+)"?', fields.get("authorization", "")))
        if not told:
            return False
        one = hashlib.md5(b"healthmon:cam:right").hexdigest()
        two = hashlib.md5(f"POST:{told['uri']}".encode()).hexdigest()
        wanted = hashlib.md5(f"{one}:n1:{told['nc']}:{told['cnonce']}:auth:{two}".encode()).hexdigest()
        return told["response"] == wanted

    def token(self, text: str) -> bool:
        told = {n: re.search(rf"<(?:\w+:)?{n}[^>]*>([^<]+)<", text) for n in ("Password", "Nonce", "Created")}
        if not all(told.values()):
            return False
        password, nonce, created = (m[1] for m in told.values() if m)
        wanted = base64.b64encode(hashlib.sha1(base64.b64decode(nonce) + created.encode() + b"right").digest()).decode()
        age = abs(datetime.fromisoformat(created).timestamp() - time.time() - self.clock)
        return password == wanted and age <= self.window

    def standard(self) -> dict[str, str]:
        return {
            "GetSystemDateAndTime": moment(datetime.now(UTC) + timedelta(seconds=self.clock)),
            "GetDeviceInformation": "<tds:GetDeviceInformationResponse><tds:Manufacturer>Acme</tds:Manufacturer><tds:Model>M1</tds:Model><tds:FirmwareVersion>1.2</tds:FirmwareVersion><tds:SerialNumber>S7</tds:SerialNumber><tds:HardwareId>H</tds:HardwareId></tds:GetDeviceInformationResponse>",
            "GetNetworkInterfaces": '<tds:GetNetworkInterfacesResponse><tds:NetworkInterfaces token="e0"><tt:Enabled>true</tt:Enabled><tt:Info><tt:Name>eth0</tt:Name><tt:HwAddress>00:1a:2b:3c:4d:5e</tt:HwAddress><tt:MTU>1500</tt:MTU></tt:Info></tds:NetworkInterfaces></tds:GetNetworkInterfacesResponse>',
            "GetCapabilities": f"<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Media><tt:XAddr>{self.xaddr}</tt:XAddr></tt:Media></tds:Capabilities></tds:GetCapabilitiesResponse>",
            "GetProfiles": '<trt:GetProfilesResponse><trt:Profiles token="p0" fixed="true"><tt:Name>main</tt:Name></trt:Profiles><trt:Profiles token="p1"><tt:Name>sub</tt:Name></trt:Profiles></trt:GetProfilesResponse>',
            "GetStreamUri": f"<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>{self.uri}</tt:Uri><tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT60S</tt:Timeout></trt:MediaUri></trt:GetStreamUriResponse>",
        }


def date(name: str, at: datetime | dict[str, object]) -> str:
    get: Callable[[str], object] = at.get if isinstance(at, dict) else lambda n: getattr(at, n)
    time_part = "".join(f"<tt:{n.title()}>{get(n)}</tt:{n.title()}>" for n in ("hour", "minute", "second"))
    date_part = "".join(f"<tt:{n.title()}>{get(n)}</tt:{n.title()}>" for n in ("year", "month", "day"))
    return f"<tt:{name}><tt:Time>{time_part}</tt:Time><tt:Date>{date_part}</tt:Date></tt:{name}>"


def moment(utc: datetime | dict[str, object] | None, local: datetime | None = None) -> str:
    inner = (date("UTCDateTime", utc) if utc else "") + (date("LocalDateTime", local) if local else "")
    return f"<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType><tt:DaylightSavings>true</tt:DaylightSavings><tt:TimeZone><tt:TZ>GMT0BST,M3.5.0/1,M10.5.0</tt:TZ></tt:TimeZone>{inner}</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"


async def told_time(reply: str) -> onvif.DeviceTime:
    async with served(Camera(replies={"GetSystemDateAndTime": reply})) as server:
        return await onvif.device_time(NET, Place("127.0.0.1", server.port), PATH)


async def test_the_time_is_read_without_a_login() -> None:
    utc = datetime(2026, 7, 24, 5, 58, 12, tzinfo=UTC)
    told = await told_time(moment(utc, datetime(2026, 7, 24, 6, 58, 12)))
    assert (told.utc, told.local) == (utc, datetime(2026, 7, 24, 6, 58, 12))
    assert (told.zone, told.daylight, told.mode, told.invalid) == ("GMT0BST,M3.5.0/1,M10.5.0", True, "ntp", "")
    assert told.began <= told.ended


async def test_c25_a_missing_utc_is_missing_and_a_date_that_is_none_is_invalid() -> None:
    assert (await told_time(moment(None))).utc is None
    good = {"year": 2026, "month": 2, "day": 3, "hour": 4, "minute": 5, "second": 6}
    for name, value in (
        ("month", 13),
        ("day", 30),
        ("year", 65535),
        ("hour", 99),
        ("second", "NaN"),
        ("minute", ""),
        ("second", 61),
    ):
        told = await told_time(moment({**good, name: value}))
        assert told.utc is None
        assert told.invalid.startswith("UTC ")
    assert (await told_time(moment({**good, "year": 1970, "month": 1, "day": 1}))).utc == datetime(
        1970, 1, 1, 4, 5, 6, tzinfo=UTC
    )
    assert (await told_time(moment({**good, "second": 60}))).utc == datetime(2026, 2, 3, 4, 6, 0, tzinfo=UTC)


async def test_a_device_that_wants_a_login_for_the_time_is_named() -> None:
    body = SOAP.format(REFUSAL.format("no")).encode()
    async with served(says(http(body, "400 Bad Request"))) as server:
        with pytest.raises(NoCredentialError):
            await onvif.device_time(NET, Place("127.0.0.1", server.port), PATH)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("404 Not Found", UnsupportedError),
        ("500 Oops", ProtocolError),
        ("503 Busy", WireError),
        ("200 OK", ProtocolError),
    ],
)
async def test_other_replies_are_classed(status: str, kind: type[WireError]) -> None:
    async with served(says(http(b"<html>Login</html>", status))) as server:
        with pytest.raises(kind):
            await onvif.device_time(NET, Place("127.0.0.1", server.port), PATH)


async def test_c21_a_redirect_is_an_address_mismatch_and_goes_nowhere() -> None:
    async with served(says(b""), host="127.0.0.2") as elsewhere:
        async with served(
            says(http(b"", "307 Temporary Redirect", f"Location: http://127.0.0.2:{elsewhere.port}/"))
        ) as server:
            with pytest.raises(AddressError):
                await onvif.device_information(NET, Place("127.0.0.1", server.port), PATH, RIGHT, LoginGuard())
        await asyncio.sleep(0.05)
    assert elsewhere.connections == 0


@pytest.mark.parametrize("login", ["none", "token", "digest"])
async def test_identity_by_every_kind_of_login(login: str) -> None:
    camera = Camera(login=login)
    async with served(camera) as server:
        place = Place("127.0.0.1", server.port)
        told = await onvif.device_information(NET, place, PATH, RIGHT, LoginGuard())
        macs = await onvif.network_interfaces(NET, place, PATH, RIGHT, LoginGuard())
    assert told == onvif.DeviceInformation("Acme", "M1", "1.2", "S7", "H")
    assert macs == ("00:1a:2b:3c:4d:5e",)
    assert (camera.logins, camera.refused) == ((0, 0) if login == "none" else (2, 0))


async def test_the_token_follows_the_cameras_own_clock() -> None:
    camera = Camera(clock=3600.0)
    async with served(camera) as server:
        place = Place("127.0.0.1", server.port)
        await onvif.device_information(NET, place, PATH, RIGHT, LoginGuard(), skew=3600.0)
        with pytest.raises(AuthFailedError):
            await onvif.device_information(NET, place, PATH, RIGHT, LoginGuard(), skew=0.0)


@pytest.mark.parametrize("login", ["token", "digest"])
async def test_c9_a_wrong_password_costs_one_refused_login_and_then_none(login: str) -> None:
    camera, guard = Camera(login=login), LoginGuard()
    async with served(camera) as server:
        place = Place("127.0.0.1", server.port)
        with pytest.raises(AuthFailedError):
            await onvif.device_information(NET, place, PATH, WRONG, guard)
        assert camera.refused == 1
        for _ in range(5):
            with pytest.raises(AuthLatchedError):
                await onvif.device_information(NET, place, PATH, WRONG, guard)
            assert (await onvif.device_time(NET, place, PATH)).utc
    assert camera.refused == 1


async def test_c10_a_device_that_says_locked_is_left_alone() -> None:
    camera, guard = Camera(refusal="The account is locked for 30 minutes"), LoginGuard()
    async with served(camera) as server:
        place = Place("127.0.0.1", server.port)
        for _ in range(3):
            with pytest.raises(LockedOutError):
                await onvif.device_information(NET, place, PATH, WRONG, guard)
    assert camera.logins == 0


async def test_c10_the_attempts_left_are_heeded() -> None:
    now = [1e9]
    camera, guard = Camera(refusal="Sender not Authorized. You still have 2 attempt(s)"), LoginGuard(now=lambda: now[0])
    async with served(camera) as server:
        place = Place("127.0.0.1", server.port)
        with pytest.raises(AuthFailedError, match="2 attempts left"):
            await onvif.device_information(NET, place, PATH, WRONG, guard)
        now[0] += 3600
        with pytest.raises(AuthLatchedError):
            await onvif.device_information(NET, place, PATH, WRONG, guard)
    assert camera.refused == 1


async def test_c9_basic_on_a_plain_connection_is_never_answered() -> None:
    async with served(says(http(b"", "401 Unauthorized", 'WWW-Authenticate: Basic realm="x"'))) as server:
        with pytest.raises(WireError) as caught:
            await onvif.device_information(NET, Place("127.0.0.1", server.port), PATH, RIGHT, LoginGuard())
    assert caught.value.reason == "basic_refused"
    assert server.connections == 1


async def test_c21_only_the_path_of_a_named_address_is_used() -> None:
    async with served(says(b""), host="127.0.0.2") as elsewhere:
        port = elsewhere.port
        for host in ("127.0.0.2", "169.254.169.254", "[::ffff:127.0.0.2]", "evil.example"):
            camera = Camera(xaddr=f"http://{host}:{port}/onvif/media", uri=f"rtsp://u:secret@{host}:{port}/live/1?a=b")
            told = trace.Trace(keep_notes=True)
            async with served(camera) as server:
                with trace.recording(told):
                    path = await onvif.stream_path(NET, Place("127.0.0.1", server.port), PATH, RIGHT, LoginGuard())
            assert path == "/live/1?a=b"
            notes = "\n".join(note[2] for note in told.notes)
            assert "address_mismatch" in notes
            assert "secret" not in notes
            assert "right" not in notes
    assert elsewhere.connections == 0


async def test_the_profile_asked_for_must_exist() -> None:
    async with served(Camera()) as server:
        place = Place("127.0.0.1", server.port)
        assert await onvif.stream_path(NET, place, PATH, RIGHT, LoginGuard(), profile_index=1) == "/stream1?channel=1"
        with pytest.raises(NotFoundError):
            await onvif.stream_path(NET, place, PATH, RIGHT, LoginGuard(), profile_index=2)


@pytest.mark.parametrize("uri", ["", "rtsp://[bad", "rtsp://127.0.0.1/a\tb c", "rtsp://127.0.0.1/é"])
async def test_a_stream_uri_that_is_none_is_a_protocol_error(uri: str) -> None:
    async with served(Camera(uri=uri)) as server:
        with pytest.raises(ProtocolError):
            await onvif.stream_path(NET, Place("127.0.0.1", server.port), PATH, RIGHT, LoginGuard())


async def test_an_odd_answer_is_a_protocol_error() -> None:
    for odd in ("", "<x/>", "<tds:GetCapabilitiesResponse/>"):
        async with served(Camera(replies={"GetDeviceInformation": odd, "GetCapabilities": odd})) as server:
            with pytest.raises(WireError):
                await onvif.stream_path(NET, Place("127.0.0.1", server.port), PATH, RIGHT, LoginGuard())


def test_onvif_zeep_changes_nothing_for_its_importer() -> None:
    code = (
        "import logging, sys; import healthmon.wire.onvif; assert 'zeep' not in sys.modules;"
        "import healthmon.wire.onvif_docs; root = logging.getLogger();"
        "assert not root.handlers, root.handlers; assert root.level == logging.WARNING;"
        "assert not logging.getLogger('zeep.transports').isEnabledFor(logging.DEBUG)"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)
    assert logging.getLogger("zeep.client").level == logging.NOTSET or "healthmon.wire.onvif_docs" not in sys.modules


async def test_documents_are_parsed_once_for_all_devices() -> None:
    camera = Camera(login="none")
    async with served(camera) as server:
        place = Place("127.0.0.1", server.port)
        await onvif.device_information(NET, place, PATH, None, LoginGuard())
        from healthmon.wire import onvif_docs

        first = onvif_docs.document("devicemgmt")
        began = time.process_time()
        for _ in range(20):
            await onvif.device_information(NET, place, PATH, None, LoginGuard())
        assert (time.process_time() - began) / 20 < 0.03
        assert onvif_docs.document("devicemgmt") is first
