"""upsd and apcupsd as bytes on loopback: whatever a test lets them say."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Upsd:
    """NUT's upsd: LIST VAR of every UPS gives `variables` (RFC 9271)."""

    variables: Mapping[str, str] = field(default_factory=dict)
    raw: bytes = b""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        while line := (await reader.readline()).decode():
            command, _, name = line.strip().rpartition(" ")
            if command == "LIST VAR":
                writer.write(self.raw or self._listed(name))
            else:
                writer.write(b"OK Goodbye\n")
            await writer.drain()

    def _listed(self, name: str) -> bytes:
        rows = "".join(f'VAR {name} {key} "{value}"\n' for key, value in self.variables.items())
        return f"BEGIN LIST VAR {name}\n{rows}END LIST VAR {name}\n".encode()


@dataclass
class Apcupsd:
    """Apcupsd's network information server: `report` as records of a length and a line."""

    report: Mapping[str, str] = field(default_factory=dict)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        while (await reader.readexactly(2))[1:]:
            await reader.readexactly(6)
            for key, value in self.report.items():
                line = f"{key:<9}: {value}\n".encode()
                writer.write(len(line).to_bytes(2, "big") + line)
            writer.write(b"\0\0")
            await writer.drain()
