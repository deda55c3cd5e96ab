"""Network namespaces: for one test its own interfaces, gone with its thread; for a whole run its
own loopback.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.support import EPHEMERAL_PORTS, IN_CI

CLONE_NEWNET = 0x40000000


def ip(*words: str) -> str:
    """Run ``ip`` in the namespace of the calling thread."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def unshare() -> None:
    """Move the calling thread, and what it starts from now on, to a new network namespace with a
    loopback only.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        raise PermissionError(os.strerror(ctypes.get_errno()))
    ip("link", "set", "lo", "up")


def own_loopback() -> bool:
    """Move this process away from the ports and addresses of everybody else's servers; whether that
    is allowed here.

    Nobody but us is in there, so all may send ICMP echoes. Must run before the first thread that is
    to be inside.
    """
    if os.geteuid() != 0 or not shutil.which("ip"):
        return False
    try:
        unshare()
    except PermissionError:
        return False  # root in a container
    first, last = EPHEMERAL_PORTS.start, EPHEMERAL_PORTS.stop - 1
    for name, value in (
        ("ping_group_range", "0 2147483647"),
        ("ip_local_port_range", f"{first} {last}"),
    ):
        with contextlib.suppress(OSError):
            Path(f"/proc/sys/net/ipv4/{name}").write_text(value)
    return True


def inside(job: Callable[[], Any]) -> Any:
    """`job` in a thread with a network namespace of its own; programs that it starts live there
    too.
    """
    ended: dict[str, Any] = {}

    def run() -> None:
        try:
            unshare()
            ended["value"] = job()
        except BaseException as error:
            ended["error"] = error

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    error = ended.get("error")
    if isinstance(error, PermissionError) and not IN_CI:
        pytest.skip("network namespaces need root")
    if error is not None:
        raise error
    return ended.get("value")
