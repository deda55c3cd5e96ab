"""A scripted SNMP v1/v2c agent on loopback: values by object, and the ways in which agents
misbehave.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import cast

from helpers.ber import elements, name_of, tlv

Value = int | str | bytes | None
NULL = b"\x05\x00"
GAUGE = 0x42


def integer(value: int, tag: int = 0x02) -> bytes:
    """An integer of any application type, encoded."""
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def encoded(value: Value) -> bytes:
    """int as INTEGER, text as OBJECT IDENTIFIER when dotted, else OCTET STRING; bytes are taken as
    they are.
    """
    if value is None:
        return NULL
    if isinstance(value, bytes):
        return value
    if isinstance(value, int):
        return integer(value)
    return tlv(0x06, name_of(value)) if value.count(".") > 5 else tlv(0x04, value.encode())


def response(
    request: bytes,
    values: dict[str, Value],
    *,
    error: int = 0,
    index: int = 0,
    request_id: bytes = b"",
) -> bytes:
    """The GetResponse to `request`; what is not in `values` is noSuchObject (v2c) or noSuchName
    (v1).
    """
    (_, message), *_ = elements(request)
    version, community, pdu = elements(message)
    asked_id, _, _, bindings = elements(pdu[1])
    table = {name_of(oid): encoded(value) for oid, value in values.items()}
    rows = b""
    for number, (_, binding) in enumerate(elements(bindings[1]), 1):
        (_, name), *_ = elements(binding)
        if name not in table and version[1] == b"\0" and not error:
            error, index = 2, number
        rows += tlv(0x30, tlv(0x06, name) + table.get(name, b"\x80\x00"))
    body = tlv(0x02, request_id or asked_id[1]) + integer(error) + integer(index) + tlv(0x30, rows)
    return tlv(0x30, tlv(0x02, version[1]) + tlv(0x04, community[1]) + tlv(0xA2, body))


def following(
    request: bytes, values: dict[str, Value], *, error: int = 0, anew: bool = False
) -> bytes:
    """The answer to a GETNEXT or GETBULK of one object: what follows it, in order; endOfMibView
    (v2c) at the end.

    An agent with `anew` begins with its first object again whatever is asked.
    """
    (_, message), *_ = elements(request)
    version, community, (kind, pdu) = elements(message)
    asked_id, _, most, bindings = elements(pdu)
    (_, name), *_ = elements(elements(bindings[1])[0][1])
    wanted = 1 if kind == 0xA1 else int.from_bytes(most[1], "big")
    ordered = sorted(values, key=lambda oid: [int(instance) for instance in oid.split(".")])
    after = [oid for oid in ordered if anew or name_of(oid) > name][:wanted]
    body = b"".join(tlv(0x30, tlv(0x06, name_of(oid)) + encoded(values[oid])) for oid in after)
    if not after and version[1] == b"\0":
        error = 2
    elif not after:
        body = tlv(0x30, tlv(0x06, name) + b"\x82\x00")
    head = tlv(0x02, asked_id[1]) + integer(error) + integer(int(bool(error)))
    answer = head + tlv(0x30, body if not error else tlv(0x30, tlv(0x06, name) + NULL))
    return tlv(0x30, tlv(0x02, version[1]) + tlv(0x04, community[1]) + tlv(0xA2, answer))


Script = Callable[["Agent", bytes], list[bytes]]


@dataclass
class Agent(asyncio.DatagramProtocol):
    """Answers GET from `values`, or what `script` says; `requests` are kept."""

    values: dict[str, Value]
    script: Script | None = None
    requests: list[bytes] = field(default_factory=list)
    port: int = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.requests.append(data)
        plain = response if elements(elements(data)[0][1])[2][0] == 0xA0 else following
        for answer in self.script(self, data) if self.script else [plain(data, self.values)]:
            self.transport.sendto(answer, addr)


@contextlib.asynccontextmanager
async def agent(
    values: dict[str, Value] | None = None, script: Script | None = None, *, host: str = "127.0.0.1"
) -> AsyncIterator[Agent]:
    """An agent on a free UDP port of `host`."""
    made = Agent(dict(values or {}), script)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: made, local_addr=(host, 0)
    )
    try:
        yield made
    finally:
        transport.close()
        await asyncio.sleep(0)
