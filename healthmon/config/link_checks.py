"""Problems between links, the devices that hang on their ports, and the cameras whose streams they
hand over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from healthmon.config.device_schema import Camera, Link, Watched
from healthmon.config.document import Path_
from healthmon.config.problems import suggest
from healthmon.config.schema import Config

Entry = tuple[Path_, Watched]


def problems_of(config: Config, entries: Iterable[Entry]) -> Iterator[tuple[Path_, str]]:
    """`port` needs one parent that is a link with `snmp`; `poe` needs `port`; `relay` needs `rtsp`
    and its camera.
    """
    links = {link.id: link for link in config.links}
    cameras = {camera.id: camera for camera in config.cameras}
    for number, link in enumerate(config.links):
        yield from _relays(("links", number), link, cameras)
    for path, device in entries:
        if device.poe is not None and device.port is None:
            yield (*path, "poe"), "'poe' belongs to 'port': say which port of the switch it is"
        if device.port is not None:
            above = [links[parent] for parent in device.parent if parent in links]
            yield from _port((*path, "port"), above)


def _port(path: Path_, above: Sequence[Link]) -> Iterator[tuple[Path_, str]]:
    """What keeps a port from being read from the links `above` its device."""
    asked = [link.id for link in above if link.snmp]
    if not above:
        yield path, "'port' needs a 'parent' that is a switch of 'links'"
    elif not asked:
        yield path, f"'port' needs a switch that is read by SNMP: give {above[0].id} its 'snmp'"
    elif len(asked) > 1:
        yield path, f"'port' fits {' and '.join(asked)}; keep one switch with 'snmp' as parent"


def _relays(path: Path_, link: Link, cameras: Mapping[str, Camera]) -> Iterator[tuple[Path_, str]]:
    if link.relay and link.rtsp is None:
        yield (
            (*path, "relay"),
            "'relay' needs 'rtsp', where the pictures are handed over: for example rtsp: {port: 554}",
        )
    seen: set[str] = set()
    for number, relay in enumerate(link.relay):
        place: Path_ = (*path, "relay", number)
        camera = cameras.get(relay.camera)
        if camera is None:
            yield (
                (*place, "camera"),
                f"camera '{relay.camera}' is not in the configuration{suggest(relay.camera, cameras)}",
            )
        elif relay.camera in seen:
            yield (
                (*place, "camera"),
                f"camera {relay.camera} is relayed twice here; make the second a link of its own",
            )
        elif camera.rtsp is None:
            yield (
                (*place, "camera"),
                f"camera {relay.camera} has 'rtsp: no', so its relay cannot be compared with it",
            )
        elif relay.stream is not None and relay.stream not in (names := _streams(camera)):
            yield (
                (*place, "stream"),
                f"camera {relay.camera} has no stream '{relay.stream}'{suggest(relay.stream, names)}",
            )
        seen.add(relay.camera)


def _streams(camera: Camera) -> list[str]:
    return [stream.name for stream in camera.streams] or ["main"]


def warnings_of(config: Config, entries: Iterable[Entry]) -> Iterator[tuple[Path_, str]]:
    """A port that is given to two devices is most often a slip of the copying hand."""
    asked = {link.id for link in config.links if link.snmp}
    first: dict[tuple[str, str], str] = {}
    for path, device in entries:
        for switch in asked.intersection(device.parent) if device.port else ():
            other = first.setdefault((switch, (device.port or "").casefold()), device.id)
            if other != device.id:
                yield (
                    (*path, "port"),
                    f"port {device.port} of {switch} is given to {other} and {device.id}",
                )
