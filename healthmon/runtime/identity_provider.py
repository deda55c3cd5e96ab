"""The login by the identity provider that the configuration names, as long as it names one. Nothing of
it is imported before.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from healthmon.config.problems import ConfigError
from healthmon.model.enums import Span
from healthmon.protocols.errors import TlsError
from healthmon.runtime.state import KnownTime

if TYPE_CHECKING:
    from healthmon.config.schema import Config
    from healthmon_exporters.web.oidc_login import OidcLogin


class IdentityProvider:
    """Of an agent that knows the true time by `known_time`. `login` is None where there is none."""

    def __init__(self, known_time: KnownTime) -> None:
        self._known_time = known_time
        self.login: OidcLogin | None = None

    def take_over(self, config: Config) -> str:
        """Use the provider of `config`. Returns why that of before stays, "" where it does not."""
        if config.agent.oidc is None:
            self._replace(None)
            return ""
        from healthmon_exporters.web.oidc_login import OidcLogin
        from healthmon_exporters.web.oidc_settings import settings_of

        try:
            settings = settings_of(config, config.agent.oidc)
        except (ConfigError, TlsError) as error:
            return f"the identity provider of `agent.oidc` cannot be used: {error}"
        if self.login is None or self.login.settings != settings:
            self._replace(OidcLogin(settings, self._true_time))
        return ""

    def close(self) -> None:
        """End what the login has begun."""
        self._replace(None)

    def _replace(self, fresh: OidcLogin | None) -> None:
        if self.login is not None:
            self.login.close()
        self.login = fresh

    def _true_time(self) -> Span:
        """The true time by the time servers, by our own clock where they tell none; Unix seconds."""
        now, known = time.time(), self._known_time.now()
        offset = known.offset if known else None
        return Span(now + offset.low, now + offset.high) if offset else Span(now, now)


def problem(config: Config) -> str:
    """Why the provider of `config` cannot be used although its secret can be read; "" for none."""
    if config.agent.oidc is None:
        return ""
    from healthmon_exporters.web.oidc_settings import trust_of

    try:
        trust_of(config, config.agent.oidc)
    except TlsError as error:
        return str(error)
    return ""
