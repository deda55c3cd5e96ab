"""A network namespace for one test: its own loopback and interfaces, gone with the thread that made it."""

from __future__ import annotations

import ctypes
import os
import subprocess
import threading
from collections.abc import Callable
from typing import Any

import pytest
from support import IN_CI

CLONE_NEWNET = 0x40000000


def ip(*words: str) -> str:
    """Run ``ip`` in the namespace of the calling thread."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def inside(job: Callable[[], Any]) -> Any:
    """`job` in a thread with a network namespace of its own; programs that it starts live there too."""
    libc = ctypes.CDLL(None, use_errno=True)
    ended: dict[str, Any] = {}

    def run() -> None:
        try:
            if libc.unshare(CLONE_NEWNET):
                raise PermissionError(os.strerror(ctypes.get_errno()))
            ip("link", "set", "lo", "up")
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
