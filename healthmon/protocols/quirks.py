"""The peculiarities of real devices that are tolerated, each declared once: name, who has it, where
that is known from, and what is done about it.

Parsers hold to the standards; where a device does not, they ask a function of this module.
``python -m healthmon.protocols > docs/quirks.md`` writes the page of them; a test holds it up to
date.
"""

from __future__ import annotations

import inspect
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

from healthmon.protocols.errors import ProtocolError

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Quirk:
    """One peculiarity. `does` is what the device does, `answer` what is done about it here."""

    name: str
    protocol: str
    devices: str
    does: str
    source: str
    answer: str


QUIRKS: dict[str, Quirk] = {}


def quirk(
    protocol: str, name: str, *, devices: str, does: str, source: str
) -> Callable[[Function], Function]:
    """Declare the function below it as the answer to a quirk; its docstring's first paragraph tells
    what is done. Raises ValueError where the name is taken.
    """

    def declare(function: Function) -> Function:
        if name in QUIRKS:
            raise ValueError(f"quirk {name} is declared twice")
        answer = " ".join((inspect.getdoc(function) or "").split("\n\n")[0].split())
        QUIRKS[name] = Quirk(name, protocol, devices, does, source, answer)
        return function

    return declare


# ---------------------------------------------------------------- RTSP


@quirk(
    "RTSP",
    "cseq-zero",
    devices="HiSilicon firmware of many brands",
    does="Answers `CSeq: 0` unless User-Agent stands before CSeq in the request.",
    source="public bug reports (FF-A4); RFC 2326 12.17",
)
def cseq_answers(stated: str, expected: int) -> bool:
    """An answer without CSeq or with 0 counts as the answer to the only request that is open."""
    number = stated.lstrip("0") or stated[:1]
    return number in ("", "0", str(expected))


MISNUMBERED_SECONDS = 0.3  # within which the answer with the right number would come


@quirk(
    "RTSP",
    "cseq-of-another",
    devices="TP-Link Tapo C220, C520WS",
    does="Answers with the CSeq of an earlier request, or always with the same one.",
    source="scottlamb/retina issues 133 and 136; RFC 2326 12.17",
)
def is_misnumbered(stated: str, expected: int) -> bool:
    """An answer with another number counts as the answer to the only request that is open, where
    the one with the right number does not come within 0.3 s.
    """
    return stated.isascii() and stated.isdecimal() and int(stated[:20]) != expected


@quirk(
    "RTSP",
    "user-agent-first",
    devices="HiSilicon firmware of many brands",
    does="Finds CSeq only behind User-Agent.",
    source="public bug reports (FF-A4)",
)
def own_fields(sequence: int, agent: str) -> tuple[tuple[str, str], ...]:
    """User-Agent is the first field of each request, CSeq the second."""
    return (("User-Agent", agent), ("CSeq", str(sequence)))


@quirk(
    "RTSP",
    "session-elsewhere",
    devices="servers that name the session in the answer to PLAY or DESCRIBE first",
    does="Names no session in the answer to SETUP, but in another one.",
    source="public bug reports (FF-A6); RFC 2326 12.37",
)
def session_named(known: str, field: str) -> str:
    """A Session field in any answer names the session, so that it can be torn down."""
    found = field.split(";", maxsplit=1)[0].strip()
    return found if found and found.isprintable() and len(found) <= 256 else known


@quirk(
    "RTSP",
    "srtp-over-tls",
    devices="gortsplib 5 (MediaMTX) over RTSPS",
    does="Describes SRTP (`RTP/SAVP` with `a=key-mgmt:mikey`), but gives plain RTP inside TLS.",
    source="tried with MediaMTX (FF-A7); RFC 3711, RFC 3830",
)
def profiles_to_ask(described: str, *, secure: bool) -> tuple[str, ...]:
    """Inside TLS plain RTP is requested first, then the described transport."""
    if secure and "SAVP" in described:
        return ("RTP/AVP", described)
    return (described,)


