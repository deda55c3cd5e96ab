"""The colours of every screen of healthmon: the wall, the Grafana dashboards. One place, so that
both agree.

Blue and vermilion are Okabe and Ito's (Color Universal Design, 2008): they stay apart for every
kind of colour vision. A colour never speaks alone: each state also has its word and symbol.
``tests/exporters/test_palette.py`` computes contrast and distance. The warning is a dark amber,
because a brighter one comes too near to vermilion for protanopes, and would outshine a fault.
"""

from __future__ import annotations

OK = "#0072B2"
FAULT = "#D55E00"
WARNING = "#855A00"
NO_DATA = "#6E6E6E"

BACKGROUND = "#111217"
SURFACE = "#1D1F27"
TEXT = "#FFFFFF"
QUIET_TEXT = "#B9BDC9"
FOCUS = "#FFE45C"

STATES = {"ok": OK, "fault": FAULT, "warning": WARNING, "no_data": NO_DATA}
# The text on a tile of each state, readable at any size. White on vermilion would do for large text
# only.
INK = {"ok": "#FFFFFF", "fault": "#000000", "warning": "#FFFFFF", "no_data": "#FFFFFF"}
