"""A small fixed estate with one observation of every kind, for the tests of the exposition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from zoneinfo import ZoneInfo

from healthmon.config.contracts import Contract, Contracts, Promised
from healthmon.evidence.duties import Duty, DutyState, Per, Standing
from healthmon.incidents.confirmation import Fault
from healthmon.incidents.correlation import BlindZone
from healthmon.incidents.incident import Ack, Incident
from healthmon.incidents.life_cycle import LifeCycle
from healthmon.model.device import Access, Check, Device
from healthmon.model.enums import CheckName, Kind, Reason, Span, State
from healthmon.model.footage import (
    DAY,
    Disk,
    Footage,
    Playback,
    RecorderHealth,
    RecorderMeasurement,
    Recording,
    Sample,
)
from healthmon.model.links import Link, Poe, PowerSupply, Relay, Service, SwitchPort
from healthmon.model.measurements import (
    Certificate,
    Clock,
    ClockReading,
    Identity,
    Port,
    Reach,
    Reference,
    Stream,
    TimeServer,
)
from healthmon.model.picture import Comparison, LastView, PictureReading, PrivacyZone, PtzView
from healthmon.model.results import Measurement, Observation, Verdict
from healthmon.model.ups import BATTERY_KEEPS, Ups
from healthmon.runtime import agent_metrics, closed_months, contract_metrics, duty_metrics
from healthmon.store.lease import Claim, Lease
from healthmon.store.retained import alike
from healthmon_exporters.metrics.exposition import AGENT_HELP, Metrics
from helpers.results import result_of

NOW = 1_700_000_000.0
CAMERA = Device(
    "cam-1",
    "High Street",
    Kind.CAMERA,
    "S07",
    "192.0.2.10",
    variant="ptz",
    location="lamp column 14",
    contractor="acme",
    priority=2,
    access=Access(http_port=8080),
)
RECORDER = Device("nvr-1", "Recorder", Kind.RECORDER, "S07", "192.0.2.11")
UPS = Device("ups-1", "Cabinet UPS", Kind.UPS, "S07", "192.0.2.12")
LINK = Device("link-1", "Radio link", Kind.LINK, "S07", "192.0.2.13")
DEVICES = (CAMERA, RECORDER, UPS, LINK)
CHECKS = (
    Check("cam-1", CheckName.REACH),
    Check("cam-1", CheckName.STREAM, "main"),
    Check("cam-1", CheckName.PICTURE, "main"),
    Check("cam-1", CheckName.CLOCK),
    Check("cam-1", CheckName.IDENTITY),
    Check("cam-1", CheckName.CERTIFICATE),
    Check("nvr-1", CheckName.CLOCK),
    Check("ups-1", CheckName.UPS),
    Check("link-1", CheckName.REACH),
    Check("link-1", CheckName.LINK),
    Check("link-1", CheckName.RELAY, "cam-1"),
    Check("cam-1", CheckName.PORT, "link-1"),
    Check("cam-1", CheckName.RECORDING, "nvr-1"),
    Check("cam-1", CheckName.PLAYBACK, "nvr-1", sampled=True),
    Check("nvr-1", CheckName.RECORDER),
)
# A recorder an hour ahead: footage until ten minutes ago, an hour missing two days ago.
AHEAD = NOW + 3600
FOOTAGE = Footage(
    "nvr-1",
    Recording(
        "7",
        oldest=AHEAD - 31 * DAY,
        newest=AHEAD - 600,
        gaps=((AHEAD - 2 * DAY, AHEAD - 2 * DAY + 3600),),
        gaps_since=AHEAD - 7 * DAY,
    ),
    NOW,
    Span(3600.0, 3600.0),
)
PLAYED = Playback(
    "nvr-1",
    "7",
    (
        Sample("5m", AHEAD - 300, 9, 90000, 0.1, AHEAD - 301, AHEAD - 299),
        Sample("24h", AHEAD - DAY, reason=Reason.FORBIDDEN),
        Sample("oldest", skipped="nothing was recorded then"),
    ),
    NOW,
)
HEALTH = RecorderMeasurement(
    RecorderHealth(
        "onvif",
        "Example",
        "NVR64",
        firmware="5.1",
        uptime_seconds=86400.0,
        cpu_ratio=0.25,
        temperature_celsius=41.0,
        disks=(Disk("Disk 1", "ok", 4e12, 1e12), Disk("Disk 2", "failed")),
    ),
    NOW,
)
REFERENCE = Reference(
    Span(0.01, 0.03), NOW, 1, 2, members=(TimeServer("192.0.2.1", "good", Span(0.01, 0.03), 2),)
)


def seen(
    device: str,
    check_type: CheckName,
    value: Measurement | None,
    instance: str = "",
    reason: Reason | None = None,
) -> Observation:
    return Observation(device, check_type, instance, NOW, 0.25, value, reason)


def judged(
    device: str,
    check_type: CheckName,
    aspect: str,
    state: State = State.OK,
    code: str = "ok",
    instance: str = "",
) -> Verdict:
    return Verdict(device, check_type, instance, aspect, state, code, "a sentence", NOW)


VIEW = Comparison(10, 10, peak=0.3, covered=0.0, focus=1.0)
PICTURE = PictureReading(
    mean=102.0,
    baseline=VIEW,
    ptz=PtzView(
        "preset 1", last=LastView(1_790_000_000.0, "preset 1", VIEW, 1920, 1080, sure=True)
    ),
    zones=(PrivacyZone(1, 1.0), PrivacyZone(2, 0.5)),
)


def fill(metrics: Metrics) -> None:
    """One observation of every kind, as the agent gives them."""
    q = CheckName
    clock = Clock(
        (ClockReading("onvif", Span(3.0, 3.2)), ClockReading("http_date", None, Reason.TIMEOUT)),
        REFERENCE,
        "ntp",
    )
    ports = (Port("rtsp", 554, 0.004), Port("http", 80, None, Reason.REFUSED))
    stream = Stream(
        "/1",
        "tcp",
        2.0,
        first_packet=0.1,
        first_keyframe=0.3,
        packets=99,
        lost=1,
        key_interval=1.0,
        frames_per_second=25.0,
        bits_per_second=4e6,
        jitter=0.002,
    )
    ups = Ups(
        "snmp",
        "Example",
        "3000",
        source="battery",
        on_battery_seconds=190.0,
        runtime_seconds=2460.0,
        charge_ratio=0.9,
        load_ratio=0.38,
        temperature_celsius=24.0,
        conditions=(BATTERY_KEEPS,),
        input_volts=(0.0, 231.0),
    )
    rows: list[tuple[Observation, tuple[Verdict, ...]]] = [
        (seen("cam-1", q.REACH, Reach(ports)), (judged("cam-1", q.REACH, "reach"),)),
        (
            seen("cam-1", q.STREAM, stream, "main"),
            (judged("cam-1", q.STREAM, "pictures", instance="main"),),
        ),
        (
            seen("cam-1", q.PICTURE, PICTURE, "main"),
            (judged("cam-1", q.PICTURE, "present", instance="main"),),
        ),
        (
            seen("cam-1", q.CLOCK, clock),
            (judged("cam-1", q.CLOCK, "offset", State.DEGRADED, "clock_drift"),),
        ),
        (
            seen("cam-1", q.IDENTITY, Identity("Example", "M1", "S1", "1.0")),
            (judged("cam-1", q.IDENTITY, "identity"),),
        ),
        (
            seen("cam-1", q.CERTIFICATE, Certificate(443, 0.0, NOW + 9e6, "cn", "cn", "k", True)),
            (judged("cam-1", q.CERTIFICATE, "expiry"),),
        ),
        (
            seen("nvr-1", q.CLOCK, None, reason=Reason.TIMEOUT),
            (judged("nvr-1", q.CLOCK, "offset", State.UNKNOWN, "timeout"),),
        ),
        (seen("ups-1", q.UPS, ups), (judged("ups-1", q.UPS, "source", State.FAULT, "on_battery"),)),
        (
            seen(
                "cam-1",
                q.PORT,
                SwitchPort(
                    "link-1",
                    "Gi1/0/7",
                    10107,
                    "up",
                    "down",
                    speed=1e8,
                    bytes_in=123456,
                    errors=9,
                    poe=Poe("1.7", True, "fault"),
                ),
                "link-1",
            ),
            (judged("cam-1", q.PORT, "port", State.DEGRADED, "port_off", "link-1"),),
        ),
        (
            seen(
                "link-1",
                q.LINK,
                Link((Service("snmp", 161),), (PowerSupply("1", "on", 370.0, 200.0),)),
            ),
            (judged("link-1", q.LINK, "snmp"),),
        ),
        (
            seen(
                "link-1",
                q.RELAY,
                Relay("cam-1", stream, stream, 1.0, True, Span(0.7, 0.8), "pictures"),
                "cam-1",
            ),
            (judged("link-1", q.RELAY, "pictures", instance="cam-1"),),
        ),
        (
            seen("cam-1", q.RECORDING, FOOTAGE, "nvr-1"),
            (
                judged(
                    "cam-1", q.RECORDING, "recording", State.DEGRADED, "no_motion_recorded", "nvr-1"
                ),
            ),
        ),
        (
            seen("cam-1", q.PLAYBACK, PLAYED, "nvr-1"),
            (judged("cam-1", q.PLAYBACK, "playback", instance="nvr-1"),),
        ),
        (seen("nvr-1", q.RECORDER, HEALTH), (judged("nvr-1", q.RECORDER, "recorder"),)),
        (seen("healthmon", q.REFERENCE, REFERENCE), ()),
    ]
    for observation, verdicts in rows:
        metrics.apply(result_of(observation, verdicts))
    metrics.maintenance("nvr-1", True)
    for table in tables():
        metrics.table(*table)
    for name in AGENT_HELP:
        metrics.set_agent(name, 1)
    metrics.config_hash("abc")


MONTHS = [
    {
        "month": "2026-10",
        "closed": True,
        "percent": {"availability": 98.5, "recording": None},
        "clock_offset": 2.4,
    },
    {"month": "2026-11", "closed": False, "percent": {"availability": 97.0}, "clock_offset": 9.0},
]


SERVICED = Duty("ups_service", "UPS serviced", per=Per.UPS)
DUTIES = [
    DutyState(SERVICED, "UPS1", "UPS1", Standing.OVERDUE, NOW - 86400),
    DutyState(SERVICED, "UPS2", "UPS2", Standing.SOON, NOW + 86400),
    DutyState(Duty("dpia", "DPIA reviewed"), "", "", Standing.DONE, NOW + 90 * 86400),
]


def made(now: Callable[[], float] = lambda: NOW + 1) -> Metrics:
    metrics = Metrics(DEVICES, CHECKS, version="0.1.0", now=now)
    fill(metrics)
    return metrics


def tables() -> list[agent_metrics.Table]:
    """A fault that is told and acknowledged, one behind its switch, one way out that fails."""
    battery = Fault(
        "ups-1", "ups", "", "source", "on_battery", State.FAULT, "on battery", NOW - 190, NOW - 100
    )
    lost = Fault(
        "cam-1", "reach", "", "reach", "unreachable", State.FAULT, "no answer", NOW - 90, NOW - 60
    )
    told = Incident(
        7,
        "ups-1",
        "S07",
        (battery,),
        NOW - 190,
        NOW - 100,
        1,
        told=NOW,
        ack=Ack("A. Smith", "called", NOW),
    )
    held = Incident(8, "cam-1", "S07", (lost,), NOW - 90, NOW - 60, held="parent")
    devices = {device.id: device for device in DEVICES}
    metered = {"link-1": replace(LINK, daily_bytes=2e7)}
    blind = (BlindZone("market-square", ("cam-1",), ("cam-2",)),)
    contract = Contract({1: Promised(7200.0, None, None, frozenset(), bank_holidays=True)})
    contracts, zone = Contracts({"acme": contract}, {"ups-1": "acme"}), ZoneInfo("Europe/London")
    return [
        *contract_metrics.tables([LifeCycle.of(told, ())], contracts, zone, NOW),
        *agent_metrics.fault_tables([told, held], devices, {"maintenance": 2}, blind),
        *agent_metrics.inspection_tables([told, held], {"no": 2, "yes": 1}),
        *agent_metrics.lease_tables("CCTV", Claim("north", 30.0, lease=Lease(7, "a1", "north"))),
        *agent_metrics.dealt_tables({"": 40, "south": 38, "west": 7}, [("west", "was silent")]),
        *agent_metrics.outbox_tables(
            {"mail": 3}, {("mail", "sent"): 12, ("mail", "retried"): 1}, {"mail": "refused"}
        ),
        *agent_metrics.metered_tables(metered, {"link-1": 1e6}),
        *agent_metrics.retention_tables(alike(86400.0), {"faults": 3, "acts": 2}, NOW - 60),
        closed_months.table_of({"months": MONTHS}),
        closed_months.offsets_of({"months": MONTHS}),
        *duty_metrics.tables(DUTIES),
    ]
