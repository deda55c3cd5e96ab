"""One RTSP session with devices that follow RFC 2326 in their own ways, and with some that
do not.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import re
import socket
from collections.abc import Callable

import pytest
from helpers.fakes.rtsp_server import SDP, Camera, pictures, rendered, rtp, serving

from healthmon.protocols.errors import (
    AuthFailedError,
    ExchangeError,
    LockedOutError,
    ProtocolError,
    RejectedError,
    UnsupportedError,
)
from healthmon.protocols.http.exchange import Endpoint
from healthmon.protocols.rtsp import rtcp
from healthmon.protocols.rtsp.rtp import Meter
from healthmon.protocols.rtsp.session import Session
from healthmon.protocols.trace import Trace, recording
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret

pytestmark = pytest.mark.slow

RIGHT = Credential("view", "Mufasa", Secret("Circle of Life"))


async def played(
    camera: Camera,
    transport: str = "tcp",
    *,
    path: str = "/live",
    guard: LockoutGuard | None = None,
    enough: Callable[[Meter], bool] = lambda meter: meter.frames > 2,
    wait: float = 15.0,
) -> Session:
    """A session from DESCRIBE to TEARDOWN that sees `enough` in between, or waits `wait` seconds
    for it.
    """
    async with serving(camera) as port:
        session = Session(
            Connector.of(["127.0.0.1"]),
            Endpoint("127.0.0.1", port),
            path,
            RIGHT,
            guard or LockoutGuard(),
            False,
            transport,
        )
        try:
            async with asyncio.timeout(30):
                await session.open()
                await session.describe()
                await session.setup()
                await session.play()
                await session.watch_until(enough, wait)
        finally:
            await session.close()
        await asyncio.sleep(0.02)
    return session


def frames(session: Session) -> int:
    assert session.meter is not None
    return session.meter.frames


WHOLE = ["DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]


@pytest.mark.parametrize(
    "render",
    [
        lambda status, cseq, fields, body: rendered(status, [f"CSeq: {cseq}", f"Content-Length: {len(body)}", *fields], body, "\n"),
        lambda status, cseq, fields, body: rendered(status, [f"cseq:{cseq}", f"content-length:{len(body)}", *(f.lower() for f in fields)], body),
        lambda status, cseq, fields, body: rendered(status, [f"Content-Length: {len(body)}", *fields], body),
        lambda status, cseq, fields, body: rendered(status, [f"CSeq: 00{cseq}", f"Content-Length: {len(body)}", *fields], body),
        lambda status, cseq, fields, body: rendered(status, ["X-Long: a", "  b", f"CSeq:\r\n\t{cseq}", f"Content-Length: {len(body)}", *fields], body),
        lambda status, cseq, fields, body: b"\r\n\r\n" + rendered(status.split()[0], [f"CSeq: {cseq}", f"Content-Length: {len(body)}", *fields], body),
        lambda status, cseq, fields, body: rendered(status, [f"CSeq: {cseq}", f"Content-Length: {len(body)}", *fields], body).replace(b"RTSP/1.0", b"RTSP/2.0", 1),
    ],
    ids=["bare LF", "lower case", "no CSeq", "padded CSeq", "folded", "blank lines, no reason", "version"],
)  # fmt: skip
async def test_c8_replies_in_every_spelling(render) -> None:
    camera = Camera(render=render)
    assert frames(await played(camera)) > 2
    assert camera.methods == WHOLE


async def test_the_channels_are_those_of_the_answer() -> None:
    packets = [(6, data) for _, data in pictures()]
    camera = Camera(
        packets=packets,
        answer_transport=lambda _asked: "RTP/AVP/TCP;unicast;ssrc=07;Interleaved=6-7",
    )
    assert frames(await played(camera)) > 2


async def test_a_session_with_a_timeout_is_named_in_play_and_teardown() -> None:
    asked: list[tuple[str, str]] = []

    def note(method: str, _url: str, told: dict[str, str]) -> None:
        asked.append((method, told.get("session", "")))

    await played(Camera(refuse=note))
    assert asked == [("DESCRIBE", ""), ("SETUP", ""), ("PLAY", "42"), ("TEARDOWN", "42")]


async def test_the_query_of_the_path_and_the_base_are_kept() -> None:
    path = "/cam/realmonitor?channel=1&subtype=0"
    camera = Camera(more=[f"Content-Base: rtsp://10.1.1.1:554{path}/"])
    await played(camera, path=path)
    assert camera.paths == [path, f"{path}/track1", f"{path}/", f"{path}/"]


@pytest.mark.parametrize(
    "status", ["400 Bad Request", "456 Header Field Not Valid", "457 Invalid Range"]
)
async def test_a_range_that_is_refused_is_left_out(status: str) -> None:
    asked: list[bool] = []

    def statuses(method: str, _url: str, told: dict[str, str]) -> None:
        if method == "PLAY":
            asked.append("range" in told)
            camera.statuses = {"PLAY": status} if "range" in told else {}

    camera = Camera(refuse=statuses)
    assert frames(await played(camera)) > 2
    assert asked == [True, False]


async def test_a_device_that_plays_no_aggregate_is_asked_for_its_track() -> None:
    """459 (RFC 2326 11.3.12): a description without a control of its own, and a server that means
    it.
    """

    def statuses(method: str, url: str, _told: dict[str, str]) -> None:
        camera.statuses = (
            {} if url.endswith("/track1") else {"PLAY": "459 Aggregate Operation Not Allowed"}
        )

    camera = Camera(refuse=statuses, sdp=SDP.replace("a=control:*\r\n", ""))
    assert frames(await played(camera)) > 2
    assert camera.paths == ["/live", "/live/track1", "/live", "/live/track1", "/live/track1"]


# ------------------------------------------------------------------------------------------------ transports


@pytest.mark.parametrize("profile", ["RTP/AVP", "RTP/AVPF", "RTP/SAVP"])
@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_the_transport_asked_for_is_of_the_profile_described(
    profile: str, transport: str
) -> None:
    camera = Camera(sdp=SDP.replace("RTP/AVP", profile), udp_only=transport == "udp")
    session = await played(camera)
    assert frames(session) > 2
    assert session.meter is not None
    assert bool(session.meter.keyframes) == (profile != "RTP/SAVP"), (
        "an encrypted picture is not looked into"
    )
    asked = {
        "tcp": f"{profile}/TCP;unicast;interleaved=0-1",
        "udp": f"{profile};unicast;client_port=",
    }
    assert camera.transports[-1].startswith(asked[transport])


@pytest.mark.parametrize("status", ["400 Bad Request", "463 Key Management Failure"])
async def test_an_encrypted_stream_whose_keys_are_not_known_is_unsupported(status: str) -> None:
    camera = Camera(sdp=SDP.replace("RTP/AVP", "RTP/SAVP"), statuses={"SETUP": status})
    with pytest.raises(UnsupportedError, match="encrypted"):
        await played(camera)


async def test_a_device_that_insists_on_multicast_is_unsupported_and_torn_down() -> None:
    """live555 answers any SETUP of its multicast sessions so."""
    group = "RTP/AVP;multicast;destination=232.67.40.72;source=127.0.0.1;port=18888-18889;ttl=1"
    camera = Camera(udp_only=True, answer_transport=lambda _asked: group)
    with pytest.raises(UnsupportedError, match="multicast"):
        await played(camera)
    assert camera.methods == ["DESCRIBE", "SETUP", "SETUP", "TEARDOWN"]


@pytest.mark.parametrize(
    "status",
    ["461 Unsupported Transport", "406 Not Acceptable", "400 Bad Request", "405 No", "454 No"],
)
async def test_c13_udp_where_tcp_is_refused(status: str) -> None:
    camera = Camera(statuses={"SETUP tcp": status})
    session = await played(camera)
    assert (session.transport, frames(session) > 2) == ("udp", True)
    assert camera.methods == ["DESCRIBE", "SETUP", "SETUP", "PLAY", "TEARDOWN"]


async def test_c13_tcp_again_where_udp_is_no_longer_known() -> None:
    camera = Camera(statuses={"SETUP udp": "461 Unsupported Transport"})
    session = await played(camera, "udp")
    assert (session.transport, frames(session) > 2) == ("tcp", True)


async def test_c13_neither_is_a_refusal() -> None:
    camera = Camera(statuses={"SETUP": "461 Unsupported Transport"})
    with pytest.raises(RejectedError):
        await played(camera)
    assert camera.methods == ["DESCRIBE", "SETUP", "SETUP"]


async def test_c13_a_device_that_hangs_up_upon_its_refusal() -> None:
    camera = Camera(statuses={"SETUP tcp": "461 Unsupported Transport"}, hang_up_on="461")
    session = await played(camera)
    assert (session.transport, frames(session) > 2) == ("udp", True)
    assert camera.methods == ["DESCRIBE", "SETUP", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]


async def test_udp_packets_from_another_address_are_not_heard_and_its_source_is_not_contacted() -> (
    None
):
    """The device sends from 127.0.0.9 and says so: a configured device has one address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere:
        elsewhere.bind(("127.0.0.9", 0))
        elsewhere.setblocking(False)
        port = elsewhere.getsockname()[1]
        answer = f";source=127.0.0.9;server_port={port}-{port + 1}"
        camera = Camera(
            source="127.0.0.9", udp_only=True, answer_transport=lambda asked: asked + answer
        )
        with recording(Trace(keep_notes=True)) as told:
            session = await played(camera, wait=0.5)
        assert frames(session) == 0
        assert any("only 127.0.0.1 is heard" in text for _, _, text in told.notes)
        with pytest.raises(BlockingIOError):
            elsewhere.recv(100)


