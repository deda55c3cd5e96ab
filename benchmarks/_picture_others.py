"""What else decodes a key frame, as a process of its own in an environment of its own: run by its path,
with the name of a way. Each line on standard input is a file; the answer is the CPU of one picture of it
in seconds, or what went wrong.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_DECODERS = {".h264": "h264", ".h265": "hevc"}


def pyav() -> Callable[[Path], object]:
    """A fresh decoder of PyAV and nothing else, as the worker makes one."""
    import av

    def decode(file: Path) -> object:
        context: Any = av.CodecContext.create(_DECODERS[file.suffix], "r")
        context.thread_count = 1
        data = file.read_bytes()
        return next(frame for one in (av.Packet(data), None) for frame in context.decode(one))

    return decode


def opencv() -> Callable[[Path], object]:
    """What a script does: OpenCV's VideoCapture, one frame."""
    import cv2  # type: ignore[import-not-found]

    def decode(file: Path) -> object:
        capture = cv2.VideoCapture(str(file))
        there, picture = capture.read()
        capture.release()
        if not there:
            raise ValueError("no picture")
        return picture

    return decode


def main() -> None:
    """Answer until standard input ends."""
    decode = {"pyav": pyav, "opencv": opencv}[sys.argv[1]]()
    for line in sys.stdin:
        file = Path(line.rstrip("\n"))
        try:
            began = time.process_time()
            decode(file)
            print(time.process_time() - began, flush=True)
        except Exception as error:
            print(f"{type(error).__name__}: {error}", flush=True)


if __name__ == "__main__":
    main()
