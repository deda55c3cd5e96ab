"""What a notification channel is: a name, the settings model of its targets, and how a sender is made."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from healthmon.config import secrets
from healthmon.notifications.sender import Sender
from healthmon.protocols.transport import tls
from healthmon.secret import Credential
from healthmon_exporters.notify.http_post import Address

if TYPE_CHECKING:
    from pydantic import BaseModel

    from healthmon.config.fields import TlsTrust
    from healthmon.config.schema import Config


@dataclass(frozen=True, slots=True)
class ChannelSetup:
    """What a sender is made of: the target's `name` and `settings` in the checked configuration, and
    `seconds`, the deadline of one delivery.
    """

    config: Config
    name: str
    settings: Any
    seconds: float

    def trust(self, trust: TlsTrust | None) -> ssl.SSLContext:
        """How certificates are checked. Raises TlsError for a CA file that cannot be read."""
        return trust_of(self.config, trust)

    def address(self, url: str, trust: TlsTrust | None) -> Address:
        """A web address with its trust. Raises TlsError."""
        return address_of(self.config, url, trust)

    def credential(self, name: str | None) -> Credential | None:
        """The account called `name`, None for none. Raises ConfigError where it cannot be read."""
        return secrets.resolve(self.config, name) if name is not None else None


@dataclass(frozen=True, slots=True)
class Channel:
    """One kind of notification channel. `sender` makes the sender of a target; it raises SendError,
    ConfigError or TlsError where it cannot. `settings` is the model of its targets, None where the
    schema of config.yaml has one.
    """

    name: str
    settings: type[BaseModel] | None
    sender: Callable[[ChannelSetup], Sender]


def trust_of(config: Config, trust: TlsTrust | None) -> ssl.SSLContext:
    """The TLS context for `trust`. Raises TlsError for a CA file that cannot be read."""
    if trust is None:
        return tls.context()
    ca_file = str(Path(config.folder) / trust.ca_file) if trust.ca_file else None
    return tls.context(ca_file=ca_file, pin=trust.pin)


def address_of(config: Config, url: str, trust: TlsTrust | None) -> Address:
    """A web address with its trust. Raises TlsError."""
    return Address.of(url, trust_of(config, trust), trust.server_name if trust else None)
