"""Cameras as the field has them, for `tests/field`: a row of config.yaml and the bytes behind it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import re
import ssl
import struct
import time
import warnings
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from helpers.fakes import onvif_camera
from helpers.fakes.rtsp_server import Packet, rtp
from helpers.loopback import Handler, Pair, http, request, served
from helpers.product import PASSWORD, Product, Running, Swept

NTP_TO_UNIX = 2208988800
Row = dict[str, Any]


def camera_row(rtsp: int, **more: object) -> Row:
    """A camera of config.yaml that has RTSP only, at port `rtsp`, with a stream at /live."""
    row: Row = {"id": "C1", "name": "North", "site": "s", "address": "127.0.0.1", "kind": "fixed"}
    return row | {"rtsp": {"port": rtsp}, "http": "no", "streams": [{"path": "/live"}]} | more


def onvif_row(rtsp: int, web: int, **more: object) -> Row:
    """A camera whose stream is to be found by ONVIF at port `web`; it has an account."""
    row = camera_row(rtsp, http={"port": web}, credential="view")
    del row["streams"]
    return row | more


async def swept(folder: Path, tree: Row, *argv: str, timeout: float = 120) -> Swept:
    """One sweep of the devices of `tree`, while the test's servers answer."""
    product = Product(folder, tree)
    return await asyncio.to_thread(product.sweep, *argv, timeout=timeout)


def rows_of(sheet: Swept, question: str, section: str = "", device: str = "C1") -> list[Row]:
    """The rows of one question (stream, reach, identity ...) about a device."""
    return [row for row in sheet.rows(device, section) if row["question"] == question]


def told_of(sheet: Swept, question: str, section: str = "", device: str = "C1") -> str:
    """What the operator reads there, as one text."""
    return "; ".join(row["sentence"] for row in rows_of(sheet, question, section, device))


def looked(agent: Running, check: str, times: int, device: str = "C1", seconds: float = 60) -> None:
    """Wait until the agent has made a check of `device` so many times."""

    def enough() -> bool:
        runs = agent.value("healthmon_check_runs_total", check=check, device=device)
        return (runs or 0) >= times

    agent.until(enough, seconds)


Opened = Callable[[str], contextlib.AbstractAsyncContextManager[Row]]


@dataclass(frozen=True)
class Park:
    """One sweep of many cameras, each with a habit of its own: what is said of each by its name."""

    sheet: Swept
    names: tuple[str, ...]

    def rows(self, name: str, question: str = "stream", section: str = "") -> list[Row]:
        """The rows of one question about a camera; of all questions where `question` is ""."""
        rows = self.sheet.rows(f"C{self.names.index(name) + 1}", section)
        return [row for row in rows if question in ("", row["question"])]

    def told(self, name: str, question: str = "stream", section: str = "") -> str:
        """What the operator reads there, as one text."""
        return "; ".join(row["sentence"] for row in self.rows(name, question, section))


async def parked(folder: Path, cameras: Mapping[str, Opened], net: str, **tree: object) -> Park:
    """Sweep `cameras`, the first at address `net`.1, while they answer."""
    async with contextlib.AsyncExitStack() as stack:
        rows = []
        for number, opened in enumerate(cameras.values(), 1):
            host = f"{net}.{number}"
            row = await stack.enter_async_context(opened(host))
            rows.append(row | {"id": f"C{number}", "name": f"Eye {number}", "address": host})
        sheet = await swept(folder, {"cameras": rows, **tree})
    return Park(sheet, tuple(cameras))


def showing(handler: Handler, **more: object) -> Opened:
    """A camera of RTSP alone that is answered by `handler`."""

    @contextlib.asynccontextmanager
    async def opened(host: str) -> AsyncIterator[Row]:
        async with served(handler, host=host) as server:
            yield camera_row(server.port, **more)

    return opened


async def plays(folder: Path, tree: Row) -> None:
    """Hold that the sweep of `tree` has nothing to say about pictures: they came and were well."""
    sheet = await swept(folder, tree)
    found = rows_of(sheet, "stream")
    assert not found, found


# ---------------------------------------------------------------- what answers


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A hung device: it takes the connection and whatever is sent, and never answers."""
    del writer
    while await reader.read(4096):
        pass


async def dropping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """It accepts a connection and resets it at once."""
    del reader
    writer.transport.abort()


def page(body: bytes = b"<html>camera</html>", status: str = "200 OK", *fields: str) -> Handler:
    """A web server that answers every request of a connection with one page."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            line, _, _ = await request(reader)
            answer = http(body, status, *fields)
            writer.write(answer[: -len(body)] if line.startswith("HEAD ") and body else answer)

    return handler


# ---------------------------------------------------------------- logins


