"""A bar chart as SVG with a text alternative; one drawing for the page and for the PDF. Pure."""

from __future__ import annotations

from html import escape
from typing import Final

from healthmon_exporters.reports.report_document import Document, amount

WIDTH: Final = 640
_BAR, _GAP, _LEFT, _RIGHT = 16, 6, 90, 90
_ROOM = WIDTH - _LEFT - _RIGHT
_INK, _BAR_INK, _RULE = "#111111", "#005a8c", "#767676"
_FONT = 'font-family="system-ui, sans-serif" font-size="12"'


def svg(chart: Document, *, title: bool = True) -> str:
    """The chart. Shares are drawn from the lowest whole ten per cent below all of them, which the
    axis says. With `title` it carries its own text alternative.
    """
    labels, values, unit = chart["labels"], chart["values"], chart["unit"]
    low, high = _range([one for one in values if one is not None], unit)
    height = len(labels) * (_BAR + _GAP) + 34
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    name = f'role="img" aria-label="{escape(chart["text"])}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {name} {_FONT}>',
        f"<title>{escape(chart['title'])}</title>" if title else "",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(_LEFT, 14, amount(low, unit)),
        _text(_LEFT + _ROOM, 14, amount(high, unit), "end"),
        f'<line x1="{_LEFT}" y1="20" x2="{_LEFT + _ROOM}" y2="20" stroke="{_RULE}"/>',
    ]
    for index, (label, value) in enumerate(zip(labels, values, strict=True)):
        long = 0.0 if value is None else _ROOM * (value - low) / (high - low)
        parts.append(_bar(26 + index * (_BAR + _GAP), label, long, amount(value, unit)))
    return "".join([*parts, "</svg>"])


def _bar(top: int, label: str, long: float, words: str) -> str:
    """One bar with its label and its value."""
    bar = f'<rect x="{_LEFT}" y="{top}" width="{long:.1f}" height="{_BAR}" fill="{_BAR_INK}"/>'
    return _text(_LEFT - 6, top + 12, label, "end") + bar + _text(_LEFT + long + 5, top + 12, words)


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    place = f'x="{x:.1f}" y="{y}" text-anchor="{anchor}"'
    return f'<text {place} fill="{_INK}">{escape(words)}</text>'


def _range(known: list[float], unit: str) -> tuple[float, float]:
    """Where the bars begin and end."""
    if unit != "%":
        return 0.0, max([*known, 1.0])
    return min(90.0, float(min(known, default=0.0) // 10 * 10)), 100.0
