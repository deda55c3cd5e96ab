"""``healthmon agents``: which agent has the estate, and which stand by."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

from healthmon.cli.console import fail, load, say
from healthmon.cli.json_rows import AgentRow, print_rows
from healthmon.cli.loop import run_loop
from healthmon.config.problems import ConfigError
from healthmon.config.schema import Config
from healthmon.protocols.errors import TlsError
from healthmon.runtime.other_agents import OtherAgents
from healthmon.store import StoreError, lease, location
from healthmon.store.lease import Member
from healthmon_exporters.web.agent_pages import AgentReport

ALONE = "history is in a file of this machine: one agent has the estate, and none stands by"
NOBODY = "no agent has had the estate yet"


def agents(config: Path | None, *, as_json: bool) -> int:
    """Print the agents of the estate, by their pages where the database does not answer; the exit code: 1
    where none has it, or the one that has it was silent for longer than a takeover.
    """
    _, loaded = load(config)
    if loaded.database is None:
        sys.stdout.write("[]\n" if as_json else f"{ALONE}\n")
        return 0
    try:
        where = location.place(loaded)
        now, found = lease.members_of(where.url, where.password)
    except (StoreError, ConfigError) as error:
        return _by_pages(loaded, str(error), as_json=as_json)
    if as_json:
        print_rows([_row(one, now) for one in found])
    else:
        sys.stdout.write(_as_text(found, now))
    if not found:
        say(NOBODY)
    if loaded.database.takeover is None:
        say("a second agent would not stand by: `database` has no `takeover`")
    return 0 if _has_agent(found, now, loaded.database.takeover or location.TAKEOVER_SECONDS) else 1


def _by_pages(config: Config, problem: str, *, as_json: bool) -> int:
    """What the agents say on their pages while the database has a `problem`; the exit code: 1 where none
    has the estate. Raises SystemExit where no pages are known.
    """
    try:
        others = OtherAgents.of(config)
    except TlsError as error:
        raise fail(f"{problem}; the agents cannot be asked on their pages: {error}") from None
    if others is None:
        raise fail(problem)
    say(f"the database does not answer ({problem}); the agents are asked on their pages")
    found = run_loop(_asked(others))
    if as_json:
        print_rows([_row_of_page(address, one) for address, one in found.items()])
    else:
        lines = (f"{address}: {_words(one)}\n" for address, one in found.items())
        sys.stdout.write("".join(lines))
    return 0 if any(one is not None and one.has_estate for one in found.values()) else 1


async def _asked(others: OtherAgents) -> dict[str, AgentReport | None]:
    try:
        return await others.by_address()
    finally:
        await others.close()


def _row_of_page(address: str, one: AgentReport | None) -> AgentRow:
    if one is None:
        return AgentRow(address, "no_answer", None, None)
    return AgentRow(address, "has_estate" if one.has_estate else "stands_by", 0.0, None)


def _words(one: AgentReport | None) -> str:
    if one is None:
        return "does not answer"
    role = "has the estate" if one.has_estate else "stands by"
    if not one.database_seconds:
        return f"{role}, the database does not answer it"
    return f"{role}, the database has answered it for {one.database_seconds:.0f} s"


def _has_agent(found: list[Member], now: float, seconds: float) -> bool:
    ages = [one.age(now) for one in found if one.leads]
    return any(age is not None and age < seconds for age in ages)


def _as_text(found: list[Member], now: float) -> str:
    return "".join(f"{_line(one, now)}\n" for one in found)


def _row(one: Member, now: float) -> AgentRow:
    role: Literal["has_estate", "stands_by"] = "has_estate" if one.leads else "stands_by"
    return AgentRow(one.name, role, one.age(now), one.epoch, one.share, one.way)


def _line(one: Member, now: float) -> str:
    age = one.age(now)
    seen = "has ended" if age is None else f"seen {age:.0f} s ago"
    role = f"has the estate (epoch {one.epoch})" if one.leads else "stands by"
    makes = f", makes {one.share:.0%} of the checks" if one.share is not None else ""
    way = f", {one.way:.2f} s on the way" if one.way is not None else ""
    return f"{one.name}: {role}, {seen}{makes}{way}"
