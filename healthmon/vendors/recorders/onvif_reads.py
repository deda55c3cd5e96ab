"""The parts of one read of an ONVIF recorder, each by its own calls; rare ones are asked once an
hour.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import TypeVar

from healthmon.model.enums import Span
from healthmon.model.footage import EVERY_CHANNEL, Disk, Fan
from healthmon.protocols.errors import (
    BusyError,
    ExchangeError,
    ForbiddenError,
    ResetError,
    SilentError,
    TooLargeError,
    UnsupportedError,
)
from healthmon.protocols.onvif import call as onvif_call
from healthmon.protocols.onvif import device as onvif
from healthmon.protocols.onvif import profile_g, soap
from healthmon.protocols.onvif import profile_g_requests as checks
from healthmon.protocols.values.xml import Element
from healthmon.vendors.client import VendorClient
from healthmon.vendors.clocks import Clock
from healthmon.vendors.partial_read import FATAL, NEEDED, Need, PartialRead
from healthmon.vendors.recorders import onvif_channels, onvif_search
from healthmon.vendors.recorders.onvif_history import MOST_CHANGES, History

PATHS, HISTORY, TOKENS, REFUSED, GENERAL = (
    "paths",
    "history",
    "tokens",
    "refused",
    "general_start_events",
)
HOUR, DAY = 3600.0, 86400.0
JUST_NOW = 60.0
TOPICS = (f"tns1:{checks.TRACK_STATE}|tns1:{checks.RECORDING_STATE}", f"tns1:{checks.TRACK_STATE}")
STATE_TOPICS = "tns1:Device/HardwareFailure//.|tns1:VideoSource/SignalLoss"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Session:
    """One read: its parts, the paths of the services by namespace, the recorder's clock."""

    parts: PartialRead
    paths: Mapping[str, str]
    clock: Clock

    @property
    def contact(self) -> VendorClient:
        """The session's contact."""
        return self.parts.contact

    @property
    def now(self) -> float:
        """Unix seconds by the recorder's clock."""
        return self.clock.now()


@dataclass(frozen=True, slots=True)
class States:
    """Properties of the hardware; `lost` are channels without video, None where that is
    not reported.
    """

    disks: tuple[Disk, ...] = ()
    fans: tuple[Fan, ...] = ()
    lost: tuple[str, ...] | None = None
    problems: tuple[str, ...] = ()


async def clock(parts: PartialRead) -> Clock:
    """The recorder's clock by UTCDateTime, else by the ``Date`` of the same answer; no span where
    it tells neither.
    """
    contact = parts.contact
    try:
        path = contact.device.access.onvif_path or "/"
        told = onvif.time_of(*await contact.soap(path, soap.GET_SYSTEM_DATE_AND_TIME))
    except FATAL:
        raise
    except ExchangeError as error:
        parts.missed("clock", error)
        return Clock(UTC)
    stated = told.utc or told.http_date
    if stated is None:
        return Clock(UTC, source=told.mode)
    second = stated.timestamp()
    span = Span(second - told.ended, second + 1.0 - told.began)
    contact.skew = span.middle
    return Clock(UTC, span, told.mode)


async def paths(contact: VendorClient) -> Mapping[str, str]:
    """The path of each service by its namespace; only the path of an XAddr is used. Raises
    ExchangeError.
    """
    known: dict[str, str] | None = contact.memory.get(PATHS)
    if known is not None:
        return known
    device = contact.device.access.onvif_path or "/"
    try:
        named, general = profile_g.services((await contact.soap(device, checks.GET_SERVICES)).body)
    except FATAL:
        raise
    except ExchangeError:
        named, general = (
            profile_g.capabilities((await contact.soap(device, checks.GET_CAPABILITIES)).body),
            False,
        )
    host = contact.device.address
    known = {
        namespace: onvif_call.path_of(address, host, namespace)
        for namespace, address in named.items()
    }
    contact.memory[PATHS], contact.memory[GENERAL] = known, general
    return known


