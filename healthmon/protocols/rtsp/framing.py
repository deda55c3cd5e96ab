"""How the messages on an RTSP connection begin (RFC 2326 4.2, 10.12), and which are none."""

from __future__ import annotations

import re

from healthmon.protocols.errors import ProtocolError, TooLargeError

_OF_LOGIN = ("www-authenticate", "authentication-info")  # their bytes go into the answer
HEADER_CAP = 16 * 1024
BODY_CAP = 64 * 1024
_BLANK, _BLANK_OR_NUL = re.compile(rb"[\r\n]+"), re.compile(rb"[\r\n\0]+")
_METHOD = re.compile(rb"[A-Z_]{1,20}(?: |$)")
_MESSAGE = re.compile(rb"[Rr][Tt][Ss][Pp]/|[A-Z_]{1,20}(?: |\Z)")
_FRAME = re.compile(rb"\$(?:\Z|[\0-\x1f](?:.?.?\Z|..[\x80-\xbf]))", re.DOTALL)


def refuse_other_protocols(start: bytes) -> None:
    """Name the protocol where another one answers: TLS (RFC 8446 section 5.1), HTTP, SSH; do not
    wait for garbage.
    """
    if start[0] in (0x15, 0x16) and start[1:2] in (b"", b"\x03"):
        raise ProtocolError("the port speaks TLS (set tls: yes for it)")
    for name in ("HTTP", "SSH"):
        if start.startswith(name.encode()):
            raise ProtocolError(f"the port speaks {name}")
    if not b"RTSP/".startswith(start[:5].upper()) and not _METHOD.match(start):
        raise ProtocolError("not RTSP")


def headers(lines: list[str]) -> tuple[tuple[str, str], ...]:
    """Names in lower case, and values; a line that begins with a blank goes on with the one before
    (RFC 2326 4.2).
    """
    found: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in (" ", "\t") and found:
            found[-1] = (found[-1][0], f"{found[-1][1]} {line.strip()}".strip())
        elif ":" in line:
            key, _, value = line.partition(":")
            found.append((key.strip().lower(), value.strip()))
    return tuple((key, value if key in _OF_LOGIN else _readable(value)) for key, value in found)


def _readable(value: str) -> str:
    """`value` without the bytes that are no characters."""
    if value.isascii():
        return value
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def length(fields: tuple[tuple[str, str], ...]) -> int:
    """The bytes of the body. Raises ProtocolError, TooLargeError."""
    values = {value for key, value in fields if key == "content-length"}
    if not values:
        return 0
    if len(values) > 1 or not re.fullmatch(r"[0-9]{1,9}", value := values.pop(), re.ASCII):
        raise ProtocolError("reply with a wrong Content-Length")
    if int(value) > BODY_CAP:
        raise TooLargeError("reply body larger than 64 KiB")
    return int(value)


def blank(data: bytearray, at: int, end: int, *, nul: bool) -> int:
    """How many bytes at `at` are line ends, and with `nul` zeros, sent to keep a connection open."""
    found = (_BLANK_OR_NUL if nul else _BLANK).match(data, at, end)
    return found.end() - at if found else 0


def begins(data: bytearray, at: int, end: int) -> bool:
    """Whether a reply or a request may begin at `at`."""
    return _MESSAGE.match(data, at, end) is not None


def next_frame(data: bytearray, at: int, end: int) -> int:
    """Where an RTP frame may begin behind bytes at `at` that belong to nothing, as some devices
    send; else `end`.
    """
    found = _FRAME.search(data, at, end)
    return found.start() if found else end
