"""Addresses of configured names, by the system's resolver: kept for a minute, and used for up to an
hour while the name server fails (RFC 8767).

Whose trouble a failed look-up is: where the name server answers for no other name either, it is
ours; else it is the name's.
"""

from __future__ import annotations

import asyncio
import ipaddress
import math
import queue
import socket
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any

from healthmon.protocols import trace
from healthmon.protocols.errors import AddressError, DnsError, NameServerError, from_os

KEPT_SECONDS = 60.0
LAST_GOOD_SECONDS = 3600.0
RESOLVE_SECONDS = 2.5
# RFC 8767 section 5: a client waits 1.8 s for a fresh answer, and a failure is not tried again for 30 s.
STALE_SHARE = 0.7
AGAIN_SECONDS = 30.0
# Others are asked about when an answer is late; what they show holds for a while.
LATE_SHARE, OTHERS_SHARE = 0.4, 0.6
OTHERS_SECONDS = 5.0
THREADS, OTHERS = 8, 4

Resolve = Callable[[str], list[str]]
# The name server has answered: the name, or an address of it, does not exist (RFC 3493 section 6.1).
_ANSWERS = frozenset(
    getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA") if hasattr(socket, name)
)


def system_resolve(name: str) -> list[str]:
    """The addresses of `name` by the system's resolver, in its order. Raises ``socket.gaierror``.
    Blocks.
    """
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(slots=True)
class KnownName:
    """An address that a name had: asked for again after `good_until`, of no use after
    `usable_until` (monotonic).
    """

    address: str
    good_until: float
    usable_until: float


@dataclass(slots=True)
class NameCache:
    """The addresses that names had when they were looked up last, and the names whose look-up
    hung. Connectors that follow one another share it.

    `trouble` says in words that the name server answers for no name, "" where it does or where that
    is not known.
    """

    known: dict[str, KnownName] = field(default_factory=dict)
    hung: set[str] = field(default_factory=set)
    trouble: str = ""

    def keep(self, names: Collection[str]) -> None:
        """Forget all but `names`."""
        for gone in self.known.keys() - names:
            del self.known[gone]
        self.hung &= set(names)
        if not names:
            self.trouble = ""


