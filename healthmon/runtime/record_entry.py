"""What people enter in the record by commands and what is about no device: duties that were done, the
fault log of earlier years, a name that is taken out. The values come from outside: each is checked.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from healthmon.access.roles import Permission
from healthmon.evidence import duties, imported
from healthmon.runtime import erasing
from healthmon.runtime.agent import Agent
from healthmon.runtime.asking import entered
from healthmon.store import Author
from healthmon.store.entered import plain_text
from healthmon_exporters.pages.feed import NoRecordError, NotDoneError

PERMISSIONS: Final[Mapping[str, Permission]] = MappingProxyType(
    {"duty": Permission.REPORTS, "old-faults": Permission.REPORTS, "erase": Permission.ERASE}
)
# As many as the lines of a file can be.
MOST_FAULTS: Final = 10_000
NO_NAME: Final = "a name is needed: --name 'A. Smith'"
Values = Mapping[str, Any]


class RecordEntry:
    """The acts of `PERMISSIONS` on the record of one agent."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._kinds: Mapping[str, Callable[[Values, Author], Awaitable[dict[str, Any]]]] = {
            "duty": self._duty,
            "old-faults": self._old_faults,
            "erase": self._erase,
        }

    async def enter(self, kind: str, values: Values, author: Author) -> dict[str, Any]:
        """Do what `values` say; what came of it. Raises ValueError in words for what is not done."""
        try:
            return await self._kinds[kind](values, author)
        except (NotDoneError, NoRecordError) as error:
            raise ValueError(f"nothing was entered: {error}") from None

    async def _duty(self, values: Values, author: Author) -> dict[str, Any]:
        """Declare that a duty was done (`at`, Unix seconds)."""
        texts = {name: _text(values, name) for name in ("evidence", "note", "once")}
        by, now, at = _name(values), time.time(), values.get("at")
        if not isinstance(at, int | float):
            raise ValueError("at: not a time")  # noqa: TRY004 - what people send is said in one way
        what = _text(values, "duty"), _text(values, "of")
        config = self._agent.estate.config
        made = duties.declaration(config, *what, texts | {"by": by}, (float(at), now))
        await entered(self._agent, lambda store: store.operate(made, author))
        return {"duty": made.subject, "by": by}

    async def _old_faults(self, values: Values, author: Author) -> dict[str, Any]:
        """Record all of `faults`, or none; how many were not known already."""
        rows, by, now = values.get("faults"), _name(values), time.time()
        if not isinstance(rows, list) or len(rows) > MOST_FAULTS:
            raise ValueError(f"faults: not a list of at most {MOST_FAULTS:,} faults")
        if not all(isinstance(row, dict) for row in rows):
            raise ValueError("faults: not objects")
        made = [imported.operation(row, by, now) for row in rows]
        fresh = await entered(self._agent, lambda store: store.operate_all(made, author))
        return {"fresh": fresh, "by": by}

    async def _erase(self, values: Values, author: Author) -> dict[str, Any]:
        """Take the name of a `person` out of the record; in words what was done."""
        who = erasing.checked(_text(values, "person"))
        erasing.check_places(who, self._agent.estate.config)
        name = _text(values, "name")
        by = f"{name} (account {author.account})" if name else author.account
        found = await erasing.erased(self._agent, who, by)
        return {"words": erasing.words(found)}


def _text(values: Values, name: str) -> str:
    """One of the values, as one plain line. Raises ValueError."""
    return plain_text(name, values.get(name, ""))


def _name(values: Values) -> str:
    """Raises ValueError."""
    if not (found := _text(values, "name")):
        raise ValueError(NO_NAME)
    return found
