"""NUT's own upsd with its dummy-ups driver: mains, battery, a frozen driver and a dead one."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable

import pytest
from helpers.support import Peers, free_port, need

from healthmon.checks.evaluation import ups as verdict
from healthmon.checks.probes import ups
from healthmon.checks.probes.context import ProbeContext
from healthmon.model import ups as says
from healthmon.model.device import Access, Check, Device, NutAccess
from healthmon.model.enums import CheckName, Kind, State
from healthmon.model.results import Observation
from healthmon.model.ups import Ups
from healthmon.protocols.errors import NotFoundError
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret

pytestmark = pytest.mark.peer

HOST = "127.0.0.1"
UPSD, DRIVER = "/lib/nut/upsd", "/lib/nut/dummy-ups"


class Nut:
    """upsd with one UPS ``cctv`` whose state a file gives; the driver reads it again within 4 s."""

    def __init__(self, peers: Peers) -> None:
        need(UPSD, DRIVER)
        self.port = free_port()
        folder = peers.folder / "nut"
        for name in ("state", "run"):
            (folder / name).mkdir(parents=True)
        self.file = folder / "cctv.dev"
        (folder / "ups.conf").write_text(
            f"[cctv]\ndriver=dummy-ups\nport={self.file}\nmode=dummy-once\n"
        )
        (folder / "upsd.conf").write_text(f"LISTEN {HOST} {self.port}\nMAXAGE 3\n")
        (folder / "upsd.users").write_text("")
        for path in folder.glob("upsd.*"):
            path.chmod(0o600)
        env = {
            "NUT_CONFPATH": folder,
            "NUT_STATEPATH": folder / "state",
            "NUT_ALTPIDPATH": folder / "run",
        }
        told = {name: str(path) for name, path in env.items()}
        self.status("OL CHRG")
        self.driver: subprocess.Popen[bytes] = peers.start(
            DRIVER, "-a", "cctv", "-u", "root", "-D", env=told
        )
        end = time.monotonic() + 60
        while not list((folder / "state").glob("dummy-ups-cctv*")) and time.monotonic() < end:
            time.sleep(0.05)
        peers.start(UPSD, "-u", "root", "-F", env=told)
        peers.wait_tcp(HOST, self.port)

    def status(self, status: str) -> None:
        lines = [
            f"ups.status: {status}",
            "battery.charge: 98",
            "battery.runtime: 2460",
            "ups.load: 38",
            "ups.model: E",
        ]
        self.file.write_text("\n".join(lines) + "\n")


async def until(
    look: Callable[[], Awaitable[Ups]], wanted: Callable[[Ups], bool], seconds: float = 20
) -> Ups:
    """Look until it is so; the driver takes some seconds."""
    end = time.monotonic() + seconds
    seen = await look()
    while not wanted(seen) and time.monotonic() < end:
        await asyncio.sleep(0.25)
        seen = await look()
    assert wanted(seen), seen
    return seen


async def test_c31_mains_battery_frozen_driver_and_dead_driver(peers: Peers) -> None:
    """One start of the daemons for the whole story: they take seconds for every step."""
    nut = Nut(peers)
    context = ProbeContext(
        Connector.of([HOST]), LockoutGuard(), lambda name: Credential(name, "", Secret(""))
    )
    device = Device("U1", "U1", Kind.UPS, "s", HOST, access=Access(nut=NutAccess("cctv", nut.port)))

    async def look() -> Ups:
        return await ups.probe(device, Check("U1", CheckName.UPS), context)

    def power(seen: Ups) -> tuple[State, str]:
        first = verdict.evaluate(Observation("U1", CheckName.UPS, "", 1000.0, 0.1, seen), device)[0]
        return first.state, first.code

    seen = await until(look, lambda seen: seen.source == "normal")
    assert (seen.runtime_seconds, seen.charge_ratio, seen.load_ratio, seen.model) == (
        2460.0,
        0.98,
        0.38,
        "E",
    )
    assert seen.stand_in == "a simulated UPS (NUT's dummy-ups)"
    assert power(seen) == (State.UNKNOWN, "not_reported")
    nut.status("OB DISCHRG LB")
    seen = await until(look, lambda seen: seen.source == "battery")
    assert says.BATTERY_LOW in seen.conditions
    assert power(seen) == (State.FAULT, "on_battery")
    nut.driver.send_signal(signal.SIGSTOP)
    seen = await until(look, lambda seen: says.LINK_LOST in seen.conditions)
    assert power(seen) == (State.UNKNOWN, "ups_comms_lost")
    nut.driver.send_signal(signal.SIGCONT)
    await until(look, lambda seen: seen.source == "battery")
    nut.driver.kill()
    nut.driver.wait(60)
    seen = await until(look, lambda seen: says.LINK_LOST in seen.conditions)
    assert power(seen) == (State.UNKNOWN, "ups_comms_lost")
    unknown = Device(
        "U2", "U2", Kind.UPS, "s", HOST, access=Access(nut=NutAccess("other", nut.port))
    )
    with pytest.raises(NotFoundError):
        await ups.probe(unknown, Check("U2", CheckName.UPS), context)