@quirk(
    "RTSP",
    "no-length",
    devices="small RTSP servers of cameras",
    does="Answers DESCRIBE without Content-Length, the description behind the empty line.",
    source="public bug reports; RFC 2326 4.4, 12.14",
)
def has_no_length(method: str, status: int, fields: tuple[tuple[str, str], ...]) -> bool:
    """The description then ends where the device falls silent."""
    told = any(name == "content-length" for name, _ in fields)
    return method == "DESCRIBE" and status == 200 and not told


@quirk(
    "RTSP",
    "control-elsewhere",
    devices="servers that resolve control addresses in their own way",
    does="Means `/track1` below the stream, or `track1` beside it or below the session's control.",
    source="gortsplib, GPAC and GStreamer bug reports; RFC 2326 C.1.1, RFC 3986 5.2",
)
def other_controls(control: str, base: str, session: str) -> tuple[str, ...]:
    """Where SETUP is answered 404, the other meanings of a relative control are asked once each.

    `base` is the path that the standard resolves against, `session` that of the session's control.
    """
    usable = control.isprintable() and " " not in control and "://" not in control
    if not usable or control[:1] in ("", "*", "?"):
        return ()
    name = control.lstrip("/")
    below = [f"{start.rstrip('/')}/{name}" for start in (base, session)]
    beside = f"{base.partition('?')[0].rpartition('/')[0]}/{name}"
    return tuple(dict.fromkeys((*below, beside)))


# Not EvoStream and DSS: cameras name themselves so, too.
RELAYS = (
    "mediamtx",
    "gortsplib",
    "rtsp-simple-server",
    "go2rtc",
    "wowza",
    "nimble streamer",
    "zlmediakit",
    "easydarwin",
    "flussonic",
    "vlc/",
)


@quirk(
    "RTSP",
    "relay-server",
    devices="MediaMTX, go2rtc, Wowza and other relays",
    does="Answers for a camera: 404 while that is dead, and sender reports by its own clock.",
    source="tried with MediaMTX and go2rtc (FF-A20, FF-A21); RFC 3550 6.4.1",
)
def relay_name(server: str) -> str:
    """A server that names itself a relay: its refusals are about its source, its clock is its own.

    The name as the server wrote it, empty where it is no known relay.
    """
    named = server.strip()
    return named if any(word in named.lower() for word in RELAYS) else ""


@quirk(
    "RTSP",
    "relay-fallback",
    devices="MediaMTX with a `fallback` path",
    does="Answers by 301 with the path of a stand-in picture while its camera is dead.",
    source="MediaMTX configuration (`fallback`), AlexxIT/go2rtc issue 1480",
)
def is_fallback(server: str) -> bool:
    """A redirect by such a relay says that it has no picture; the stand-in is not played."""
    named = server.lower()
    return any(word in named for word in ("mediamtx", "gortsplib", "rtsp-simple-server"))


@quirk(
    "RTSP",
    "moved-here",
    devices="relays and cameras whose paths were renamed",
    does="Answers DESCRIBE by 301 or 302 with another path of the same host.",
    source="public bug reports (FF-A12); RFC 2326 11.3",
)
def moved_path(location: str, host: str, port: int) -> str:
    """The new path is requested on the same connection and reported; no other host is contacted.

    Path and query, empty where the target is another host or port, or none that may be sent.
    """
    try:
        parts = urlsplit(location.strip())
        there = (parts.hostname or host).lower(), parts.port or port
    except ValueError:
        return ""
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    usable = path.startswith("/") and path.isprintable() and path.isascii() and " " not in path
    return path if usable and there == (host.lower(), port) else ""


# ---------------------------------------------------------------- SDP


@quirk(
    "SDP",
    "no-session-part",
    devices="cameras whose description begins with `m=`",
    does="Sends a description without `v=`, `o=`, `s=` and `t=`, or with a byte order mark.",
    source="public bug reports (FF-A5); RFC 8866 5",
)
def describes_session(text: str) -> bool:
    """A text with a line `v=` or `m=` counts as a session description."""
    return re.search(r"(?m)^\s*[vm]\s?=", text.replace("\r", "\n")) is not None


