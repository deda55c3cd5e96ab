"""The clock in the picture, by the processes that decode: learned from a whole stream, kept, read, and
how long it stands still.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from benchmarks._clock_scenes import Stamp, Street, coded, stream
from benchmarks._picture_scenes import Encoder
from healthmon.picture.baselines import Baselines, clocks_of, tried_again
from healthmon.picture.messages import MOST_BODY
from healthmon.picture.pool import PicturePool
from healthmon.picture.service import (
    MOST_UNREAD,
    NO_CLOCK,
    NOT_LEARNED,
    Learning,
    PictureMemory,
    PictureService,
    clock_place,
)
from healthmon.picture.views import Looking
from healthmon.protocols.media.key_frame import MOST_BYTES, KeyFrame, StreamCollector

BEGAN = datetime(2026, 11, 14, 13, 59, 41, 300_000)
WHERE = ("C1", "main")
STAMP = Stamp(font="5x7", style="boxed", high=0.06)


@pytest.fixture
async def service(tmp_path: Path):
    made = PictureService(
        PicturePool(size=1, seconds=60), Baselines(tmp_path / "pictures"), 300.0, clock=True
    )
    yield made
    await made.pool.close()


@cache
def coded_stream(*stamps: Stamp) -> list[tuple[float, bytes]]:
    street = Street(4, (640, 360), stamps)
    return coded(stream(street, BEGAN, 17.0, 5), "h264", 300_000, 5)


def watched(*stamps: Stamp) -> StreamCollector:
    found = StreamCollector("h264")
    for at, data in coded_stream(*stamps):
        found.pictures.append(KeyFrame("h264", data, at))
        found.stamps.append(at)
    return found


async def measured(
    service: PictureService,
    memory: PictureMemory,
    street: Street,
    *ages: float,
    looking: Looking | None = None,
):
    """The reading of two key frames of `street` (seconds before now)."""
    now, mono = datetime(2026, 11, 20, 8, 9, 10), time.monotonic()
    pictures = [street.picture(60.0 - age, now - timedelta(seconds=age)) for age in ages]
    data = Encoder("h264", 300_000).key_frames(pictures)
    frames = [KeyFrame("h264", one, mono - age) for one, age in zip(data, ages, strict=True)]
    await service.measure(WHERE, frames, memory, seconds=60, looking=looking)
    assert memory.reading is not None
    assert not memory.reading.problem
    return memory.reading


async def test_a_clock_is_learned_once_kept_for_its_owner_only_and_read(service: PictureService):
    street, memory = Street(4, (640, 360), (STAMP,)), PictureMemory()
    assert await service.clock_due(WHERE, memory, "S")
    assert (await measured(service, memory, street, 2.0)).clock_problem == NOT_LEARNED
    seen = watched(STAMP)
    await service.learn_clock(WHERE, memory, seen)
    assert seen.pictures == [], "the pictures are let go"
    path = service.baselines.path(clock_place(WHERE))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_size < 20_000
    assert clocks_of(path.read_bytes()).count == 1
    assert not await service.clock_due(WHERE, PictureMemory(), "S"), "it is known"
    reading = await measured(service, memory, street, 4.0, 1.0)
    (clock,) = reading.clocks
    assert (clock.sure, clock.place, clock.still) == (True, "top left", 0.0)
    assert dict(clock.numbers) == {
        "hour": 8, "minute": 9, "second": 9, "first": 20, "middle": 11, "year": 2026,
    }  # fmt: skip
    assert abs(time.time() - 1.0 - clock.at) < 30
    (noted,) = await service.note_hours(WHERE, reading.clocks, [20])
    assert noted.hours == ("afternoon",)
    (clock,) = (await measured(service, memory, street, 1.0)).clocks
    assert clock.hours == ("afternoon",), "kept beside the digits"


async def test_a_learned_clock_that_stops_is_seen_within_one_session(service: PictureService):
    await service.learn_clock(WHERE, PictureMemory(), watched(STAMP))
    stopped = Street(4, (640, 360), (Stamp(font="5x7", style="boxed", high=0.06, stopped=True),))
    (clock,) = (await measured(service, PictureMemory(), stopped, 4.0, 1.0)).clocks
    assert clock.still == pytest.approx(3.0, abs=0.1)


async def test_the_clock_of_a_ptz_camera_is_read_at_every_preset(service: PictureService):
    memory = PictureMemory()
    await service.learn_clock(WHERE, memory, watched(STAMP))
    for seed, preset in ((4, "1"), (11, "2"), (12, "")):
        street, where = (
            Street(seed, (640, 360), (STAMP,)),
            Looking(preset, why="" if preset else "moving"),
        )
        (clock,) = (await measured(service, memory, street, 1.0, looking=where)).clocks
        assert (clock.sure, dict(clock.numbers)["minute"]) == (True, 9)


async def test_where_nothing_ticks_it_is_tried_again_a_day_later(service: PictureService):
    street, memory = Street(4, (640, 360), ()), PictureMemory()
    await service.learn_clock(WHERE, memory, watched())
    assert (await measured(service, memory, street, 2.0)).clock_problem == NO_CLOCK
    assert not await service.clock_due(WHERE, PictureMemory(), "S")
    path = service.baselines.path(clock_place(WHERE))
    service.baselines.write(clock_place(WHERE), tried_again(path.read_bytes(), 0.0))
    assert await service.clock_due(WHERE, PictureMemory(), "S")
    assert not await service.clock_due(WHERE, memory, "S"), "tried in this run already"
    service.learning_at["S", "C2"] = time.monotonic() + 60
    assert not await service.clock_due(WHERE, PictureMemory(), "S"), "another one of its site"
    assert await service.clock_due(WHERE, PictureMemory(), "T")
    service.learning = Learning.AT_ONCE
    assert await service.clock_due(WHERE, PictureMemory(), "S")
    service.learning = Learning.NONE
    assert not await service.clock_due(WHERE, PictureMemory(), "T")


async def test_a_clock_that_cannot_be_read_any_more_is_learned_anew_and_not_lost(
    service: PictureService,
):
    memory, gone = PictureMemory(), Street(4, (640, 360), ())
    await service.learn_clock(WHERE, memory, watched(STAMP))
    path = service.baselines.path(clock_place(WHERE))
    service.baselines.write(clock_place(WHERE), tried_again(path.read_bytes(), 0.0))
    memory = PictureMemory(clock_unread=MOST_UNREAD - 1)
    assert not await service.clock_due(WHERE, memory, "S")
    (clock,) = (await measured(service, memory, gone, 1.0)).clocks
    assert not clock.sure
    assert await service.clock_due(WHERE, memory, "S")
    await service.learn_clock(WHERE, memory, watched())
    assert clocks_of(path.read_bytes()).count == 1, "nothing ticked: what was known is kept"
    assert not await service.clock_due(WHERE, PictureMemory(clock_unread=99), "S"), "a day later"


def test_the_longest_stream_that_is_kept_fits_into_a_message():
    assert StreamCollector("h264").most + MOST_BYTES < MOST_BODY


def test_a_whole_stream_is_kept_from_a_key_frame_to_a_loss():
    key, other = b"\x65\x88\x01\x02", b"\x41\x9a\x03\x04"
    found = StreamCollector("h264", (b"\x67\x01", b"\x68\x02"), most=100)

    def picture(number: int, *, lost: bool = False) -> None:
        found.begin(90_000 * number & 0xFFFFFFFF, float(number))
        payload = key if number % 4 == 0 else other
        found.packet(payload, 0, len(payload), 90_000 * number & 0xFFFFFFFF, marked=True)
        if number % 4 == 0:
            found.key()
        if lost:
            found.spoil()

    for number in range(3, 10):
        picture(number, lost=number == 6)
    found.kept()
    assert [one.at for one in found.pictures] == [4.0, 5.0, 8.0, 9.0]
    assert found.stamps == [0.0, 1.0, 4.0, 5.0]
    assert not found.full
    for number in range(10, 20):
        picture(number)
    assert found.full
    assert sum(len(one.data) for one in found.pictures) < 100 + 40
