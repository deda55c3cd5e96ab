"""Is the recorder itself well: disks, space, heat, fans, video inputs, restarts, its clock and its
own alarms?
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from healthmon.checks.evaluation.durations import duration
from healthmon.checks.evaluation.wording import (
    not_seen,
    plain,
    refused_login,
    unread_words,
    verdict,
)
from healthmon.model.count_words import count_of
from healthmon.model.device import Device
from healthmon.model.enums import Reason, State
from healthmon.model.footage import Disk, RecorderHealth, RecorderMeasurement, Unread
from healthmon.model.results import Observation, Verdict

FULL_RATIO = 0.02
MOST_NAMED = 8
_DISK_WORDS = {"failed": "failed", "absent": "missing", "degraded": "degraded"}


def evaluate(observation: Observation, device: Device) -> tuple[Verdict, ...]:
    """Aspects: recorder, login, disks, full, temperature, fans, channels, restart, cpu, source,
    clock, firmware, alarms, and what could not be read. Those that the make does not report are
    left out.
    """
    seen = observation.value
    if not isinstance(seen, RecorderMeasurement):
        missing = not_seen(observation, "recorder", "recorder")
        refused = refused_login(observation)
        return (missing, refused) if refused else (missing,)
    health = seen.health
    found = [_answers(observation, health)]
    if device.access.credential:
        found.append(verdict(observation, "login", State.OK, "ok", "login accepted"))
    for aspect in (
        _disks,
        _full,
        _heat,
        _fans,
        _channels,
        _restart,
        _cpu,
        _source,
        _clock,
        _firmware,
        _alarms,
    ):
        found += aspect(observation, seen, device)
    judged = {one.aspect for one in found}
    unread = {one.what: one for one in reversed(seen.unread) if _must_be_known(one, seen, device)}
    found += [_not_read(observation, unread[what]) for what in unread if what not in judged]
    return tuple(found)


def _must_be_known(unread: Unread, seen: RecorderMeasurement, device: Device) -> bool:
    """Whether an operator is told that something is not known: not what another check tells, or
    nobody wants to know, or the recorder does not offer and no footage depends on.
    """
    if unread.what == "firmware":
        wanted = device.commissioned is not None and bool(device.commissioned.firmware)
        return wanted and "firmware" not in seen.elsewhere
    if unread.what == "clock" and seen.clock_checked is not None:
        return False
    if unread.what == "time source" and "source" in seen.elsewhere:
        return False
    return unread.offered or (unread.vital and bool(seen.cameras))


def _not_read(observation: Observation, unread: Unread) -> Verdict:
    """As in "disks: refused to this account (HTTP 403)"."""
    checked = "" if unread.reason is Reason.FORBIDDEN else " not checked"
    words = f"{plain(unread.what, 60)}{checked}: {unread_words(unread)}"
    return verdict(
        observation,
        unread.what,
        State.UNKNOWN,
        unread.reason.value,
        words,
        reason=unread.reason,
    )


def _answers(observation: Observation, health: RecorderHealth) -> Verdict:
    who = (
        " ".join(plain(part, 40) for part in (health.manufacturer, health.model) if part)
        or health.make
    )
    up = f", up {duration(health.uptime_seconds)}" if health.uptime_seconds is not None else ""
    return verdict(observation, "recorder", State.OK, "ok", f"recorder answers: {who}{up}")


def _named(items: list[str]) -> str:
    more = f" and {len(items) - MOST_NAMED} more" if len(items) > MOST_NAMED else ""
    return ", ".join(plain(item, 60) for item in items[:MOST_NAMED]) + more


def _bad_disks(observation: Observation, bad: Sequence[Disk], count: int) -> Verdict:
    """Disks of `count` that are not well: lost, or only degraded."""
    lost = any(disk.state in ("failed", "absent") for disk in bad)
    state = State.FAULT if lost else State.DEGRADED
    code = "disk_failed" if lost else "disk_degraded"
    words = f"{len(bad)} of {count_of(count, 'disk')} bad: {_named([_disk_words(disk) for disk in bad])}"
    return verdict(observation, "disks", state, code, words, value=len(bad))


def _disks(
    observation: Observation, seen: RecorderMeasurement, device: Device
) -> Iterator[Verdict]:
    """A disk is well only where the recorder says so."""
    del device
    disks = seen.health.disks
    known = [disk for disk in disks if disk.state is not None]
    bad = [disk for disk in known if disk.state in _DISK_WORDS]
    unclear = _unclear(disks)
    if bad:
        yield _bad_disks(observation, bad, len(known))
    elif unclear:
        yield _unknown_disks(observation, f"disks not checked: {_named(unclear)}")
    elif known:
        words = f"{count_of(len(known), 'disk')} well"
        yield verdict(observation, "disks", State.OK, "ok", words, value=0.0)
    elif seen.health.every_disk and not disks:
        yield _unknown_disks(observation, "disks not checked: the recorder names none")


def _unclear(disks: Iterable[Disk]) -> list[str]:
    """The disks whose state is told in a word that is none of the maker's, or not at all."""
    return [f"{d.name} says '{plain(d.detail, 40)}'" for d in disks if not d.state and d.detail]