async def test_udp_opens_the_way_for_the_devices_packets() -> None:
    """One packet to each of the device's ports: what a firewall that watches connections
    waits for.
    """
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as media,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control,
    ):
        for sock in (media, control):
            sock.bind(("127.0.0.1", 0))
            sock.setblocking(False)
        answer = f";server_port={media.getsockname()[1]}-{control.getsockname()[1]}"
        camera = Camera(udp_only=True, answer_transport=lambda asked: asked + answer)
        session = await played(camera)
        assert frames(session) > 2
        assert media.recv(100)[0] == 0x80
        assert control.recv(100) == rtcp.RECEIVER_REPORT


async def test_c18_udp_of_another_payload_type_does_not_count() -> None:
    packets = [(0, b"\x80\x61" + data[2:]) for _, data in pictures()]
    session = await played(
        Camera(packets=packets, udp_only=True), enough=lambda meter: meter.foreign > 2
    )
    assert session.meter is not None
    assert (session.meter.frames, session.meter.foreign > 2) == (0, True)


# ------------------------------------------------------------------------------------------------ logins


class Login:
    """Verifies Digest answers; every answer but the first of a nonce must count."""

    def __init__(
        self, *challenges: str, algorithm: str = "MD5", qop: str = "auth", body: bytes = b""
    ) -> None:
        self.challenges, self.qop, self.body = challenges, qop, body
        self.hash = hashlib.sha256 if algorithm.startswith("SHA-256") else hashlib.md5
        self.session = algorithm.endswith("-sess")
        self.nonces = ["n0"]
        self.used: list[tuple[str, str]] = []
        self.refused = 0

    def h(self, text: str) -> str:
        return self.hash(text.encode()).hexdigest()

    def __call__(self, method: str, url: str, told: dict[str, str]) -> list[str] | None:
        given = told.get("authorization")
        if given is None:
            return self.offers()
        fields = dict(re.findall(r'(\w+)=(?:")?((?<=")[^"]*|[^",\s]+)', given))
        self.used.append((fields["nonce"], fields.get("nc", "")))
        one = self.h(f"Mufasa:{fields['realm']}:Circle of Life")
        if self.session:
            one = self.h(f"{one}:{fields['nonce']}:{fields['cnonce']}")
        two = self.h(
            f"{method}:{fields['uri']}" + (f":{self.h('')}" if self.qop == "auth-int" else "")
        )
        middle = f"{fields['nc']}:{fields['cnonce']}:{self.qop}:" if self.qop else ""
        right = (
            fields["response"] == self.h(f"{one}:{fields['nonce']}:{middle}{two}")
            and fields["uri"] == url
        )
        if right and fields["nonce"] == self.nonces[-1]:
            return None
        self.refused += not right
        return self.offers(stale=right)

    def offers(self, *, stale: bool = False) -> list[str]:
        more = ", stale=TRUE" if stale else ""
        return [
            f"WWW-Authenticate: {offer.format(nonce=self.nonces[-1])}{more}"
            for offer in self.challenges
        ]