async def recordings(session: Session, wanted: frozenset[str]) -> tuple[profile_g.Found, ...]:
    """Every recording with its dates. Raises ExchangeError where not one way tells them."""
    contact, path = session.contact, session.paths.get(checks.NS_SEARCH)
    if path is None:
        contact.memory.pop(PATHS, None)
        raise UnsupportedError("the recorder offers no recording search (ONVIF Profile G)")
    try:
        found = await onvif_search.recordings(contact, path)
    except FATAL:
        raise
    except ExchangeError as error:
        contact.memory.pop(PATHS, None)
        found = await _one_by_one(session, wanted)
        if not found:
            raise
        session.parts.missed("recording search", error, None)
    session.parts.read += 1
    if len(found) == 1 and found[0].newest is None and found[0].oldest is None:
        told = await session.parts.soap(
            "summary", path, checks.GET_RECORDING_SUMMARY, profile_g.summary, need=None
        )
        if told is not None and told[2] == 1:
            return (replace(found[0], oldest=told[0], newest=told[1]),)
    return found


async def _one_by_one(session: Session, wanted: frozenset[str]) -> tuple[profile_g.Found, ...]:
    """Without a recording search: the recordings of the recording service, the wanted ones with
    their dates.
    """
    path, search = session.paths.get(checks.NS_RECORDING), session.paths[checks.NS_SEARCH]
    named = (
        await session.parts.soap(
            "recordings", path, checks.GET_RECORDINGS, profile_g.recordings, need=None
        )
        if path
        else None
    )
    chosen = {one.token for one in onvif_channels.matched(wanted, named or ()).values()}
    found: list[profile_g.Found] = []
    for one in named or ():
        told = None
        if one.token in chosen:
            check = checks.get_recording_information(one.token)
            told = await session.parts.soap(
                f"recording {one.token}", search, check, profile_g.recording_information, need=None
            )
        found.append(told or one)
    return tuple(found)


async def jobs(session: Session, stale: Iterable[str]) -> dict[str, profile_g.Job]:
    """The recording jobs of the recordings `stale` with their states and errors, by recording."""
    path = session.paths.get(checks.NS_RECORDING)
    if path is None:
        return {}
    told = await session.parts.soap(
        "recording jobs", path, checks.GET_RECORDING_JOBS, profile_g.jobs, need=None
    )
    found: dict[str, profile_g.Job] = {}
    for job in told or ():
        if job.recording in stale:
            check = checks.get_recording_job_state(job.token)
            state, error = await session.parts.soap(
                f"state of job {job.token}", path, check, profile_g.job_state, need=None
            ) or (None, None)
            known = found.get(job.recording)
            if known is None or (state or "").lower() == "active":
                found[job.recording] = replace(job, state=state, error=error)
    return found


async def retention(session: Session) -> dict[str, float]:
    """The retention that is set for each recording, seconds."""
    path = session.paths.get(checks.NS_RECORDING)
    if path is None:
        return {}
    told = await _hourly(
        session, "retention that is set", path, checks.GET_RECORDINGS, profile_g.retentions
    )
    return told or {}


async def information(session: Session) -> profile_g.VendorInfo | None:
    """Maker, model, serial and firmware."""
    device = session.contact.device.access.onvif_path or "/"
    return await _hourly(
        session,
        "model",
        device,
        checks.GET_DEVICE_INFORMATION,
        profile_g.information,
        Need("firmware"),
    )


async def time_servers(session: Session) -> tuple[str, ...] | None:
    """The time servers that are set; None where that is not reported."""
    device = session.contact.device.access.onvif_path or "/"
    return await _hourly(session, "time servers", device, checks.GET_NTP, profile_g.ntp_servers)


async def _hourly(
    session: Session,
    what: str,
    path: str,
    envelope: bytes,
    parse: Callable[[Element], T],
    need: Need = NEEDED,
) -> T | None:
    """A part that seldom changes, asked once an hour."""
    at, kept = session.contact.memory.get(what, (-HOUR, None))
    now = time.monotonic()
    if kept is not None and now - at < HOUR:
        return kept  # type: ignore[no-any-return]
    told = await session.parts.soap(what, path, envelope, parse, need=need)
    if told is not None:
        session.contact.memory[what] = (now, told)
    return told


