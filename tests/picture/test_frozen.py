"""A sensor that froze before an encoder that lives, with and without a clock over its picture."""

from __future__ import annotations

import functools
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks._picture_scenes import Encoder, Moment, Scene
from healthmon.checks.evaluation.picture import evaluate
from healthmon.model.device import Device
from healthmon.model.enums import CheckName, Kind, State
from healthmon.model.picture import Change, Comparison, PictureReading
from healthmon.model.results import Observation, Verdict
from healthmon.picture import clock_model, decoding, measuring
from healthmon.picture.baselines import Baselines
from healthmon.picture.clock_model import ClockModel, Field, Glyphs
from healthmon.picture.decoding import Decoded
from healthmon.picture.messages import Message
from healthmon.picture.pool import PicturePool
from healthmon.picture.reference import LEARNED, Baseline
from healthmon.picture.service import PictureMemory, PictureService
from healthmon.picture.worker import answer
from healthmon.protocols.media.key_frame import KeyFrame

CAMERA = Device("C1", "C1", Kind.CAMERA, "S", "127.0.0.1")
SIZE = (352, 288)
SECONDS = 20  # since the sensor froze
Pair = tuple[Decoded, Decoded]


@functools.cache
def camera() -> Scene:
    return Scene(61, SIZE, kind="indoor")


def pair(codec: str, rate: int, pictures: list[Any]) -> Pair:
    coded = Encoder(codec, rate).last_two(pictures)
    first, last = (decoding.decoded(codec, one, 10**7) for one in coded)
    return first, last


def living(number: int, seconds: int = 6) -> list[Any]:
    """A quiet room: only its noise and its clock change."""
    shown = Scene._bare(camera(), Moment(number), None, seconds)
    return [camera()._overlaid(one, 100 * number + second) for second, one in enumerate(shown)]


@functools.cache
def learned(codec: str, rate: int) -> bytes:
    baseline = Baseline()
    for number in range(LEARNED):
        first, last = pair(codec, rate, living(number))
        fine = measuring.change(first, last)["fine"]
        baseline.learn(last, 7200.0 * number, moved=True, noise=fine)
    return baseline.packed()


def moving(shown: Pair, known: bytes = b"") -> Verdict | None:
    """The verdict on the movement of two key frames, two seconds apart."""
    compared = Baseline.read(known).compared(shown[1])
    baseline = Comparison(**{**compared, "tiles": tuple(compared.get("tiles", ()))})
    change = Change(apart=2.0, **measuring.change(*shown))
    told = measuring.measured(shown[1])
    reading = PictureReading.of(told, session=change, baseline=baseline)
    seen = Observation("C1", CheckName.PICTURE, "main", 1.8e9, 0.0, reading)
    found = {one.aspect: one for one in evaluate(seen, CAMERA)}
    return found.get("moving")


@pytest.mark.parametrize("ticking", [True, False])
@pytest.mark.parametrize(("codec", "rate"), [("h264", 10**6)])
def test_a_picture_that_changes_less_than_it_did_while_it_lived_is_frozen(
    codec: str, rate: int, *, ticking: bool
):
    stood = camera().frozen(Moment(50, 5000), SECONDS, ticking=ticking)
    found = moving(pair(codec, rate, stood), learned(codec, rate))
    assert found is not None
    assert (found.state, found.code) == (State.FAULT, "picture_frozen")
    assert ("behind a clock that ticks" in found.sentence) is ticking
    alive = moving(pair(codec, rate, living(70)), learned(codec, rate))
    assert alive is not None
    assert alive.state is State.OK


def test_frozen_behind_a_clock_is_told_before_anything_is_learned_at_a_good_rate():
    stood = camera().frozen(Moment(50, 5000), SECONDS, ticking=True)
    found = moving(pair("h264", 10**6, stood))
    assert found is not None
    assert found.code == "picture_frozen"
    alive = moving(pair("h264", 10**6, living(70)))
    assert alive is not None
    assert alive.state is State.OK