MD5 = 'Digest realm="a, b", nonce="{nonce}"'


@pytest.mark.parametrize(
    "login",
    [
        Login(MD5, qop=""),
        Login(MD5 + ", algorithm=MD5", qop=""),
        Login('Digest realm="x",nonce="{nonce}",qop="auth,auth-int",opaque="o"'),
        Login('Digest realm="x", nonce={nonce}, qop=auth-int', qop="auth-int"),
        Login('Digest realm="x", nonce="{nonce}", qop="auth", algorithm=MD5-sess', algorithm="MD5-sess"),
        Login('Digest realm="x", nonce="{nonce}", qop="auth", algorithm=SHA-256-sess', algorithm="SHA-256-sess"),
        Login('Basic realm="x"', 'Digest realm="x", nonce="{nonce}", qop="auth", algorithm="SHA-256"', 'Digest realm="x", nonce="md5", qop="auth"', algorithm="SHA-256"),
        Login('Basic realm="a,b", Digest realm="x", nonce="{nonce}", qop="auth"'),
        Login('Digest realm="x", nonce="{nonce}", qop="auth", Basic realm="x"'),
        Login("Negotiate", 'digest REALM="x", NONCE="{nonce}", QOP="auth"'),
    ],
    ids=["RFC 2069", "no qop", "auth of two", "auth-int", "MD5-sess", "SHA-256-sess", "best of three headers", "Basic, Digest", "Digest, Basic", "any case"],
)  # fmt: skip
async def test_c9_every_challenge_is_answered_at_the_first_try(login: Login) -> None:
    camera = Camera(refuse=login)
    assert frames(await played(camera)) > 2
    assert login.refused == 0
    assert camera.methods == ["DESCRIBE", *WHOLE]
    if login.qop:
        assert [count for _, count in login.used] == [
            "00000001",
            "00000002",
            "00000003",
            "00000004",
        ]


