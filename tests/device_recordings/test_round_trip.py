"""A device that is recorded and then replayed gets the same verdicts from the same probes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from helpers import replay

from healthmon.cli import record
from healthmon.config import loading
from healthmon.demo.estate import Estate
from healthmon.demo.plan import plan, share_address, write_config
from healthmon.device_recordings import recording as form
from healthmon.device_recordings import scan
from healthmon.runtime import engine as composition

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
    for device in ("C001", "C002", "R1", "UPS1"):
        engine = composition.build(loading.load(config))
        made, known = await record.taken(engine, config, device)
        files = form.texts(made)
        assert {name: list(scan.problems(text, known)) for name, text in files.items()} == {
            name: [] for name in files
        }
        folder = tmp_path / device
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)
        again = form.read(folder)
        assert form.texts(again) == files
        assert any(one.exchanges for one in again.checks)
        assert await replay.verdicts(again, folder) == again.expected, device
        if device == "C002":
            assert "FAULT clock_offset" in str(again.expected) or "clock" in str(again.expected)
