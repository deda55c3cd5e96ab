"""The web listener by the configuration: its certificate, its users file, its names; what a reload
takes over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from starlette.types import ASGIApp

from healthmon.access import users
from healthmon.access.roles import Role
from healthmon.config.problems import ConfigError, Problem
from healthmon.config.ways import way_of
from healthmon.notifications.planner import HEAD_WAY
from healthmon.runtime import identity_provider, other_agents
from healthmon.runtime.access_log import AccessLog
from healthmon.runtime.agent import Agent
from healthmon.runtime.identity_provider import IdentityProvider
from healthmon_exporters.web import listener, server_tls
from healthmon_exporters.web.access_control import AccessControl
from healthmon_exporters.web.known_users import KnownUsers

if TYPE_CHECKING:
    from healthmon.config.document import Path_
    from healthmon.config.schema import AgentSection, Config

log = logging.getLogger("healthmon")


def problems(path: Path, config: Config) -> list[Problem]:
    """What keeps the listener of `config` (read from `path`) from opening or people from
    coming in.
    """
    found = list(_problems(config))
    if not found:
        return []
    from healthmon.config import document  # it brings yaml

    try:
        lines = document.read(path)
    except ConfigError:
        lines = None
    return [
        Problem(str(path), lines.line(place) if lines else 0, "agent", words)
        for place, words in found
    ]


def _problems(config: Config) -> Iterator[tuple[Path_, str]]:
    section = config.agent
    if tls := _tls(config):
        try:
            server_tls.tls_context(*tls)
        except OSError as error:
            yield ("agent", "tls"), str(error)
    if section.users_file:
        for problem in users.problems(_users(config, section.users_file)):
            yield ("agent", "users_file"), str(problem)
    if words := identity_provider.problem(config):
        yield ("agent", "oidc", "ca_file"), words
    if words := other_agents.problem(config):
        yield ("database", "ca_file"), words


def warnings(config: Config) -> list[str]:
    """What is not wrong yet or not for the agent: a certificate that browsers and Prometheus will
    refuse, users without a role.
    """
    file = users_file(config)
    return _certificate_warnings(config) + (users.warnings(file) if file else [])


def head_kept_nowhere(config: Config) -> list[str]:
    """A warning where nothing carries the head of the audit chain away from this machine: neither a
    digest, nor syslog, nor a Prometheus elsewhere, which logs in as a scraper.
    """
    name = config.agent.users_file
    carried = (
        any(route.digest for route in config.routes),
        any(way_of(target) == HEAD_WAY for target in config.notify.values()),
        name is not None and users.has_role(_users(config, name), Role.SCRAPER),
    )
    if any(carried):
        return []
    words = "nobody outside this machine keeps the head of the audit chain"
    remedy = (
        "a target of syslog, a route with a digest, or a user with the role scraper for Prometheus"
    )
    return [f"{words}: a record that is written anew as a whole is not found; add {remedy}"]


def _certificate_warnings(config: Config) -> list[str]:
    if (tls := _tls(config)) is None:
        return []
    from cryptography import x509  # 9 MB

    try:
        ends = x509.load_pem_x509_certificate(tls[0].read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return []  # said by `problems`
    if ends > datetime.now(UTC):
        return []
    return [f"the certificate {tls[0]} ended on {ends:%d %b %Y}: browsers and Prometheus refuse it"]


def _tls(config: Config) -> tuple[Path, Path] | None:
    tls, folder = config.agent.tls, Path(config.folder)
    return (folder / tls.certificate, folder / tls.key) if tls else None


def _users(config: Config, name: str) -> Path:
    return Path(config.folder) / name


def users_file(config: Config) -> Path | None:
    """The users file of `config`; None where nobody has to log in."""
    name = config.agent.users_file
    return _users(config, name) if name else None


def names_of(section: AgentSection) -> Collection[str]:
    """The names that an agent is reached by."""
    return {name.removesuffix(".") for name in (*section.hosts, section.listen)}


def agents(config: Config) -> Collection[str]:
    """The web addresses of all agents of the estate."""
    return config.database.agents if config.database else ()


async def listening(engine: ASGIApp, config: Config) -> listener.OpenListener:
    """The listener of `config`, open. Raises OSError where the certificate cannot be used or the port
    cannot be had.
    """
    section, files = config.agent, _tls(config)
    tls = server_tls.tls_context(*files) if files else None
    guarded = section.users_file is not None
    return await listener.serve(engine, section.listen, section.port, tls=tls, guarded=guarded)


class WebListener:
    """The open listener of an agent, and the identity provider by which people log in. Once it asks
    for a login or has TLS, no reload takes that away.
    """

    def __init__(self, agent: Agent) -> None:
        self.agent, self._started = agent, agent.engine.estate.config
        self._listener: listener.OpenListener | None = None
        service = agent.incident_service
        access_log = AccessLog(service.keep_access, service.wall.now)
        known = KnownUsers(self.users, self.today, access_log.report)
        self.provider = IdentityProvider(agent.state.known_time)
        self.control = AccessControl(known, lambda: self.provider.login)
        self._watch: asyncio.Task[None] | None = None

    async def open(self, engine: ASGIApp) -> None:
        """Listen, and watch the users file. Raises OSError where the certificate cannot be used or the
        port cannot be had.
        """
        config = self._started
        for words in warnings(config):
            log.warning("%s", words)
        if words := self.provider.take_over(config):
            log.warning("%s", words)
        self._listener = await listening(engine, config)
        self._watch = asyncio.create_task(self.control.known.watch())

    async def close(self) -> None:
        """Stop listening."""
        if self._watch is not None:
            self._watch.cancel()
        if self._listener is not None:
            await self._listener.close()
        self.provider.close()

    def users(self) -> Path | None:
        """The users file in force."""
        return users_file(self.agent.engine.estate.config) or users_file(self._started)

    def names(self) -> Collection[str]:
        """The names that the agent is reached by."""
        return names_of(self.agent.engine.estate.config.agent)

    def today(self) -> date:
        """The day at the estate."""
        zone = ZoneInfo(self.agent.engine.estate.config.estate.time_zone)
        return datetime.now(zone).date()

    async def reload(self) -> str:
        """Read the configuration, certificate and key again. Returns what was not taken over, ""
        when all was.
        """
        told = [await self.agent.reload(), await self._renewed()]
        told.append(self.provider.take_over(self.agent.engine.estate.config))
        if file := self.users():
            told += map(str, users.problems(file))
        told.append(_needs_restart(self._started.agent, self.agent.engine.estate.config.agent))
        for words in filter(None, told[1:]):
            log.warning("%s", words)
        return "\n".join(filter(None, told))

    async def _renewed(self) -> str:
        """Take certificate and key over. Returns why the old ones stay, "" when they do not."""
        files = _tls(self.agent.engine.estate.config) or _tls(self._started)
        if self._listener is None or self._listener.tls is None or files is None:
            return ""
        try:
            self._listener.tls = await asyncio.to_thread(server_tls.tls_context, *files)
        except OSError as error:
            self.agent.metrics.set_agent("healthmon_config_reload_success", 0)
            return f"certificate not changed: {error}"
        return ""


def _needs_restart(started: AgentSection, now: AgentSection) -> str:
    changed = [name for name in ("listen", "port") if getattr(started, name) != getattr(now, name)]
    changed += [
        name
        for name in ("tls", "users_file")
        if bool(getattr(started, name)) != bool(getattr(now, name))
    ]
    if not changed:
        return ""
    return f"a change of {' and '.join(changed)} of `agent` needs a restart of healthmon"
