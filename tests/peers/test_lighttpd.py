"""The HTTP exchange against servers that nobody here wrote: lighttpd, and openssl for TLS."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from helpers.loopback import make_pair
from helpers.support import Peers, free_port, need

from healthmon.protocols.errors import ExchangeError
from healthmon.protocols.http.exchange import Endpoint, exchange
from healthmon.protocols.transport import tls
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.values import dates

pytestmark = pytest.mark.peer
PROGRAM = "/usr/sbin/lighttpd"


def start(peers: Peers, folder: Path) -> int:
    need(PROGRAM)
    port, root = free_port(), folder / "www"
    root.mkdir()
    (root / "index.html").write_text("hello " * 1000)
    lines = [
        f'server.document-root = "{root}"',
        f"server.port = {port}",
        'server.bind = "127.0.0.1"',
    ]
    lines += ['index-file.names = ("index.html")']
    (folder / "lighttpd.conf").write_text("\n".join(lines) + "\n")
    peers.start(PROGRAM, "-D", "-f", folder / "lighttpd.conf")
    peers.wait_tcp("127.0.0.1", port)
    return port


async def test_an_exchange_with_lighttpd_and_its_date(peers: Peers, tmp_path: Path) -> None:
    place = Endpoint("127.0.0.1", start(peers, tmp_path))
    connector = Connector.of(["127.0.0.1"])
    reply = await exchange(connector, place, "GET", "/")
    assert (reply.status, len(reply.body)) == (200, 6000)
    told = dates.http_date(reply.header("date"))
    assert told
    assert abs(told.timestamp() - time.time()) < 3
    assert (await exchange(connector, place, "HEAD", "/")).body == b""
    assert (await exchange(connector, place, "GET", "/none")).status == 404


async def test_openssls_own_server_by_pinned_key_only(peers: Peers, tmp_path: Path) -> None:
    need("openssl")
    pair, port = make_pair(tmp_path, "cam"), free_port()
    peers.start(
        "openssl",
        "s_server",
        "-accept",
        f"127.0.0.1:{port}",
        "-cert",
        pair.file,
        "-key",
        pair.file,
        "-www",
    )
    peers.wait_tcp("127.0.0.1", port)
    connector = Connector.of(["127.0.0.1"])
    pin = tls.key_hash((await tls.read_certificate(connector, "127.0.0.1", port)).der)
    reply = await exchange(connector, Endpoint("127.0.0.1", port, tls.context(pin=pin)), "GET", "/")
    assert (reply.status, b"s_server" in reply.body) == (200, True)
    for trust in (tls.context(), tls.context(pin="0" * 64), None):
        with pytest.raises(ExchangeError):
            await exchange(connector, Endpoint("127.0.0.1", port, trust), "GET", "/")
