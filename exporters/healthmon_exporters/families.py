"""The metric contract: every family of a device with its help text, and what each observation gives."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.model import (
    Certificate,
    Clock,
    Device,
    Identity,
    Link,
    Observation,
    Reach,
    RecorderHealth,
    RecorderSeen,
    Reference,
    Relay,
    State,
    Stream,
    SwitchPort,
    Ups,
    Verdict,
)
from healthmon_exporters import link_families, recorder_families

Sample = tuple[str, tuple[tuple[str, str], ...], float]
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

HELP: dict[str, tuple[str, str]] = {
    "healthmon_device_info": (
        "gauge",
        "Who a device is, where, who repairs it, and what it says of itself; always 1.",
    ),
    "healthmon_device_state": (
        "gauge",
        "1 for the state that the device is in: ok, degraded, unknown or fault.",
    ),
    "healthmon_device_up": (
        "gauge",
        "1 when the device can be reached, 0 when not; absent while not known.",
    ),
    "healthmon_device_maintenance": ("gauge", "1 while a maintenance window covers the device."),
    "healthmon_check_success": ("gauge", "1 when the last look gave a value, 0 when not."),
    "healthmon_check_duration_seconds": ("gauge", "How long the last look took."),
    "healthmon_check_last_run_timestamp_seconds": (
        "gauge",
        "When the last look ended; polled on healthmon's own timers.",
    ),
    "healthmon_check_last_success_timestamp_seconds": ("gauge", "When a look last gave a value."),
    "healthmon_check_runs_total": ("counter", "Looks."),
    "healthmon_check_failures_total": ("counter", "Looks that gave no value."),
    "healthmon_clock_offset_seconds": ("gauge", "Device clock minus true time, by source."),
    "healthmon_clock_offset_error_seconds": (
        "gauge",
        "Bound of the error of the clock offset, by source.",
    ),
    "healthmon_clock_state": ("gauge", "1 for the state that the device's clock is in."),
    "healthmon_clock_ntp_mode": (
        "gauge",
        "1 when the device says that NTP sets its clock (ONVIF DateTimeType).",
    ),
    "healthmon_stream_up": ("gauge", "1 when pictures flow."),
    "healthmon_stream_frames_per_second": (
        "gauge",
        "Access units per second by distinct RTP timestamps.",
    ),
    "healthmon_stream_bytes_per_second": ("gauge", "RTP bytes per second of the last look."),
    "healthmon_stream_loss_ratio": ("gauge", "Lost RTP packets by sequence number."),
    "healthmon_stream_jitter_seconds": ("gauge", "Interarrival jitter (RFC 3550)."),
    "healthmon_stream_first_packet_seconds": ("gauge", "Time from PLAY to the first RTP packet."),
    "healthmon_stream_first_keyframe_seconds": ("gauge", "Time from PLAY to the first key frame."),
    "healthmon_stream_keyframe_interval_seconds": ("gauge", "Time between key frames."),
    "healthmon_reach_seconds": ("gauge", "Time to connect, by port name."),
    "healthmon_ups_up": (
        "gauge",
        "1 when the UPS itself reports, 0 when its card or driver has lost it.",
    ),
    "healthmon_ups_status": (
        "gauge",
        "1 for where the output comes from (RFC 1628 upsOutputSource).",
    ),
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
    "healthmon_ups_battery_replace": ("gauge", "1 when the battery must be replaced."),
    "healthmon_certificate_expiry_timestamp_seconds": ("gauge", "When the certificate ends."),
    **link_families.HELP,
    **recorder_families.HELP,
}


def samples(observation: Observation, verdicts: tuple[Verdict, ...]) -> Iterator[Sample]:
    """The value samples of one observation: (family, more labels, value)."""
    value = observation.value
    if isinstance(value, Clock):
        yield from _clock(value)
    elif isinstance(value, Stream):
        yield from _stream(observation, value)
    elif isinstance(value, Ups):
        yield from _ups(value)
    elif isinstance(value, Reach):
        for port in value.ports:
            if port.seconds is not None:
                name = f"tcp/{port.number}" if port.name == "tcp" else port.name
                yield "healthmon_reach_seconds", (("port", name),), port.seconds
    elif isinstance(value, Certificate):
        yield (
            "healthmon_certificate_expiry_timestamp_seconds",
            (("port", str(value.port)),),
            value.not_after,
        )
    elif isinstance(value, SwitchPort):
        yield from link_families.port_samples(value)
    elif isinstance(value, Link):
        yield from link_families.link_samples(value)
    elif isinstance(value, Relay):
        yield from link_families.relay_samples(value)
    yield from recorder_families.samples(observation, verdicts)
    for verdict in verdicts:
        yield from _judged(observation, verdict)


def _judged(observation: Observation, verdict: Verdict) -> Iterator[Sample]:
    if verdict.aspect == "reach" and verdict.state is not State.UNKNOWN:
        yield "healthmon_device_up", (), float(verdict.state is not State.FAULT)
    if (
        verdict.question == "stream"
        and verdict.aspect == "pictures"
        and verdict.state is not State.UNKNOWN
    ):
        labels = (("stream", observation.part),)
        yield "healthmon_stream_up", labels, float(verdict.state is not State.FAULT)
    if (
        verdict.question == "relay"
        and verdict.aspect == "pictures"
        and verdict.state is not State.UNKNOWN
    ):
        yield (
            "healthmon_relay_up",
            (("camera", observation.part),),
            float(verdict.state is not State.FAULT),
        )
    if verdict.question == "clock" and verdict.aspect == "offset":
        now = (
            _CLOCK_CODES.get(verdict.code, "unknown")
            if verdict.state is not State.UNKNOWN
            else "unknown"
        )
        for state in CLOCK_STATES:
            yield "healthmon_clock_state", (("state", state),), float(state == now)


def _clock(clock: Clock) -> Iterator[Sample]:
    if clock.reference is not None and clock.reference.offset is not None:
        true = clock.reference.offset
        for reading in clock.readings:
            if reading.offset is not None:
                labels = (("source", reading.source),)
                yield "healthmon_clock_offset_seconds", labels, reading.offset.middle - true.middle
                yield (
                    "healthmon_clock_offset_error_seconds",
                    labels,
                    reading.offset.error + true.error,
                )
    if clock.mode is not None:
        yield "healthmon_clock_ntp_mode", (), float(clock.mode == "ntp")


def _stream(observation: Observation, stream: Stream) -> Iterator[Sample]:
    labels = (("stream", observation.part),)
    for name, value in (
        ("frames_per_second", stream.frames_per_second),
        (
            "bytes_per_second",
            stream.bits_per_second / 8 if stream.bits_per_second is not None else None,
        ),
        ("loss_ratio", stream.loss),
        ("jitter_seconds", stream.jitter),
        ("first_packet_seconds", stream.first_packet),
        ("first_keyframe_seconds", stream.first_keyframe),
        ("keyframe_interval_seconds", stream.key_interval),
    ):
        if value is not None:
            yield f"healthmon_stream_{name}", labels, value


def _ups(ups: Ups) -> Iterator[Sample]:
    yield "healthmon_ups_up", (), float(ups.communication is not False)
    now = ups.source or "unknown"
    for status in UPS_STATES:
        yield "healthmon_ups_status", (("status", status),), float(status == now)
    for name, value in (
        ("on_battery_seconds", ups.on_battery_seconds),
        ("runtime_seconds", ups.runtime_seconds),
        ("battery_charge_ratio", ups.charge_ratio),
        ("load_ratio", ups.load_ratio),
        ("battery_temperature_celsius", ups.temperature_celsius),
        ("battery_replace", ups.battery_replace),
    ):
        if value is not None:
            yield f"healthmon_ups_{name}", (), float(value)
    for number, volts in enumerate(ups.input_volts, 1):
        yield "healthmon_ups_input_volts", (("line", str(number)),), volts


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
        if isinstance(observation.value, RecorderSeen)
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
        "1 when a trustworthy time reference exists.",
        {},
        float(ok),
    )
    if reference.offset is not None:
        yield (
            "healthmon_reference_clock_offset_seconds",
            "True time minus our clock.",
            {},
            reference.offset.middle,
        )
        yield (
            "healthmon_reference_clock_error_seconds",
            "Bound of its error.",
            {},
            reference.offset.error,
        )
    for member in reference.members:
        labels = {"server": member.address}
        yield (
            "healthmon_ntp_server_up",
            "1 when a time server gives good time.",
            labels,
            float(member.state == "good"),
        )
        if member.offset is not None:
            text = "Time server minus our clock."
            yield "healthmon_ntp_server_offset_seconds", text, labels, member.offset.middle
