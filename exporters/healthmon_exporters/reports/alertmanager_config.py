"""A configuration of Prometheus' Alertmanager made from config.yaml. Pure: Config -> dict -> YAML
text.

There are two ways by which people hear of a fault: healthmon's own (`notify` and `routes` in
config.yaml) and Prometheus with its rules. `teller` says which of them tells of devices, so that
nobody hears everything twice; the other's alerts are shown and sent to nobody. What only Prometheus
finds out (of the monitor itself, of blind zones) is always sent.

No secret stands in it: passwords and secret addresses are read by Alertmanager from files in a
folder of its own. Format: https://prometheus.io/docs/alerting/latest/configuration/ (0.25 and
later; `url_file` needs 0.26).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

from healthmon.config.notify_schema import EmailTarget, Route
from healthmon.config.schema import Config
from healthmon.notifications.text import one_line
from healthmon_exporters.notify.email import PORTS
from healthmon_exporters.reports import yaml_text

SECRETS = "/etc/prometheus/secrets"
OFFICE_HOURS = "office-hours"
OFFICE = "office"
SHOWN = "shown-only"
DEAD_MAN = "dead-man"
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DOWN, _ABSENT = 'alertname="HealthmonAgentDown"', 'alertname="HealthmonAgentAbsent"'
_OF_AGENT = 'alertname="HealthmonFault"'
_OF_RULES = 'class="fault"'
_URGENT, _CAN_WAIT = 'priority=~"P1|P2"', 'priority=~"P3|P4"'
_SUBJECT = (
    '{{ if eq .Status "firing" }}FAULT{{ else }}OVER{{ end }}: '
    "{{ if eq (len .Alerts) 1 }}{{ (index .Alerts 0).Annotations.summary }}{{ else }}{{ len .Alerts }} alerts"
    "{{ with .GroupLabels.site }} at {{ . }}{{ end }}{{ end }}"
)
_TEXT = (
    "{{ range .Alerts }}{{ .Status | toUpper }} {{ .Annotations.summary }}\n{{ .Annotations.description }}\n"
    "{{ with .Annotations.runbook_url }}What to do: {{ . }}\n{{ end }}\n{{ end }}"
)


class Teller(StrEnum):
    """Who tells people of devices at fault: healthmon itself, Alertmanager with healthmon's alerts,
    or the rules.
    """

    HEALTHMON = "healthmon"
    ALERTMANAGER = "alertmanager"
    RULES = "rules"


def teller(config: Config) -> Teller:
    """Who tells by this configuration: whoever the routes reach at once."""
    at_once = [route for route in config.routes if route.after is None]
    reached = [config.notify[name] for route in at_once for name in route.to]
    if any(target.alertmanager is None for target in reached):
        return Teller.HEALTHMON
    return Teller.ALERTMANAGER if reached else Teller.RULES


def configuration(
    config: Config, *, secrets: str = SECRETS, url_files: bool = False
) -> dict[str, Any]:
    """The whole configuration. `url_files`: the heartbeat's secret address is read from a file
    (Alertmanager 0.26).
    """
    return {
        "route": {
            "receiver": OFFICE,
            "group_by": ["alertname", "site"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "12h",
            "routes": list(_routes(config)),
        },
        "inhibit_rules": _inhibitions(config),
        "receivers": list(_receivers(config, secrets, url_files=url_files)),
        "time_intervals": [{"name": OFFICE_HOURS, "time_intervals": [_office_hours(config)]}],
    }


def text(config: Config, *, secrets: str = SECRETS, url_files: bool = False) -> str:
    """The configuration as YAML, with what is to be known about it at its head."""
    tree = configuration(config, secrets=secrets, url_files=url_files)
    head = "".join(f"# {line}\n" for line in _notes(config, secrets, url_files=url_files))
    return head + yaml_text.dump(tree)


def _notes(config: Config, secrets: str, *, url_files: bool) -> Iterator[str]:
    yield "Written by `healthmon alertmanager-config` from config.yaml. Write it again when that changes."
    yield {
        Teller.HEALTHMON: "healthmon itself notifies people of device faults (routes in config.yaml)."
        " Alertmanager sends only the alerts about healthmon. Alerts of devices are shown and can be silenced.",
        Teller.ALERTMANAGER: "Alertmanager notifies people of device faults: healthmon sends it HealthmonFault alerts."
        " The rules' alerts of the same faults are only shown.",
        Teller.RULES: "config.yaml has no targets, so the rules of Prometheus notify people of device faults.",
    }[teller(config)]
    yield from _secret_notes(config, secrets, url_files=url_files)
    yield from _missing_notes(config, url_files=url_files)


def _secret_notes(config: Config, secrets: str, *, url_files: bool) -> Iterator[str]:
    accounts = sorted({e.credential for e in _mails(config) if e.credential})
    heartbeat = config.heartbeat.credential if config.heartbeat else None
    if url_files and heartbeat:
        accounts.append(heartbeat)
    for name in accounts:
        yield f"Put the secret '{name}' into {secrets}/{name}, readable by Alertmanager only."


def _missing_notes(config: Config, *, url_files: bool) -> Iterator[str]:
    heartbeat = config.heartbeat.credential if config.heartbeat else None
    if any(mail.tls and mail.tls.pin for mail in _mails(config)):
        yield "Alertmanager supports no pinned keys: this machine must trust the mail server's certificate."
    if not _mails(config):
        yield "config.yaml has no e-mail target, so the receivers are empty: add one under `notify`."
    if not config.heartbeat:
        yield "config.yaml has no heartbeat, so nobody notices when Prometheus or Alertmanager dies: add one."
    elif heartbeat and not url_files:
        yield f"The heartbeat's address is the secret '{heartbeat}', which Alertmanager reads from a file from 0.26 on:"
        yield "write this with --url-files then. Until then the dead-man receiver is empty."


# ----------------------------------------------------------------------------------------------------------- routes


def _routes(config: Config) -> Iterator[dict[str, Any]]:
    beat = f"{max(60, round(config.heartbeat.interval)) if config.heartbeat else 60}s"
    yield {
        "receiver": DEAD_MAN,
        "matchers": ['alertname="Watchdog"'],
        "group_by": ["alertname"],
        "group_wait": "0s",
        "group_interval": beat,
        "repeat_interval": beat,
    }
    yield {"receiver": OFFICE, "matchers": ['alertname="HealthmonTest"'], "group_wait": "0s"}
    yield {"receiver": OFFICE, "matchers": ['class="agent"'], "repeat_interval": "4h"}
    yield {
        "receiver": OFFICE,
        "matchers": ['class="service"'],
        "active_time_intervals": [OFFICE_HOURS],
    }
    tells = teller(config)
    if tells is not Teller.ALERTMANAGER:
        yield {"receiver": SHOWN, "matchers": [_OF_AGENT]}
    if tells is not Teller.RULES:
        # Those without a code (blind zones, devices that come and go) are told by nobody else.
        yield {"receiver": SHOWN, "matchers": [_OF_RULES, 'code!=""']}
    if tells is not Teller.HEALTHMON:
        for contractor in config.contractors:
            if contractor.email and _mails(config):
                yield _to_contractor(contractor.id)
    yield {"receiver": OFFICE, "matchers": [_URGENT]}
    yield {"receiver": OFFICE, "matchers": [_CAN_WAIT], "active_time_intervals": [OFFICE_HOURS]}


def _to_contractor(name: str) -> dict[str, Any]:
    """Faults, not warnings, to who repairs the device; the office gets all of it too."""
    receiver = f"contractor-{name}"
    return {
        "receiver": receiver,
        "matchers": [f'contractor="{name}"', 'severity="critical"'],
        "group_by": ["alertname", "site", "contractor"],
        "continue": True,
        "routes": [
            {"receiver": receiver, "matchers": [_URGENT]},
            {
                "receiver": receiver,
                "matchers": [_CAN_WAIT],
                "active_time_intervals": [OFFICE_HOURS],
            },
        ],
    }


def _inhibitions(config: Config) -> list[dict[str, Any]]:
    def mutes(source: list[str], target: list[str], *equal: str) -> dict[str, Any]:
        return {
            "source_matchers": source,
            "target_matchers": target,
            **({"equal": list(equal)} if equal else {}),
        }

    estate = one_line(config.estate.name).replace("\\", "\\\\").replace('"', '\\"')
    ours = ['class=~"agent|fault|service"', 'alertname!~"HealthmonAgent.*"']
    lost = 'code="unreachable"'
    return [
        # Nobody looks: nothing is repeated, and nothing is said to be over, until somebody does
        # again.
        mutes([_DOWN], ours, "instance"),
        mutes([_ABSENT], ours),
        *(mutes([blind], [_OF_AGENT, f'estate="{estate}"']) for blind in (_DOWN, _ABSENT)),
        mutes(
            ['alertname="HealthmonOwnNetworkDown"'],
            ['alertname=~"HealthmonCheckStale|HealthmonNotChecked"'],
            "instance",
        ),
        # What the agent says of itself is said by Prometheus too.
        mutes(['class="agent"'], [_OF_AGENT, 'kind="agent"'], "code"),
        # A lost site explains its devices, a lost device its other faults.
        *(
            mutes([kind, 'kind="site"'], [kind, 'kind!="site"'], "site")
            for kind in (_OF_AGENT, _OF_RULES)
        ),
        *(
            mutes([kind, lost], [kind, 'code!="unreachable"'], "device")
            for kind in (_OF_AGENT, _OF_RULES)
        ),
        mutes(
            [_OF_RULES, 'code=~"unreachable|common_cause"'],
            ['alertname="HealthmonNotChecked"'],
            "site",
        ),
        mutes(
            ['alertname="HealthmonOutboxStuck"'],
            ['alertname="HealthmonNotifyFailing"'],
            "instance",
            "target",
        ),
    ]


# -------------------------------------------------------------------------------------------------------- receivers


def _mails(config: Config) -> list[EmailTarget]:
    return [target.email for target in config.notify.values() if target.email]


def _receivers(config: Config, secrets: str, *, url_files: bool) -> Iterator[dict[str, Any]]:
    mails = _mails(config)
    yield _receiver(
        OFFICE, [_mail(config, mail, ", ".join(mail.to), secrets) for mail in mails if mail.to]
    )
    yield {"name": SHOWN}
    yield {"name": DEAD_MAN, **_dead_man(config, secrets, url_files=url_files)}
    if teller(config) is Teller.HEALTHMON or not mails:
        return
    by = next((mail for mail in mails if mail.to_contractor), mails[0])
    for contractor in config.contractors:
        if contractor.email:
            yield _receiver(
                f"contractor-{contractor.id}", [_mail(config, by, contractor.email, secrets)]
            )


def _receiver(name: str, mails: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name, "email_configs": mails} if mails else {"name": name}


def _mail(config: Config, mail: EmailTarget, to: str, secrets: str) -> dict[str, Any]:
    """One e-mail receiver. To Alertmanager port 465 is TLS from the first byte, any other STARTTLS
    where asked.
    """
    made: dict[str, Any] = {
        "to": to,
        "from": mail.sender,
        "smarthost": f"{mail.server}:{mail.port or PORTS[mail.encryption]}",
        "require_tls": mail.encryption == "starttls",
        "send_resolved": True,
        "headers": {"Subject": _SUBJECT},
        "html": "",
        "text": _TEXT,
    }
    if mail.credential:
        made["auth_username"] = config.credentials[mail.credential].username
        made["auth_password_file"] = f"{secrets}/{mail.credential}"
    trust = {
        "server_name": mail.tls.server_name if mail.tls else None,
        "ca_file": str(Path(config.folder) / mail.tls.ca_file)
        if mail.tls and mail.tls.ca_file
        else None,
    }
    if any(trust.values()):
        made["tls_config"] = {key: value for key, value in trust.items() if value}
    return made


def _dead_man(config: Config, secrets: str, *, url_files: bool) -> dict[str, Any]:
    heartbeat = config.heartbeat
    if heartbeat is None or (heartbeat.url is None and not url_files):
        return {}
    address = (
        {"url": heartbeat.url}
        if heartbeat.url
        else {"url_file": f"{secrets}/{heartbeat.credential}"}
    )
    return {"webhook_configs": [{**address, "send_resolved": False}]}


# ------------------------------------------------------------------------------------------------------ office hours


def _office_hours(config: Config) -> dict[str, Any]:
    """When what can wait is told: the hours of the first route that has some and takes P3 or P4,
    else Mon-Fri 8-17.
    """
    timed = (
        r
        for r in config.routes
        if (r.hours or r.weekdays) and (not r.priorities or {3, 4} & set(r.priorities))
    )
    route = next(timed, None) or Route(
        to=("-",), hours=("08:00", "17:00"), weekdays=("mon", "tue", "wed", "thu", "fri")
    )
    made: dict[str, Any] = {"location": config.estate.time_zone}
    if route.weekdays:
        made["weekdays"] = [_NAMES[_WEEKDAYS.index(day)] for day in route.weekdays]
    if route.hours:
        made["times"] = _times(*route.hours)
    return made


def _times(start: str, end: str) -> list[dict[str, str]]:
    """Alertmanager's ranges end on the same day; hours over midnight are two of them."""
    if start < end:
        return [{"start_time": start, "end_time": end}]
    late = [{"start_time": start, "end_time": "24:00"}]
    return late if end == "00:00" else [*late, {"start_time": "00:00", "end_time": end}]
