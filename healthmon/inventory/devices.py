"""Config -> devices, and the checks of each: how often, with what deadline and cost.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from healthmon.config.device_schema import (
    Camera,
    LimitValues,
    Link,
    Recorder,
    Tcp,
    UpsDevice,
    VideoDevice,
    Watched,
    Workstation,
)
from healthmon.config.schema import Config
from healthmon.inventory.links import Links, snmp_of
from healthmon.inventory.metered import longer_limits, pace
from healthmon.inventory.planning import Plan, Planning
from healthmon.inventory.recorders import Recorders, make_of, readings_of
from healthmon.model.device import (
    Access,
    ApcupsdAccess,
    Check,
    Commissioned,
    Device,
    Limits,
    NutAccess,
    StreamSpec,
    Tls,
)
from healthmon.model.enums import AGENT, CheckName, Kind
from healthmon.model.ptz import PtzPlan

_KINDS = (
    ("links", Kind.LINK),
    ("cameras", Kind.CAMERA),
    ("recorders", Kind.RECORDER),
    ("ups", Kind.UPS),
    ("workstations", Kind.WORKSTATION),
)


def devices(config: Config) -> tuple[Device, ...]:
    """Every device of the configuration, and the agent itself last."""
    recorders, links = Recorders.of(config), Links.of(config)
    entries = [(entry, kind) for section, kind in _KINDS for entry in getattr(config, section)]
    known: dict[Any, Any] = {}
    found = [_device(config, entry, kind, recorders, links, known) for entry, kind in entries]
    agent = Device(
        AGENT,
        AGENT,
        Kind.AGENT,
        "",
        "127.0.0.1",
        priority=1,
        time_zone=config.estate.time_zone,
        limits=_limits(config, None),
    )
    return (*found, agent)


def _shared(value: Any, known: dict[Any, Any]) -> Any:
    """One object for all that is equal in many devices (the defaults), kept in `known`."""
    return known.setdefault(value, value)


def _device(
    config: Config,
    entry: Watched,
    kind: Kind,
    recorders: Recorders,
    links: Links,
    known: dict[Any, Any],
) -> Device:
    return Device(
        id=entry.id,
        name=entry.name,
        kind=kind,
        site=entry.site,
        address=entry.address,
        location=entry.location,
        access_notes=entry.access,
        parents=entry.parent,
        port=links.port(entry),
        contractor=entry.contractor,
        priority=entry.priority,
        coverage_zone=entry.zone,
        time_zone=config.estate.time_zone,
        disabled=entry.disabled,
        joined=entry.joined or "",
        retired=entry.retired or "",
        daily_bytes=entry.metered.per_day if entry.metered else None,
        access=_access(entry),
        relays=links.relays(entry),
        make=make_of(entry),
        readings=_shared(readings_of(entry), known),
        recording=_shared(recorders.plan(entry), known),
        playback=recorders.playback(entry),
        limits=_limits_of(config, entry, known),
        settings=entry.checks,
        commissioned=_commissioned(entry),
        **_of_video(entry, recorders),
        **_of_camera(config, entry),
    )


def _of_video(entry: Watched, recorders: Recorders) -> dict[str, Any]:
    """What only cameras and recorders have."""
    if not isinstance(entry, VideoDevice):
        return {}
    return {"streams": tuple(_streams(entry, recorders))}


def _commissioned(entry: Watched) -> Commissioned | None:
    """The identity that was written down of the device."""
    return Commissioned(**entry.commissioned.model_dump()) if entry.commissioned else None


def _of_camera(config: Config, entry: Watched) -> dict[str, Any]:
    """What only cameras have."""
    if not isinstance(entry, Camera):
        return {}
    return {
        "variant": entry.kind,
        "recorder": entry.recorder,
        "channel": entry.channel,
        "covers": entry.covers,
        "deployment": entry.state,
        "ntp": config.defaults.ntp if entry.ntp is None else entry.ntp,
        "ptz": _moves(entry),
        "position": _position(config, entry.site),
        "osd_text": entry.osd_text or (entry.name if config.pictures.camera_name else ""),
    }


def _position(config: Config, site: str) -> tuple[float, float] | None:
    """Latitude and longitude of a site, else those of the estate."""
    known = [(one.latitude, one.longitude) for one in config.sites if one.id == site]
    known.append((config.estate.latitude, config.estate.longitude))
    for latitude, longitude in known:
        if latitude is not None and longitude is not None:
            return latitude, longitude
    return None


def _moves(entry: Camera) -> PtzPlan | None:
    """How a camera may be moved; None where that is not asked for."""
    if entry.ptz is None or not entry.ptz.active:
        return None
    return PtzPlan(**entry.ptz.model_dump(exclude={"active"}))


def _access(entry: Watched) -> Access:
    snmp = snmp_of(entry)
    if isinstance(entry, UpsDevice):
        nut = NutAccess(entry.nut.ups, entry.nut.port) if entry.nut else None
        apcupsd = ApcupsdAccess(entry.apcupsd.port) if entry.apcupsd else None
        return Access(snmp=snmp, nut=nut, apcupsd=apcupsd, ports=entry.ports)
    if not isinstance(entry, VideoDevice | Link | Workstation):
        return Access(snmp=snmp, ports=entry.ports)
    rtsp, http = entry.rtsp, entry.http
    return Access(
        rtsp_port=_port(rtsp, 554, 322),
        rtsps=bool(rtsp and rtsp.tls),
        http_port=_port(http, 80, 443),
        https=bool(http and http.tls),
        onvif_path=entry.onvif if http and isinstance(entry, VideoDevice) else None,
        credential=getattr(entry, "credential", None),
        allow_basic=getattr(entry, "allow_basic", False),
        tls=Tls(**entry.tls.model_dump()) if entry.tls else None,
        snmp=snmp,
        ports=entry.ports,
    )


def _port(service: Tcp | None, plain: int, secure: int) -> int | None:
    if service is None:
        return None
    return service.port or (secure if service.tls else plain)


def _streams(video: VideoDevice, recorders: Recorders) -> Iterator[StreamSpec]:
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
            stream.profile,
        )
    if isinstance(video, Recorder):
        yield from _relayed(video, recorders)
    elif not video.streams:
        yield StreamSpec()


def _relayed(recorder: Recorder, recorders: Recorders) -> Iterator[StreamSpec]:
    """The recorder's picture of every camera that names it."""
    for camera in recorders.cameras.get(recorder.id, ()):
        if camera.channel and recorder.channel_path:
            path = recorder.channel_path.replace("{channel}", camera.channel)
            yield StreamSpec(f"channel {camera.channel}", path)


