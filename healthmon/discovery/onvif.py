"""One address asked by ONVIF: first for its time, without a login, then for who it is.

No login is sent before the device has told its time: a token that is made for another time is a
rejected login for nothing.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass

from healthmon.discovery.found import Found, OnvifDevice
from healthmon.discovery.onvif_messages import Job
from healthmon.discovery.onvif_process import OnvifReaders, ReaderError
from healthmon.protocols.errors import (
    AuthLatchedError,
    ConnectTimeoutError,
    ExchangeError,
    LockedOutError,
    NoCredentialError,
    SilentError,
)
from healthmon.protocols.http.exchange import Endpoint, Reply, exchange
from healthmon.protocols.onvif.device import DEVICE_PATH, DeviceTime, device_time
from healthmon.protocols.onvif.soap_auth import SERVICE
from healthmon.protocols.onvif.ws_discovery import Service
from healthmon.protocols.transport import tls
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.protocols.values.scalars import words
from healthmon.secret import Credential

TIME_SECONDS = 8.0
PAGE_BYTES = 32 * 1024
_REALM = re.compile(r'realm\s*=\s*"([^"]{1,80})"', re.IGNORECASE)
_TITLE = re.compile(rb"<title[^>]{0,80}>([^<]{1,120})", re.IGNORECASE)


@dataclass(slots=True)
class OnvifAsker:
    """`credential` is the one login that may be sent, None for none."""

    connector: Connector
    readers: OnvifReaders
    guard: LockoutGuard
    credential: Credential | None = None

    async def query(self, found: Found) -> None:
        """Fill in what `found` tells by ONVIF, or what its web server calls itself."""
        await self._find_service(found)
        if found.onvif is None:
            await self._read_hints(found)
        elif found.login != "wanted":
            await self._read_identity(found, found.onvif)

    # ------------------------------------------------------------------------------------------ time

    async def _find_service(self, found: Found) -> None:
        """Ask for the time at each place where a device service may be, until one answers."""
        for service in _places(found):
            pin = ""
            try:
                async with asyncio.timeout(TIME_SECONDS):
                    pin = await self._pin(service)
                    told = await device_time(self.connector, _endpoint(service, pin), service.path)
            except NoCredentialError:
                found.onvif = OnvifDevice(service.port, service.path, pin)
                found.login, found.incomplete = "wanted", True
                found.notes.append(
                    f"port {service.port}: asks for a login even for its time; none was sent"
                )
                return
            except TimeoutError:
                found.notes.append(f"port {service.port}: no answer in {TIME_SECONDS:g} s")
            except (ConnectTimeoutError, SilentError) as error:
                found.notes.append(f"port {service.port}: {error}")
            except ExchangeError:
                continue
            else:
                found.onvif = OnvifDevice(service.port, service.path, pin, _skew(told))
                return

    async def _pin(self, service: Service) -> str:
        """The SHA-256 of the key of a TLS port, "" without TLS. Raises ExchangeError."""
        if not service.tls:
            return ""
        peer = await tls.read_certificate(self.connector, service.host, service.port)
        return tls.content_of(peer.der).key

    # ------------------------------------------------------------------------------------------ identity

    async def _read_identity(self, found: Found, device: OnvifDevice) -> None:
        """Let a process of its own read the device, with the login where it may be sent."""
        credential = self._permitted(found)
        job = Job(found.address, device.port, device.path, device.tls_pin, device.skew, credential)
        try:
            answer = await self.readers.read(job)
        except ReaderError as error:
            found.incomplete = True
            found.notes.append(f"ONVIF: {error}")
            # What became of the login is not known: none is sent to this address again.
            if credential:
                found.login = "held back"
            return
        found.onvif = answer.device
        found.login = "held back" if found.login == "held back" else answer.login
        found.incomplete = found.incomplete or not answer.complete
        found.notes += answer.notes

    def _permitted(self, found: Found) -> Credential | None:
        """The login, if the lockout guard lets it go to this address, and no other one was refused."""
        if self.credential is None or found.onvif is None or found.onvif.skew is None:
            return None
        if found.login == "held back":
            return None
        try:
            self.guard.permit(found.address, self.credential, SERVICE)
        except (AuthLatchedError, LockedOutError) as error:
            found.login = "held back"
            found.notes.append(f"no login was sent: {error}")
            return None
        return self.credential

    # ------------------------------------------------------------------------------------------ web server

    async def _read_hints(self, found: Found) -> None:
        """What a web server without ONVIF calls itself: ``Server``, realm, title of its page."""
        port = found.first("http")
        if port is None:
            return
        try:
            async with asyncio.timeout(TIME_SECONDS):
                reply = await exchange(
                    self.connector, Endpoint(found.address, port), "GET", "/", cap=PAGE_BYTES
                )
        except (ExchangeError, TimeoutError):
            return
        found.hints = tuple(dict.fromkeys(_hints(reply)))


def _places(found: Found) -> Iterator[Service]:
    """Where a device service may be: where the device has said so by WS-Discovery, then the usual
    path on its web ports, those without TLS first.
    """
    told = found.match.own if found.match else ()
    yield from told
    known = {(one.port, one.path) for one in told}
    for spoken in ("http", "https"):
        for port in found.open:
            if port.spoken == spoken and (port.number, DEVICE_PATH) not in known:
                yield Service(found.address, port.number, DEVICE_PATH, spoken == "https")


def _endpoint(service: Service, pin: str) -> Endpoint:
    """Raises TlsError."""
    return Endpoint(service.host, service.port, tls.context(pin=pin) if pin else None)


def _skew(told: DeviceTime) -> float | None:
    """The device's clock minus ours, seconds; None where it tells no date."""
    stated = told.utc or told.http_date
    if stated is None:
        return None
    return stated.timestamp() + 0.5 - (told.began + told.ended) / 2


def _hints(reply: Reply) -> Iterator[str]:
    if server := words(reply.header("server")):
        yield f"Server: {server}"
    for challenge in reply.all("www-authenticate"):
        if realm := _REALM.search(challenge):
            yield f"realm: {words(realm[1]) or ''}"
    if title := _TITLE.search(reply.body):
        yield f"title: {words(title[1].decode('utf-8', 'replace')) or ''}"
