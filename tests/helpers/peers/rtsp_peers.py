"""RTSP servers that nobody here wrote: GStreamer's (also with a wrong clock), and some that know
only UDP.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from pathlib import Path

from helpers.support import Peers, faked, free_port, library, made_by, need

HERE = Path(__file__).parent
PYTHON = HERE.parents[2] / ".venv-peers/bin/python"
HOST = "127.0.0.1"
PERL = """
use AnyEvent; use RTSP::Server;
my ($client, $source, $rtp) = @ARGV;
RTSP::Server->new(client_listen_address => '127.0.0.1', client_listen_port => $client,
    source_listen_address => '127.0.0.1', source_listen_port => $source, rtp_start_port => $rtp)->listen;
AnyEvent->condvar->recv;
"""


def gstreamer(peers: Peers, *login: str, ahead: str = "") -> int:
    """The port of ``gst_server.py``; `ahead` (``+1h``) is how far its clock is wrong."""
    need(library("girepository-1.0/GstRtspServer-1.0.typelib"))
    port, before = free_port(), peers.log().count("serving")
    argv: list[str | Path] = ["/usr/bin/python3", HERE / "gst_server.py", HOST, str(port), *login]
    peers.start(*argv, env=faked(ahead))
    wait_serving(peers, before)
    return port


def wait_serving(peers: Peers, before: int = 0, seconds: float = 60) -> None:
    """Until one more than `before` of GStreamer's servers says that it listens."""
    end = time.monotonic() + seconds
    while peers.log().count("serving") <= before:
        assert time.monotonic() < end, peers.log()[-2000:]
        time.sleep(0.1)


H264 = ("libx264", "-preset", "ultrafast", "-bf", "0")


def clip(peers: Peers, codec: tuple[str, ...] = H264) -> Path:
    """A film of 320x240, 15 pictures/s, a key frame a second; where user ``nobody`` can read it."""
    need("ffmpeg")
    folder = Path(tempfile.mkdtemp(prefix="healthmon-clip-"))
    folder.chmod(0o755)
    peers.folders.append(folder)
    film = folder / "clip.mp4"
    argv = [
        "ffmpeg",
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=320x240:rate=15",
        "-t",
        "20",
    ]
    argv += ["-c:v", *codec, "-g", "15", "-pix_fmt", "yuv420p", str(film)]
    made_by(*argv)
    return film


def vlc(peers: Peers, film: Path) -> int:
    """The port of VLC's server (path ``/vlc``). VLC refuses to run as root."""
    need("cvlc")
    port = free_port()
    output = f"#rtp{{sdp=rtsp://{HOST}:{port}/vlc}}"
    argv = [
        "cvlc",
        "-I",
        "dummy",
        "--no-audio",
        "--loop",
        str(film),
        "--sout",
        output,
        "--sout-keep",
    ]
    argv += ["--rtsp-host", HOST]
    if os.geteuid() == 0:
        shutil.chown(film.parent, "nobody")
        argv = ["runuser", "-u", "nobody", "--", *argv]
    peers.start(*argv, env={"HOME": str(film.parent)})
    peers.wait_tcp(HOST, port)
    end = time.monotonic() + 60
    while b" 200 " not in (
        said := describe(port, "/vlc")
    ):  # it answers 500 until it has opened the film
        assert time.monotonic() < end, f"{said!r}\n{peers.log()[-2000:]}"
        time.sleep(0.1)
    return port


def describe(port: int, path: str) -> bytes:
    """The status line of the answer to DESCRIBE."""
    asked = f"DESCRIBE rtsp://{HOST}:{port}{path} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n"
    with socket.create_connection((HOST, port), 5) as sock:
        sock.sendall(asked.encode())
        return sock.makefile("rb").readline()


def perl(peers: Peers, film: Path) -> int:
    """The port of Perl's RTSP::Server (path ``/stream1``); ffmpeg feeds it."""
    need("ffmpeg", "/usr/share/perl5/RTSP/Server.pm")
    port, source, rtp = free_port(), free_port(), free_port(socket.SOCK_DGRAM) & ~1
    peers.start("perl", "-e", PERL, str(port), str(source), str(rtp))
    for one in (source, port):  # it opens them one after the other
        peers.wait_tcp(HOST, one)
    feed = [
        "ffmpeg",
        "-v",
        "error",
        "-re",
        "-stream_loop",
        "-1",
        "-i",
        film,
        "-c",
        "copy",
        "-f",
        "rtsp",
    ]
    peers.start(*feed, f"rtsp://{HOST}:{source}/stream1")
    return port


def rust(peers: Peers) -> int:
    """The port of rtsp-rs, a server in Rust (path ``/stream``)."""
    need("ffmpeg")
    film = peers.folder / "film.264"
    argv = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        clip(peers),
        "-c",
        "copy",
        "-bsf:v",
        "h264_mp4toannexb",
        film,
    ]
    made_by(*argv)
    return _of_pypi(peers, "rust", "rtsp", film)


def espp(peers: Peers) -> int:
    """The port of espp's server, made for microcontrollers (path ``/mjpeg``)."""
    need("gst-launch-1.0")
    source = "videotestsrc pattern=ball num-buffers=30 ! video/x-raw,format=I420,width=320,height=240,framerate=10/1"
    files = f"jpegenc quality=60 ! multifilesink location={peers.folder}/%02d.jpg"
    argv = ["gst-launch-1.0", "-q", *f"{source} ! {files}".split()]
    made_by(*argv)
    return _of_pypi(peers, "espp", "espp", *sorted(peers.folder.glob("*.jpg")))


def _of_pypi(peers: Peers, kind: str, module: str, *files: Path) -> int:
    need(
        str(PYTHON),
        *([] if list(PYTHON.parents[1].glob(f"lib/python*/site-packages/{module}")) else [module]),
    )
    port = free_port()
    peers.start(PYTHON, HERE / "pypi_rtsp.py", kind, str(port), *files)
    peers.wait_tcp(HOST, port)
    return port
