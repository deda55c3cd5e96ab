"""Habits of RTSP servers that public bug reports show, each camera with one of them, all in one
sweep (the kinds of FF-A4 to A6 and A12).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.fakes.rtsp_server import Camera, rendered
from helpers.field_cameras import camera_row, film, rows_of, swept
from helpers.loopback import served
from helpers.product import Swept, only

Render = Callable[[str, str, list[str], bytes], bytes]
HEAD = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n"
VIDEO = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:{}\r\n"
META = "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:m\r\n"


class Exact(Camera):
    """Knows `known` alone as the path to SET UP; `base` is its Content-Base, `whole` its session's
    control.
    """

    def __init__(
        self, known: str, control: str, base: str = "", whole: str = "*", before: str = ""
    ):
        sdp = f"{HEAD}a=control:{whole}\r\n{before}{VIDEO.format(control)}"
        super().__init__(film(), sdp=sdp, more=[f"Content-Base: {base}"] if base else [])
        self.known = known

    def _answer(self, method: str, told: dict[str, str]) -> tuple[str, list[str], bytes]:
        if method == "SETUP" and self.paths[-1] != self.known:
            return "404 Not Found", [], b""
        return super()._answer(method, told)


def rendering(render: Render) -> Camera:
    return Camera(film(), render=render)


def no_length(status: str, cseq: str, fields: list[str], body: bytes) -> bytes:
    return rendered(status, [f"CSeq: {cseq}", *fields], body)


def lower_protocol(status: str, cseq: str, fields: list[str], body: bytes) -> bytes:
    return plain(status, cseq, fields, body).replace(b"RTSP/1.0", b"rtsp/1.0", 1)


def plain(status: str, cseq: str, fields: list[str], body: bytes, end: str = "\r\n") -> bytes:
    return rendered(status, [f"CSeq: {cseq}", f"Content-Length: {len(body)}", *fields], body, end)


def lower_fields(status: str, cseq: str, fields: list[str], body: bytes) -> bytes:
    head, _, _ = plain(status, cseq, fields, body).partition(b"\r\n\r\n")
    return head.lower().replace(b"rtsp/", b"RTSP/", 1) + b"\r\n\r\n" + body


def folded(status: str, cseq: str, fields: list[str], body: bytes) -> bytes:
    return plain(status, cseq, [one.replace(": ", ":\r\n\t") for one in fields], body)


def on_channel(two: str) -> Camera:
    """It moves the pictures to channel 2, and says so by `two`."""
    return Camera(((2, data) for _, data in film()), answer_transport=lambda _asked: two)


def by_udp_only(host: str, status: str) -> Camera:
    return Camera(film(), statuses={"SETUP tcp": status}, source=host)


PLAYS: dict[str, Camera] = {
    "no Content-Length": rendering(no_length),
    "rtsp/1.0": rendering(lower_protocol),
    "channels with spaces": on_channel("RTP/AVP/TCP; unicast; interleaved = 2 - 3"),
    "a control that is a query": Exact("/live?ctype=video", "?ctype=video", "rtsp://10.0.0.9/live"),
    "a control with a slash": Exact("/live/track1", "/track1", "rtsp://10.0.0.9/live"),
    "below the control of the session": Exact("/o/track1", "track1", whole="rtsp://10.0.0.9/o/"),
    "beside the stream": Exact("/track1", "track1"),
    "spaces before the sign": Camera(film(), sdp=HEAD + VIDEO.format("t").replace("=", " =")),
    "UDP only, 500": by_udp_only("127.41.0.9", "500 Internal Server Error"),
    "UDP only, 501": by_udp_only("127.41.0.10", "501 Not Implemented"),
    "UDP only, 551": by_udp_only("127.41.0.11", "551 Option not supported"),
}
PLAYED: dict[str, Camera] = {
    "fields in lower case": rendering(lower_fields),
    "folded fields": rendering(folded),
    "LF alone": rendering(lambda *told: plain(*told, end="\n")),
    "channel 2": on_channel("RTP/AVP/TCP;unicast;interleaved=2-3;ssrc=00000007"),
    "UDP only, 454": by_udp_only("127.41.0.16", "454 Session Not Found"),
    "an absolute control": Exact("/live?ch=1/t", "rtsp://10.0.0.9:554/live?ch=1/t"),
    "a query in the base": Exact("/live?ch=1/t", "t", "rtsp://10.0.0.9/live?ch=1/"),
    "IPv6": Exact("/live/t", "t", "rtsp://[fe80::1]:554/live/", "rtsp://[fe80::1%25eth0]/live/"),
    "a base without its scheme": Exact("/live/t", "t", "192.168.1.57:8086/"),
    "metadata first": Exact("/live/t", "t", before=META),
    "another video first": Exact("/live/t", "t", before=VIDEO.format("x").replace("H264", "X-MX")),
}
FORGETFUL = "forgets its session"
CAMERAS = PLAYS | PLAYED | {FORGETFUL: Camera(film(), statuses={"PLAY": "454 Session Not Found"})}


async def _swept(folder: Path) -> Swept:
    async with contextlib.AsyncExitStack() as stack:
        rows = []
        for number, (name, camera) in enumerate(CAMERAS.items(), 1):
            host = f"127.41.0.{number}"
            server = await stack.enter_async_context(served(camera.talk, host=host))
            rows.append(camera_row(server.port, id=f"C{number}", name=name, address=host))
        return await swept(folder, {"cameras": rows})


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Swept:
    return asyncio.run(_swept(tmp_path_factory.mktemp("habits")))


def said(sheet: Swept, name: str) -> list[dict[str, str]]:
    """What is said of the pictures of a camera."""
    return rows_of(sheet, "stream", device=f"C{list(CAMERAS).index(name) + 1}")


@pytest.mark.parametrize("name", PLAYS)
def test_ff_a5_a_server_with_its_own_habits_plays(sheet: Swept, name: str):
    assert said(sheet, name) == []
    assert "TEARDOWN" in CAMERAS[name].methods


@pytest.mark.parametrize("name", PLAYED)
def test_beside_a5_other_habits_still_play(sheet: Swept, name: str):
    assert said(sheet, name) == []
    assert "TEARDOWN" in CAMERAS[name].methods


def test_ff_a12_a_forgotten_session_is_no_unknown_path(sheet: Swept):
    fault = only(said(sheet, FORGETFUL))
    assert fault["code"] != "uri_changed"
    assert "PLAY answered 454" in fault["sentence"]
    assert "path" not in fault["sentence"]
