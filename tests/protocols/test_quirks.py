"""Each declared quirk is tried, and docs/quirks.md is what the code declares."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from healthmon.protocols import quirks
from healthmon.protocols.transport import tls

HOUR = timedelta(hours=1)
ROOT = Path(__file__).parents[2]
TRIED = {
    "cseq-zero": [
        (quirks.cseq_answers("0", 4), True),
        (quirks.cseq_answers("00", 4), True),
        (quirks.cseq_answers("", 4), True),
        (quirks.cseq_answers("04", 4), True),
        (quirks.cseq_answers("3", 4), False),
        (quirks.cseq_answers("40", 4), False),
        (quirks.cseq_answers("x", 4), False),
    ],
    "cseq-of-another": [
        (quirks.is_misnumbered("1", 4), True),
        (quirks.is_misnumbered("4294967296", 4), True),
        (quirks.is_misnumbered("4", 4), False),
        (quirks.is_misnumbered("x", 4), False),
        (quirks.is_misnumbered("\u0661", 4), False),
    ],
    "soap-1.1-only": [
        (quirks.wants_soap_11(200, b""), True),
        (quirks.wants_soap_11(200, b"\r\n"), True),
        (quirks.wants_soap_11(415, b"text"), True),
        (quirks.wants_soap_11(500, b"<faultcode>S:VersionMismatch</faultcode>"), True),
        (quirks.wants_soap_11(401, b""), False),
        (quirks.wants_soap_11(200, b"<a>VersionMismatch of x</a>"), False),
    ],
    "mime-parts": [
        (quirks.first_part("--b\r\nContent-ID: <a>\r\n\r\n<a/>"), "<a/>"),
        (quirks.first_part("\n--b\nA: b\n\n<a/>\n--b--"), "<a/>\n--b--"),
        (quirks.first_part("<a>--b</a>"), "<a>--b</a>"),
        (quirks.first_part("--b\r\nA: b"), "--b\r\nA: b"),
    ],
    "not-well-formed": [
        (quirks.may_be_mended("<s:Envelope a=1>"), True),
        (quirks.may_be_mended("<Envelope>"), True),
        (quirks.may_be_mended("<DiskList>"), False),
    ],
    "wrong-length": [
        (quirks.ends_envelope(b"</s:Body></s:Envelope>"), True),
        (quirks.ends_envelope(b"</Envelope >\r\n\0"), True),
        (quirks.ends_envelope(b"</s:Envelop"), False),
        (quirks.ends_envelope(b"</s:Envelope><s:"), False),
        (quirks.ends_envelope(b""), False),
    ],
    "compressed-unasked": [
        (quirks.unasked_coding(" GZIP "), "gzip"),
        (quirks.unasked_coding("x-gzip"), "gzip"),
        (quirks.unasked_coding("deflate"), "deflate"),
        (quirks.unasked_coding("UTF-8"), ""),
        (quirks.unasked_coding("identity"), ""),
    ],
    "chunk-line-ends": [
        (quirks.ends_chunk_line(b"5\n"), b"5\r\n"),
        (quirks.ends_chunk_line(b"5\r\n"), b"5\r\n"),
        (quirks.ends_chunk_line(b"5"), b"5"),
    ],
    "status-line-blanks": [
        (quirks.status_line(b"http/1.0 \t 200\r"), b"HTTP/1.0 200 \r"),
        (quirks.status_line(b"HTTP/1.1  404  Not  Found"), b"HTTP/1.1 404 Not  Found"),
        (quirks.status_line(b"HTTP/1.1 2000 OK"), b"HTTP/1.1 2000 OK"),
        (quirks.status_line(b"RTSP/1.0 200 OK"), b"RTSP/1.0 200 OK"),
    ],
    "index-from-zero": [
        (quirks.index_counts_from(0), (0,)),
        (quirks.index_counts_from(3), (1, 0)),
    ],
    "empty-integer": [
        (quirks.is_no_integer(b""), True),
        (quirks.is_no_integer(b"\0"), False),
    ],
    "unsigned-temperature": [
        (quirks.signed(25), 25),
        (quirks.signed(-5), -5),
        (quirks.signed(2**16 - 5), -5),
        (quirks.signed(2**32 - 5), -5),
    ],
    "relay-fallback": [
        (quirks.is_fallback("gortsplib"), True),
        (quirks.is_fallback("go2rtc/1.9.9"), False),
        (quirks.is_fallback(""), False),
    ],
    "user-agent-first": [
        (quirks.own_fields(7, "healthmon/1"), (("User-Agent", "healthmon/1"), ("CSeq", "7"))),
    ],
    "session-elsewhere": [
        (quirks.session_named("", "42;timeout=60"), "42"),
        (quirks.session_named("", " 42 ; timeout=60"), "42"),
        (quirks.session_named("42", ""), "42"),
        (quirks.session_named("41", "42"), "42"),
        (quirks.session_named("42", "a\x07b"), "42"),
        (quirks.session_named("", "x" * 257), ""),
    ],
    "no-length": [
        (quirks.has_no_length("DESCRIBE", 200, (("cseq", "1"),)), True),
        (quirks.has_no_length("DESCRIBE", 200, (("content-length", "0"),)), False),
        (quirks.has_no_length("DESCRIBE", 404, ()), False),
        (quirks.has_no_length("SETUP", 200, ()), False),
    ],
    "control-elsewhere": [
        (quirks.other_controls("/track1", "/live", "/live"), ("/live/track1", "/track1")),
        (
            quirks.other_controls("track1", "/a/live?x=1", "/other/"),
            ("/a/live?x=1/track1", "/other/track1", "/a/track1"),
        ),
        (quirks.other_controls("*", "/live", "/live"), ()),
        (quirks.other_controls("", "/live", "/live"), ()),
        (quirks.other_controls("?a=1", "/live", "/live"), ()),
        (quirks.other_controls("rtsp://a/b", "/live", "/live"), ()),
        (quirks.other_controls("a b", "/live", "/live"), ()),
        (quirks.other_controls("a\r\nb", "/live", "/live"), ()),
    ],
    "srtp-over-tls": [
        (quirks.profiles_to_ask("RTP/AVP", secure=True), ("RTP/AVP",)),
        (quirks.profiles_to_ask("RTP/SAVP", secure=False), ("RTP/SAVP",)),
        (quirks.profiles_to_ask("RTP/SAVP", secure=True), ("RTP/AVP", "RTP/SAVP")),
        (quirks.profiles_to_ask("RTP/SAVPF", secure=True), ("RTP/AVP", "RTP/SAVPF")),
    ],
    "relay-server": [
        (quirks.relay_name("gortsplib"), "gortsplib"),
        (quirks.relay_name("go2rtc/1.9.9"), "go2rtc/1.9.9"),
        (quirks.relay_name("MediaMTX v1"), "MediaMTX v1"),
        (quirks.relay_name("GStreamer RTSP server"), ""),
        (quirks.relay_name("VLC/3.0.21"), "VLC/3.0.21"),
        (quirks.relay_name("Hikvision"), ""),
        (quirks.relay_name(""), ""),
    ],
    "moved-here": [
        (quirks.moved_path("rtsp://10.0.0.1:554/new?x=1", "10.0.0.1", 554), "/new?x=1"),
        (quirks.moved_path("rtsp://10.0.0.1/new", "10.0.0.1", 554), "/new"),
        (quirks.moved_path("/new", "10.0.0.1", 554), "/new"),
        (quirks.moved_path("rtsp://10.0.0.2/new", "10.0.0.1", 554), ""),
        (quirks.moved_path("rtsp://10.0.0.1:8554/new", "10.0.0.1", 554), ""),
        (quirks.moved_path("rtsp://[bad/new", "10.0.0.1", 554), ""),
        (quirks.moved_path("/new path", "10.0.0.1", 554), ""),
        (quirks.moved_path("", "10.0.0.1", 554), ""),
    ],
    "no-session-part": [
        (quirks.describes_session("v=0\r\n"), True),
        (quirks.describes_session("m=video 0 RTP/AVP 96\r\n"), True),
        (quirks.describes_session("\r\n a=x\r m=video 0 RTP/AVP 96"), True),
        (quirks.describes_session("<html>"), False),
        (quirks.describes_session('{"m": "video"}'), False),
    ],
    "ends-like-c": [
        (quirks.description_text(b"\xef\xbb\xbfv=0\r\n\0\0"), "v=0\r\n"),
    ],
    "broken-address": [
        (quirks.target_of("http://h:80/a/b?c=1#d"), ("h", "/a/b?c=1")),
        (quirks.target_of("http:://h:80/a"), ("h", "/a")),
        (quirks.target_of("http::/h/a"), ("h", "/a")),
        (quirks.target_of("http//h/a"), ("h", "/a")),
        (quirks.target_of("http://http://h/a"), ("h", "/a")),
        (quirks.target_of("http:///a"), ("", "/a")),
        (quirks.target_of("//h/a"), ("h", "/a")),
        (quirks.target_of("h:80/a"), ("h", "/a")),
        (quirks.target_of("10.0.0.1/a"), ("10.0.0.1", "/a")),
        (quirks.target_of("onvif/media"), ("", "/onvif/media")),
        (quirks.target_of("httpcam.local/a"), ("httpcam.local", "/a")),
        (quirks.target_of("HTTP://[fe80::1]:80/a"), ("fe80::1", "/a")),
        (quirks.target_of("rtsp://user:pass@h/a"), ("h", "/a")),
        (quirks.target_of("http://h"), ("h", "/")),
        (quirks.target_of(""), ("", "/")),
    ],
    "zone-short-minutes": [
        (quirks.undated_zone("UTC5:0"), ("UTC", HOUR * 5, False)),
        (quirks.undated_zone("UTC-9:30UTC"), ("UTC", HOUR * -9.5, True)),
        (quirks.undated_zone("<+08>-8:00:00"), ("+08", HOUR * -8, False)),
        (quirks.undated_zone("GMT0BST,M3.5.0,M10.5.0"), None),
        (quirks.undated_zone("London"), None),
    ],
    "ptz-status-zero": (
        (quirks.tells_no_position(0, 0, seen_elsewhere=False), True),
        (quirks.tells_no_position(0, 0, seen_elsewhere=True), False),
        (quirks.tells_no_position(0, 0.1, seen_elsewhere=False), False),
    ),
    "ptz-always-moving": (
        (quirks.rests_all_the_same(6, same_position=True), True),
        (quirks.rests_all_the_same(5, same_position=True), False),
        (quirks.rests_all_the_same(6, same_position=False), False),
    ),
    "ptz-function-presets": (
        (quirks.is_function("32"), False),
        (quirks.is_function("33"), True),
        (quirks.is_function("preset_95"), True),
        (quirks.is_function("Market 95"), False),
    ),
    "zone-sign-of-iso": [
        (quirks.signs_of_offset(HOUR * 3), (HOUR * -3, HOUR * 3)),
        (quirks.signs_of_offset(HOUR * 0), (HOUR * 0,)),
    ],
    "daylight-savings-enabled": [
        (quirks.may_switch(True), True),
        (quirks.may_switch(False), False),
        (quirks.may_switch(None), False),
    ],
    "field-without-name": [
        (
            quirks.named_fields(b"HTTP/1.1 200 OK\r\n: x\r\nA: b\r\n\r\n"),
            b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n",
        ),
        (
            quirks.named_fields(b"HTTP/1.1 200 OK\nGoAhead\n more\nA : b\n c\n\n"),
            b"HTTP/1.1 200 OK\nA: b c\n\n",
        ),
        (
            quirks.named_fields(b"HTTP/1.1 200 OK\nA:" + b" \n\t" * 999 + b"b\v c\f\n\n"),
            b"HTTP/1.1 200 OK\nA: b c\n\n",
        ),
        (
            quirks.named_fields(b"HTTP/1.1 200 OK\r\nX Y: 1\r\nZ: \0\r\n\r\n"),
            b"HTTP/1.1 200 OK\r\n\r\n",
        ),
        (quirks.named_fields(b"\r\n\r\n"), b"\r\n\r\n"),
    ],
    "old-ciphers": [("SECLEVEL=0" in quirks.pinned_ciphers(), True)],
    "old-renegotiation": [
        (bool(tls.context(pin="0" * 64).options & 0x4), True),
        (bool(tls.context(pin="0" * 64, secure=True).options & 0x4), False),
        (bool(tls.context().options & 0x4), False),
    ],
}


@pytest.mark.parametrize("name", quirks.QUIRKS)
def test_each_quirk_is_tried(name: str):
    for found, wanted in TRIED[name]:
        assert found == wanted


@pytest.mark.parametrize("name", quirks.QUIRKS)
def test_each_quirk_says_who_what_and_where_from(name: str):
    found = quirks.QUIRKS[name]
    assert all((found.protocol, found.devices, found.does, found.source, found.answer))


def test_a_name_is_declared_once():
    with pytest.raises(ValueError, match="twice"):
        quirks.quirk("RTSP", "cseq-zero", devices="x", does="x", source="x")(lambda: None)


def test_the_page_is_what_the_code_declares():
    page = (ROOT / "docs" / "quirks.md").read_text()
    assert page == quirks.page(), "python -m healthmon.protocols > docs/quirks.md"
