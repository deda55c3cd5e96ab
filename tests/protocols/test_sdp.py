"""Session descriptions as servers write them: which track is SET UP, by which path, and what it
holds.
"""

from __future__ import annotations

import base64

import pytest

from healthmon.protocols.errors import NoVideoTrackError, ProtocolError
from healthmon.protocols.rtsp.sdp import path_of, video_of

HEAD = "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=x\r\nt=0 0\r\n"
VIDEO = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n"
METADATA = (
    "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:meta\r\n"
)
AUDIO = "m=audio 0 RTP/AVP 0\r\na=control:audio\r\n"


def test_a_metadata_or_audio_track_may_stand_first() -> None:
    found = video_of((HEAD + METADATA + AUDIO + VIDEO).encode())
    assert (found.payload_type, found.codec, found.control) == (96, "h264", "track1")
    assert found.session_control == "", "the control of another track is not the session's"


def test_lines_end_in_any_way_and_names_in_any_case() -> None:
    text = (HEAD + "a=control:*\r\n" + VIDEO).replace("\r\n", "\n").replace("a=rtpmap", "a=RTPMAP")
    found = video_of(text.replace("m=video", "m=Video").encode())
    assert (found.codec, found.control, found.session_control) == ("h264", "track1", "*")


def test_an_end_like_that_of_a_string_of_c_belongs_to_nothing() -> None:
    assert video_of((HEAD + VIDEO.rstrip() + "\0").encode()).control == "track1"


@pytest.mark.parametrize(
    ("media", "wanted"),
    [
        ("m=video 0 RTP/AVP 26\r\n", (26, "mjpeg", 90000)),
        ("m=video 5004/2 RTP/AVP 97\r\na=rtpmap:97 H265/90000\r\n", (97, "h265", 90000)),
        (
            "m=video 0 RTP/AVP 98 99\r\na=rtpmap:98 rtx/90000\r\na=rtpmap:99 H264/90000\r\n",
            (99, "h264", 90000),
        ),
        ("m=video 0 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n" + VIDEO, (96, "h264", 90000)),
        ("m=video 0 RTP/SAVP 100\r\na=rtpmap:100 H264/0\r\n", (100, "h264", 90000)),
        ("m=video 0 RTP/AVP 96\r\n", (96, "unknown", 90000)),
        ("m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264\r\n", (96, "h264", 90000)),
        ("m=video 0 RTP/AVP 96\r\na=rtpmap:96 VP9/90000\r\n", (96, "vp9", 90000)),
    ],
)
def test_codec_and_clock(media: str, wanted: tuple[int, str, int]) -> None:
    found = video_of((HEAD + media).encode())
    assert (found.payload_type, found.codec, found.clock_rate) == wanted


def test_parameter_sets_are_those_of_the_format_chosen() -> None:
    right, wrong = base64.b64encode(b"\x67right").decode(), base64.b64encode(b"\x67wrong").decode()
    media = "m=video 0 RTP/AVP 98 96\r\na=rtpmap:96 H264/90000\r\na=rtpmap:98 rtx/90000\r\n"
    formats = f"a=fmtp:98 apt=96; sprop-parameter-sets={wrong}\r\na=fmtp:96 Sprop-Parameter-Sets={right.rstrip('=')},\r\n"
    assert video_of((HEAD + media + formats).encode()).parameter_sets == (b"\x67right",)
    assert video_of((HEAD + VIDEO).encode()).parameter_sets == ()


@pytest.mark.parametrize(
    "attribute",
    [
        "a=framesize:96 1920-1080",
        "a=x-dimensions:1920,1080",
        "a=x-dimensions: 1920, 1080",
        "a=x-framesize:1920x1080",
    ],
)
def test_a_size_that_the_description_tells(attribute: str) -> None:
    assert video_of((HEAD + VIDEO + attribute + "\r\n").encode()).size == (1920, 1080)


def test_c20_what_is_no_video_and_what_is_no_description() -> None:
    with pytest.raises(NoVideoTrackError):
        video_of((HEAD + METADATA + AUDIO).encode())
    with pytest.raises(ProtocolError):
        video_of(b"<html>")
    assert video_of((HEAD + "m=audio 0 RTP/AVP 0\r\n" * 10 + VIDEO).encode()).codec == "h264"
    with pytest.raises(NoVideoTrackError):
        video_of((HEAD + "m=audio 0 RTP/AVP 0\r\n" * 10_000 + VIDEO).encode())


DAHUA = "/cam/realmonitor?channel=1&subtype=0"


@pytest.mark.parametrize(
    ("control", "base", "asked", "wanted"),
    [
        ("track1", "", "/live", "/live/track1"),
        ("track1", "rtsp://10.0.0.9:554/live/", "/live", "/live/track1"),
        ("track1", "/live/", "/live", "/live/track1"),
        ("trackID=0", f"rtsp://10.0.0.9:554{DAHUA}/", DAHUA, f"{DAHUA}/trackID=0"),
        ("trackID=0", "", DAHUA, f"{DAHUA}/trackID=0"),
        ("rtsp://192.168.1.9/live/track1?a=1&b=2", "", "/live", "/live/track1?a=1&b=2"),
        ("rtsp://user:pass@[fe80::1]:8554/live#1/track1", "", "/live", "/live#1/track1"),
        ("rtsp://10.0.0.9?x=1", "", "/live", "/?x=1"),
        ("rtsps://10.0.0.9/secure/track1", "", "/live", "/secure/track1"),
        ("*", "rtsp://10.0.0.9/live/", "/live", "/live/"),
        ("", "", "/live", "/live"),
        ("/other/track1", "rtsp://10.0.0.9/live/", "/live", "/other/track1"),
        ("track1?token=a://b", "", "/live", "/live/track1?token=a://b"),
        ("bad path", "rtsp://10.0.0.9/live/", "/live", "/live/"),
        ("track1", "http://[", "/live", "/live/track1"),
        ("rtsp://rtsp://10.0.0.9:554/live/track1", "", "/live", "/live/track1"),
        ("track1", "rtsp://RTSP://10.0.0.9:554/live/", "/live", "/live/track1"),
        ("track1", "rtsp://::ffff:10.0.0.9/live/", "/", "/live/track1"),
    ],
)
def test_c21_the_path_to_set_up_never_leads_to_another_host(
    control: str, base: str, asked: str, wanted: str
) -> None:
    assert path_of(control, base, asked) == wanted


@pytest.mark.parametrize(
    ("proto", "profile", "encrypted"),
    [
        ("RTP/AVP", "RTP/AVP", False),
        ("RTP/AVPF", "RTP/AVPF", False),
        ("rtp/savp", "RTP/SAVP", True),
        ("RTP/SAVPF", "RTP/SAVPF", True),
        ("RTP/AVP/TCP", "RTP/AVP", False),
        ("udp", "RTP/AVP", False),
    ],
)
def test_the_profile_of_rtp(proto: str, profile: str, encrypted: bool) -> None:
    video = video_of(f"v=0\r\nm=video 0 {proto} 96\r\na=rtpmap:96 H264/90000\r\n".encode())
    assert (video.profile, video.encrypted) == (profile, encrypted)
