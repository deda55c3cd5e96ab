"""Faults that people have raised while no agent runs: they get their numbers as the agent would give
them, and it notifies them when it starts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from healthmon.incidents.incident import EstateState
from healthmon.incidents.reducer import IncidentReducer
from healthmon.inventory import devices as inventory
from healthmon.store import Batch, Store

if TYPE_CHECKING:
    from healthmon.config.schema import Config


def give_numbers(store: Store, config: Config) -> None:
    """Number everything that has none. Only while no agent has the store. Raises StoreError."""
    saved, reducer = store.load(), IncidentReducer()
    reducer.restore(saved.incidents, saved.last_number)
    estate = EstateState({device.id: device for device in inventory.devices(config)})
    numbers = {act.id: reducer.raise_fault(act, estate) for act in store.raised()}
    made = {number: reducer.incidents[number] for number in numbers.values()}
    store.record(Batch(incidents=made, raised=numbers))
