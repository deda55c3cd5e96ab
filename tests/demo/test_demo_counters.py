"""The simulator's own count of visitors, by which the laws are tried: it sees two at once, and only
then.
"""

from __future__ import annotations

import asyncio

from healthmon.demo.listener import Listener
from healthmon.demo.state import SimDevice, Visitor


async def test_two_connections_at_once_are_seen_and_one_after_the_other_are_not():
    device = SimDevice("C001", "One", "camera", "127.0.0.1", "market")
    server = Listener(lambda: Visitor(device), "127.0.0.1")
    for _ in range(20):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.close()  # the simulator has not come to notice it when the next one is there
    await asyncio.sleep(0.2)
    assert (device.counters.connections, device.counters.connections_most) == (20, 1)
    (_, first), (_, second) = [
        await asyncio.open_connection("127.0.0.1", server.port) for _ in range(2)
    ]
    await asyncio.sleep(0.2)
    assert device.counters.connections_most == 2
    for writer in (first, second):
        writer.close()
    server.close()
