"""An agent that is killed while a PTZ camera is away brings it home when it starts again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from helpers.support import free_port

from healthmon.demo.listener import Listener
from healthmon.demo.onvif_sim import OnvifSim
from healthmon.demo.ptz_sim import PRESETS
from healthmon.demo.state import Ports, SimDevice
from healthmon.incidents.operations import OperationKind
from healthmon.store.location import FILE, StoreLocation

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
ROOT = Path(__file__).parents[2]
SENT = {
    ("Moved", "car park"): "Moved is at preset Car park (",
    ("Moved", "Town hall"): "no preset 'Town hall'; those are Market, Bus station, Car park",
    ("Never", "Market"): "Never may not be moved: config.yaml does not say",
}
PATHS = os.pathsep.join(str(ROOT / name) for name in (".", "exporters", "tests"))


@contextlib.asynccontextmanager
async def camera(name: str, address: str) -> AsyncIterator[SimDevice]:
    """A PTZ camera at preset Market, two seconds from every other one."""
    sim = SimDevice(
        name, name, "camera", address, "lab", variant="ptz", faults={"ptz_seconds": 2.0}
    )
    with Listener(lambda: OnvifSim(sim), address) as at:
        sim.ports = Ports(http=at.port)
        yield sim


def written(folder: Path, *sims: tuple[SimDevice, str]) -> Path:
    rows = "".join(
        f"  - {{id: {sim.id}, name: {sim.id}, site: lab, address: {sim.address}, kind: ptz, "
        f"credential: view, http: {{port: {sim.ports.http}}}, rtsp: no{more}}}\n"
        for sim, more in sims
    )
    state = folder / "state"
    state.mkdir(mode=0o700)
    config = folder / "config.yaml"
    config.write_text(
        f"estate: {{name: PTZ}}\nagent: {{state_directory: {state}, port: {free_port()}}}\n"
        "sites: [{id: lab}]\ndefaults: {interval: 5 s, timeout: 3 s}\n"
        "credentials: {view: {username: healthmon, secret: {environment: PTZ_PASSWORD}}}\n"
        f"cameras:\n{rows}"
    )
    return config


@contextlib.asynccontextmanager
async def agent(config: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A running agent; it is ended in order, unless the test has killed it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "helpers.ptz_agent",
        str(config),
        env={**os.environ, "PYTHONPATH": PATHS, "PTZ_PASSWORD": "view only"},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def sent(config: Path, name: str, preset: str) -> str:
    """What the command says that sends a camera to a preset."""
    argv = ("ptz", "send", name, preset, "--name", "A. Smith", "--config", str(config))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "healthmon",
        *argv,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": PATHS, "PTZ_PASSWORD": "view only"},
    )
    out, _ = await process.communicate()
    return out.decode()


async def until(condition: Callable[[], bool], seconds: float = 150.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that in time"
        await asyncio.sleep(0.1)


async def test_kill_9_between_the_move_and_the_return_brings_it_home_at_the_next_start(
    tmp_path: Path,
) -> None:
    async with camera("Moved", "127.0.10.1") as moved, camera("Never", "127.0.10.2") as never:
        all_day = ', ptz: {active: yes, hours: "00:00-23:59"}'
        config = written(tmp_path, (moved, all_day), (never, ""))
        kept = tmp_path / "state/ptz/Moved.json"
        async with agent(config) as process:
            await until(lambda: moved.counters.moves == 1)
            process.send_signal(signal.SIGKILL)
            await process.wait()
        assert moved.faults["ptz_asked"] == ["2"]
        assert json.loads(kept.read_text())["home"] == "1", "the way home was there before"
        async with agent(config):
            await until(lambda: moved.counters.moves == 2)
            await until(lambda: not json.loads(kept.read_text())["away"])
            await until(lambda: never.counters.calls > 3)
            said = [await sent(config, *one) for one in SENT]
        assert moved.faults["ptz_asked"] == ["2", "1", "3"]
        assert moved.faults["ptz_position"] == PRESETS["Car park"]
        for words, told in zip(SENT.values(), said, strict=True):
            assert words in told
        assert never.counters.moves == 0, "law 1: nothing that has not opted in is moved"
        assert moved.counters.writes_attempted == never.counters.writes_attempted == 0
    file = tmp_path / "state" / FILE
    with contextlib.closing(StoreLocation(f"sqlite:///{file}", file=file).reader()) as store:
        done = store.operations([OperationKind.PTZ_MOVE], 10)
    told = [(one.subject, one.by, one.get("preset"), one.get("why")) for one in reversed(done)]
    assert told == [
        ("Moved", "healthmon", "preset Bus station", "to prove that it moves"),
        ("Moved", "healthmon", "preset Market", "home again"),
        ("Moved", "A. Smith", "preset Car park", "asked for by a person"),
    ]


def faults(config: Path) -> str:
    """The open faults of the running agent, as `healthmon faults --open` lists them."""
    argv = (sys.executable, "-m", "healthmon", "faults", "--open", "--config", str(config))
    env = {**os.environ, "PYTHONPATH": PATHS, "PTZ_PASSWORD": "view only"}
    return subprocess.run(argv, capture_output=True, text=True, env=env, check=False).stdout


@pytest.mark.thorough
async def test_a_camera_that_does_not_come_home_is_a_fault_with_words_for_the_operator(
    tmp_path: Path,
) -> None:
    async with camera("Deaf", "127.0.10.3") as deaf:
        deaf.faults |= {"ptz_seconds": 0.5, "ptz_deaf": ("1",)}
        config = written(
            tmp_path, (deaf, ', ptz: {active: yes, hours: "00:00-23:59", arrive: 5 s}')
        )
        async with agent(config):
            await until(lambda: deaf.counters.moves >= 2)
            began, told = time.monotonic(), ""
            while "send Deaf to preset Market" not in told:
                assert time.monotonic() - began < 240, told
                await asyncio.sleep(4)
                told = await asyncio.to_thread(faults, config)
            assert "has not come back" in told
            deaf.faults |= {"ptz_position": PRESETS["Market"]}  # an operator has done as it says
            end = time.monotonic() + 300
            while "Deaf" in told:
                assert time.monotonic() < end, told
                await asyncio.sleep(5)
                told = await asyncio.to_thread(faults, config)