async def test_c9_a_device_that_hangs_up_upon_a_request_without_login() -> None:
    login = Login(MD5 + ', qop="auth"')
    camera = Camera(refuse=login, hang_up_on="401")
    assert frames(await played(camera)) > 2
    assert camera.methods == ["DESCRIBE", *WHOLE]


async def test_c9_a_stale_nonce_is_no_refusal() -> None:
    login, guard = Login('Digest realm="x", nonce="{nonce}", qop="auth"'), LockoutGuard()

    def refuse(method: str, url: str, told: dict[str, str]) -> list[str] | None:
        if method in ("SETUP", "TEARDOWN") and len(login.nonces) < 3:
            login.nonces.append(f"n{len(login.nonces)}")
        return login(method, url, told)

    camera = Camera(refuse=refuse)
    assert frames(await played(camera, guard=guard)) > 2
    assert login.refused == 0
    assert not guard.latched("127.0.0.1", RIGHT)


async def test_c9_a_nonce_for_one_request_only_costs_two_messages_each_and_the_session_is_torn_down() -> (
    None
):
    login, guard = Login('Digest realm="x", nonce="{nonce}", qop="auth"'), LockoutGuard()

    def refuse(method: str, url: str, told: dict[str, str]) -> list[str] | None:
        refusal = login(method, url, told)
        if refusal is None:
            login.nonces.append(f"n{len(login.nonces)}")
        return refusal

    camera = Camera(refuse=refuse)
    assert frames(await played(camera, guard=guard)) > 2
    assert camera.methods == [method for method in WHOLE for _ in range(2)]
    assert login.refused == 0
    assert [nonce for nonce, _ in login.used[-2:]] == ["n2", "n3"], (
        "TEARDOWN answers the challenge that it got"
    )
    assert not guard.latched("127.0.0.1", RIGHT)