@quirk(
    "SDP",
    "ends-like-c",
    devices="cameras with C strings",
    does="Ends the description, or pads it, with NUL bytes, or begins it with a byte order mark.",
    source="found with fuzzed recordings of cameras; RFC 8866 5",
)
def description_text(raw: bytes) -> str:
    """NUL bytes and a byte order mark are left out; bytes that are not UTF-8 are replaced."""
    return raw.replace(b"\0", b"").decode("utf-8", "replace").lstrip("\ufeff")


# ---------------------------------------------------------------- ONVIF

_SCHEMES = re.compile(r"(?i)^(?:(?:https?|rtsps?)(?::+/{0,2}|//))+")


_NEXT_ADDRESS = re.compile(r"(?i)\s(?=(?:https?|rtsps?):)")  # one blank: a run is read once


@quirk(
    "ONVIF",
    "broken-address",
    devices="cameras whose XAddr was put together wrongly",
    does="Names addresses like `http:://host:80/x`, `http//host/x`, `host:80/x`, a scheme twice, or "
    "several addresses with blanks between.",
    source="public bug reports (FF-A14), agsh/onvif issues 63 and 95; ONVIF Core 5.8, RFC 3986",
)
def target_of(uri: str) -> tuple[str, str]:
    """Only path and query of an address are used, even if its scheme or host is broken; of several
    addresses the first counts.

    (host as it is named, path with query); the host is empty where none can be told.
    """
    first_address = _NEXT_ADDRESS.split(uri.strip(), maxsplit=1)[0].rstrip()
    text = _SCHEMES.sub("//", first_address)
    first = text.partition("/")[0]
    if first and (":" in first or "." in first):
        text = f"//{text}"
    host = ""
    if found := re.match(r"//(?:[^@/?#]*@)?(\[[^\]/]*\]|[^:/?#]*)[^/?#]*", text):
        host, text = re.sub(r"^\[(.*)\]$", r"\1", found[1]), text[found.end() :]
    text = text.partition("#")[0]
    return host, text if text.startswith("/") else f"/{text}"


@quirk(
    "ONVIF",
    "ptz-status-zero",
    devices="cameras whose PTZ service has no way to the motors, sonoff-hack among them",
    does="Answers GetStatus with pan 0, tilt 0 and IDLE, wherever the camera looks.",
    source="roleoroleo/sonoff-hack issue 174; ONVIF PTZ 5.4",
)
def tells_no_position(pan: float, tilt: float, *, seen_elsewhere: bool) -> bool:
    """A position of zero counts as none until the camera has reported another one; the preset is then
    recognised by its picture.
    """
    return pan == 0 and tilt == 0 and not seen_elsewhere


ALWAYS_MOVING = 6


@quirk(
    "ONVIF",
    "ptz-always-moving",
    devices="Hikvision DS-2DE2A404IW-DE3 (firmware V5.7.11)",
    does="Answers MOVING long after the camera has come to rest.",
    source="blakeblackshear/frigate pull request 21954; ONVIF PTZ 5.4",
)
def rests_all_the_same(moving_in_a_row: int, *, same_position: bool) -> bool:
    """After 6 answers in a row that say MOVING, a position that stays the same counts as rest."""
    return same_position and moving_in_a_row >= ALWAYS_MOVING


FIRST_FUNCTION = 33


@quirk(
    "ONVIF",
    "ptz-function-presets",
    devices="speed domes, Hikvision among them",
    does="Has presets from number 33 on that are functions: flip, patrol, scan, limits, menu, restart.",
    source="Hikvision DS-2DE5184-AE manual, special presets; Dasys dome manual 6, presets 65 to 99",
)
def is_function(token: str) -> bool:
    """A preset with a number from 33 on is never called, unless config.yaml names it under `ptz`."""
    digits = token.lower().removeprefix("preset").strip("_- ")
    return digits.isdigit() and int(digits) >= FIRST_FUNCTION


