"""A sender that tells its target less than the notice holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from healthmon.notifications.detail import Detail, reduced
from healthmon.notifications.notice import Notice
from healthmon.notifications.sender import Resender, Sender


class LessDetail:
    """`sender` with notices that are reduced to `detail`."""

    def __init__(self, sender: Sender, detail: Detail) -> None:
        self._sender = sender
        self._detail = detail

    @property
    def name(self) -> str:
        """The target's name in config.yaml."""
        return self._sender.name

    async def send(self, notice: Notice) -> None:
        """Deliver the reduced notice. Raises SendError and nothing else."""
        await self._sender.send(reduced(notice, self._detail))

    async def aclose(self) -> None:
        """Free what the sender holds."""
        await self._sender.aclose()


class LessDetailAgain(LessDetail):
    """The same for a sender whose receiver forgets what is not repeated."""

    def __init__(self, sender: Any, detail: Detail) -> None:
        super().__init__(sender, detail)
        self._resender: Resender = sender

    @property
    def resend_seconds(self) -> float:
        """How often `resend` is due."""
        return self._resender.resend_seconds

    async def resend(self, notices: Sequence[Notice]) -> None:
        """Say again that all of `notices` are still open. Raises SendError."""
        await self._resender.resend([reduced(one, self._detail) for one in notices])


def with_detail(sender: Sender, detail: Detail) -> Sender:
    """`sender`, which tells no more than `detail`."""
    if detail is Detail.FULL:
        return sender
    if isinstance(sender, Resender):
        return LessDetailAgain(sender, detail)
    return LessDetail(sender, detail)
