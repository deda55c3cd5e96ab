"""apcupsd's network information server: the status report of its UPS (2-byte length before each
line).
"""

from __future__ import annotations

from healthmon.protocols import trace
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.ups.nut import Lines


class _Records(Lines):
    """Complete at the record of length zero. No record is walked twice, however the answer
    is cut.
    """

    def __init__(self) -> None:
        super().__init__()
        self._at = 0

    def complete(self) -> bool:
        """Walk the records that have come since."""
        while self._at + 2 <= len(self.data):
            size = self.data[self._at] << 8 | self.data[self._at + 1]
            if size == 0:
                return True
            self._at += 2 + size
        return False


async def status(connector: Connector, host: str, port: int) -> dict[str, str]:
    """The fields of ``status``. Raises ExchangeError."""
    trace.stage("answer of apcupsd")
    transport, records = await connector.connect(host, port, _Records)
    try:
        transport.write(b"\x00\x06status")
        await records.done
    finally:
        transport.close()
    found = parsed(bytes(records.data))
    if trace.keeping():
        text = "".join(f"{name}: {value}\n" for name, value in found.items())
        trace.keep(trace.Exchange("apcupsd", port, "status", body=text.encode()))
    return found


def parsed(data: bytes) -> dict[str, str]:
    """The fields of a report, by name."""
    found: dict[str, str] = {}
    at = 0
    while at + 2 <= len(data) and (size := data[at] << 8 | data[at + 1]):
        name, mark, value = data[at + 2 : at + 2 + size].decode("utf-8", "replace").partition(":")
        if mark:
            found[name.strip()] = value.strip()
        at += 2 + size
    return found