@quirk(
    "ONVIF",
    "zone-short-minutes",
    devices="Bosch cameras",
    does="Writes minutes of one digit (`UTC5:0`), and a summer time without its dates (`UTC5UTC`).",
    source="answers of real cameras (FF-B1); ONVIF Core 8.3.5, IEEE Std 1003.1 8.3",
)
def undated_zone(text: str) -> tuple[str, timedelta, bool] | None:
    """A name, an offset and perhaps a summer time make a zone, also with short minutes or no dates.

    (name without angle brackets, offset as written, whether a summer time is named); None for
    anything else.
    """
    found = _UNDATED.fullmatch(text)
    if found is None:
        return None
    name, offset, summer = found.groups()
    hours, minutes, seconds = (int(one) for one in [*offset.lstrip("+-").split(":"), 0, 0][:3])
    size = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return name.strip("<>"), -size if offset.startswith("-") else size, bool(summer)


_OFFSET = r"[-+]?\d{1,2}(?::\d{1,2}){0,2}"
_UNDATED = re.compile(
    rf"([A-Za-z]{{1,10}}|<[-+A-Za-z0-9:]{{1,10}}>)({_OFFSET})"
    rf"((?:[A-Za-z]{{3,10}}|<[-+A-Za-z0-9]{{3,10}}>)(?:{_OFFSET})?)?",
    re.ASCII,
)


@quirk(
    "ONVIF",
    "zone-sign-of-iso",
    devices="cameras of many makes",
    does="Writes `GMT-03:00` for three hours west, where the standard means east by it.",
    source="answers of real cameras (FF-B3); ISO 8601 4.3.13, IEEE Std 1003.1 8.3",
)
def signs_of_offset(west: timedelta) -> tuple[timedelta, ...]:
    """Both readings are possible, and a zone that one of them makes right is no fault.

    Ahead of UTC, the standard's reading first.
    """
    return tuple(dict.fromkeys((-west, west)))


@quirk(
    "ONVIF",
    "daylight-savings-enabled",
    devices="6 of 8 real cameras in January, go2rtc",
    does="Says `DaylightSavings` true the whole year.",
    source="answers of real cameras (FF-B2); ONVIF Core 8.3.5",
)
def may_switch(daylight: bool | None) -> bool:
    """The flag says that summer time is enabled, never that it is summer now."""
    return daylight is True


_VERSION_MISMATCH = re.compile(rb">[^<>]{0,40}\bVersionMismatch\s*<")


@quirk(
    "ONVIF",
    "soap-1.1-only",
    devices="firmwares that are built for SOAP 1.1",
    does="Answers SOAP 1.2 with nothing, with 415 or with VersionMismatch.",
    source="OpenIPC/viewer pull request 65; W3C SOAP 1.2 Part 1, appendix A",
)
def wants_soap_11(status: int, body: bytes) -> bool:
    """The request is made once more in SOAP 1.1, and the others of the check are."""
    empty = status == 200 and not body.strip()
    return empty or status == 415 or _VERSION_MISMATCH.search(body[:4096]) is not None


_MIME_HEAD = re.compile(r"\s*--[^\r\n]{1,72}\r?\n(?:[^\r\n]{1,512}\r?\n){0,16}\r?\n")


@quirk(
    "ONVIF",
    "mime-parts",
    devices="servers made with gSOAP's attachments",
    does="Sends the envelope as the first part of a multipart message.",
    source="gSOAP user guide (MTOM attachments); W3C SOAP MTOM 3, RFC 2046 5.1.1",
)
def first_part(text: str) -> str:
    """The headers of the first part are left out; what follows the envelope is not read."""
    head = _MIME_HEAD.match(text)
    return text[head.end() :] if head else text


_ENVELOPE = re.compile(r"<(?:[\w.-]{1,40}:)?Envelope[\s>]")


@quirk(
    "ONVIF",
    "not-well-formed",
    devices="cameras of many makes",
    does="Sends XML with an attribute twice or without quotes, or end tags that do not fit.",
    source="quatanium/python-onvif issue 48, FF-B4; W3C XML 1.0 2.1",
)
def may_be_mended(text: str) -> bool:
    """An envelope is read tag by tag where it is not well-formed; one that is cut off inside its
    answer is not read.
    """
    return _ENVELOPE.match(text) is not None


