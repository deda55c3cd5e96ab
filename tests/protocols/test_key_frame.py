"""Key frames put together from RTP: whole ones come out as they went in, others not at all."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import Any

import av
import pytest

from healthmon.demo.clip import nals, payloads
from healthmon.picture import decoding
from healthmon.protocols.media.key_frame import START, KeyFrameCollector, h264_units, h265_units
from healthmon.protocols.rtsp.rtp import Meter

SIZE, RATE = (320, 240), 5


def encoded(codec: str, options: dict[str, str], pictures: int = 12) -> list[list[bytes]]:
    """The NAL units of each picture, a key frame every second."""
    context: Any = av.CodecContext.create(codec, "w")
    context.width, context.height, context.pix_fmt = *SIZE, "yuv420p"
    context.time_base, context.framerate = Fraction(1, RATE), Fraction(RATE, 1)
    context.options = {"g": str(RATE), "tune": "zerolatency", "threads": "1", **options}
    found = []
    for number in range(pictures):
        picture = av.VideoFrame(*SIZE, "yuv420p")
        for plane in picture.planes:
            row = bytes((x * 7 + x * x * (number + 3)) & 0xFF for x in range(plane.line_size))
            plane.update(b"".join(row[y % 32 :] + row[: y % 32] for y in range(plane.height)))
        picture.pts = number
        found += [nals(bytes(packet)) for packet in context.encode(picture)]
    return found


def fragments(nal: bytes, mtu: int = 1200) -> list[bytes]:
    """One H.265 NAL unit as single or FU payloads (RFC 7798 4.4.3)."""
    if len(nal) <= mtu:
        return [nal]
    kind, head = (nal[0] >> 1) & 0x3F, bytes(((nal[0] & 0x81) | 49 << 1, nal[1]))
    cuts = [nal[at : at + mtu] for at in range(2, len(nal), mtu)]
    return [
        head + bytes((0x80 * (n == 0) | 0x40 * (n == len(cuts) - 1) | kind,)) + cut
        for n, cut in enumerate(cuts)
    ]


def kept(
    codec: str, units: list[list[bytes]], *, sets: tuple[bytes, ...] = (), lose: int = -1
) -> KeyFrameCollector:
    """The pictures sent as RTP, of which the packet number `lose` does not come."""
    collector = KeyFrameCollector(codec, sets)
    meter, sequence = Meter(96, codec, 90000, sets), 100
    meter.collector = collector
    for number, unit in enumerate(units):
        cuts = [
            cut for nal in unit for cut in (payloads(nal) if codec == "h264" else fragments(nal))
        ]
        for index, cut in enumerate(cuts):
            sequence += 1
            if sequence - 101 == lose:
                continue
            mark = 0x80 * (index == len(cuts) - 1)
            packet = struct.pack(">BBHII", 0x80, 96 | mark, sequence, 18000 * number, 7) + cut
            meter.packet(packet, 0, len(packet), number / RATE)
    return collector


def decoded(codec: str, data: bytes) -> list[tuple[int, int]]:
    context: Any = av.CodecContext.create({"h265": "hevc"}.get(codec, codec), "r")
    frames = [frame for packet in (av.Packet(data), None) for frame in context.decode(packet)]
    return [(frame.width, frame.height) for frame in frames]


CODECS = [
    ("h264", "libx264", {"preset": "ultrafast"}),
    ("h264", "libx264", {"preset": "ultrafast", "x264-params": "slices=4:aud=1"}),
    ("h265", "libx265", {"preset": "ultrafast", "x265-params": "log-level=none:repeat-headers=1"}),
]


@pytest.mark.parametrize(("codec", "encoder", "options"), CODECS)
def test_the_first_and_the_last_key_frame_are_what_the_encoder_made(
    codec: str, encoder: str, options: dict[str, str]
) -> None:
    units = encoded(encoder, options)
    first, last = kept(codec, units).kept()
    assert first.data == b"".join(START + nal for nal in units[0])
    assert last.data == b"".join(START + nal for nal in units[10])
    assert last.at - first.at == pytest.approx(2.0)
    assert decoded(codec, first.data) == decoded(codec, last.data) == [SIZE]


@pytest.mark.parametrize(("codec", "encoder", "options"), CODECS)
def test_a_key_frame_without_one_of_its_packets_is_not_kept(
    codec: str, encoder: str, options: dict[str, str]
) -> None:
    units = encoded(encoder, options, pictures=2)
    packets = sum(len(payloads(n) if codec == "h264" else fragments(n)) for n in units[0])
    slices = len([n for n in units[0] if len(n) > 100])
    for lost in range(packets - slices, packets):
        collector = kept(codec, units, lose=lost)
        assert (collector.kept(), collector.broken) == ((), 1)


def test_parameter_sets_of_the_description_alone_are_enough() -> None:
    units = encoded("libx264", {"preset": "ultrafast"}, pictures=2)
    sets = tuple(nal for nal in units[0] if nal[0] & 31 in (7, 8))
    bare = [[nal for nal in unit if nal[0] & 31 not in (7, 8)] for unit in units]
    (frame,) = kept("h264", bare, sets=sets).kept()
    assert decoded("h264", frame.data) == [SIZE]


def test_parameter_sets_in_the_stream_count_before_those_of_the_description() -> None:
    """Also where they have a time of their own, and where they came with an earlier key frame only."""
    units = encoded("libx264", {"preset": "ultrafast"})
    wrong = tuple(nal for nal in encoded("libx264", {"preset": "slow", "refs": "3"}, 1)[0][:2])
    own = [nal for nal in units[0] if nal[0] & 31 in (7, 8)]
    bare = [[nal for nal in unit if nal[0] & 31 not in (7, 8)] for unit in units]
    assert set(own) != set(wrong)
    for sent in ([own, *bare], [own + bare[0], *bare[1:]]):
        first, last = kept("h264", sent, sets=wrong).kept()
        for frame in (first, last):
            assert decoded("h264", frame.data) == [SIZE]
            assert frame.data.index(own[0]) > frame.data.index(wrong[0])


REFRESH = {"preset": "ultrafast", "x264-params": "intra-refresh=1:keyint=24"}


def test_the_pictures_of_an_intra_refresh_become_the_whole_picture_that_the_encoder_made() -> None:
    units = encoded("libx264", REFRESH, pictures=80)[10:]  # the only key frame is over
    found = kept("h264", units).kept()
    assert [frame.refresh for frame in found] == [True, True]
    whole: Any = av.CodecContext.create("h264", "r")
    every = [
        frame for one in encoded("libx264", REFRESH, 80) for frame in whole.decode(packet(one))
    ]
    made = {decoding.measured_frame(frame).luma.tobytes() for frame in every}
    for frame in found:
        shown = decoding.decoded("h264", frame.data, 10**7, several=True)
        same = shown.luma.tobytes() in made
        assert same, "to the last bit"
        with pytest.raises(decoding.UndecodableError, match="intra refresh"):
            decoding.decoded("h264", frame.data[: len(frame.data) // 2], 10**7, several=True)


def packet(units: list[bytes]) -> Any:
    return av.Packet(b"".join(START + nal for nal in units))


def test_an_intra_refresh_with_a_lost_packet_gives_no_picture_but_the_next_one_does() -> None:
    units = encoded("libx264", REFRESH, pictures=80)[10:]
    begins = next(n for n, unit in enumerate(units) if any(nal[0] & 31 == 6 for nal in unit))
    before = sum(len(payloads(nal)) for unit in units[: begins + 3] for nal in unit)
    collector = kept("h264", units, lose=before)
    assert len(collector.kept()) == 1
    assert collector.refreshed


def test_an_intra_refresh_that_never_ends_is_given_up() -> None:
    units = encoded("libx264", REFRESH, pictures=80)[10:]
    begins = next(n for n, unit in enumerate(units) if any(nal[0] & 31 == 6 for nal in unit))
    unused = [bytes((nal[0] & 0x1F,)) + nal[1:] for nal in units[begins + 1]]  # nal_ref_idc 0
    collector = kept("h264", [units[begins], *[unused] * 40])  # of 8 s
    assert (collector.kept(), collector.refreshing, collector.refreshed) == ((), None, True)


def test_units_of_aggregates_and_fragments() -> None:
    one, two = bytes([0x67, 1, 2]), bytes([0x65, 0x88, 3, 4])
    both = b"\x18" + b"".join(struct.pack(">H", len(unit)) + unit for unit in (one, two))
    assert list(h264_units([both])) == [one, two]
    assert list(h264_units([b"\x7c\x85\x88", b"\x7c\x45\x03"])) == [b"\x65\x88\x03"]
    assert list(h264_units([b"\x7c\x85\x88", b"\x7c\x05\x03"])) == [], "it has no end"
    wide = [bytes([0x40, 1, 9]), bytes([0x26, 1, 0x80, 5])]
    both = b"\x60\x01" + b"".join(struct.pack(">H", len(unit)) + unit for unit in wide)
    assert list(h265_units([both])) == wide
    assert list(h265_units([b"\x62\x01\x93\x80", b"\x62\x01\x53\x05"])) == [b"\x26\x01\x80\x05"]


@pytest.mark.parametrize("options", [{"q": "60"}, {"q": "200"}], ids=["tables", "in band"])
def test_a_jpeg_gets_its_headers_back(options: dict[str, str]) -> None:
    """Cut by hand as RFC 2435 says, out of the JPEG of a real encoder with the standard tables."""
    frame = av.VideoFrame(*SIZE, "yuvj420p")
    for plane in frame.planes:
        plane.update(bytes((n * 5) & 0xFF for n in range(plane.buffer_size)))
    context: Any = av.CodecContext.create("mjpeg", "w")
    context.width, context.height, context.pix_fmt = *SIZE, "yuvj420p"
    context.time_base = Fraction(1, RATE)
    context.options = {"huffman": "default"}
    context.thread_count = 1
    (packet,) = context.encode(frame)
    file = bytes(packet)
    at = file.index(b"\xff\xdb")
    table = file[at + 5 : at + 69]
    scan = file[file.index(b"\xff\xda") :][14:-2]
    quality = int(options["q"])
    head = bytes([1, quality, SIZE[0] // 8, SIZE[1] // 8])
    tables = struct.pack(">BBH", 0, 0, 64) + table if quality >= 128 else b""
    cuts = [scan[n : n + 1000] for n in range(0, len(scan), 1000)]
    collector, offset = KeyFrameCollector("mjpeg"), 0
    meter = Meter(26, "mjpeg", 90000, collector=collector)
    for number, cut in enumerate(cuts):
        payload = b"\0" + offset.to_bytes(3, "big") + head + (tables if number == 0 else b"") + cut
        mark = 0x80 * (number == len(cuts) - 1)
        packet_ = struct.pack(">BBHII", 0x80, 26 | mark, number, 9000, 7) + payload
        meter.packet(packet_, 0, len(packet_), 0.0)
        offset += len(cut)
    (made,) = collector.kept()
    assert decoded("mjpeg", made.data) == [SIZE]
    if quality >= 128:
        again: Any = av.CodecContext.create("mjpeg", "r")
        (got,) = again.decode(av.Packet(made.data))
        (want,) = av.CodecContext.create("mjpeg", "r").decode(av.Packet(file))
        assert bytes(got.planes[0]) == bytes(want.planes[0])
