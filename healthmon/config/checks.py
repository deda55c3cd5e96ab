"""What no single value shows: duplicates, references that lead nowhere, cycles, windows, an open door."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from healthmon.config import addresses, link_checks, notify_checks, readings_checks
from healthmon.config.device_schema import Camera, Recorder, Watched
from healthmon.config.document import Document, Path_
from healthmon.config.partial import Part
from healthmon.config.problems import Problem, suggest
from healthmon.config.schema import Config
from healthmon.config.units import LOCAL_TIME, is_loopback
from healthmon.config.wording import where

SECTIONS = ("links", "cameras", "recorders", "ups")
REPEATS = {"daily": timedelta(days=1), "weekly": timedelta(weeks=1)}
_QUOTED = re.compile(r"'([^']*)'")
_LOGIN_IN_URL = re.compile(r"[a-z]://[^/\s]*@", re.IGNORECASE)


def watched(config: Config) -> Iterator[tuple[Path_, Watched]]:
    """Every device with its path in the file."""
    for section in SECTIONS:
        for number, device in enumerate(getattr(config, section)):
            yield (section, number), device


def problems_of(part: Part | None, document: Document) -> Iterator[Problem]:
    """Every problem between the values of the part of `document` that is well formed.

    What cannot be told because something malformed was taken out is not told: it may be right once that is mended.
    """
    between = _between(part, document) if part else ()
    for path, text in (*between, *_logins(document.tree, ())):
        yield Problem(document.file, document.line(path), where(document, path), text)


def _between(part: Part, document: Document) -> Iterator[tuple[Path_, str]]:
    for path, text in (*_in_any_case(part, document), *_in_whole_entries(part)):
        if part.gone.isdisjoint(_QUOTED.findall(text)):
            yield part.in_file(path), text


def _in_any_case(part: Part, document: Document) -> Iterator[tuple[Path_, str]]:
    config = part.config
    yield from _duplicates(config, lambda path: document.line(part.in_file(path)))
    yield from _references(config)
    yield from _cycles(config)


def _in_whole_entries(part: Part) -> Iterator[tuple[Path_, str]]:
    config, torn = part.config, part.torn
    about_one = (
        *_access(config),
        *_sources(config),
        *_windows(config),
        *_door(config),
        *notify_checks.problems_of(config),
        *readings_checks.problems_of(config),
    )
    yield from ((path, text) for path, text in about_one if torn.isdisjoint((path[:1], path[:2])))
    if not torn and not part.gone:
        yield from link_checks.problems_of(config, watched(config))


def warnings_of(config: Config, document: Document) -> Iterator[str]:
    """What is allowed and worth saying."""
    now = datetime.now(ZoneInfo(config.estate.time_zone)).replace(tzinfo=None)
    for number, window in enumerate(config.maintenance):
        last = (
            window.until
            if window.repeat and window.until
            else None
            if window.repeat
            else window.end
        )
        end = _time(last) if last else None
        if end and end < now:
            line = document.line(("maintenance", number))
            yield f"{document.file}:{line}: maintenance window '{window.reason}' has expired; its devices alert again"
    for path, text in (
        *notify_checks.warnings_of(config),
        *link_checks.warnings_of(config, watched(config)),
    ):
        yield f"{document.file}:{document.line(path)}: {text}"


def _duplicates(config: Config, line: Callable[[Path_], int]) -> Iterator[tuple[Path_, str]]:
    lists: list[tuple[str, Iterable[tuple[Path_, str]]]] = [
        ("id", [((*path, "id"), device.id) for path, device in watched(config)]),
        ("name", [((*path, "name"), device.name) for path, device in watched(config)]),
        ("id", [(("sites", n, "id"), site.id) for n, site in enumerate(config.sites)]),
        ("id", [(("contractors", n, "id"), c.id) for n, c in enumerate(config.contractors)]),
    ]
    for what, entries in lists:
        first: dict[str, Path_] = {}
        for path, value in entries:
            if value in first:
                yield (
                    path,
                    f"{what} '{value}' is taken already (first on line {line(first[value])})",
                )
            first.setdefault(value, path)
    for path, address, before in addresses.clashes(watched(config)):
        text = f"address '{address}' is taken already (first on line {line((*before, 'address'))})"
        channels = (
            "; channels of one encoder need a stream 'path' each"
            if path[0] == before[0] == "cameras"
            else ""
        )
        yield (*path, "address"), text + channels


def _references(config: Config) -> Iterator[tuple[Path_, str]]:
    sites = {site.id for site in config.sites}
    contractors = {contractor.id for contractor in config.contractors}
    ids = {device.id for _, device in watched(config)}
    recorders = {recorder.id for recorder in config.recorders}
    accounts = set(config.credentials)
    zones = {device.zone for _, device in watched(config) if device.zone}
    for path, device in watched(config):
        wanted: list[tuple[Path_, str | None, set[str]]] = [
            (("site",), device.site, sites),
            (("contractor",), device.contractor, contractors),
            *((("parent", n), parent, ids) for n, parent in enumerate(device.parent)),
            (("credential",), getattr(device, "credential", None), accounts),
            (("recorder",), getattr(device, "recorder", None), recorders),
            *((("covers", n), zone, zones) for n, zone in enumerate(getattr(device, "covers", ()))),
            (("snmp", "credential"), device.snmp.credential if device.snmp else None, accounts),
        ]
        for keys, value, known in wanted:
            if value is not None and value not in known:
                word = next(key for key in reversed(keys) if isinstance(key, str))
                yield (
                    (*path, *keys),
                    f"{word} '{value}' is not in the configuration{suggest(value, known)}",
                )
    for number, window in enumerate(config.maintenance):
        for key, values, known in (
            ("devices", window.devices, ids),
            ("sites", window.sites, sites),
            ("contractors", window.contractors, contractors),
        ):
            for n, value in enumerate(values):
                if value not in known:
                    yield (
                        ("maintenance", number, key, n),
                        f"{key} '{value}' is not known{suggest(value, known)}",
                    )


def _cycles(config: Config) -> Iterator[tuple[Path_, str]]:
    above = {device.id: device.parent for _, device in watched(config)}
    for path, device in watched(config):
        seen, level = {device.id}, list(device.parent)
        while level:
            name = level.pop()
            if name == device.id:
                yield (
                    (*path, "parent"),
                    f"is its own parent by way of {', '.join(device.parent)}; cut the circle",
                )
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
            if (
                device.rtsp is None
                and device.http is None
                and device.snmp is None
                and not device.ports
            ):
                yield path, "nothing to ask: 'rtsp' and 'http' are both no"
        if device.id == "healthmon":
            yield (*path, "id"), "'healthmon' is the agent's own name; choose another id"
        if isinstance(device, Camera) and (device.channel is None) != (device.recorder is None):
            yield path, "'recorder' and 'channel' go together"
        if (
            isinstance(device, Camera)
            and device.state != "deployed"
            and device.kind != "deployable"
        ):
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
    if (
        database
        and database.credential is not None
        and database.credential not in config.credentials
    ):
        known = set(config.credentials)
        yield (
            ("database", "credential"),
            (
                f"credential '{database.credential}' is not in the configuration{suggest(database.credential, known)}"
            ),
        )


def _sources(config: Config) -> Iterator[tuple[Path_, str]]:
    for name, account in config.credentials.items():
        for key, source in (("secret", account.secret), ("private", account.private)):
            if (
                source
                and sum(x is not None for x in (source.file, source.environment, source.systemd))
                != 1
            ):
                yield (
                    ("credentials", name, key),
                    f"'{key}' needs exactly one of 'file', 'environment' or 'systemd'",
                )


def _windows(config: Config) -> Iterator[tuple[Path_, str]]:
    for number, window in enumerate(config.maintenance):
        path: Path_ = ("maintenance", number)
        start, end = _time(window.start), _time(window.end)
        if end <= start:
            yield (*path, "end"), f"'end' {window.end} is not after 'start' {window.start}"
        if window.repeat and end - start > REPEATS[window.repeat]:
            length = "a week" if window.repeat == "weekly" else "a day"
            yield (*path, "end"), f"a {window.repeat} window cannot be longer than {length}"
        if window.until is not None and not window.repeat:
            yield (*path, "until"), "'until' goes with 'repeat'; a window without it ends at 'end'"
        if not (window.devices or window.sites or window.contractors):
            yield path, "names no 'devices', 'sites' or 'contractors'"


def _time(text: str) -> datetime:
    return datetime.strptime(text, LOCAL_TIME)  # noqa: DTZ007 - local civil time of the estate, placed later


def _door(config: Config) -> Iterator[tuple[Path_, str]]:
    loopback = config.agent.listen == "localhost" or is_loopback(config.agent.listen)
    if not loopback and not (config.agent.tls and config.agent.users_file):
        yield ("agent", "listen"), "anything wider than 127.0.0.1 needs both 'tls' and 'users_file'"


def _logins(tree: Any, path: Path_) -> Iterator[tuple[Path_, str]]:
    if isinstance(tree, dict | list):
        steps = tree.items() if isinstance(tree, dict) else enumerate(tree)
        for step, value in steps:
            yield from _logins(value, (*path, step))
    elif isinstance(tree, str) and _LOGIN_IN_URL.search(tree):
        yield path, "a user name or password stands in an address; use `credential: NAME`"