_ENVELOPE_END = re.compile(rb"</(?:[\w.-]{1,40}:)?Envelope\s{0,8}>[\s\0]{0,40}\Z")


@quirk(
    "ONVIF",
    "wrong-length",
    devices="Dahua, Lorex and others",
    does="Announces a length that is not that of the answer, or leaves the connection open.",
    source="home-assistant/core issue 148093, openvideolibs/python-onvif-zeep-async pull request 130; "
    "RFC 9112 6.3",
)
def ends_envelope(tail: bytes) -> bool:
    """An answer is whole where its envelope ends, and what follows the announced length belongs to
    it.

    `tail` is the end of what has come.
    """
    return _ENVELOPE_END.search(tail) is not None


# ---------------------------------------------------------------- HTTP

_BLANKS = re.compile(rb"[ \t\v\f\r]+")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_FIELD_NAME = re.compile(rb"[-!#$%&'*+.^_`|~0-9A-Za-z]+")


@quirk(
    "HTTP",
    "field-without-name",
    devices="GoAhead, the web server of many cameras",
    does="Sends header lines without a name, without a colon, or with a space before the colon.",
    source="public bug reports (FF-B5); RFC 9110 5.1, RFC 9112 5.1",
)
def named_fields(head: bytes) -> bytes:
    """Header lines that hold no field are left out; a space before the colon is taken away, and
    blanks in a value are one space.

    That is for every kind of blank and for those of a folded line (RFC 9110 5.5, RFC 9112 5.2): a
    long run of them would cost the parser the square of its length.

    The whole head of an answer, with its first line and the empty line at its end.
    """
    first, *lines = _FOLD.sub(b" ", head).split(b"\n")
    kept = [status_line(first)]
    for line in lines:
        bare = line.rstrip(b"\r")
        name, colon, value = bare.partition(b":")
        name = name.rstrip(b" \t")
        fits = bool(colon) and _FIELD_NAME.fullmatch(name) is not None and b"\0" not in value
        value = _BLANKS.sub(b" ", value).strip()
        if fits or not bare:
            kept.append((name + b": " + value if bare else b"") + line[len(bare) :])
    return b"\n".join(kept)


_STATUS_LINE = re.compile(
    rb"[Hh][Tt][Tt][Pp]/(\d\.\d)[ \t]{1,64}(\d{3})(?:[ \t]{1,64}([^\r]*))?(\r?)"
)


@quirk(
    "HTTP",
    "status-line-blanks",
    devices="small web servers",
    does="Writes several blanks in the first line of an answer, or `http/1.1`.",
    source="RFC 9112 4 (parse on whitespace-delimited word boundaries)",
)
def status_line(first: bytes) -> bytes:
    """The words of the first line count, whatever blanks stand between them."""
    found = _STATUS_LINE.fullmatch(first)
    if found is None:
        return first
    version, status, reason, end = found.groups()
    return b"HTTP/%s %s %s%s" % (version, status, (reason or b"").strip(), end)


@quirk(
    "HTTP",
    "chunk-line-ends",
    devices="small web servers",
    does="Ends the lines of a chunked answer with LF alone.",
    source="RFC 9112 2.2, 7.1",
)
def ends_chunk_line(line: bytes) -> bytes:
    """A line feed alone ends such a line too."""
    return line[:-1] + b"\r\n" if line.endswith(b"\n") and not line.endswith(b"\r\n") else line


_NO_CODINGS = {"", "identity", "none", "utf-8", "utf8", "iso-8859-1", "us-ascii"}


