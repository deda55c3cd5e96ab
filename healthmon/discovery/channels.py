"""The channels of a recorder, read once by the vendor module of its make, as its check does later."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from healthmon.discovery.found import Found
from healthmon.model.device import Access, Device, Tls
from healthmon.model.enums import Kind
from healthmon.protocols.errors import (
    AuthFailedError,
    AuthLatchedError,
    ExchangeError,
    LockedOutError,
)
from healthmon.protocols.http.exchange import Endpoint
from healthmon.protocols.transport import tls
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential
from healthmon.vendors.client import VendorClient
from healthmon.vendors.registry import make_of

READ_SECONDS = 30.0
MOST_CHANNELS = 256


@dataclass(slots=True)
class ChannelReader:
    """`credential` is the one login that may be sent, None for none."""

    connector: Connector
    guard: LockoutGuard
    credential: Credential | None = None

    async def query(self, found: Found, make: str) -> None:
        """Fill in channels, model, serial number and firmware of the recorder `found`."""
        place = _place(found)
        if place is None or found.login in ("refused", "held back"):
            return
        try:
            async with asyncio.timeout(READ_SECONDS), self._client(found, make, place) as client:
                client.ends = time.monotonic() + READ_SECONDS
                answer = await make_of(make).read(client, frozenset())
        except TimeoutError:
            self._note(found, f"{make}: no complete answer in {READ_SECONDS:g} s")
        except AuthFailedError as error:
            found.login = "refused"
            self._note(found, f"{make}: {error}")
        except (AuthLatchedError, LockedOutError) as error:
            found.login = "held back"
            self._note(found, f"{make}: {error}")
        except ExchangeError as error:
            self._note(found, f"{make}: {error}")
        else:
            found.channels = answer.channels[:MOST_CHANNELS]
            found.recorder = answer.health
            found.login = "accepted" if self.credential else found.login

    @staticmethod
    def _note(found: Found, text: str) -> None:
        found.incomplete = True
        found.notes.append(text)

    def _client(self, found: Found, make: str, place: Endpoint) -> VendorClient:
        device = found.onvif
        pin = device.tls_pin if device else ""
        access = Access(
            http_port=place.port,
            https=bool(pin),
            onvif_path=device.path if device else None,
            tls=Tls(pin=pin) if pin else None,
        )
        recorder = Device(
            found.address, found.address, Kind.RECORDER, "", found.address, access=access, make=make
        )
        skew = device.skew if device else None
        return VendorClient(recorder, self.connector, self.guard, self.credential, place, skew=skew)


def _place(found: Found) -> Endpoint | None:
    """Its web port: that of its ONVIF service, else the first."""
    if found.onvif is not None:
        trust = tls.context(pin=found.onvif.tls_pin) if found.onvif.tls_pin else None
        return Endpoint(found.address, found.onvif.port, trust)
    port = found.first("http")
    return Endpoint(found.address, port) if port is not None else None
