"""Trust by CA or pinned key, against real TLS servers."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from pathlib import Path
from typing import Any

import pytest
import uvloop
from cryptography.hazmat.primitives.serialization import Encoding
from helpers.loopback import Pair, http, make_pair, says, served

from healthmon.protocols.errors import ResetError, TlsError, TlsTimeoutError
from healthmon.protocols.http.exchange import Endpoint, exchange
from healthmon.protocols.transport import tls
from healthmon.protocols.transport.connector import Connector

pytestmark = pytest.mark.slow

NET = Connector.of(["127.0.0.1"], connect_seconds=1.0)


def pin_of(pair: Pair) -> str:
    return tls.key_hash(pair.certificate.public_bytes(Encoding.DER))


async def check(
    pair: Pair, trust: ssl.SSLContext, server_name: str | None = None
) -> tuple[int, int]:
    """(status, requests that reached the server)."""
    requests = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        requests += bool(await reader.read(10))
        writer.write(http(b"ok"))
        await writer.drain()

    async with served(handler, tls=pair.server()) as server:
        try:
            reply = await exchange(
                NET, Endpoint("127.0.0.1", server.port, trust, server_name), "GET", "/"
            )
            return reply.status, requests
        except TlsError:
            await asyncio.sleep(0.05)
            assert requests == 0, "a request was sent to a device that is not trusted"
            raise


async def test_c24_the_pinned_key_is_trusted_whatever_the_dates_and_names(tmp_path: Path) -> None:
    for days in ((-10, -1), (1, 10), (-1, 10)):
        pair = make_pair(tmp_path, "cam", days=days, address=None)
        assert await check(pair, tls.context(pin=pin_of(pair))) == (200, 1)


async def test_c24_a_changed_key_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    old, new = make_pair(tmp_path, "old"), make_pair(tmp_path, "new")
    with pytest.raises(TlsError, match="changed key"):
        await check(new, tls.context(pin=pin_of(old)))


async def test_c24_a_ca_is_trusted_by_its_file(tmp_path: Path) -> None:
    authority = make_pair(tmp_path, "ca", authority=True, address=None)
    pair = make_pair(tmp_path, "cam", issuer=authority)
    assert await check(pair, tls.context(ca_file=str(authority.file))) == (200, 1)


@pytest.mark.parametrize(
    ("days", "address", "words"),
    [
        ((-10, -1), "127.0.0.1", "expired"),
        ((1, 10), "127.0.0.1", "not yet valid"),
        ((-1, 10), "127.0.0.9", "mismatch"),
    ],
)
async def test_c24_the_cause_is_told(
    tmp_path: Path, days: tuple[float, float], address: str, words: str
) -> None:
    authority = make_pair(tmp_path, "ca", authority=True, address=None)
    pair = make_pair(tmp_path, "cam", days=days, address=address, issuer=authority)
    with pytest.raises(TlsError, match=words):
        await check(pair, tls.context(ca_file=str(authority.file)))


async def test_c24_self_signed_is_refused_without_a_pin(tmp_path: Path) -> None:
    with pytest.raises(TlsError, match=r"self.signed"):
        await check(make_pair(tmp_path, "cam"), tls.context())


async def test_c24_a_stalled_handshake_ends_in_time() -> None:
    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        await asyncio.sleep(10)

    async with served(stall) as server:
        quick = Connector.of(["127.0.0.1"], connect_seconds=0.3)
        with pytest.raises(TlsTimeoutError, match=r"connected, TLS handshake: no answer in 0.3 s"):
            await exchange(quick, Endpoint("127.0.0.1", server.port, tls.context()), "GET", "/")


async def test_c24_tls_1_0_is_not_used_and_still_read(tmp_path: Path) -> None:
    pair = make_pair(tmp_path, "old", bits=1024)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1
    context.load_cert_chain(pair.file)
    async with served(says(http()), tls=context) as server:
        # Its OpenSSL hangs up without an alert when no version is left to agree on.
        with pytest.raises((TlsError, ResetError)):
            await exchange(NET, Endpoint("127.0.0.1", server.port, tls.context()), "GET", "/")
        peer = await tls.read_certificate(NET, "127.0.0.1", server.port)
    assert peer.version == "TLSv1"
    assert tls.key_hash(peer.der) == pin_of(pair)


async def test_reading_a_certificate_sends_nothing(tmp_path: Path) -> None:
    got = b""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal got
        got += await reader.read(100)

    pair = make_pair(tmp_path, "cam")
    async with served(handler, tls=pair.server()) as server:
        peer = await tls.read_certificate(NET, "127.0.0.1", server.port)
        await asyncio.sleep(0.05)
    assert tls.key_hash(peer.der) == pin_of(pair)
    assert got == b""


async def test_verified_says_why_not_in_words(tmp_path: Path) -> None:
    pair = make_pair(tmp_path, "cam")
    async with served(says(http()), tls=pair.server()) as server:
        assert (
            await tls.verified(NET, "127.0.0.1", server.port, tls.context(pin=pin_of(pair))) == ""
        )
        assert "self-signed" in await tls.verified(NET, "127.0.0.1", server.port, tls.context())
        assert (
            await tls.verified(NET, "127.0.0.1", server.port, tls.context(pin="0" * 64))
            == tls.CHANGED_KEY
        )


def test_contexts_are_shared() -> None:
    assert tls.context(pin="a" * 64) is tls.context(pin="a" * 64)
    assert tls.context() is tls.context()
    assert tls.context(pin="a" * 64) is not tls.context(pin="b" * 64)


def test_no_context_without_trust_can_be_had() -> None:
    assert tls.context().verify_mode is ssl.CERT_REQUIRED
    assert tls.context().check_hostname
    for bad in ("", "abc", "g" * 64):
        with pytest.raises(TlsError):
            tls.context(pin=bad)
    with pytest.raises(TlsError):
        tls.context(ca_file="/nonexistent/ca.pem")


def test_a_broken_certificate_is_a_tls_error() -> None:
    for der in (b"", b"0\x82", b"\x00" * 500):
        with pytest.raises(TlsError):
            tls.parsed(der)


@pytest.mark.parametrize("loops", [uvloop.new_event_loop, asyncio.new_event_loop])
def test_an_answer_of_many_reads_comes_whole_through_tls(tmp_path: Path, loops: Any) -> None:
    """Each read has its own turn of the event loop, and none is lost between them."""
    pair, body = make_pair(tmp_path, "cam"), bytes(range(256)) * 1000

    async def asked() -> bytes:
        async with served(says(http(body)), tls=pair.server()) as server:
            place = Endpoint("127.0.0.1", server.port, tls.context(pin=pin_of(pair)))
            return (await exchange(NET, place, "GET", "/")).body

    with asyncio.Runner(loop_factory=loops) as runner:
        assert runner.run(asked()) == body
