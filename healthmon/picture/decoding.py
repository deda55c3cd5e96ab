"""One key frame decoded: a fresh decoder for each, one thread, a limit of pixels. Worker only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

import av
import av.logging
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 320, 180
SHOWN_WIDTH, SHOWN_QUALITY = 1280, 4  # FFmpeg's scale of quality: 1 is the best, 31 the worst
BAND = 20  # rows at top and bottom, of 180, that may hold text
LEAST_SIDE = 64
PATCH, PATCH_ROWS, PATCH_COLUMNS = 64, 5, 8
_DECODERS = {"h264": "h264", "h265": "hevc", "mjpeg": "mjpeg"}
Grey = NDArray[np.float32]
T = TypeVar("T")


class UndecodableError(Exception):
    """No picture comes out of the key frame; one line says why."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """One picture: `grey` is 180 x 320 from 0 to 255 whatever its shape, `pieces` are square
    `patches` of its full `size` (width, height), `chroma` the means of Cb and Cr minus 128 and how
    far the pixels are from grey. `luma` is the full picture, height x width, `noise` the spread of
    the noise in grey levels.
    """

    grey: Grey
    pieces: NDArray[np.int16]
    chroma: tuple[float, float, float]
    size: tuple[int, int]
    luma: NDArray[np.uint8]
    noise: float


def warmed() -> Decoded:
    """A grey picture made by all that decoding needs, so that it is loaded while files may still be
    opened.
    """
    av.logging.set_level(None)
    for name in _DECODERS.values():
        warm: Any = av.CodecContext.create(name, "r")
        warm.parse(None)
    frame = av.VideoFrame(640, 360, "yuv420p")
    for plane in frame.planes:
        plane.update(bytes(range(256)) * (plane.buffer_size // 256))
    _as_jpeg(frame)
    return measured_frame(frame)


def decoded(codec: str, data: bytes, most_pixels: int, *, several: bool = False) -> Decoded:
    """The picture of the key frame `data`; with `several` the first whole one of the pictures that it
    holds (intra refresh). Raises UndecodableError.
    """
    return _decoded(codec, data, most_pixels, measured_frame, several=several)


def jpeg(codec: str, data: bytes, most_pixels: int, *, several: bool = False) -> bytes:
    """The same picture as a JPEG file of at most `SHOWN_WIDTH` pixels across. Raises
    UndecodableError.
    """
    return _decoded(codec, data, most_pixels, _as_jpeg, several=several)


def _decoded(
    codec: str, data: bytes, most_pixels: int, use: Callable[[Any], T], *, several: bool
) -> T:
    context: Any = av.CodecContext.create(_DECODERS[codec], "r")
    context.thread_count = 1
    context.options = {"max_pixels": str(most_pixels)}
    try:
        packets = [*context.parse(data), *context.parse(None)] if several else [av.Packet(data)]
        for packet in (*packets, None):
            for frame in context.decode(packet):
                return use(frame)
    except (av.FFmpegError, ValueError, MemoryError) as error:
        raise UndecodableError(f"the key frame cannot be decoded: {type(error).__name__}") from None
    raise UndecodableError("no whole picture comes of one key frame (intra refresh)")


def _as_jpeg(frame: Any) -> bytes:
    wide = min(frame.width, SHOWN_WIDTH) // 2 * 2
    high = max(2, frame.height * wide // frame.width // 2 * 2)
    small = frame.reformat(
        width=wide, height=high, format="yuvj420p", interpolation="AREA", threads=1
    )
    encoder: Any = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = wide, high, "yuvj420p"
    encoder.time_base, encoder.thread_count = Fraction(1, 1), 1
    encoder.options = {"flags": "+qscale", "global_quality": str(SHOWN_QUALITY * 118)}
    small.pts, small.time_base = 0, Fraction(1, 1)
    return b"".join(bytes(one) for part in (small, None) for one in encoder.encode(part))


def stream(
    codec: str, pictures: Sequence[tuple[float, bytes]], most_pixels: int
) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """(seconds, luma) of each of the coded `pictures` (seconds, data) of one stream, by one decoder.
    Raises UndecodableError.
    """
    context: Any = av.CodecContext.create(_DECODERS[codec], "r")
    context.thread_count = 1
    context.options = {"max_pixels": str(most_pixels)}
    try:
        for at, data in (*pictures, (0.0, None)):
            packet = av.Packet(data) if data is not None else None
            if packet is not None:
                packet.pts, packet.time_base = round(at * 1000), Fraction(1, 1000)
            for frame in context.decode(packet):
                if frame.pts is not None:
                    yield frame.pts / 1000, _luma(frame)
    except (av.FFmpegError, ValueError, MemoryError) as error:
        raise UndecodableError(f"the stream cannot be decoded: {type(error).__name__}") from None


def measured_frame(frame: Any) -> Decoded:
    """What is measured of a decoded frame of any format. Raises UndecodableError."""
    if frame.width < LEAST_SIDE or frame.height < LEAST_SIDE:
        raise UndecodableError(f"a picture of {frame.width}x{frame.height} is too small to judge")
    luma = _luma(frame)
    small = frame.reformat(
        width=WIDTH, height=HEIGHT, format="yuvj444p", interpolation="AREA", threads=1
    )
    grey, blue, red = (_plane(small, number).astype(np.float32) for number in range(3))
    size = luma.shape[1], luma.shape[0]
    pieces = patches(luma)
    return Decoded(grey, pieces, _chroma(blue, red), size, luma, noise(pieces))


def _luma(frame: Any) -> NDArray[np.uint8]:
    """The luma of a frame of any format, height x width."""
    if frame.format.name.startswith(("yuv", "nv12", "gray")) and _deep(frame) == 8:
        return _plane(frame, 0)
    return _plane(frame.reformat(format="gray", threads=1), 0)


def _deep(frame: Any) -> int:
    """Bits of one sample."""
    return int(frame.format.components[0].bits)


def _plane(frame: Any, number: int) -> NDArray[np.uint8]:
    plane = frame.planes[number]
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]


def _chroma(blue: Grey, red: Grey) -> tuple[float, float, float]:
    """Means of Cb and Cr minus 128, and the mean distance of the pixels from grey."""
    blue, red = blue - 128, red - 128
    spread = np.abs(blue) + np.abs(red)
    return float(blue.mean()), float(red.mean()), float(spread.mean())


def patches(luma: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Square pieces of the full picture, one in the middle of each of 5 x 8 tiles between the bands
    of text. Shape (40, side, side).
    """
    top = luma.shape[0] * BAND // HEIGHT
    high = (luma.shape[0] - 2 * top) // PATCH_ROWS
    wide = luma.shape[1] // PATCH_COLUMNS
    side = max(16, min(PATCH, high, wide) // 8 * 8)
    found = np.empty((PATCH_ROWS * PATCH_COLUMNS, side, side), np.int16)
    for number in range(len(found)):
        row, column = divmod(number, PATCH_COLUMNS)
        y = min(top + row * high + max(0, high - side) // 2, luma.shape[0] - side)
        x = min(column * wide + max(0, wide - side) // 2, luma.shape[1] - side)
        found[number] = luma[y : y + side, x : x + side]
    return found


def noise(pieces: NDArray[Any]) -> float:
    """The spread of the noise in grey levels, by the quietest quarter of the `patches` (after
    Immerkaer 1996: a mask that edges and slopes leave at zero).
    """
    rows = pieces[:, :-2] - 2 * pieces[:, 1:-1] + pieces[:, 2:]
    mask = np.abs(rows[:, :, :-2] - 2 * rows[:, :, 1:-1] + rows[:, :, 2:]).reshape(len(rows), -1)
    means = mask.sum(axis=1, dtype=np.float64) / mask.shape[1]
    found = np.sort(means) * 0.2089  # sqrt(pi / 2) / 6
    return float(found[: max(1, len(found) // 4)].mean())
