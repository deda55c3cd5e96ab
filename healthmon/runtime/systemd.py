"""Notifies the service manager: ready, at work, stopping (sd_notify(3)). Without systemd it does
nothing.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable

log = logging.getLogger("healthmon")

STATUS_SECONDS = 10.0


def tell(*lines: str) -> None:
    """Send `lines` (as in ``READY=1``) to ``$NOTIFY_SOCKET``; a socket that takes nothing is no
    reason to fail.
    """
    place = os.environ.get("NOTIFY_SOCKET", "")
    if not place:
        return
    address = "\0" + place[1:] if place.startswith("@") else place
    with socket.socket(
        socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
    ) as sock:
        try:
            sock.sendto("\n".join(lines).encode(), address)
        except OSError as error:
            log.debug("the service manager cannot be notified: %s", error)


def beat_seconds() -> float:
    """The interval of watchdog signals: half of what ``$WATCHDOG_USEC`` allows
    (sd_watchdog_enabled(3)).
    """
    allowed, who = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not allowed.isdigit() or int(allowed) == 0 or (who and who != str(os.getpid())):
        return STATUS_SECONDS
    return min(STATUS_SECONDS, int(allowed) / 2e6)


async def watch(alive: Callable[[], bool], status: Callable[[], str]) -> None:
    """Send watchdog signals for ever, but only while `alive`: a program that hangs is to be
    restarted.
    """
    well = True
    while True:
        now = alive()
        if now:
            tell("WATCHDOG=1", f"STATUS={status()}")
        elif well:
            log.error("checks have stopped; the service manager gets no more watchdog signals")
            tell("STATUS=checks have stopped")
        well = now
        await asyncio.sleep(beat_seconds())
