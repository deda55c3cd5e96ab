"""Ten scrapers of 1,000 cameras at once by TLS, with 500 idle and 100 mute clients at the door; the
loop's lag.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import http.client
import json
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from benchmarks._measure import Row, pin_child, run
from benchmarks.exposition import filled
from healthmon_exporters.web import app as web
from healthmon_exporters.web import listener, server_tls

SCRAPERS, SCRAPES = 10, 30
IDLE, MUTE = 500, 100


def certificate(folder: Path) -> tuple[Path, Path]:
    """(certificate, key) of 127.0.0.1, made here."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name.from_rfc4514_string("CN=localhost"),
    )
    now = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now, now + dt.timedelta(1)
    )
    named = made.add_extension(
        x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False
    )
    (folder / "cert").write_bytes(
        named.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    plain = serialization.NoEncryption()
    (folder / "key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return folder / "cert", folder / "key"


def crowd(port: int, count: int, stop: threading.Event) -> None:
    """Clients that connect and say nothing; those who are sent away come again, up to a hundred a
    second.
    """
    here: list[socket.socket] = []
    while not stop.is_set():
        here = [one for one in here if _open(one)]
        for _ in range(min(count - len(here), 10)):
            with contextlib.suppress(OSError):
                here.append(socket.create_connection(("127.0.0.1", port), 5))
        time.sleep(0.1)


def _open(sock: socket.socket) -> bool:
    sock.setblocking(False)
    try:
        return sock.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def scraper(port: int, ca: str, took: list[float]) -> None:
    """Scrape on a new connection each time, as much as one Prometheus after another would."""
    context = ssl.create_default_context(cafile=ca)
    for _ in range(SCRAPES):
        began = time.perf_counter()
        link = http.client.HTTPSConnection("localhost", port, timeout=60, context=context)
        try:
            with contextlib.closing(link):
                link.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
                link.getresponse().read()
        except (OSError, http.client.HTTPException):
            took.append(float("inf"))
        else:
            took.append(time.perf_counter() - began)
        time.sleep(0.1)


def clients(port: int, ca: str, *, crowded: bool) -> None:
    """The other side, in a process of its own: prints the seconds of every scrape."""
    stop, took = threading.Event(), list[float]()
    crowds = [
        threading.Thread(target=crowd, args=(port, count, stop))
        for count in (IDLE, MUTE)
        if crowded
    ]
    scrapers = [threading.Thread(target=scraper, args=(port, ca, took)) for _ in range(SCRAPERS)]
    for one in crowds:
        one.start()
    time.sleep(3)
    for one in scrapers:
        one.start()
    for one in scrapers:
        one.join()
    stop.set()
    print(json.dumps(took))


async def measured(folder: Path, *, crowded: bool) -> tuple[list[float], list[float], int]:
    """(seconds of every scrape, lateness of a 5 ms timer, most connections at once)."""

    async def nothing(*_: str) -> None:
        return None

    async def accepted() -> str:
        return ""

    files = certificate(folder)
    site = web.Site(filled(1000)[0], nothing, lambda: True, accepted, list)
    running = await listener.serve(
        web.application(site), "127.0.0.1", 0, tls=server_tls.tls_context(*files)
    )
    lags, most = list[float](), 0

    async def tick() -> None:
        nonlocal most
        while True:
            due = time.perf_counter() + 0.005
            await asyncio.sleep(0.005)
            lags.append(time.perf_counter() - due)
            most = max(most, len(running.guests))

    ticking = asyncio.create_task(tick())
    argv = [
        sys.executable,
        "-m",
        "benchmarks.scrape",
        str(running.port),
        str(files[0]),
        "crowd" * crowded,
    ]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, preexec_fn=pin_child())  # noqa: PLW1509 - no threads yet
    out, _ = await asyncio.to_thread(child.communicate)
    ticking.cancel()
    await running.close()
    return json.loads(out), lags, most


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        alone, _, _ = run(measured(Path(folder), crowded=False))
        took, lags, most = run(measured(Path(folder), crowded=True))
    crowded = _late(took) * 1000
    yield Row(
        "10 scrapers of 1000 cameras by TLS among 600 idle, p99", crowded, unit="ms", gate=100
    )
    yield Row(
        "  the same against nobody else at the door",
        crowded,
        _late(alone) * 1000,
        unit="ms",
        gate=2,
    )
    yield Row("  scrapes that were cut off", took.count(float("inf")), unit="", gate=0)
    yield Row("  lag of the event loop meanwhile, p99", _late(lags) * 1000, unit="ms", gate=50)
    yield Row("  connections at once", most, unit="", gate=listener.MOST_CONNECTIONS)


def _late(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


if __name__ == "__main__":
    clients(int(sys.argv[1]), sys.argv[2], crowded=bool(sys.argv[3]))
