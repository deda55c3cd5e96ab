"""apcupsd's information server, scripted: whole reports, reports cut short, hostile bytes."""

from __future__ import annotations

import asyncio

import pytest
from helpers.loopback import Handler, served
from hypothesis import given, settings
from hypothesis import strategies as st

from healthmon.protocols.errors import ExchangeError, ResetError, TooLargeError
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.ups import apcupsd

LINES = [
    "APC      : 001,036,0869",
    "STATUS   : ONLINE ",
    "TIMELEFT : 41.0 Minutes",
    "DATE     : 2025-11-24 10:00:00 +0000",
]


def report(lines: list[str] = LINES) -> bytes:
    """Records with their length in two octets, and the record of length zero."""
    return (
        b"".join(
            len(line).to_bytes(2, "big") + line.encode() for line in [f"{line}\n" for line in lines]
        )
        + b"\0\0"
    )


def daemon(answer: bytes, piece: int) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(8) == b"\x00\x06status"
        for start in range(0, len(answer), piece):
            writer.write(answer[start : start + piece])
            await writer.drain()
            await asyncio.sleep(0)

    return handler


async def status(answer: bytes, piece: int = 1_000_000) -> dict[str, str]:
    async with served(daemon(answer, piece)) as server:
        return await apcupsd.status(Connector.of(["127.0.0.1"]), "127.0.0.1", server.port)


@pytest.mark.parametrize("piece", [1, 13, 1_000_000])
async def test_fields_however_the_report_is_cut(piece: int) -> None:
    found = await status(report(), piece)
    assert found["STATUS"] == "ONLINE"
    assert found["TIMELEFT"] == "41.0 Minutes"
    assert found["DATE"] == "2025-11-24 10:00:00 +0000"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", ResetError),
        (report()[:-2], ResetError),
        (report()[:5], ResetError),
        (b"\xff\xff" * 100_000, TooLargeError),
    ],
)
async def test_broken_reports_are_named(answer: bytes, error: type[ExchangeError]) -> None:
    with pytest.raises(error):
        await status(answer)


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_c31_any_bytes_give_fields(data: bytes) -> None:
    assert all(isinstance(value, str) for value in apcupsd.parsed(data).values())