def test_an_empty_scene_is_not_frozen_where_something_passed_whenever_it_was_learned():
    known = b""
    for number in range(LEARNED):
        passing = living(number)
        for second, shown in enumerate(passing):
            shown[100:220, 40 * second : 40 * second + 60] = 20
        fields = {"codec": "h264", "most_pixels": 10**7, "compare": True, "learn": True}
        fields |= {"apart": 2.0, "now": 7200.0 * number}
        coded = Encoder("h264", 10**6).last_two(passing)
        _, known = answer(Message(fields, (*coded, b"", known))).blobs
    assert Baseline.read(known).lights[0].count >= LEARNED - 1
    empty = moving(pair("h264", 10**6, living(70)), known)
    assert empty is not None
    assert empty.state is State.OK


def test_what_moved_since_the_last_check_is_not_frozen():
    still = Change(mean=0.1, cell=30.0, apart=2.0, fine=0.1, scene=1.0)
    before = Change(mean=1.0, cell=30.0, apart=300.0, scene=20.0)
    for between, state in ((None, State.FAULT), (before, State.OK)):
        reading = PictureReading(width=640, height=360, high=200, session=still, between=between)
        seen = Observation("C1", CheckName.PICTURE, "main", 1.8e9, 0.0, reading)
        found = {one.aspect: one for one in evaluate(seen, CAMERA)}
        assert found["moving"].state is state


def test_the_digits_of_a_learned_clock_are_no_part_of_the_scene_wherever_they_stand():
    """A clock in the middle of the picture."""
    first, last = (scene.copy() for scene in camera().frozen(Moment(50), 2, ticking=False))
    first[130:150, 200:212], last[130:150, 200:212] = 10, 240
    glyphs = Glyphs.of(np.random.default_rng(1).uniform(0, 255, (10, 20, 12)))
    model = ClockModel(SIZE, glyphs, (Field("second", ((130, 200),)),), 12.0)
    coded = Encoder("h264", 2_000_000).key_frames([first, last])
    scenes = []
    for clocks in (clock_model.packed([model]), clock_model.packed([])):
        fields = {"codec": "h264", "most_pixels": 10**7, "clock": True}
        told = answer(Message(fields, (*coded, clocks, b"", b""))).fields["session"]
        assert told["cell"] > 100
        scenes.append((told["scene"], told["fine"]))
    (scene, fine), (whole, larger) = scenes
    assert scene < 7 < whole
    assert fine < 0.5 < larger


def test_what_a_camera_has_learned_of_its_changes_is_kept_and_an_older_file_knows_none():
    baseline = Baseline.read(learned("h264", 10**6))
    (light,) = baseline.lights
    assert len(light.changes) == LEARNED
    assert light.low_change == min(light.changes) > 0.3
    light.changes = light.changes[:5]
    assert Baseline.read(baseline.packed()).lights[0].low_change is None


def test_a_view_that_lived_with_less_noise_is_not_frozen_in_it():
    """The lamps of a room go on: its noise falls, and somebody has walked through it."""
    before = Baseline.read(learned("h264", 10**6))
    shown = camera()._overlaid(Scene._bare(camera(), Moment(80), None, 1)[0], 8000)
    walked = shown.copy()
    walked[100:180, 100:140] = 230
    fields = {"codec": "h264", "most_pixels": 10**7, "compare": True, "learn": True, "now": 1e6}
    fields |= {"apart": 2.0, "fine": 0.4}
    for after, least in ((shown, min(before.lights[0].changes)), (walked, 0.4)):
        (data,) = Encoder("h264", 10**6).key_frames([after])
        signature = measuring.signature_bytes(decoding.decoded("h264", data, 10**7))
        (now,) = Encoder("h264", 10**6).key_frames([shown])
        _, kept = answer(Message(fields, (now, signature, learned("h264", 10**6)))).blobs
        light = Baseline.read(kept or learned("h264", 10**6)).lights[0]
        assert (light.low_change, len(light.changes)) == (least, LEARNED)


