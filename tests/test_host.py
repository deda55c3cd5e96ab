"""The tests depend on nothing of the machine that they run on: its ports, its environment."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path

import pytest
from helpers.support import IN_CI, LISTEN_PORTS, free_port

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def alone() -> bool:
    """Whether this process has a network of its own: `lo` is its only interface."""
    return [name for _, name in socket.if_nameindex()] == ["lo"]


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["tcp", "udp"])
def test_a_free_port_is_given_once_and_is_free(kind: int) -> None:
    ports = [free_port(kind) for _ in range(30)]
    assert len(set(ports)) == 30
    assert set(ports) <= set(LISTEN_PORTS)
    for port in ports:
        with socket.socket(socket.AF_INET, kind) as sock:
            sock.bind(("127.0.0.1", port))


def test_a_port_that_somebody_has_is_not_given() -> None:
    given = free_port()
    with contextlib.ExitStack() as stack:
        for port in range(given + 1, given + 6):
            sock = stack.enter_context(socket.socket())
            with contextlib.suppress(OSError, OverflowError):
                sock.bind(("127.0.0.1", port))
        assert not {free_port() for _ in range(5)} & set(range(given + 1, given + 6))


def test_connections_get_no_port_that_is_for_listening() -> None:
    if not alone():
        assert not IN_CI, "the tests must run as root in .ci/run"
        pytest.skip("needs a network of its own")
    first, last = map(int, RANGE.read_text().split())
    assert not set(LISTEN_PORTS) & set(range(first, last + 1))


def test_nothing_in_the_environment_sends_the_tests_elsewhere() -> None:
    names = {name.lower() for name in os.environ}
    assert not {name for name in names if name.endswith("_proxy")}
    assert not names & {"tz", "notify_socket", "healthmon_config", "credentials_directory"}
