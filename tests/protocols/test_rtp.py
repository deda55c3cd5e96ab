"""RTP and RTCP packets as RFC 3550 allows them, and as senders get them wrong."""

from __future__ import annotations

import struct

import pytest

from healthmon.protocols.media.jpeg_headers import known_size
from healthmon.protocols.rtsp import rtcp
from healthmon.protocols.rtsp.rtp import RELOCK_AFTER, Meter

SLICE, IDR = b"\x41\x9a\x00\x01", b"\x65\x88\x80\x10\x20"
SPS = bytes.fromhex("67420014da0507ec0440000003004000000783c50aa8")


def packet(
    sequence: int,
    stamp: int,
    body: bytes = SLICE,
    *,
    kind: int = 96,
    ssrc: int = 7,
    first: int = 0x80,
    more: bytes = b"",
) -> bytes:
    return (
        struct.pack(">BBHII", first, kind, sequence & 0xFFFF, stamp & 0xFFFFFFFF, ssrc)
        + more
        + body
    )


def fed(*packets: bytes, codec: str = "h264") -> Meter:
    meter = Meter(96, codec, 90000)
    for number, one in enumerate(packets):
        meter.packet(one, 0, len(one), number * 0.04)
    return meter


def test_the_payload_lies_behind_sources_and_extension_and_before_the_padding() -> None:
    sources, extension = bytes(8), struct.pack(">HH", 0xABAC, 3) + bytes(12)
    for first, more, tail in (
        (0x80, b"", b""),
        (0x82, sources, b""),
        (0x90, extension, b""),
        (0x92, sources + extension, b""),
        (0xA0, b"", b"\0\0\0\4"),
        (0xB2, sources + extension, b"\1"),
    ):
        meter = fed(packet(1, 0, IDR + tail, first=first, more=more))
        assert (meter.keyframes, meter.foreign) == (1, 0)
        assert fed(packet(1, 0, SLICE + tail, first=first, more=more)).keyframes == 0


def test_damaged_heads_count_as_packets_without_a_key_frame() -> None:
    for damaged in (
        packet(1, 0, IDR, first=0x8F),
        packet(1, 0, IDR + b"\xff", first=0xA0),
        packet(1, 0, b"", first=0x90),
        packet(1, 0, IDR, first=0x90, more=b"\xab\xac\xff\xff"),
    ):
        meter = fed(damaged)
        assert (meter.packets, meter.keyframes) == (1, 0)


@pytest.mark.parametrize(
    "body",
    [
        IDR,
        b"\x7c\x85" + bytes(20),  # FU-A, its beginning
        b"\x7c\x05" + bytes(20),  # FU-A, in the middle
        b"\x7d\x85\x00\x01" + bytes(20),  # FU-B
        b"\x78"
        + len(SPS).to_bytes(2, "big")
        + SPS
        + b"\0\x05"
        + IDR,  # STAP-A with its parameter set
        b"\x79\0\1" + b"\0\x05" + IDR,  # STAP-B
        b"\x06\x06\x01\xc4\x80",  # recovery point: pictures without IDR
        b"\x06\x01\x02\x12\x34\x05\xff\x01"
        + bytes(256)
        + b"\x06\x01\xc4\x80",  # behind other messages
        b"\0\0\0\1" + IDR,  # with its start code
        b"\0\0\0\1\x09\xf0\0\0\0\1" + SPS + b"\0\0\1" + IDR,  # a whole access unit in one packet
        SPS + b"\0\0\0\1" + IDR,  # without the first start code
        b"\x1c\x80\0\0\1" + IDR,  # start code and IDR in fragments
    ],
)
def test_key_frames_of_h264(body: bytes) -> None:
    assert fed(packet(1, 0, body)).keyframes == 1


