"""Session descriptions (RFC 8866): the first video, its control path, codec and parameter sets."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from healthmon.protocols import quirks
from healthmon.protocols.errors import NoVideoTrackError, ProtocolError

MOST_BYTES = 64 * 1024
MOST_SECTIONS = 32
MOST_FORMATS = 16
_STATIC = {26: ("mjpeg", 90000), 32: ("mpeg2", 90000)}
_CODECS = {"H264": "h264", "H265": "h265", "HEVC": "h265", "JPEG": "mjpeg", "MP4V-ES": "mpeg4"}
_MEASURED = {"h264", "h265", "mjpeg"}
_PROFILES = {"RTP/AVPF", "RTP/SAVP", "RTP/SAVPF"}


@dataclass(frozen=True, slots=True)
class Video:
    """The first video of a description. `control` is what the server wrote; `parameter_sets` are
    raw NAL units.

    `profile` is that of RTP: RTP/AVP (RFC 3551), RTP/AVPF (RFC 4585), RTP/SAVP (RFC 3711) or
    RTP/SAVPF.
    """

    payload_type: int
    codec: str
    clock_rate: int
    control: str
    session_control: str
    parameter_sets: tuple[bytes, ...] = ()
    bit_rate: float | None = None
    framerate: float | None = None
    size: tuple[int, int] | None = None
    profile: str = "RTP/AVP"

    @property
    def encrypted(self) -> bool:
        """Whether its packets are those of SRTP."""
        return "SAVP" in self.profile


@dataclass(slots=True)
class _Section:
    """The lines below one ``m=``; `formats` are the payload types offered, None where it is no
    video.
    """

    formats: list[int] | None = None
    profile: str = "RTP/AVP"
    lines: list[tuple[str, str]] = field(default_factory=list)


def video_of(raw: bytes) -> Video:
    """The first video of a known codec that `raw` describes, else its first video.

    Raises NoVideoTrackError, ProtocolError.
    """
    text = quirks.description_text(raw[:MOST_BYTES])
    if not quirks.describes_session(text):
        raise ProtocolError("session description is not SDP")
    session, *media = _sections(text)
    found = [_video(session.lines, one) for one in media[: MOST_SECTIONS - 1] if one.formats]
    if not found:
        raise NoVideoTrackError("the session description names no video")
    return next((video for video in found if video.codec in _MEASURED), found[0])


def _sections(text: str) -> list[_Section]:
    """The session's own lines, then a section for each medium."""
    sections = [_Section()]
    for line in re.split(r"[\r\n]+", text):
        kind, mark, value = line.strip().partition("=")
        kind = kind.rstrip()
        if kind == "m" and mark:
            sections.append(_media(value))
        elif mark:
            sections[-1].lines.append((kind, value.strip()))
    return sections


def _media(value: str) -> _Section:
    """The section of ``video 0 RTP/AVP 96 97``."""
    match = re.match(
        r"video\s+\d+(?:/\d+)?\s+(\S+)((?:\s+\d{1,3}\b)+)", value.strip(), re.IGNORECASE
    )
    if match is None:
        return _Section()
    profile = match[1].upper() if match[1].upper() in _PROFILES else "RTP/AVP"
    return _Section([int(word) for word in match[2].split()[:MOST_FORMATS]], profile)


def _video(session: list[tuple[str, str]], section: _Section) -> Video:
    lines = section.lines
    coded = [_codec(lines, number) for number in section.formats or []]
    payload_type, codec, rate = next((one for one in coded if one[1] in _MEASURED), coded[0])
    return Video(
        payload_type,
        codec,
        rate,
        _first(_attributes(lines, "control")),
        _first(_attributes(session, "control")),
        _parameter_sets(_format_of(lines, payload_type)),
        _bandwidth(lines),
        _number(_first(_attributes(lines, "framerate")), 1.0),
        _size(lines, payload_type),
        section.profile,
    )


def _first(values: Iterable[str]) -> str:
    return next(iter(values), "")


def _format_of(lines: list[tuple[str, str]], payload_type: int) -> str:
    """The parameters (``a=fmtp``) of a payload type."""
    formats = (value.partition(" ") for value in _attributes(lines, "fmtp"))
    return next((told for number, _, told in formats if number == str(payload_type)), "")


