"""The metric families of the clock check."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.checks.metrics import Help, Sample
from healthmon.model.enums import State
from healthmon.model.measurements import Clock
from healthmon.model.results import Observation, Verdict

OFFSET, ERROR = "healthmon_clock_offset_seconds", "healthmon_clock_offset_error_seconds"
HELP: Help = {
    OFFSET: (
        "gauge",
        "Clock minus true time, by source; picture is the one in the picture, recording stamps footage.",
    ),
    ERROR: (
        "gauge",
        "Largest possible error of the clock offset, by source.",
    ),
    "healthmon_clock_state": ("gauge", "1 for the state that the device's clock is in."),
    "healthmon_clock_ntp_mode": (
        "gauge",
        "1 if the device reports that NTP sets its clock (ONVIF DateTimeType).",
    ),
    "healthmon_clock_ntp_servers": (
        "gauge",
        "Number of time servers that the camera is set to ask (ONVIF GetNTP).",
    ),
}


CLOCK_STATES = ("ok", "drift", "timezone", "utc_field", "reset", "unknown")
_CLOCK_CODES = {
    "ok": "ok",
    "clock_drift": "drift",
    "clock_zone": "timezone",
    "clock_utc_label": "utc_field",
    "clock_reset": "reset",
    "clock_wrong_date": "reset",
    "clock_invalid": "reset",
}


def samples(observation: Observation, verdicts: tuple[Verdict, ...]) -> Iterator[Sample]:
    """How wrong each clock of the device is, and the state that its time is in."""
    if isinstance(observation.value, Clock):
        yield from _readings(observation.value)
    for verdict in verdicts:
        if verdict.aspect == "offset":
            yield from _state(verdict)


def offset_samples(source: str, offset: float, error: float) -> Iterator[Sample]:
    """One clock against true time, in seconds."""
    labels = (("source", source),)
    yield OFFSET, labels, offset
    yield ERROR, labels, error


def _state(verdict: Verdict) -> Iterator[Sample]:
    now = "unknown"
    if verdict.state is not State.UNKNOWN:
        now = _CLOCK_CODES.get(verdict.code, "unknown")
    for state in CLOCK_STATES:
        yield "healthmon_clock_state", (("state", state),), float(state == now)


def _readings(clock: Clock) -> Iterator[Sample]:
    if clock.reference is not None and clock.reference.offset is not None:
        true = clock.reference.offset
        for reading in clock.readings:
            if reading.offset is not None:
                offset = reading.offset.middle - true.middle
                yield from offset_samples(reading.source, offset, reading.offset.error + true.error)
    if clock.mode is not None:
        yield "healthmon_clock_ntp_mode", (), float(clock.mode == "ntp")
    if clock.source is not None and clock.source.reason is None:
        yield "healthmon_clock_ntp_servers", (), float(len(clock.source.servers))
