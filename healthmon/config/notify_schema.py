"""`notify`, `routes` and `heartbeat` of config.yaml: where notifications go, which of them, and
when.

Secrets are named (`credential`), never written here: a webhook's signing key, a mail account, a
chat service's address.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from healthmon.config.extensions import ChannelSettings
from healthmon.config.fields import (
    ClockTime,
    Flag,
    Hours,
    Ids,
    Mail,
    Name,
    Peer,
    Port,
    Priorities,
    Seconds,
    Strict,
    TlsTrust,
    Url,
    as_list,
)

Mails = Annotated[tuple[Mail, ...], BeforeValidator(as_list)]
Times = Annotated[tuple[ClockTime, ...], BeforeValidator(as_list)]
Severity = Literal["fault", "warning", "unknown"]
Severities = Annotated[tuple[Severity, ...], BeforeValidator(as_list)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Weekdays = Annotated[tuple[Weekday, ...], BeforeValidator(as_list)]
KindName = Literal["camera", "recorder", "ups", "workstation", "link", "agent", "site"]
Kinds = Annotated[tuple[KindName, ...], BeforeValidator(as_list)]


class AlertmanagerTarget(Strict):
    """Prometheus' Alertmanager, API v2. Open alerts are said again every `resend`; `credential` is
    for HTTP Basic.
    """

    url: Url
    credential: str | None = None
    tls: TlsTrust | None = None
    resend: Seconds = Field(default=60.0, ge=5, le=3600)
    link: Url | None = None


class WebhookTarget(Strict):
    """A web address that takes the notice as JSON; the secret of `credential` signs it
    (HMAC-SHA256).
    """

    url: Url
    credential: str | None = None
    tls: TlsTrust | None = None


class EmailTarget(Strict):
    """E-mail by SMTP. `to_contractor` sends to the address of whoever repairs the device, too."""

    server: Peer
    port: Port | None = None
    encryption: Literal["starttls", "tls", "none"] = "starttls"
    tls: TlsTrust | None = None
    credential: str | None = None
    sender: Mail
    to: Mails = ()
    to_contractor: Flag = False


class SyslogTarget(Strict):
    """Syslog by RFC 5424."""

    server: Peer
    port: Port | None = None
    transport: Literal["udp", "tcp", "tls"] = "tls"
    tls: TlsTrust | None = None
    facility: Literal[
        "daemon", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"
    ] = "local0"


class AppriseTarget(Strict):
    """Teams, Slack, ntfy and others through the library apprise; the secret of `credential` is its
    address.
    """

    credential: str


class Target(Strict):
    """One notification channel: exactly one of the six; `timeout` is the deadline of one delivery.
    `channel` is one of an installed package, by its name with its settings. `detail` says how much the
    target gets: everything, the device's id, or the fault's number alone (apprise, unless said).
    """

    alertmanager: AlertmanagerTarget | None = None
    webhook: WebhookTarget | None = None
    email: EmailTarget | None = None
    syslog: SyslogTarget | None = None
    apprise: AppriseTarget | None = None
    channel: ChannelSettings | None = None
    detail: Literal["full", "device", "number"] | None = None
    timeout: Seconds = Field(default=15.0, ge=0.2, le=120)


class Route(Strict):
    """Which notifications go `to` which targets. An empty list means all; every route that fits is
    followed.

    `hours` and `weekdays` are local; hours over midnight belong to the day on which they begin.
    With `digest` (times of day) nothing goes at once: everything is held for one summary at the
    next of these times. With `after` a fault goes there only when it is still open so long after its
    first notification, and with `unless: acknowledged` only when nobody has acknowledged it by then.
    """

    to: Ids = Field(min_length=1)
    contractors: Ids = ()
    sites: Ids = ()
    kinds: Kinds = ()
    codes: Ids = ()
    priorities: Priorities = ()
    severities: Severities = ()
    hours: Hours | None = None
    weekdays: Weekdays = ()
    digest: Times = ()
    repeat_after: Seconds | None = Field(default=None, ge=60)
    after: Seconds | None = Field(default=None, ge=60)
    unless: Literal["acknowledged"] | None = None


class Heartbeat(Strict):
    """A sign of life: a web address that raises the alarm when we fall silent.

    Exactly one of `url` and `credential` (whose secret is the whole address).
    """

    url: Url | None = None
    credential: str | None = None
    method: Literal["GET", "POST"] = "GET"
    interval: Seconds = Field(default=60.0, ge=5, le=86400)
    timeout: Seconds = Field(default=15.0, ge=0.2, le=120)
    tls: TlsTrust | None = None
    name: Name = "heartbeat"
