"""What the agent that deals checks and those that make them do in the same way."""

from __future__ import annotations

import asyncio
import hashlib
import platform

from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.runtime.estate import Estate
from healthmon.runtime.state import AgentState
from healthmon.store.agent_name import agent_name

# Between two tries to reach the database.
AGAIN_SECONDS = 1.0
# What is written in so short a time goes with one letter.
GATHER_SECONDS = 0.02


async def gathered(bell: asyncio.Event) -> None:
    """Wait until `bell` has rung, and then a moment for what else is to be written."""
    await bell.wait()
    await asyncio.sleep(GATHER_SECONDS)
    bell.clear()


def logins_since(guard: LockoutGuard, revision: int) -> tuple[str, int]:
    """The rejected logins in JSON, "" where there is nothing new since the `revision`, and theirs."""
    now = guard.revision
    return (guard.hand_over() if now != revision else "", now)


def knows_the_time(state: AgentState) -> bool:
    """Whether its time servers tell an agent the time."""
    known = state.known_time.now()
    return known is not None and known.offset is not None


def digest_of(estate: Estate) -> str:
    """Another one wherever agents would check otherwise; where they listen and keep their files does not
    count. It takes a second for 10,000 cameras.
    """
    digest = hashlib.blake2b(digest_size=16)
    for one in (*estate.devices.values(), *estate.planned, estate.config.pictures):
        digest.update(repr(one).encode("utf-8", "replace"))
    return digest.hexdigest()


def place_of(estate: Estate) -> str:
    """What an agent is known by over its lives: its machine and its state directory."""
    told = f"{platform.node()}\0{agent_name()}\0{estate.state_directory}"
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()


def receiver(epoch: int) -> str:
    """Where letters to the agent go that has the estate by the lease `epoch`."""
    return f"estate_{epoch}"
