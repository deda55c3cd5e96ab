"""What every notification channel promises, and how it fails: for good, or to be tried again.

A sender delivers one notice within its own deadline or raises `SendError`; it keeps no queue, does
not retry and does not log: the dispatcher does, from the outbox. Sending the same notice twice must
be harmless (`Notice.id`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from healthmon.notifications.notice import Notice


class SendError(Exception):
    """A notice was not (or not provably) delivered; the text is one plain line without secrets.

    `permanent`: trying the same again cannot succeed until a person changes something.
    `retry_after`: seconds that the receiver asked us to wait, None where it did not say.
    """

    def __init__(
        self, message: str, *, permanent: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after


class Sender(Protocol):
    """One notification channel to one target. `name` is the target's name in config.yaml."""

    @property
    def name(self) -> str:
        """The target's name in config.yaml."""
        ...

    async def send(self, notice: Notice) -> None:
        """Deliver `notice` within the target's deadline. Raises SendError and nothing else."""
        ...

    async def aclose(self) -> None:
        """Free what the sender holds; it can be called twice."""
        ...


@runtime_checkable
class Resender(Protocol):
    """A sender whose receiver forgets what is not repeated (Alertmanager)."""

    @property
    def resend_seconds(self) -> float:
        """How often `resend` is due."""
        ...

    async def resend(self, notices: Sequence[Notice]) -> None:
        """Say again that all of `notices` are still open. Raises SendError."""
        ...


async def set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for `event`, for at most `seconds`; whether it is set."""
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            await event.wait()
    except TimeoutError:
        return event.is_set()
    return True
