"""What people do to devices and sites, as the pages show it and ask for it. Times are Unix seconds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from healthmon.incidents.operations import Operation
from healthmon.store.rows import Author
from healthmon_exporters.pages.rows import Checking, DeviceRow, DoneRow, FaultRow

EVERY_SITE = "*"


@dataclass(frozen=True, slots=True)
class Marked:
    """Who sends a form, and its mark: a form that comes twice is entered once. `author` is the
    account of a command.
    """

    by: str
    once: str
    author: Author | None = None


@dataclass(frozen=True, slots=True)
class WindowRow:
    """A maintenance window. `subject` is its name, "" for one of config.yaml, whose `start` and
    `end` are words; of others they are also in the form of an entry (`start_value`, `end_value`).
    """

    covers: str
    start: str
    end: str
    reason: str
    subject: str = ""
    by: str = ""
    now: bool = False
    devices: str = ""
    site: str = ""
    start_value: str = ""
    end_value: str = ""


@dataclass(frozen=True, slots=True)
class MaintenancePage:
    """The windows in force and to come, of the pages and of config.yaml, and what was done lately."""

    windows: tuple[WindowRow, ...]
    configured: tuple[WindowRow, ...]
    sites: tuple[tuple[str, str], ...]
    done: tuple[DoneRow, ...]


@dataclass(frozen=True, slots=True)
class WindowForm:
    """What a person enters for a window: local times as typed ("" for now), ids of devices divided
    by commas, a site (EVERY_SITE for all). `long`: they may make one of more than 24 hours.
    """

    start: str
    end: str
    devices: str
    site: str
    reason: str
    long: bool


@dataclass(frozen=True, slots=True)
class VisitRow:
    """An engineer's visit; `until` in words is when its hold ends at the latest, `left` None while
    they are there.
    """

    engineer: str
    reference: str
    arrived: float | None
    until: str
    left: float | None
    holds: bool
    by: str
    attended: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SitePage:
    """A site: its newest visit, the checks that a person asked for, its devices worst first, open
    faults that are new since the visit began (`fresh`) and others.
    """

    id: str
    name: str
    visit: VisitRow | None
    checking: Checking | None
    devices: tuple[DeviceRow, ...]
    fresh: tuple[FaultRow, ...]
    others: tuple[FaultRow, ...]


@dataclass(frozen=True, slots=True)
class VisitForm:
    """What a person enters when an engineer arrives."""

    engineer: str
    reference: str


@dataclass(frozen=True, slots=True)
class MoveForm:
    """What a person enters for a deployable camera."""

    state: str
    location: str
    dpia: str


@dataclass(frozen=True, slots=True)
class ServiceForm:
    """What a person enters for a device that is retired or has returned into service (`did`): on which
    local `day`, "" for now, and the job number or the reason.
    """

    did: str
    day: str
    reference: str


@dataclass(frozen=True, slots=True)
class FieldFeed:
    """Functions of the agent. Each records what was done, or raises NoRecordError, NotDoneError.
    `check` has a device checked now; `make_window`, `change_window` and `end_window` are about
    maintenance windows; `arrive` and `leave` are about an engineer at a site, whose messages are
    held for `visit_hold` seconds at most. `site` gives None for one that is not configured.
    `accept` takes (device, job number, mark of the identity that was seen) and `move` says where a
    deployable camera is; `serve` says that a device is retired or has returned. `picture` gives a
    JPEG of what a camera shows.
    """

    check: Callable[[str, Marked], Awaitable[None]]
    picture: Callable[[str, Marked], Awaitable[bytes]]
    maintenance: Callable[[], Awaitable[MaintenancePage]]
    make_window: Callable[[WindowForm, Marked], Awaitable[Operation]]
    change_window: Callable[[str, WindowForm, Marked], Awaitable[Operation]]
    end_window: Callable[[str, Marked], Awaitable[Operation]]
    site: Callable[[str], Awaitable[SitePage | None]]
    arrive: Callable[[str, VisitForm, Marked], Awaitable[Operation]]
    leave: Callable[[str, str, Marked], Awaitable[Operation]]
    visit_hold: Callable[[], float]
    accept: Callable[[str, str, str, Marked], Awaitable[None]]
    move: Callable[[str, MoveForm, Marked], Awaitable[None]]
    serve: Callable[[str, ServiceForm, Marked], Awaitable[str]]
