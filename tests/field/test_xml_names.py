"""Names in XML answers that no answer had before: the agent's memory does not grow with them."""

from __future__ import annotations

import asyncio
import itertools
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from helpers.fakes import onvif_camera
from helpers.fakes.rtsp_server import Camera
from helpers.field_cameras import camera_row
from helpers.loopback import http, request, served
from helpers.product import Product, Running
from helpers.support import Peers

pytestmark = pytest.mark.slow
MIB = 2**20
ANSWER_BYTES = 145 * 1024
CAMERAS, SETTLED = 60, 20
MOST_GROWTH = 8 * MIB  # the other build grew by 435 kB each time: 17 MB


class FreshNames:
    """A web server whose every SOAP answer has names that nobody used before: of elements, of
    attributes, of prefixes, or of namespaces.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._numbers = itertools.count()
        self.answered = 0

    def name(self) -> str:
        """A name of its own for every call."""
        return f"n{next(self._numbers):x}Zq"

    def piece(self) -> str:
        """One element."""
        name = self.name()
        return {
            "elements": f"<{name}/>",
            "attributes": f'<a {name}="1"/>',
            "prefixes": f'<{name}:a xmlns:{name}="u"/>',
            "namespaces": f'<a xmlns="urn:{name}"/>',
        }[self._kind]

    def body(self) -> bytes:
        """The time, and beside it about `ANSWER_BYTES` of names."""
        pieces: list[str] = []
        size = 0
        while size < ANSWER_BYTES:
            pieces.append(self.piece())
            size += len(pieces[-1])
        time = onvif_camera.moment(datetime.now(UTC))
        return onvif_camera.SOAP.format(time + "".join(pieces)).encode()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        self.answered += 1
        writer.write(http(self.body(), "200 OK", "Content-Type: application/soap+xml"))
        await writer.drain()
        writer.close()


def resident(agent: Running) -> int:
    """Bytes of the agent's memory."""
    status = Path(f"/proc/{agent.process.pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) * 1024


def grown(agent: Running) -> int:
    """What the checks of most cameras cost in memory for good, after `SETTLED` of them."""
    before = 0
    for number in range(1, CAMERAS + 1):
        status, text = agent.get(f"/probe?target=C{number}&module=clock")
        assert status == 200, text
        if number == SETTLED:
            before = resident(agent)
    return resident(agent) - before


@pytest.mark.parametrize("kind", ["elements", "attributes", "prefixes", "namespaces"])
async def test_ff_f6_answers_with_ever_fresh_names_leave_the_memory_as_it_is(
    kind: str, tmp_path: Path, module_peers: Peers
) -> None:
    web, camera = FreshNames(kind), Camera()
    async with (
        served(web, host="0.0.0.0") as pages,
        served(camera.talk, host="0.0.0.0") as rtsp,
    ):
        rows = [
            camera_row(rtsp.port, http={"port": pages.port}, onvif="/onvif/device_service")
            | {"id": f"C{number}", "name": f"Camera {number}", "address": f"127.0.1.{number}"}
            for number in range(1, CAMERAS + 1)
        ]
        product = Product(tmp_path, {"cameras": rows, "defaults": {"interval": "10 min"}})

        def watched() -> int:
            with product.agent(module_peers) as agent:
                return grown(agent)

        growth = await asyncio.to_thread(watched)
    assert web.answered >= CAMERAS
    assert growth < MOST_GROWTH, f"{growth / MIB:.1f} MiB"
