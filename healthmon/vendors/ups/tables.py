"""The form of a family's table: which object tells what. The evaluator (`snmp`), docs/ups.md and
the choice of objects to ask for are made from the same tables.

OIDs stand relative to the family's root; one that begins with ``1.3.6.1.`` stands for itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from healthmon.model.ups import UpsCondition


class Source(StrEnum):
    """Where the output comes from; the words of `Ups.source`, the one that matters most first."""

    BATTERY = "battery"
    OFF = "off"
    BYPASS = "bypass"
    TEST = "test"
    ECO = "eco"
    BOOST = "boost"
    TRIM = "trim"
    NORMAL = "normal"
    OTHER = "other"


class Flow(StrEnum):
    """What the battery does. It decides where no source is reported, or where the mains
    has none.
    """

    DISCHARGING = "discharging"
    HOLDING = "charging or resting"


class SelfTest(StrEnum):
    """The last self-test, the result that matters most first, and whether one is under way."""

    FAILED = "failed"
    WARNING = "warning"
    ABORTED = "aborted"
    RUNNING = "in progress"
    PASSED = "passed"
    CALIBRATING = "calibration under way"


class Feed(StrEnum):
    """What feeds the UPS; the words of `Ups.input_source`."""

    NONE = "none"
    UTILITY = "utility"
    GENERATOR = "generator"


Statement = UpsCondition | Source | Flow | SelfTest | Feed
Statements = Statement | tuple[Statement, ...] | None  # None: documented, and says nothing here


def statements(said: Statements) -> tuple[Statement, ...]:
    """`said` as a tuple."""
    if said is None:
        return ()
    return said if isinstance(said, tuple) else (said,)


@dataclass(frozen=True, slots=True)
class Status:
    """One object that tells a state: what each value says; one that is not listed says nothing.

    `more` is what every greater value says (a count of something bad), `digits` how many of its
    last decimal digits count, `words` what texts say (lower case), where a card answers in text.
    """

    oid: str
    name: str
    values: Mapping[int, Statements]
    more: Statements = None
    digits: int = 0
    words: Mapping[str, Statements] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Flags:
    """One object that is a text of ones and zeros; what each that is set says, the first is 1."""

    oid: str
    name: str
    values: Mapping[int, Statements]


@dataclass(frozen=True, slots=True)
class Numbers:
    """One object that is a text of numbers with commas between, one for each condition present;
    `none` is what an empty one says.
    """

    oid: str
    name: str
    values: Mapping[int, Statements]
    none: Statements = None


@dataclass(frozen=True, slots=True)
class Words:
    """One object that tells an alarm in free words, and nothing where there is none."""

    oid: str
    name: str


@dataclass(frozen=True, slots=True)
class Alarms:
    """A table of the alarms present: `count` says how many, the rows of `column` which ones.

    A row is an OID below `known`, whose last number `values` explains, or a text. Where there is a
    `state` column, a row is present where that says 1.
    """

    count: str
    column: str
    known: str = ""
    values: Mapping[int, Statements] = field(default_factory=dict)
    state: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement: a field of `Ups`, the objects that tell it (one for each line of a
    three-phase unit, or other places where cards keep it), and the factor to base units.

    `absent` are values that mean "not measured" here. Of two figures for one field the later one,
    which is finer, counts where it is reported.
    """

    field: str
    oids: tuple[str, ...]
    factor: float
    absent: frozenset[int] = frozenset()


def figure(name: str, oids: str, factor: float = 1.0, absent: tuple[int, ...] = ()) -> Figure:
    """A figure whose objects stand in one text with spaces between."""
    return Figure(name, tuple(oids.split()), factor, frozenset(absent))


State = Status | Flags | Numbers | Words


@dataclass(frozen=True, slots=True)
class Family:
    """One MIB, or one layout that many cards share. `detect` are objects of which a card of the
    family tells at least one; `document` is where the meanings are written.
    """

    name: str
    title: str
    root: str
    document: str
    detect: tuple[str, ...]
    states: tuple[State, ...] = ()
    figures: tuple[Figure, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    alarms: Alarms | None = None

    def full(self, oid: str) -> str:
        """`oid` from the top of the tree."""
        return oid if oid.startswith("1.3.6.1.") else f"{self.root}.{oid}"

    def oids(self) -> tuple[str, ...]:
        """Every scalar object of the table, from the top of the tree."""
        return tuple(dict.fromkeys(self.full(oid) for oid in self._own()))

    def detectors(self) -> tuple[str, ...]:
        """`detect`, from the top of the tree."""
        return tuple(self.full(oid) for oid in self.detect)

    def _own(self) -> Iterator[str]:
        yield from (state.oid for state in self.states)
        for each in self.figures:
            yield from each.oids
        yield from self.texts.values()
        if self.alarms:
            yield self.alarms.count
