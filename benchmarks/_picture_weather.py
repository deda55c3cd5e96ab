"""What weather, sun, lamps and small animals do to the picture of a camera that is well: rain, fog, snow,
drops and a wiper on its glass, a low sun, headlights, insects and webs in the lamp of infrared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Grey = Any


def weathered(grey: Grey, weather: str, chance: Any, spell: Any) -> Grey:
    """The picture in that `weather`: `chance` is of the moment, `spell` of the hours around it."""
    return _WEATHERS[weather](grey, chance, spell) if weather else grey


def blurred(grey: Grey, sigma: float) -> Grey:
    """A gaussian blur; the borders are mirrored."""
    edge = int(4 * sigma) + 1
    padded = np.pad(grey.astype(np.float32), edge, mode="reflect")
    high, wide = padded.shape
    rows = np.exp(-2 * (np.pi * sigma * np.fft.fftfreq(high)) ** 2)[:, None]
    columns = np.exp(-2 * (np.pi * sigma * np.fft.rfftfreq(wide)) ** 2)[None, :]
    made = np.fft.irfft2(np.fft.rfft2(padded) * rows * columns, s=padded.shape)
    return made[edge:-edge, edge:-edge]


def _fog(grey: Grey, chance: Any, spell: Any) -> Grey:
    """The same in all of the view, or thicker the farther away: higher in the picture."""
    thick = chance.uniform(0.3, 0.6)
    if spell.random() < 0.5:
        down = np.linspace(0, 1, grey.shape[0], dtype=np.float32)[:, None]
        thick = 1 - (1 - thick) ** (0.9 / (0.3 + down))
    return grey * (1 - thick) + 150 * thick * min(1.0, float(grey.mean()) / 90)


def _falling(grey: Grey, chance: Any, long: int, bright: float) -> Grey:
    height, width = grey.shape
    grey = grey * 0.85
    for _ in range(250):
        x, y = int(chance.integers(0, width)), int(chance.integers(0, height - long))
        grey[y : y + long, x : x + max(1, long // 8)] += bright
    return grey


def _rain(grey: Grey, chance: Any, _: Any) -> Grey:
    return _falling(grey, chance, grey.shape[0] // 30, 30)


def _snow(grey: Grey, chance: Any, _: Any) -> Grey:
    return _falling(grey, chance, max(2, grey.shape[0] // 180), 90)


def _disc(grey: Grey, x: float, y: float, radius: float, soft: float) -> Grey:
    """1 within the `radius` and 0 outside, with a border of `soft` pixels."""
    rows, columns = np.ogrid[: grey.shape[0], : grey.shape[1]]
    away = np.hypot(rows - y, columns - x)
    return np.clip((radius - away) / max(soft, 1) + 0.5, 0, 1).astype(np.float32)


def _place(grey: Grey, chance: Any, top: float = 0.0) -> tuple[float, float]:
    height, width = grey.shape
    return float(chance.uniform(0, width)), float(chance.uniform(top, 1) * height)


def _drops(grey: Grey, _: Any, spell: Any) -> Grey:
    """On the glass: what lies behind each is smeared, brighter or darker."""
    width = grey.shape[1]
    smeared = blurred(grey, width / 60)
    for _number in range(int(spell.integers(3, 16))):
        x, y = _place(grey, spell)
        radius = width * float(spell.uniform(0.008, 0.035))
        inside = _disc(grey, x, y, radius, radius / 2) * spell.uniform(0.5, 0.95)
        grey = grey * (1 - inside) + (smeared * spell.uniform(0.8, 1.3) + 5) * inside
    return grey


def _wiper(grey: Grey, chance: Any, _: Any) -> Grey:
    """A dark arm that is out of focus, somewhere in its sweep."""
    height, width = grey.shape
    rows, columns = np.ogrid[:height, :width]
    angle = chance.uniform(0.15, 0.85) * np.pi
    across = (columns - width / 2) * np.sin(angle) - (height - rows) * np.cos(angle)
    arm = np.clip((width * chance.uniform(0.012, 0.03) - np.abs(across)) / 4 + 0.5, 0, 1)
    return grey * (1 - arm) + 0.3 * grey.mean() * arm


def _low_sun(grey: Grey, _: Any, spell: Any) -> Grey:
    """A veil about the sun, and its reflections in the lens on a line through the middle."""
    height, width = grey.shape
    rows, columns = np.ogrid[:height, :width]
    x, y = _place(grey, spell, -0.2)
    y = min(y, 0.5 * height)
    reach = width * spell.uniform(0.12, 0.35)
    veil = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * reach**2))
    grey = grey * spell.uniform(0.6, 0.9) + float(grey.mean()) * spell.uniform(0.8, 2.2) * veil
    for along in spell.uniform(0.4, 2.0, int(spell.integers(2, 6))):
        ghost = x + along * (width / 2 - x), y + along * (height / 2 - y)
        radius = width * float(spell.uniform(0.01, 0.06))
        grey = grey + spell.uniform(5, 25) * _disc(grey, *ghost, radius, 4)
    return grey


def _headlights(grey: Grey, chance: Any, _: Any) -> Grey:
    """One or two vehicles that come towards the camera."""
    height, width = grey.shape
    rows, columns = np.ogrid[:height, :width]
    for _number in range(int(chance.integers(1, 3))):
        x, y = _place(grey, chance, 0.45)
        apart, radius = width * chance.uniform(0.03, 0.08), width * chance.uniform(0.006, 0.015)
        for lamp in (x, x + apart):
            away = (rows - y) ** 2 + (columns - lamp) ** 2
            halo = 90 * np.exp(-np.sqrt(away) / (4 * radius))
            streak = 60 * np.exp(-np.abs(columns - lamp) / 2 - np.abs(rows - y) / (height / 8))
            grey = grey + halo + streak + 250 * _disc(grey, lamp, y, radius, 3)
        beam = ((rows - y - height * 0.12) / 0.5) ** 2 + (columns - x - apart / 2) ** 2
        grey = grey * (1 + 1.5 * np.exp(-beam / (2 * (width * 0.08) ** 2)))
    return grey


def _insects(grey: Grey, chance: Any, spell: Any) -> Grey:
    """Threads of a web that hang before the lens for a spell, and insects that fly by: near and bright in
    infrared, so out of focus.
    """
    height, width = grey.shape
    near = np.zeros((height, width), np.float32)
    steps = np.linspace(0, 1, 2 * width)
    for _number in range(int(spell.integers(1, 6))):
        (x, y), (end, low) = _place(grey, spell), _place(grey, spell)
        bend = spell.normal(0, 0.1) * height * np.sin(np.pi * steps)
        at = np.clip((y + (low - y) * steps + bend).astype(int), 0, height - 1)
        near[at, np.clip((x + (end - x) * steps).astype(int), 0, width - 1)] = spell.uniform(
            80, 400
        )
    for _number in range(int(chance.poisson(1.5))):
        x, y = _place(grey, chance)
        near += chance.uniform(40, 160) * _disc(grey, x, y, width * chance.uniform(0.004, 0.02), 2)
    return grey + blurred(near, width * 0.004)


_WEATHERS: dict[str, Callable[[Grey, Any, Any], Grey]] = {
    "rain": _rain, "fog": _fog, "snow": _snow, "drops": _drops, "wiper": _wiper,
    "low sun": _low_sun, "headlights": _headlights, "insects": _insects,
}  # fmt: skip
