"""What ``healthmon report`` and ``clock-statement`` print as JSON. Keys with `words` or `text` say in words
what stands beside them as values.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FigureLine:
    """One value of a figure, such as that of a site; `hours` are the camera-hours it rests on."""

    label: str
    value: float | None
    unit: str
    words: str
    hours: float | None


@dataclass(frozen=True)
class Figure:
    """One of the figures of docs/reports.md. `value` is null where nothing was measured."""

    number: int
    key: str
    title: str
    value: float | None
    unit: str
    words: str
    rests_on: str
    hours: float | None
    formula: str
    lines: tuple[FigureLine, ...]


@dataclass(frozen=True)
class Table:
    """A table of texts."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Chart:
    """A chart with one bar for each label."""

    title: str
    labels: tuple[str, ...]
    values: tuple[float | None, ...]
    unit: str
    text: str


@dataclass(frozen=True)
class Section:
    """One section, as every form of the report has it."""

    heading: str
    paragraphs: tuple[str, ...]
    tables: tuple[Table, ...]
    charts: tuple[Chart, ...]


@dataclass(frozen=True)
class Report:
    """A report. A public one has no `estate` and no `config_digest`; `simulated` is "" for a real
    estate.
    """

    title: str
    estate: str
    period: str
    period_words: str
    made: str
    made_words: str
    public: bool
    simulated: str
    version: str
    config_digest: str
    notes: tuple[str, ...]
    figures: tuple[Figure, ...]
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Month:
    """A month beside others: shares in `percent` by the key of the figure, the largest offset of a clock in
    seconds, null for what was not measured.
    """

    month: str
    closed: bool
    percent: dict[str, float | None]
    clock_offset: float | None


@dataclass(frozen=True)
class MonthlyReport(Report):
    """The monthly report."""

    months: tuple[Month, ...]


@dataclass(frozen=True)
class ReportedFault:
    """A fault in Unix seconds, without anything that names a place or person."""

    number: str
    began: float
    detected: float
    reported: float | None
    restored: float | None
    reason: str
    imported: bool


@dataclass(frozen=True)
class FoiReport(Report):
    """The report for a request by freedom of information."""

    faults: tuple[ReportedFault, ...]


@dataclass(frozen=True)
class StatedClock:
    """One clock at one moment: `low_ms` to `high_ms` ahead of UTC, null where it is not known."""

    device: str
    clock: str
    title: str
    offset: str
    low_ms: int | None
    high_ms: int | None
    best_ms: int | None
    basis: str
    how: str
    verdict: str
    steps: tuple[str, ...]
    showed: str
    stamp_means: str


@dataclass(frozen=True)
class StatedMoment:
    """A moment, whether healthmon ran then, and its own clock against UTC."""

    utc: str
    local: str
    running: str
    reference: str
    reference_low_ms: int | None
    reference_high_ms: int | None
    clocks: tuple[StatedClock, ...]


@dataclass(frozen=True)
class StatedFacts:
    """What is recorded. The SHA-256 of the statement is that of these as canonical JSON (RFC 8785)."""

    form: str
    version: str
    config: str
    estate: str
    camera: str
    camera_name: str
    recorder: str | None
    time_zone: str
    asked: str
    made: str
    moments: tuple[StatedMoment, ...]


@dataclass(frozen=True)
class ClockStatement(Report):
    """A clock statement; `entry` is its place in the audit chain, "" where that was cut off."""

    number: int
    by: str
    reason: str
    facts: StatedFacts
    sha256: str
    entry: str
