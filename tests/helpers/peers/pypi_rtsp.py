"""RTSP servers of PyPI for the Python of .venv-peers: ``pypi_rtsp.py rust|espp PORT FILE...``. Both
know only UDP.

rust: rtsp-rs plays FILE, H.264 with start codes, at 15 pictures/s on /stream. espp: the server of
the ESP-CPP components plays JPEG files at 10 pictures/s on /mjpeg; it drops the connection upon a
refusal.
"""

import itertools
import re
import sys
import time
from pathlib import Path

HOST = "127.0.0.1"


def rust(port: int, films: list[str]) -> None:
    import rtsp  # type: ignore[import-not-found]

    server = rtsp.Server(f"{HOST}:{port}")
    server.start()
    for unit in itertools.cycle(pictures(Path(films[0]).read_bytes())):
        server.send_frame(unit, 6000)
        time.sleep(1 / 15)


def pictures(film: bytes) -> list[bytes]:
    """The film cut behind each slice (types 1 and 5): x264's ultrafast preset makes one for a
    picture.
    """
    starts = [match.start() for match in re.finditer(b"\0\0\0?\1", film)]
    found, open_unit = [], b""
    for begin, end in itertools.pairwise([*starts, len(film)]):
        open_unit += film[begin:end]
        if film[film.index(b"\1", begin) + 1] & 0x1F in (1, 5):
            found.append(open_unit)
            open_unit = b""
    return found


def espp(port: int, files: list[str]) -> None:
    import espp as esp  # type: ignore[import-not-found]

    server = esp.RtspServer(esp.RtspServer.Config(server_address=HOST, port=port, path="mjpeg"))
    server.set_session_log_level(esp.Logger.Verbosity.info)  # it logs what it was asked
    server.start()
    frames = [Path(file).read_bytes() for file in files]
    for frame in itertools.cycle(frames):
        server.send_frame(esp.JpegFrame(frame))
        time.sleep(0.1)


{"rust": rust, "espp": espp}[sys.argv[1]](int(sys.argv[2]), sys.argv[3:])