@quirk(
    "HTTP",
    "compressed-unasked",
    devices="web servers that compress whatever they send",
    does="Compresses an answer that was asked for uncompressed, or names a character set there.",
    source="RFC 9110 8.4, 12.5.3",
)
def unasked_coding(field: str) -> str:
    """Gzip and deflate are unpacked, up to the same size as a plain answer; a character set is no
    compression.

    Gives gzip, deflate or "" for a plain body. Raises ProtocolError for another coding.
    """
    named = field.strip().lower()
    if named in _NO_CODINGS:
        return ""
    if named in ("gzip", "x-gzip", "deflate"):
        return named.removeprefix("x-")
    raise ProtocolError("HTTP answer is compressed in a way that was not asked for; not read")


# ---------------------------------------------------------------- SNMP


@quirk(
    "SNMP",
    "empty-integer",
    devices="HPE PDUs, Server Technology Sentry3",
    does="Sends integers without a byte.",
    source="prometheus/snmp_exporter issues 541 and 1080; ITU-T X.690 8.3.1",
)
def is_no_integer(body: bytes) -> bool:
    """Such an object is left out; the others of the answer are read. Where there are none, the answer
    is not read.
    """
    return not body


@quirk(
    "SNMP",
    "index-from-zero",
    devices="small agents of SNMP v1",
    does="Counts the object that it does not have from 0, or always names the same one.",
    source="found with simulated agents; RFC 1157 4.1.2, RFC 3416 3",
)
def index_counts_from(index: int) -> tuple[int, ...]:
    """Until an agent has proven that it counts, the object that it names is asked for alone, then the
    one behind it; where neither is missing, the request is halved.

    Gives the numbers from which an agent that says `index` may count.
    """
    return (1, 0) if index > 0 else (0,)


@quirk(
    "SNMP",
    "unsigned-temperature",
    devices="MikroTik and others",
    does="Sends a temperature below zero as an unsigned number of 16 or 32 bits.",
    source="librenms/librenms issue 15323; RFC 2578 7.1.1, 7.1.7",
)
def signed(number: float) -> float:
    """A temperature that no device has is read as a negative one."""
    for bits in (32, 16):
        if 2 ** (bits - 1) <= number < 2**bits:
            return number - 2**bits
    return number


# ---------------------------------------------------------------- TLS

_LEGACY_SERVER_CONNECT = 0x4  # SSL_OP_LEGACY_SERVER_CONNECT, which Python names from 3.12 on


@quirk(
    "TLS",
    "old-ciphers",
    devices="cameras of before 2016 (Axis M5054 and others)",
    does="Speaks TLS 1.2 with RSA or DHE key exchange and CBC ciphers only.",
    source="real camera (FF-A8); RFC 9325 4.2",
)
def pinned_ciphers() -> str:
    """Old ciphers are taken where the key is pinned, which proves the device; the certificate check
    tells them.
    """
    return "DEFAULT:!aNULL:!eNULL:!RC4:!3DES:@SECLEVEL=0"


@quirk(
    "TLS",
    "old-renegotiation",
    devices="cameras and cards with a TLS library of before 2010",
    does="Does not know secure renegotiation (RFC 5746), so that OpenSSL 3 refuses it.",
    source="RFC 5746 4.1; OpenSSL 3.0 migration guide",
)
def old_renegotiation(context: ssl.SSLContext) -> None:
    """It is spoken to where the key is pinned, and never asked to renegotiate; the certificate check
    tells it.
    """
    context.options |= _LEGACY_SERVER_CONNECT | ssl.OP_NO_RENEGOTIATION


def page() -> str:
    """The whole of docs/quirks.md."""
    lines = [
        "# Peculiarities of devices",
        "",
        "Written by `python -m healthmon.protocols > docs/quirks.md` from the code. healthmon sends what the",
        "standards say and tolerates the deviations below. tests/protocols/test_quirks.py tries each line.",
        "",
        "| Protocol | Quirk | Seen with | What the device does | What healthmon does | Source |",
        "|---|---|---|---|---|---|",
    ]
    order = sorted(QUIRKS.values(), key=lambda one: (one.protocol, one.name))
    lines += [
        f"| {q.protocol} | `{q.name}` | {q.devices} | {q.does} | {q.answer} | {q.source} |"
        for q in order
    ]
    return "\n".join(lines) + "\n"
