"""Which view of a PTZ camera a picture shows, what is learned of each, and where nothing may be told."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from helpers.ptz_cameras import ELSEWHERE, PLACES, learned, shown, taught, view

from healthmon.model.picture import Comparison, LastView
from healthmon.picture import recognition
from healthmon.picture.baselines import Baselines
from healthmon.picture.views import MOST_VIEWS, Index, Looking, ViewFiles


@cache
def known() -> list[tuple[str, bytes]]:
    """Every place as it was learned."""
    return [(name, learned(name)) for name in PLACES]


@pytest.mark.parametrize("name", PLACES)
def test_each_view_is_recognised_among_the_others(name: str):
    found = recognition.recognised(shown(view(name), 77), known())
    assert (found.key, found.unlike) == (name, False)
    assert found.baseline.compared(shown(view(name), 77))["peak"] > 0.2


def test_a_view_that_nobody_has_learned_is_none_of_them():
    found = recognition.recognised(shown(view(ELSEWHERE), 77), known())
    assert (found.key, found.unlike) == ("", True)


def test_of_two_views_that_are_alike_none_is_recognised():
    twice = [*known(), ("again", learned("Market"))]
    found = recognition.recognised(shown(view("Market"), 77), twice)
    assert (found.key, found.unlike) == ("", False), "no margin, and no new view either"


def test_a_camera_that_pans_between_two_key_frames_has_moved_and_one_that_rests_has_not():
    still, again = (shown(view("Market"), seed) for seed in (1, 2))
    panned = shown(np.roll(view("Market"), 80, axis=1), 3)
    assert not recognition.has_moved(still, again)
    assert recognition.has_moved(still, panned)
    assert recognition.has_moved(still, shown(view("Car park"), 4))
    grey = np.full((360, 640), 110, np.uint8)
    assert not recognition.has_moved(shown(grey, 1), shown(grey, 2)), "fog tells nothing"


def test_the_index_keeps_names_and_the_last_view_and_survives_damage(tmp_path: Path):
    files = taught(tmp_path, "C1", {"Market": "Market"})
    key = Looking("1", "preset Market").key
    last = LastView(
        5.0, "preset Market", Comparison(10, 10, peak=0.3, tiles=(1, 2)), 640, 360, True
    )
    files.keep(Index({key: "preset Market", "view-9": "gone"}, 3.0, last))
    found = files.index()
    assert (found.names, found.began, found.last) == ({key: "preset Market"}, 3.0, last)
    assert found.has_presets()
    for text in ("{", "[]", '{"names": 3}', '{"last": {"at": 1}}'):
        (files.folder or tmp_path).joinpath("views.json").write_text(text)
        assert files.index() == Index()
    assert files.read(key) == learned("Market")


def test_the_view_learned_longest_ago_goes_and_all_go_when_the_camera_is_to_forget(tmp_path: Path):
    import os

    files = ViewFiles(Baselines(tmp_path), ("C1", "main"))
    for number in range(MOST_VIEWS + 1):
        files.write(f"view-{number}", b"x")
        os.utime((files.folder or tmp_path) / f"view-{number}.baseline", (number, number))
    assert len(files.sorted()) == MOST_VIEWS
    assert files.read("view-0") == b""
    assert (files.folder or tmp_path).stat().st_mode & 0o777 == 0o700
    assert Baselines(tmp_path).forget(("C1", "main"))
    assert files.sorted() == []
    assert not Baselines(tmp_path).forget(("C1", "main"))
