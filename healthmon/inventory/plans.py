"""Which built-in checks a device has, how often, with what deadline and cost: one plan for each. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from healthmon.config.device_schema import VideoDevice
from healthmon.inventory.links import DEFAULT_BIT_RATE, STREAM_EXTRA_SECONDS
from healthmon.inventory.planning import Planning
from healthmon.model.device import Check
from healthmon.model.enums import Kind

REFERENCE_SECONDS = 8.0


def reference(planning: Planning) -> Iterator[Check]:
    """The time servers are asked by healthmon itself."""
    if planning.device.kind is Kind.AGENT:
        interval = planning.config.defaults.reference_interval
        yield planning.check(interval=interval, timeout=REFERENCE_SECONDS)


def reach(planning: Planning) -> Iterator[Check]:
    """Every device but healthmon itself."""
    if planning.entry is not None:
        yield planning.check()


def stream(planning: Planning) -> Iterator[Check]:
    """Every stream of a camera or recorder."""
    entry, pace = planning.entry, planning.pace
    if pace is None:
        return
    own = entry.watch if isinstance(entry, VideoDevice) else None
    watch = own or planning.config.defaults.watch
    for spec in planning.device.streams:
        cost = spec.bits_per_second or DEFAULT_BIT_RATE
        yield planning.check(
            instance=spec.name,
            cost=cost,
            watch=watch,
            interval=pace.stream(cost, watch),
            timeout=max(pace.timeout, watch + STREAM_EXTRA_SECONDS),
        )


def picture(planning: Planning) -> Iterator[Check]:
    """The first stream of a camera, where pictures are judged: the stream check plays it."""
    settings = planning.config.pictures
    if not settings.enabled or planning.device.kind is not Kind.CAMERA:
        return
    for check in islice(stream(planning), 1):
        interval = max(settings.every, check.interval)
        yield replace(check, cost=0.0, interval=interval)


MOVE_SECONDS = 60.0  # between two questions whether a camera rests
SPARE_SECONDS = 30.0


def pan_tilt(planning: Planning) -> Iterator[Check]:
    """Every PTZ camera that may be moved: there and back, with a second try home."""
    moves = planning.device.ptz
    if moves is not None:
        longest = 3 * moves.arrive + SPARE_SECONDS
        yield planning.check(interval=MOVE_SECONDS, timeout=max(planning.base.timeout, longest))


def clock(planning: Planning) -> Iterator[Check]:
    """Every device with a web or video server, and a computer by SNMP; links show no clock."""
    access = planning.device.access
    if planning.pace is None or planning.device.kind is Kind.LINK:
        return
    computer = planning.device.kind is Kind.WORKSTATION
    if access.rtsp_port or access.http_port or (computer and access.snmp):
        yield planning.check(interval=planning.pace.clock)


def ups(planning: Planning) -> Iterator[Check]:
    """Every UPS."""
    if planning.entry is not None and planning.device.kind is Kind.UPS:
        yield planning.check(
            interval=planning.entry.interval or planning.config.defaults.ups_interval
        )


def identity(planning: Planning) -> Iterator[Check]:
    """Every device that says by ONVIF or SNMP who it is, and every UPS."""
    access = planning.device.access
    if planning.pace is None:
        return
    if access.onvif_path or access.snmp or planning.device.kind is Kind.UPS:
        yield planning.check(interval=planning.pace.identity)


def certificate(planning: Planning) -> Iterator[Check]:
    """Every service that speaks TLS."""
    ports = planning.device.access.tls_ports
    if planning.pace is None:
        return
    for service in ports:
        instance = service if len(ports) > 1 else ""
        yield planning.check(instance=instance, interval=planning.pace.certificate)


def port(planning: Planning) -> Iterator[Check]:
    """Every device behind a switch port that is named: the switch answers."""
    known = planning.device.port
    if known is not None:
        yield planning.check(instance=known.switch, lock_key=known.address)


def link(planning: Planning) -> Iterator[Check]:
    """Every link with a service of its own."""
    access = planning.device.access
    if planning.device.kind is not Kind.LINK:
        return
    if access.rtsp_port or access.http_port or access.snmp:
        yield planning.check()


def host(planning: Planning) -> Iterator[Check]:
    """Every workstation that answers by SNMP, as often as a recorder is read."""
    device = planning.device
    if planning.entry is not None and device.kind is Kind.WORKSTATION and device.access.snmp:
        interval = planning.entry.interval or planning.config.defaults.recording_interval
        yield planning.check(interval=interval)


def relay(planning: Planning) -> Iterator[Check]:
    """Every stream that a link hands over."""
    if planning.entry is not None:
        yield from planning.links.relayed(planning.device, planning.entry, planning.check())


def recorder(planning: Planning) -> Iterator[Check]:
    """Every recorder that is read."""
    if planning.entry is not None:
        yield from planning.recorders.health_checks(planning.device, planning.entry)


def recording(planning: Planning) -> Iterator[Check]:
    """Every camera that a recorder records: the recorder answers."""
    if planning.entry is not None:
        yield from planning.recorders.recording_checks(planning.device, planning.entry)


def playback(planning: Planning) -> Iterator[Check]:
    """Every camera whose footage is played to prove it."""
    if planning.entry is not None:
        yield from planning.recorders.playback_checks(planning.device, planning.entry)
