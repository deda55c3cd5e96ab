"""Films of one scene by FFmpeg, well and ill: its filters are the lens, the sensor and the overlay."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from helpers.support import made_by

SECONDS, RATE = 12, 15
SIZE, MARGIN = (640, 360), (80, 40)  # what the camera shows of the scene, and what lies around it
WHOLE = (SIZE[0] + 2 * MARGIN[0], SIZE[1] + 2 * MARGIN[1])
CODERS = {
    "h264": "-c:v libx264 -preset veryfast -threads 1 -g 20 -b:v 1500k",  # with B-frames, as it comes
    "h265": "-c:v libx265 -preset ultrafast -g 20 -b:v 1200k -x265-params log-level=none:pools=1:frame-threads=1",
    "jpeg": "-c:v mjpeg -q:v 4 -pix_fmt yuvj420p -huffman default",
}
CLOCK = "drawtext=text='%{pts\\:hms}':fontsize=18:fontcolor=white:borderw=2:x=8:y=6"
SENSOR = "noise=alls=5:allf=t"
FREEZE = "loop=loop=-1:size=1"


def crop(right: int = 0, down: int = 0, size: tuple[int, int] = SIZE) -> str:
    """The camera's view, turned by so many pixels."""
    x, y = (WHOLE[0] - size[0]) // 2 + right, (WHOLE[1] - size[1]) // 2 + down
    return f"crop={size[0]}:{size[1]}:{x}:{y}"


class Film(NamedTuple):
    """What FFmpeg makes of the scene; "" as `source` is the scene itself."""

    filters: str
    source: str = ""
    codec: str = "h264"
    coder: str = ""
    kind: str = ""


def film(*filters: str, source: str = "", codec: str = "h264", coder: str = "") -> Film:
    """The scene behind these filters, under a clock that ticks."""
    return Film(",".join((*filters, CLOCK)), source, codec, coder)


def card(source: str) -> Film:
    """A picture that no lens has seen, such as ``color=black``."""
    return film(source=f"{source}{':' if '=' in source else '='}size=640x360:rate={RATE}")


def join_late(file: Path, seconds: float) -> None:
    """Cut the beginning off, whatever the stream is in the middle of then."""
    whole = file.rename(file.with_name(f"whole.{file.name.partition('.')[2]}"))
    argv = ["ffmpeg", "-loglevel", "error", "-i", str(whole), "-c", "copy", "-copyinkf"]
    argv += ["-ss", str(seconds), str(file)]
    made_by(*argv)
    whole.unlink()


def make(folder: Path, scene: Path, films: Iterable[tuple[str, Film]]) -> None:
    """One file for each of `films` (name, film) in `folder`, for ``film_server.py``."""
    for name, one in films:
        still = ["-loop", "1", "-framerate", str(RATE), "-i", str(scene)]
        source = ["-f", "lavfi", "-i", one.source] if one.source else still
        coder = (one.coder or CODERS[one.codec]).split()
        if "-pix_fmt" not in coder:
            coder += ["-pix_fmt", "yuv420p"]
        to = folder / f"{name}.{one.codec}{one.kind}.mkv"
        argv = ["ffmpeg", "-loglevel", "error", *source, "-vf", one.filters]
        argv += ["-t", str(SECONDS), *coder, str(to)]
        made_by(*argv)