def _bandwidth(lines: list[tuple[str, str]]) -> float | None:
    """Bits per second of ``b=AS`` (RFC 8866 section 5.8)."""
    rates = [value for kind, value in lines if kind == "b" and value.startswith("AS:")]
    return _number(rates[0][3:], 1000.0) if rates else None


def _codec(lines: list[tuple[str, str]], payload_type: int) -> tuple[int, str, int]:
    """(payload type, codec, clock rate) by its rtpmap, else by the static table of RFC 3551."""
    pattern = re.compile(rf"{payload_type}\s+([\w.-]+)(?:\s*/\s*(\d{{1,7}}))?")
    for value in _attributes(lines, "rtpmap"):
        if match := pattern.match(value):
            return (
                payload_type,
                _CODECS.get(match[1].upper(), match[1].lower()[:16]),
                int(match[2] or 0) or 90000,
            )
    return (payload_type, *_STATIC.get(payload_type, ("unknown", 90000)))


def _size(lines: list[tuple[str, str]], payload_type: int) -> tuple[int, int] | None:
    """Width and height by ``framesize`` (3GPP TS 26.234), ``x-dimensions`` or ``x-framesize``."""
    for name, before in (
        ("framesize", rf"{payload_type}\s+"),
        ("x-dimensions", r"\s*"),
        ("x-framesize", r"\s*"),
    ):
        for value in _attributes(lines, name):
            match = re.match(before + r"(\d{2,5})\s*[-,x]\s*(\d{2,5})\b", value)
            if match:
                return int(match[1]), int(match[2])
    return None


def _attributes(lines: list[tuple[str, str]], name: str) -> list[str]:
    start = f"{name}:"
    return [
        value[len(start) :].strip()
        for kind, value in lines
        if kind == "a" and value.lower().startswith(start)
    ]


def _number(text: str, unit: float) -> float | None:
    match = re.match(r"\d{1,9}(?:\.\d{1,6})?", text)
    return float(match[0]) * unit if match and float(match[0]) > 0 else None


def _parameter_sets(formats: str) -> tuple[bytes, ...]:
    """``sprop-parameter-sets`` (RFC 6184) or ``sprop-vps/sps/pps`` (RFC 7798)."""
    found: list[bytes] = []
    for match in re.finditer(
        r"(?i)sprop-(?:parameter-sets|vps|sps|pps)\s*=\s*([A-Za-z0-9+/=,]+)", formats
    ):
        for part in match[1].split(","):
            try:
                found.append(base64.b64decode(part + "=" * (-len(part) % 4)))
            except (binascii.Error, ValueError):
                continue
    return tuple(nal for nal in found if nal)


def path_of(control: str, base: str, asked: str) -> str:
    """The path (with query) to SET UP: `control` may be absolute, relative to `base` or ``*``; the
    host is dropped.

    `base` is Content-Base or Content-Location, `asked` the path that was described.
    """
    start = _only_path(base) or asked
    if not control or control == "*" or not control.isprintable() or " " in control:
        return start
    if re.match(r"[A-Za-z]+://", control):
        return _only_path(control) or start
    if control.startswith("/"):
        return control
    return _joined(start, control)


def _joined(start: str, control: str) -> str:
    """`control` below `start`; one that is a query alone takes the place of that of `start`."""
    if control.startswith("?"):
        return f"{start.partition('?')[0]}{control}"
    return f"{start}{'' if start.endswith('/') else '/'}{control}"


def _only_path(url: str) -> str:
    """Path and query of an absolute URL or of an absolute path; empty where there is none."""
    url = re.sub(r"(?i)^(rtsps?://)(?=rtsps?://)", "", url)  # some devices write it twice
    scheme, mark, rest = url.partition("://")
    if mark and scheme.isalpha():
        host = re.match(r"[^/?#]*", rest)
        rest = rest[host.end() :] if host else ""
        url = rest if rest.startswith("/") or not rest else f"/{rest}"
    return url if url.startswith("/") and url.isprintable() and " " not in url else ""
