"""A key frame is the same however it is cut into packets, and when it came; the age of a frame by
its sender.
"""

from __future__ import annotations

import struct

import pytest

from healthmon.protocols.rtsp.rtcp import NTP_TO_UNIX
from healthmon.protocols.rtsp.rtp import Meter


def packet(
    payload: bytes, sequence: int, stamp: int, *, payload_type: int = 96, padding: int = 0
) -> bytes:
    first = 0x80 | 0x20 * bool(padding)
    tail = bytes(padding - 1) + bytes((padding,)) if padding else b""
    return (
        struct.pack(">BBHII", first, payload_type, sequence & 0xFFFF, stamp & 0xFFFFFFFF, 7)
        + payload
        + tail
    )


def fragments_264(nal: bytes, size: int) -> list[bytes]:
    cuts = [nal[1:][i : i + size] for i in range(0, len(nal) - 1, size)]
    last = len(cuts) - 1
    head, kind = nal[0] & 0xE0 | 28, nal[0] & 0x1F
    return [
        bytes((head, kind | 0x80 * (n == 0) | 0x40 * (n == last))) + cut
        for n, cut in enumerate(cuts)
    ]


def fragments_265(nal: bytes, size: int) -> list[bytes]:
    cuts = [nal[2:][i : i + size] for i in range(0, len(nal) - 2, size)]
    last, kind = len(cuts) - 1, (nal[0] >> 1) & 0x3F
    head = bytes((nal[0] & 0x81 | 49 << 1, nal[1]))
    return [
        head + bytes((kind | 0x80 * (n == 0) | 0x40 * (n == last),)) + cut
        for n, cut in enumerate(cuts)
    ]


def aggregate(head: bytes, nals: list[bytes]) -> bytes:
    return head + b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)


def hashes(codec: str, frames: list[list[bytes]], padding: int = 0) -> list[int]:
    """The prints of the whole key frames of `frames` (lists of payloads, a second apart), a plain
    frame behind them.
    """
    meter, sequence = Meter(96, codec, 90000), 0
    plain = b"\x41" + bytes(20) if codec == "h264" else bytes((1 << 1, 1)) + bytes(20)
    for n, payloads in enumerate([*frames, [plain]]):
        for payload in payloads:
            data = packet(payload, sequence, n * 90000, padding=padding)
            meter.packet(data, 0, len(data), float(n))
            sequence += 1
    return meter.inside.prints.found


IDR = b"\x65" + bytes(range(256)) * 12
SECOND = b"\x65" + bytes(reversed(range(256))) * 3
SPS, PPS = b"\x67\x42\x00\x1e" + bytes(12), b"\x68\xce" + bytes(4)
IDR5 = bytes((19 << 1, 1)) + bytes(range(256)) * 12
VPS5 = bytes((32 << 1, 1)) + bytes(10)


@pytest.mark.parametrize("size", [100, 700, 1398, 5000])
def test_h264_cut_anew_is_the_same_key_frame(size):
    whole = hashes("h264", [[SPS, PPS, IDR, SECOND]])
    assert len(whole) == 1
    assert hashes("h264", [[SPS, PPS, *fragments_264(IDR, size), SECOND]]) == whole
    assert (
        hashes(
            "h264",
            [
                [
                    aggregate(b"\x78", [SPS, PPS]),
                    *fragments_264(IDR, size),
                    *fragments_264(SECOND, size),
                ]
            ],
        )
        == whole
    )
    assert hashes("h264", [[aggregate(b"\x78", [SPS, PPS, IDR, SECOND])]]) == whole
    assert hashes("h264", [[*fragments_264(IDR, size), SECOND]], padding=8) == whole
    assert hashes("h264", [[SECOND, IDR]]) != whole


@pytest.mark.parametrize("size", [100, 1398])
def test_h265_cut_anew_is_the_same_key_frame(size):
    whole = hashes("h265", [[VPS5, IDR5]])
    assert len(whole) == 1
    assert hashes("h265", [fragments_265(IDR5, size)]) == whole
    assert hashes("h265", [[aggregate(bytes((48 << 1, 1)), [VPS5, IDR5])]]) == whole


def test_a_print_has_the_time_when_its_key_frame_began_to_come():
    meter = Meter(96, "h264", 90000)
    for sequence, (payload, stamp, at) in enumerate(
        [
            (IDR, 0, 1.5),
            (IDR[:40], 0, 1.52),
            (b"\x41" + bytes(20), 3600, 1.54),
            (SECOND, 90000, 2.5),
        ]
    ):
        data = packet(payload, sequence, stamp)
        meter.packet(data, 0, len(data), at)
    prints = meter.inside.prints
    assert prints.times == [1.5], "the second is not whole yet"
    assert len(prints.found) == 1


def report(unix: float, stamp: int) -> bytes:
    at = unix + NTP_TO_UNIX
    return struct.pack(
        ">BBHIIIIII",
        0x80,
        200,
        6,
        7,
        int(at) & 0xFFFFFFFF,
        int(at % 1 * 2**32),
        stamp & 0xFFFFFFFF,
        0,
        0,
    )


@pytest.mark.parametrize("first", [0, 2**32 - 90000])
@pytest.mark.parametrize("late", [0.0, 0.4, 2.5])
def test_the_age_of_a_frame_is_by_the_senders_own_stamps(first, late):
    """Frames are sent `late` seconds after they were sampled; the report is of the moment when it
    is sent.
    """
    meter = Meter(96, "h264", 90000)
    assert meter.age is None
    for n in range(50):
        data = packet(b"\x41" + bytes(20), n, first + n * 3600)
        meter.packet(data, 0, len(data), 100 + n / 25 + late)
        if n == 10:
            control = report(1.8e9 + n / 25 + late, first + n * 3600 + int(late * 90000))
            meter.control(control, 0, len(control), 1.8e9, 100 + n / 25 + late)
    assert meter.age == pytest.approx(late, abs=0.001)
