"""Scripted servers on loopback and certificates made for one test."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from healthmon.demo.listener import Listener
from healthmon.demo.state import has_left

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Served:
    """A running server: its port and what it counted; `most` is how many connections there were at
    one time.
    """

    port: int
    connections: int = 0
    most: int = 0
    requests: list[bytes] = field(default_factory=list)


@contextlib.asynccontextmanager
async def served(
    handler: Handler, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Served]:
    """Run `handler` for every connection; whatever is open at the end is cut."""
    told = Served(0)
    tasks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            try:
                await handler(reader, writer)
            finally:
                writer.transport.abort()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told.connections += 1
        writers.append(writer)
        told.most = max(told.most, sum(not has_left(one.transport) for one in writers))
        tasks.add(asyncio.create_task(talk(reader, writer)))

    def made() -> asyncio.StreamReaderProtocol:
        return asyncio.StreamReaderProtocol(asyncio.StreamReader(), accept)

    with Listener(made, host, port, tls=tls) as listener:
        told.port = listener.port
        try:
            yield told
        finally:
            listener.close()
            for task in tasks:
                task.cancel()
            for error in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(error, Exception):
                    told_of = {"message": "a handler failed", "exception": error}
                    asyncio.get_running_loop().call_exception_handler(told_of)


@contextlib.contextmanager
def unanswering(host: str = "127.0.0.1") -> Iterator[socket.socket]:
    """A port whose backlog is full: connection requests stay unanswered until somebody accepts."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind((host, 0))
        full.listen(0)
        for one in (first, second):
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        time.sleep(0.05)
        yield full


async def request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    """One HTTP request: request line, fields (lower-case names), body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    line, *fields = head.split("\r\n")
    told = {
        name.lower(): value.strip() for name, _, value in (f.partition(":") for f in fields if f)
    }
    body = await reader.readexactly(int(told.get("content-length", "0")))
    return line, told, body


def http(body: bytes = b"", status: str = "200 OK", *fields: str) -> bytes:
    """A complete HTTP reply."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def says(answer: bytes, *, drip: float = 0.0) -> Handler:
    """Read a request, then write `answer`; with `drip` one byte per so many seconds."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for i in range(len(answer)) if drip else ():
            writer.write(answer[i : i + 1])
            await asyncio.sleep(drip)
        if not drip:
            writer.write(answer)
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    return handler


@dataclass
class Pair:
    """A certificate with its key on disk."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey
    file: Path

    def server(self, **more: object) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if more.get("weak"):
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.load_cert_chain(self.file)
        return context


def make_pair(
    folder: Path,
    name: str,
    *,
    days: tuple[float, float] = (-1, 365),
    bits: int = 2048,
    address: str | None = "127.0.0.1",
    issuer: Pair | None = None,
    authority: bool = False,
) -> Pair:
    """A certificate for `address` valid from days[0] to days[1] from now, self-signed without an
    `issuer`.
    """
    key = rsa.generate_private_key(65537, bits)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if address:
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        builder = builder.add_extension(names, critical=False)
    made = builder.sign(issuer.key if issuer else key, hashes.SHA256())
    file = folder / f"{name}.pem"
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(
        Encoding.PEM
    )
    file.write_bytes(text)
    return Pair(made, key, file)