def _limits_of(config: Config, entry: Watched, known: dict[Any, Any]) -> Limits:
    """The limits of a device; those of all that have none of their own are made once."""
    metered = entry.metered is not None
    if entry.limits is not None and entry.limits.model_fields_set:
        return cast("Limits", _shared(_limits(config, entry.limits, metered=metered), known))
    plain = ("limits", metered)
    if plain not in known:
        known[plain] = _shared(_limits(config, None, metered=metered), known)
    return cast("Limits", known[plain])


def _limits(config: Config, own: LimitValues | None, *, metered: bool = False) -> Limits:
    given = config.defaults.limits.model_dump(exclude_none=True)
    if metered:
        given.update(longer_limits(given))
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


def checks(
    config: Config, devices: tuple[Device, ...], plans: Mapping[str, Plan]
) -> tuple[Check, ...]:
    """Every check of every device by the `plans` of the check types, those of devices in store or in
    transit too; those that are disabled have none.
    """
    entries = {e.id: e for section, _ in _KINDS for e in getattr(config, section)}
    recorders, links = Recorders.of(config), Links.of(config)
    found: list[Check] = []
    for device in devices:
        if device.disabled:
            continue
        entry: Watched | None = entries.get(device.id)
        slow = pace(config, entry, len(device.streams)) if entry else None
        base = Check(device.id, CheckName.REFERENCE)
        if slow is not None:
            base = Check(
                device.id,
                CheckName.REACH,
                lock_key=device.address,
                site=device.site,
                interval=slow.interval,
                timeout=slow.timeout,
            )
        planning = Planning(config, device, entry, base, slow, recorders, links)
        for name, plan in plans.items():
            found += plan(planning.of(name))
    return tuple(found)


def without_devices(config: Config) -> Config:
    """What is kept of `config` beside its devices: they are most of it, and everything about them
    is in `devices`.
    """
    return config.model_copy(update={section: () for section, _ in _KINDS})
