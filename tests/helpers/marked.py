"""Pictures that carry a mark, and what would be found of them where they left a trace."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import numpy as np

from helpers.pictures import coded, scene, with_noise

SECRET = b"NUMBER PLATE AB12 CDE OF A MARKED CAR"


def marked(number: int) -> tuple[Any, bytes]:
    """A dark picture with a person's face (noise of its own) in it, and its key frame, in which a
    message of the encoder (SEI) carries a mark, too.
    """
    view = (scene(5).astype(float) * 0.15).astype("uint8")
    face = np.random.default_rng(77).integers(0, 40, (64, 64))
    view[140:204, 300:364] = face
    view[240:270, 20 + 40 * number : 50 + 40 * number] = 40
    grey = with_noise(view, number, 0.7)
    sei = b"\0\0\0\1\x06\x05" + bytes((16 + len(SECRET),)) + b"0123456789abcdef" + SECRET + b"\x80"
    return grey, sei + coded("h264", grey)


def traces(greys: list[Any], frames: list[bytes]) -> Iterator[bytes]:
    """What would be found of the pictures: the mark, pieces of the bitstream and of the pixels, in
    three spellings.
    """
    pieces = [SECRET]
    for data in frames:
        middle = len(data) // 2
        pieces += [data[at : at + 24] for at in (len(SECRET) + 60, middle, len(data) - 40)]
    for grey in greys:
        pieces += [grey[row, 300:332].tobytes() for row in (150, 170, 190)]
    for piece in pieces:
        yield piece
        yield piece.hex().encode()
        yield base64.b64encode(piece)[:-4]
