"""The RTSP streams of a device that has not given them by ONVIF: DESCRIBE of the paths of its make.

Nothing is set up and nothing is played. One connection at a time; a path that wants a login which may
not be sent ends it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from healthmon.discovery.found import Found, FoundStream
from healthmon.discovery.vendor_words import GENERIC_PATHS, make_of
from healthmon.protocols.errors import (
    LOGIN_TROUBLE,
    AuthFailedError,
    ExchangeError,
    NoCredentialError,
    NotFoundError,
    RejectedError,
)
from healthmon.protocols.http.exchange import Endpoint
from healthmon.protocols.rtsp.session import Session
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential

PATH_SECONDS = 6.0
MOST_PATHS, MOST_FOUND = 8, 2


@dataclass(slots=True)
class RtspAsker:
    """`paths` are those that were given; they are tried before those of the make."""

    connector: Connector
    guard: LockoutGuard
    credential: Credential | None = None
    paths: Sequence[str] = ()

    async def query(self, found: Found) -> None:
        """Fill in the streams of `found` that are described."""
        port = found.first("rtsp")
        given = found.onvif is not None and any(one.path for one in found.onvif.profiles)
        if port is None or given:
            return
        tried: list[str] = []
        while path := self._next_path(found, tried):
            tried.append(path)
            if not await self._describe(found, port, path):
                break

    def _next_path(self, found: Found, tried: Sequence[str]) -> str:
        """The next path that is worth a try, "" for none. Answers name the server, which may tell the
        make.
        """
        if len(tried) >= MOST_PATHS or len(found.streams) >= MOST_FOUND:
            return ""
        told = (*found.hints, found.onvif.manufacturer if found.onvif else "")
        make = make_of(told, (port.number for port in found.open))
        paths = make.paths if make and make.paths else GENERIC_PATHS
        return next((path for path in (*self.paths, *paths) if path not in tried), "")

    async def _describe(self, found: Found, port: int, path: str) -> bool:
        """Add the stream at `path` where there is one. Whether another path may be tried."""
        place = Endpoint(found.address, port)
        session = Session(self.connector, place, path, self._login(found), self.guard)
        try:
            async with asyncio.timeout(PATH_SECONDS):
                await session.open()
                video = await session.describe()
        except TimeoutError:
            found.notes.append(f"RTSP {path}: no answer in {PATH_SECONDS:g} s")
            return False
        except (NotFoundError, RejectedError):
            return True
        except ExchangeError as error:
            return self._goes_on(found, path, error)
        finally:
            _note_server(found, session.server)
            await session.close()
        found.login = "accepted" if session.proven else found.login
        found.streams = (*found.streams, FoundStream(session.path, video.codec, video.size))
        return True

    def _goes_on(self, found: Found, path: str, error: ExchangeError) -> bool:
        """Note why there is no stream. Whether another path may be tried."""
        found.notes.append(f"RTSP {path}: {error}")
        if not isinstance(error, LOGIN_TROUBLE):
            return True
        found.incomplete = True
        match error:
            case NoCredentialError():
                found.login = "wanted" if found.login == "not tried" else found.login
            case AuthFailedError():
                found.login = "refused"
            case _:
                found.login = "held back"
        return False

    def _login(self, found: Found) -> Credential | None:
        """The login, unless the device has refused one already."""
        return None if found.login in ("refused", "held back") else self.credential


def _note_server(found: Found, server: str) -> None:
    words = f"Server: {server[:64]}"
    if server and words not in found.hints:
        found.hints = (*found.hints, words)
