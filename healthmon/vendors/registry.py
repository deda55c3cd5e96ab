"""What a make of recorder is: its `About`, and how a make is found by the name that config.yaml
gives it.

A make is one module of this package, called as the make, with three names: ``ABOUT``, ``read`` and,
where it can play footage, ``replay``.
"""

from __future__ import annotations

import functools
import importlib
import logging
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from healthmon.model import entry_points
from healthmon.model.footage import RecorderAnswer, Recording
from healthmon.protocols.errors import UnsupportedError
from healthmon.vendors import recorders
from healthmon.vendors.client import Replay, VendorClient

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

log = logging.getLogger("healthmon")

GROUP = "healthmon.vendors"


@dataclass(frozen=True, slots=True)
class Call:
    """One documented call: `what` is asked (method and path, operation or object), `why`, and the
    `right` it needs.
    """

    what: str
    why: str
    right: str = ""


@dataclass(frozen=True, slots=True)
class VendorInfo:
    """A make for docs/makes.md. `make` is its name in config.yaml.

    `tells` names the fields that it can fill: "recording.newest", "recorder.disks", "disk.state",
    "fan.well" ... `account` is the least privilege that is enough, `verified` what it was tried
    with ("model, firmware"). `by_onvif`: what it does not report itself is asked by ONVIF.
    """

    make: str
    title: str
    calls: tuple[Call, ...]
    tells: frozenset[str]
    account: str
    verified: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    by_onvif: bool = False


class Vendor(Protocol):
    """A module that is a make."""

    ABOUT: VendorInfo

    async def read(self, contact: VendorClient, wanted: frozenset[str]) -> RecorderAnswer:
        """Everything about the recorder and the `wanted` channels, in one session.

        A part that cannot be read is said in `notes`, and in `unread` where it must be known.
        Raises ExchangeError when nothing can be read.
        """


class Player(Vendor, Protocol):
    """A make that can also play footage."""

    async def replay(self, contact: VendorClient, recording: Recording, at: float) -> Replay:
        """Where the footage of `recording` from `at` (the recorder's Unix seconds) is played.
        Raises ExchangeError.
        """


def all_vendors() -> dict[str, Vendor]:
    """Every make by its name in config.yaml."""
    own = {name: make for name in _modules() if (make := _own(name)) is not None}
    return {**_from_outside(), **own}


@functools.cache
def _modules() -> frozenset[str]:
    return frozenset(module.name for module in pkgutil.iter_modules(recorders.__path__))


@functools.cache
def _own(name: str) -> Vendor | None:
    """The make of this package whose module is called `name`; no other one is imported."""
    if name not in _modules():
        return None
    module: Any = importlib.import_module(f"{recorders.__name__}.{name}")
    return module if hasattr(module, "ABOUT") else None


@functools.cache
def _from_outside() -> dict[str, Vendor]:
    """The makes of installed packages."""
    found: dict[str, Vendor] = {}
    for point in entry_points.of_group(GROUP):
        module = _loaded(point)
        if module is not None:
            found.setdefault(module.ABOUT.make, module)
    return found


def _loaded(point: EntryPoint) -> Any:
    """The module of an installed package, None where it is no vendor."""
    try:
        module = point.load()
    except Exception as error:  # noqa: BLE001 - a package that cannot be imported stops nothing else
        log.error("vendor %s (%s) is left out: %s", point.name, point.value, type(error).__name__)  # noqa: TRY400 - one line, no traceback
        return None
    if isinstance(getattr(module, "ABOUT", None), VendorInfo) and hasattr(module, "read"):
        return module
    log.error("vendor %s (%s) is left out: it has no ABOUT and read", point.name, point.value)
    return None


def make_of(name: str) -> Vendor:
    """The make called `name`. Raises UnsupportedError for one that this version does not have."""
    found = _own(name) or _from_outside().get(name)
    if found is None:
        raise UnsupportedError(f"make {name} is not in this version")
    return found


def player_of(name: str) -> Player:
    """The make called `name`, if it can play footage. Raises UnsupportedError."""
    found = make_of(name)
    if not hasattr(found, "replay"):
        raise UnsupportedError(f"make {name} does not play footage")
    return cast("Player", found)
