"""Whatever bytes come, a parser gives a value or a ExchangeError."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthmon.protocols.errors import ExchangeError
from healthmon.protocols.http import digest
from healthmon.protocols.media.parameter_sets import sps_of
from healthmon.protocols.rtsp import sdp
from healthmon.protocols.rtsp.connection import RtspConnection
from healthmon.protocols.rtsp.rtp import Meter
from healthmon.protocols.snmp import ber
from healthmon.protocols.ups import apcupsd, nut
from healthmon.vendors.ups.apcupsd import from_apcupsd
from healthmon.vendors.ups.nut import from_nut

pytestmark = pytest.mark.slow

ANY = st.binary(max_size=600)
RTP = st.binary(max_size=80).map(lambda tail: b"\x80\x60" + tail)
SDP = st.binary(max_size=200).map(lambda tail: b"v=0\r\nm=video 0 RTP/AVP 96\r\na=" + tail)
REPLY = st.binary(max_size=200).map(lambda tail: b"RTSP/1.0 200 OK\r\n" + tail + b"\r\n\r\n")
few = settings(max_examples=250)


@few
@given(st.one_of(ANY, SDP))
def test_sdp(raw: bytes) -> None:
    with contextlib.suppress(ExchangeError):
        video = sdp.video_of(raw)
        assert sdp.path_of(video.control, video.session_control, "/live")


@few
@given(ANY, st.sampled_from(["h264", "h265"]), st.sampled_from([b"\x67", b"\x42\x01"]))
def test_parameter_sets(raw: bytes, codec: str, start: bytes) -> None:
    found = sps_of(codec, (raw, start + raw))
    assert found is None or found.width >= 16


@few
@given(
    st.lists(st.one_of(ANY, RTP), max_size=6), st.sampled_from(["h264", "h265", "mjpeg", "unknown"])
)
def test_rtp_and_rtcp(packets: list[bytes], codec: str) -> None:
    meter = Meter(96, codec, 90000)
    for n, packet in enumerate(packets):
        meter.packet(packet, 0, len(packet), float(n))
        meter.control(packet, 0, len(packet), float(n))
    assert meter.packets + meter.foreign <= len(packets)
    assert meter.lost >= 0


@few
@given(st.lists(st.one_of(ANY, REPLY), max_size=4))
def test_rtsp(chunks: list[bytes]) -> None:
    connection = RtspConnection()
    for chunk in chunks:
        connection.get_buffer(-1)[: len(chunk)] = chunk
        connection.buffer_updated(len(chunk))


@few
@given(ANY)
def test_ber(raw: bytes) -> None:
    with contextlib.suppress(ExchangeError):
        ber.parse(raw)


@few
@given(st.data())
def test_ber_damaged(data: st.DataObject) -> None:
    raw = bytearray(
        ber.get_request(1, b"public", 5, ["1.3.6.1.2.1.33.1.4.1.0"]).replace(b"\xa0", b"\xa2", 1)
    )
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ExchangeError):
        ber.parse(bytes(raw[: data.draw(st.integers(0, len(raw)))]))


@few
@given(ANY)
def test_daemons(raw: bytes) -> None:
    from_apcupsd(apcupsd.parsed(raw))
    for start in ("", "ERR ", "VAR cctv ups.load "):
        with contextlib.suppress(ExchangeError):
            from_nut(nut.parsed(start + raw.decode("utf-8", "replace")))


@few
@given(st.text(max_size=300))
def test_challenges(text: str) -> None:
    for start in ("", 'Digest nonce="x", '):
        with contextlib.suppress(ExchangeError):
            digest.choose(digest.parse_challenges([start + text]), allow_basic=True)