def test_a_picture_that_clocks_hide_as_a_whole_does_not_say_how_much_it_changed():
    shown = pair("h264", 10**6, living(1))
    hidden = np.ones((decoding.HEIGHT - 2 * decoding.BAND, decoding.WIDTH), bool)
    assert "fine" not in measuring.change(*shown, hidden)


async def test_after_a_check_in_which_only_the_clock_moved_one_key_frame_does_not_tell(
    tmp_path: Path,
):
    """Two of one session tell best whether the picture is frozen."""
    quiet = living(90)
    walked = living(90)
    for picture in walked[4:]:
        picture[100:180, 100:140] = 230
    pool = PicturePool()
    service = PictureService(pool, Baselines(tmp_path), 0.0)
    tells = [PictureMemory().tells]
    try:
        for pictures in (quiet, walked):
            coded = Encoder("h264", 10**6).last_two(pictures)
            frames = [KeyFrame("h264", one, 100.0 + 2 * n) for n, one in enumerate(coded)]
            memory = PictureMemory()
            await service.measure(("C1", "main"), frames, memory, seconds=60)
            tells.append(memory.tells)
    finally:
        await pool.close()
    assert tells == [False, False, True]


@pytest.mark.parametrize(("apart", "counted"), [(1.0, False), (2.0, True)])
async def test_a_clock_that_ticks_late_does_not_stand_still(
    tmp_path: Path, apart: float, *, counted: bool
):
    """Two key frames a second apart may show the same one."""
    same = [living(95)[0]] * 2
    pool = PicturePool()
    baselines, where, memory = Baselines(tmp_path), ("C1", "main"), PictureMemory(moved=5)
    coded = Encoder("h264", 10**6).key_frames(same)
    frames = [KeyFrame("h264", one, 100.0 + apart * n) for n, one in enumerate(coded)]
    try:
        await PictureService(pool, baselines, 0.0).measure(where, frames, memory, seconds=60)
    finally:
        await pool.close()
    known = Baseline.read(baselines.read(where))
    assert (known.lights[0].count, known.pairs, known.moving) == (1, int(counted), 0)
    assert memory.still is counted


def seen_by(made: Scene, number: int) -> Any:
    """The picture of a check; people pass from check to check."""
    (bare,) = made._bare(Moment(number), None, 1)
    return made._overlaid(bare, 300 * number)


def keys(pictures: list[Any]) -> list[KeyFrame]:
    coded = Encoder("h264", 300_000).key_frames(pictures)
    return [KeyFrame("h264", one, 300.0 * place) for place, one in enumerate(coded)]


async def checks_of(folder: Path, frames: list[KeyFrame], memory: PictureMemory) -> list[Verdict]:
    """What each of several checks says of the movement, five minutes from each other."""
    pool, found = PicturePool(), []
    service = PictureService(pool, Baselines(folder), 0.0)
    try:
        for frame in frames:
            memory.at = time.monotonic() - 300.0
            await service.measure(("C1", "main"), [frame], memory, seconds=60)
            assert memory.reading is not None
            seen = Observation("C1", CheckName.PICTURE, "main", 1.8e9, 0.0, memory.reading)
            found += [one for one in evaluate(seen, CAMERA) if one.aspect == "moving"]
    finally:
        await pool.close()
    return found


def learned_drifts(folder: Path, pictures: list[Any], drifts: list[float]) -> None:
    """Keep a light of `pictures` whose tiles changed so from check to check."""
    baseline = Baseline()
    for number, frame in enumerate(keys(pictures)):
        shown = decoding.decoded("h264", frame.data, 10**7)
        baseline.learn(shown, 7200.0 * number, moved=True)
        baseline.drifted(shown, 7200.0 * number, drifts[number], lived=False)
    Baselines(folder).write(("C1", "main"), baseline.packed())


