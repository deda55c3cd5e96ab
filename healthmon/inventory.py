"""Config -> devices, and which questions are put to whom, how often, with what deadline and cost. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from healthmon.config.checks import REPEATS
from healthmon.config.device_schema import (
    Camera,
    LimitValues,
    Link,
    Recorder,
    Tcp,
    UpsDevice,
    VideoDevice,
    Watched,
)
from healthmon.config.schema import Config, Window
from healthmon.config.units import LOCAL_TIME
from healthmon.linking import DEFAULT_BIT_RATE, STREAM_EXTRA_SECONDS, Links, snmp_of
from healthmon.metered import pace, patience
from healthmon.model import (
    Access,
    ApcupsdAccess,
    Ask,
    Commissioned,
    Device,
    Kind,
    Limits,
    NutAccess,
    Question,
    StreamSpec,
    Tls,
)
from healthmon.recorders import Recorders, make_of, readings_of

AGENT = "healthmon"
_KINDS = (
    ("links", Kind.LINK),
    ("cameras", Kind.CAMERA),
    ("recorders", Kind.RECORDER),
    ("ups", Kind.UPS),
)


def devices(config: Config) -> tuple[Device, ...]:
    """Every device of the configuration, and the agent itself last."""
    recorders, links = Recorders.of(config), Links.of(config)
    entries = [(entry, kind) for section, kind in _KINDS for entry in getattr(config, section)]
    known: dict[Any, Any] = {}
    found = [
        _sharing(_device(config, entry, kind, recorders, links), known) for entry, kind in entries
    ]
    agent = Device(
        AGENT,
        "healthmon",
        Kind.AGENT,
        "",
        "127.0.0.1",
        priority=1,
        time_zone=config.estate.time_zone,
        limits=_limits(config, None),
    )
    return (*found, agent)


def _sharing(device: Device, known: dict[Any, Any]) -> Device:
    """`device` with what is equal in many devices (the defaults) kept once in `known`."""
    limits, recording, readings = (
        known.setdefault(v, v) for v in (device.limits, device.recording, device.readings)
    )
    return replace(device, limits=limits, recording=recording, readings=readings)


def _device(
    config: Config, entry: Watched, kind: Kind, recorders: Recorders, links: Links
) -> Device:
    video = entry if isinstance(entry, VideoDevice) else None
    camera = entry if isinstance(entry, Camera) else None
    return Device(
        id=entry.id,
        name=entry.name,
        kind=kind,
        site=entry.site,
        address=entry.address,
        variant=camera.kind if camera else "",
        location=entry.location,
        parents=entry.parent,
        port=links.port(entry),
        recorder=camera.recorder if camera else None,
        channel=camera.channel if camera else None,
        contractor=entry.contractor,
        priority=entry.priority,
        coverage_zone=entry.zone,
        covers=camera.covers if camera else (),
        time_zone=config.estate.time_zone,
        disabled=entry.disabled,
        daily_bytes=entry.metered.per_day if entry.metered else None,
        deployment=camera.state if camera else "deployed",
        access=_access(entry),
        streams=tuple(_streams(config, video)) if video else (),
        relays=links.relays(entry),
        commissioned=Commissioned(**video.commissioned.model_dump())
        if video and video.commissioned
        else None,
        make=make_of(entry),
        readings=readings_of(entry),
        recording=recorders.plan(entry),
        playback=recorders.playback(entry),
        limits=_limits(config, entry.limits, metered=entry.metered is not None),
    )


def _access(entry: Watched) -> Access:
    snmp = snmp_of(entry)
    if isinstance(entry, UpsDevice):
        nut = NutAccess(entry.nut.ups, entry.nut.port) if entry.nut else None
        apcupsd = ApcupsdAccess(entry.apcupsd.port) if entry.apcupsd else None
        return Access(snmp=snmp, nut=nut, apcupsd=apcupsd, ports=entry.ports)
    if not isinstance(entry, VideoDevice | Link):
        return Access(snmp=snmp, ports=entry.ports)
    rtsp, http = entry.rtsp, entry.http
    return Access(
        rtsp_port=_port(rtsp, 554, 322),
        rtsps=bool(rtsp and rtsp.tls),
        http_port=_port(http, 80, 443),
        https=bool(http and http.tls),
        onvif_path=entry.onvif if http and isinstance(entry, VideoDevice) else None,
        credential=entry.credential,
        allow_basic=entry.allow_basic,
        tls=Tls(**entry.tls.model_dump()) if entry.tls else None,
        snmp=snmp,
        ports=entry.ports,
    )


def _port(service: Tcp | None, plain: int, secure: int) -> int | None:
    if service is None:
        return None
    return service.port or (secure if service.tls else plain)


def _streams(config: Config, video: VideoDevice) -> Iterator[StreamSpec]:
    if video.rtsp is None:
        return
    for stream in video.streams:
        width, height = stream.size or (None, None)
        yield StreamSpec(
            stream.name,
            stream.path,
            stream.codec,
            width,
            height,
            stream.frame_rate,
            stream.bit_rate,
        )
    if isinstance(video, Recorder):
        yield from _relayed(config, video)
    elif not video.streams:
        yield StreamSpec()


def _relayed(config: Config, recorder: Recorder) -> Iterator[StreamSpec]:
    """The recorder's picture of every camera that names it."""
    for camera in config.cameras:
        if (
            camera.recorder == recorder.id
            and camera.channel
            and not camera.disabled
            and recorder.channel_path
        ):
            path = recorder.channel_path.replace("{channel}", camera.channel)
            yield StreamSpec(f"channel {camera.channel}", path)


