"""Colours and words of the dashboards: thresholds with a grey base, and mappings of numbers and
codes to words.

A panel whose query gives nothing shows NO DATA on grey: the first threshold step is grey, and no
query fills in a zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from healthmon.checks.evaluation.codes import CODES
from healthmon_exporters.web.palette import FAULT, NO_DATA, OK, WARNING

Json = dict[str, Any]
NOTHING = "NO DATA"

# A state as a number, as `promql.state_number` gives it: the worst is the highest.
NOT_KNOWN = (NOTHING, NO_DATA)
STATES = {0: ("OK", OK), 1: ("WARNING", WARNING), 2: NOT_KNOWN, 3: ("FAULT", FAULT)}
YES_NO = {0: ("NO", FAULT), 1: ("YES", OK)}
GOOD_BAD = {0: ("FAULT", FAULT), 1: ("OK", OK)}


def steps(*pairs: tuple[float, str]) -> Json:
    """Absolute thresholds: grey below the first of the (value, colour) pairs."""
    rows = [
        {"color": NO_DATA, "value": None},
        *({"color": colour, "value": value} for value, colour in pairs),
    ]
    return {"mode": "absolute", "steps": rows}


def limits(*pairs: tuple[float, str]) -> Json:
    """Dashed lines of a chart at the (value, colour) pairs, without a colour below the first."""
    rows = [{"color": "transparent", "value": None}]
    return {"mode": "absolute", "steps": [*rows, *({"color": c, "value": v} for v, c in pairs)]}


GREY = steps()
BLUE = steps((0, OK))
NONE_IS_WELL = steps((0, OK), (1, FAULT))
NONE_IS_BEST = steps((0, OK), (1, WARNING))
STATE_STEPS = steps(*((value, colour) for value, (_, colour) in STATES.items()))


def words(table: dict[int, tuple[str, str]]) -> Json:
    """A mapping of whole numbers to (text, colour)."""
    rows = {
        str(value): {"text": text, "color": colour, "index": n}
        for n, (value, (text, colour)) in _counted(table)
    }
    return {"type": "value", "options": rows}


def strings(table: dict[str, str], colour: str | None = None) -> Json:
    """A mapping of label values to what people call them."""
    more = {"color": colour} if colour else {}
    return {
        "type": "value",
        "options": {
            value: {"text": text, "index": n, **more} for n, (value, text) in _counted(table)
        },
    }


def pattern(expression: str, colour: str) -> Json:
    """Texts that match `expression` keep their words and get `colour`.

    The slashes are for Grafana: a pattern without them must match the whole text.
    """
    return {
        "type": "regex",
        "options": {"pattern": f"/{expression}/", "result": {"color": colour, "index": 0}},
    }


def _blank(match: str) -> Json:
    return {
        "type": "special",
        "options": {"match": match, "result": {"text": "-", "color": "transparent", "index": 0}},
    }


# What stands in a table cell without a value; else Grafana shows the panel's noValue on the base
# threshold's colour.
BLANK = [_blank("null+nan"), _blank("empty")]


def _counted(table: dict[Any, Any]) -> Iterable[tuple[int, tuple[Any, Any]]]:
    return enumerate(table.items())


# A tile's text begins with the mark of its state, so that colour never speaks alone. The space after
# it does not break: else the mark stands on a line of its own.
KEPT = "\u00a0"
FAULT_MARK, NO_DATA_MARK, WARNING_MARK, WORKS_MARK = "!", "?", "~", "m"
MARKS = "!  fault    ?  no data    ~  warning    m  maintenance"
TILES = [
    pattern(r"^!\s", FAULT),
    pattern(r"^~\s", WARNING),
    pattern(r"^[?m]\s", NO_DATA),
    pattern(".+", OK),
]
FAULT_WORDS = strings({code: known.title for code, known in CODES.items()} | {"none": KEPT})
# Times in 24 hours, whatever the browser's language; the words in brackets stand as they are.
CLOCK_TIME = "time:HH:mm"
DAY_TIME = "time:ddd D MMM HH:mm"
SINCE = "time:[since] ddd D MMM HH:mm"
DAYS, HOURS, MINUTES = "suffix:days", "suffix:h", "suffix:min"
SEVERITY_WORDS = [
    strings({"fault": "FAULT"}, FAULT),
    strings({"warning": "WARNING"}, WARNING),
]
