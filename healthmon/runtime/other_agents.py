"""The other agents of the estate, asked on their pages: whether one of them has the estate, and for how
long the database has answered it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from healthmon.protocols.errors import ExchangeError, TlsError
from healthmon.protocols.http.exchange import exchange
from healthmon.protocols.transport import tls
from healthmon.protocols.transport.connector import Connector
from healthmon.store import lease, location
from healthmon_exporters.notify.http_post import Address
from healthmon_exporters.web.agent_pages import PAGE, AgentReport

if TYPE_CHECKING:
    from healthmon.config.schema import Config

log = logging.getLogger("healthmon")

CAP = 1024


class OtherAgents:
    """At the configured `pages`, of which one may be our own: it says of itself what is known here.
    Each is given `seconds` to answer.
    """

    def __init__(self, pages: Sequence[Address], seconds: float) -> None:
        self._pages, self._seconds = pages, seconds
        self._connector = Connector.of([one.place.host for one in pages], connect_seconds=seconds)

    @classmethod
    def of(cls, config: Config) -> OtherAgents | None:
        """Those of `config`; None where it names none. Raises TlsError for a CA file that cannot be
        read.
        """
        database = config.database
        if database is None or not database.agents:
            return None
        trust = tls.context(ca_file=_ca_file(config))
        seconds = lease.pause_between_beats(database.takeover or location.TAKEOVER_SECONDS)
        return cls([Address.of(url, trust) for url in database.agents], seconds)

    async def by_address(self) -> dict[str, AgentReport | None]:
        """What each says, by its address; None of one that does not answer."""
        found = await asyncio.gather(*(self._report(page) for page in self._pages))
        return {page.place.origin: one for page, one in zip(self._pages, found, strict=True)}

    async def reports(self) -> list[AgentReport]:
        """Of those that answer."""
        return [one for one in (await self.by_address()).values() if one is not None]

    async def longest_contact(self) -> float:
        """For how long (seconds) the database has answered one of them each time; 0.0 for none."""
        return max((one.database_seconds or 0.0 for one in await self.reports()), default=0.0)

    async def see_to_it(self) -> bool:
        """Whether one of them has the estate, or has the database by which it gets it."""
        return any(one.has_estate or one.database_seconds for one in await self.reports())

    async def _report(self, page: Address) -> AgentReport | None:
        try:
            async with asyncio.timeout(self._seconds):
                reply = await exchange(self._connector, page.place, "GET", PAGE, cap=CAP)
            return AgentReport.of(reply.body)
        except TimeoutError:
            log.debug("the agent at %s does not answer", page.place.origin)
        except (ExchangeError, ValueError) as error:
            log.debug("the agent at %s does not answer: %s", page.place.origin, error)
        return None

    async def close(self) -> None:
        """End the resolver's threads."""
        self._connector.close()


def _ca_file(config: Config) -> str | None:
    name = config.database.ca_file if config.database else None
    return str(Path(config.folder) / name) if name else None


def problem(config: Config) -> str:
    """Why the pages of the other agents cannot be asked; "" where they can."""
    try:
        tls.context(ca_file=_ca_file(config))
    except TlsError as error:
        return str(error)
    return ""