def _unknown_disks(observation: Observation, words: str) -> Verdict:
    reason = Reason.NOT_REPORTED
    return verdict(observation, "disks", State.UNKNOWN, reason.value, words, reason=reason)


def _disk_words(disk: Disk) -> str:
    more = f" ({plain(disk.detail, 40)})" if disk.detail else ""
    return f"{disk.name} {_DISK_WORDS.get(disk.state or '', '')}{more}"


def free_ratio(disk: Disk) -> float | None:
    """The free share of a disk; None where it is not reported."""
    if disk.free_bytes is None or not disk.capacity_bytes:
        return None
    return min(1.0, max(0.0, disk.free_bytes / disk.capacity_bytes))


def _full(observation: Observation, seen: RecorderMeasurement, device: Device) -> Iterator[Verdict]:
    """A recorder that overwrites is always full; one that stops when it is full is not well."""
    del device
    health = seen.health
    if health.overwriting is None:
        return
    if health.overwriting:
        yield verdict(
            observation, "full", State.OK, "ok", "overwrites the oldest footage when full"
        )
        return
    shares = [share for disk in health.disks if (share := free_ratio(disk)) is not None]
    full = any(disk.state == "full" for disk in health.disks) or (
        bool(shares) and max(shares) < FULL_RATIO
    )
    left = f"{max(shares) * 100:.0f} % free" if shares else "free space not reported"
    if full:
        words = f"disks full and not overwriting: recording stops ({left}, limit {FULL_RATIO * 100:.0f} %)"
        yield verdict(observation, "full", State.FAULT, "recorder_full", words)
    else:
        words = f"set to stop recording when full, not to overwrite ({left})"
        yield verdict(observation, "full", State.DEGRADED, "not_overwriting", words)


def _heat(observation: Observation, seen: RecorderMeasurement, device: Device) -> Iterator[Verdict]:
    limit, health = device.limits.recorder_temperature, seen.health
    found = [("recorder", health.temperature_celsius)]
    found += [(f"disk {plain(disk.name, 40)}", disk.temperature_celsius) for disk in health.disks]
    known = [(value, name) for name, value in found if value is not None]
    if known:
        value, name = max(known)
        state = State.DEGRADED if value > limit else State.OK
        words = f"{name} {value:.0f} C (limit {limit:.0f} C)"
        yield verdict(observation, "temperature", state, "recorder_hot", words, value=value)


def _fans(observation: Observation, seen: RecorderMeasurement, device: Device) -> Iterator[Verdict]:
    del device
    known = [fan for fan in seen.health.fans if fan.well is not None]
    bad = [fan.name for fan in known if not fan.well]
    if known:
        words = (
            f"{len(bad)} of {count_of(len(known), 'fan')} failed: {_named(bad)}"
            if bad
            else count_of(len(known), "fan runs", "fans run")
        )
        state = State.DEGRADED if bad else State.OK
        yield verdict(observation, "fans", state, "fan_failed", words, value=len(bad))


def _channels(
    observation: Observation, seen: RecorderMeasurement, device: Device
) -> Iterator[Verdict]:
    """Inputs without video; where the configuration names cameras only theirs count, others may be
    unused.

    A camera that cannot be reached itself explains its empty channel.
    """
    del device
    if seen.health.channels_lost is None:
        return
    cameras = dict(seen.cameras)
    lost = [name for name in seen.health.channels_lost if name in cameras or not cameras]
    own = [name for name in lost if cameras.get(name) not in seen.away]
    if own:
        words = _lost_words(own, cameras)
        yield verdict(observation, "channels", State.FAULT, "channel_lost", words, value=len(own))
        return
    but = " but those of cameras that cannot be reached" if lost else ""
    yield verdict(
        observation, "channels", State.OK, "ok", f"video on every channel{but}", value=0.0
    )


