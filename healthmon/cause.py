"""The cause of a case: a dead parent, many of one site at once, a power event, our own network. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from healthmon.cases import COMMON, LOST, SITE, Case, World
from healthmon.faults import Fault
from healthmon.model import Device, Kind, State
from healthmon.verdict.parents import dead_ancestor

POWER_CODES = frozenset({"on_battery", "not_protecting", "battery_low"})


@dataclass(frozen=True, slots=True)
class Rules:
    """Figures of the desk, seconds where not said otherwise.

    A case waits `hold` before it is told, so that its cause can show. Lost devices of one site wait until none has been
    added for `quiet`, at most `longest`; `many` of them and `share` of the site are one case. Later ones join for
    `join`. After a parent is back, children have `settle` to come back. A power event explains what follows `power`.
    """

    hold: float = 20.0
    quiet: float = 10.0
    longest: float = 40.0
    many: int = 4
    share: float = 0.3
    join: float = 180.0
    settle: float = 180.0
    power: float = 180.0


@dataclass(frozen=True, slots=True)
class Power:
    """Mains lost at a UPS."""

    number: int
    device: str
    name: str
    site: str
    since: float
    until: float | None = None

    def explains(self, case: Case, device: Device, within: float) -> bool:
        """Whether `case` began during the event or shortly after, behind this UPS or at its site."""
        near = self.device in device.parents or (self.site != "" and self.site == device.site)
        return (
            near
            and device.id != self.device
            and self.since - 30 <= case.since <= (self.until or case.since) + within
        )


def why_held(case: Case, world: World) -> tuple[str, str | None]:
    """Why nobody is told of `case` now ("" when nothing stands against it), and the dead parent's id."""
    device = world.devices.get(case.device)
    if device is None or device.kind is Kind.AGENT:
        return "", None
    if case.device in world.absent:
        return "absent", None
    if case.device in world.maintenance:
        return "maintenance", None
    if case.device in world.own_network:
        return "own network", None
    if (
        case.device in world.down
        and (parent := dead_ancestor(device, world.devices, world.down)) is not None
    ):
        return "parent", parent.id
    return "", None


def settled(waiting: Sequence[Case], now: float, rules: Rules) -> bool:
    """Whether the lost devices of one site have waited long enough to be told."""
    first, last = min(c.waits for c in waiting), max(c.waits for c in waiting)
    return now - first >= rules.longest or (now - first >= rules.hold and now - last >= rules.quiet)


def together(waiting: Sequence[Case], watched: int, rules: Rules) -> bool:
    """Whether the lost devices of one site are too many for chance."""
    return len(waiting) >= rules.many and len(waiting) >= rules.share * watched


def site_case(number: int, site: str, members: Sequence[Case], world: World, now: float) -> Case:
    """One case for the lost devices of a site."""
    cameras = sum(d.kind is Kind.CAMERA for d in world.devices.values())
    first = min(case.since for case in members)
    ids = tuple(sorted(case.device for case in members))
    key = SITE + site
    fault = Fault(
        key,
        "reach",
        "",
        COMMON,
        COMMON,
        State.FAULT,
        site_words(site, ids, members, world),
        first,
        now,
    )
    urgent = 1 if len(ids) > 0.1 * cameras else min(case.priority for case in members)
    return Case(number, key, site, (fault,), first, now, urgent, affected=ids, joined=now)


def site_words(site: str, ids: Collection[str], members: Iterable[Case], world: World) -> str:
    """As in "17 of 20 devices at Riverside lost within 30 s: common cause likely (power or link)"."""
    times = sorted(case.since for case in members)
    total = len(watched(site, world))
    name = world.site_names.get(site) or site or "the estate"
    spread = max(1, round(times[-1] - times[0])) if times else 1
    return f"{len(ids)} of {total} devices at {name} lost within {spread} s: common cause likely (power or link)"


def watched(site: str, world: World) -> list[str]:
    """The ids of the devices of a site that are looked at."""
    return [
        d.id
        for d in world.devices.values()
        if d.site == site and d.kind is not Kind.AGENT and not d.disabled
    ]


def children(parent: str, world: World) -> tuple[str, ...]:
    """The ids of the devices that stand or fall with `parent`."""
    found: list[str] = []
    for device in world.devices.values():
        above, seen = list(device.parents), set[str]()
        while above:
            name = above.pop()
            if name == parent:
                found.append(device.id)
                break
            if name not in seen and name in world.devices:
                seen.add(name)
                above += world.devices[name].parents
    return tuple(found)


def explained(case: Case, events: Iterable[Power], world: World, rules: Rules) -> Case:
    """`case` with what the switch port of its device tells, and the power event that it follows."""
    device = world.devices.get(case.device)
    if case.lost and not case.cause and case.device in world.ports:
        case = replace(case, cause=world.ports[case.device])
    for event in events:
        if (
            case.cause_number is None
            and device is not None
            and event.explains(case, device, rules.power)
        ):
            words = f"follows the mains failure at {event.name} (case F{event.number:06d})"
            return replace(
                case, cause="; ".join(filter(None, (case.cause, words))), cause_number=event.number
            )
    return case


@dataclass(frozen=True, slots=True)
class Blind:
    """A zone without a working camera: those that should cover it, and working ones that can look there instead."""

    zone: str
    cameras: tuple[str, ...]
    cover: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """As in "market-square has no working camera (C001, C002); C004 can look there"."""
        instead = (
            f"{', '.join(self.cover)} can look there"
            if self.cover
            else "no other camera can look there"
        )
        return f"{self.zone} has no working camera ({', '.join(self.cameras)}); {instead}"


def blind_zones(devices: Mapping[str, Device], working: Collection[str]) -> tuple[Blind, ...]:
    """Every zone of which no camera works; a camera that is disabled or not deployed covers nothing."""
    own: dict[str, list[str]] = {}
    cover: dict[str, list[str]] = {}
    for device in devices.values():
        if device.kind is not Kind.CAMERA or device.disabled or device.deployment != "deployed":
            continue
        if device.coverage_zone:
            own.setdefault(device.coverage_zone, []).append(device.id)
        for zone in device.covers if device.id in working else ():
            cover.setdefault(zone, []).append(device.id)
    blind = {zone: ids for zone, ids in own.items() if not any(one in working for one in ids)}
    return tuple(
        Blind(zone, tuple(ids), tuple(cover.get(zone, ()))) for zone, ids in sorted(blind.items())
    )


def is_lost(fault: Fault) -> bool:
    """Whether the fault is that the device cannot be reached at all."""
    return fault.code == LOST and fault.question == "reach"
