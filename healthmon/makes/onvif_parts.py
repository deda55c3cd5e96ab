"""The parts of one read of an ONVIF recorder, each by its own calls; rare ones are asked once an hour."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from typing import TypeVar

from healthmon.makes import onvif_channels, onvif_search
from healthmon.makes.clocks import Clock
from healthmon.makes.contact import Contact
from healthmon.makes.onvif_history import MOST_CHANGES, History
from healthmon.makes.parts import FATAL, Parts
from healthmon.model import Disk, Fan, Span
from healthmon.wire import onvif, onvif_call, soap
from healthmon.wire import profile_g as g
from healthmon.wire import profile_g_asks as asks
from healthmon.wire.errors import (
    BusyError,
    ResetError,
    SilentError,
    TooLargeError,
    UnsupportedError,
    WireError,
)

PATHS, HISTORY, TOKENS, REFUSED, GENERAL = (
    "paths",
    "history",
    "tokens",
    "refused",
    "general_start_events",
)
HOUR, DAY = 3600.0, 86400.0
JUST_NOW = 60.0
TOPICS = (f"tns1:{asks.TRACK_STATE}|tns1:{asks.RECORDING_STATE}", f"tns1:{asks.TRACK_STATE}")
STATE_TOPICS = "tns1:Device/HardwareFailure//.|tns1:VideoSource/SignalLoss"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Session:
    """One read: its parts, the paths of the services by namespace, the recorder's clock."""

    parts: Parts
    paths: Mapping[str, str]
    clock: Clock

    @property
    def contact(self) -> Contact:
        """The session's contact."""
        return self.parts.contact

    @property
    def now(self) -> float:
        """Unix seconds by the recorder's clock."""
        return self.clock.now()


@dataclass(frozen=True, slots=True)
class States:
    """Properties of the hardware; `lost` are channels without video, None where that is not told."""

    disks: tuple[Disk, ...] = ()
    fans: tuple[Fan, ...] = ()
    lost: tuple[str, ...] | None = None
    problems: tuple[str, ...] = ()


async def clock(parts: Parts) -> Clock:
    """The recorder's clock by UTCDateTime, else by the ``Date`` of the same answer; no span where it tells neither."""
    contact = parts.contact
    try:
        told = onvif.time_of(
            await contact.soap(
                contact.device.access.onvif_path or "/", soap.GET_SYSTEM_DATE_AND_TIME
            )
        )
    except FATAL:
        raise
    except WireError as error:
        parts.missed("clock", error)
        return Clock(UTC)
    stated = told.utc or told.http_date
    if stated is None:
        return Clock(UTC, source=told.mode)
    second = stated.timestamp()
    span = Span(second - told.ended, second + 1.0 - told.began)
    contact.skew = span.middle
    return Clock(UTC, span, told.mode)


async def paths(contact: Contact) -> Mapping[str, str]:
    """The path of each service by its namespace; only the path of an XAddr is used. Raises WireError."""
    known: dict[str, str] | None = contact.memory.get(PATHS)
    if known is not None:
        return known
    device = contact.device.access.onvif_path or "/"
    try:
        named, general = g.services((await contact.soap(device, asks.GET_SERVICES)).body)
    except FATAL:
        raise
    except WireError:
        named, general = (
            g.capabilities((await contact.soap(device, asks.GET_CAPABILITIES)).body),
            False,
        )
    host = contact.device.address
    known = {
        namespace: onvif_call.path_of(address, host, namespace)
        for namespace, address in named.items()
    }
    contact.memory[PATHS], contact.memory[GENERAL] = known, general
    return known


async def recordings(session: Session, wanted: frozenset[str]) -> tuple[g.Found, ...]:
    """Every recording with its dates. Raises WireError where not one way tells them."""
    contact, path = session.contact, session.paths.get(asks.NS_SEARCH)
    if path is None:
        contact.memory.pop(PATHS, None)
        raise UnsupportedError("the recorder offers no recording search (ONVIF Profile G)")
    try:
        found = await onvif_search.recordings(contact, path)
    except FATAL:
        raise
    except WireError as error:
        contact.memory.pop(PATHS, None)
        found = await _one_by_one(session, wanted)
        if not found:
            raise
        session.parts.missed("recording search", error)
    session.parts.read += 1
    if len(found) == 1 and found[0].newest is None and found[0].oldest is None:
        told = await session.parts.soap("summary", path, asks.GET_RECORDING_SUMMARY, g.summary)
        if told is not None and told[2] == 1:
            return (replace(found[0], oldest=told[0], newest=told[1]),)
    return found


async def _one_by_one(session: Session, wanted: frozenset[str]) -> tuple[g.Found, ...]:
    """Without a recording search: the recordings of the recording service, the wanted ones with their dates."""
    path, search = session.paths.get(asks.NS_RECORDING), session.paths[asks.NS_SEARCH]
    named = (
        await session.parts.soap("recordings", path, asks.GET_RECORDINGS, g.recordings)
        if path
        else None
    )
    chosen = {one.token for one in onvif_channels.matched(wanted, named or ()).values()}
    found: list[g.Found] = []
    for one in named or ():
        told = None
        if one.token in chosen:
            ask = asks.get_recording_information(one.token)
            told = await session.parts.soap(
                f"recording {one.token}", search, ask, g.recording_information
            )
        found.append(told or one)
    return tuple(found)


