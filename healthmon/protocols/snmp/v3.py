"""SNMPv3 by pysnmp, reading only: one long-lived engine for each set of credentials, few requests
at a time, each exchange by a socket of its own (`v3_network`).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from healthmon.protocols import trace
from healthmon.protocols.errors import (
    AuthFailedError,
    ForbiddenError,
    ProtocolError,
    SilentError,
    TooLargeError,
    from_os,
)
from healthmon.protocols.snmp import ber
from healthmon.protocols.snmp.v2c import (
    AUTHORIZATION_ERROR,
    MOST_OIDS,
    NO_ACCESS,
    NO_RIGHT,
    ROWS_AT_ONCE,
    SnmpValue,
    note_answer,
    walked,
)
from healthmon.protocols.transport.connector import Connector
from healthmon.secret import Credential, Secret

AT_ONCE = 10
RENEW_AFTER = 2
DISCOVERY, DISCOVERIES = 0.8, 2  # seconds to wait for the report of an agent's engine; tries
_Key = tuple[str, Secret | None, str, str]
_Account = tuple[Credential, str, str]
_AUTH = {
    "MD5": "USM_AUTH_HMAC96_MD5",
    "SHA": "USM_AUTH_HMAC96_SHA",
    "SHA-224": "USM_AUTH_HMAC128_SHA224",
    "SHA-256": "USM_AUTH_HMAC192_SHA256",
    "SHA-384": "USM_AUTH_HMAC256_SHA384",
    "SHA-512": "USM_AUTH_HMAC384_SHA512",
}
_PRIV = {
    "none": "USM_PRIV_NONE",
    "DES": "USM_PRIV_CBC56_DES",
    "AES": "USM_PRIV_CFB128_AES",
    "AES-192": "USM_PRIV_CFB192_AES",
    "AES-256": "USM_PRIV_CFB256_AES",
}
_engines: dict[_Key, _Engine] = {}


_NOT_OURS = "answers, but not to this account: privacy password or protocol?"
# What an agent refuses, by the words of pysnmp, and what to look at.
_REFUSALS = (
    ("digest", "wrong password or authentication protocol"),
    ("authenticator", "wrong password or authentication protocol"),
    ("decrypt", _NOT_OURS),
    ("cipher", _NOT_OURS),
    ("security level", "it wants another security level: privacy or none"),
    ("securitylevel", "it wants another security level: privacy or none"),
    ("user", "it does not know this user"),
)


class _Engine:
    """One pysnmp engine with one user; an engine is bound to the event loop that uses it."""

    def __init__(self, credential: Credential, auth: str, priv: str) -> None:
        self.loop = asyncio.get_running_loop()
        self.slots = asyncio.Semaphore(AT_ONCE)
        self.timeouts: dict[str, int] = {}
        self.heard: set[tuple[str, int]] = set()
        self.at_work = 0
        self.retired = False
        self.engine: Any = None
        self._networks: Mapping[int, Any] = {}
        self._account = credential, auth, priv
        self._making = asyncio.Lock()

    async def ready(self) -> None:
        """Make the engine, once. Outside the event loop: with the import of pysnmp it takes 150 ms."""
        async with self._making:
            if self.engine is None:
                self.hlapi, engine, self.user = await asyncio.to_thread(_made, *self._account)
                self._networks, self.engine = v3_network().networks_of(engine), engine

    def exchange(
        self, connector: Connector, host: str, port: int
    ) -> AbstractAsyncContextManager[Any]:
        """One exchange; gives the target for pysnmp's commands. `host` is a numeric address."""
        return self._networks[6 if ":" in host else 4].exchange(connector, host, port)  # type: ignore[no-any-return]

    def close(self) -> None:
        """End the engine, if it was made."""
        if self.engine is not None:
            self.engine.close_dispatcher()

    def leave(self) -> None:
        """One request is over; a retired engine closes behind the last, so that no other request is
        cut.
        """
        self.at_work -= 1
        if self.retired and not self.at_work:
            self.close()


def v3_network() -> Any:
    """The module that knows pysnmp: loaded by the first request of SNMPv3."""
    from healthmon.protocols.snmp import v3_network as module

    return module


