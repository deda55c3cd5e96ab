"""What no single value shows: duplicates, references that lead nowhere, cycles, windows, an open
connector.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from healthmon.config import (
    addresses,
    contract_checks,
    link_checks,
    notify_checks,
    oidc_checks,
    readings_checks,
    sense_checks,
)
from healthmon.config.defaults_schema import KindDefaults
from healthmon.config.device_schema import Camera, Recorder, Watched
from healthmon.config.document import Document, Path_
from healthmon.config.inheritance import Inherited
from healthmon.config.outline import SECTIONS
from healthmon.config.partial import Part
from healthmon.config.problems import Problem, suggest
from healthmon.config.schema import Config, Window
from healthmon.config.units import LOCAL_TIME, REPEATS, is_loopback
from healthmon.config.wording import where

_TAKEN = {
    "healthmon": "the agent's own name",
    "other": "the name of what is no device in the fault log",
}
_QUOTED = re.compile(r"'([^']*)'")
_LOGIN_IN_URL = re.compile(r"[a-z]://[^/\s]*@", re.IGNORECASE)


def watched(config: Config) -> Iterator[tuple[Path_, Watched]]:
    """Every device with its path in the file."""
    for section in SECTIONS:
        for number, device in enumerate(getattr(config, section)):
            yield (section, number), device


def problems_of(part: Part | None, document: Document, given: Inherited) -> Iterator[Problem]:
    """Every problem between the values of the part of `document` that is well formed, what devices
    inherit said once, of the defaults.

    What cannot be told because something malformed was taken out is not told: it may be right once
    that is mended.
    """
    between = _between(part, document) if part else ()
    found = ((given.origin(path) or path, text) for path, text in between)
    for path, text in dict.fromkeys((*found, *_logins(document.tree, ()))):
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
        *_places(config),
        *_access(config),
        *_sources(config),
        *_windows(config),
        *_wide_listener(config),
        *_shared(config),
        *_agents(config),
        *notify_checks.problems_of(config),
        *oidc_checks.problems_of(config),
        *contract_checks.problems_of(config),
        *readings_checks.problems_of(config),
        *sense_checks.problems_of(config, watched(config)),
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
        *contract_checks.warnings_of(config, now.date()),
        *link_checks.warnings_of(config, watched(config)),
        *sense_checks.warnings_of(config, watched(config)),
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
    yield from _channels(config, line)
    for path, address, before in addresses.clashes(watched(config)):
        text = f"address '{address}' is taken already (first on line {line((*before, 'address'))})"
        channels = (
            "; channels of one encoder need a stream 'path' each"
            if path[0] == before[0] == "cameras"
            else ""
        )
        yield (*path, "address"), text + channels


def _channels(config: Config, line: Callable[[Path_], int]) -> Iterator[tuple[Path_, str]]:
    """Two cameras on one channel: the second would be judged by the footage of the first."""
    first: dict[tuple[str, str], Path_] = {}
    numbered = {recorder.id for recorder in config.recorders if recorder.make != "onvif"}
    for number, camera in enumerate(config.cameras):
        if camera.recorder is None or camera.channel is None:
            continue
        path: Path_ = ("cameras", number, "channel")
        channel = camera.channel.strip()
        if camera.recorder in numbered and channel.isdecimal():
            channel = str(int(channel))  # 01 is 1, unless it is the name that ONVIF gives
        key = camera.recorder, channel
        if key in first:
            yield (
                path,
                f"channel '{key[1]}' of recorder {key[0]} is taken already (first on line {line(first[key])})",
            )
        first.setdefault(key, path)


@dataclass(frozen=True, slots=True)
class _Known:
    """The names that others may refer to."""

    sites: set[str]
    contractors: set[str]
    devices: set[str]
    recorders: set[str]
    accounts: set[str]
    zones: set[str]

    @classmethod
    def of(cls, config: Config) -> Self:
        """All names of `config`."""
        devices = [device for _, device in watched(config)]
        return cls(
            sites={site.id for site in config.sites},
            contractors={contractor.id for contractor in config.contractors},
            devices={device.id for device in devices},
            recorders={recorder.id for recorder in config.recorders},
            accounts=set(config.credentials),
            zones={device.zone for device in devices if device.zone},
        )


def _references(config: Config) -> Iterator[tuple[Path_, str]]:
    known = _Known.of(config)
    for path, device in watched(config):
        for keys, value, names in _named_by(device, known):
            if value is not None and value not in names:
                yield (*path, *keys), _unknown(keys, value, names)
    for path, block in _blocks(config):
        for keys, value, names in _named_by(block, known):
            if value is not None and value not in names:
                yield (*path, *keys), _unknown(keys, value, names)
    for number, window in enumerate(config.maintenance):
        yield from _window_references(("maintenance", number), window, known)


def _blocks(config: Config) -> Iterator[tuple[Path_, Any]]:
    """The defaults of each kind, and those of the sites, with their paths."""
    of_sites = (
        (("sites", number, "defaults"), site.defaults) for number, site in enumerate(config.sites)
    )
    for path, defaults in ((("defaults",), config.defaults), *of_sites):
        for kind in KindDefaults.model_fields if defaults else ():
            if (block := getattr(defaults, kind)) is not None:
                yield (*path, kind), block


def _unknown(keys: Path_, value: str, names: set[str]) -> str:
    word = next(key for key in reversed(keys) if isinstance(key, str))
    return f"{word} '{value}' is not in the configuration{suggest(value, names)}"


def _named_by(device: Any, known: _Known) -> Iterator[tuple[Path_, str | None, set[str]]]:
    """(path, name, names there are) of everything that a device, or defaults for some, refer to."""
    yield ("site",), getattr(device, "site", None), known.sites
    yield ("contractor",), device.contractor, known.contractors
    for number, parent in enumerate(device.parent or ()):
        yield ("parent", number), parent, known.devices
    yield ("credential",), getattr(device, "credential", None), known.accounts
    yield ("recorder",), getattr(device, "recorder", None), known.recorders
    for number, zone in enumerate(getattr(device, "covers", ()) or ()):
        yield ("covers", number), zone, known.zones
    if device.snmp:
        yield ("snmp", "credential"), device.snmp.credential, known.accounts


def _window_references(path: Path_, window: Window, known: _Known) -> Iterator[tuple[Path_, str]]:
    for key, values, names in (
        ("devices", window.devices, known.devices),
        ("sites", window.sites, known.sites),
        ("contractors", window.contractors, known.contractors),
    ):
        for number, value in enumerate(values):
            if value not in names:
                yield (*path, key, number), f"{key} '{value}' is not known{suggest(value, names)}"


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
            yield from _video(path, device)
        if device.id in _TAKEN:
            yield (*path, "id"), f"'{device.id}' is {_TAKEN[device.id]}; choose another id"
        if isinstance(device, Camera):
            yield from _camera(path, device)
    yield from _figures(config)


def _video(path: Path_, device: Camera | Recorder) -> Iterator[tuple[Path_, str]]:
    """What a camera or recorder needs to be checked by."""
    counts = Counter(stream.name for stream in device.streams)
    for name, count in counts.items():
        if count > 1:
            yield (*path, "streams"), f"stream name '{name}' is there twice"
    yield from _profiles(path, device)
    services = (device.rtsp, device.http, device.snmp)
    if all(service is None for service in services) and not device.ports:
        yield path, "nothing to check: 'rtsp' and 'http' are both no"


def _profiles(path: Path_, device: Camera | Recorder) -> Iterator[tuple[Path_, str]]:
    """A stream has a path of its own, or is found by ONVIF in a profile."""
    counts = Counter(stream.profile for stream in device.streams if stream.profile)
    for number, stream in enumerate(device.streams):
        where = (*path, "streams", number, "profile")
        if stream.profile and stream.path:
            yield where, "'path' and 'profile' exclude each other: a profile is found by ONVIF"
        elif stream.profile and device.onvif is None:
            yield where, "a profile is found by ONVIF, but 'onvif' is no"
        elif stream.profile and counts[stream.profile] > 1:
            yield where, f"profile '{stream.profile}' is there twice"


def _camera(path: Path_, camera: Camera) -> Iterator[tuple[Path_, str]]:
    if (camera.channel is None) != (camera.recorder is None):
        yield path, "'recorder' and 'channel' go together"
    if camera.state != "deployed" and camera.kind != "deployable":
        yield (*path, "state"), f"only a camera of kind deployable can be {camera.state}"


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


def _places(config: Config) -> Iterator[tuple[Path_, str]]:
    for path, block in _blocks(config):
        if path[0] == "sites" and getattr(block, "site", None) is not None:
            yield (*path, "site"), "a site cannot put its devices into another site; delete it"


def _windows(config: Config) -> Iterator[tuple[Path_, str]]:
    for number, window in enumerate(config.maintenance):
        path: Path_ = ("maintenance", number)
        yield from _length(path, window)
        if window.until is not None and not window.repeat:
            yield (*path, "until"), "'until' goes with 'repeat'; a window without it ends at 'end'"
        if not (window.devices or window.sites or window.contractors):
            yield path, "names no 'devices', 'sites' or 'contractors'"


def _length(path: Path_, window: Window) -> Iterator[tuple[Path_, str]]:
    """What is wrong with the time from a window's start to its end."""
    start, end = _time(window.start), _time(window.end)
    if end <= start:
        yield (*path, "end"), f"'end' {window.end} is not after 'start' {window.start}"
    if window.repeat and end - start > REPEATS[window.repeat]:
        length = "a week" if window.repeat == "weekly" else "a day"
        yield (*path, "end"), f"a {window.repeat} window cannot be longer than {length}"