async def jobs(session: Session, stale: Iterable[str]) -> dict[str, g.Job]:
    """The recording jobs of the recordings `stale` with their states and errors, by recording."""
    path = session.paths.get(asks.NS_RECORDING)
    if path is None:
        return {}
    told = await session.parts.soap("recording jobs", path, asks.GET_RECORDING_JOBS, g.jobs)
    found: dict[str, g.Job] = {}
    for job in told or ():
        if job.recording in stale:
            ask = asks.get_recording_job_state(job.token)
            state, error = await session.parts.soap(
                f"state of job {job.token}", path, ask, g.job_state
            ) or (None, None)
            known = found.get(job.recording)
            if known is None or (state or "").lower() == "active":
                found[job.recording] = replace(job, state=state, error=error)
    return found


async def retention(session: Session) -> dict[str, float]:
    """The retention that is set for each recording, seconds."""
    path = session.paths.get(asks.NS_RECORDING)
    if path is None:
        return {}
    told = await _hourly(session, "retention that is set", path, asks.GET_RECORDINGS, g.recordings)
    return {one.token: one.retention for one in told or () if one.retention is not None}


async def information(session: Session) -> g.About | None:
    """Maker, model, serial and firmware."""
    device = session.contact.device.access.onvif_path or "/"
    return await _hourly(session, "model", device, asks.GET_DEVICE_INFORMATION, g.information)


async def time_servers(session: Session) -> tuple[str, ...] | None:
    """The time servers that are set; None where that is not told."""
    device = session.contact.device.access.onvif_path or "/"
    return await _hourly(session, "time servers", device, asks.GET_NTP, g.ntp_servers)


async def _hourly(
    session: Session, what: str, path: str, envelope: bytes, parse: Callable[[bytes], T]
) -> T | None:
    """A part that seldom changes, asked once an hour."""
    at, kept = session.contact.memory.get(what, (-HOUR, None))
    now = time.monotonic()
    if kept is not None and now - at < HOUR:
        return kept  # type: ignore[no-any-return]
    told = await session.parts.soap(what, path, envelope, parse)
    if told is not None:
        session.contact.memory[what] = (now, told)
    return told


async def history(session: Session) -> History | None:
    """The gaps' history up to now; None where the recorder does not tell it or it is not complete yet."""
    known: History = session.contact.memory.setdefault(HISTORY, History())
    now = session.now
    told = await _events(session, "gaps", (known.next_start(now), now), TOPICS)
    if told is None:
        return None
    complete, events = told
    known.take(events)
    known.searched(now if complete else max((e.at for e in events), default=known.until), now)
    if known.changes > MOST_CHANGES:
        del session.contact.memory[HISTORY]
        session.parts.note(f"gaps not read: more than {MOST_CHANGES} changes in a week")
        return None
    if not complete:
        session.parts.note(f"gaps not known yet: history read up to {asks.utc(known.until)}")
    return known if complete else None


async def _events(
    session: Session, what: str, span: tuple[float, float], topics: tuple[str, ...]
) -> tuple[bool, list[g.Event]] | None:
    """An event search with the first of `topics` that the recorder takes; what it refuses is left alone for a day."""
    contact, path = session.contact, session.paths[asks.NS_SEARCH]
    refused: dict[str, float] = contact.memory.setdefault(REFUSED, {})
    error: WireError = UnsupportedError("the recorder has refused the event search")
    for topic in topics:
        if time.monotonic() - refused.get(topic, -DAY) < DAY:
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
        except WireError as final:
            error = final
            refused[topic] = time.monotonic()
    session.parts.missed(what, error)
    return None


async def states(session: Session) -> States:
    """Disks, fans and video inputs, where the search gives the state of properties at its start."""
    if not session.contact.memory.get(GENERAL):
        session.parts.note(
            "disks, fans and video loss: not told by ONVIF without an event subscription"
        )
        return States()
    now = session.now
    told = await _events(
        session, "disks, fans and video loss", (now - JUST_NOW, now), (STATE_TOPICS,)
    )
    return (
        hardware(told[1], session.contact.memory.get(TOKENS, {})) if told is not None else States()
    )


def hardware(events: Iterable[g.Event], tokens: Mapping[str, str]) -> States:
    """The last word of each property; `tokens` maps channels to recordings. Pure."""
    last: dict[tuple[str, str], g.Event] = {}
    for event in sorted(events, key=lambda one: one.at):
        last[event.topic, event.recording or next(iter(event.source.values()), "")] = event
    disks: list[Disk] = []
    fans: list[Fan] = []
    problems: list[str] = []
    signals: dict[str, bool] = {}
    channels = {token: channel for channel, token in tokens.items()}
    for (topic, name), event in last.items():
        kind = topic.rpartition("/")[2]
        failed = event.flag(
            "State" if kind == "SignalLoss" else "Critical" if "Temperature" in kind else "Failed"
        )
        if failed is None:
            continue
        if kind == "StorageFailure":
            disks.append(Disk(name, "failed" if failed else "ok"))
        elif kind == "FanFailure":
            fans.append(Fan(name, not failed))
        elif kind == "SignalLoss":
            signals[channels.get(event.recording, name)] = failed
        elif failed:
            problems.append(f"{_WORDS.get(kind, kind)} {name}".strip())
    lost = tuple(sorted(name for name, failed in signals.items() if failed)) if signals else None
    return States(tuple(disks), tuple(fans), lost, tuple(problems))


_WORDS = {
    "PowerSupplyFailure": "power supply failed:",
    "TemperatureCritical": "temperature critical:",
}
