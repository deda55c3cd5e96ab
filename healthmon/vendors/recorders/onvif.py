"""Recorders by ONVIF Profile G: recordings and their dates, gaps, jobs, replay; health as far as
ONVIF tells it.

Everything is read by calls and searches. No event subscription is made: disks, fans and video
inputs are reported only where the recording search gives the state of properties
(GeneralStartEvents).
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from healthmon.model.footage import RecorderAnswer, RecorderHealth, Recording
from healthmon.protocols.errors import NotReportedError, UnsupportedError
from healthmon.protocols.onvif import call as onvif_call
from healthmon.protocols.onvif import profile_g
from healthmon.protocols.onvif import profile_g_requests as checks
from healthmon.vendors.client import Replay, VendorClient
from healthmon.vendors.partial_read import Need, PartialRead
from healthmon.vendors.recorders import onvif_channels, onvif_reads
from healthmon.vendors.recorders.onvif_history import History
from healthmon.vendors.recorders.onvif_reads import TOKENS, Session
from healthmon.vendors.registry import Call, VendorInfo

USER = "user"
ABOUT = VendorInfo(
    make="onvif",
    title="ONVIF Profile G (any maker)",
    calls=(
        Call("GetSystemDateAndTime", "clock, time source", "none"),
        Call("GetServices, else GetCapabilities", "where search, recording and replay are", "none"),
        Call("FindRecordings, GetRecordingSearchResults, EndSearch", "newest and oldest footage, state", USER),
        Call("GetRecordingInformation", "the same, where there is no recording search", USER),
        Call("GetRecordingSummary", "newest and oldest footage of a recorder with one recording", USER),
        Call("FindEvents, GetEventSearchResults", "gaps of 7 days, then what is new; disks, fans, video loss", USER),
        Call("GetRecordings", "retention that is set", USER),
        Call("GetRecordingJobs, GetRecordingJobState", "why a channel is not recorded", USER),
        Call("GetNTP", "time servers", USER),
        Call("GetDeviceInformation", "maker, model, serial, firmware", USER),
        Call("GetReplayUri", "where footage is played", USER),
    ),
    tells=frozenset({
        "recorder.manufacturer", "recorder.model", "recorder.serial", "recorder.firmware", "recorder.time_source",
        "recorder.time_server", "recorder.clock", "recorder.disks", "recorder.fans", "recorder.channels_lost",
        "recorder.problems", "disk.state", "fan.well",
        "recording.name", "recording.recording", "recording.state", "recording.oldest", "recording.newest",
        "recording.gaps", "recording.retention_seconds", "recording.error", "recording.signal",
    }),
    account="an ONVIF user of level User (it may read media and system, and change nothing)",
    verified=("healthmon's simulated recorder", "GStreamer 1.22's ONVIF replay server (playback)"),
    remarks=(
        "A channel in config.yaml is the recording's token, its source's name, or the number that the name ends with.",
        "Disks, fans and video loss only where the search service has GeneralStartEvents; no subscription is made.",
    ),
)  # fmt: skip
STALE = 120.0
REPLAY, URI_SECONDS = "replay", 60.0
_STATES = {
    "recording": True,
    "stopped": False,
    "initiated": False,
    "removing": False,
    "removed": False,
}
_JOB_STATES = {"active": True, "partiallyactive": True, "idle": False, "error": False}


async def read(contact: VendorClient, wanted: frozenset[str]) -> RecorderAnswer:
    """Everything about the recorder and the `wanted` channels. Raises ExchangeError when it tells of no
    recordings.

    What matters most is read first: what there is no time left for is left out and noted.
    """
    parts = PartialRead(contact)
    clock = await onvif_reads.clock(parts)
    session = Session(parts, await onvif_reads.paths(contact), clock)
    found = await onvif_reads.recordings(session, wanted)
    channels = {
        name: onvif_channels.video(one)
        for name, one in onvif_channels.matched(wanted, found).items()
    }
    contact.memory[TOKENS] = {channel: one.token for channel, one in channels.items()}
    stale = [one.token for one in channels.values() if _is_stale(one, session.now)]
    jobs = await onvif_reads.jobs(session, stale) if stale else {}
    kept = await onvif_reads.retention(session) if channels else {}
    health = await _health(session)
    history = await onvif_reads.history(session) if channels else None
    recordings: list[Recording] = []
    for channel, one in sorted(channels.items()):
        told = _recording(channel, one, jobs.get(one.token), kept.get(one.token))
        gaps = _gaps(session, channel, one, history)
        recordings.append(replace(told, signal=_signal(channel, health), **gaps))
    return RecorderAnswer(
        health,
        tuple(recordings),
        tuple(parts.notes),
        onvif_channels.named(found),
        tuple(parts.unread),
    )


def _signal(channel: str, health: RecorderHealth) -> bool | None:
    return None if health.channels_lost is None else channel not in health.channels_lost


def _is_stale(found: profile_g.Found, now: float) -> bool:
    """Whether a recording may have stopped, so that its jobs are asked why."""
    return found.newest is None or now - found.newest > STALE


async def replay(contact: VendorClient, recording: Recording, _at: float) -> Replay:
    """GetReplayUri of a channel; the time goes into the Range header. Raises ExchangeError."""
    token = contact.memory.get(TOKENS, {}).get(recording.channel)
    path = (await onvif_reads.paths(contact)).get(checks.NS_REPLAY)
    if token is None or path is None:
        raise UnsupportedError("the recorder offers no replay (ONVIF Profile G)")
    known, kept, at = contact.memory.get(REPLAY, ("", "", -URI_SECONDS))
    if known != token or time.monotonic() - at >= URI_SECONDS:
        uri = profile_g.replay_uri((await contact.soap(path, checks.get_replay_uri(token))).body)
        kept = onvif_call.path_of(uri, contact.device.address, "replay")
        contact.memory[REPLAY] = (token, kept, time.monotonic())
    return Replay(kept)


def _recording(
    channel: str, found: profile_g.Found, job: profile_g.Job | None, kept: float | None
) -> Recording:
    """One channel. A job's state says more than the recording's: it proves that data flows, or says
    why not.
    """
    told = job.state if job is not None and job.state else found.status
    known = _JOB_STATES if job is not None and job.state else _STATES
    return Recording(
        channel,
        name=found.name or None,
        recording=known.get((told or "").lower()),
        state=told,
        oldest=found.oldest,
        newest=found.newest,
        retention_seconds=kept,
        error=job.error if job is not None else None,
    )


def _gaps(
    session: Session, channel: str, found: profile_g.Found, history: History | None
) -> dict[str, Any]:
    """The fields of a Recording about gaps, as far as the history tells."""
    if history is None:
        return {}
    video = {track.token for track in found.tracks if track.kind == "video"}
    told = history.gaps(found.token, video, session.now)
    if told is None:
        error = NotReportedError("its events tell nothing of this recording")
        session.parts.missed(f"gaps of channel {channel}", error, Need("gaps", channel))
        return {}
    return {"gaps": told[0], "gaps_since": max(told[1], found.oldest or told[1])}


async def _health(session: Session) -> RecorderHealth:
    about = await onvif_reads.information(session)
    servers = await onvif_reads.time_servers(session)
    states = await onvif_reads.states(session)
    return RecorderHealth(
        make=ABOUT.make,
        manufacturer=about.manufacturer if about else None,
        model=about.model if about else None,
        serial=about.serial if about else None,
        firmware=about.firmware if about else None,
        disks=states.disks,
        fans=states.fans,
        channels_lost=states.lost,
        problems=states.problems,
        time_source=session.clock.source,
        time_server=None if servers is None else ", ".join(servers),
        clock=session.clock.span,
    )