def _made(credential: Credential, auth: str, priv: str) -> tuple[Any, Any, Any]:
    """The commands of pysnmp, an engine, and the user."""
    import pysnmp.hlapi.v3arch.asyncio as hlapi

    private = credential.private.reveal() if credential.private else None
    user = hlapi.UsmUserData(
        credential.username,
        credential.password.reveal(),
        private,
        authProtocol=getattr(hlapi, _AUTH[auth]),
        privProtocol=getattr(hlapi, _PRIV[priv if private else "none"]),
    )
    return hlapi, v3_network().new_engine(), user


def _engine(credential: Credential, auth: str, priv: str) -> tuple[_Key, _Engine]:
    key = (credential.fingerprint(), credential.private, auth, priv)
    known = _engines.get(key)
    if known is None or known.loop is not asyncio.get_running_loop():
        known = _engines[key] = _Engine(credential, auth, priv)
    return key, known


async def get(
    connector: Connector,
    host: str,
    port: int,
    credential: Credential,
    oids: Sequence[str],
    *,
    auth: str = "SHA",
    priv: str = "AES",
) -> dict[str, SnmpValue]:
    """The values of `oids`; absent objects are left out. Raises SilentError, RefusedError,
    AuthFailedError, ProtocolError, TooLargeError.
    """

    async def read(held: _Engine, target: Any) -> dict[str, SnmpValue]:
        found: dict[str, SnmpValue] = {}
        for start in range(0, len(oids), MOST_OIDS):
            asked = oids[start : start + MOST_OIDS]
            trace.note(">", f"GET {' '.join(asked)}")
            bindings = _bindings(held, asked)
            answer = await held.hlapi.get_cmd(*_to(held, target), *bindings, lookupMib=False)
            found.update(_read(answer, len(asked)))
        return found

    return await _asked(connector, (host, port), (credential, auth, priv), read)


async def walk(
    connector: Connector,
    host: str,
    port: int,
    credential: Credential,
    column: str,
    *,
    auth: str = "SHA",
    priv: str = "AES",
) -> dict[str, SnmpValue]:
    """The rows of one column, as `snmp.walk` gives them. Raises the same as `get`."""

    async def read(held: _Engine, target: Any) -> dict[str, SnmpValue]:
        async def page(oid: str) -> dict[str, SnmpValue]:
            trace.note(">", f"GETBULK after {oid}")
            bindings = _bindings(held, [oid])
            answer = await held.hlapi.bulk_cmd(
                *_to(held, target), 0, ROWS_AT_ONCE, *bindings, lookupMib=False
            )
            return _read(answer, ROWS_AT_ONCE)

        return await walked(page, column)

    return await _asked(connector, (host, port), (credential, auth, priv), read)


async def _asked(
    connector: Connector,
    place: tuple[str, int],
    account: _Account,
    read: Callable[[_Engine, Any], Awaitable[dict[str, SnmpValue]]],
) -> dict[str, SnmpValue]:
    """What `read` finds; once more by a new engine where the agent has another one than before."""
    _, known = _engine(*account)
    try:
        async with _asking(connector, *place, account) as (held, target):
            return await read(held, target)
    except v3_network().EngineChangedError:
        if place not in known.heard:
            raise
    async with _asking(connector, *place, account) as (held, target):
        return await read(held, target)


@asynccontextmanager
async def _asking(
    connector: Connector, host: str, port: int, account: _Account
) -> AsyncIterator[tuple[_Engine, Any]]:
    """The engine and the target; silence counts against the engine, so that a swapped unit is found
    again.
    """
    address = await connector.address_of(host)
    key, held = _engine(*account)
    trace.stage("SNMPv3 answer")
    held.at_work += 1
    try:
        await held.ready()
        async with held.slots, held.exchange(connector, address, port) as target:
            yield held, target
    except SilentError:
        _renew(key, held, host)
        if (host, port) in held.heard:
            raise
        if not await discover(connector, host, port):
            raise ProtocolError("SNMPv3 answer damaged or not understood") from None
        raise AuthFailedError(f"SNMPv3: {_NOT_OURS}") from None
    except v3_network().EngineChangedError:
        if (host, port) in held.heard:
            _retire(key, held)
        raise
    except v3_network().UnreadError:
        _renew(key, held, host)
        raise
    finally:
        held.leave()
    held.timeouts.pop(host, None)
    held.heard.add((host, port))