@pytest.mark.parametrize(
    "body",
    [
        SLICE,
        b"\x7c\x81" + bytes(9),
        b"\x06\x05\x10" + bytes(16),
        b"\x06\xff\xff\xff",
        b"\x09\xf0\x00",
        SPS,
        b"\x78\0\0\0\0",
        b"\0\0\0\1" + SLICE,
        b"\0\0\0\1\x09\xf0\0\0\0\1" + SLICE,
        b"\x1c\x40\0\0\1" + IDR,
        SPS + b"\0\0\1",
    ],
)
def test_no_key_frames_of_h264(body: bytes) -> None:
    assert fed(packet(1, 0, body)).keyframes == 0


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        (b"\x26\x01\xaf", 1),  # IDR_W_RADL
        (b"\x2a\x01\xaf", 1),  # CRA
        (b"\x02\x01\xd0", 0),
        (b"\x62\x01\x93" + bytes(9), 1),  # FU of an IDR
        (b"\x62\x01\x81" + bytes(9), 0),
        (
            b"\x60\x01" + b"\0\x03\x40\x01\x0c" + b"\0\x04\x26\x01\xaf\x00",
            1,
        ),  # aggregation packet: VPS, IDR
        (b"\x60\x01" + b"\0\x03\x40\x01\x0c", 0),
        (b"\x4e\x01\x06\x01\xd0\x80", 1),  # recovery point
        (b"\x4e\x01\x01\x01\xd0\x80", 0),
        (b"\0\0\0\1\x26\x01\xaf", 1),  # with its start code
        (b"\0\0\0\1\x40\x01\x0c\0\0\0\1\x26\x01\xaf", 1),
        (b"\x62\0\x80\0\1\x26\x01\xaf", 0),
        (b"\x62\0\x80\0\0\1\x26\x01\xaf", 1),  # in fragments
        (b"\0\0\0\1\x02\x01\xd0", 0),
        (b"\0\1\xd0\0\0\3\1", 0),  # TRAIL_N
    ],
)
def test_key_frames_of_h265(body: bytes, keys: int) -> None:
    assert fed(packet(1, 0, body), codec="h265").keyframes == keys


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        (b"\0\0\1\xb6\x10\x60" + bytes(9), 1),
        (b"\0\0\1\xb6\x50\x60" + bytes(9), 0),
        (b"\0\0\1\xb0\xf5\0\0\1\xb5\x09\0\0\1\x20" + bytes(12) + b"\0\0\1\xb6\x10\x60", 1),
        (b"\0\0\1\xb0\xf5\0\0\1\xb6", 0),
        (b"\x10\x20" + b"\0\0\1\xb6\x10", 0),  # the middle of a picture
    ],
)
def test_key_frames_of_mpeg_4(body: bytes, keys: int) -> None:
    assert fed(packet(1, 0, body), codec="mpeg4").keyframes == keys


def test_of_an_encrypted_stream_the_heads_are_read() -> None:
    meter = Meter(96, "h264", 90000, encrypted=True)
    for number in range(4):
        data = packet(number, number * 3600, IDR)
        meter.packet(data, 0, len(data), number / 25)
    told = report(1.8e9)
    meter.control(told, 0, len(told), 0.0)
    assert (meter.frames, meter.lost, meter.keyframes, meter.report) == (4, 0, 0, None)


def test_parameter_sets_in_band_are_kept_once_each() -> None:
    pps = b"\x68\xce\x0f\xc8"
    meter = fed(
        packet(1, 0, SPS),
        packet(2, 0, pps),
        packet(3, 0, IDR),
        packet(4, 3600, SPS),
        packet(5, 3600, IDR),
    )
    assert meter.inside.parameter_sets == [SPS, pps]
    assert meter.inside.prints.layout is not None


def jpeg(width: int, height: int, restart: bool = False) -> bytes:
    kind = 65 if restart else 1
    return (
        struct.pack(">BBHBBBB", 0, 0, 0, kind, 80, width, height)
        + (b"\0\x04\xff\xff" if restart else b"")
        + bytes(40)
    )


@pytest.mark.parametrize("restart", [False, True])
def test_the_size_of_jpeg(restart: bool) -> None:
    meter = fed(
        packet(1, 0, jpeg(80, 60, restart)), packet(2, 6000, jpeg(80, 60, restart)), codec="mjpeg"
    )
    assert (meter.keyframes, meter.inside.picture) == (2, (640, 480))