def digest_is_right(authorization: str, method: str, password: str = PASSWORD) -> bool:
    """Whether a Digest answer (RFC 2069 or with qop=auth) of user healthmon is right."""
    told = dict(re.findall(r'(\w+)="?([^",]+)"?', authorization))
    if not authorization.startswith("Digest ") or "response" not in told:
        return False
    one = _md5(f"healthmon:{told['realm']}:{password}")
    two = _md5(f"{method}:{told['uri']}")
    middle = f":{told['nc']}:{told['cnonce']}:{told['qop']}" if "qop" in told else ""
    return told["response"] == _md5(f"{one}:{told['nonce']}{middle}:{two}")


def basic_is_right(authorization: str, password: str = PASSWORD) -> bool:
    """Whether a Basic answer of user healthmon is right."""
    return authorization == "Basic " + base64.b64encode(f"healthmon:{password}".encode()).decode()


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


class RtspLogin:
    """A Digest login for `Camera.refuse`; `password` None refuses every answer. `tried` counts."""

    def __init__(self, password: str | None = PASSWORD) -> None:
        self.password = password
        self.tried = self.refused = 0

    def __call__(self, method: str, _url: str, told: dict[str, str]) -> list[str] | None:
        given = told.get("authorization", "")
        self.tried += bool(given)
        if given and self.password and digest_is_right(given, method, self.password):
            return None
        self.refused += bool(given)
        return ['WWW-Authenticate: Digest realm="cam", nonce="a1b2c3"']


# ---------------------------------------------------------------- what a stream holds


