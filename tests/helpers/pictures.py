"""Pictures for tests: a scene with outlines and noise, and real encoders."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np

from healthmon.picture import decoding, reference

ENCODERS = {
    "h264": ("libx264", {"preset": "ultrafast", "tune": "zerolatency", "qp": "20"}),
    "h265": ("libx265", {"preset": "ultrafast", "x265-params": "log-level=none:qp=22"}),
    "mjpeg": ("mjpeg", {"huffman": "default", "qmin": "3", "qmax": "3"}),
}
Grey = Any


def scene(seed: int = 1, *, noise: int = 0, size: tuple[int, int] = (640, 360)) -> Grey:
    """A grey picture of blocks of all sizes, as houses and windows are; `noise` seeds the sensor's."""
    chance = np.random.default_rng(seed)
    width, height = size
    grey = np.full((height, width), 120.0)
    for _ in range(160):
        wide, high = chance.integers(4, 90, 2)
        x, y = chance.integers(0, width - 4), chance.integers(0, height - 4)
        grey[y : y + high, x : x + wide] = chance.integers(30, 220)
    return with_noise(grey, noise)


def with_noise(grey: Grey, seed: int, spread: float = 2.0) -> Grey:
    """The noise of a sensor: it comes after the lens."""
    noise = np.random.default_rng(seed).normal(0, spread, grey.shape)
    return np.clip(grey + noise, 0, 255).astype(np.uint8)


def coded(codec: str, grey: Grey, pixels: str = "", **more: str) -> bytes:
    """One key frame by a real encoder, of `pixels` (FFmpeg's name of the format), with `more` of its
    options.
    """
    encoder, options = ENCODERS[codec]
    context: Any = av.CodecContext.create(encoder, "w")
    context.height, context.width = grey.shape
    context.pix_fmt = pixels or ("yuvj420p" if codec == "mjpeg" else "yuv420p")
    context.time_base, context.framerate = Fraction(1, 5), Fraction(5, 1)
    context.options = options | more
    frame = av.VideoFrame.from_ndarray(grey, format="gray").reformat(format=context.pix_fmt)
    frame.pts = 0
    return b"".join(bytes(packet) for one in (frame, None) for packet in context.encode(one))


def png(grey: Grey) -> bytes:
    """The picture as a file."""
    context: Any = av.CodecContext.create("png", "w")
    context.height, context.width = grey.shape
    context.pix_fmt, context.time_base = "gray", Fraction(1, 5)
    frame = av.VideoFrame.from_ndarray(grey, format="gray")
    return b"".join(bytes(packet) for one in (frame, None) for packet in context.encode(one))


def learned(view: Grey, *, moved: bool = True) -> bytes:
    """What a camera has learned that showed `view` ten times."""
    baseline = reference.Baseline()
    for number in range(reference.LEARNED):
        data = coded("h264", with_noise(view, number, 1.0))
        baseline.learn(decoding.decoded("h264", data, 10**7), 7200.0 * number, moved=moved)
    return baseline.packed()
