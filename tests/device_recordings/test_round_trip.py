"""A device that is recorded and then replayed gets the same verdicts from the same probes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from helpers.product import Product
from helpers.recorder_rig import HOST, simulated
from helpers.recording import round_trip

from healthmon.demo.estate import Estate
from healthmon.demo.listener import Listener
from healthmon.demo.plan import plan, share_address, write_config
from healthmon.demo.recorders.engine import RecorderSim

pytestmark = pytest.mark.slow


@pytest.fixture
async def config(tmp_path: Path) -> AsyncIterator[Path]:
    """The simulated estate on 127.0.0.1."""
    devices = plan(2, 1, 1)
    share_address(devices)
    folder = tmp_path / "estate"
    path = write_config(devices, folder)
    estate = Estate(devices)
    await estate.start()
    await estate.set_fault("C002", "clock_offset", 3600)
    yield path
    await estate.stop()


async def test_simulated_devices_are_the_same_when_they_are_replayed(
    config: Path, tmp_path: Path
) -> None:
    for device in ("C001", "R1", "UPS1", "VMS1", "S01"):
        found = await round_trip(config, device, tmp_path / device)
        assert {said for check in found.values() for said in check.values()} == {"OK"}, found
    found = await round_trip(config, "C002", tmp_path / "C002")
    assert found["D1 clock"]["offset"].startswith("FAULT clock_"), found


@pytest.mark.parametrize("make", ["hikvision", "dahua", "axis"])
async def test_recorders_are_the_same_when_they_are_replayed(make: str, tmp_path: Path) -> None:
    sim = simulated(make, channels=2)
    place = {"site": "s", "address": HOST, "credential": "view", "rtsp": "no"}
    recorder = {"id": "R1", "name": "Recorder 1", "make": make}
    cameras = [
        {"id": f"C{name}", "name": title, "kind": "fixed", "recorder": "R1", "channel": name}
        | {**place, "address": f"127.0.0.{2 + int(name)}", "onvif": "no"}
        for name, title in sim.channels.items()
    ]
    product = Product(tmp_path)
    (tmp_path / "secret").write_text("view only\n")
    with Listener(lambda: RecorderSim(sim), HOST) as at:
        recorder["http"] = {"port": at.port}
        product.write({"recorders": [recorder | place], "cameras": cameras})
        found = await round_trip(product.config, "R1", tmp_path / "made")
    assert [told["disks"] for name, told in found.items() if name.endswith(" recorder")] == ["OK"]
    assert len([name for name in found if " recording " in name]) == 2
