"""The history of one device: its clock with the band of error, streams, recording, UPS, links."""

from __future__ import annotations

from dashboards import promql
from dashboards.looks import (
    BLUE,
    DAY_TIME,
    DAYS,
    HOURS,
    MINUTES,
    STATE_STEPS,
    STATES,
    YES_NO,
    Json,
    limits,
    steps,
    words,
)
from dashboards.panels import Looks, Query, override, stat, timeline, timeseries
from dashboards.promql import DEVICE, JOB, of
from healthmon.model.device import Limits
from healthmon_exporters.web.palette import FAULT, NO_DATA, OK, WARNING

LIMITS = Limits()
SOURCES = (
    *("onvif", "onvif_local", "http_date", "rtsp_date", "rtcp", "snmp"),
    *("picture", "recording"),
)
# What RFC 1628's upsOutputSource and the makes' own words come down to.
POWER = {
    "normal": ("on mains", OK),
    "battery": ("mains lost", FAULT),
    "bypass": ("not protected", WARNING),
    "boost": ("mains is low", OK),
    "trim": ("mains is high", OK),
    "eco": ("on mains", OK),
    "off": ("no output", FAULT),
    "test": ("self-test", WARNING),
    "other": ("not known what", WARNING),
    "unknown": ("NO DATA", NO_DATA),
}
CLOCK = {
    "ok": ("OK", OK),
    "drift": ("WRONG", FAULT),
    "timezone": ("WRONG ZONE", FAULT),
    "utc_field": ("LOCAL AS UTC", FAULT),
    "reset": ("WAS RESET", FAULT),
    "unknown": ("NO DATA", NO_DATA),
}
DISKS = {
    "ok": ("OK", OK),
    "degraded": ("DEGRADED", WARNING),
    "full": ("FULL", WARNING),
    "failed": ("FAILED", FAULT),
    "absent": ("ABSENT", FAULT),
}
DAY = 86400
RETENTION = limits((31, FAULT), (32, WARNING))
Size = tuple[int, int]


def mine(name: str, **labels: str) -> str:
    """The series healthmon_`name` of the chosen device."""
    return of(name, where=DEVICE, **labels)


def clock() -> list[Json]:
    """Clock offset with its band of error, state, and whether NTP sets it."""
    warn, bad = LIMITS.clock
    offset, error = mine("clock_offset_seconds"), mine("clock_offset_error_seconds")
    queries = [
        Query(offset, "{{source}}"),
        Query(f"{offset} + {error}", "{{source}} at most"),
        Query(f"{offset} - {error}", "{{source}} at least"),
    ]
    thin = {"custom__lineWidth": 0, "custom__showPoints": "never", "custom__hideFrom": _UNNAMED}
    bands = [
        part
        for source in SOURCES
        for part in (
            override(
                f"{source} at most",
                custom__fillBelowTo=f"{source} at least",
                custom__fillOpacity=25,
                **thin,
            ),
            override(f"{source} at least", **thin),
        )
    ]
    dashed = limits((-bad, FAULT), (-warn, WARNING), (warn, WARNING), (bad, FAULT))
    return [
        timeseries(
            "Clocks against true time",
            "Each clock of the device minus true time: those that it tells, its stream's (rtcp), the one in its "
            "picture, and the one that stamps its footage (recording). The band is the bound of the error: the true "
            "value lies inside it. Dashed: the usual limits. A clock that is not known has no line.",
            (16, 9),
            queries,
            Looks(unit="suffix:s", thresholds=dashed, decimals=1, limits=True),
            overrides=bands,
        ),
        stat(
            "Clock is",
            "Result of the clock check.",
            (4, 9),
            promql.numbered("clock_state", "state", CLOCK, "job, instance, device", DEVICE),
            Looks(mappings=[words(dict(enumerate(CLOCK.values())))]),
        ),
        stat(
            "Set by NTP",
            "Whether the device says that a time server sets its clock.",
            (4, 9),
            mine("clock_ntp_mode"),
            Looks(
                thresholds=steps((0, WARNING), (1, OK)),
                mappings=[words({0: ("BY HAND", WARNING), 1: ("YES", OK)})],
            ),
        ),
    ]


_UNNAMED = {"legend": True, "tooltip": False, "viz": False}


