"""Session descriptions (RFC 8866): the first video, its control path, codec and parameter sets."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from healthmon.wire.errors import NoVideoTrackError, ProtocolError

MOST_BYTES = 64 * 1024
_STATIC = {26: ("mjpeg", 90000), 32: ("mpeg2", 90000)}
_CODECS = {"H264": "h264", "H265": "h265", "HEVC": "h265", "JPEG": "mjpeg", "MP4V-ES": "mpeg4"}


@dataclass(frozen=True, slots=True)
class Video:
    """The first video of a description. `control` is what the server wrote; `parameter_sets` are raw NAL units."""

    payload_type: int
    codec: str
    clock_rate: int
    control: str
    session_control: str
    parameter_sets: tuple[bytes, ...] = ()
    bit_rate: float | None = None
    framerate: float | None = None


@dataclass(slots=True)
class _Media:
    payload_type: int
    lines: list[tuple[str, str]] = field(default_factory=list)


def video_of(raw: bytes) -> Video:
    """The first video that `raw` describes. Raises NoVideoTrackError, ProtocolError."""
    text = raw[:MOST_BYTES].decode("utf-8", "replace")
    if "v=" not in text:
        raise ProtocolError("session description is not SDP")
    session: list[tuple[str, str]] = []
    media: _Media | None = None
    for line in text.splitlines():
        kind, mark, value = line.partition("=")
        if not mark:
            continue
        if kind == "m":
            if media is not None:
                break
            match = re.match(r"video\s+\d+(?:/\d+)?\s+\S+\s+(\d{1,3})\b", value)
            media = _Media(int(match[1])) if match else None
        elif media is None:
            session.append((kind, value.strip()))
        else:
            media.lines.append((kind, value.strip()))
    if media is None:
        raise NoVideoTrackError("the session description names no video")
    return _video(session, media)


def _video(session: list[tuple[str, str]], media: _Media) -> Video:
    codec, rate = _STATIC.get(media.payload_type, ("unknown", 90000))
    pattern = re.compile(rf"{media.payload_type}\s+([\w.-]+)/(\d{{1,7}})")
    for value in _attributes(media.lines, "rtpmap"):
        if match := pattern.match(value):
            codec, rate = _CODECS.get(match[1].upper(), match[1].lower()[:16]), int(match[2]) or 90000
    formats = next(iter(_attributes(media.lines, "fmtp")), "")
    rates = [value for kind, value in media.lines if kind == "b" and value.startswith("AS:")]
    return Video(
        media.payload_type,
        codec,
        rate,
        next(iter(_attributes(media.lines, "control")), ""),
        next(iter(_attributes(session, "control")), ""),
        _parameter_sets(formats),
        _number(rates[0][3:], 1000.0) if rates else None,
        _number(next(iter(_attributes(media.lines, "framerate")), ""), 1.0),
    )


def _attributes(lines: list[tuple[str, str]], name: str) -> list[str]:
    start = f"{name}:"
    return [value[len(start) :].strip() for kind, value in lines if kind == "a" and value.lower().startswith(start)]


def _number(text: str, unit: float) -> float | None:
    match = re.match(r"\d{1,9}(?:\.\d{1,6})?", text)
    return float(match[0]) * unit if match and float(match[0]) > 0 else None


def _parameter_sets(formats: str) -> tuple[bytes, ...]:
    """``sprop-parameter-sets`` (RFC 6184) or ``sprop-vps/sps/pps`` (RFC 7798)."""
    found: list[bytes] = []
    for match in re.finditer(r"sprop-(?:parameter-sets|vps|sps|pps)\s*=\s*([A-Za-z0-9+/=,]+)", formats):
        for part in match[1].split(","):
            try:
                found.append(base64.b64decode(part + "=" * (-len(part) % 4)))
            except (binascii.Error, ValueError):
                continue
    return tuple(nal for nal in found if nal)


def path_of(control: str, base: str, asked: str) -> str:
    """The path (with query) to SET UP: `control` may be absolute, relative to `base` or ``*``; the host is dropped.

    `base` is Content-Base or Content-Location, `asked` the path that was described.
    """
    start = _only_path(base) or asked
    if not control or control == "*" or not control.isprintable() or " " in control:
        return start
    if "://" in control:
        return _only_path(control) or start
    if control.startswith("/"):
        return control
    return f"{start}{'' if start.endswith('/') else '/'}{control}"


def _only_path(url: str) -> str:
    if "://" not in url:
        return url if url.startswith("/") and url.isprintable() and " " not in url else ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    path = parts.path or "/"
    text = f"{path}?{parts.query}" if parts.query else path
    return text if text.isprintable() and " " not in text else ""