async def test_c9_the_next_nonce_is_used() -> None:
    login = Login('Digest realm="x", nonce="{nonce}", qop="auth"')

    def refuse(method: str, url: str, told: dict[str, str]) -> list[str] | None:
        refusal = login(method, url, told)
        if refusal is None:
            login.nonces.append(f"n{len(login.nonces)}")
            camera.more = [f'Authentication-Info: qop=auth, nextnonce="{login.nonces[-1]}"']
        return refusal

    camera = Camera(refuse=refuse)
    assert frames(await played(camera)) > 2
    assert camera.methods == ["DESCRIBE", *WHOLE], "no request was refused"
    assert [nonce for nonce, _ in login.used] == ["n0", "n1", "n2", "n3"]


async def test_c10_only_what_says_locked_is_locked() -> None:
    for text, kind in ((b"check the clock", AuthFailedError), (b"User locked", LockedOutError)):

        def render(
            status: str, cseq: str, fields: list[str], _body: bytes, text: bytes = text
        ) -> bytes:
            return rendered(
                status, [f"CSeq: {cseq}", f"Content-Length: {len(text)}", *fields], text
            )

        login = Login('Digest realm="y", nonce="{nonce}", qop="auth"', algorithm="SHA-256")
        with pytest.raises(kind):
            await played(Camera(refuse=login, render=render))


async def test_c10_a_right_that_is_missing_is_no_lock() -> None:
    login, guard = Login('Digest realm="x", nonce="{nonce}", qop="auth"'), LockoutGuard()
    with pytest.raises(AuthFailedError, match="no right"):
        await played(Camera(refuse=login, statuses={"PLAY": "403 Forbidden"}), guard=guard)
    assert not guard.latched("127.0.0.1", RIGHT)
    with pytest.raises(LockedOutError):
        await played(Camera(refuse=login, statuses={"DESCRIBE": "403 Forbidden"}), guard=guard)
    assert guard.latched("127.0.0.1", RIGHT)


async def test_c20_metadata_first_and_a_control_of_another_host() -> None:
    sdp = (
        SDP.replace("a=control:*\r\n", "")
        .replace(
            "m=video", "m=application 0 RTP/AVP 107\r\na=control:rtsp://10.1.1.1/meta\r\nm=video"
        )
        .replace("a=control:track1", "a=control:rtsp://10.1.1.1:554/live/track1?x=1")
    )
    camera = Camera(sdp=sdp)
    assert frames(await played(camera)) > 2
    assert camera.paths == ["/live", "/live/track1?x=1", "/live", "/live"]