def sps(width: int, height: int) -> bytes:
    """An H.264 sequence parameter set, baseline, `width` x `height` (multiples of 2, with cropping)."""
    across, down = -(-width // 16), -(-height // 16)
    crop = ((across * 16 - width) // 2, (down * 16 - height) // 2)
    fields = [_ue(0), _ue(0), _ue(2), _ue(1), "0", _ue(across - 1), _ue(down - 1), "1", "1"]
    fields += ["1", _ue(0), _ue(crop[0]), _ue(0), _ue(crop[1])] if any(crop) else ["0"]
    bits = "".join([*fields, "0", "1"])
    bits += "0" * (-len(bits) % 8)
    body = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
    return b"\x67\x42\x00\x1e" + body


def _ue(value: int) -> str:
    """`value` as unsigned Exp-Golomb code (ITU-T H.264 9.1)."""
    text = f"{value + 1:b}"
    return "0" * (len(text) - 1) + text


PPS = b"\x68\xce\x38\x80"


def video_sdp(sets: bytes | None = None, *, profile: str = "RTP/AVP", more: str = "") -> str:
    """A session description with one H.264 video; `sets` is the SPS that it tells."""
    fmtp = ""
    if sets is not None:
        told = ",".join(base64.b64encode(nal).decode() for nal in (sets, PPS))
        fmtp = f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={told}\r\n"
    return (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\na=control:*\r\n"
        f"m=video 0 {profile} 96\r\n{more}a=rtpmap:96 H264/90000\r\n{fmtp}a=control:track1\r\n"
    )


def film(
    scene: bytes = b"N",
    *,
    keys: int = 10,
    rate: float = 25.0,
    first: int = 0,
    sets: Callable[[int], bytes | None] = lambda _n: None,
) -> Iterator[Packet]:
    """Pictures of `scene` for ever, `rate` a second, from number `first` on; `sets` gives the SPS
    before key frame n.
    """
    sequence, number = 0, first
    while True:
        stamp = int(number * 90000 / rate)
        key = number % keys == 0
        if key and (told := sets(number)) is not None:
            for nal in (told, PPS):
                yield 0, rtp(sequence, stamp)[:12] + nal
                sequence += 1
        shown = hashlib.sha256(scene + number.to_bytes(8, "big")).digest()
        head = bytes((0x65 if key else 0x41,))
        yield 0, rtp(sequence, stamp)[:12] + head + shown + bytes(20)
        sequence, number = sequence + 1, number + 1


def sender_report(ahead: float, stamp: int = 0, ssrc: int = 7) -> bytes:
    """An RTCP sender report of a clock that is `ahead` of ours by so many seconds."""
    whole, part = divmod(time.time() + ahead + NTP_TO_UNIX, 1)
    body = struct.pack(">IIII", int(whole), int(part * 2**32), stamp & 0xFFFFFFFF, 1)
    return struct.pack(">BBHI", 0x80, 200, 6, ssrc) + body + struct.pack(">I", 100)


def pin_of(pair: Pair) -> str:
    """The SHA-256 of a certificate's public key, as `tls: {pin: ...}` wants it."""
    info = pair.certificate.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(info).hexdigest()


# ---------------------------------------------------------------- TLS of old devices


@dataclass
class TlsFront:
    """TLS in front of a plain server at `port`; unlike asyncio's own it sends the alert before it
    hangs up.
    """

    context: ssl.SSLContext
    port: int

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        inside = self.context.wrap_bio(incoming, outgoing, server_side=True)

        async def done(step: Callable[[], Any]) -> Any:
            """`step` of TLS, with as many reads as it needs; what it has to say is sent always."""
            while True:
                try:
                    return step()
                except ssl.SSLWantReadError:
                    writer.write(outgoing.read())
                    data = await reader.read(16384)
                    if not data:
                        raise ConnectionResetError from None
                    incoming.write(data)
                finally:
                    writer.write(outgoing.read())

        try:
            await done(inside.do_handshake)
        except ssl.SSLError:
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            return
        plain, sink = await asyncio.open_connection("127.0.0.1", self.port)

        async def answers() -> None:
            while data := await plain.read(16384):
                inside.write(data)
                writer.write(outgoing.read())

        back = asyncio.create_task(answers())
        try:
            while data := await done(lambda: inside.read(16384)):
                sink.write(data)
        except ssl.SSLError:
            pass
        finally:
            back.cancel()
            sink.transport.abort()


@contextlib.asynccontextmanager
async def over_tls(
    handler: Handler, context: ssl.SSLContext, host: str = "127.0.0.1"
) -> AsyncIterator[int]:
    """The port on which `handler` is served behind `context`."""
    async with (
        served(handler) as plain,
        served(TlsFront(context, plain.port), host=host) as front,
    ):
        yield front.port


FFDHE2048 = """\
-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
"""  # RFC 7919 A.1


def old_tls(
    pair: Pair, ciphers: str, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
) -> ssl.SSLContext:
    """TLS as an old device speaks it: one version, and `ciphers` only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    context.load_cert_chain(pair.file)
    groups = pair.file.with_suffix(".dh")
    groups.write_text(FFDHE2048)
    context.load_dh_params(groups)
    return context


# ---------------------------------------------------------------- ONVIF that checks our account


@dataclass
class OnvifWeb(onvif_camera.Camera):
    """A scripted ONVIF camera with the product's own account. `wants` is none, token, digest or
    basic; `password` None refuses every login. `first` is what the page of a refusal says before a
    login was sent, `then` after one; `refuses` its status.
    """

    wants: str = "none"
    password: str | None = PASSWORD
    first: str = ""
    then: str = ""
    refuses: str = "401 Unauthorized"
    given: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.login = "none"

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        line, fields, body = await request(reader)
        self.lines.append(line)
        text = body.decode()
        name = re.search(r"Body[^>]*>\s*<(?:\w+:)?(\w+)", text)
        writer.write(self.answer(name[1] if name else "", text, fields))
        await writer.drain()
        writer.close()

    def answer(self, name: str, text: str, fields: dict[str, str]) -> bytes:
        """The answer to one operation; its time is told to everybody."""
        if self.wants != "none" and (self.shy or name != "GetSystemDateAndTime"):
            given = fields.get("authorization", "")
            tried = bool(given) or "UsernameToken" in text
            if tried:
                self.given.append(given.partition(" ")[0] or "UsernameToken")
            if not self._right(given, text):
                self.refused += tried
                return self._refusal(self.then if tried else self.first)
        return super().answer(name, text, fields) if name else http(b"", "404 Not Found")

    def _right(self, given: str, text: str) -> bool:
        if self.password is None:
            return False
        if self.wants == "token":
            return token_is_right(text, self.password)
        if self.wants == "basic":
            return basic_is_right(given, self.password)
        return digest_is_right(given, "POST", self.password)

    def _refusal(self, said: str) -> bytes:
        if self.wants == "token":
            return http(
                onvif_camera.SOAP.format(onvif_camera.REFUSAL.format(said)).encode(),
                "400 Bad Request",
            )
        offer = {
            "basic": 'Basic realm="cam"',
            "digest": 'Digest realm="cam", nonce="n1", qop="auth"',
        }
        fields = (
            [f"WWW-Authenticate: {offer[self.wants]}"] if self.refuses.startswith("401") else []
        )
        return http(said.encode(), self.refuses, *fields)


def token_is_right(text: str, password: str = PASSWORD) -> bool:
    """Whether a request carries a right WS-UsernameToken (digest form) of `password`."""
    told = [
        re.search(rf"<(?:\w+:)?{n}[^>]*>([^<]+)<", text) for n in ("Password", "Nonce", "Created")
    ]
    if not all(told):
        return False
    given, nonce, created = (match[1] for match in told if match)
    wanted = hashlib.sha1(base64.b64decode(nonce) + created.encode() + password.encode()).digest()
    return given == base64.b64encode(wanted).decode()
