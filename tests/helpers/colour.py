"""Colour arithmetic for the tests: contrast, colour difference, simulated colour vision.

Sources: WCAG 2.2 (relative luminance, contrast ratio); IEC 61966-2-1 (sRGB, D65); CIE 15 (CIE76,
CIEDE2000); Sharma, Wu, Dalal 2005 (CIEDE2000 in steps and its test data); Machado, Oliveira,
Fernandes 2009 (severity 1.0).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

Triple = tuple[float, float, float]
Matrix = tuple[Triple, Triple, Triple]

VISIONS: dict[str, Matrix] = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
_XYZ: Matrix = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_WHITE: Triple = (0.95047, 1.0, 1.08883)


def _times(matrix: Matrix, vector: Sequence[float]) -> Triple:
    x, y, z = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return x, y, z


def linear(colour: str) -> Triple:
    """``#RRGGBB`` -> linear light, each 0..1."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return r, g, b


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG, 1..21."""
    dark, light = sorted(_times(_XYZ, linear(colour))[1] for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def lab(colour: str, vision: str = "normal") -> Triple:
    """CIELAB of ``#RRGGBB`` as somebody with `vision` sees it."""
    seen = [min(1.0, max(0.0, instance)) for instance in _times(VISIONS[vision], linear(colour))]
    ratios = (instance / white for instance, white in zip(_times(_XYZ, seen), _WHITE, strict=True))
    x, y, z = (
        t ** (1 / 3) if t > (6 / 29) ** 3 else t / (3 * (6 / 29) ** 2) + 4 / 29 for t in ratios
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def cie76(one: Triple, other: Triple) -> float:
    """The Euclidean distance in CIELAB; about 2.3 is just noticeable."""
    return math.dist(one, other)


def ciede2000(one: Triple, other: Triple) -> float:
    """The CIEDE2000 difference with kL = kC = kH = 1; the equations' numbers are those of Sharma et
    al.
    """
    (l1, a1, b1), (l2, a2, b2) = one, other
    mean = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    g = 0.5 * (1 - math.sqrt(mean**7 / (mean**7 + 25**7)))  # (4)
    a1, a2 = (1 + g) * a1, (1 + g) * a2  # (5)
    c1, c2 = math.hypot(a1, b1), math.hypot(a2, b2)  # (6)
    h1, h2 = (
        math.degrees(math.atan2(b, a)) % 360 if (a or b) else 0.0 for a, b in ((a1, b1), (a2, b2))
    )  # (7)
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0.0  # (10)
    if turn == -180:
        turn = 180.0
    dl, dc, dh = (
        l2 - l1,
        c2 - c1,
        2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn / 2)),
    )  # (8), (9), (11)
    lm, cm = (l1 + l2) / 2, (c1 + c2) / 2  # (12), (13)
    hm = _mean_hue(h1, h2) if c1 * c2 else h1 + h2  # (14)
    t = sum(
        k * math.cos(math.radians(n * hm + shift))
        for k, n, shift in ((1, 0, 0), (-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.20, 4, -63))
    )  # (15)
    rc = 2 * math.sqrt(cm**7 / (cm**7 + 25**7))  # (17)
    sl = 1 + 0.015 * (lm - 50) ** 2 / math.sqrt(20 + (lm - 50) ** 2)  # (18)
    sc, sh = 1 + 0.045 * cm, 1 + 0.015 * cm * t  # (19), (20)
    rt = -math.sin(math.radians(60 * math.exp(-(((hm - 275) / 25) ** 2)))) * rc  # (16), (21)
    return math.sqrt(
        (dl / sl) ** 2 + (dc / sc) ** 2 + (dh / sh) ** 2 + rt * (dc / sc) * (dh / sh)
    )  # (22)


def _mean_hue(h1: float, h2: float) -> float:
    if abs(h1 - h2) <= 180:
        return (h1 + h2) / 2
    return (h1 + h2 + 360) / 2 if h1 + h2 < 360 else (h1 + h2 - 360) / 2