def _time(text: str) -> datetime:
    return datetime.strptime(text, LOCAL_TIME)  # noqa: DTZ007 - local civil time of the estate, placed later


def _wide_listener(config: Config) -> Iterator[tuple[Path_, str]]:
    loopback = config.agent.listen == "localhost" or is_loopback(config.agent.listen)
    if not loopback and not (config.agent.tls and config.agent.users_file):
        yield ("agent", "listen"), "anything wider than 127.0.0.1 needs both 'tls' and 'users_file'"


def _shared(config: Config) -> Iterator[tuple[Path_, str]]:
    database = config.database
    if database is not None and database.share and database.takeover is None:
        yield ("database", "share"), "agents that share the devices need `takeover`"
    if database is None or not database.share:
        for number, site in enumerate(config.sites):
            if site.agents:
                yield (
                    ("sites", number, "agents"),
                    "agents of a site need `share: yes` of `database`",
                )


def _agents(config: Config) -> Iterator[tuple[Path_, str]]:
    database = config.database
    if database is None or not database.agents:
        return
    if database.takeover is None:
        yield ("database", "agents"), "several agents need `takeover`"
    for number, url in enumerate(database.agents):
        parts = urlsplit(url)
        if parts.path.strip("/") or parts.query:
            yield (
                ("database", "agents", number),
                f"'{url}' has a path; write {parts.scheme}://{parts.netloc}",
            )
        if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
            yield (
                ("database", "agents", number),
                f"'{url}': an agent on another machine is asked by https only",
            )


def _logins(tree: Any, path: Path_) -> Iterator[tuple[Path_, str]]:
    if isinstance(tree, dict | list):
        steps = tree.items() if isinstance(tree, dict) else enumerate(tree)
        for step, value in steps:
            yield from _logins(value, (*path, step))
    elif isinstance(tree, str) and "@" in tree and _LOGIN_IN_URL.search(tree):
        yield path, "a user name or password is in an address; use `credential: NAME`"
