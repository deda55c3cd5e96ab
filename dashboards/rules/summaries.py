"""The figure in an alert's summary: a template that asks Prometheus when the alert is made.

Where Prometheus has no such figure the template writes nothing, and the rest of the summary stands.
Prometheus and vmalert know the same template functions (query, first, value, humanize...).
"""

from __future__ import annotations

NUMBER = "{{ . | first | value | %s }}"
DURATION = NUMBER % "humanizeDuration"
SHARE = NUMBER % "humanizePercentage"
AGENT = ("job", "instance")
DEVICE = (*AGENT, "device")
DAY = 86400


def rounded(form: str) -> str:
    """The number in printf's `form`."""
    return NUMBER % f'printf "{form}"'


def figure(query: str, words: str, labels: tuple[str, ...] = DEVICE) -> str:
    """`words` about the answer to `query`, in which ``{}`` stands for the matchers of `labels`."""
    matchers = ",".join(f"{label}=%q" for label in labels)
    values = " ".join(f"$labels.{label}" for label in labels)
    asked = query.replace("{}", "{" + matchers + "}").replace("{,", "{" + matchers + ",")
    return f"{{{{ with printf `{asked}` {_repeated(asked, values)} | query }}}}{words}{{{{ end }}}}"


def _repeated(asked: str, values: str) -> str:
    """The arguments of printf, once for each group of matchers in `asked`."""
    return " ".join([values] * (asked.count("%q") // len(values.split())))


def how_long(condition: str, labels: tuple[str, ...] = AGENT) -> str:
    """For how long `condition` has not been true (within a day), as in "no answer, for 12m 0s"."""
    query = f"time() - max(max_over_time(timestamp({condition})[1d:1m]))"
    return figure(query, f", for {DURATION}", labels)


def _clock(words: str, query: str = "max(abs(healthmon_clock_offset_seconds{}))") -> str:
    return figure(query, f": {DURATION} {words}")


def _days(query: str, words: str) -> str:
    return figure(f"({query}) / {DAY}", f": {rounded('%.1f')} {words}")


_KEPT = "healthmon_recording_retention_seconds{}"
_ENDS = "min(healthmon_certificate_expiry_timestamp_seconds{})"
_LEFT = figure("min(healthmon_ups_runtime_seconds{})", f": {DURATION} left")
_CHARGE = figure("min(healthmon_ups_battery_charge_ratio{})", f": {SHARE} charged")
_AGE = figure(
    "time() - max(healthmon_recording_newest_timestamp_seconds{})", f": {DURATION} without footage"
)


def _disks(states: str) -> str:
    query = f'count(healthmon_recorder_disk_state{{,state=~"{states}"}} == 1)'
    return figure(query, f": {rounded('%.0f')} of its disks")


# Code -> the figure that shows how bad it is.
MEASURED = {
    "slow": figure("max(healthmon_reach_seconds{})", f": {DURATION} to connect"),
    "slow_start": figure(
        "max(healthmon_stream_first_packet_seconds{})", f": {DURATION} to the first packet"
    ),
    "keyframe_overdue": figure(
        "max(healthmon_stream_keyframe_interval_seconds{})", f": {DURATION} between key frames"
    ),
    "packet_loss": figure("max(healthmon_stream_loss_ratio{})", f": {SHARE} of the packets"),
    "low_frame_rate": figure(
        "min(healthmon_stream_frames_per_second{})", f": {rounded('%.1f')} frames each second"
    ),
    "clock_drift": _clock("off"),
    "clock_zone": _clock("off"),
    "clock_reset": _clock("off"),
    "clock_wrong_date": _clock("off"),
    "clock_utc_label": _clock("off"),
    "clocks_disagree": _clock(
        "apart", "max(healthmon_clock_offset_seconds{}) - min(healthmon_clock_offset_seconds{})"
    ),
    "certificate_expires": _days(f"{_ENDS} - time()", "days left"),
    "certificate_expired": _days(f"time() - {_ENDS}", "days ago"),
    "on_battery": _LEFT,
    "runtime_low": _LEFT,
    "battery_low": _CHARGE,
    "charge_low": _CHARGE,
    "overload": figure("max(healthmon_ups_load_ratio{})", f": {SHARE} load"),
    "battery_hot": figure(
        "max(healthmon_ups_battery_temperature_celsius{})", f": {rounded('%.0f')} °C"
    ),
    "not_recording": _AGE,
    "no_motion_recorded": _AGE,
    "recording_gap": figure(
        'max(healthmon_recording_gap_seconds{,window="24h"})', f": {DURATION} missing in 24 hours"
    ),
    "retention_short": _days(f"min({_KEPT})", "days kept"),
    "retention_long": _days(f"max({_KEPT})", "days kept"),
    "disk_failed": _disks("failed|absent"),
    "disk_degraded": _disks("degraded"),
    "recorder_hot": figure(
        "max(healthmon_recorder_temperature_celsius{})", f": {rounded('%.0f')} °C"
    ),
    "recorder_busy": figure("max(healthmon_recorder_cpu_ratio{})", f": {SHARE} busy"),
    "recorder_full": figure("min(healthmon_recorder_disk_free_ratio{})", f": {SHARE} free"),
    "poe_budget": figure(
        "max(healthmon_poe_watts{}) / max(healthmon_poe_budget_watts{})", f": {SHARE} used"
    ),
    "port_slow": figure(
        "min(healthmon_port_speed_bytes{}) * 8 / 1e6", f": {rounded('%.0f')} Mbit/s"
    ),
    "port_errors": figure(
        "sum(rate(healthmon_port_errors_total{}[15m]))", f": {rounded('%.1f')} each second"
    ),
    "relay_delay": figure("max(healthmon_relay_delay_seconds{})", f": {DURATION} late"),
    "host_clock": figure(
        "max(abs(healthmon_reference_clock_offset_seconds{}))", f": {DURATION} off", AGENT
    ),
    "common_cause": figure(
        'count(count by (device) (healthmon_fault_held{,reason="site"}))',
        f": {rounded('%.0f')} devices",
        (*AGENT, "site"),
    ),
}


def of_fault(code: str) -> str:
    """What the summary of a fault ends with: its figure, else how long it has lasted."""
    since = f'time() - max(healthmon_fault_since_timestamp_seconds{{,code="{code}"}})'
    return MEASURED.get(code) or figure(since, f", for {DURATION}")
