"""The evaluation of the picture check, on a folder of pictures that somebody else has made."""

from __future__ import annotations

import pickle
from itertools import islice
from pathlib import Path

import pytest
from helpers.pictures import coded, png, scene, with_noise

from benchmarks._picture_folder import FolderError, Sample, scenes_of
from benchmarks._picture_scenes import Encoder, Moment, Scene
from benchmarks.picture_eval import (
    EACH,
    LIMITS,
    Check,
    Choice,
    Half,
    chosen,
    fill,
    interval,
    rows,
)
from healthmon.model.picture import Comparison, PictureReading
from healthmon.picture.reference import LEARNED

VIEW = scene(3)


def written(folder: Path, *lines: str, head: str = "scene,file,kind,amount") -> Path:
    (folder / "manifest.csv").write_text("\n".join([head, *lines]), encoding="utf-8-sig")
    return folder


def test_a_folder_is_judged_whatever_its_pictures_are_called_and_coded(tmp_path: Path):
    for number in range(12):
        (tmp_path / f"{number}.png").write_bytes(png(with_noise(VIEW, number)))
    (tmp_path / "blank.jpg").write_bytes(coded("mjpeg", VIEW * 0 + 90))
    learned = [f"yard, {number}.png, Baseline," for number in range(10)]
    lines = ["yard,10.png,good,", "yard,11.png,OK,", "yard,blank.jpg,Gray,", ""]
    lines += ["yard,10.png,frozen,", "yard,10.png,frozen,"]
    found = list(rows(str(written(tmp_path, *learned, *lines, head="Scene, File,KIND ,amount"))))
    missed = {row.name.split(",")[0]: row.ours for row in found if row.name.startswith("missed")}
    assert missed == {"missed: flat": 0, "missed: frozen": 0}
    (alarms,) = (row for row in found if row.name.startswith("false alarms"))
    assert (alarms.ours, "of 2" in alarms.name) == (0, True)


def test_a_run_that_was_stopped_goes_on_with_the_cameras_that_it_has_kept(tmp_path: Path):
    (tmp_path / "1.png").write_bytes(png(VIEW))
    (samples,) = scenes_of(written(tmp_path, "a,1.png,good,", "a,1.png,black,"))
    for number, rest in ((0, samples), (1, samples[1:])):
        half = Half()
        half.add([], rest)
        (tmp_path / f"camera {number}, 4 good.pickle").write_bytes(pickle.dumps(half))
    fit, scored = Half(), Half()
    fill(fit, scored, 2, Choice(4), None, str(tmp_path))
    assert [one.sample.kind for one in fit.checks] == ["good", "black"]
    assert [one.sample.kind for one in scored.checks] == ["black"]


def test_one_kind_of_fault_can_be_tried_on_cameras_of_other_numbers_at_one_rate():
    choice = Choice(8, "slate", 300, 3000)
    ((fit, few), (counted, good)) = (choice.camera(number) for number in (0, 1))
    assert (few, good) == (2, 8)
    assert str(choice) == "8 good, slate, 300 kbit, from 3000"
    faults = list(counted.samples(0))[LEARNED:]
    assert [(one.scene, one.name) for one in faults] == [("camera 3001", "slate")] * EACH
    assert all(one.low_rate for one in faults)
    assert all(one.scene == "camera 0" for one in islice(fit.samples(0), 1))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a,none.png,good,", "line 2: no file 'none.png' in the folder; correct the line"),
        ("a,1.png,blurry,", "line 2: no kind 'blurry'; write one of learn, good, black"),
        ("a,1.png,moved,far", "line 2: amount 'far' is no number; write one as in 0.3"),
        (",1.png,good,", "line 2: no scene; correct the line or take it out"),
        ("a,manifest.csv,good,", "line 2: manifest.csv is no picture"),
        ("a,tiny.png,good,", "line 2: tiny.png: a picture of 32x32 is too small to judge"),
    ],
)
def test_a_bad_line_is_told_with_its_remedy(tmp_path: Path, line: str, words: str):
    (tmp_path / "1.png").write_bytes(png(VIEW))
    (tmp_path / "tiny.png").write_bytes(png(VIEW[:32, :32].copy()))
    with pytest.raises(FolderError, match=r"manifest\.csv, ") as told:
        list(scenes_of(written(tmp_path, line)))
    assert words in str(told.value)
    assert "\n" not in str(told.value)


