"""SNMPv3 by pysnmp, reading only: one long-lived engine for each set of credentials, few requests at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from healthmon.secret import Credential, Secret
from healthmon.wire import trace
from healthmon.wire.errors import AuthFailedError, ProtocolError, SilentError
from healthmon.wire.net import Net
from healthmon.wire.snmp import MOST_OIDS, ROWS_AT_ONCE, SnmpValue, told, walked

AT_ONCE = 10
RENEW_AFTER = 2
_Key = tuple[str, Secret | None, str, str]
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


class _Engine:
    """One pysnmp engine with one user; an engine is bound to the event loop that made it."""

    def __init__(self, credential: Credential, auth: str, priv: str) -> None:
        import pysnmp.hlapi.v3arch.asyncio as hlapi

        self.hlapi: Any = hlapi
        self.engine: Any = hlapi.SnmpEngine()
        self.loop = asyncio.get_running_loop()
        private = credential.private.reveal() if credential.private else None
        self.user: Any = hlapi.UsmUserData(
            credential.username,
            credential.password.reveal(),
            private,
            authProtocol=getattr(hlapi, _AUTH[auth]),
            privProtocol=getattr(hlapi, _PRIV[priv if private else "none"]),
        )
        self.slots = asyncio.Semaphore(AT_ONCE)
        self.timeouts: dict[str, int] = {}
        self.at_work = 0
        self.retired = False

    def leave(self) -> None:
        """One request is over; a retired engine closes behind the last, so that no other request is cut."""
        self.at_work -= 1
        if self.retired and not self.at_work:
            self.engine.close_dispatcher()


def _engine(credential: Credential, auth: str, priv: str) -> tuple[_Key, _Engine]:
    key = (credential.fingerprint(), credential.private, auth, priv)
    known = _engines.get(key)
    if known is None or known.loop is not asyncio.get_running_loop():
        known = _engines[key] = _Engine(credential, auth, priv)
    return key, known


async def get(
    net: Net,
    host: str,
    port: int,
    credential: Credential,
    oids: Sequence[str],
    *,
    auth: str = "SHA",
    priv: str = "AES",
) -> dict[str, SnmpValue]:
    """The values of `oids`; absent objects are left out. Raises SilentError, AuthFailedError, ProtocolError."""
    found: dict[str, SnmpValue] = {}
    async with _asking(net, host, port, credential, auth, priv) as (held, target):
        for start in range(0, len(oids), MOST_OIDS):
            asked = oids[start : start + MOST_OIDS]
            trace.note(">", f"GET {' '.join(asked)}")
            found.update(
                _read(
                    await held.hlapi.get_cmd(
                        *_to(held, target), *_bindings(held, asked), lookupMib=False
                    )
                )
            )
    return found


async def walk(
    net: Net,
    host: str,
    port: int,
    credential: Credential,
    column: str,
    *,
    auth: str = "SHA",
    priv: str = "AES",
) -> dict[str, SnmpValue]:
    """The rows of one column, as `snmp.walk` gives them. Raises the same as `get`, and TooLargeError."""
    async with _asking(net, host, port, credential, auth, priv) as (held, target):

        async def page(oid: str) -> dict[str, SnmpValue]:
            trace.note(">", f"GETBULK after {oid}")
            bindings = _bindings(held, [oid])
            answer = await held.hlapi.bulk_cmd(
                *_to(held, target), 0, ROWS_AT_ONCE, *bindings, lookupMib=False
            )
            return _read(answer)

        return await walked(page, column)


@asynccontextmanager
async def _asking(
    net: Net, host: str, port: int, credential: Credential, auth: str, priv: str
) -> AsyncIterator[tuple[_Engine, Any]]:
    """The engine and the target; silence counts against the engine, so that a swapped unit is found again."""
    address = await net.address_of(host)
    key, held = _engine(credential, auth, priv)
    trace.stage("SNMPv3 answer")
    held.at_work += 1
    try:
        async with held.slots:
            yield (
                held,
                await held.hlapi.UdpTransportTarget.create((address, port), timeout=1.5, retries=1),
            )
    except SilentError:
        _renew(key, held, host)
        raise
    finally:
        held.leave()
    held.timeouts.pop(host, None)


def _to(held: _Engine, target: Any) -> tuple[Any, ...]:
    return held.engine, held.user, target, held.hlapi.ContextData()


def _bindings(held: _Engine, oids: Sequence[str]) -> list[Any]:
    return [held.hlapi.ObjectType(held.hlapi.ObjectIdentity(oid)) for oid in oids]


def _read(answer: Any) -> dict[str, SnmpValue]:
    """The values of one PDU."""
    failed, status, _, rows = answer
    if failed is not None:
        raise _error(str(failed))
    if int(status):
        raise ProtocolError(f"SNMPv3 answered with error {int(status)}")
    found: dict[str, SnmpValue] = {
        str(name): value for name, raw in rows if (value := _value(raw)) is not None
    }
    told(found)
    return found


def _error(text: str) -> SilentError | AuthFailedError | ProtocolError:
    low = text.lower()
    if "timeout" in low or "no snmp response" in low:
        return SilentError("no SNMPv3 answer in time")
    if any(
        word in low
        for word in (
            "digest",
            "authenticator",
            "user",
            "decrypt",
            "cipher",
            "security level",
            "securitylevel",
        )
    ):
        return AuthFailedError("SNMPv3 login refused")
    return ProtocolError("SNMPv3 answer not understood")


def _renew(key: _Key, held: _Engine, host: str) -> None:
    """A swapped unit has another engine id, which only a fresh engine finds out; a dead one gives no further cause."""
    held.timeouts[host] = held.timeouts.get(host, 0) + 1
    if held.timeouts[host] == RENEW_AFTER and _engines.get(key) is held:
        _engines.pop(key).retired = True


def _value(raw: Any) -> SnmpValue:
    kind = type(raw).__name__
    if kind in ("NoSuchObject", "NoSuchInstance", "EndOfMibView", "Null"):
        return None
    if kind in ("OctetString", "IpAddress", "Opaque", "DisplayString"):
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
        _engines.pop(key).engine.close_dispatcher()
    await asyncio.sleep(0)
