"""Recorders of a make and their cameras on loopback, as the installed product sees them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from helpers.fakes.onvif_clock import ClockCamera, time_servers
from helpers.fakes.recorder_makes import MAKES, Well
from helpers.fakes.recorder_web import Asked, Instead, RecorderWeb
from helpers.loopback import served
from helpers.product import Product

T = TypeVar("T")
ZONE = "Africa/Abidjan"  # local time is UTC the whole year


def is_public(asked: Asked) -> bool:
    """What ONVIF lets anybody ask."""
    return asked.operation == "GetSystemDateAndTime"


@dataclass
class Recorder:
    """A recorder of `make` with one camera on its channel 1, none where not `watched`.

    `more` is its own configuration.
    """

    make: str
    instead: list[Instead] = field(default_factory=list)
    well: Well = field(default_factory=Well)
    nonces: str = "kept"
    watched: bool = True
    more: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        right = MAKES[self.make](self.well)
        self.web = RecorderWeb(right, self.instead, self.nonces, is_public)


@contextlib.asynccontextmanager
async def serving(recorders: Sequence[Recorder]) -> AsyncIterator[dict[str, list[dict[str, Any]]]]:
    """The sections of config.yaml: R001 with camera C001 is the first, each on its own address."""
    rows: dict[str, list[dict[str, Any]]] = {"recorders": [], "cameras": []}
    async with contextlib.AsyncExitStack() as stack:
        for number, one in enumerate(recorders, 1):
            host, eye = f"127.0.9.{number}", f"127.0.10.{number}"
            web = await stack.enter_async_context(served(one.web.talk, host=host))
            basics = {"id": f"R{number:03d}", "name": f"Recorder {number}", "site": "s"}
            ways = {"rtsp": "no", "http": {"port": web.port}, "credential": "view"}
            ways |= {"playback": "no", "make": one.make}
            ways |= {} if one.make == "onvif" else {"onvif": "no"}
            rows["recorders"].append(basics | ways | {"address": host} | one.more)
            if not one.watched:
                continue
            camera = await stack.enter_async_context(served(ClockCamera().talk, host=eye))
            basics = {"id": f"C{number:03d}", "name": f"Gate {number}", "site": "s", "address": eye}
            ways = {"kind": "fixed", "rtsp": "no", "onvif": "no", "http": {"port": camera.port}}
            stored = {"recorder": f"R{number:03d}", "channel": "1"}
            rows["cameras"].append(basics | ways | stored)
        yield rows


def told(
    folder: Path, recorders: Sequence[Recorder], ask: Callable[[Product], T], **tree: Any
) -> T:
    """What `ask` finds out in an estate of `recorders`, whose clocks are right."""

    async def run() -> T:
        async with time_servers() as servers, serving(recorders) as rows:
            defaults = {"timeout": "30 s"} | tree.pop("defaults", {})
            estate = {"name": "Field", "time_zone": ZONE}
            full = {"estate": estate, "time_servers": servers, "defaults": defaults} | rows | tree
            return await asyncio.to_thread(ask, Product(folder, full))

    return asyncio.run(run())