def _lines(title: str, about: str, name: str, unit: str, legend: str, size: Size = (8, 7)) -> Json:
    looks = Looks(unit=unit, low=0, high=1) if unit == "percentunit" else Looks(unit=unit)
    return timeseries(title, about, size, [Query(mine(name), legend)], looks)


def stream() -> list[Json]:
    """What was measured of the streams, and the time to connect."""
    starts = [
        Query(mine("stream_first_packet_seconds"), "{{stream}} first packet"),
        Query(mine("stream_first_keyframe_seconds"), "{{stream}} first key frame"),
        Query(mine("stream_keyframe_interval_seconds"), "{{stream}} between key frames"),
    ]
    return [
        _lines(
            "Pictures each second",
            "Counted by their RTP times, not decoded.",
            "stream_frames_per_second",
            "none",
            "{{stream}}",
        ),
        _lines(
            "Data rate",
            "Data rate of the stream in the last check.",
            "stream_bytes_per_second",
            "Bps",
            "{{stream}}",
        ),
        _lines(
            "Lost on the way",
            "RTP packets that did not arrive, as a share.",
            "stream_loss_ratio",
            "percentunit",
            "{{stream}}",
        ),
        _lines(
            "Jitter",
            "How unevenly packets arrive (RFC 3550).",
            "stream_jitter_seconds",
            "s",
            "{{stream}}",
        ),
        timeseries(
            "Until pictures come",
            "From the request to the first packet and to the first complete picture.",
            (8, 7),
            starts,
            Looks(unit="s"),
        ),
        _lines(
            "Time to connect",
            "How long the device takes to accept a connection.",
            "reach_seconds",
            "s",
            "{{port}}",
        ),
    ]


def picture() -> list[Json]:
    """What was measured of the decoded picture: its view, its privacy zones."""
    return [
        _lines(
            "Agreement with the learned view",
            "How well the picture lies on the view that the camera has learned.",
            "picture_agreement_ratio",
            "percentunit",
            "{{stream}}",
        ),
        _lines(
            "Privacy zones",
            "Share of each privacy zone that is covered; below 85% it is missing or smaller.",
            "picture_privacy_zone_covered_ratio",
            "percentunit",
            "zone {{zone}}",
        ),
        stat(
            "View last judged",
            "When a PTZ camera was last compared at one of its presets.",
            (8, 7),
            f"max({mine('picture_view_judged_timestamp_seconds')}) * 1000",
            Looks(unit=DAY_TIME, thresholds=BLUE),
        ),
    ]


def recording() -> list[Json]:
    """Whether it is recorded, how far back, with what gaps, and whether it could be played."""
    return [
        stat(
            "Recorded",
            "Whether the recorder is recording this camera now.",
            (4, 7),
            f"min({mine('recording_active')})",
            Looks(thresholds=steps((0, FAULT), (1, OK)), mappings=[words(YES_NO)]),
        ),
        stat(
            "Newest footage of",
            "When the newest recorded picture was taken.",
            (4, 7),
            f"max({mine('recording_newest_timestamp_seconds')}) * 1000",
            Looks(unit=DAY_TIME, thresholds=BLUE),
        ),
        timeseries(
            "Footage kept",
            "How far back the recording goes, by the recorder's clock. Dashed: 31 days and one day more.",
            (8, 7),
            [
                Query(
                    f"{mine('recording_retention_seconds')} / {DAY}",
                    "{{recorder}} channel {{channel}}",
                )
            ],
            Looks(unit=DAYS, thresholds=RETENTION, low=0, decimals=1, limits=True),
        ),
        timeseries(
            "Gaps in the recording",
            "Time without footage within the last day and the last week.",
            (8, 7),
            [Query(f"{mine('recording_gap_seconds')} / 3600", "in {{window}}, {{recorder}}")],
            Looks(unit=HOURS, low=0, decimals=1),
        ),
        timeline(
            "Playback proof",
            "Whether footage of now, of yesterday and the oldest could be played.",
            (24, 5),
            [Query(f"3 - 3 * {mine('playback_ok')}", "{{age}}, {{recorder}}")],
            Looks(thresholds=STATE_STEPS, mappings=[words(STATES)]),
        ),
    ]


