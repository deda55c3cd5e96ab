"""C16: a frozen picture is found in what real encoders make of it, although every key frame carries
another number.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import pytest

from healthmon.demo.clip import nals, payloads
from healthmon.protocols.media.h264_slice import SliceLayout
from healthmon.protocols.media.keyframe_hash import KeyframeHashes
from healthmon.protocols.media.parameter_sets import SliceFields
from healthmon.protocols.rtsp.rtp import Meter

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]

SIZE = (320, 240)
RATE = 10


def frame(number: int) -> Any:
    """Noise whose pattern depends on `number`."""
    made = av.VideoFrame(*SIZE, "yuv420p")
    for index, plane in enumerate(made.planes):
        row = bytes(
            (x * 7 + x * x * (number + 3) + index * 31) & 0xFF for x in range(plane.line_size)
        )
        plane.update(b"".join(row[y % 32 :] + row[: y % 32] for y in range(plane.height)))
    return made


def encoded(
    codec: str, options: dict[str, str], *, moving: bool, seconds: int = 4
) -> Iterator[list[bytes]]:
    """The NAL units of each picture, a key frame every second."""
    context: Any = av.CodecContext.create(codec, "w")
    context.width, context.height, context.pix_fmt = *SIZE, "yuv420p"
    context.time_base, context.framerate = Fraction(1, RATE), Fraction(RATE, 1)
    context.options = {
        "g": str(RATE),
        "tune": "zerolatency",
        "threads": "1",
        "sc_threshold": "0",
        **options,
    }
    for number in range(seconds * RATE):
        picture = frame(number if moving else 0)
        picture.pts = number
        for packet in context.encode(picture):
            yield nals(bytes(packet))


def metered(
    codec: str, units: Iterator[list[bytes]], *, mtu_of_hevc: int = 1200, lose: tuple[int, ...] = ()
) -> Meter:
    """The units sent as RTP, one picture each 0.1 s."""
    meter, sequence = Meter(96, codec, 90000), 100
    for number, unit in enumerate(units):
        cuts = [
            cut
            for nal in unit
            for cut in (payloads(nal) if codec == "h264" else fragments(nal, mtu_of_hevc))
        ]
        for index, cut in enumerate(cuts):
            sequence += 1
            if sequence in lose:
                continue
            mark = 0x80 * (index == len(cuts) - 1)
            packet = (
                struct.pack(">BBHII", 0x80, 96 | mark, sequence & 0xFFFF, 9000 * number, 7) + cut
            )
            meter.packet(packet, 0, len(packet), number / RATE)
    return meter


def fragments(nal: bytes, mtu: int) -> list[bytes]:
    """One H.265 NAL unit as single or FU payloads (RFC 7798 4.4.3)."""
    if len(nal) <= mtu:
        return [nal]
    kind, head = (nal[0] >> 1) & 0x3F, bytes(((nal[0] & 0x81) | 49 << 1, nal[1]))
    cuts = [nal[at : at + mtu] for at in range(2, len(nal), mtu)]
    return [
        head + bytes((0x80 * (n == 0) | 0x40 * (n == len(cuts) - 1) | kind,)) + cut
        for n, cut in enumerate(cuts)
    ]


X264 = [
    {"preset": "ultrafast", "qp": "30"},  # CAVLC: the bits behind idr_pic_id are shifted
    {"preset": "medium", "qp": "30"},  # CABAC
    {"preset": "ultrafast", "qp": "18", "x264-params": "slices=4"},
    {"preset": "medium", "qp": "30", "x264-params": "interlaced=1"},
    {"preset": "ultrafast", "qp": "45", "x264-params": "aud=1"},
]


@pytest.mark.parametrize("options", X264)
def test_c16_a_frozen_picture_of_x264_gives_equal_prints_and_a_moving_one_none(
    options: dict[str, str],
) -> None:
    units = list(encoded("libx264", options, moving=False))
    slices = [b"".join(nal for nal in unit if nal[0] & 31 == 5) for unit in units]
    assert len({one for one in slices if one}) > 1, "the encoder numbers its key frames"
    frozen = metered("h264", iter(units)).inside.prints.found
    assert len(frozen) == 4
    assert len(set(frozen)) == 1
    moving = metered("h264", encoded("libx264", options, moving=True)).inside.prints.found
    assert len(set(moving)) == len(moving) == 4


@pytest.mark.parametrize("gop", [0, 1], ids=["closed", "open"])
def test_c16_the_same_of_x265(gop: int) -> None:
    """Closed: IDR pictures whose SAO flag changes. Open: CRA pictures that count."""
    options = {
        "preset": "ultrafast",
        "x265-params": f"qp=30:log-level=none:open-gop={gop}:repeat-headers=1:pools=none",
    }
    frozen = metered("h265", encoded("libx265", options, moving=False)).inside.prints.found
    assert len(frozen) == 4
    assert len(set(frozen[1:])) == 1
    moving = metered("h265", encoded("libx265", options, moving=True)).inside.prints.found
    assert len(set(moving)) == len(moving) == 4


def test_c16_a_key_frame_with_a_lost_packet_has_no_print() -> None:
    units = list(encoded("libx264", X264[2], moving=False))
    whole = metered("h264", iter(units)).inside.prints.found
    packets = [len([cut for nal in unit for cut in payloads(nal)]) for unit in units]
    in_second_key = 100 + sum(packets[:RATE]) + 5
    broken = metered("h264", iter(units), lose=(in_second_key,))
    assert broken.lost == 1
    assert broken.inside.prints.found == whole[:-1]


def test_prints_do_not_depend_on_where_packets_are_cut() -> None:
    """The same slice with emulation prevention bytes at every place, cut at every place."""
    layout = SliceLayout(SliceFields(False, 4, 2, 0, False, True), 0, False, False, False, False)

    def of(number: str, bits: str, cut: int) -> int:
        """A slice whose idr_pic_id `bits` begin with; the body follows."""
        text = "1" + "0001000" + "1" + "0000" + number + "00" + "1" + bits + "1"
        raw = int(text + "0" * (-len(text) % 8), 2).to_bytes((len(text) + 7) // 8, "big")
        escaped = bytearray()
        for byte in raw:
            if escaped[-2:] == b"\0\0" and byte <= 3:
                escaped.append(3)
            escaped.append(byte)
        prints = KeyframeHashes(layout)
        assert prints.wanted(1, 0.0)
        pieces = [
            bytes(escaped[:40]),
            *(bytes(escaped[at : at + cut]) for at in range(40, len(escaped), cut)),
        ]
        for number, piece in enumerate(pieces):
            prints.part(piece, first=number == 0, last=number == len(pieces) - 1)
        prints.frame_over()
        return prints.found[0]

    body = "0" * 70 + "11" + "0" * 300 + "1" + "01" * 200 + "0" * 33 + "111" + "0" * 47
    prints = {
        of(number, body, cut) for number in ("1", "010", "00101") for cut in (1, 2, 3, 7, 1000)
    }
    assert len(prints) == 1
    assert of("1", body[:-40] + "1" + body[-39:], 7) not in prints
