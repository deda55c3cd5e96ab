"""What reports are counted from: the timeline of one device at a time, and the shift checks."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.store import sql
from healthmon.store.engine import Engine
from healthmon.store.rows import BatteryRow, ClockRow

# Sheets are large and come one at a time.
SHEETS_AT_ONCE = 20


class Evidence:
    """The part of a store that reports read. Every method raises StoreError."""

    _engine: Engine

    def stretches(
        self, device: str, since: float, until: float
    ) -> list[tuple[str, str, float, float | None]]:
        """(check, state, since, until) of a device of which some lies in [`since`, `until`), in
        order.
        """
        values = {"device": device, "since": since, "until": until}
        with self._engine.transaction():
            return list(self._engine.execute(sql.STRETCHES, values).fetchall())

    def clocks(self, device: str, since: float, until: float) -> list[ClockRow]:
        """The clock readings of a device of which some lie in [`since`, `until`), in order."""
        values = {"device": device, "since": since, "until": until}
        with self._engine.transaction():
            return [ClockRow(*row) for row in self._engine.execute(sql.CLOCKS, values).fetchall()]

    def last_clocks(self, device: str, before: float) -> dict[str, float]:
        """When each clock of a device was last read before `before`."""
        values = {"device": device, "before": before}
        with self._engine.transaction():
            return dict(self._engine.execute(sql.LAST_CLOCK, values).fetchall())

    def batteries(self, device: str, since: float, until: float) -> list[BatteryRow]:
        """The hours of a UPS of which some lie in [`since`, `until`), in order."""
        values = {"device": device, "since": since, "until": until}
        with self._engine.transaction():
            rows = self._engine.execute(sql.BATTERIES, values).fetchall()
        return [BatteryRow(*row) for row in rows]

    def watched_since(self) -> float | None:
        """When the first agent began to write; None where none ever ran."""
        found = self._value("watched_since")
        return float(found) if found is not None else None

    def watched_until(self) -> float | None:
        """When the last agent last wrote; None where none ever ran."""
        found = self._value("alive")
        return float(found) if found is not None else None

    def _value(self, name: str) -> str | None:
        with self._engine.transaction():
            found = self._engine.execute(sql.META, {"name": name}).fetchone()
        return str(found[0]) if found else None

    def sheets(self, since: float, until: float) -> Iterator[tuple[float, int, str]]:
        """(when, how many signatures, body) of each shift check made in [`since`, `until`), in order."""
        values = {"since": since, "until": until, "after": 0, "limit": SHEETS_AT_ONCE}
        while True:
            with self._engine.transaction():
                rows = self._engine.execute(sql.SHEETS, values).fetchall()
            for _number, at, signatures, body in rows:
                yield at, signatures, body
            if len(rows) < SHEETS_AT_ONCE:
                return
            values["after"] = rows[-1][0]
