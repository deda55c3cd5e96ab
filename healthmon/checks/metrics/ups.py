"""The metric families of the UPS check."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.checks.metrics import Help, Sample
from healthmon.model import ups as says
from healthmon.model.results import Observation, Verdict
from healthmon.model.ups import Ups

HELP: Help = {
    "healthmon_ups_up": (
        "gauge",
        "1 if the UPS itself reports, 0 if its card or driver has lost it.",
    ),
    "healthmon_ups_status": ("gauge", "1 for the source of the output (RFC 1628 upsOutputSource)."),
    "healthmon_ups_on_battery_seconds": (
        "gauge",
        "Seconds on battery (RFC 1628 upsSecondsOnBattery).",
    ),
    "healthmon_ups_runtime_seconds": (
        "gauge",
        "Estimated runtime left (RFC 1628 upsEstimatedMinutesRemaining).",
    ),
    "healthmon_ups_battery_charge_ratio": (
        "gauge",
        "Battery charge (RFC 1628 upsEstimatedChargeRemaining).",
    ),
    "healthmon_ups_load_ratio": ("gauge", "Output load (RFC 1628 upsOutputPercentLoad)."),
    "healthmon_ups_input_volts": ("gauge", "Input voltage, by line."),
    "healthmon_ups_battery_temperature_celsius": ("gauge", "Battery temperature."),
    "healthmon_ups_battery_replace": ("gauge", "1 if the battery must be replaced."),
}


UPS_STATES = (
    "normal",
    "battery",
    "bypass",
    "boost",
    "trim",
    "eco",
    "off",
    "test",
    "other",
    "unknown",
)


def samples(observation: Observation, verdicts: tuple[Verdict, ...]) -> Iterator[Sample]:
    """What the UPS reports."""
    del verdicts
    if isinstance(observation.value, Ups):
        yield from _figures(observation.value)


def _figures(ups: Ups) -> Iterator[Sample]:
    yield "healthmon_ups_up", (), float(says.LINK_LOST not in ups.conditions)
    now = ups.source or "unknown"
    for status in UPS_STATES:
        yield "healthmon_ups_status", (("status", status),), float(status == now)
    for name, value in (
        ("on_battery_seconds", ups.on_battery_seconds),
        ("runtime_seconds", ups.runtime_seconds),
        ("battery_charge_ratio", ups.charge_ratio),
        ("load_ratio", ups.load_ratio),
        ("battery_temperature_celsius", ups.temperature_celsius),
        ("battery_replace", ups.says(says.BATTERY_REPLACE, says.BATTERY_KEEPS)),
    ):
        if value is not None:
            yield f"healthmon_ups_{name}", (), float(value)
    for number, volts in enumerate(ups.input_volts, 1):
        yield "healthmon_ups_input_volts", (("line", str(number)),), volts
