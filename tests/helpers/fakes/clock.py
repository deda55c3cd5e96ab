"""An event loop whose clock does not wait: it stands at the next timer at once."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class _Hasty(selectors.DefaultSelector):  # type: ignore[misc, valid-type]  # which class it is depends on the system
    """Waits for nothing: what was to be waited for has passed."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready; with nothing ready, `timeout` has passed. Waits for ever only for what is
        real.
        """
        found = super().select(timeout if timeout is None else 0)
        if not found and timeout is not None:
            self.passed += max(0.0, timeout)
        return found


class FakeLoop(asyncio.SelectorEventLoop):
    """Its time is what its timers say. `hold_up` is the machine that stood still."""

    def __init__(self) -> None:
        self._hasty = _Hasty()
        super().__init__(self._hasty)

    def time(self) -> float:
        """Seconds since the start."""
        return 1000.0 + self._hasty.passed

    def hold_up(self, seconds: float) -> None:
        """Let time pass in which nothing runs."""
        self._hasty.passed += seconds


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a test by the fake clock."""
    with asyncio.Runner(loop_factory=FakeLoop) as runner:
        runner.run(coroutine)