def _lost_words(own: Sequence[str], cameras: Mapping[str, str]) -> str:
    """As in "no video on 2 of 16 channels: 3 (C003), 4 (C004)"."""
    named = _named([f"{name} ({cameras[name]})" if name in cameras else name for name in own])
    of = f" of {len(cameras)}" if cameras else ""
    word = "channel" if len(own) + len(cameras) == 1 else "channels"
    return f"no video on {len(own)}{of} {word}: {named}"


def _restart(
    observation: Observation, seen: RecorderMeasurement, device: Device
) -> Iterator[Verdict]:
    up, limit = seen.health.uptime_seconds, device.limits.recorder_restart
    if up is None:
        return
    if up < limit:
        words = f"restarted {duration(up)} ago (reported for {duration(limit)})"
        began = seen.read_at - up
        yield verdict(
            observation, "restart", State.DEGRADED, "restarted", words, value=up, began=began
        )
    else:
        yield verdict(observation, "restart", State.OK, "ok", f"up for {duration(up)}", value=up)


def _cpu(observation: Observation, seen: RecorderMeasurement, device: Device) -> Iterator[Verdict]:
    load, limit = seen.health.cpu_ratio, device.limits.recorder_cpu
    if load is not None:
        words = f"processor {load * 100:.0f} % busy (limit {limit * 100:.0f} %)"
        state = State.DEGRADED if load > limit else State.OK
        yield verdict(observation, "cpu", state, "recorder_busy", words, value=load)


def _source(
    observation: Observation, seen: RecorderMeasurement, device: Device
) -> Iterator[Verdict]:
    """Where its time comes from. By ONVIF the clock check says "by hand" itself."""
    del device
    health = seen.health
    if health.time_source == "manual" and "source" in seen.elsewhere:
        yield verdict(
            observation, "source", State.OK, "ok", "its time source is reported by the clock check"
        )
    elif health.time_source == "manual":
        words = "recorder's clock is set by hand, not by NTP"
        yield verdict(observation, "source", State.DEGRADED, "clock_manual", words)
    elif health.time_source == "ntp" and health.time_server == "":
        words = "recorder's clock is set to NTP, but no time server is named"
        yield verdict(observation, "source", State.DEGRADED, "no_time_server", words)
    elif health.time_source == "ntp":
        server = f" from {plain(health.time_server, 60)}" if health.time_server else ""
        yield verdict(
            observation, "source", State.OK, "ok", f"recorder's clock is set by NTP{server}"
        )


def _clock(
    observation: Observation, seen: RecorderMeasurement, device: Device
) -> Iterator[Verdict]:
    """The clock that footage is stamped with, where the clock check does not read the same one."""
    told, true, checked = seen.health.clock, seen.true, seen.clock_checked
    if told is None or true is None:
        return
    warn, fault = device.limits.clock
    if checked is not None and max(told.low - checked.high, checked.low - told.high) <= warn:
        yield verdict(
            observation,
            "clock",
            State.OK,
            "ok",
            "stamps footage with the time that the clock check reads",
        )
        return
    least = max(told.low - true.high, true.low - told.high, 0.0)
    offset = told.middle - true.middle
    limits = f"(limits {duration(warn)} / {duration(fault)})"
    if least > warn:
        side = "ahead" if offset > 0 else "behind"
        words = f"footage is stamped {duration(offset, fine=True)} {side} of true time {limits}"
        state = State.FAULT if least > fault else State.DEGRADED
        yield verdict(observation, "clock", state, "recording_clock", words, value=offset)
    else:
        yield verdict(
            observation,
            "clock",
            State.OK,
            "ok",
            f"stamps footage with true time {limits}",
            value=offset,
        )


def _firmware(
    observation: Observation, seen: RecorderMeasurement, device: Device
) -> Iterator[Verdict]:
    """Against the commissioned one, where the identity check does not see it."""
    wanted = device.commissioned.firmware if device.commissioned else None
    told = seen.health.firmware
    if wanted and told:
        same = wanted.strip().casefold() == told.strip().casefold()
        same = same or "firmware" in seen.elsewhere  # the identity check says so
        words = f"firmware {plain(told, 40)}" + (
            "" if same else f", commissioned was {plain(wanted, 40)}"
        )
        yield verdict(
            observation, "firmware", State.OK if same else State.DEGRADED, "firmware_changed", words
        )


def _alarms(
    observation: Observation, seen: RecorderMeasurement, device: Device
) -> Iterator[Verdict]:
    del device
    if seen.health.problems:
        words = f"recorder's own alarms: {_named(list(seen.health.problems))}"
        yield verdict(observation, "alarms", State.DEGRADED, "recorder_alarm", words)
    else:
        yield verdict(observation, "alarms", State.OK, "ok", "no alarms of its own")
