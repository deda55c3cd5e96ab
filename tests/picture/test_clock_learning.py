"""The clock in the picture: found and learned from streams of real encoders, then read."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from functools import cache

import numpy as np
import pytest

from benchmarks._clock_scenes import Stamp, Street, coded, lines, stream
from benchmarks._picture_scenes import Encoder
from benchmarks.clock_eval import decoded
from healthmon.picture import clock_model
from healthmon.picture.clock_learning import ClockFinder, ClockLearner, learned_clocks
from healthmon.picture.clock_model import ClockModel, Glyphs

BEGAN = datetime(2026, 11, 14, 13, 59, 41, 300_000)
BOXED = Stamp(font="5x7", style="boxed", high=0.06)
OUTLINED = Stamp(font="5x7", style="outlined", high=0.06)


def learned(stamps: tuple[Stamp, ...], *, seconds: float = 17.0, began: datetime = BEGAN):
    street = Street(4, (640, 360), stamps)
    packets = coded(stream(street, began, seconds, 5), "h264", 300_000, 5)
    frames = list(decoded("h264", [data for _, data in packets]))
    finder = ClockFinder()
    for (at, _), luma in zip(packets, frames, strict=True):
        finder.add(at, luma)
    found = []
    for spot in finder.spots():
        learner = ClockLearner(spot, street.size)
        for (at, _), luma in zip(packets, frames, strict=True):
            learner.add(at, luma)
        found.append(learner.learned())
    return [one for one in found if one is not None], street


@cache
def outlined() -> tuple[ClockModel, Street]:
    models, street = learned((OUTLINED,))
    assert len(models) == 1
    return models[0], street


def key_frame(street: Street, at: datetime):
    (data,) = Encoder("h264", 300_000).key_frames([street.picture(0.0, at)])
    return next(decoded("h264", [data]))


ABOVE = Stamp("%d-%m-%Y\n%H:%M:%S", "7seg", "outlined", 0.05, (0.4, 0.85))


@pytest.mark.parametrize("stamp", [BOXED, ABOVE], ids=["one line", "date above the time"])
def test_the_digits_of_time_and_date_are_learned_from_the_ticking(stamp: Stamp):
    models, street = learned((stamp,))
    (model,) = models
    assert [one.name for one in model.fields] == [
        "hour", "minute", "second", "first", "middle", "year",
    ]  # fmt: skip
    digits = model.read(key_frame(street, datetime(2027, 2, 3, 4, 56, 8)))
    assert digits.sure
    assert model.numbers(digits) == {
        "hour": 4, "minute": 56, "second": 8, "first": 3, "middle": 2, "year": 2027,
    }  # fmt: skip


def test_no_reading_of_other_times_and_scenes_is_wrong_and_nearly_all_are_sure():
    model, street = outlined()
    times = [BEGAN + timedelta(seconds=61_987 * number) for number in range(40)]
    sure = 0
    for number, at in enumerate(times):
        if number % 8 == 0:
            street.renew()
        digits = model.read(key_frame(street, at))
        sure += digits.sure
        assert digits.text == at.strftime("%H%M%S%d%m%Y") or not digits.sure
    assert sure >= 39


def test_what_is_no_digit_is_not_read():
    model, street = outlined()
    blank = Street(4, (640, 360), ())
    assert not model.read(key_frame(blank, BEGAN)).sure, "the text is gone"
    other = Street(4, (640, 360), (Stamp("CAM%HAAM AAMAACC", "5x7", "outlined", 0.06),))
    assert not model.read(key_frame(other, BEGAN)).sure, "letters"
    half = street.picture(0.0, BEGAN)
    half[:, 227:233] = 128
    assert not model.read(half).sure, "a bar over a digit"


def test_digits_that_stand_nearer_to_each_other_than_learned_are_read():
    """As ffmpeg writes 57 in DejaVu Sans: by two of 18 pixels, and so is all that follows."""
    models, street = learned((Stamp("%H:%M:%S", "5x7", "boxed", 0.1),))
    model, at = models[0], datetime(2027, 2, 3, 4, 57, 57)
    picture = street.picture(0.0, at)
    _, minute, second = model.fields
    for row, left in (minute.cells[1], second.cells[1]):
        line = picture[row : row + model.glyphs.size[0]]
        line[:, left - 2 : -2] = line[:, left:].copy()
        read = model.read(picture)
        assert (read.text, read.sure) == ("045757", True)


WEEKDAY = Stamp("%d-%m-%Y %a %H:%M:%S", "", "outlined", 0.05)


def test_a_time_that_the_day_of_the_week_moves_along_its_line_is_read():
    """Learned on a Saturday; Wed is wider by one digit, Fri narrower by two thirds of one."""
    models, street = learned((WEEKDAY,))
    for day in range(1, 8):
        at = datetime(2027, 2, day, 4, 56, 8)
        read = models[0].read(key_frame(street, at))
        assert (read.text, read.sure) == (at.strftime("%H%M%S%d%m%Y"), True)


def surely_read(stamp: Stamp, form: str, times: list[datetime], began: datetime = BEGAN) -> int:
    """How many of the `times` are read, none wrong, where a clock is learned that is written so."""
    models, street = learned((stamp,), seconds=28.0, began=began)
    read = [models[0].read(key_frame(street, at)) for at in times]
    pairs = [(one.text, at.strftime(form)) for one, at in zip(read, times, strict=True) if one.sure]
    assert [one for one, _ in pairs] == [right for _, right in pairs]
    return len(pairs)


def test_a_1_that_is_narrower_than_the_other_digits_is_learned_and_read():
    """All that follows it moves by a third of a digit, the last digit every minute."""
    stamp = Stamp("%d-%m-%Y %H:%M:%S", "narrow", "boxed", 0.06)
    times = [datetime(2027, 1 + day % 12, day, 3 + day % 20, day, 60 - day) for day in range(1, 21)]
    assert surely_read(stamp, "%H%M%S%d%m%Y", times, datetime(2026, 11, 14, 13, 19)) >= 15


@pytest.mark.parametrize("font", ["", "5x7"])
def test_a_day_of_the_week_in_full_moves_the_whole_clock(font: str):
    """Learned on a Saturday; Wednesday is wider by more than two digits."""
    stamp = Stamp("%A %d-%m-%Y %H:%M:%S", font, "outlined", 0.05)
    times = [datetime(2027, 2, day, 4, 56, 8) for day in range(1, 8)]
    assert surely_read(stamp, "%H%M%S%d%m%Y", times) == 7


def test_a_day_that_letters_move_to_the_place_of_the_hours_is_none():
    """In 5x7 a month that is longer by three letters puts the hours where the minutes were, and so on."""
    stamp = Stamp("%B %d:%H:%M:%S", "5x7", "outlined", 0.05)
    times = [datetime(2027, month, 12, 4, 56, 8) for month in range(1, 13)]
    assert surely_read(stamp, "%H%M%S%d", times) >= 1


def test_other_numbers_of_the_line_are_not_read_as_the_time():
    """Where the hours are hidden, minutes, seconds and the day behind them are no time."""
    stamp = Stamp("%H:%M:%S:%d/%m/%Y", "5x7", "outlined", 0.06)
    models, street = learned((stamp,))
    picture = street.picture(0.0, datetime(2027, 2, 3, 4, 56, 8))
    (row, left), (_, last) = models[0].fields[0].cells
    high, wide = models[0].glyphs.size
    assert models[0].read(picture).sure
    picture[row - 2 : row + high + 2, left - 2 : last + wide] = 16
    assert not models[0].read(picture).sure


def test_two_clocks_are_told_apart():
    below = Stamp("%H:%M:%S", "5x7", "boxed", 0.06, (0.5, 0.9), ahead=1920.0)
    models, street = learned((OUTLINED, below))
    assert len(models) == 2
    at = datetime(2026, 11, 15, 8, 7, 6)
    luma = key_frame(street, at)
    shown = {round(model.place()[1]): model.read(luma).text[:6] for model in models}
    assert shown == {0: "080706", 1: "083906"}


@pytest.mark.parametrize("stamps", [(), (Stamp(font="5x7", style="boxed", stopped=True),)])
def test_nothing_is_learned_where_nothing_ticks(stamps: tuple[Stamp, ...]):
    assert learned(stamps, seconds=14.0)[0] == []


def test_a_clock_is_learned_although_more_changes_behind_its_tens_of_seconds_than_the_tens():
    street = Street(4, (640, 360), (Stamp("%H:%M:%S", "5x7", "outlined", 0.06),))
    dark, light = street._view.copy(), street._view.copy()
    dark[:60, 84:102], light[:60, 84:102] = 16, 220
    frames = []
    for at in (number / 5 for number in range(140)):
        now = BEGAN + timedelta(seconds=at)
        street._view = light if now.second % 10 in {3, 4} else dark
        frames.append((at, street.picture(0.0, now)))
    (model,) = learned_clocks(lambda: iter(frames))
    assert model.read(street.picture(0.0, datetime(2027, 2, 3, 4, 56, 8))).text == "045608"


def test_a_light_that_blinks_once_a_second_is_no_clock():
    street = Street(4, (640, 360), ())
    finder, frames = ClockFinder(), []
    for at, picture in stream(street, BEGAN, 15.0, 5):
        picture[40:56, 60:72] = 230 if int(at) % 2 else 20
        frames.append((at, picture))
        finder.add(at, picture)
    spots = finder.spots()
    assert spots, "it changes once a second"
    for spot in spots:
        learner = ClockLearner(spot, street.size)
        for at, picture in frames:
            learner.add(at, picture)
        assert learner.learned() is None


def test_a_learned_clock_is_the_same_when_it_is_read_back():
    model, street = outlined()
    data = clock_model.packed([model])
    assert len(data) < 20_000, "numbers and ten small pictures"
    (back,) = clock_model.unpacked(data)
    assert (back.fields, back.size, back.pitch) == (model.fields, model.size, model.pitch)
    luma = key_frame(street, BEGAN)
    assert back.read(luma).text == model.read(luma).text
    for damaged in (b"", data[:40], data[:-5], b"\0" * 100, data.replace(b'"year"', b"[1,23]")):
        assert clock_model.unpacked(damaged) == [] or damaged.startswith(data[:8])


def test_a_cell_at_the_edge_of_the_picture_is_read_within_it():
    model, _ = outlined()
    luma = np.zeros((360, 640), np.uint8)
    cells = [(0, 0), (360 - model.glyphs.size[0], 640 - model.glyphs.size[1])]
    assert not clock_model.read_cells(luma, model.glyphs, cells, model.pitch, 0.9).sure


def test_the_margin_is_the_share_of_the_error_where_two_digits_differ():
    model, street = outlined()
    glyphs, (high, wide) = model.glyphs, model.glyphs.size
    luma = key_frame(street, BEGAN)
    cells = [cell for one in model.fields for cell in one.cells][:6]
    flat = glyphs.levels.reshape(10, -1)
    for number, (row, column) in enumerate(cells):
        patch = luma[row : row + high, column : column + wide].astype(np.float32).ravel()
        digit = int(BEGAN.strftime("%H%M%S")[number])
        near, plain = glyphs.near[digit], glyphs.plain[digit]
        gain = float(patch @ plain / (plain @ plain))
        level = float(flat[digit] @ near / near.sum())
        errors = ((patch - patch @ near / near.sum()) / gain + level - flat) ** 2
        differ = np.abs(flat - flat[digit]) > clock_model.DIFFERENT * np.ptp(flat, axis=0).max()
        shares = [
            (errors[digit] * near * differ[other]).sum()
            / (errors[other] * np.maximum(near, glyphs.near[other]) * differ[other]).sum()
            for other in range(10)
            if other != digit
        ]
        (margin,) = glyphs.margins(patch[None], np.array([digit]))
        assert margin == pytest.approx(1 - max(shares), abs=1e-3)


@pytest.mark.parametrize(("late", "found"), [(0.9, 1), (11.0, 0)])
def test_a_camera_that_draws_a_second_late_now_and_then_is_learned(late: float, found: int):
    street = Street(4, (640, 360), (BOXED,))
    seconds = [number / 5 for number in range(140)]
    frames = [
        (
            at,
            street.picture(at, BEGAN + timedelta(seconds=at - (late if int(at) in (6, 19) else 0))),
        )
        for at in seconds
    ]
    assert len(learned_clocks(lambda: iter(frames))) == found


@pytest.mark.parametrize("behind", [16, 40, 128])
@pytest.mark.parametrize(("font", "high"), [("5x7", 9), ("5x7", 45), ("", 46)])
def test_the_scene_behind_outlined_digits_is_no_part_of_them(font: str, high: int, behind: int):
    stamps = [Stamp(str(digit), font, "outlined", high=1.0) for digit in range(10)]
    inked = [lines(stamp, high, BEGAN)[0] for stamp in stamps]
    rows, columns = inked[8][0].shape[0], max(level.shape[1] for level, _ in inked)
    levels = np.full((10, rows + 4, columns + 4), behind, np.float32)
    covers, white = np.zeros(levels.shape, bool), np.zeros(levels.shape, bool)
    for digit, (level, cover) in enumerate(inked):
        cut = np.s_[digit, 2 : 2 + rows, 2 : 2 + level.shape[1]]
        levels[cut] = behind * (1 - cover) + level * cover
        covers[cut], white[cut] = cover > 0, level * cover > 200
    near = Glyphs.of(levels).near.reshape(levels.shape) > 0
    assert not (near & ~covers).any()
    assert (white & ~near).sum() <= 1


def test_a_light_thing_behind_plain_text_makes_no_other_digit_of_it():
    inked = [lines(Stamp(str(digit), style="plain", high=1.0), 20, BEGAN)[0] for digit in range(10)]
    high, wide = inked[8][0].shape[0], max(level.shape[1] for level, _ in inked)
    dark = np.full((high + 8, wide + 8), 40, np.float32)

    def drawn(digit: int, behind: np.ndarray) -> np.ndarray:
        picture, (level, cover) = behind.copy(), inked[digit]
        part = picture[4 : 4 + high, 4 : 4 + level.shape[1]]
        part[:] = part * (1 - cover) + level * cover
        return picture

    cut = np.s_[4 : 4 + high, 4 : 4 + wide]
    glyphs = Glyphs.of(np.stack([drawn(digit, dark)[cut] for digit in range(10)]))
    sure = wrong = 0
    for digit, light, top, left in itertools.product(
        range(10), (205, 235), range(0, high, 2), range(0, wide, 3)
    ):
        behind = dark.copy()
        behind[4 + top :, 4 + left :] = light
        read = clock_model.read_cells(drawn(digit, behind), glyphs, [(4, 4)], wide, 0.9)
        sure += read.sure
        wrong += read.sure and read.text != str(digit)
    assert wrong == 0
    assert sure > 100
