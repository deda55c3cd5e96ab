"""Cameras that break every rule on their RTSP port, by row of the fault catalogue, each with what
must be said of it.
"""

from __future__ import annotations

import asyncio
import random
import struct
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from helpers.fakes.rtsp_server import SDP, Camera, Packet, pictures, rendered, rtp

Writer = asyncio.StreamWriter
Reader = asyncio.StreamReader
DRIP = 0.5


@dataclass
class Wicked:
    """One camera: what speaks at its RTSP port, and what the sheet must say of its stream (regular
    expressions).

    `code` "" means that its pictures are well; `also` are codes that may stand beside it. `tls`: it
    speaks TLS; `more` is its RTSP section of the configuration.
    """

    talk: Callable[[Reader, Writer], Awaitable[None]]
    code: str
    says: str = ""
    also: tuple[str, ...] = ()
    camera: Camera | None = None
    tls: bool = False
    more: dict[str, object] = field(default_factory=dict)


def by(camera: Camera, code: str = "", says: str = "", **more: object) -> Wicked:
    return Wicked(camera.talk, code, says, camera=camera, **more)  # type: ignore[arg-type]


def raw(
    send: Callable[[Writer], Awaitable[None]], code: str, says: str = "", **more: object
) -> Wicked:
    """A camera that answers its first request by `send` alone."""
    return by(Camera(raw=send), code, says, **more)


async def _silence(_writer: Writer) -> None:
    await asyncio.sleep(600)


def dripping(text: bytes) -> Callable[[Writer], Awaitable[None]]:
    async def send(writer: Writer) -> None:
        for byte in text:
            writer.write(bytes((byte,)))
            await asyncio.sleep(DRIP)

    return send


def once(text: bytes) -> Callable[[Writer], Awaitable[None]]:
    async def send(writer: Writer) -> None:
        writer.write(text)
        await asyncio.sleep(600)

    return send


def endless(first: bytes, line: bytes) -> Callable[[Writer], Awaitable[None]]:
    async def send(writer: Writer) -> None:
        writer.write(first)
        while True:
            writer.write(line * 500)
            await writer.drain()

    return send


async def _reset(_reader: Reader, writer: Writer) -> None:
    writer.transport.abort()


async def _banner(_reader: Reader, writer: Writer) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2p1\r\n")
    await asyncio.sleep(600)


def mute(method: str) -> Camera:
    """A camera that never answers `method`."""
    camera = Camera()
    camera.render = lambda status, cseq, fields, body: (
        b""
        if camera.methods[-1] == method
        else rendered(status, [f"CSeq: {cseq}", f"Content-Length: {len(body)}", *fields], body)
    )
    return camera


def described(length: str) -> Camera:
    """A camera whose description comes with this Content-Length."""
    camera = Camera()
    camera.render = lambda status, cseq, fields, body: rendered(
        status, [f"CSeq: {cseq}", f"Content-Length: {length if body else 0}", *fields], body
    )
    return camera


def dripped_sdp() -> Camera:
    async def send(writer: Writer) -> None:
        head = f"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Type: application/sdp\r\nContent-Length: {len(SDP)}\r\n\r\n"
        writer.write(head.encode())
        await dripping(SDP.encode())(writer)

    return Camera(raw=send)


class Dripping(Camera):
    """Plays, and drips its pictures."""

    async def _send(self, writer: Writer) -> None:
        whole = b"".join(
            struct.pack(">BBH", 0x24, channel, len(data)) + data for channel, data in self.packets
        )
        await dripping(whole)(writer)


class Flooding(Camera):
    """Plays, and sends as fast as it can."""

    chunk: bytes = b""

    async def _send(self, writer: Writer) -> None:
        while True:
            writer.write(self.chunk)
            await writer.drain()


def flooding(chunk: bytes) -> Camera:
    camera = Flooding()
    camera.chunk = chunk
    return camera


def requesting(text: bytes, times: int = 1) -> Camera:
    """A camera that says `text` before each of its answers."""
    return Camera(before=lambda writer, _sequence: writer.write(text * times))


def older(writer: Writer, sequence: str) -> None:
    """The late answer to the request before, which would be taken for a refusal."""
    before = int(sequence) - 1
    if before:
        writer.write(f"RTSP/1.0 404 Not Found\r\nCSeq: {before}\r\n\r\n".encode())