async def history(session: Session) -> History | None:
    """The gaps' history up to now; None where the recorder does not report it or it is not complete
    yet.
    """
    known: History = session.contact.memory.setdefault(HISTORY, History())
    now = session.now
    need = Need("gaps", EVERY_CHANNEL)
    told = await _events(session, "gaps", (known.next_start(now), now), TOPICS, need)
    if told is None:
        return None
    complete, events = told
    known.add(events)
    known.searched(now if complete else max((e.at for e in events), default=known.until), now)
    if known.changes > MOST_CHANGES:
        del session.contact.memory[HISTORY]
        error = TooLargeError(f"more than {MOST_CHANGES} changes in a week")
        session.parts.missed("gaps", error, need)
        return None
    if not complete:
        error = TooLargeError(f"history read up to {checks.utc(known.until)} so far")
        session.parts.missed("gaps", error, need)
    return known if complete else None


async def _events(
    session: Session, what: str, span: tuple[float, float], topics: tuple[str, ...], need: Need
) -> tuple[bool, list[profile_g.Event]] | None:
    """An event search with the first of `topics` that the recorder takes; what it refuses is left
    alone for a day, what this account may not ask for an hour.
    """
    contact, path = session.contact, session.paths[checks.NS_SEARCH]
    refused: dict[str, tuple[float, ExchangeError]] = contact.memory.setdefault(REFUSED, {})
    error: ExchangeError = UnsupportedError("the recorder has refused the event search")
    for topic in topics:
        until, known = refused.get(topic, (0.0, error))
        if time.monotonic() < until:
            error = known
            continue
        try:
            async with contact.before_end():
                return await onvif_search.events(contact, path, span, topic)
        except FATAL:
            raise
        except TimeoutError:
            error = SilentError("no time left for it")
            break
        except (SilentError, ResetError, BusyError, TooLargeError) as passing:
            error = passing
            break
        except ExchangeError as final:
            error = final
            pause = HOUR if isinstance(final, ForbiddenError) else DAY
            refused[topic] = time.monotonic() + pause, final
    session.parts.missed(what, error, need)
    return None


async def states(session: Session) -> States:
    """Disks, fans and video inputs, where the search gives the state of properties at its start."""
    if not session.contact.memory.get(GENERAL):
        session.parts.note(
            "disks, fans and video loss: not reported by ONVIF without an event subscription"
        )
        return States()
    now = session.now
    told = await _events(
        session,
        "disks, fans and video loss",
        (now - JUST_NOW, now),
        (STATE_TOPICS,),
        Need(vital=True),
    )
    return (
        hardware(told[1], session.contact.memory.get(TOKENS, {})) if told is not None else States()
    )


def hardware(events: Iterable[profile_g.Event], tokens: Mapping[str, str]) -> States:
    """The last word of each property; `tokens` maps channels to recordings. Pure."""
    last: dict[tuple[str, str], profile_g.Event] = {}
    for event in sorted(events, key=lambda one: one.at):
        last[event.topic, event.recording or next(iter(event.source.values()), "")] = event
    channels = {token: channel for channel, token in tokens.items()}
    found = _Hardware()
    for (topic, name), event in last.items():
        kind = topic.rpartition("/")[2]
        failed = event.flag(_flag_of(kind))
        if kind == "SignalLoss" and failed is not None:
            found.signals[channels.get(event.recording, name)] = failed
        elif failed is not None:
            found.add(kind, name, failed=failed)
    return found.states()


def _flag_of(kind: str) -> str:
    """The data item of an event that says whether something is wrong."""
    if kind == "SignalLoss":
        return "State"
    return "Critical" if "Temperature" in kind else "Failed"


@dataclass(slots=True)
class _Hardware:
    """What the events have told so far; `signals` says of each video input whether it is lost."""

    disks: list[Disk] = field(default_factory=list)
    fans: list[Fan] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    signals: dict[str, bool] = field(default_factory=dict)

    def add(self, kind: str, name: str, *, failed: bool) -> None:
        """Take in a disk, a fan, or what else has failed."""
        if kind == "StorageFailure":
            self.disks.append(Disk(name, "failed" if failed else "ok"))
        elif kind == "FanFailure":
            self.fans.append(Fan(name, not failed))
        elif failed:
            self.problems.append(f"{_WORDS.get(kind, kind)} {name}".strip())

    def states(self) -> States:
        """All of it; lost inputs are known only where one was told of."""
        lost = tuple(sorted(name for name, failed in self.signals.items() if failed))
        return States(
            tuple(self.disks),
            tuple(self.fans),
            lost if self.signals else None,
            tuple(self.problems),
        )


_WORDS = {
    "PowerSupplyFailure": "power supply failed:",
    "TemperatureCritical": "temperature critical:",
}
