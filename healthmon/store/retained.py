"""Every table of the store: how long its rows are kept, or why they are. Pure.

A table belongs to a group; each group has a period in config.yaml (`history`), which is `history.keep`
where none is written. A new table is one more line of `RETAINED`; a test finds one that is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

# The groups, by the names that their periods have in `history`, with what is in them.
GROUPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "faults": "faults that have ended, with what people did about them",
        "notices": "notices that were sent or given up",
        "states": "states of checks, batteries of UPSes, and places of deployable cameras",
        "clocks": "readings of clocks",
        "operations": "operations on devices and sites that are over",
        "sheets": "sheets, signatures, handovers, ticks, and notes that were ended",
        "audit": "entries of the audit chain, with logins and changes of users",
    }
)
CHAIN: Final = "audit"


@dataclass(frozen=True, slots=True)
class Retained:
    """A table. `words` are what its rows are called where deletions are counted, `delete` deletes what
    ended before `before`. `ended` is the column with the end of a row, "" where it goes with another
    one. A table without a group has a `reason` instead.
    """

    table: str
    group: str = ""
    words: str = ""
    delete: str = ""
    ended: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError for a table that has neither a period nor a reason, or both."""
        if (self.group in GROUPS) == bool(self.reason):
            raise ValueError(f"{self.table}: needs a group of {', '.join(GROUPS)}, or a reason")


# In the order in which they are emptied: what belongs to a row goes after it.
RETAINED: Final = (
    Retained(
        "cases", "faults", "faults", "DELETE FROM cases WHERE closed < :before", ended="closed"
    ),
    Retained(
        "acts",
        "faults",
        "acts",
        "DELETE FROM acts WHERE number > 0 AND number NOT IN (SELECT number FROM cases)",
    ),
    Retained(
        "act_forms",
        "faults",
        "forms",
        "DELETE FROM act_forms WHERE act NOT IN (SELECT id FROM acts)",
    ),
    Retained(
        "timeline", "states", "states", "DELETE FROM timeline WHERE until < :before", ended="until"
    ),
    Retained(
        "batteries",
        "states",
        "batteries",
        "DELETE FROM batteries WHERE until < :before",
        ended="until",
    ),
    Retained(
        "clocks",
        "clocks",
        "clock readings",
        "DELETE FROM clocks WHERE until < :before",
        ended="until",
    ),
    Retained(
        "outbox", "notices", "notices", "DELETE FROM outbox WHERE ended < :before", ended="ended"
    ),
    # A stay ends with the next one of its device.
    Retained(
        "stays",
        "states",
        "places",
        """DELETE FROM stays AS stay WHERE EXISTS (SELECT 1 FROM stays AS later
        WHERE later.device = stay.device AND later.since > stay.since AND later.since < :before)""",
    ),
    # Of one kind and subject the newest counts: while it is kept, so are those before.
    Retained(
        "operations",
        "operations",
        "operations",
        """DELETE FROM operations AS one WHERE NOT EXISTS (
        SELECT 1 FROM operations AS other WHERE other.kind = one.kind
        AND other.subject = one.subject AND (other.until IS NULL OR other.until >= :before))""",
    ),
    Retained("sweeps", "sheets", "sheets", "DELETE FROM sweeps WHERE at < :before", ended="at"),
    Retained("ticks", "sheets", "ticks", "DELETE FROM ticks WHERE at < :before", ended="at"),
    Retained(
        "signoffs", "sheets", "signatures", "DELETE FROM signoffs WHERE at < :before", ended="at"
    ),
    Retained(
        "handovers", "sheets", "handovers", "DELETE FROM handovers WHERE at < :before", ended="at"
    ),
    Retained("notes", "sheets", "notes", "DELETE FROM notes WHERE ended < :before", ended="ended"),
    Retained(
        "authors",
        "operations",
        "accounts",
        """DELETE FROM authors WHERE
        (kind = 'signoffs' AND act NOT IN (SELECT id FROM signoffs))
        OR (kind = 'notes' AND act NOT IN (SELECT id FROM notes))
        OR (kind = 'operations' AND act NOT IN (SELECT id FROM operations))
        OR (kind = 'acts' AND act NOT IN (SELECT id FROM acts))""",
    ),
    # These two are cut by `retention`, at one entry, which a checkpoint replaces.
    Retained("chain", CHAIN, "changes", ended="at"),
    Retained("salts", CHAIN),
    Retained("faults", reason="open faults only: a row goes when its fault is over"),
    Retained("meta", reason="a few values about the store itself, each replaced by the next one"),
)


def periods(history: Iterable[tuple[str, Any]]) -> dict[str, float]:
    """The period of each group in seconds, by `history` of the configuration."""
    values = dict(history)
    return {group: float(values[group] or values["keep"]) for group in GROUPS}


def before(kept: Mapping[str, float], now: float) -> dict[str, float]:
    """For each group the time before which what has ended is deleted, by its period (seconds)."""
    return {group: now - kept[group] for group in GROUPS}


def alike(at: float) -> dict[str, float]:
    """The time `at` for every group."""
    return dict.fromkeys(GROUPS, at)


def tables(group: str) -> Sequence[Retained]:
    """The tables of a group whose deletions are counted."""
    return [one for one in RETAINED if one.group == group and one.words]
