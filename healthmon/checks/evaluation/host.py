"""A workstation by its own word: the load of its processors and how full its volumes are. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.checks.evaluation.durations import duration
from healthmon.checks.evaluation.wording import not_seen, plain, unread_words, verdict
from healthmon.model.device import Device
from healthmon.model.enums import Reason, State
from healthmon.model.host import Host, Volume
from healthmon.model.results import Observation, Verdict


def evaluate(observation: Observation, device: Device) -> tuple[Verdict, ...]:
    """Aspects: host, cpu, and ``volume NAME`` of each volume that is asked for."""
    host = observation.value
    if not isinstance(host, Host):
        return (not_seen(observation, "host", "computer"),)
    volumes = (_volume(observation, one, device.limits.workstation_disk) for one in host.volumes)
    return (_host(observation, host), *_cpu(observation, host, device), *volumes)


def _host(observation: Observation, host: Host) -> Verdict:
    """That it answers. What it does not report is named, and costs nothing else."""
    up = f", up {duration(host.uptime_seconds)}" if host.uptime_seconds is not None else ""
    missed = "; ".join(f"{one.what} not read: {unread_words(one)}" for one in host.unread)
    sentence = f"computer answers{up}{f'; {missed}' if missed else ''}"
    return verdict(observation, "host", State.OK, "ok", sentence)


def _cpu(observation: Observation, host: Host, device: Device) -> Iterator[Verdict]:
    load, limit = host.cpu_ratio, device.limits.workstation_cpu
    if load is not None:
        words = f"processors {load * 100:.0f} % busy (limit {limit * 100:.0f} %)"
        state = State.DEGRADED if load > limit else State.OK
        yield verdict(observation, "cpu", state, "host_busy", words, value=load)


def _volume(observation: Observation, volume: Volume, limit: float) -> Verdict:
    aspect, name = f"volume {volume.name}", f"volume {plain(volume.name, 40)}"
    if volume.missing:
        words = f"{name} is missing: {plain(volume.missing)}"
        return verdict(observation, aspect, State.FAULT, "volume_missing", words)
    if volume.used_ratio is None:
        reason = Reason.NOT_REPORTED
        words = f"{name} not checked: its size is not reported"
        return verdict(observation, aspect, State.UNKNOWN, reason.value, words, reason=reason)
    words = f"{name} {volume.used_ratio * 100:.0f} % full (limit {limit * 100:.0f} %)"
    state = State.DEGRADED if volume.used_ratio > limit else State.OK
    return verdict(observation, aspect, state, "volume_full", words, value=volume.used_ratio)
