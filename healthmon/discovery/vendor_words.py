"""Which make a device is, by the words that it uses for itself. Pure.

The names are those of `healthmon.vendors` where there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Make:
    """A make: `words` that it calls itself by (manufacturer, Server, realm), the paths of its RTSP
    streams, the one of a recorder's relay with {channel}, and its own port.
    """

    name: str
    words: re.Pattern[str]
    paths: tuple[str, ...] = ()
    channel_path: str = ""
    port: int | None = None


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


# Of cameras whose make is not known: the whole server, and what many boards call their streams.
GENERIC_PATHS = ("/", "/stream1", "/live", "/live.sdp", "/h264")
MAKES: tuple[Make, ...] = (
    Make(
        "hikvision",
        _words(r"\bhikvision|\bapp-webs\b|\bdnvrs-webs\b|\bdvrdvs-webs\b|\bhiwatch\b"),
        ("/Streaming/Channels/101", "/Streaming/Channels/102"),
        "/Streaming/Channels/{channel}01",
    ),
    Make(
        "dahua",
        _words(r"\bdahua|realm: login to [0-9a-z]{6,}"),
        ("/cam/realmonitor?channel=1&subtype=0", "/cam/realmonitor?channel=1&subtype=1"),
        "/cam/realmonitor?channel={channel}&subtype=0",
        37777,
    ),
    Make("axis", _words(r"\baxis(?:_[0-9a-f]{12})?\b"), ("/axis-media/media.amp",)),
    Make("bosch", _words(r"\bbosch\b|\bkeenfinity\b"), ("/rtsp_tunnel?inst=1",)),
    Make("hanwha", _words(r"\bhanwha|\bsamsung techwin\b|\bwisenet\b"), ("/profile2/media.smp",)),
    Make("uniview", _words(r"\buniview\b|\bunv\b"), ("/media/video1", "/media/video2")),
    Make("vivotek", _words(r"\bvivotek\b"), ("/live1s1.sdp", "/live.sdp")),
    Make("xiongmai", _words(r"\bxiongmai\b|\bxmeye\b"), port=34567),
)
_BY_PORT = {make.port: make for make in MAKES if make.port is not None}
_RECORDER = re.compile(r"\b(?:[A-Z]{0,4}[NDXH]VR|recorder|divar|video station)", re.IGNORECASE)


def make_of(told: Iterable[str], ports: Iterable[int] = ()) -> Make | None:
    """The make that one of the texts `told` names, else the one whose own port is open."""
    text = "\n".join(told)
    named = next((make for make in MAKES if make.words.search(text)), None)
    return named or next((_BY_PORT[port] for port in ports if port in _BY_PORT), None)


def calls_itself_recorder(told: Iterable[str]) -> bool:
    """Whether a model or name says that the device records for others."""
    return any(_RECORDER.search(text) for text in told)
