"""Simulated cameras with RTSP, and a time server, in a process of their own. Each connection and each session that
plays goes to a file, one line each: time (Unix seconds), camera, "connect" or "play", and the numbers of the other
connections to the camera that were open then, or "-". Where the simulator itself was late: time, "simulator",
"late", seconds.

python logged_estate.py CAMERAS CONTROL_PORT FILE
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from pathlib import Path
from typing import ClassVar, TextIO

from healthmon.demo.clip import encode
from healthmon.demo.estate import Estate
from healthmon.demo.listener import Listener
from healthmon.demo.rtsp_sim import RtspSim
from healthmon.demo.state import SimDevice, has_left
from healthmon.demo.udp_sim import NtpSim

FLUSH_SECONDS, LATE_SECONDS = 0.2, 0.5
# No multiple of an interval: pictures that come round would be a frozen picture.
LAP_SECONDS = 61


class Logged(RtspSim):
    """A session that is written down; `log` is that of the process."""

    log: TextIO
    numbers = itertools.count()
    open: ClassVar[dict[asyncio.BaseTransport, int]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.open[transport] = next(self.numbers)
        self._line("connect")

    def connection_lost(self, exc: Exception | None) -> None:
        del self.open[self._transport]
        super().connection_lost(exc)

    def _play(self, headers: dict[str, str], path: str) -> None:
        self._line("play")
        super()._play(headers, path)

    def _line(self, what: str) -> None:
        others = self._device.visitors - {self._transport}
        here = ",".join(str(self.open[one]) for one in others if not has_left(one))
        self.log.write(f"{time.time():.3f} {self._device.id} {what} {here or '-'}\n")


class LoggedEstate(Estate):
    """Cameras that serve RTSP only; their faults are switched as those of the demonstration."""

    async def start(self) -> None:
        self._moving, self._still = encode(seconds=LAP_SECONDS), encode(moving=False)
        for device in self.devices.values():
            await self._bind(device)

    async def _bind(self, device: SimDevice) -> None:
        if device.has("off"):
            return
        held = self._closers.setdefault(device.id, [])
        if device.kind == "ntp":
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: NtpSim(device), local_addr=(device.address, device.ports.ntp)
            )
            held.append(transport)
            return
        held.append(
            Listener(
                lambda: Logged(device, self._moving, self._still),
                device.address,
                device.ports.rtsp,
            )
        )


def devices(cameras: int) -> list[SimDevice]:
    """The cameras, and three time servers."""
    return [
        SimDevice(f"C{n:03d}", f"Camera {n}", "camera", address(24, n), "quay")
        for n in range(1, cameras + 1)
    ] + [SimDevice(f"N{n}", f"Time {n}", "ntp", address(23, n), "quay") for n in range(1, 4)]


def address(block: int, number: int) -> str:
    """On loopback."""
    return f"127.{block}.{number // 250}.{number % 250 + 1}"


async def main(cameras: int, control: int, file: Path) -> None:
    with file.open("a") as Logged.log:
        estate = LoggedEstate(devices(cameras))
        await estate.start()
        await estate.serve_control(control)
        while True:
            due = time.monotonic() + FLUSH_SECONDS
            await asyncio.sleep(FLUSH_SECONDS)
            if (late := time.monotonic() - due) > LATE_SECONDS:
                Logged.log.write(f"{time.time():.3f} simulator late {late:.1f}\n")
            Logged.log.flush()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
