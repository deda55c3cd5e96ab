"""The metric contract: every family of a device with its help text, and what each observation
gives.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from healthmon.checks import registry
from healthmon.checks.metrics import Sample
from healthmon.model.device import Device
from healthmon.model.footage import RecorderHealth, RecorderMeasurement
from healthmon.model.measurements import Identity, Reference
from healthmon.model.results import Observation, Verdict
from healthmon.model.ups import Ups

# Of an agent with the database of a server.
EPOCH = "healthmon_agent_epoch"
EPOCH_HELP = "Number of the lease by which the agent has the estate, more after each takeover; 0 while it stands by."
HELP: dict[str, tuple[str, str]] = {
    "healthmon_device_info": (
        "gauge",
        "Name, place, contractor and identity of a device; always 1.",
    ),
    "healthmon_device_state": (
        "gauge",
        "1 for the state that the device is in: ok, degraded, unknown or fault.",
    ),
    "healthmon_device_maintenance": ("gauge", "1 while a maintenance window covers the device."),
    "healthmon_check_verdict": (
        "gauge",
        "Verdict of the last result of the check: 0 ok, 1 degraded, 2 unknown, 3 fault.",
    ),
    "healthmon_check_success": ("gauge", "1 if the last run of the check gave a value, 0 if not."),
    "healthmon_check_duration_seconds": ("gauge", "Duration of the last run of the check."),
    "healthmon_check_last_run_timestamp_seconds": (
        "gauge",
        "Time at which the check last ended; polled on healthmon's own timers.",
    ),
    "healthmon_check_last_success_timestamp_seconds": (
        "gauge",
        "Time at which the check last gave a value.",
    ),
    "healthmon_check_runs_total": ("counter", "Runs of the check."),
    "healthmon_check_failures_total": ("counter", "Runs of the check that gave no value."),
}


@functools.cache
def known() -> dict[str, tuple[str, str]]:
    """(kind, help) of every family of a device, those of each check included."""
    found = dict(HELP)
    for check_type in registry.installed().check_types.values():
        found.update(check_type.metric_families.help)
    return found


def samples(observation: Observation, verdicts: tuple[Verdict, ...]) -> Iterator[Sample]:
    """The value samples of one result: (family, more labels, value)."""
    check_type = registry.installed().check_types.get(observation.check_type)
    if check_type is None:
        return iter(())
    return check_type.metric_families.samples(observation, verdicts)


def about(device: Device) -> dict[str, str]:
    """What the configuration says of a device, for the info series."""
    return {
        "name": device.name,
        "variant": device.variant,
        "location": device.location,
        "contractor": device.contractor or "",
        "priority": f"P{device.priority}",
        "deployment": "disabled" if device.disabled else device.deployment,
        "web": _web(device),
    }


def _web(device: Device) -> str:
    """The address of the device's own web page, without an account; empty when it has none."""
    port, secure = device.access.http_port, device.access.https
    if port is None:
        return ""
    host = f"[{device.address}]" if ":" in device.address else device.address
    usual = port == (443 if secure else 80)
    return f"http{'s' if secure else ''}://{host}" + ("" if usual else f":{port}")


def info(observation: Observation) -> dict[str, str]:
    """What an observation tells about the device itself, for the info series."""
    value = (
        observation.value.health
        if isinstance(observation.value, RecorderMeasurement)
        else observation.value
    )
    if isinstance(value, Identity | Ups | RecorderHealth):
        found = {"vendor": value.manufacturer, "model": value.model, "firmware": value.firmware}
        return {name: text for name, text in found.items() if text}
    return {}


def reference_samples(reference: Reference) -> Iterator[tuple[str, str, dict[str, str], float]]:
    """(family, help, labels, value) of the time reference."""
    ok = reference.offset is not None
    yield (
        "healthmon_reference_clock_ok",
        "1 if there is a trustworthy time reference.",
        {},
        float(ok),
    )
    if reference.offset is not None:
        yield (
            "healthmon_reference_clock_offset_seconds",
            "True time minus the clock of this machine.",
            {},
            reference.offset.middle,
        )
        yield (
            "healthmon_reference_clock_error_seconds",
            "Largest possible error of the offset.",
            {},
            reference.offset.error,
        )
    for member in reference.members:
        labels = {"server": member.address}
        yield (
            "healthmon_ntp_server_up",
            "1 if the time server gives a usable time.",
            labels,
            float(member.state == "good"),
        )
        if member.offset is not None:
            text = "Time server minus the clock of this machine."
            yield "healthmon_ntp_server_offset_seconds", text, labels, member.offset.middle