def _limits(config: Config, own: LimitValues | None, *, metered: bool = False) -> Limits:
    given = config.defaults.limits.model_dump(exclude_none=True)
    if metered:
        given.update(patience(given))
    given.update(own.model_dump(exclude_none=True) if own else {})
    names = {
        "frames": "frames_ratio",
        "certificate": "certificate_days",
        "ups_test": "ups_test_days",
        "ups_on_battery": "ups_on_battery_fault",
    }
    if "certificate" in given:
        given["certificate"] = tuple(seconds / 86400 for seconds in given["certificate"])
    if "ups_test" in given:
        given["ups_test"] /= 86400
    return replace(Limits(), **{names.get(name, name): value for name, value in given.items()})


def asks(config: Config, devices: tuple[Device, ...]) -> tuple[Ask, ...]:
    """Every question to every device; those that are disabled, in store or on the way are asked nothing."""
    entries: dict[str, Watched] = {
        e.id: e for section, _ in _KINDS for e in getattr(config, section)
    }
    recorders, links = Recorders.of(config), Links.of(config)
    found: list[Ask] = []
    for device in devices:
        if device.kind is Kind.AGENT:
            found.append(
                Ask(
                    device.id,
                    Question.REFERENCE,
                    interval=config.defaults.reference_interval,
                    timeout=8.0,
                )
            )
        elif not device.disabled and device.deployment == "deployed":
            own = list(_asks(config, device, entries[device.id]))
            found += (*own, *links.asks(device, entries[device.id], own[0]))
            found += recorders.asks(device, entries[device.id])
    return tuple(found)


def _asks(config: Config, device: Device, entry: Watched) -> Iterator[Ask]:
    defaults, access, slow = (
        config.defaults,
        device.access,
        pace(config, entry, len(device.streams)),
    )
    base = Ask(
        device.id, Question.REACH, "", device.address, device.site, slow.interval, slow.timeout
    )
    yield base
    for spec in device.streams:
        watch = (entry.watch if isinstance(entry, VideoDevice) else None) or defaults.watch
        cost = spec.bits_per_second or DEFAULT_BIT_RATE
        yield replace(
            base,
            question=Question.STREAM,
            part=spec.name,
            cost=cost,
            watch=watch,
            interval=slow.stream(cost, watch),
            timeout=max(slow.timeout, watch + STREAM_EXTRA_SECONDS),
        )
    if (access.rtsp_port or access.http_port) and device.kind is not Kind.LINK:
        yield replace(base, question=Question.CLOCK, interval=slow.clock)
    if device.kind is Kind.UPS:
        yield replace(base, question=Question.UPS, interval=entry.interval or defaults.ups_interval)
    if access.onvif_path or (access.snmp and device.kind is not Kind.LINK):
        yield replace(base, question=Question.IDENTITY, interval=slow.identity)
    for service in access.tls_ports:
        part = service if len(access.tls_ports) > 1 else ""
        yield replace(base, question=Question.CERTIFICATE, part=part, interval=slow.certificate)


def in_maintenance(config: Config, devices: Iterable[Device], now: float) -> dict[str, str]:
    """The reason of the maintenance window of each of `devices` that is in one at `now` (Unix seconds).

    Windows are local civil time of the estate, so that 08:00 stays 08:00 when the clocks change.
    """
    local = datetime.fromtimestamp(now, ZoneInfo(config.estate.time_zone)).replace(tzinfo=None)
    found: dict[str, str] = {}
    active = [window for window in config.maintenance if _inside(window, local)]
    for device in devices if active else ():
        for window in active:
            if (
                device.id in window.devices
                or device.site in window.sites
                or device.contractor in window.contractors
            ):
                found.setdefault(device.id, window.reason)
    return found


def without_devices(config: Config) -> Config:
    """What is kept of `config` beside its devices: they are most of it, and everything about them is in `devices`."""
    return config.model_copy(update={section: () for section, _ in _KINDS})


def _inside(window: Window, local: datetime) -> bool:
    start, end = (datetime.strptime(text, LOCAL_TIME) for text in (window.start, window.end))  # noqa: DTZ007
    if window.repeat and local >= start:
        last = datetime.strptime(window.until, LOCAL_TIME) if window.until else None  # noqa: DTZ007
        if last and local >= last:
            return False
        lap = (local - start) // REPEATS[window.repeat] * REPEATS[window.repeat]
        start, end = start + lap, end + lap
    return start <= local < end
