"""What no single value of `notify`, `routes`, `heartbeat` shows: targets that do not exist, faults
nobody hears of.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from healthmon.config.device_schema import Watched
from healthmon.config.document import Path_
from healthmon.config.notify_schema import AlertmanagerTarget, EmailTarget, Route, Target
from healthmon.config.problems import suggest
from healthmon.config.schema import Config
from healthmon.config.ways import WAYS, way_of

SECTION_KINDS = (
    ("links", "link"),
    ("cameras", "camera"),
    ("recorders", "recorder"),
    ("ups", "ups"),
    ("workstations", "workstation"),
)
Found = Iterator[tuple[Path_, str]]


def problems_of(config: Config) -> Found:
    """(path, text) of every problem between the values."""
    for name, target in config.notify.items():
        yield from _target(config, ("notify", name), target)
    for number, route in enumerate(config.routes):
        yield from _route(config, ("routes", number), route)
    if config.heartbeat is not None:
        if (config.heartbeat.url is None) == (config.heartbeat.credential is None):
            yield (
                ("heartbeat",),
                "needs exactly one of 'url' and 'credential' (whose secret is the whole address)",
            )
        yield from _credential(config, ("heartbeat",), config.heartbeat.credential)


def _target(config: Config, path: Path_, target: Target) -> Found:
    if sum(getattr(target, way) is not None for way in WAYS) != 1:
        yield path, f"needs exactly one of {', '.join(repr(way) for way in WAYS)}"
        return
    way = way_of(target)
    chosen = getattr(target, way)
    yield from _credential(config, (*path, way), getattr(chosen, "credential", None))
    if target.email:
        yield from _email(config, (*path, way), target.email)
    if target.alertmanager:
        yield from _alertmanager((*path, way), target.alertmanager)


def _email(config: Config, path: Path_, email: EmailTarget) -> Found:
    if not email.to and not email.to_contractor:
        yield path, "has no receiver; give 'to' or 'to_contractor: yes'"
    if email.credential and email.encryption == "none":
        yield (*path, "encryption"), "a login is never sent unencrypted; use starttls or tls"
    account = config.credentials.get(email.credential or "")
    if account is not None and not account.username:
        yield (
            (*path, "credential"),
            f"credential '{email.credential}' has no 'username' to log in with",
        )


def _alertmanager(path: Path_, alertmanager: AlertmanagerTarget) -> Found:
    if alertmanager.credential and not _https(alertmanager.url):
        yield (*path, "url"), "a login is never sent unencrypted; use https"


def _credential(config: Config, path: Path_, name: str | None) -> Found:
    if name is not None and name not in config.credentials:
        text = f"credential '{name}' is not in the configuration{suggest(name, config.credentials)}"
        yield (*path, "credential"), text


def _route(config: Config, path: Path_, route: Route) -> Found:
    yield from _unknown(config, path, route)
    if route.digest:
        yield from _digest(config, path, route)
    if route.unless and route.after is None:
        yield (
            (*path, "unless"),
            "says nothing without 'after'; write for example 'after: 15 min' beside it",
        )


def _unknown(config: Config, path: Path_, route: Route) -> Found:
    """What a route names that is not in the configuration."""
    sites = {site.id for site in config.sites}
    contractors = {contractor.id for contractor in config.contractors}
    for key, word, values, known in (
        ("to", "target", route.to, set(config.notify)),
        ("contractors", "contractor", route.contractors, contractors),
        ("sites", "site", route.sites, sites),
    ):
        for number, value in enumerate(values):
            if value not in known:
                yield (
                    (*path, key, number),
                    f"{word} '{value}' is not in the configuration{suggest(value, known)}",
                )


def _digest(config: Config, path: Path_, route: Route) -> Found:
    """What a route with a digest cannot have."""
    for name in route.to:
        target = config.notify.get(name)
        if target and target.alertmanager:
            yield (
                (*path, "digest"),
                f"target '{name}' is an Alertmanager, which gathers by itself; take 'digest' away",
            )
    for key, words in (
        ("repeat_after", "a route with 'digest' repeats nothing; take one of the two away"),
        ("after", "a route with 'digest' waits for its time of day; take one of the two away"),
    ):
        if getattr(route, key):
            yield (*path, key), words


def _https(url: str) -> bool:
    return urlsplit(url).scheme == "https"


# ------------------------------------------------------------------------------------------------------- warnings


def warnings_of(config: Config) -> Found:
    """(path, text) of what is allowed and worth saying."""
    used = {name for route in config.routes for name in route.to}
    for name, target in config.notify.items():
        if name not in used:
            yield ("notify", name), f"target '{name}' is used by no route; nothing is sent there"
        yield from _open_way(name, target)
        yield from _no_mail(config, name, target)
        yield from _no_contractor(name, target)
    if config.notify:
        yield from _unheard(config)


def _open_way(name: str, target: Target) -> Found:
    chosen = target.alertmanager or target.webhook
    if chosen and not _https(chosen.url) and not _loopback(urlsplit(chosen.url).hostname or ""):
        yield ("notify", name), f"target '{name}': faults are sent unencrypted; use https"


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _no_mail(config: Config, name: str, target: Target) -> Found:
    if target.email and target.email.to_contractor and not target.email.to:
        for contractor in config.contractors:
            if not contractor.email:
                yield (
                    ("notify", name),
                    f"target '{name}' cannot reach contractor '{contractor.id}', who has no 'email'",
                )


def _no_contractor(name: str, target: Target) -> Found:
    """With less than full detail a notice does not say who repairs the device."""
    if target.email and target.email.to_contractor and target.detail not in (None, "full"):
        yield (
            ("notify", name, "detail"),
            (
                f"target '{name}': with 'detail: {target.detail}' a notice holds no address of the contractor, "
                "so 'to_contractor' sends nothing to them; write 'detail: full' or remove 'to_contractor'"
            ),
        )


def _unheard(config: Config) -> Found:
    """Devices whose faults no route takes at every hour: nobody would hear of some of them."""
    missed = [f"{device.id} (P{device.priority})" for device in _devices_unheard(config)]
    if missed:
        more = f" and {len(missed) - 3} more" if len(missed) > 3 else ""
        text = f"no route takes every fault at every hour of {', '.join(missed[:3])}{more}; nobody may be notified"
        yield ("routes",), f"{text}; add a route without 'hours', 'weekdays', 'codes' and 'after'"


def _devices_unheard(config: Config) -> Iterator[Watched]:
    always = [
        route
        for route in config.routes
        if not (route.hours or route.weekdays or route.codes or route.after)
    ]
    for section, kind in SECTION_KINDS:
        devices: tuple[Watched, ...] = getattr(config, section)
        for device in devices:
            if not device.disabled and not _heard(device, kind, always):
                yield device


def _heard(device: Watched, kind: str, routes: list[Route]) -> bool:
    severities: set[str] = set()
    for route in routes:
        if _takes(route, device, kind):
            severities |= set(route.severities) or {"fault", "warning"}
    return severities >= {"fault", "warning"}


def _takes(route: Route, device: Watched, kind: str) -> bool:
    """Whether a route takes faults of `device`; an empty list of a route takes all."""
    wanted: tuple[tuple[Collection[object], object], ...] = (
        (route.kinds, kind),
        (route.sites, device.site),
        (route.contractors, device.contractor),
        (route.priorities, device.priority),
    )
    return all(not chosen or value in chosen for chosen, value in wanted)
