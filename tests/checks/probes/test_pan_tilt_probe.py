"""A PTZ camera is moved only where its configuration says so and nobody uses it, and always goes home."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from helpers.results import observed

from healthmon.checks.evaluation.pan_tilt import evaluate
from healthmon.checks.probes import pan_tilt, ptz
from healthmon.checks.probes.context import ProbeContext
from healthmon.checks.probes.ptz_moves import NotRecordedError, PtzMoves
from healthmon.demo.listener import Listener
from healthmon.demo.onvif_sim import OnvifSim
from healthmon.demo.ptz_sim import PRESETS
from healthmon.demo.state import Ports, SimDevice
from healthmon.model.device import Access, Check, Device
from healthmon.model.enums import CheckName, Kind, State
from healthmon.model.ptz import MoveOutcome, PtzMove, PtzPlan
from healthmon.model.results import Verdict
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret

ACCOUNT = Credential("view", "healthmon", Secret("view only"))
ALWAYS = ("00:00", "23:59")
PLAN = PtzPlan(hours=ALWAYS, quiet=0.0, arrive=1.0)
CHECK = Check("C1", CheckName.PAN_TILT, timeout=30.0)
MARKET, BUS = PRESETS["Market"], PRESETS["Bus station"]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pan_tilt, "POLL_SECONDS", 0.02)


@asynccontextmanager
async def served(**faults: Any) -> AsyncIterator[SimDevice]:
    """A PTZ camera at preset Market."""
    sim = SimDevice("C1", "C1", "camera", "127.0.0.1", "s", variant="ptz", faults=faults)
    with Listener(lambda: OnvifSim(sim), "127.0.0.1") as at:
        sim.ports = Ports(http=at.port)
        yield sim


def camera(sim: SimDevice, plan: PtzPlan | None = PLAN) -> Device:
    access = Access(http_port=sim.ports.http, onvif_path="/onvif/device_service", credential="view")
    return Device("C1", "C1", Kind.CAMERA, "s", "127.0.0.1", variant="ptz", access=access, ptz=plan)


class Kit:
    """The context of one agent, with the record of its moves."""

    def __init__(self, folder: Path) -> None:
        self.recorded: list[tuple[str, str, str]] = []
        self.moves = PtzMoves(folder / "ptz", self._record)
        self.context = ProbeContext(
            Connector.of(["127.0.0.1"]),
            LockoutGuard(),
            lambda _name: ACCOUNT,
            ptz_moves=self.moves,
        )

    async def _record(self, camera: str, preset: str, why: str) -> None:
        self.recorded.append((camera, preset, why))

    async def run(self, device: Device) -> Verdict:
        """The one verdict of one run."""
        observation = await observed(
            lambda: pan_tilt.probe(device, CHECK, self.context), device, CHECK
        )
        (found,) = evaluate(observation, device)
        return found


@pytest.fixture
def kit(tmp_path: Path) -> Any:
    made = Kit(tmp_path)
    yield made
    made.context.connector.close()


async def test_it_goes_to_another_preset_and_home_once_a_day(kit: Kit) -> None:
    async with served(ptz_seconds=0.1) as sim:
        found = await kit.run(camera(sim))
        assert found.state is State.OK
        assert found.sentence.startswith(
            "pan and tilt answer: from preset Market to preset Bus station in "
        )
        assert sim.faults["ptz_asked"] == ["2", "1"]
        assert sim.faults["ptz_position"] == MARKET
        assert kit.recorded == [
            ("C1", "preset Bus station", "to prove that it moves"),
            ("C1", "preset Market", "home again"),
        ]
        assert (await kit.run(camera(sim))).sentence == found.sentence
        assert sim.counters.moves == 2, "once a day"
        assert sim.counters.connections_most == 1
        yesterday = kit.moves.last("C1")
        assert yesterday is not None
        kit.moves.keep("C1", replace(yesterday, began=time.time() - 86401))
        await kit.run(camera(sim))
        assert sim.faults["ptz_asked"][2:] == ["3", "1"], "each preset in turn"


def _hours_before_now() -> tuple[str, str]:
    now = datetime.now(ZoneInfo(Device("", "", Kind.CAMERA, "", "").time_zone))
    return f"{now - timedelta(hours=2):%H:%M}", f"{now - timedelta(hours=1):%H:%M}"


@pytest.mark.parametrize(
    ("plan", "faults", "words"),
    [
        (replace(PLAN, quiet=600.0), {}, "at rest for 0 min of 10: an operator may be using it"),
        (PLAN, {"ptz_moving": True}, "it is moving: an operator, a tour or auto-tracking uses it"),
        (PLAN, {"ptz_position": (0.33, 0.1, 0.0)}, "it is at none of its presets"),
        (PLAN, {"ptz_status_zero": True}, "it does not tell where it looks"),
        (PLAN, {"presets": {"Market": MARKET}}, "it has no other preset to be sent to"),
        (replace(PLAN, presets=("Market",)), {}, "it has no other preset to be sent to"),
        (replace(PLAN, hours=_hours_before_now()), {}, "only"),
    ],
)
async def test_it_is_not_moved_while_somebody_may_use_it(
    kit: Kit, plan: PtzPlan, faults: dict[str, Any], words: str
) -> None:
    async with served(**faults) as sim:
        found = await kit.run(camera(sim, plan))
        assert (found.aspect, found.state) == ("waiting", State.OK)
        assert found.sentence.startswith("pan and tilt not checked: ")
        assert words in found.sentence
        assert sim.counters.moves == 0
        assert kit.moves.last("C1") is None


async def test_rest_is_seen_over_the_whole_time_and_any_move_begins_it_anew(kit: Kit) -> None:
    async with served() as sim:
        device = camera(sim, replace(PLAN, quiet=0.2))
        memory = ptz.memory_of(device, kit.context)
        await kit.run(device)
        await asyncio.sleep(0.25)
        sim.faults["ptz_position"] = BUS  # an operator
        assert "at rest for 0 min" in (await kit.run(device)).sentence
        await asyncio.sleep(0.25)
        memory.seen_at -= 2 * ptz.LONGEST_UNSEEN  # nobody has looked in the meantime
        assert "at rest for 0 min" in (await kit.run(device)).sentence
        assert sim.counters.moves == 0
        await asyncio.sleep(0.25)
        assert (await kit.run(device)).state is State.OK
        assert sim.faults["ptz_asked"] == ["1", "2"], "home is where it was"


@pytest.mark.parametrize("ways", ["sweep", "another camera of the site", "no record", "no disk"])
async def test_it_is_not_moved_without_a_turn_or_a_record(
    kit: Kit, ways: str, tmp_path: Path
) -> None:
    async def refused(_camera: str, _preset: str, _why: str) -> None:
        raise NotRecordedError("the store is full")

    async with served() as sim:
        if ways == "sweep":
            kit.moves.record = None
        elif ways == "another camera of the site":
            kit.moves.moving_at.add("s")
        elif ways == "no record":
            kit.moves.record = refused
        else:
            (tmp_path / "ptz").write_text("a file where the folder should be")
        found = await kit.run(camera(sim))
        assert (found.aspect, found.state) == ("waiting", State.OK)
        assert sim.counters.moves == 0
        assert not kit.moves.is_away("C1")


@pytest.mark.parametrize(
    ("faults", "code", "words"),
    [
        ({"ptz_deaf": ("2",)}, "ptz_no_move", "within 1 s it stayed at preset Market"),
        ({"ptz_halfway": ("2",)}, "ptz_not_arrived", "it did not come to rest there"),
    ],
)
async def test_what_does_not_arrive_is_a_fault_and_goes_home(
    kit: Kit, faults: dict[str, Any], code: str, words: str
) -> None:
    async with served(**faults) as sim:
        found = await kit.run(camera(sim))
        assert (found.state, found.code) == (State.FAULT, code)
        assert words in found.sentence
        assert sim.faults["ptz_asked"] == ["2", "1"]
        assert sim.faults.get("ptz_position", MARKET) == MARKET


async def test_a_camera_that_refuses_is_not_checked(kit: Kit) -> None:
    async with served(ptz_refuses=True) as sim:
        found = await kit.run(camera(sim))
        assert found.aspect == "waiting"
        assert "it refused to be moved: " in found.sentence
        assert not kit.moves.is_away("C1"), "it stands where it stood"


async def test_a_camera_that_does_not_come_home_is_told_at_once_and_sent_again(kit: Kit) -> None:
    async with served(ptz_deaf=("1",)) as sim:
        device = camera(sim, replace(PLAN, arrive=0.2))
        found = await kit.run(device)
        assert (found.state, found.code) == (State.FAULT, "ptz_not_returned")
        assert found.sentence.startswith("the camera was sent to preset Bus station at ")
        assert found.sentence.endswith("and has not come back: send C1 to preset Market")
        for _ in range(4):
            assert (await kit.run(device)).code == "ptz_not_returned"
        assert sim.faults["ptz_asked"] == ["2"] + ["1"] * 6, "no more than six times"
        sim.faults["ptz_position"] = MARKET  # by hand
        assert (await kit.run(device)).state is State.OK


async def test_an_operator_who_takes_it_keeps_it(kit: Kit) -> None:
    async with served(ptz_deaf=("1",)) as sim:
        assert (await kit.run(camera(sim))).code == "ptz_not_returned"
        sim.faults |= {"ptz_position": (0.33, 0.1, 0.0), "ptz_deaf": ()}
        found = await kit.run(camera(sim))
        assert found.aspect == "waiting"
        assert "an operator took it while it was moved" in found.sentence
        assert sim.faults["ptz_asked"] == ["2", "1", "1"]


async def test_a_run_that_is_ended_sends_it_home_first(kit: Kit) -> None:
    async with served(ptz_seconds=0.2) as sim:
        task = asyncio.create_task(pan_tilt.probe(camera(sim), CHECK, kit.context))
        while not sim.counters.moves:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert sim.faults["ptz_asked"] == ["2", "1"]
        assert kit.moves.is_away("C1"), "it was not seen there"
        found = await kit.run(camera(sim))
        assert "its move was broken off; it is back" in found.sentence
        assert sim.faults["ptz_asked"] == ["2", "1"]


async def test_a_camera_that_is_away_and_lost_is_still_told(kit: Kit) -> None:
    async with served() as sim:
        device = camera(sim)
        move = PtzMove("1", "preset Market", "2", "preset Bus station", time.time())
        kit.moves.keep("C1", move)
    found = await kit.run(device)
    assert found.code == "ptz_not_returned"


async def test_functions_that_pose_as_presets_are_never_called(kit: Kit) -> None:
    """ptz-function-presets"""
    known = {f"P{number}": (0.02 * number - 0.5, 0.0, 0.0) for number in range(1, 40)}
    move = PtzMove("1", "a", "30", "b", 0.0, away=False)
    async with served(presets=known, ptz_position=known["P1"]) as sim:
        for last in ("30", "31", "32"):
            kit.moves.keep("C1", replace(move, to=last))
            await kit.run(camera(sim))
        assert sim.faults["ptz_asked"] == ["31", "1", "32", "1", "4", "1"], "32 is the last one"
        kit.moves.keep("C1", move)
        await kit.run(camera(sim, replace(PLAN, presets=("P1", "39"))))
        assert sim.faults["ptz_asked"][-2:] == ["39", "1"], "unless it is named"


def test_a_damaged_file_is_no_move(kit: Kit) -> None:
    move = PtzMove("1", "a", "2", "b", 5.0, MoveOutcome.ARRIVED, 2.5, stopped=(0.5, 0.25))
    kit.moves.keep("C1", move)
    assert kit.moves.last("C1") == move
    file = (kit.moves.folder or Path()) / "C1.json"
    assert file.stat().st_mode & 0o777 == 0o600
    for text in ("", "[]", "{}", json.dumps({"home": 1}), file.read_text()[:-5]):
        file.write_text(text)
        assert kit.moves.last("C1") is None


async def test_law_1_without_the_opt_in_nothing_moves_it(kit: Kit) -> None:
    async with served() as sim:
        found = await kit.run(camera(sim, None))
        assert found.aspect == "waiting"
        assert (sim.counters.moves, sim.counters.connections) == (0, 0)
