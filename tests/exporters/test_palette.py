"""The palette in figures: contrast by WCAG 2.2, distance by CIE76 and CIEDE2000 for four kinds of
colour vision.
"""

from __future__ import annotations

from itertools import combinations

import pytest
from helpers.colour import VISIONS, cie76, ciede2000, contrast, lab

from healthmon_exporters.web import palette

PAIRS = list(combinations(palette.STATES, 2))
# Fault and warning are both warm; word, symbol, outline and the colour of the text tell them apart
# as well.
NEAR = {"fault", "warning"}


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, -1.0, 2.0), (50.0, 0.0, 0.0), 2.3669),
        ((50.0, 2.49, -0.001), (50.0, -2.49, 0.0009), 7.1792),
        ((50.0, 2.49, -0.001), (50.0, -2.49, 0.0011), 7.2195),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((50.0, 2.5, 0.0), (58.0, 24.0, 15.0), 19.4535),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_ciede2000_gives_the_published_figures(one, other, wanted):
    assert ciede2000(one, other) == pytest.approx(wanted, abs=5e-5)
    assert ciede2000(other, one) == pytest.approx(wanted, abs=5e-5)


def test_the_arithmetic_agrees_with_known_figures():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21.0, abs=0.01)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    assert lab("#FFFFFF") == pytest.approx((100.0, 0.0, 0.0), abs=0.02)
    # The trap that this palette avoids: Grafana's green and red are one colour for deuteranopes.
    green, red = "#73BF69", "#F2495C"
    assert cie76(lab(green), lab(red)) > 100
    assert cie76(lab(green, "deutan"), lab(red, "deutan")) < 10


@pytest.mark.parametrize("state", palette.STATES)
def test_text_on_a_tile_is_readable_at_any_size(state):
    tile = palette.STATES[state]
    assert contrast(tile, palette.INK[state]) >= 4.5
    assert contrast(tile, "#FFFFFF") >= 3.0, "white is good enough for large text (Grafana)"
    assert contrast(tile, palette.BACKGROUND) >= 3.0, "a tile stands out from the page"


@pytest.mark.parametrize("ground", [palette.BACKGROUND, palette.SURFACE])
def test_text_and_focus_on_the_page_are_readable(ground):
    assert contrast(palette.TEXT, ground) >= 7.0
    assert contrast(palette.QUIET_TEXT, ground) >= 7.0
    assert contrast(palette.FOCUS, ground) >= 3.0


def test_the_focus_ring_stands_out_from_every_tile():
    assert all(
        contrast(palette.FOCUS, tile) >= 3.0
        for state, tile in palette.STATES.items()
        if state != "fault"
    )
    # On vermilion the ring's dark gap does it.
    assert contrast(palette.BACKGROUND, palette.FAULT) >= 3.0


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_states_stay_apart_for_every_colour_vision(pair, vision):
    one, other = (lab(palette.STATES[state], vision) for state in pair)
    least = (
        (29.0, 20.0) if set(pair) != NEAR else (35.0, 20.0) if vision == "normal" else (10.0, 8.0)
    )
    assert cie76(one, other) >= least[0]
    assert ciede2000(one, other) >= least[1]