class DaemonThreads(Executor):
    """At most `most` threads that no exit of the process waits for: a look-up cannot be ended."""

    def __init__(self, most: int, name: str) -> None:
        self._most, self._name, self._started = most, name, 0
        self._jobs: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = (
            queue.SimpleQueue()
        )

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call `fn` in one of the threads."""
        future: Future[Any] = Future()
        self._jobs.put((future, lambda: fn(*args, **kwargs)))
        if self._started < self._most:
            self._started += 1
            threading.Thread(target=self._work, name=self._name, daemon=True).start()
        return future

    def shutdown(self, wait: bool = False, *, cancel_futures: bool = False) -> None:
        """Each thread ends once nothing waits any more; nobody waits for that."""
        del wait, cancel_futures
        for _ in range(self._started):
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            future, call = job
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call())
                except BaseException as error:  # noqa: BLE001 - it is the caller's
                    future.set_exception(error)
            del job, future, call


@dataclass(slots=True)
class Resolver:
    """Looks up `names`. A name whose look-up hung is asked for in other threads from then on, so
    that it holds up no name that answers. A name never leads to a loopback, link-local or multicast
    address.
    """

    names: frozenset[str]
    resolve: Resolve = system_resolve
    cache: NameCache = field(default_factory=NameCache)
    _pools: dict[str, DaemonThreads] = field(default_factory=dict)
    _others: asyncio.Task[bool] | None = None
    _others_asked: float = -math.inf

    async def address_of(self, name: str) -> str:
        """The address of `name`. Raises DnsError, NameServerError where that is our own trouble,
        AddressError, ResourceError.
        """
        now = time.monotonic()
        known = self.cache.known.get(name)
        if known and now < known.good_until:
            return known.address
        stale = known if known and now < known.usable_until else None
        try:
            address = _checked(name, await self._looked_up(name, late=stale is not None))
        except (OSError, TimeoutError) as error:
            ours = not _is_answer(error) and not await self._others_answer(name, stale)
            if stale is None:
                raise _failure(name, ours=ours) from None
            stale.good_until = time.monotonic() + AGAIN_SECONDS
            return stale.address
        self.cache.trouble = ""
        self.cache.known[name] = KnownName(address, now + KEPT_SECONDS, now + LAST_GOOD_SECONDS)
        return address

    async def _looked_up(self, name: str, *, late: bool) -> list[str]:
        """The addresses of `name`; with `late` another address serves where this takes long."""
        kind = "slow" if name in self.cache.hung else "quick"
        seconds = RESOLVE_SECONDS * (STALE_SHARE if late else 1.0)
        loop = asyncio.get_running_loop()
        doubt = loop.call_later(RESOLVE_SECONDS * LATE_SHARE, self._ask_others, name)
        try:
            with trace.part(f"the address of {name} (DNS)", NameServerError.reason):
                async with asyncio.timeout(seconds):
                    found: list[str] = await self._asked(kind, THREADS, name)
        except TimeoutError:
            self.cache.hung.add(name)
            raise
        finally:
            doubt.cancel()
        self.cache.hung.discard(name)
        return found

    def _asked(self, kind: str, most: int, name: str) -> asyncio.Future[list[str]]:
        if kind not in self._pools:
            self._pools[kind] = DaemonThreads(most, f"healthmon-dns-{kind}")
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(self._pools[kind], self.resolve, name)

    async def _others_answer(self, name: str, stale: KnownName | None) -> bool:
        """Whether the name server answers for other names than `name`; nobody waits for that who
        has an address.
        """
        asking = self._ask_others(name)
        if asking is None or stale is not None:
            return not self.cache.trouble
        return await asyncio.shield(asking)

    def _ask_others(self, name: str) -> asyncio.Task[bool] | None:
        """Ask for other names, unless that was done just now; the task that does."""
        if self._others is not None and not self._others.done():
            return self._others
        if time.monotonic() - self._others_asked < OTHERS_SECONDS:
            return None
        self._others_asked = time.monotonic()
        self._others = asyncio.get_running_loop().create_task(self._try_others(name))
        return self._others

    async def _try_others(self, name: str) -> bool:
        known, hung = self.cache.known, self.cache.hung
        others = sorted(self.names - {name}, key=lambda one: (one not in known, one in hung, one))
        tries = [self._try(one) for one in others[:OTHERS]]
        found = await asyncio.gather(*tries, return_exceptions=True)
        answered = any(not isinstance(one, BaseException) or _is_answer(one) for one in found)
        words = f"the name server does not answer (DNS); it was asked for {name}"
        self.cache.trouble = "" if answered else words
        return answered

    async def _try(self, name: str) -> None:
        async with asyncio.timeout(RESOLVE_SECONDS * OTHERS_SHARE):
            await self._asked("others", OTHERS, name)

    def close(self) -> None:
        """End the threads; look-ups under way are left to themselves."""
        for pool in self._pools.values():
            pool.shutdown()
        self._pools.clear()


def _is_answer(error: BaseException) -> bool:
    """Whether the name server has answered, though not with an address."""
    return isinstance(error, socket.gaierror) and error.errno in _ANSWERS


def _failure(name: str, *, ours: bool) -> Exception:
    """What is raised for a name without an address. A machine that can open no socket to ask by is
    told apart: a resolver does not report that.
    """
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
    except OSError as error:
        return from_os(error, f"name {name}")
    if ours:
        return NameServerError(f"name {name} has no address: the name server does not answer (DNS)")
    return DnsError(f"name {name} has no address (DNS)")


def _checked(name: str, addresses: list[str]) -> str:
    for text in addresses:
        address = ipaddress.ip_address(text)
        mapped = getattr(address, "ipv4_mapped", None)
        address = mapped or address
        foreign = address.is_link_local or address.is_multicast or address.is_unspecified
        if not foreign and (name == "localhost" or not address.is_loopback):
            return str(address)
    raise AddressError(f"name {name} leads to an address that no camera has; it was not contacted")
