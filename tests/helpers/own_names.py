"""Cameras that are configured by name, and a name server of ours for the product alone: a
resolv.conf that only it sees.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.fakes.dns_server import DnsServer
from helpers.peers.namespaces import ip
from helpers.support import IN_CI, need

HERE, GOOD = "192.0.2.53", "192.0.2.7"
_MOUNTED = 'mount --bind {file} /etc/resolv.conf && exec "$@"'


def own_addresses() -> None:
    """Give this process's own network the addresses of the name server and of the cameras; skip
    where it has none.
    """
    need("ip", "unshare", "mount")
    if os.geteuid() != 0 or len(ip("-o", "link", "show", "up").splitlines()) > 1:
        assert not IN_CI, "the tests must run as root in .ci/run"
        pytest.skip("needs root in a network namespace of its own")
    for address in (HERE, GOOD):
        if address not in ip("addr", "show", "dev", "lo"):
            ip("addr", "add", f"{address}/32", "dev", "lo")
    if "192.0.2.0/24" not in ip("route"):
        ip("route", "add", "192.0.2.0/24", "dev", "lo")


@contextlib.contextmanager
def away() -> Iterator[None]:
    """The machine at `GOOD` is without power: nothing there answers, a ping neither."""
    ip("addr", "del", f"{GOOD}/32", "dev", "lo")
    try:
        yield
    finally:
        ip("addr", "add", f"{GOOD}/32", "dev", "lo")


def before(folder: Path, options: str = "timeout:5 attempts:2") -> tuple[str, ...]:
    """What starts a command that asks our name server only."""
    file = folder / "resolv.conf"
    file.write_text(f"nameserver {HERE}\noptions {options}\n")
    return ("unshare", "-m", "sh", "-c", _MOUNTED.format(file=file), "sh")


def named_cameras(ports: Iterable[int]) -> list[dict[str, Any]]:
    """Cameras by name, asked by HTTP only, all on one machine."""
    basics = {"site": "s", "kind": "fixed", "rtsp": "no", "onvif": "no"}
    return [
        basics
        | {"id": f"C{n}", "name": f"Eye {n}", "address": f"c{n}.cam.test", "http": {"port": port}}
        for n, port in enumerate(ports, 1)
    ]


def names(count: int) -> dict[str, str | int]:
    """The names of `named_cameras` and their address."""
    return {f"c{n}.cam.test": GOOD for n in range(1, count + 1)}


def fail(server: DnsServer, *how: int) -> None:
    """From now on every name is answered by one of `how`, in turn."""
    server.names = {name: how[n % len(how)] for n, name in enumerate(server.names)}
