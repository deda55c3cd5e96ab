"""NUT's network protocol (RFC 9271): the variables of one UPS from upsd."""

from __future__ import annotations

import asyncio
import re
import shlex

from healthmon.protocols import trace
from healthmon.protocols.errors import (
    NotFoundError,
    ProtocolError,
    ResetError,
    TooLargeError,
    from_os,
)
from healthmon.protocols.flood import Allowance
from healthmon.protocols.transport.connector import Connector

CAP, STEPS = 128 * 1024, 20_000
LONGEST = 1024
END = b"\nEND LIST VAR"
MOST_UPSES = 64
# VAR <ups> <name> "<value>", where a backslash stands before a quote or another; some leave the
# quotes out.
_WORD = r'(?:[^\s"\\]|\\.)+'
_VAR = re.compile(
    rf'(?m)^VAR[ \t]+(?:"[^"\n]*"|{_WORD})[ \t]+({_WORD})[ \t]+(?:({_WORD})|"((?:[^"\\\n]|\\.)*)")[ \t\r]*$'
)


_UPS = re.compile(r'(?m)^UPS[ \t]+([\w.-]{1,64})[ \t\r]*(?:"|$)')


class StaleError(ProtocolError):
    """upsd answers, but has no fresh data of the UPS (DATA-STALE, DRIVER-NOT-CONNECTED)."""


class Lines(asyncio.Protocol):
    """Collects what a server sends until `done` says that it is whole."""

    end = END

    def __init__(self) -> None:
        self.data = bytearray()
        self._allowance = Allowance(CAP, STEPS)
        self._searched = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        """Collect up to the cap."""
        if self.done.done():
            return
        self.data += data
        try:
            self._allowance.read(len(data))
            if self.complete():
                self.done.set_result(None)
        except TooLargeError as error:
            self.done.set_exception(error)

    def complete(self) -> bool:
        """An error line, or the line that ends a list."""
        start = max(0, self._searched - len(self.end))
        self._searched = len(self.data)
        if self.data.startswith(b"ERR"):
            return self.data.find(b"\n", start) >= 0
        return self.data.find(self.end, start) >= 0

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer went before the end."""
        if not self.done.done():
            self.done.set_exception(
                from_os(exc, "reading") if exc else ResetError("connection closed by the device")
            )
            self.done.exception()


async def variables(connector: Connector, host: str, port: int, ups: str) -> dict[str, str]:
    """The variables of `ups`. Raises StaleError, NotFoundError for an unknown name,
    ProtocolError.
    """
    trace.stage("answer of upsd")
    transport, lines = await connector.connect(host, port, Lines)
    try:
        trace.note(">", f"LIST VAR {ups}")
        transport.write(f"LIST VAR {shlex.quote(ups) if ' ' in ups else ups}\n".encode())
        await lines.done
        transport.write(b"LOGOUT\n")
    finally:
        transport.close()
    text = lines.data.decode("utf-8", "replace")
    trace.note("<", text)
    trace.keep(trace.Exchange("nut", port, f"LIST VAR {ups}", body=bytes(lines.data)))
    return parsed(text)


class _Names(Lines):
    end = b"END LIST UPS"


async def names(connector: Connector, host: str, port: int) -> list[str]:
    """The names of the UPSes that upsd knows (LIST UPS). Raises ProtocolError."""
    trace.stage("answer of upsd")
    transport, lines = await connector.connect(host, port, _Names)
    try:
        trace.note(">", "LIST UPS")
        transport.write(b"LIST UPS\n")
        await lines.done
        transport.write(b"LOGOUT\n")
    finally:
        transport.close()
    return names_in(lines.data.decode("utf-8", "replace"))


def names_in(text: str) -> list[str]:
    """The names in an answer to LIST UPS. Raises ProtocolError."""
    if text.startswith("ERR"):
        raise ProtocolError(f"upsd answered with error {text[4:44].strip()}")
    return list(dict.fromkeys(_UPS.findall(text)))[:MOST_UPSES]


def parsed(text: str) -> dict[str, str]:
    """The variables in an answer to LIST VAR."""
    if text.startswith("ERR"):
        word = text.split()[1] if len(text.split()) > 1 else ""
        if word in ("DATA-STALE", "DRIVER-NOT-CONNECTED"):
            raise StaleError(f"upsd has lost the UPS ({word.lower().replace('-', ' ')})")
        if word == "UNKNOWN-UPS":
            raise NotFoundError("upsd knows no UPS of this name")
        raise ProtocolError(f"upsd answered with error {word[:40]}")
    told = ((match[1], match[2] if match[3] is None else match[3]) for match in _VAR.finditer(text))
    return {name: re.sub(r"\\(.)", r"\1", value[:LONGEST]) for name, value in told}
