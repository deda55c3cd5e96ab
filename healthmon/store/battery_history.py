"""The history of every UPS battery: for each hour the shortest runtime that the UPS told, and its last
self-test. Pure.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Final

from healthmon.model.results import CheckResult
from healthmon.model.ups import Ups
from healthmon.store.rows import BatteryRow

HOUR: Final = 3600.0
ON_BATTERY: Final = "battery"
# The source of a UPS that tests itself: its runtime is that of the test.
TESTING: Final = "test"


@dataclass(slots=True)
class BatteryHistory:
    """The hour under way of every UPS; a row is handed out when its hour is over."""

    now: dict[str, BatteryRow] = field(default_factory=dict)
    _over: list[BatteryRow] = field(default_factory=list)

    def record(self, result: CheckResult) -> None:
        """Take over what a UPS has told."""
        value, at = result.observation.value, result.observation.at
        if not isinstance(value, Ups):
            return
        device = result.observation.device
        old = self.now.get(device)
        if old is not None and old.since // HOUR == at // HOUR:
            self.now[device] = _with(old, value, max(at, old.until))
            return
        if old is not None:
            self._over.append(old)
        self.now[device] = _with(BatteryRow(device, at, at), value, at)

    def rows(self) -> list[BatteryRow]:
        """The hours that are over since they were last asked for."""
        found, self._over = self._over, []
        return found

    def all(self) -> list[BatteryRow]:
        """The same with the hours under way: for the end of a run, and for a store that begins anew."""
        return [*self.rows(), *self.now.values()]

    def forget(self, keep: Collection[str]) -> None:
        """End the hours of devices that are not in `keep`."""
        for device in [one for one in self.now if one not in keep]:
            self._over.append(self.now.pop(device))


def _with(row: BatteryRow, told: Ups, at: float) -> BatteryRow:
    """The row with one more reading. A test that is told no more stays known."""
    known = [one for one in (row.runtime, told.runtime_seconds) if one is not None]
    if told.source == TESTING:
        known = [row.runtime] if row.runtime is not None else []
    low = [one for one in (row.on_battery, told.runtime_seconds) if one is not None]
    on_battery = min(low, default=None) if told.source == ON_BATTERY else row.on_battery
    tested = told.test_at if told.test_at is not None else row.tested
    result = told.test_result or row.result
    return replace(
        row,
        until=at,
        runtime=min(known, default=None),
        on_battery=on_battery,
        tested=tested,
        result=result,
    )
