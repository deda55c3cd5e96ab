"""The targets of config.yaml as senders. Only the notification channels that are named there are
imported.

One target that cannot be made (a secret that cannot be read, a library that is missing) does not
stop the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from healthmon.config import secrets, units
from healthmon.config.problems import ConfigError
from healthmon.config.ways import way_of
from healthmon.notifications.detail import of_target
from healthmon.notifications.sender import Sender, SendError
from healthmon.protocols.errors import TlsError
from healthmon_exporters.notify import heartbeat as heartbeats
from healthmon_exporters.notify import registry
from healthmon_exporters.notify.channel import Channel, ChannelSetup, address_of
from healthmon_exporters.notify.less_detail import with_detail

if TYPE_CHECKING:
    from healthmon.config.notify_schema import Heartbeat, Target
    from healthmon.config.schema import Config


def senders_of(config: Config) -> tuple[dict[str, Sender], dict[str, str]]:
    """Every target that can be made, by name, and why each of the others cannot, in one line."""
    made: dict[str, Sender] = {}
    failed: dict[str, str] = {}
    for name in config.notify:
        try:
            made[name] = sender_of(config, name)
        except SendError as error:
            failed[name] = str(error)
    return made, failed


def sender_of(config: Config, name: str) -> Sender:
    """The sender of target `name` of a checked configuration. Raises SendError (permanent) where it
    cannot be made.
    """
    target = config.notify[name]
    channel, settings = _channel_of(target)
    try:
        sender = channel.sender(ChannelSetup(config, name, settings, target.timeout))
        return with_detail(sender, of_target(target.detail, way_of(target)))
    except (ConfigError, TlsError) as error:
        raise SendError(str(error), permanent=True) from None


def _channel_of(target: Target) -> tuple[Channel, Any]:
    """The channel of a target, and its settings."""
    way = way_of(target)
    settings = getattr(target, way)
    if way != "channel":
        return registry.installed()[way], settings
    ((name, chosen),) = settings.items()
    return registry.installed()[name], chosen


def heartbeat_of(config: Config, alive: Callable[[], bool]) -> heartbeats.Heartbeat | None:
    """The heartbeat where one is configured. Raises SendError (permanent) where it cannot
    be made.
    """
    wanted = config.heartbeat
    if wanted is None:
        return None
    try:
        address = address_of(config, _heartbeat_url(config, wanted), wanted.tls)
    except (ConfigError, TlsError) as error:
        raise SendError(str(error), permanent=True) from None
    return heartbeats.Heartbeat(
        address, interval=wanted.interval, method=wanted.method, seconds=wanted.timeout, alive=alive
    )


def _heartbeat_url(config: Config, wanted: Heartbeat) -> str:
    if wanted.url is not None:
        return wanted.url
    credential = secrets.resolve(config, wanted.credential or "")
    try:
        return units.url(credential.password.reveal())
    except ValueError:
        text = f"heartbeat: the secret of '{credential.name}' is not a web address"
        raise SendError(text, permanent=True) from None