def recorder() -> list[Json]:
    """The disks, temperature and load of a recorder."""
    return [
        timeline(
            "Disks of the recorder",
            "The state of each disk or RAID.",
            (24, 6),
            [
                Query(
                    promql.numbered("recorder_disk_state", "state", DISKS, "disk", DEVICE),
                    "{{disk}}",
                )
            ],
            Looks(mappings=[words(dict(enumerate(DISKS.values())))]),
        ),
        _lines(
            "Temperature of the recorder",
            "As the recorder tells it.",
            "recorder_temperature_celsius",
            "celsius",
            "recorder",
            (12, 6),
        ),
        timeseries(
            "Load of the recorder",
            "Load of its processor, and the free share of each disk.",
            (12, 6),
            [
                Query(mine("recorder_cpu_ratio"), "processor"),
                Query(mine("recorder_disk_free_ratio"), "{{disk}} free"),
            ],
            Looks(unit="percentunit", low=0, high=1),
        ),
    ]


def ups() -> list[Json]:
    """Where the power comes from, and for how long."""
    low, critical = LIMITS.ups_runtime
    power = promql.numbered("ups_status", "status", POWER, "job, instance, device", DEVICE)
    shown = {
        number: (f"{name.upper()}: {text}", colour)
        for number, (name, (text, colour)) in enumerate(POWER.items())
    }
    runtime = limits((critical / 60, FAULT), (low / 60, WARNING))
    return [
        timeline(
            "Where the power comes from",
            "Normal is the mains; battery means that the mains is lost.",
            (24, 5),
            [Query(power)],
            Looks(mappings=[words(shown)]),
        ),
        timeseries(
            "Battery time",
            "How long the UPS would last, by its own estimate. Dashed: the limits.",
            (8, 7),
            [Query(f"{mine('ups_runtime_seconds')} / 60", "left")],
            Looks(unit=MINUTES, thresholds=runtime, low=0, decimals=0, limits=True),
        ),
        timeseries(
            "Battery and load",
            "Charge of the battery and load of the output.",
            (8, 7),
            [
                Query(mine("ups_battery_charge_ratio"), "charge"),
                Query(mine("ups_load_ratio"), "load"),
            ],
            Looks(unit="percentunit", low=0, high=1),
        ),
        _lines(
            "Mains voltage",
            "Input voltage of each line.",
            "ups_input_volts",
            "volt",
            "line {{line}}",
        ),
        _lines(
            "Battery temperature",
            "Warmth shortens the life of a battery.",
            "ups_battery_temperature_celsius",
            "celsius",
            "battery",
            (12, 6),
        ),
        timeseries(
            "Time on battery",
            "How long the UPS has been on battery.",
            (12, 6),
            [Query(f"{mine('ups_on_battery_seconds')} / 60", "on battery")],
            Looks(unit=MINUTES, low=0, decimals=0),
        ),
    ]


def links() -> list[Json]:
    """The switch port that the device hangs on (of a switch: all its ports), the relay, a metered
    line.
    """

    def ports(name: str) -> str:
        return f"{mine(name)} or {of(name, where=JOB, switch='$device')}"

    port = "{{device}}: port {{port}} of {{switch}}"
    return [
        timeline(
            "Switch ports",
            "Whether the switch port of the device is up and well supplied (PoE); on the page of a switch every port.",
            (12, 6),
            [
                Query(f"3 - 3 * ({ports('port_up')})", port),
                Query(f"3 * ({ports('poe_fault')})", f"{port}, power"),
            ],
            Looks(thresholds=STATE_STEPS, mappings=[words(STATES)]),
        ),
        timeseries(
            "Damaged packets",
            "Packets each second that the switch port got damaged: a bad cable or plug.",
            (12, 6),
            [Query(f"rate({mine('port_errors_total')}[$__rate_interval])", port)],
            Looks(unit="pps", low=0),
        ),
        timeseries(
            "Delay of the relay",
            "How much later than from the camera itself its pictures come where they are handed over.",
            (12, 6),
            [
                Query(
                    f"{mine('relay_delay_seconds')} or {of('relay_delay_seconds', where=JOB, camera='$device')}",
                    "{{camera}}",
                )
            ],
            Looks(unit="s"),
        ),
        timeseries(
            "Data used today",
            "Bytes that checks have used of a metered line today, and its budget.",
            (12, 6),
            [Query(mine("metered_bytes"), "used"), Query(mine("metered_budget_bytes"), "budget")],
            Looks(unit="bytes", low=0),
        ),
    ]
