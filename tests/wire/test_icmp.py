"""ICMP echo where the system allows it; its absence is no error."""

from __future__ import annotations

import asyncio
import socket

import pytest

from healthmon.wire import icmp
from healthmon.wire.errors import AddressError
from healthmon.wire.net import Net


def allowed() -> bool:
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP).close()
    except OSError:
        return False
    return True


async def test_without_permission_there_is_simply_no_answer() -> None:
    taken = await icmp.echo(Net.of(["127.0.0.1"]), "127.0.0.1")
    assert (taken is not None) == allowed()


async def test_an_unlisted_address_gets_no_echo() -> None:
    with pytest.raises(AddressError):
        await icmp.echo(Net.of(["127.0.0.1"]), "127.0.0.2")


@pytest.mark.skipif(not allowed(), reason="net.ipv4.ping_group_range does not allow echoes here")
async def test_a_burst_of_echoes_loses_none() -> None:
    hosts = [f"127.0.1.{i}" for i in range(1, 201)]
    net = Net.of(hosts)
    assert all(await asyncio.gather(*(icmp.echo(net, host) for host in hosts)))