class _Report(asyncio.DatagramProtocol):
    """Awaits the answer to a discovery; `asked` are the ids of those that were sent."""

    def __init__(self) -> None:
        self.came: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.asked: set[int] = set()

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Any answer will do, as the socket hears this agent alone; whether it is one of SNMPv3."""
        del addr
        if self.came.done():
            return
        try:
            self.came.set_result(ber.message_id(data) in self.asked)
        except ProtocolError:
            self.came.set_result(False)

    def error_received(self, exc: Exception) -> None:
        """The port is closed."""
        if not self.came.done():
            self.came.set_exception(from_os(exc, "reading"))


async def discover(connector: Connector, host: str, port: int) -> bool:
    """Ask an agent for its engine, which needs no account; whether what it answers is SNMPv3.
    Raises SilentError, RefusedError.
    """
    transport, report = await connector.udp(host, port, _Report)
    trace.note(">", "SNMPv3 discovery")
    try:
        for _ in range(DISCOVERIES):
            report.asked.add(identity := secrets.randbelow(2**31 - 1) + 1)
            transport.sendto(ber.discovery_request(identity))
            if (await asyncio.wait({report.came}, timeout=DISCOVERY))[0]:
                return report.came.result()
        raise SilentError("no SNMPv3 answer in time")
    finally:
        transport.close()
        report.came.cancel()


def _to(held: _Engine, target: Any) -> tuple[Any, ...]:
    return held.engine, held.user, target, held.hlapi.ContextData()


def _bindings(held: _Engine, oids: Sequence[str]) -> list[Any]:
    return [held.hlapi.ObjectType(held.hlapi.ObjectIdentity(oid)) for oid in oids]


def _read(answer: Any, most: int) -> dict[str, SnmpValue]:
    """The values of one PDU, which may hold `most`."""
    failed, status, _, rows = answer
    if failed is not None:
        raise _error(str(failed))
    if int(status) in (NO_ACCESS, AUTHORIZATION_ERROR):
        raise ForbiddenError(NO_RIGHT)
    if int(status):
        raise ProtocolError(f"SNMPv3 answered with error {int(status)}")
    if len(rows) > most:
        raise TooLargeError(f"SNMPv3 answered with {len(rows)} values instead of {most}")
    found: dict[str, SnmpValue] = {
        str(name): value for name, raw in rows if (value := _value(raw)) is not None
    }
    note_answer(found)
    return found


def _error(text: str) -> SilentError | AuthFailedError | ProtocolError:
    low = text.lower()
    if "timeout" in low or "no snmp response" in low:
        return SilentError("no SNMPv3 answer in time")
    for word, told_so in _REFUSALS:
        if word in low:
            return AuthFailedError(f"SNMPv3: {told_so}")
    return ProtocolError("SNMPv3 answer not understood")


def _renew(key: _Key, held: _Engine, host: str) -> None:
    """A swapped unit has another engine id, which only a fresh engine finds out; a dead one gives
    no further cause.
    """
    held.timeouts[host] = held.timeouts.get(host, 0) + 1
    if held.timeouts[host] == RENEW_AFTER:
        _retire(key, held)


def _retire(key: _Key, held: _Engine) -> None:
    if _engines.get(key) is held:
        _engines.pop(key).retired = True


def _value(raw: Any) -> SnmpValue:
    kind = type(raw).__name__
    if kind in ("NoSuchObject", "NoSuchInstance", "EndOfMibView", "Null"):
        return None
    if kind == "Opaque":
        return ber.opaque(bytes(raw.asOctets()))
    if kind in ("OctetString", "IpAddress", "DisplayString"):
        return bytes(raw.asOctets())
    if kind in ("ObjectIdentifier", "ObjectIdentity"):
        return str(raw)
    try:
        return int(raw)
    except (TypeError, ValueError):
        return None


async def close() -> None:
    """End every engine of this event loop."""
    loop = asyncio.get_running_loop()
    for key in [key for key, held in _engines.items() if held.loop is loop]:
        _engines.pop(key).close()
    await asyncio.sleep(0)