class Challenging:
    """401 for ever, in the ways of devices; `answers` are those that it got."""

    def __init__(self, *forms: str) -> None:
        self.forms, self.asked = forms, 0
        self.answers: list[str] = []

    @property
    def given(self) -> int:
        return len(self.answers)

    def __call__(self, _method: str, _url: str, told: dict[str, str]) -> list[str]:
        self.answers += [told["authorization"]] if "authorization" in told else []
        form = self.forms[self.asked % len(self.forms)].replace("#", str(self.asked))
        self.asked += 1
        return [f"WWW-Authenticate: {form}"]


def challenging(*forms: str) -> Camera:
    return Camera(refuse=Challenging(*forms))


def lossy(percent: int) -> Iterator[Packet]:
    """Packets are lost evenly, so that the share is the same however few a busy machine sends; no key
    frame is.
    """
    early = 10  # the first one is lost before the tenth
    return (
        packet
        for number, packet in enumerate(pictures(2000), early)
        if number * percent % 100 < 100 - percent
    )


def bad_payloads() -> Iterator[Packet]:
    """Good pictures with packets between them that lie about themselves."""
    sequence = 0
    for n in range(2000):
        stamp = n * 3600
        yield 0, rtp(sequence, stamp, key=n % 10 == 0)
        head = rtp(sequence + 1, stamp)
        yield 0, bytes((head[0] | 0x20,)) + head[1:-1] + b"\xff"  # padding longer than the packet
        head = rtp(sequence + 2, stamp)
        yield 0, head[:12] + b"\x7c\x05" + bytes(20)  # FU-A without a start
        yield (
            0,
            bytes((0x9F,)) + rtp(sequence + 3, stamp)[1:12],
        )  # says 15 sources and an extension, and ends
        yield 0, rtp(sequence + 4, stamp)[:12]
        yield 0, head[:7]
        sequence += 5


def other_codec(name: str, payload: bytes, number: int = 96) -> Camera:
    """Pictures of another codec, no two the same."""
    packets = [
        (
            0,
            struct.pack(">BBHII", 0x80, number, n & 0xFFFF, n * 3600, 7)
            + payload
            + n.to_bytes(4, "big"),
        )
        for n in range(2000)
    ]
    sdp = SDP.replace("H264/90000", f"{name}/90000").replace(" 96\r\n", f" {number}\r\n")
    return Camera(sdp=sdp.replace("rtpmap:96", f"rtpmap:{number}"), packets=packets)


def elsewhere(port: int) -> dict[str, Callable[[], Wicked]]:
    """What points to 127.0.0.2:`port`, where nobody may ever knock."""
    other = f"rtsp://127.0.0.2:{port}"
    declined = requesting(
        f"REDIRECT * RTSP/1.0\r\nCSeq: 7\r\nLocation: {other}/live\r\n\r\n".encode()
    )
    return {
        "c20_control_of_another_host": lambda: by(Camera(sdp=SDP.replace("control:track1", f"control:{other}/live/track1"))),
        "c20_base_of_another_host": lambda: by(Camera(more=[f"Content-Base: {other}/live/"])),
        "c21_302": lambda: by(Camera(statuses={"DESCRIBE": "302 Found"}, more=[f"Location: {other}/live"]), "address_mismatch", "not configured; not contacted"),
        "c21_302_at_setup": lambda: by(Camera(statuses={"SETUP": "302 Found"}, more=[f"Location: {other}/live"]), "address_mismatch"),
        "c21_redirect_request": lambda: by(declined),
        "c21_source_of_another_host": lambda: by(Camera(udp_only=True, answer_transport=lambda t: f"{t};source=127.0.0.2;destination=127.0.0.2;server_port={port}-{port + 1}")),
    }  # fmt: skip


