"""The notification channels of this package. Only those that are configured are imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from healthmon.config import secrets
from healthmon.notifications.sender import Sender
from healthmon_exporters.notify.channel import Channel, ChannelSetup

if TYPE_CHECKING:
    from healthmon.config.notify_schema import (
        AlertmanagerTarget,
        AppriseTarget,
        EmailTarget,
        SyslogTarget,
        WebhookTarget,
    )


def _alertmanager(setup: ChannelSetup) -> Sender:
    from healthmon_exporters.notify.alertmanager import Alerting, Alertmanager

    target: AlertmanagerTarget = setup.settings
    return Alertmanager(
        setup.name,
        setup.address(target.url, target.tls),
        Alerting(target.resend, target.link),
        credential=setup.credential(target.credential),
        seconds=setup.seconds,
    )


def _webhook(setup: ChannelSetup) -> Sender:
    from healthmon_exporters.notify.webhook import Webhook

    target: WebhookTarget = setup.settings
    credential = setup.credential(target.credential)
    key = credential.password if credential else None
    return Webhook(
        setup.name, setup.address(target.url, target.tls), key=key, seconds=setup.seconds
    )


def _email(setup: ChannelSetup) -> Sender:
    from healthmon_exporters.notify.email import PORTS, Email, MailServer, Receivers

    target: EmailTarget = setup.settings
    server = MailServer(
        target.server,
        target.port or PORTS[target.encryption],
        target.encryption,
        setup.trust(target.tls),
        target.tls.server_name if target.tls else None,
    )
    credential = setup.credential(target.credential)
    return Email(
        setup.name,
        server,
        target.sender,
        Receivers(target.to, target.to_contractor),
        credential=credential,
        seconds=setup.seconds,
    )


def _syslog(setup: ChannelSetup) -> Sender:
    from healthmon_exporters.notify.syslog import PORTS, Collector, Syslog

    target: SyslogTarget = setup.settings
    secure = target.transport == "tls"
    collector = Collector(
        target.server,
        target.port or PORTS[target.transport],
        target.transport,
        setup.trust(target.tls) if secure else None,
        target.tls.server_name if target.tls else None,
    )
    return Syslog(setup.name, collector, facility=target.facility, seconds=setup.seconds)


def _apprise(setup: ChannelSetup) -> Sender:
    from healthmon_exporters.notify.apprise import Apprise

    target: AppriseTarget = setup.settings
    return Apprise(
        setup.name, secrets.resolve(setup.config, target.credential).password, seconds=setup.seconds
    )


CHANNELS = (
    Channel("alertmanager", None, _alertmanager),
    Channel("webhook", None, _webhook),
    Channel("email", None, _email),
    Channel("syslog", None, _syslog),
    Channel("apprise", None, _apprise),
)
