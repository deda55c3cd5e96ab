"""The targets of config.yaml as senders. Only the ways out that are named there are imported.

One target that cannot be made (a secret that cannot be read, a library that is missing) does not stop the others.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

from healthmon.config import secrets, units
from healthmon.config.fields import TlsTrust
from healthmon.config.notify_checks import way_of
from healthmon.config.notify_schema import (
    AlertmanagerTarget,
    AppriseTarget,
    EmailTarget,
    Heartbeat,
    SyslogTarget,
    WebhookTarget,
)
from healthmon.config.problems import ConfigError
from healthmon.config.schema import Config
from healthmon.secret import Credential
from healthmon.wire import tls
from healthmon.wire.errors import TlsError
from healthmon_exporters.notify import heartbeat as heartbeats
from healthmon_exporters.notify.sender import Sender, SendError
from healthmon_exporters.notify.web import Address


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
    """The sender of target `name` of a checked configuration. Raises SendError (permanent) where it cannot be made."""
    target = config.notify[name]
    try:
        return _MAKERS[way_of(target)](
            config, name, getattr(target, way_of(target)), target.timeout
        )
    except (ConfigError, TlsError) as error:
        raise SendError(str(error), permanent=True) from None


def heartbeat_of(config: Config, alive: Callable[[], bool]) -> heartbeats.Heartbeat | None:
    """The heartbeat where one is configured. Raises SendError (permanent) where it cannot be made."""
    wanted = config.heartbeat
    if wanted is None:
        return None
    try:
        address = _address(config, _heartbeat_url(config, wanted), wanted.tls)
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


def _trust(config: Config, trust: TlsTrust | None) -> ssl.SSLContext:
    if trust is None:
        return tls.context()
    return tls.context(
        ca_file=str(Path(config.folder) / trust.ca_file) if trust.ca_file else None, pin=trust.pin
    )


def _address(config: Config, url: str, trust: TlsTrust | None) -> Address:
    return Address.of(url, _trust(config, trust), trust.server_name if trust else None)


def _credential(config: Config, name: str | None) -> Credential | None:
    return secrets.resolve(config, name) if name is not None else None


def _alertmanager(config: Config, name: str, target: AlertmanagerTarget, seconds: float) -> Sender:
    from healthmon_exporters.notify.alertmanager import Alertmanager

    return Alertmanager(
        name,
        _address(config, target.url, target.tls),
        credential=_credential(config, target.credential),
        seconds=seconds,
        resend_seconds=target.resend,
        link=target.link,
    )


def _webhook(config: Config, name: str, target: WebhookTarget, seconds: float) -> Sender:
    from healthmon_exporters.notify.webhook import Webhook

    credential = _credential(config, target.credential)
    key = credential.password if credential else None
    return Webhook(name, _address(config, target.url, target.tls), key=key, seconds=seconds)


def _email(config: Config, name: str, target: EmailTarget, seconds: float) -> Sender:
    from healthmon_exporters.notify.email import PORTS, Email, MailServer

    server = MailServer(
        target.server,
        target.port or PORTS[target.encryption],
        target.encryption,
        _trust(config, target.tls),
        target.tls.server_name if target.tls else None,
    )
    credential = _credential(config, target.credential)
    return Email(
        name,
        server,
        target.sender,
        target.to,
        to_contractor=target.to_contractor,
        credential=credential,
        seconds=seconds,
    )


def _syslog(config: Config, name: str, target: SyslogTarget, seconds: float) -> Sender:
    from healthmon_exporters.notify.syslog import PORTS, Collector, Syslog

    secure = target.transport == "tls"
    collector = Collector(
        target.server,
        target.port or PORTS[target.transport],
        target.transport,
        _trust(config, target.tls) if secure else None,
        target.tls.server_name if target.tls else None,
    )
    return Syslog(name, collector, facility=target.facility, seconds=seconds)


def _apprise(config: Config, name: str, target: AppriseTarget, seconds: float) -> Sender:
    from healthmon_exporters.notify.apprise import Apprise

    return Apprise(name, secrets.resolve(config, target.credential).password, seconds=seconds)


_MAKERS: dict[str, Callable[..., Sender]] = {
    "alertmanager": _alertmanager,
    "webhook": _webhook,
    "email": _email,
    "syslog": _syslog,
    "apprise": _apprise,
}
