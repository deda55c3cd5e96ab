"""Gaps from recording events, and which recording is which channel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.protocols.onvif.profile_g import Event, Found, Track
from healthmon.protocols.onvif.profile_g_requests import RECORDING_STATE, TRACK_STATE
from healthmon.vendors.recorders import onvif_channels
from healthmon.vendors.recorders.onvif_history import WEEK, History

pytestmark = pytest.mark.slow

NOW = 1_790_000_000.0
HOUR = 3600.0


def event(
    ago: float, present: bool, *, start: bool = False, track: str = "V", recording: str = "R"
) -> Event:
    if track:
        return Event(
            NOW - ago,
            TRACK_STATE,
            recording,
            track,
            {},
            {"IsDataPresent": str(present).lower()},
            start,
        )
    return Event(
        NOW - ago, RECORDING_STATE, recording, "", {}, {"IsRecording": str(present).lower()}, start
    )


def told(*events: Event) -> History:
    history = History()
    history.next_start(NOW)
    history.add(events)
    history.searched(NOW, NOW)
    return history


def ago(
    history: History, video: frozenset[str] = frozenset({"V"})
) -> list[tuple[float, float]] | None:
    found = history.gaps("R", video, NOW)
    return None if found is None else [(NOW - low, NOW - high) for low, high in found[0]]


def test_a_gap_lies_between_two_changes():
    assert ago(
        told(event(WEEK, True, start=True), event(5 * HOUR, False), event(4 * HOUR, True))
    ) == [(5 * HOUR, 4 * HOUR)]


def test_footage_that_stopped_is_a_gap_until_now():
    assert ago(told(event(WEEK, True, start=True), event(HOUR, False))) == [(HOUR, 0.0)]


def test_a_week_that_began_without_footage():
    history = told(event(WEEK, False, start=True), event(2 * HOUR, True))
    assert ago(history) == [(WEEK, 2 * HOUR)]


def test_what_was_before_the_first_change_is_not_guessed():
    history = told(event(3 * HOUR, True))
    assert history.gaps("R", {"V"}, NOW) == ((), NOW - 3 * HOUR)


def test_seams_of_files_and_other_tracks_are_no_gaps():
    seams = [event(n * HOUR, present) for n in range(20, 0, -1) for present in (False, True)]
    audio = [event(WEEK, False, start=True, track="A")]
    assert ago(told(event(WEEK, True, start=True), *seams, *audio)) == []


def test_two_video_tracks_are_missing_only_together():
    one = [event(WEEK, True, start=True), event(5 * HOUR, False), event(3 * HOUR, True)]
    two = [
        event(WEEK, True, start=True, track="W"),
        event(4 * HOUR, False, track="W"),
        event(2 * HOUR, True, track="W"),
    ]
    assert ago(told(*one, *two), frozenset({"V", "W"})) == [(4 * HOUR, 3 * HOUR)]


def test_the_recording_as_a_whole_speaks_where_its_tracks_do_not():
    assert ago(
        told(
            event(WEEK, True, start=True, track=""),
            event(HOUR, False, track=""),
            event(60, True, track=""),
        )
    ) == [(HOUR, 60.0)]
    assert told().gaps("R", {"V"}, NOW) is None


def test_the_next_search_is_short_and_its_start_states_are_nothing_new():
    history = told(event(WEEK, True, start=True), event(HOUR, False), event(HOUR - 120, True))
    assert history.next_start(NOW + 300) == NOW - 60
    history.add([event(60, True, start=True)])
    history.searched(NOW + 300, NOW + 300)
    assert history.changes == 3
    assert history.gaps("R", {"V"}, NOW + 300)[0] == ((NOW - HOUR, NOW - HOUR + 120),)


def test_a_week_later_only_the_state_is_left():
    history = told(event(WEEK, True, start=True), event(HOUR, False), event(HOUR - 120, True))
    later = NOW + WEEK
    history.searched(later, later)
    assert history.changes == 1
    assert history.gaps("R", {"V"}, later) == ((), later - WEEK)


def test_a_clock_that_was_set_back_begins_the_history_anew():
    history = told(event(WEEK, True, start=True))
    assert history.next_start(NOW - HOUR) == NOW - HOUR - WEEK
    assert history.marks == {}


@given(st.lists(st.tuples(st.floats(0, WEEK), st.booleans()), max_size=30))
def test_gaps_lie_in_order_inside_the_week(marks):
    found = told(*(event(age, present) for age, present in marks)).gaps("R", {"V"}, NOW)
    if found is None:
        assert not marks
        return
    edges = [edge for gap in found[0] for edge in gap]
    assert edges == sorted(edges)
    assert all(found[1] - 1e-6 <= edge <= NOW for edge in edges)


def recording(token: str, name: str = "", source: str = "") -> Found:
    return Found(token, source, name)


@pytest.mark.parametrize(
    ("wanted", "found", "token"),
    [
        ("REC_7", [recording("REC_7")], "REC_7"),
        ("urn:7", [recording("A", source="urn:7")], "A"),
        ("market north", [recording("A", "Market North")], "A"),
        ("7", [recording("A", "Channel 7"), recording("B", "Channel 17")], "A"),
        ("7", [recording("A", "Camera 007")], "A"),
        ("07", [recording("REC_7"), recording("REC_1")], "REC_7"),
        ("7", [recording("REC_7"), recording("REC_0")], None),
        ("7", [recording("A", "North 7"), recording("B", "South 7")], None),
        ("7", [recording("7A", "Seven")], None),
        ("1", [recording("rec_0", "Channel 1"), recording("rec_1", "Channel 2")], "rec_0"),
    ],
)
def test_a_channel_is_found_or_not_guessed(wanted, found, token):
    hit = onvif_channels.matched([wanted], found).get(wanted)
    assert (hit.token if hit else None) == token


def test_sound_alone_is_no_picture():
    tracks = (
        Track("V", "video", NOW - 9 * HOUR, NOW - HOUR),
        Track("A", "audio", NOW - 9 * HOUR, NOW),
    )
    found = onvif_channels.video(Found("R", oldest=NOW - 9 * HOUR, newest=NOW, tracks=tracks))
    assert found.newest == NOW - HOUR
    badly_kept = onvif_channels.video(
        Found("R", oldest=NOW - 9 * HOUR, newest=NOW, tracks=tracks[:1])
    )
    assert badly_kept.newest == NOW, "nothing else accounts for the recording's own date"
    only_tracks = onvif_channels.video(Found("R", tracks=tracks[:1]))
    assert (only_tracks.oldest, only_tracks.newest) == (NOW - 9 * HOUR, NOW - HOUR)