TOO_LARGE = "answer too large, not read"
NOT_UNDERSTOOD = "answer not understood"
CHALLENGE = 'Digest realm="r", qop="auth", nonce="n#"'
REFUSED = "login_refused|auth_latched"  # a look that is made again finds the login held back
WICKED: dict[str, Callable[[], Wicked]] = {
    "c1_silence": lambda: raw(_silence, "no_answer", r"connected, no answer in time .*answer to DESCRIBE, 9 s"),
    "c1_silence_at_setup": lambda: by(mute("SETUP"), "no_answer", "answer to SETUP, 9 s"),
    "c1_silence_at_play": lambda: by(mute("PLAY"), "no_answer", "answer to PLAY, 9 s"),
    "c3_reset": lambda: Wicked(_reset, "no_answer", "dropped by the device"),
    "c3_reset_at_play": lambda: by(Camera(statuses={"PLAY": "200 OK"}, hang_up_on="200"), "no_answer", "dropped by the device"),
    "c4_drip_in_the_status_line": lambda: raw(dripping(b"RTSP/1.0 200 OK\r\n" * 90), "no_answer", "answer to DESCRIBE, 9 s"),
    "c4_drip_in_the_header": lambda: raw(dripping(b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 200), "no_answer", "answer to DESCRIBE, 9 s"),
    "c4_drip_in_the_description": lambda: by(dripped_sdp(), "no_answer", "answer to DESCRIBE, 9 s"),
    "c4_drip_in_the_pictures": lambda: by(Dripping(), "no_pictures", r"0 frames in [678]"),
    "c5_endless_lines": lambda: raw(endless(b"RTSP/1.0 200 OK\r\n", b"X: yyyyyyyy\r\n"), "no_answer", TOO_LARGE),
    "c5_endless_line": lambda: raw(endless(b"RTSP/1.0 200 OK\r\nX: ", b"y" * 100), "no_answer", TOO_LARGE),
    "c5_endless_status": lambda: raw(endless(b"RTSP/1.0 ", b"2" * 100), "no_answer", f"{TOO_LARGE}|{NOT_UNDERSTOOD}"),
    "c6_length_0": lambda: by(described("0"), "no_answer", "is not SDP"),
    "c6_length_negative": lambda: by(described("-1"), "no_answer", "wrong Content-Length"),
    "c6_length_huge": lambda: by(described("1000000000000"), "no_answer", f"{TOO_LARGE}|wrong Content-Length"),
    "c6_length_words": lambda: by(described("abc"), "no_answer", "wrong Content-Length"),
    "c6_two_lengths": lambda: by(described("10\r\nContent-Length: 30"), "no_answer", "wrong Content-Length"),
    "c6_length_beyond_the_end": lambda: by(described("9999"), "no_answer", "answer to DESCRIBE, 9 s"),
    "c7_garbage": lambda: raw(once(random.Random(3).randbytes(4000)), "no_answer", "not RTSP"),
    "c7_garbage_of_letters": lambda: raw(once(b"QWERTY" * 50), "no_answer", "not RTSP"),
    "c7_http": lambda: raw(once(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), "no_answer", "the port speaks HTTP"),
    "c7_ssh": lambda: Wicked(_banner, "no_answer", "the port speaks SSH"),
    "c7_tls": lambda: by(Camera(), "no_answer", "the port speaks TLS|dropped by the device", tls=True),
    "c7_tls_asked_of_a_plain_port": lambda: by(Camera(), "connect_timeout|tls", "TCP port", also=("connect_timeout", "tls"), more={"tls": True}),
    "c8_answer_to_an_older_request": lambda: by(Camera(before=older)),
    "c8_answer_to_no_request": lambda: by(requesting(b"RTSP/1.0 404 Not Found\r\nCSeq: 99\r\n\r\n")),
    "c8_continue_and_frames_first": lambda: by(requesting(b"$\x00\x00\x04abcdRTSP/1.0 100 Continue\r\n\r\n")),
    "c8_requests_of_the_camera": lambda: by(requesting(b"OPTIONS * RTSP/1.0\r\nCSeq: 5\r\n\r\nANNOUNCE rtsp://x/ RTSP/1.0\r\nCSeq: 6\r\nContent-Length: 3\r\n\r\nabc")),
    "c8_endless_strays": lambda: raw(endless(b"", b"RTSP/1.0 200 OK\r\nCSeq: 99\r\n\r\n"), "no_answer", "answer nothing"),
    "c9_new_nonce_each_time": lambda: by(challenging(CHALLENGE), REFUSED, "login refused"),
    "c9_stale_for_ever": lambda: by(challenging(CHALLENGE + ", stale=true"), REFUSED),
    "c9_realm_changes": lambda: by(challenging('Digest realm="r#", nonce="n"'), REFUSED),
    "c9_md5_sess": lambda: by(challenging(CHALLENGE + ", algorithm=MD5-sess"), REFUSED),
    "c9_sha_256": lambda: by(challenging(CHALLENGE + ", algorithm=SHA-256"), REFUSED),
    "c9_empty_nonce": lambda: by(challenging('Digest realm="r", nonce=""'), REFUSED),
    "c9_basic_only": lambda: by(challenging('Basic realm="r"'), "basic_refused", "not allowed"),
    "c9_basic_after_digest": lambda: by(challenging(CHALLENGE, 'Basic realm="r"'), REFUSED, also=("basic_refused",)),
    "c9_unknown_scheme": lambda: by(challenging("Negotiate"), "no_answer", "without a usable challenge"),
    "c9_commas": lambda: by(challenging("Digest " + "," * 12_000), "no_answer", "without a usable challenge"),
    "c9_no_challenge": lambda: by(challenging(""), "no_answer", "without a usable challenge"),
    "c12_453": lambda: by(Camera(statuses={"SETUP": "453 Not Enough Bandwidth"}), "busy", "all its sessions are in use"),
    "c12_503": lambda: by(Camera(statuses={"DESCRIBE": "503 Service Unavailable"}), "busy", "all its sessions are in use"),
    "c13_udp_only": lambda: by(Camera(udp_only=True)),
    "c14_no_media": lambda: by(Camera(packets=[]), "no_pictures", r"0 frames in [678].*limit 2 s"),
    "c15_no_key_frames": lambda: by(Camera(packets=pictures(2000, keys=0)), "keyframe_overdue", "pictures arrive"),
    "c16_frozen_time": lambda: by(Camera(packets=pictures(2000, step=0)), "frozen_clock", "time stands still"),
    "c18_other_channel": lambda: by(Camera(packets=[(4, data) for _, data in pictures(2000)]), "no_pictures", "0 frames"),
    "c18_other_payload_type": lambda: by(Camera(packets=[(0, b"\x80\x61" + data[2:]) for _, data in pictures(2000)]), "no_pictures", "packets of another stream"),
    "c19_5_percent": lambda: by(Camera(packets=lossy(5), every=0.01), "packet_loss", r"% of packets lost \(limits 1 % / 20 %\)"),
    "c19_30_percent": lambda: by(Camera(packets=lossy(30), every=0.01), "packet_loss", r"[23]\d\.\d % of packets lost"),
    "c19_bad_packets": lambda: by(Camera(packets=bad_payloads(), every=0.008)),
    "c20_sdp_of_10_mb": lambda: by(Camera(sdp=SDP + "a=x\r\n" * 2_000_000), "no_answer", TOO_LARGE),
    "c20_10000_sections": lambda: by(Camera(sdp=SDP[: SDP.index("m=")] + "m=a\r\n" * 10_000), "no_video", "no video in the session description"),
    "c20_no_video": lambda: by(Camera(sdp=SDP.replace("m=video", "m=audio")), "no_video", "no video in the session description"),
    "c20_mjpeg": lambda: by(other_codec("JPEG", bytes(6) + bytes((40, 30)) + bytes(30), 26)),
    "c20_h265": lambda: by(other_codec("H265", b"\x26\x01" + bytes(40))),
    "c20_unknown_codec": lambda: by(other_codec("VP9", bytes(40))),
    "c20_no_sdp": lambda: by(Camera(sdp="<html>hello</html>"), "no_answer", "is not SDP"),
    "c29_slow": lambda: by(Camera(delay=0.5)),
    "flood_of_empty_frames": lambda: by(flooding(b"$\x05\x00\x00" * 16_000), "no_answer", TOO_LARGE),
    "flood_of_pictures": lambda: by(flooding(b"".join(b"$\x00\x04\xb0" + rtp(n, n * 3600, key=n % 10 == 0)[:61].ljust(1200, b"\0") for n in range(60))), "no_answer", TOO_LARGE),
}  # fmt: skip
