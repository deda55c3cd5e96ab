"""Where a PTZ camera looked while its picture came, by what it says before and after."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.ptz_cameras import serving, taught
from helpers.results import observed

from healthmon.checks.evaluation.picture import evaluate
from healthmon.checks.probes import picture, ptz, stream
from healthmon.checks.probes.context import ProbeContext
from healthmon.checks.probes.ptz_memory import PtzMemory
from healthmon.demo.ptz_sim import PRESETS
from healthmon.demo.state import SimDevice
from healthmon.model.device import Access, Check, Device, StreamSpec
from healthmon.model.enums import CheckName, Kind, State
from healthmon.model.results import Verdict
from healthmon.picture.baselines import Baselines
from healthmon.picture.pool import PicturePool
from healthmon.picture.service import PictureService
from healthmon.picture.views import Looking, ViewFiles
from healthmon.protocols.onvif.ptz import Position, Preset, Status
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret

ACCOUNT = Credential("view", "healthmon", Secret("view only"))
HERE, THERE = Position(0.1, 0.2, 0.0), Position(0.5, 0.2, 0.0)
ONE = (Preset("1", "Market", HERE), Preset("2", "Preset 2", THERE), Preset("3", "3", None))
AT_ONE = Looking("1", "preset Market")
MOVED = Looking(why=ptz.MOVING)


@pytest.mark.parametrize(
    ("first", "last", "wanted"),
    [
        (Status(HERE, False), Status(HERE, False), AT_ONE),
        (Status(HERE, None), Status(Position(0.1015, 0.2, None), None), AT_ONE),
        (Status(THERE, False), Status(THERE, False), Looking("2", "Preset 2")),
        (Status(HERE, False), Status(THERE, False), MOVED),
        (Status(HERE, False), Status(HERE, True), MOVED),
        (Status(HERE, True), Status(HERE, False), MOVED),
        (Status(None, True), Status(None, True), MOVED),
        (Status(Position(0.3, 0, 0), False), Status(Position(0.3, 0, 0), False), Looking()),
        (Status(Position(0.1, 0.2, 0.5), False), Status(Position(0.1, 0.2, 0.5), False), Looking()),
        (Status(None, False), Status(None, False), Looking(may_learn=True)),
        (None, None, Looking(may_learn=True)),
    ],
)
def test_where_it_looked(first: Status | None, last: Status | None, wanted: Looking):
    assert ptz.looking(first, last, PtzMemory(presets=ONE)) == wanted


def test_degrees_are_compared_as_degrees():
    known = (Preset("1", "1", Position(-120.0, 10.0, 1.0)),)
    assert ptz.nearest(Position(-120.3, 10.0, 1.0), known) == known[0]
    assert ptz.nearest(Position(-119.0, 10.0, 1.0), known) is None


def test_a_camera_that_always_says_moving_is_believed_by_its_position():
    """ptz-always-moving"""
    stuck = PtzMemory(presets=ONE, moving=6)
    assert ptz.looking(Status(HERE, True), Status(HERE, True), stuck) == AT_ONE
    assert ptz.looking(Status(HERE, True), Status(THERE, True), stuck) == MOVED


def test_zero_is_believed_once_another_position_was_told():
    """ptz-status-zero"""
    memory, zero = PtzMemory(), Status(Position(0, 0, 0), False)
    assert ptz.believed(zero, memory).position is None
    assert ptz.believed(Status(HERE, False), memory).position == HERE
    assert ptz.believed(zero, memory) == zero


def device_of(sim: SimDevice, variant: str = "ptz") -> Device:
    access = Access(
        rtsp_port=sim.ports.rtsp,
        http_port=sim.ports.http,
        onvif_path="/onvif/device_service",
        credential="view",
    )
    streams = (StreamSpec(path="/stream1"),)
    return Device(
        "C1", "C1", Kind.CAMERA, "s", "127.0.0.1", variant=variant, access=access, streams=streams
    )


@asynccontextmanager
async def context(folder: Path) -> AsyncIterator[ProbeContext]:
    service = PictureService(PicturePool(size=1, seconds=60), Baselines(folder), 0.0)
    made = ProbeContext(
        Connector.of(["127.0.0.1"]), LockoutGuard(), lambda _name: ACCOUNT, pictures=service
    )
    try:
        yield made
    finally:
        await service.pool.close()
        made.connector.close()


async def judged(
    sim: SimDevice, kit: ProbeContext, device: Device | None = None
) -> dict[str, Verdict]:
    """The verdicts about the picture of one check."""
    device = device or device_of(sim)
    check = Check("C1", CheckName.STREAM, "main", timeout=20.0, watch=0.4)
    kit.memory_of("C1").stream("main").picture = None
    await stream.probe(device, check, kit)
    found = Check("C1", CheckName.PICTURE, "main", timeout=20.0)
    observation = await observed(lambda: picture.probe(device, found, kit), device, found)
    return {one.aspect: one for one in evaluate(observation, device)}


async def test_a_picture_is_judged_by_the_preset_that_the_camera_tells(tmp_path: Path):
    taught(tmp_path, "C1", {"Market": "Market", "Bus station": "Bus station"})
    place: dict[str, str | int] = {"now": "Market"}
    async with serving(place) as sim, context(tmp_path) as kit:
        view = (await judged(sim, kit))["view"]
        assert view.state is State.OK, view.sentence
        assert view.sentence.endswith("at preset Market")

        sim.faults["ptz_position"], place["now"] = PRESETS["Bus station"], "Bus station"
        found = await judged(sim, kit)
        assert (found["view"].state, found["focus"].state) == (State.OK, State.OK)

        place["now"] = "Car park"  # at the position of the bus station
        view = (await judged(sim, kit))["view"]
        assert (view.state, view.code) == (State.DEGRADED, "view_changed"), view.sentence
        assert view.sentence.endswith("at preset Bus station")

        sim.faults["ptz_moving"] = True
        found = await judged(sim, kit)
        assert not {"focus", "view"} & set(found), "an old fault is not raised again"
        assert found["preset"].sentence.endswith(
            "since then the camera was moving: send C1 to preset Bus station"
        )
        assert sim.counters.writes_attempted == 0
        assert sim.counters.connections_most == 1, "one connection at a time"


async def test_without_a_true_status_the_view_is_recognised_and_never_moved(tmp_path: Path):
    taught(tmp_path, "C1", {"Market": "Market", "Bus station": "Bus station"})
    place: dict[str, str | int] = {"now": "Bus station"}
    async with serving(place, ptz_status_zero=True) as sim, context(tmp_path) as kit:
        view = (await judged(sim, kit))["view"]
        assert view.state is State.OK
        assert view.sentence.endswith("at preset Bus station")
        place["now"] = 29
        found = await judged(sim, kit)
        assert "focus" not in found
        assert found["view"].state is State.OK
        assert found["view"].sentence.startswith("view last judged ")
        assert "at preset Bus station: view as learned" in found["view"].sentence
        del sim.faults["ptz_status_zero"]
        sim.faults["ptz_without_status"] = True
        place["now"] = "Market"
        assert (await judged(sim, kit))["view"].sentence.endswith("at preset Market")


async def test_what_a_camera_shows_at_each_preset_is_learned_apart(tmp_path: Path):
    place: dict[str, str | int] = {"now": "Market"}
    files = ViewFiles(Baselines(tmp_path), ("C1", "main"))
    async with serving(place) as sim, context(tmp_path) as kit:
        first = (await judged(sim, kit))["preset"]
        assert first.sentence == (
            "view not checked: preset Market is being learned in this light, 0 of 10 pictures"
        )
        sim.faults["ptz_position"], place["now"] = (0.3, 0.3, 0.3), 29
        away = (await judged(sim, kit))["preset"]
        assert away.sentence.startswith("view not checked: the camera is at no preset")
        sim.faults["ptz_position"], place["now"] = PRESETS["Car park"], "Car park"
        await judged(sim, kit)
    assert sorted(files.index().names.values()) == ["preset Car park", "preset Market"]
    assert len(files.sorted()) == 2


async def test_views_of_a_camera_that_tells_no_position_are_learned_as_they_come_again(
    tmp_path: Path,
):
    files = ViewFiles(Baselines(tmp_path), ("C1", "main"))
    place: dict[str, str | int] = {"now": "Market"}
    async with serving(place, ptz_status_zero=True) as sim, context(tmp_path) as kit:
        await judged(sim, kit)
        assert files.index().names == {"view-1": "view 1"}
        place["now"] = "Car park"
        await judged(sim, kit)
        assert files.sorted() == ["view-1"], "roaming begins no second view within the hour"


async def test_a_mask_that_is_switched_off_in_the_camera_is_a_fault(tmp_path: Path):
    corners = ((-0.5, 0.5), (0.0, 0.5), (0.0, 0.0))
    place: dict[str, str | int] = {"now": "Market"}
    masks = {"m1": {"corners": corners, "kind": "Pixelated"}, "m2": {"corners": corners}}
    async with serving(place, masks=masks) as sim, context(tmp_path) as kit:
        fixed = device_of(sim, "fixed")
        assert "privacy" not in await judged(sim, kit, fixed), "nothing was known before"
        sim.faults["masks"] = masks | {"m1": {"corners": corners, "enabled": False}}
        assert "privacy" not in await judged(sim, kit, fixed), "masks are read once an hour"
        kit.memory_of("C1").ptz.read_at -= ptz.READ_SECONDS
        found = (await judged(sim, kit, fixed))["privacy"]
        assert (found.state, found.code) == (State.FAULT, "privacy_zone_missing")
        assert found.sentence == (
            "privacy zone m1 missing: the camera no longer reports it as drawn"
        )
        assert sim.counters.writes_attempted == 0


async def test_the_texts_of_a_camera_are_read_once_an_hour_where_one_is_expected(tmp_path: Path):
    place: dict[str, str | int] = {"now": "Market"}
    async with serving(place, texts=["Market Place"]) as sim, context(tmp_path) as kit:
        fixed = device_of(sim, "fixed")
        assert "text" not in await judged(sim, kit, fixed)
        named = replace(fixed, osd_text="Market Place")
        kit.memory_of("C1").ptz.read_at -= ptz.READ_SECONDS
        assert (await judged(sim, kit, named))["text"].state is State.OK
        sim.faults["texts"] = ["Riverside"]
        assert (await judged(sim, kit, named))["text"].state is State.OK, "once an hour"
        kit.memory_of("C1").ptz.read_at -= ptz.READ_SECONDS
        found = (await judged(sim, kit, named))["text"]
        assert (found.state, found.code) == (State.DEGRADED, "osd_text_differs")
