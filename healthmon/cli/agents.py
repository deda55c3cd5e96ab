"""``healthmon agents``: which agent has the estate, and which stand by."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

from healthmon.cli.console import fail, load, say
from healthmon.cli.json_rows import AgentRow, print_rows
from healthmon.config.problems import ConfigError
from healthmon.config.schema import Config
from healthmon.store import StoreError, lease, location
from healthmon.store.lease import Member

ALONE = "history is in a file of this machine: one agent has the estate, and none stands by"
NOBODY = "no agent has had the estate yet"


def agents(config: Path | None, *, as_json: bool) -> int:
    """Print the agents of the estate; the exit code: 1 where none has it, or the one that has it was
    silent for longer than a takeover.
    """
    _, loaded = load(config)
    if loaded.database is None:
        sys.stdout.write("[]\n" if as_json else f"{ALONE}\n")
        return 0
    now, found = _read(loaded)
    if as_json:
        print_rows([_row(one, now) for one in found])
    else:
        sys.stdout.write(_as_text(found, now))
    if not found:
        say(NOBODY)
    if loaded.database.takeover is None:
        say("a second agent would not stand by: `database` has no `takeover`")
    return 0 if _has_agent(found, now, loaded.database.takeover or location.TAKEOVER_SECONDS) else 1


def _read(config: Config) -> tuple[float, list[Member]]:
    try:
        where = location.place(config)
        return lease.members_of(where.url, where.password)
    except (StoreError, ConfigError) as error:
        raise fail(str(error)) from None


def _has_agent(found: list[Member], now: float, seconds: float) -> bool:
    ages = [one.age(now) for one in found if one.leads]
    return any(age is not None and age < seconds for age in ages)


def _as_text(found: list[Member], now: float) -> str:
    return "".join(f"{_line(one, now)}\n" for one in found)


def _row(one: Member, now: float) -> AgentRow:
    role: Literal["has_estate", "stands_by"] = "has_estate" if one.leads else "stands_by"
    return AgentRow(one.name, role, one.age(now), one.epoch)


def _line(one: Member, now: float) -> str:
    age = one.age(now)
    seen = "has ended" if age is None else f"seen {age:.0f} s ago"
    role = f"has the estate (epoch {one.epoch})" if one.leads else "stands by"
    return f"{one.name}: {role}, {seen}"
