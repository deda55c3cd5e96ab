"""NUT's protocol against a scripted upsd: what it says, what it refuses, and hostile answers."""

from __future__ import annotations

import asyncio
import time

import pytest
from helpers.loopback import Handler, served
from hypothesis import given, settings
from hypothesis import strategies as st

from healthmon.protocols.errors import (
    ExchangeError,
    NotFoundError,
    ProtocolError,
    RefusedError,
    ResetError,
    TooLargeError,
)
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.ups import nut

pytestmark = pytest.mark.slow

GOOD = b'BEGIN LIST VAR cctv\nVAR cctv ups.status "OL CHRG"\nVAR cctv ups.mfr "A \\"quoted\\" maker"\nEND LIST VAR cctv\n'


def upsd(answer: bytes, *, piece: int = 0, hang: bool = False) -> Handler:
    """Read one command, then write `answer`, in pieces of so many bytes."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readline() == b"LIST VAR cctv\n"
        for start in range(0, len(answer), piece or len(answer) or 1):
            writer.write(answer[start : start + (piece or len(answer))])
            await writer.drain()
            await asyncio.sleep(0)
        if hang:
            await reader.read()

    return handler


async def variables(answer: bytes, *, piece: int = 0, hang: bool = False) -> dict[str, str]:
    async with served(upsd(answer, piece=piece, hang=hang)) as server:
        return await nut.variables(Connector.of(["127.0.0.1"]), "127.0.0.1", server.port, "cctv")


@pytest.mark.parametrize("piece", [0, 1, 7])
async def test_variables_with_spaces_and_quotes_however_the_answer_is_cut(piece: int) -> None:
    assert await variables(GOOD, piece=piece) == {
        "ups.status": "OL CHRG",
        "ups.mfr": 'A "quoted" maker',
    }


@pytest.mark.parametrize("word", ["DATA-STALE", "DRIVER-NOT-CONNECTED"])
async def test_c31_a_lost_driver_is_a_kind_of_its_own(word: str) -> None:
    with pytest.raises(nut.StaleError, match="lost the UPS"):
        await variables(f"ERR {word}\n".encode(), hang=True)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"ERR UNKNOWN-UPS\n", NotFoundError),
        (b"ERR ACCESS-DENIED\n", ProtocolError),
        (b"ERR\n", ProtocolError),
        (b"", ResetError),
        (GOOD[:-20], ResetError),
        (b"VAR cctv x " + b"y" * 200_000, TooLargeError),
    ],
)
async def test_refusals_and_broken_answers_are_named(
    answer: bytes, error: type[ExchangeError]
) -> None:
    with pytest.raises(error):
        await variables(answer)


async def test_silence_ends_by_the_deadline_of_the_caller() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await variables(b"BEGIN LIST VAR cctv\n", hang=True)


HOSTILE = {
    "a long value": 'VAR ups x "' + "a" * 130_000 + '"\n',
    "a long value without an end": 'VAR ups x "' + "a" * 130_000,
    "words": "a " * 65_000,
    "quotes": "VAR ups x " + '"a" ' * 32_000,
    "lines": 'VAR ups a.b "c"\n' * 8_000,
    "VAR": "VAR " * 32_000,
    "escapes": 'VAR ups x "' + "\\\\" * 65_000,
    "nothing but lines": "\n" * 130_000,
}


@pytest.mark.no_cover
@pytest.mark.parametrize("name", HOSTILE)
def test_c31_no_answer_within_the_cap_holds_the_loop_up(name: str) -> None:
    times = []
    for _ in range(3):
        began = time.process_time()
        nut.parsed(HOSTILE[name])
        times.append(time.process_time() - began)
    assert min(times) < 0.05


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ('VAR su700 ups.model "Smart \\"UPS\\" 700"', 'Smart "UPS" 700'),
        ('VAR "my ups" ups.model "a\\\\b"', "a\\b"),
        ("VAR su700 ups.model plain", "plain"),
        ('VAR su700 ups.model ""', ""),
        ('VAR su700 ups.model "x" "y"', None),
        ("VAR su700 ups.model", None),
    ],
)
def test_values_by_rfc_9271(line: str, value: str | None) -> None:
    assert (
        nut.parsed(f"BEGIN LIST VAR su700\n{line}\r\nEND LIST VAR su700\n").get("ups.model")
        == value
    )


async def test_closed_port_is_refused(unused_tcp_port: int) -> None:
    with pytest.raises(RefusedError):
        await nut.variables(Connector.of(["127.0.0.1"]), "127.0.0.1", unused_tcp_port, "cctv")


@settings(max_examples=200)
@given(st.text(max_size=300))
def test_c31_any_text_gives_variables_or_a_wire_error(text: str) -> None:
    try:
        found = nut.parsed(text)
    except ExchangeError:
        return
    assert all(isinstance(name, str) for name in found)
