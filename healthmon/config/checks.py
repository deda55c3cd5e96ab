"""What no single value shows: duplicates, references that lead nowhere, cycles, windows, an open door."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from healthmon.config import link_checks, notify_checks, readings_checks
from healthmon.config.document import Document, Path_
from healthmon.config.problems import Problem, suggest
from healthmon.config.schema import Camera, Config, Link, Recorder, Watched
from healthmon.config.wording import where

SECTIONS = ("links", "cameras", "recorders", "ups")
LOCAL_TIME = "%Y-%m-%d %H:%M"
REPEATS = {"daily": timedelta(days=1), "weekly": timedelta(weeks=1)}
_LOGIN_IN_URL = re.compile(r"[a-z]+://[^/\s]*@", re.IGNORECASE)


def watched(config: Config) -> Iterator[tuple[Path_, Watched]]:
    """Every device with its path in the file."""
    for section in SECTIONS:
        for number, device in enumerate(getattr(config, section)):
            yield (section, number), device


def problems_of(config: Config, document: Document) -> Iterator[Problem]:
    """Every problem between the values of a configuration that is well formed otherwise."""

    def problem(path: Path_, text: str) -> Problem:
        return Problem(document.file, document.line(path), where(document, path), text)

    for path, text in (
        *_duplicates(config, document),
        *_references(config),
        *_cycles(config),
        *_access(config),
        *_sources(config),
        *_windows(config),
        *_door(config),
        *notify_checks.problems_of(config),
        *link_checks.problems_of(config, watched(config)),
        *readings_checks.problems_of(config),
        *_logins(document.tree, ()),
    ):
        yield problem(path, text)


def warnings_of(config: Config, document: Document) -> Iterator[str]:
    """What is allowed and worth saying."""
    now = datetime.now(ZoneInfo(config.estate.time_zone)).replace(tzinfo=None)
    for number, window in enumerate(config.maintenance):
        last = window.until if window.repeat and window.until else None if window.repeat else window.end
        end = _time(last) if last else None
        if end and end < now:
            line = document.line(("maintenance", number))
            yield f"{document.file}:{line}: maintenance window '{window.reason}' has expired; its devices alert again"
    for path, text in (*notify_checks.warnings_of(config), *link_checks.warnings_of(config, watched(config))):
        yield f"{document.file}:{document.line(path)}: {text}"


def _duplicates(config: Config, document: Document) -> Iterator[tuple[Path_, str]]:
    lists: list[tuple[str, Iterable[tuple[Path_, str]]]] = [
        ("id", [((*path, "id"), device.id) for path, device in watched(config)]),
        ("name", [((*path, "name"), device.name) for path, device in watched(config)]),
        ("id", [(("sites", n, "id"), site.id) for n, site in enumerate(config.sites)]),
        ("id", [(("contractors", n, "id"), c.id) for n, c in enumerate(config.contractors)]),
        ("address", _addresses(config)),
    ]
    for what, entries in lists:
        first: dict[str, Path_] = {}
        for path, value in entries:
            if value in first:
                shown = value.split("\0")[0]
                yield path, f"{what} '{shown}' is taken already (first on line {document.line(first[value])})"
            first.setdefault(value, path)


def _addresses(config: Config) -> Iterator[tuple[Path_, str]]:
    """An address may serve twice only on other ports (a multi-channel encoder, a UPS behind one upsd)."""
    for path, device in watched(config):
        ports = ""
        if isinstance(device, Camera | Recorder):
            rtsp, http = device.rtsp, device.http
            streams = ",".join(str(stream.path) for stream in device.streams if stream.path)
            ports = f"{rtsp.port if rtsp else None}/{http.port if http else None}/{streams}"
        elif path[0] == "ups":
            ups: Any = device
            ports = f"{ups.nut}{ups.apcupsd}{ups.snmp and ups.snmp.port}"
        elif isinstance(device, Link):
            rtsp, http = device.rtsp, device.http
            ports = f"{rtsp and (rtsp.port, rtsp.tls)}{http and (http.port, http.tls)}{device.ports or ''}"
            ports = ports if rtsp or http or device.ports else ""
        yield (*path, "address"), f"{device.address}\0{ports}"


def _references(config: Config) -> Iterator[tuple[Path_, str]]:
    sites = {site.id for site in config.sites}
    contractors = {contractor.id for contractor in config.contractors}
    ids = {device.id for _, device in watched(config)}
    recorders = {recorder.id for recorder in config.recorders}
    zones = {device.zone for _, device in watched(config) if device.zone}
    for path, device in watched(config):
        wanted = [("site", device.site, sites), ("contractor", device.contractor, contractors)]
        wanted += [("parent", parent, ids) for parent in device.parent]
        wanted += [("credential", getattr(device, "credential", None), set(config.credentials))]
        wanted += [("recorder", getattr(device, "recorder", None), recorders)]
        wanted += [("covers", zone, zones) for zone in getattr(device, "covers", ())]
        if device.snmp:
            wanted.append(("credential", device.snmp.credential, set(config.credentials)))
        for key, value, known in wanted:
            if value is not None and value not in known:
                yield (*path, key), f"{key} '{value}' is not in the configuration{suggest(value, known)}"
    for number, window in enumerate(config.maintenance):
        for key, values, known in (
            ("devices", window.devices, ids),
            ("sites", window.sites, sites),
            ("contractors", window.contractors, contractors),
        ):
            for value in values:
                if value not in known:
                    yield ("maintenance", number, key), f"{key} '{value}' is not known{suggest(value, known)}"


def _cycles(config: Config) -> Iterator[tuple[Path_, str]]:
    above = {device.id: device.parent for _, device in watched(config)}
    for path, device in watched(config):
        seen, level = {device.id}, list(device.parent)
        while level:
            name = level.pop()
            if name == device.id:
                yield (*path, "parent"), f"is its own parent by way of {', '.join(device.parent)}; cut the circle"
                break
            if name not in seen:
                seen.add(name)
                level += above.get(name, ())


def _access(config: Config) -> Iterator[tuple[Path_, str]]:
    for number, ups in enumerate(config.ups):
        if sum(way is not None for way in (ups.snmp, ups.nut, ups.apcupsd)) != 1:
            yield ("ups", number), "needs exactly one of 'snmp', 'nut' or 'apcupsd'"
    for path, device in watched(config):
        if isinstance(device, Camera | Recorder):
            names = [stream.name for stream in device.streams]
            for name in {name for name in names if names.count(name) > 1}:
                yield (*path, "streams"), f"stream name '{name}' stands twice"
            if device.rtsp is None and device.http is None and device.snmp is None and not device.ports:
                yield path, "nothing to ask: 'rtsp' and 'http' are both no"
        if device.id == "healthmon":
            yield (*path, "id"), "'healthmon' is the agent's own name; choose another id"
        if isinstance(device, Camera) and (device.channel is None) != (device.recorder is None):
            yield path, "'recorder' and 'channel' go together"
        if isinstance(device, Camera) and device.state != "deployed" and device.kind != "deployable":
            yield (*path, "state"), f"only a camera of kind deployable can be {device.state}"
    yield from _figures(config)


def _figures(config: Config) -> Iterator[tuple[Path_, str]]:
    confirm, cause = config.defaults.confirm, config.defaults.cause
    if confirm.failures > confirm.of:
        yield ("defaults", "confirm"), "'failures' cannot be more than 'of'"
    if confirm.rests >= confirm.flaps:
        yield ("defaults", "confirm"), "'rests' must be less than 'flaps'"
    if cause.longest < cause.hold:
        yield ("defaults", "cause"), "'longest' cannot be less than 'hold'"
    database = config.database
    if database and database.credential is not None and database.credential not in config.credentials:
        known = set(config.credentials)
        yield (
            ("database", "credential"),
            (f"credential '{database.credential}' is not in the configuration{suggest(database.credential, known)}"),
        )


def _sources(config: Config) -> Iterator[tuple[Path_, str]]:
    for name, account in config.credentials.items():
        for key, source in (("secret", account.secret), ("private", account.private)):
            if source and sum(x is not None for x in (source.file, source.environment, source.systemd)) != 1:
                yield ("credentials", name, key), f"'{key}' needs exactly one of 'file', 'environment' or 'systemd'"


def _windows(config: Config) -> Iterator[tuple[Path_, str]]:
    for number, window in enumerate(config.maintenance):
        path: Path_ = ("maintenance", number)
        start, end = _time(window.start), _time(window.end)
        for key, value in (("start", window.start), ("end", window.end), ("until", window.until)):
            if value is not None and _time(value) is None:
                yield (*path, key), f"'{key}': '{value}' is not a local time; write for example 2026-12-01 08:00"
        if start and end and end <= start:
            yield (*path, "end"), f"'end' {window.end} is not after 'start' {window.start}"
        if start and end and window.repeat and end - start > REPEATS[window.repeat]:
            length = "a week" if window.repeat == "weekly" else "a day"
            yield (*path, "end"), f"a {window.repeat} window cannot be longer than {length}"
        if window.until is not None and not window.repeat:
            yield (*path, "until"), "'until' goes with 'repeat'; a window without it ends at 'end'"
        if not (window.devices or window.sites or window.contractors):
            yield path, "names no 'devices', 'sites' or 'contractors'"


def _time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, LOCAL_TIME)  # noqa: DTZ007 - local civil time of the estate, placed later
    except ValueError:
        return None


def _door(config: Config) -> Iterator[tuple[Path_, str]]:
    try:
        loopback = ipaddress.ip_address(config.agent.listen).is_loopback
    except ValueError:
        loopback = config.agent.listen == "localhost"
    if not loopback and not (config.agent.tls and config.agent.users_file):
        yield ("agent", "listen"), "anything wider than 127.0.0.1 needs both 'tls' and 'users_file'"


def _logins(tree: Any, path: Path_) -> Iterator[tuple[Path_, str]]:
    if isinstance(tree, dict | list):
        steps = tree.items() if isinstance(tree, dict) else enumerate(tree)
        for step, value in steps:
            yield from _logins(value, (*path, step))
    elif isinstance(tree, str) and _LOGIN_IN_URL.search(tree):
        yield path, "a user name or password stands in an address; use `credential: NAME`"