def test_a_folder_without_a_manifest_or_its_columns_is_told(tmp_path: Path):
    with pytest.raises(FolderError, match=r"write a manifest\.csv"):
        list(scenes_of(tmp_path))
    with pytest.raises(FolderError, match="line 1: no column amount; the first line must be"):
        list(scenes_of(written(tmp_path, head="scene,file,kind")))


def test_frozen_pictures_of_one_rate_are_compared_and_a_single_one_with_the_good_one(
    tmp_path: Path,
):
    for name in ("good", "one", "two", "slow"):
        (tmp_path / f"{name}.png").write_bytes(png(VIEW))
    lines = ("a,good.png,good,", "a,one.png,frozen,4000", "a,two.png,frozen,4000")
    ((_, pair, single),) = scenes_of(written(tmp_path, *lines, "a,slow.png,frozen,300"))
    assert [(one.amount, len(one.pictures)) for one in (pair, single)] == [(4000, 2), (300, 2)]


def test_frozen_pictures_that_follow_each_other_are_checks_in_a_row(tmp_path: Path):
    names = [f"{number}.png" for number in range(4)]
    for name in names:
        (tmp_path / name).write_bytes(png(VIEW))
    lines = [f"a,{name},learn," for name in names] + [f"a,{name},frozen," for name in names]
    ((*samples,),) = scenes_of(written(tmp_path, *lines))
    assert [(one.kind, len(one.before)) for one in samples] == [
        *[("learn", before) for before in range(4)],
        *[("frozen", before) for before in range(1, 4)],
    ]


@pytest.mark.parametrize(("text", "amount"), [("0.05", 0.05), ("5 %", 0.05), ("5", 0.05)])
def test_amounts_are_read_as_people_write_them(tmp_path: Path, text: str, amount: float):
    (tmp_path / "1.png").write_bytes(png(VIEW))
    ((sample,),) = scenes_of(written(tmp_path, f"a,1.png,Moved,{text}"))
    assert (sample.kind, sample.amount) == ("moved", amount)


def test_a_made_camera_has_a_clock_that_ticks_and_noise_after_its_lens():
    made = Scene(4, (352, 288))
    first, last = made.pictures(Moment(1, fault="defocus", amount=5), count=2)
    changed = abs(first.astype(int) - last.astype(int))
    assert changed[:12, :160].max() > 100, "the seconds"
    assert 0.3 < changed[40:-40].mean() < 6, "the sensor"
    stood, ticked = (made.frozen(Moment(1), 4, ticking=one) for one in (False, True))
    assert (stood[0] == stood[-1]).all()
    assert (ticked[0] != ticked[-1])[:12, :160].any()
    assert (ticked[0] == ticked[-1])[40:-40].all()
    assert len(Encoder("h264", 300_000).last_two(ticked)) == 2


@pytest.mark.parametrize(
    ("light", "weather"),
    [("day", kind) for kind in ("rain", "fog", "snow", "drops", "wiper", "low sun")]
    + [("night", "headlights"), ("infrared", "insects")],
)
def test_weather_and_lamps_change_a_part_of_a_picture(light: str, weather: str):
    made = Scene(4, (352, 288))
    dry, wet = (
        made.pictures(Moment(1, light=light, weather=one))[0][40:-40] for one in ("", weather)
    )
    changed = abs(dry.astype(int) - wet.astype(int)) > 12
    assert 0.001 < changed.mean() < 0.98


def test_a_limit_is_chosen_by_what_is_missed_and_what_is_a_false_alarm():
    half = Half()
    for kind, amount, shares in (("good", 0.0, (0.0, 0.07)), ("covered", 0.3, (0.09, 0.4))):
        for number in range(20):
            share = shares[number % 2]
            known = Comparison(10, 10, peak=0.3, low_peak=0.3, coarse=0.9, covered=share)
            reading = PictureReading(width=640, height=360, mean=90, high=200, baseline=known)
            half.checks.append(Check(Sample("a", kind, amount, ()), reading))
    assert 0.07 < chosen(half, "covered", "covered 0.3") <= 0.09
    assert chosen(Half(), "covered", "covered 0.3") == LIMITS.covered


def test_interval_of_wilson():
    assert interval(0, 100) == (0.0, pytest.approx(3.7, abs=0.1))
    assert interval(5, 100) == (pytest.approx(2.15, abs=0.1), pytest.approx(11.2, abs=0.1))
