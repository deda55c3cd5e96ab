"""A person's name taken out of the record while the agent runs: out of the store, out of what the agent
has in memory, then out of what was written meanwhile.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from healthmon.model.count_words import count_of
from healthmon.runtime.agent import Agent
from healthmon.runtime.asking import asked
from healthmon.store import Store
from healthmon.store.erasure import Erased, Named, replacing
from healthmon_exporters.pages.feed import NoRecordError
from healthmon_exporters.reports import kept_sheet

if TYPE_CHECKING:
    from healthmon.config.schema import Config

SHORTEST: Final = 3


def checked(name: str) -> Named:
    """The name of a person as it is looked for, with a new pseudonym. Raises ValueError in words."""
    found = " ".join(name.split())
    if len(found) < SHORTEST:
        raise ValueError(f"{name!r}: too short; it would be found within other words")
    return Named(found)


def check_places(who: Named, config: Config) -> None:
    """Refuse a name that stands in one of the estate, which the record would lose. Raises ValueError."""
    each = (config.sites, config.cameras, config.recorders, config.ups, config.workstations)
    named = [words for group in each for one in group for words in (one.id, one.name)]
    replace = replacing(who)
    found = [one for one in (config.estate.name, *named) if replace(one) != one]
    if found:
        words = f"stands in a name of config.yaml, {found[0]!r}, which the record would lose"
        raise ValueError(f"{who.name!r} {words}; write the person's name in full, or rename that")


def erased_alone(store: Store, who: Named, by: str) -> Erased:
    """Erase it in a store that no agent has. Raises StoreError."""
    found = store.erase_person(who, by, kept_sheet.rewritten)
    store.forget_pages()
    return found


async def erased(agent: Agent, who: Named, by: str) -> Erased:
    """The same in the store of a running agent and in its memory. Raises NoRecordError, NotDoneError."""
    service = agent.incident_service
    if not await service.store_writer.flush():
        raise NoRecordError(service.store_writer.problem or "the record cannot be written now")
    found = await asked(agent, lambda store: store.erase_person(who, by, kept_sheet.rewritten))
    service.rewrite(replacing(who))
    # What was on its way to the store meanwhile was made before the memory was rewritten.
    await service.store_writer.flush()
    again = await asked(agent, lambda store: erased_alone(store, replace(who, again=True), by))
    found.rows += again.rows
    found.entries |= again.entries
    await service.take_over()
    return found


def words(found: Erased) -> str:
    """What was done, in a sentence or two."""
    if not found.rows and not found.entries:
        return "the name is nowhere in the record"
    entries = count_of(len(found.entries), "entry", "entries")
    counts = f"{count_of(found.rows, 'row')}, {entries} of the audit chain"
    more = "Remove the person from the users file too, and make a new backup."
    return f"{found.pseudonym} stands in its place: {counts}\n{more}"
