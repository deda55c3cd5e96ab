"""The limit of open files: each connection to a device is one."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator

# As LimitNOFILE of the units in packaging/systemd: enough for any number of checks that is allowed.
WANTED = 65_536
# Checks of devices that are slow have slots of their own, as many as all others.
FILES_A_SLOT = 2
# The store, visitors of the pages, notification channels, other processes, what all checks share.
OWN_FILES = 200


def raise_limit() -> None:
    """Let this process open as many files as it may allow itself. A shell allows 1,024 for the sake of
    programs that use select(2).
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(OSError, ValueError):  # macOS allows less than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def problems(concurrency: int) -> Iterator[str]:
    """One line where the limit does not suffice for `concurrency` checks at the same time."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = FILES_A_SLOT * concurrency + OWN_FILES
    if allowed != resource.RLIM_INFINITY and allowed < needed:
        yield (
            f"this machine lets healthmon open {allowed} files, and {concurrency} checks at the same time may need"
            f" {needed}: checks will be UNKNOWN for want of them; raise LimitNOFILE of the service, or the hard"
            " limit of the shell (ulimit -Hn)"
        )
