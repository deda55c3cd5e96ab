"""Bosch RCP+ over CGI, reading only: requests and replies, decoders, the VRM's list of tracks.
Pure.

Source: "RCP+ over CGI" (Bosch Video IP), the public part of the RCP+ reference (command, type, num,
direction), and for the track list Keenfinity's article "How to send HTTP request to VRM to provide
the list with trackId(s)". What is read stands in ``<result>``; ``<payload>`` echoes the request.
An unknown command is HTTP 200 with ``<err>``.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from healthmon.protocols.errors import ProtocolError, UnsupportedError
from healthmon.protocols.values import dates, xml
from healthmon.protocols.values.scalars import number, words
from healthmon.protocols.values.xml import Element, named

Type = Literal[
    "F_FLAG", "T_OCTET", "T_WORD", "T_INT", "T_DWORD", "P_OCTET", "P_STRING", "P_UNICODE"
]
TYPES: tuple[str, ...] = get_args(Type)
COMMAND = re.compile(r"0x[0-9a-f]{4}")
CPU_LOAD, PRODUCT, SERIAL = "0x0a07", "0x0aea", "0x0ae7"
FIRMWARE, VIDEO_INPUTS, CLOCK, TRACKS = "0x0cd4", "0x01d6", "0x0a0f", "0xd007"
MOST_TRACKS = 2048
LARGEST_NUM = 0xFFFF
_HEX_NUMBER = re.compile(r"0x[0-9a-fA-F]{1,8}")
_OCTETS = re.compile(r"(?:[0-9a-fA-F]{2}(?:\s+|$))*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Track:
    """One camera that a Video Recording Manager records: its number there, its address as told, its
    name and path.
    """

    number: int
    address: str
    name: str
    path: str
    url: str


def path(command: str, kind: str, num: int | None = 1) -> str:
    """Where `command` is read. Raises ValueError for what is no command or type: the direction is
    always READ.
    """
    if not COMMAND.fullmatch(command) or kind not in TYPES or not 0 <= (num or 0) <= LARGEST_NUM:
        raise ValueError(f"{command} {kind} {num} is no RCP+ command")
    return f"/rcp.xml?command={command}&type={kind}&direction=READ" + (
        f"&num={num}" if num is not None else ""
    )


def result(body: bytes) -> str:
    """The text of ``<result>``: decimal for numbers, octets in hex, or text.

    Raises UnsupportedError for the device's ``<err>``, ProtocolError for no RCP+ answer.
    """
    root = xml.parse(body)
    found = next(named(root, "result"), None)
    if root.name.lower() != "rcp" or found is None:
        raise ProtocolError("answer is no RCP+ reply")
    _raise_refusal(root)
    for name in ("dec", "str", "flag"):
        if (text := xml.text(found, name)) is not None:
            return text
    if (text := xml.text(found, "hex")) is not None:
        return str(int(text, 16)) if _HEX_NUMBER.fullmatch(text) else text
    return found.text.strip()


def _raise_refusal(root: Element) -> None:
    """Raise UnsupportedError where the device answers with an error."""
    for wrong in ("err", "error"):
        if (error := next(named(root, wrong), None)) is not None:
            code = words(xml.text(error, "hex") or error.text) or "error"
            raise UnsupportedError(f"RCP+ command refused ({code[:20]})")


def octets(text: str) -> bytes | None:
    """Octets written as ``07 e6 0b``; None for anything else."""
    plain = text.strip(string.whitespace)
    return bytes.fromhex(plain) if _OCTETS.fullmatch(plain) else None


def plain(text: str) -> str | None:
    """Text that came as text, or as octets of NUL-terminated ASCII."""
    raw = octets(text)
    if raw is None:
        return words(text)
    return words(raw.split(b"\0")[0].decode("ascii", "replace").replace("\ufffd", ""))


def serial(text: str) -> str | None:
    """A serial number: octets that are digits (values 0 to 9) or ASCII."""
    raw = octets(text)
    if raw and all(octet <= 9 for octet in raw):
        return "".join(str(octet) for octet in raw)
    return plain(text)


def ratio(text: str) -> float | None:
    """A percentage as a ratio."""
    value = number(text, 0, 100)
    return value / 100 if value is not None else None


def clock(text: str) -> datetime | None:
    """Eight octets: year (two), month, day, hour, minute, second, day of the week. Naive;
    experimental.

    The day of the week must fit the date, counted from Sunday or Monday as 0 or 1: other layouts
    are not guessed.
    """
    raw = octets(text)
    if raw is None or len(raw) != 8:
        return None
    year = int.from_bytes(raw[:2], "big")
    found = dates.moment(
        f"{year:04d}-{raw[2]:02d}-{raw[3]:02d} {raw[4]:02d}:{raw[5]:02d}:{raw[6]:02d}"
    )
    return (
        found
        if found is not None
        and raw[7] in {found.weekday(), found.isoweekday(), found.isoweekday() % 7}
        else None
    )


def tracks(text: str) -> tuple[Track, ...]:
    """The VRM's track list (0xd007): blocks of length, number, address, two octets, and three
    UTF-16 texts.

    A block that is cut short or longer than what is left ends the list. Raises ProtocolError for no
    octets.
    """
    raw = octets(text)
    if raw is None:
        raise ProtocolError("track list: the answer is no octets")
    found: list[Track] = []
    at = 0
    while at + 10 <= len(raw) and len(found) < MOST_TRACKS:
        size = int.from_bytes(raw[at : at + 2], "big")
        if size < 10 or at + size > len(raw):
            break
        found.append(_track(raw[at : at + size]))
        at += size
    return tuple(found)


def _track(block: bytes) -> Track:
    texts = block[10:].decode("utf-16-be", "replace").split("\0")
    name, where, url = (words(part) or "" for part in (*texts, "", "", "")[:3])
    address = ".".join(str(octet) for octet in reversed(block[4:8]))
    return Track(int.from_bytes(block[2:4], "big"), address, name, where, url)
