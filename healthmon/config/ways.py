"""The keys of the notification channels in a target of `notify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from healthmon.config.notify_schema import Target

WAYS = ("alertmanager", "webhook", "email", "syslog", "apprise", "channel")


def way_of(target: Target) -> str:
    """Which of the notification channels a target is; "" when it is none."""
    return next((way for way in WAYS if getattr(target, way) is not None), "")