async def test_ipv6() -> None:
    """The URL carries the address in brackets; UDP is heard on it."""
    camera = Camera(udp_only=True)
    urls: list[str] = []
    camera.refuse = lambda _method, url, _told: urls.append(url)
    from helpers.loopback import served

    async with served(camera.talk, host="::1") as server:
        session = Session(
            Connector.of(["::1"]), Endpoint("::1", server.port), "/live", None, LockoutGuard()
        )
        try:
            await session.open()
            await session.describe()
            await session.setup()
        finally:
            await session.close()
    assert urls[0] == f"rtsp://[::1]:{server.port}/live"
    assert (session.transport, camera.methods[-1]) == ("udp", "TEARDOWN")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad\r\n\r\n",
        b"\x16\x03\x01",
        b"SSH-2.0-x\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n",
    ],
)
async def test_c7_other_protocols_are_named(answer: bytes) -> None:
    async def raw(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await asyncio.sleep(1)

    with pytest.raises(ProtocolError):
        await played(Camera(raw=raw))


async def test_a_device_that_never_tears_down_is_left_after_a_second() -> None:
    def render(status: str, cseq: str, fields: list[str], body: bytes) -> bytes:
        if camera.methods[-1] == "TEARDOWN":
            return b""
        return rendered(status, [f"CSeq: {cseq}", f"Content-Length: {len(body)}", *fields], body)

    camera = Camera(render=render)
    began = asyncio.get_running_loop().time()
    await played(camera)
    assert asyncio.get_running_loop().time() - began < 20
    assert camera.methods == WHOLE


@pytest.mark.parametrize(
    "stray",
    [b"\0\1\2\3", b"abc", b"ABCD", b"A", b"a$\1\xff\xff\0", b"\xff$\x40\0\4\x80"],
    ids=["zeros", "three", "four", "one", "with a dollar sign", "with a head"],
)
async def test_bytes_between_packets_that_belong_to_nothing_are_left_out(stray: bytes) -> None:
    """A device that tells its packets' sizes wrongly does this too."""
    packets = [packet for one in pictures(60) for packet in (one, (-1, stray))]
    session = await played(
        Camera(packets=packets, every=0.01), enough=lambda meter: meter.frames > 9
    )
    assert frames(session) > 9
    assert session.meter is not None
    assert session.meter.lost == 0


class Writing(Camera):
    """Sends answers to nothing, and goes on writing before it reads what it was told."""

    async def _send(self, writer: asyncio.StreamWriter) -> None:
        held = writer.transport
        assert isinstance(held, asyncio.Transport)
        held.pause_reading()
        writer.write(b"RTSP/1.0 200 OK\r\nCSeq: 99\r\n\r\n" * 60)
        await asyncio.sleep(0.3)
        for _ in range(2):  # the first one after a reset learns of it, so that nothing more is read
            writer.write(b"$\0\0\4abcd")
            await asyncio.sleep(0.05)
        held.resume_reading()
        await asyncio.sleep(60)


async def test_a_device_that_is_not_listened_to_any_more_has_time_to_read_the_teardown() -> None:
    camera = Writing()
    with pytest.raises(ProtocolError, match="answer nothing"):
        await played(camera)
    assert camera.methods == WHOLE


async def test_packets_in_pieces() -> None:
    """A reply and a packet split at every byte, and packets of zero bytes."""
    packets = [(0, b""), *pictures(40, keys=2), (9, rtp(1, 1))]

    def before(writer: asyncio.StreamWriter, _cseq: str) -> None:
        writer.write(b"$\x00\x00")
        writer.write(b"\x00")

    try:
        assert frames(await played(Camera(packets=packets, before=before))) > 2
    except ExchangeError as error:
        pytest.fail(str(error))


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_a_look_that_is_cut_before_setup_is_answered_leaves_no_session(
    transport: str,
) -> None:
    camera = Camera(delay=0.3)
    async with serving(camera) as port:
        session = Session(
            Connector.of(["127.0.0.1"]),
            Endpoint("127.0.0.1", port),
            "/live",
            RIGHT,
            LockoutGuard(),
            False,
            transport,
        )
        await session.open()
        await session.describe()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await session.setup()
        await session.close()
    assert camera.methods == ["DESCRIBE", "SETUP", "TEARDOWN"]


@pytest.mark.parametrize(
    "status", ["454 Session Not Found", "500 Internal Server Error", "453 Not Enough Bandwidth"]
)
async def test_a_setup_that_is_cut_and_then_refused_is_over(status: str) -> None:
    camera = Camera(delay=0.3, statuses={"SETUP": status})
    async with serving(camera) as port:
        session = Session(
            Connector.of(["127.0.0.1"]), Endpoint("127.0.0.1", port), "/live", RIGHT, LockoutGuard()
        )
        await session.open()
        await session.describe()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await session.setup()
        began = asyncio.get_running_loop().time()
        await session.close()
        assert asyncio.get_running_loop().time() - began < 20
    assert "TEARDOWN" not in camera.methods


async def test_a_session_that_is_over_is_freed_at_once_and_not_by_the_collector():
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        await played(Camera(pictures()))
        await asyncio.sleep(0)
        gc.collect()
        assert not [one for one in gc.garbage if isinstance(one, Session | Meter)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
