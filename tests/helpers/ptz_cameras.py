"""PTZ cameras on loopback that show a scene for each preset: RTSP by the simulator, pictures by a real
encoder, ONVIF by the simulator.
"""

from __future__ import annotations

import base64
import functools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from healthmon.demo.clip import IDR, Clip, nals, payloads
from healthmon.demo.listener import Listener
from healthmon.demo.onvif_sim import OnvifSim
from healthmon.demo.rtsp_sim import RtspSim
from healthmon.demo.state import Ports, SimDevice
from healthmon.picture import decoding, reference
from healthmon.picture.baselines import Baselines
from healthmon.picture.decoding import Decoded
from healthmon.picture.views import Index, Looking, ViewFiles
from helpers.pictures import coded, scene, with_noise

PLACES = {"Market": 21, "Bus station": 22, "Car park": 23}
ELSEWHERE = 29


def view(place: str | int) -> Any:
    """The scene at a preset, by name or seed."""
    return scene(PLACES[place] if isinstance(place, str) else place)


@functools.cache
def clip_of(place: str | int) -> Clip:
    """Key frames of a place, each with other noise, which none of another place has."""
    seed = PLACES[place] if isinstance(place, str) else place
    units: list[tuple[bytes, ...]] = []
    sets: list[bytes] = []
    for number in range(3):
        found = nals(coded("h264", with_noise(view(place), 100 * seed + number)))
        units.append(tuple(part for nal in found for part in payloads(nal)))
        sets = [nal for nal in found if nal[0] & 31 in (7, 8)]
    told = ",".join(base64.b64encode(one).decode() for one in sets)
    assert any(nal[0] & 31 == IDR for nal in found)
    return Clip(tuple(units), (True,) * len(units), told)


def shown(grey: Any, seed: int = 0) -> Decoded:
    """`grey` behind a sensor and an encoder, decoded."""
    return decoding.decoded("h264", coded("h264", with_noise(grey, seed)), 10**7)


@functools.cache
def learned(place: str | int, pictures: int = reference.LEARNED) -> bytes:
    """What a camera has learned at a place."""
    baseline = reference.Baseline()
    for number in range(pictures):
        baseline.learn(shown(view(place), number), 7200.0 * number, moved=True)
    return baseline.packed()


def taught(folder: Path, camera: str, presets: Mapping[str, str | int]) -> ViewFiles:
    """The files of a `camera` that has learned a place at each preset of the simulator, by name."""
    files = ViewFiles(Baselines(folder), (camera, "main"))
    names = {}
    for token, name in enumerate(PLACES, 1):
        if name in presets:
            looking = Looking(str(token), f"preset {name}")
            files.write(looking.key, learned(presets[name]))
            names[looking.key] = looking.name
    files.keep(Index(names))
    return files


@asynccontextmanager
async def serving(
    place: Mapping[str, str | int], address: str = "127.0.0.1", **faults: Any
) -> AsyncIterator[SimDevice]:
    """One PTZ camera that shows `place["now"]`, which may change."""
    sim = SimDevice("C1", "C1", "camera", address, "s", variant="ptz", faults=faults)

    def rtsp() -> RtspSim:
        clip = clip_of(place["now"])
        return RtspSim(sim, clip, clip)

    with Listener(rtsp, address) as film, Listener(lambda: OnvifSim(sim), address) as web:
        sim.ports = Ports(rtsp=film.port, http=web.port)
        yield sim