@pytest.mark.parametrize("header", [(0, 0), (3840 % 2048 // 8, 2160 % 2048 // 8)])
def test_the_size_of_large_jpeg_by_onvifs_extension(header: tuple[int, int]) -> None:
    """The header itself says 0 or what is left above 2048."""
    frame_header = (
        b"\xff\xc0\0\x11\x08" + (2160).to_bytes(2, "big") + (3840).to_bytes(2, "big") + bytes(10)
    )
    segments = b"\xff\xdb\0\x04\1\2" + frame_header
    segments += bytes(-len(segments) % 4)
    more = struct.pack(">HH", 0xFFD8, len(segments) // 4) + segments
    meter = fed(packet(1, 0, jpeg(*header), first=0x90, more=more), codec="mjpeg")
    assert meter.inside.picture == (3840, 2160)


@pytest.mark.parametrize(
    ("header", "told", "wanted"),
    [
        (None, (2592, 1944), (2592, 1944)),
        ((544, 1944), (2592, 1944), (2592, 1944)),
        ((1920, 1080), (2592, 1944), (1920, 1080)),
        ((1368, 768), (1366, 768), (1366, 768)),
        ((544, 1944), None, (544, 1944)),
        (None, None, None),
    ],
)
def test_the_size_told_elsewhere_counts_where_it_fits_the_header_of_a_jpeg(
    header: tuple[int, int] | None, told: tuple[int, int] | None, wanted: tuple[int, int] | None
) -> None:
    assert known_size(header, told) == wanted


def test_c19_loss_late_packets_and_copies() -> None:
    order = [1, 2, 3, 5, 6, 4, 4, 6, 9, 10, 10]
    meter = fed(*(packet(n, n * 3600) for n in order))
    assert (meter.lost, meter.reordered, meter.packets) == (2, 1, 8)
    assert meter.frames == 7, "a late packet begins no picture"


def test_the_sequence_wraps_and_starts_anywhere() -> None:
    meter = fed(*(packet(n, n * 3600) for n in range(65530, 65545)))
    assert (meter.lost, meter.packets, meter.frames, meter.sequence_moved) == (0, 15, 15, True)


@pytest.mark.parametrize("jump", [-500, -20_000, 5_000, 30_000])
def test_c19_a_sender_that_counts_anew_has_lost_nothing(jump: int) -> None:
    """A relay whose source comes back goes on from elsewhere, in its time stamps too (RFC 3550
    A.1).
    """
    before = [packet(40_000 + n, n * 3600, SLICE) for n in range(10)]
    after = [packet(40_010 + jump + n, 77 + n * 3600, SLICE) for n in range(10)]
    meter = fed(*before, *after)
    assert (meter.lost, meter.reordered) == (0, 0)
    assert meter.frames == 19, "the first packet from elsewhere is no proof"
    assert meter.ticks == 17 * 3600


def test_a_single_packet_from_elsewhere_changes_nothing() -> None:
    meter = fed(
        packet(1, 0, SLICE),
        packet(2, 3600, SLICE),
        packet(40_000, 7, SLICE),
        packet(3, 7200, SLICE),
    )
    assert (meter.packets, meter.frames, meter.lost, meter.reordered) == (3, 3, 0, 0)


def test_c16_a_sender_that_does_not_count_its_packets_is_seen_and_still_measured() -> None:
    meter = fed(*(packet(7, n * 3600) for n in range(10)))
    assert (meter.frames, meter.sequence_moved, meter.lost) == (10, False, 0)


def test_c18_strangers_do_not_count_unless_they_take_over() -> None:
    mixed = [
        one
        for n in range(30)
        for one in (packet(n, n * 3600), packet(900 + n, n * 3600, IDR, ssrc=8))
    ]
    meter = fed(*mixed)
    assert (meter.packets, meter.foreign, meter.keyframes) == (30, 30, 0)
    restarted = [packet(5000 + n, n * 3600, IDR, ssrc=9) for n in range(RELOCK_AFTER + 10)]
    meter = fed(*mixed, *restarted)
    assert meter.packets == 30 + 11
    assert (meter.lost, meter.keyframes) == (0, 11)
    other = fed(*(packet(n, n * 3600, kind=97) for n in range(5)))
    assert (other.packets, other.foreign) == (0, 5)


def report(unix: float, ssrc: int = 7) -> bytes:
    seconds = (unix + rtcp.NTP_TO_UNIX) % 2**32
    whole = int(seconds)
    return struct.pack(
        ">BBHIIIIII", 0x80, 200, 6, ssrc, whole, int((seconds - whole) * 2**32), 1234, 1, 1
    )


SDES = struct.pack(">BBHIBB", 0x81, 202, 2, 7, 1, 1) + b"a\0"
BYE = struct.pack(">BBHI", 0x81, 203, 1, 7)
EMPTY = struct.pack(">BBHI", 0x80, 201, 1, 7)


@pytest.mark.parametrize("compound", ["{r}", "{r}{s}", "{e}{s}{r}", "{r}{s}{b}", "{z}{r}"])
def test_the_sender_report_in_a_compound_packet(compound: str) -> None:
    parts = {"r": report(1.8e9), "s": SDES, "b": BYE, "e": EMPTY, "z": report(-rtcp.NTP_TO_UNIX)}
    raw = b"".join(parts[name] for name in compound.strip("{}").split("}{"))
    found = rtcp.sender_clock(b"xx" + raw, 2, len(raw))
    assert found is not None
    assert found == (pytest.approx(1.8e9, abs=1e-6), 1234)


def test_reports_that_tell_no_wall_clock() -> None:
    for raw in (
        EMPTY + SDES,
        BYE,
        b"",
        report(1.8e9)[:20],
        report(300.0),
        report(-rtcp.NTP_TO_UNIX),
        b"\0" + report(1.8e9)[1:],
    ):
        assert rtcp.sender_clock(raw, 0, len(raw)) is None


def test_a_report_after_the_year_2036() -> None:
    found = rtcp.sender_clock(report(2.2e9), 0, 28)
    assert found is not None
    assert found[0] == pytest.approx(2.2e9, abs=1e-6)


def test_our_own_report_is_one() -> None:
    kinds = [
        kind for kind, _, _ in rtcp._packets(rtcp.RECEIVER_REPORT, 0, len(rtcp.RECEIVER_REPORT))
    ]
    assert kinds == [201, 202]
