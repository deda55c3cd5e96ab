"""One sweep by the real program of cameras that break every rule on their RTSP port, side by side
with well ones.

Rows are those of the fault catalogue. Each camera is called by its name, at the deadline, and
nobody else is harmed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from helpers.fakes.rtsp_server import Camera, pictures
from helpers.hostile_devices import WICKED, Challenging, Wicked, elsewhere
from helpers.hostile_estate import MIB, OTHER, PASSWORD, Bed, Swept, Ward, nobody_home, undisturbed
from helpers.loopback import make_pair, unanswering

pytestmark = pytest.mark.long
WELL = 6
ALL = [*WICKED, *elsewhere(OTHER)]


@dataclass
class Outcome:
    """The ward after its sweep. `alone` is a sweep of a well camera; `knocked` are those that came
    to 127.0.0.2.
    """

    swept: Swept
    alone: Swept
    beds: dict[str, tuple[Wicked, Bed]]
    well: list[tuple[Camera, Bed]]
    knocked: list[str]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return undisturbed(lambda: seen(tmp_path_factory.mktemp("ward")), lambda made: made.swept)


def seen(folder: Path) -> Outcome:
    tls = make_pair(folder, "camera").server()
    beds = {}
    for name, build in (WICKED | elsewhere(OTHER)).items():
        one = build()
        more = {"rtsp": one.more} if one.more else {}
        beds[name] = (
            one,
            Bed(name, one.talk, camera=one.camera, tls=tls if one.tls else None, more=more),
        )
    cameras = [Camera(packets=pictures(4000)) for _ in range(WELL)]
    well = [(camera, Bed(f"well{n}", camera.talk)) for n, camera in enumerate(cameras)]
    silent, closed = Bed("c2_silent_port"), Bed("c3_closed_port")
    ward = Ward(
        folder, [*(bed for _, bed in well), *(bed for _, bed in beds.values()), silent, closed]
    )
    with nobody_home() as knocked, unanswering(silent.address) as full:
        port = full.getsockname()[1]
        silent.more, closed.more = {"rtsp": {"port": port}}, {"rtsp": {"port": port}}
        with ward.open():
            alone = ward.sweep("--device", "well0")
            swept = ward.sweep()
    return Outcome(swept, alone, beds, well, knocked)


def row(*prefixes: str) -> pytest.MarkDecorator:
    """The cameras whose names begin so."""
    return pytest.mark.parametrize("name", [n for n in ALL if n.startswith(prefixes)])


def answers_nothing(outcome: Outcome, name: str) -> bool:
    """Whether the sheet says that a silent port takes connections and answers nothing (FF-A2)."""
    said = outcome.swept.said(name, "reach")
    silent = name.startswith(("c1_silence", "c4_drip", "c7_tls_asked"))
    return silent and any("answers nothing" in sentence for _, sentence in said)


def named(outcome: Outcome, name: str) -> tuple[Wicked, Bed]:
    """The camera, after it has been held that the sheet says of its stream what it must, and no
    more.
    """
    wicked, bed = outcome.beds[name]
    said = outcome.swept.said(name, "stream")
    codes = [code for code, _ in said]
    assert "agent_stalled" not in codes, said
    if answers_nothing(outcome, name):
        assert not said, "one line says it"
        return wicked, bed
    assert not set(codes) - {*wicked.code.split("|"), *wicked.also}, said
    if wicked.code:
        assert any(
            re.fullmatch(wicked.code, code) and re.search(wicked.says, sentence)
            for code, sentence in said
        ), said
    assert not outcome.swept.said(name, "reach"), "a port that is open has been reached"
    assert bed.counted["rtsp"].most <= 1, "one connection at a time"
    if wicked.camera is not None:
        asked = wicked.camera.methods
        assert asked.count("TEARDOWN") == asked.count("PLAY"), asked
        assert asked.count("DESCRIBE") <= 4, asked
    return wicked, bed


@row("c1_")
def test_c1_silence_ends_at_the_deadline_and_says_what_was_waited_for(
    outcome: Outcome, name: str
) -> None:
    named(outcome, name)


def test_c2_an_unanswered_connection_request_is_told_from_silence_and_from_refusal(
    outcome: Outcome,
) -> None:
    ((code, sentence),) = outcome.swept.said("c2_silent_port", "reach")
    assert code == "unreachable"
    assert re.search(r"no answer on RTSP \d+ in [23](\.\d+)? s$", sentence)
    ((code, sentence),) = outcome.swept.said("c3_closed_port", "reach")
    assert code == "unreachable"
    assert re.search(r"RTSP \d+ refused$", sentence)
    for name in ("c2_silent_port", "c3_closed_port"):
        assert len(outcome.swept.of(name)) == 1, "what follows from it is not said"


@row("c3_")
def test_c3_a_dropped_connection_is_no_storm_of_connections(outcome: Outcome, name: str) -> None:
    _, bed = named(outcome, name)
    assert (
        bed.counted["rtsp"].connections <= 5
    )  # reach and its question, stream and once again, clock


@row("c4_")
def test_c4_a_drip_ends_at_the_deadline_not_when_it_pauses(outcome: Outcome, name: str) -> None:
    named(outcome, name)


@row("c5_")
def test_c5_an_endless_header_is_cut_at_16_kib(outcome: Outcome, name: str) -> None:
    named(outcome, name)


@row("c6_")
def test_c6_a_lying_length_is_not_believed(outcome: Outcome, name: str) -> None:
    named(outcome, name)


@row("c7_")
def test_c7_the_protocol_on_the_port_is_named(outcome: Outcome, name: str) -> None:
    named(outcome, name)


@row("c8_")
def test_c8_only_the_answer_to_the_request_is_taken(outcome: Outcome, name: str) -> None:
    wicked, _ = named(outcome, name)
    if name == "c8_requests_of_the_camera":
        assert wicked.camera is not None
        assert wicked.camera.answers.count("RTSP/1.0 200 OK") >= 3
        assert wicked.camera.answers.count("RTSP/1.0 501 Not Implemented") >= 3


@row("c9_")
def test_c9_challenges_for_ever_cost_one_login_and_no_basic(outcome: Outcome, name: str) -> None:
    wicked, _ = named(outcome, name)
    assert wicked.camera is not None
    login = wicked.camera.refuse
    assert isinstance(login, Challenging)
    assert login.given <= (2 if "stale" in name else 1)
    assert not [given for given in login.answers if given.startswith("Basic")]


@row("c12_")
def test_c12_busy_is_not_down(outcome: Outcome, name: str) -> None:
    named(outcome, name)
    assert name not in [
        device for fault in outcome.swept.sheet["faults"] for device in fault["devices"]
    ]


@row("c13_")
def test_c13_udp_where_tcp_is_refused_in_one_look(outcome: Outcome, name: str) -> None:
    wicked, _ = named(outcome, name)
    assert wicked.camera is not None
    methods = [method for method in wicked.camera.methods if method != "OPTIONS"]
    assert methods[:4] == ["DESCRIBE", "SETUP", "SETUP", "PLAY"]


@row("c14_")
def test_c14_a_session_without_pictures_says_how_long_was_waited(
    outcome: Outcome, name: str
) -> None:
    named(outcome, name)


@row("c15_")
def test_c15_pictures_without_key_frames_are_a_warning_only(outcome: Outcome, name: str) -> None:
    named(outcome, name)
    assert name in [
        device for warning in outcome.swept.sheet["warnings"] for device in warning["devices"]
    ]


@row("c16_")
def test_c16_time_that_stands_still_is_a_frozen_picture(outcome: Outcome, name: str) -> None:
    named(outcome, name)


@row("c18_")
def test_c18_packets_of_another_stream_are_no_sign_of_life(outcome: Outcome, name: str) -> None:
    named(outcome, name)


@row("c19_")
def test_c19_loss_is_measured_and_bad_packets_do_no_harm(outcome: Outcome, name: str) -> None:
    named(outcome, name)


@row("c20_")
def test_c20_descriptions_of_every_kind(outcome: Outcome, name: str) -> None:
    named(outcome, name)


@row("c21_")
def test_c21_what_points_elsewhere_is_not_followed(outcome: Outcome, name: str) -> None:
    named(outcome, name)


def test_c21_not_one_packet_goes_to_an_address_that_is_not_configured(outcome: Outcome) -> None:
    assert outcome.knocked == []


@row("c29_")
def test_c29_a_slow_camera_is_waited_for(outcome: Outcome, name: str) -> None:
    named(outcome, name)


@row("flood_")
def test_a_flood_is_cut_and_torn_down(outcome: Outcome, name: str) -> None:
    named(outcome, name)


def test_c1_to_c20_harm_no_other_camera(outcome: Outcome) -> None:
    """Law 4: every well camera beside them is seen well, and the sweep ends with the
    slowest look.
    """
    for camera, bed in outcome.well:
        assert not outcome.swept.said(bed.id, "reach", "stream"), bed.id
        played = camera.methods.count("PLAY")
        assert played == (2 if bed.id == "well0" else 1), "seen well at the first look"
        assert camera.methods.count("TEARDOWN") == played
        assert bed.counted["rtsp"].most <= 1
    assert outcome.swept.sheet["took_seconds"] < 60


def test_c5_c6_c20_no_reply_costs_more_memory_than_its_cap(outcome: Outcome) -> None:
    """G7: 10 MB of description, endless headers, floods: not 32 MiB more than a sweep of one well
    camera.
    """
    assert outcome.swept.memory - outcome.alone.memory < 32 * MIB


def test_no_secret_is_written_anywhere(outcome: Outcome) -> None:
    assert PASSWORD not in outcome.swept.text
