"""Which devices may share an address: those that are asked for different things there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from healthmon.config.device_schema import Camera, Link, Recorder, UpsDevice, Watched
from healthmon.config.document import Path_

WHOLE = ""


def clashes(devices: Iterable[tuple[Path_, Watched]]) -> Iterator[tuple[Path_, str, Path_]]:
    """(path, address, path of the device before it) of every device that checks what another one
    checks already.

    The channels of one encoder may share its address where each has a stream path of its own,
    cameras may be channels of a recorder, the ports of one router may lead to many devices, and one
    upsd may know many UPSes.
    """
    taken: dict[tuple[str, str], dict[str, Path_]] = {}
    for path, device in devices:
        before: Path_ | None = None
        for port, what in _claims(device):
            others = taken.setdefault((device.address, port), {})
            found = others.get(WHOLE) or (
                next(iter(others.values()), None) if what == WHOLE else others.get(what)
            )
            before = before or (found if found != path else None)
            others.setdefault(what, path)
        if before is not None:
            yield path, device.address, before


def _claims(device: Watched) -> Iterator[tuple[str, str]]:
    """(port, what there) of all that a device is asked; `WHOLE` is everything there."""
    if isinstance(device, Camera | Recorder):
        yield from _of_video(device)
        return
    if isinstance(device, UpsDevice) and device.nut:
        yield f"tcp {device.nut.port}", device.nut.ups
    if isinstance(device, UpsDevice) and device.apcupsd:
        yield f"tcp {device.apcupsd.port}", WHOLE
    if device.snmp:
        yield f"udp {device.snmp.port}", WHOLE
    for number in (*device.ports, *(_ports(device) if isinstance(device, Link) else ())):
        yield f"tcp {number}", WHOLE


def _ports(device: Camera | Recorder | Link) -> list[int]:
    """The RTSP and the HTTP port, where it has them."""
    services = ((device.rtsp, 554, 322), (device.http, 80, 443))
    return [
        s.port or (secure if s.tls else plain) for s, plain, secure in services if s is not None
    ]


def _of_video(device: Camera | Recorder) -> Iterator[tuple[str, str]]:
    ports = _ports(device)
    for what in _asked_for(device, ports):
        yield from ((f"tcp {port}", what) for port in ports)
        if device.snmp:
            yield f"udp {device.snmp.port}", what


def _asked_for(device: Camera | Recorder, ports: Sequence[int]) -> list[str]:
    """What is asked for at each port: the streams where all have a path or a profile, else
    everything there.
    """
    paths = [stream.path or stream.profile for stream in device.streams]
    if ports and paths and all(paths):
        return [f"{ports[0]}{path}" for path in paths]
    if isinstance(device, Recorder):
        return ["the recorder itself"]
    return [WHOLE]
