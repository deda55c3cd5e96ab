"""The times of replayed footage, packet by packet as the ONVIF Streaming Specification lays them
out.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthmon.protocols.rtsp.replay import CLEAN, END, TERMINAL, ReplayTimes, from_clock
from healthmon.protocols.rtsp.rtp import Meter

AT = datetime(2026, 11, 23, 21, 0, tzinfo=UTC).timestamp()


def packet(
    at: float,
    flags: int = 0,
    *,
    number: int = 0,
    play: int = 5,
    csrc: int = 0,
    jpeg: bytes = b"",
    profile: int = 0xABAC,
) -> bytes:
    """One RTP packet with the extension; `jpeg` is a second extension behind it, whole words."""
    ntp = at + 2208988800
    head = struct.pack(
        ">BBHII", 0x90 | csrc, 0xE0, number, int(at * 90000) & 0xFFFFFFFF, 7
    ) + bytes(4 * csrc)
    more = struct.pack(">HH", profile, 3 + len(jpeg) // 4)
    more += (
        struct.pack(">IIBBH", int(ntp) & 0xFFFFFFFF, int(ntp % 1 * 2**32), flags, play, 0) + jpeg
    )
    return head + more + b"\x65" + bytes(20)


def read(*packets: bytes) -> ReplayTimes:
    times = ReplayTimes()
    for one in packets:
        times.packet(one, 0, len(one))
    return times


def test_times_flags_and_the_play_that_they_belong_to():
    times = read(
        packet(AT, CLEAN), packet(AT + 0.25), packet(AT + 1.5, CLEAN | END | TERMINAL, play=9)
    )
    assert (times.frames, times.clean, times.play, times.terminal) == (3, 2, 9, True)
    assert times.first == AT
    assert times.length == pytest.approx(1.5)
    assert times.jumps == []


def test_every_packet_of_a_picture_may_carry_it():
    assert read(packet(AT, CLEAN), packet(AT, CLEAN), packet(AT + 1)).frames == 2


def test_a_gap_is_a_leap_behind_a_frame_that_ends_a_section():
    assert read(packet(AT, END), packet(AT + 90)).jumps == [(AT, AT + 90)]
    assert read(packet(AT), packet(AT + 90)).jumps == [], (
        "key frames of a quiet scene lie far apart"
    )
    assert read(packet(AT), packet(AT + 900)).jumps == [(AT, AT + 900)]
    assert read(packet(AT, END), packet(AT + 0.1)).jumps == []


def test_a_step_back_is_counted_and_no_gap():
    times = read(packet(AT), packet(AT - 3), packet(AT + 1))
    assert (times.backward, times.jumps, times.last) == (1, [], AT + 1)


@pytest.mark.parametrize(
    "other",
    [
        packet(AT, profile=0xBEDE),
        packet(AT)[:20],
        packet(-2208988800.0),
        packet(1000.0),
        struct.pack(">BBHII", 0x90, 0xE0, 1, 2, 7) + struct.pack(">HH", 0xABAC, 2) + bytes(8),
        struct.pack(">BBHII", 0x90, 0xE0, 1, 2, 7) + struct.pack(">HH", 0xABAC, 900) + bytes(12),
    ],
    ids=[
        "another extension",
        "cut short",
        "zero",
        "1970",
        "too few words",
        "longer than the packet",
    ],
)
def test_what_is_no_time_is_passed_over(other):
    assert read(other) == ReplayTimes(play=read(other).play)


def test_contributing_sources_and_the_jpeg_extension_behind_it():
    assert read(packet(AT, csrc=3)).first == AT
    assert read(packet(AT, jpeg=b"\xff\xd8\x00\x01" + bytes(4))).first == AT


def test_the_meter_hands_packets_with_an_extension_on():
    meter, times = Meter(96, "h264", 90000), ReplayTimes()
    meter.extension = times.packet
    for number in range(4):
        meter.packet(packet(AT + number, number=number), 0, len(packet(AT)), float(number))
    plain = (
        struct.pack(">BBHII", 0x80, 0x60, 4, int((AT + 4) * 90000) & 0xFFFFFFFF, 7)
        + b"\x41"
        + bytes(20)
    )
    meter.packet(plain, 0, len(plain), 4.0)
    assert (meter.frames, times.frames) == (5, 4)


def test_the_range_names_whole_seconds_of_utc():
    assert from_clock(AT + 0.9) == "clock=20261123T210000Z-"


@settings(max_examples=300)
@given(st.lists(st.binary(max_size=60), max_size=4), st.floats(0, 4e9), st.integers(0, 255))
def test_whatever_comes_is_passed_over_or_a_time(raw, at, flags):
    times = read(*raw, *(b"\x90\xe0" + one for one in raw), packet(at, flags))
    assert times.first is None or times.first >= 946684800
    assert times.length >= 0
