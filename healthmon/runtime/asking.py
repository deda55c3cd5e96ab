"""The record, asked by the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from healthmon.runtime.agent import Agent
from healthmon.store import Store, StoreError
from healthmon.store.engine import TroubleError
from healthmon_exporters.pages.feed import NoRecordError, NotDoneError

T = TypeVar("T")


async def asked(agent: Agent, read: Callable[[Store], T]) -> T:
    """The answer of the record, asked in its own thread. Raises NoRecordError where it cannot be
    used, NotDoneError for what it refuses.
    """
    answer: list[T] = []
    try:
        store_writer = agent.incident_service.store_writer
        await store_writer.query(lambda store: answer.append(read(store)))
    except TroubleError as error:
        raise NoRecordError(str(error)) from error
    except StoreError as error:
        raise NotDoneError(str(error)) from error
    return answer[0]


async def entered(agent: Agent, write: Callable[[Store], T]) -> T:
    """What `write` makes in the record; the agent knows it at once. Raises as `asked`."""
    made = await asked(agent, write)
    await agent.incident_service.take_over()
    return made
