"""What a make of recorder is: its `About`, and how a make is found by the name that config.yaml gives it.

A make is one module of this package with three names: ``ABOUT``, ``read`` and, where it can play footage, ``replay``.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from dataclasses import dataclass
from typing import Protocol, cast

from healthmon import makes
from healthmon.makes.contact import Contact, Replay
from healthmon.model import RecorderAnswer, Recording
from healthmon.wire.errors import UnsupportedError


@dataclass(frozen=True, slots=True)
class Call:
    """One documented call: `what` is asked (method and path, operation or object), `why`, and the `right` it needs."""

    what: str
    why: str
    right: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """A make for docs/makes.md. `make` is its name in config.yaml.

    `tells` names the fields that it can fill: "recording.newest", "recorder.disks", "disk.state", "fan.well" ...
    `account` is the least privilege that is enough, `verified` what it was tried with ("model, firmware"). `by_onvif`:
    what it does not tell itself is asked by ONVIF.
    """

    make: str
    title: str
    calls: tuple[Call, ...]
    tells: frozenset[str]
    account: str
    verified: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    by_onvif: bool = False


class Make(Protocol):
    """A module that is a make."""

    ABOUT: About

    async def read(self, contact: Contact, wanted: frozenset[str]) -> RecorderAnswer:
        """Everything about the recorder and the `wanted` channels, in one session.

        A part that cannot be read is left out and said in `notes`. Raises WireError when nothing can be read.
        """


class Player(Make, Protocol):
    """A make that can also play footage."""

    async def replay(self, contact: Contact, recording: Recording, at: float) -> Replay:
        """Where the footage of `recording` from `at` (the recorder's Unix seconds) is played. Raises WireError."""


@functools.cache
def all_makes() -> dict[str, Make]:
    """Every make by its name in config.yaml."""
    modules = (
        importlib.import_module(f"{makes.__name__}.{m.name}")
        for m in pkgutil.iter_modules(makes.__path__)
    )
    return {module.ABOUT.make: module for module in modules if hasattr(module, "ABOUT")}


def make_of(name: str) -> Make:
    """The make called `name`. Raises UnsupportedError for one that this version does not have."""
    found = all_makes().get(name)
    if found is None:
        raise UnsupportedError(f"make {name} is not in this version")
    return found


def player_of(name: str) -> Player:
    """The make called `name`, if it can play footage. Raises UnsupportedError."""
    found = make_of(name)
    if not hasattr(found, "replay"):
        raise UnsupportedError(f"make {name} does not play footage")
    return cast("Player", found)