async def test_a_picture_frozen_behind_a_clock_is_found_at_300_kbit_in_the_third_same_check(
    tmp_path: Path,
):
    made = Scene(62, SIZE, kind="square")
    learned_drifts(tmp_path, [seen_by(made, one) for one in range(LEARNED)], [1.5] * LEARNED)
    stood = made.frozen(Moment(70, 5000), 5, ticking=True)
    memory = PictureMemory()
    found = await checks_of(tmp_path, keys([seen_by(made, 69), *stood]), memory)
    assert [one.state for one in found] == [State.OK] * 3 + [State.FAULT] * 2
    assert "the same in 3 checks in a row (15 min)" in found[-2].sentence


async def test_a_scene_that_was_as_quiet_before_it_moved_again_is_quiet(tmp_path: Path):
    made = Scene(62, SIZE, kind="square")
    learned_drifts(tmp_path, [seen_by(made, one) for one in range(LEARNED)], [1.5] * LEARNED)
    night = made._bare(Moment(70), None, 6)
    quiet = [made._overlaid(one, 300 * second) for second, one in enumerate(night)]
    walked = made._overlaid(night[0].copy(), 1)
    walked[120:240, 100:160] = 220
    memory = PictureMemory()
    found = await checks_of(tmp_path, keys([*quiet[:3], walked, *quiet]), memory)
    assert {one.state for one in found} == {State.OK}
    (light,) = Baseline.read(Baselines(tmp_path).read(("C1", "main"))).lights
    assert light.low_drift is not None
    assert light.low_drift < 0.6, "learned when it moved again"


def test_drifts_are_learned_hours_apart_and_a_lower_one_of_a_living_view_at_once():
    shown = decoding.decoded("h264", keys([living(1)[0]])[0].data, 10**7)
    baseline = Baseline()
    baseline.drifted(shown, 0.0, 1.0, lived=True)
    assert baseline.lights == []
    baseline.learn(shown, 0.0)
    for number in range(8):
        baseline.drifted(shown, 3600.0 * number, 2.0 + number, lived=False)
    (light,) = Baseline.read(baseline.packed()).lights
    assert light.drifts == [2.0, 4.0, 6.0, 8.0]
    assert light.low_drift is None, "too few are known"
    baseline.drifted(shown, 3600.0 * 7, 1.0, lived=True)
    assert baseline.lights[0].drifts == [4.0, 6.0, 8.0, 1.0], "no more than before"
    baseline.lights[0].drifts = [2.0, 4.0, 6.0, 8.0]
    for number in range(8, 40):
        baseline.drifted(shown, 3600.0 * number, 7.0, lived=False)
    baseline.drifted(shown, 3600.0 * 41, 0.5, lived=False)
    assert baseline.lights[0].low_drift == 2.0, "it may be frozen"
    baseline.drifted(shown, 3600.0 * 41, 0.5, lived=True)
    assert (len(baseline.lights[0].drifts), baseline.lights[0].low_drift) == (LEARNED, 0.5)


@pytest.mark.parametrize(
    ("more", "level", "taken"),
    [({}, 0.0, 1), ({"since": 20.0}, 0.0, 0), ({}, 60.0, 0), ({"ptz": "known"}, 0.0, 0)],
)
def test_no_drift_is_learned_of_quick_checks_another_light_or_a_camera_that_turns(
    more: dict[str, Any], level: float, taken: int
):
    first, last = (living(number)[0] for number in (1, 2))
    first = np.clip(first + level, 0, 255).astype(np.uint8)
    before = decoding.decoded("h264", keys([first])[0].data, 10**7)
    fields = {"codec": "h264", "most_pixels": 10**7, "compare": True, "learn": True}
    fields |= {"apart": 0.0, "now": 1e6, "since": 300.0, **more}
    blobs = keys([last])[0].data, measuring.signature_bytes(before), b""
    told = answer(Message(fields, blobs))
    (light,) = Baseline.read(told.blobs[1]).lights
    assert len(light.drifts) == taken
