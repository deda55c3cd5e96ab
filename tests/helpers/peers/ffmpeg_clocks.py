"""Streams of ffmpeg with clocks in the picture (drawtext), published through an RTSP server in Perl."""

from __future__ import annotations

import socket
import time

from helpers.peers.rtsp_peers import HOST, PERL, describe
from helpers.support import Peers, free_port, need

LOCAL, UTC = r"%{localtime\:%d-%m-%Y %T}", r"%{gmtime\:%d-%m-%Y %T}"
OUTLINED = "fontsize=24:fontcolor=white:borderw=2"
BOXED = "fontsize=24:fontcolor=white:box=1:boxcolor=black:boxborderw=4"
TOP, BOTTOM = f"{OUTLINED}:x=10:y=10", f"{BOXED}:x=w-tw-10:y=h-th-10"
ENCODER = (
    "-c:v libx264 -preset ultrafast -tune zerolatency -threads 1 -g 20 -b:v 600k -pix_fmt yuv420p"
)


class Published:
    """The server, at `port`; it serves by UDP only."""

    def __init__(self, peers: Peers) -> None:
        need("ffmpeg", "/usr/share/perl5/RTSP/Server.pm")
        self.peers = peers
        self.port, self._source = free_port(), free_port()
        rtp = free_port(socket.SOCK_DGRAM) & ~1
        peers.start("perl", "-e", PERL, str(self.port), str(self._source), str(rtp))
        for one in (self._source, self.port):  # it opens them one after the other
            peers.wait_tcp(HOST, one)

    def stream(self, path: str, *texts: tuple[str, str], zone: str = "UTC") -> None:
        """Publish a film with `texts` (text, where and how); local time goes by `zone`."""
        drawn = ",".join(f"drawtext=text='{text}':{how}" for text, how in texts)
        argv = f"ffmpeg -nostdin -v error -re -filter_threads 1 -f lavfi -i testsrc2=size=640x360:rate=10 -vf {{}} {ENCODER} -f rtsp"
        address = f"rtsp://{HOST}:{self._source}{path}"
        filled = [drawn if one == "{}" else one for one in argv.split()]
        self.peers.start(*filled, address, env={"TZ": zone})
        end = time.monotonic() + 60
        while b" 200 " not in describe(self.port, path):
            assert time.monotonic() < end, self.peers.log()[-2000:]
            time.sleep(0.2)
