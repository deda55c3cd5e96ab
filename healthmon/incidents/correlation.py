"""The cause of an incident: a dead parent, many of one site at once, a power event, our own
network. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from healthmon.checks.evaluation.dependencies import dead_ancestor
from healthmon.incidents.confirmation import Fault
from healthmon.incidents.incident import COMMON, LOST, SITE, EstateState, Incident
from healthmon.model.device import Device
from healthmon.model.enums import Kind, State

# A mains failure is one at the whole site, as long as it lasts. A UPS that goes to bypass or
# switches its output off can take what hangs behind it down, at that moment.
MAINS, UNPROTECTED = "on_battery", "not_protecting"
OUTAGE, GAP = "not_recording", "recording_gap"
# What a device without power can show, and one that has just come back. Nothing else follows a
# mains failure: a swapped device or a failed disk at the same site is a fault of its own.
POWER_EFFECTS = frozenset({
    "common_cause", "unreachable", "part_unreachable",
    "no_pictures", "no_answer", "no_video", "frozen_clock", "frozen_picture",
    "clock_reset", "restarted", "channel_lost", "not_recording", "recording_gap", "playback_failed",
    "port_down", "port_off", "poe_fault", "poe_supply", "poe_denied",
    "relay_down", "relay_stale", "service_down", "service_error",
    MAINS, UNPROTECTED, "battery_low", "runtime_low", "ups_comms_lost", "ups_shutdown",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class CorrelationRules:
    """Figures of the reducer, seconds where not said otherwise.

    An incident waits `hold` before it is notified, so that its cause can show. Lost devices of one
    site wait until none has been added for `quiet`, at most `longest`; `many` of them and `share`
    of the site are one incident. Later ones join for `join`. After a parent is back, children have
    `settle` to come back. A power event explains what follows `power`.
    """

    hold: float = 20.0
    quiet: float = 10.0
    longest: float = 40.0
    many: int = 4
    share: float = 0.3
    join: float = 180.0
    settle: float = 180.0
    power: float = 180.0


def with_mains(incident: Incident, now: float) -> Incident:
    """`incident` with the bounds of the mains failure that its faults tell of now; a load that is
    not protected is a power event of one moment.
    """
    since = _began(incident, MAINS)
    if since is not None:
        again = incident.mains_lost is None or incident.mains_back is not None
        return replace(
            incident, mains_lost=since if again else incident.mains_lost, mains_back=None
        )
    if incident.mains_lost is not None and incident.mains_back is None:
        return replace(incident, mains_back=now)
    moment = _began(incident, UNPROTECTED)
    if moment is not None and incident.mains_lost is None:
        return replace(incident, mains_lost=moment, mains_back=moment)
    return incident


def _began(incident: Incident, code: str) -> float | None:
    return min((f.since for f in incident.faults if f.code == code), default=None)


def is_mains(power: Incident) -> bool:
    """Whether a power event is a mains failure, and no trouble of a UPS alone."""
    return power.mains_lost != power.mains_back


def follows(incident: Incident, power: Incident, device: Device | None, within: float) -> bool:
    """Whether `incident` is what lost power can cause, and began during the power event of `power`
    or shortly after: behind its UPS, and of a mains failure also at its site. `device` is the one
    of `incident`.
    """
    return (
        _is_near(incident, power, device)
        and power.mains_lost is not None
        and incident.device != power.device
        and incident.lead.code in POWER_EFFECTS
        and power.mains_lost - 30 <= incident.since
        and incident.since <= (power.mains_back or incident.since) + within
    )


def _is_near(incident: Incident, power: Incident, device: Device | None) -> bool:
    if device is not None and power.device in device.parents:
        return True
    return is_mains(power) and power.site != "" and power.site == incident.site


def why_removed(incident: Incident, estate_state: EstateState) -> str:
    """Why a fault ends whose check is no longer made: "the device was retired on 2026-11-30"."""
    device = estate_state.devices.get(incident.device)
    if device is None:
        return "the device was taken out of the configuration"
    if device.deployment == "deployed":
        return "this is no longer checked"
    was = "was" if device.deployment == "retired" else "is"
    return f"the device {was} {device.standing}"


def why_held(incident: Incident, estate_state: EstateState) -> tuple[str, str | None]:
    """Why nobody is notified of `incident` now ("" when nothing stands against it), and the dead
    parent's id.
    """
    device = estate_state.devices.get(incident.device)
    if device is None or device.kind is Kind.AGENT:
        return "", None
    if incident.device in estate_state.absent:
        return "absent", None
    if incident.device in estate_state.maintenance:
        return "maintenance", None
    if incident.device in estate_state.own_network:
        return "own network", None
    if (
        incident.device in estate_state.down
        and (parent := dead_ancestor(device, estate_state.devices, estate_state.down)) is not None
    ):
        return "parent", parent.id
    return "", None


def settled(waiting: Sequence[Incident], now: float, rules: CorrelationRules) -> bool:
    """Whether the lost devices of one site have waited long enough to be notified."""
    first, last = min(c.waits for c in waiting), max(c.waits for c in waiting)
    return now - first >= rules.longest or (now - first >= rules.hold and now - last >= rules.quiet)


def together(waiting: Sequence[Incident], watched: int, rules: CorrelationRules) -> bool:
    """Whether the lost devices of one site are too many for chance."""
    return len(waiting) >= rules.many and len(waiting) >= rules.share * watched


def site_case(
    number: int, site: str, members: Sequence[Incident], estate_state: EstateState, now: float
) -> Incident:
    """One incident for the lost devices of a site."""
    cameras = sum(d.kind is Kind.CAMERA for d in estate_state.devices.values())
    first = min(incident.since for incident in members)
    ids = tuple(sorted(incident.device for incident in members))
    key = SITE + site
    fault = Fault(
        key,
        "reach",
        "",
        COMMON,
        COMMON,
        State.FAULT,
        site_words(site, ids, members, estate_state),
        first,
        now,
    )
    urgent = 1 if len(ids) > 0.1 * cameras else min(incident.priority for incident in members)
    return Incident(number, key, site, (fault,), first, now, urgent, affected=ids, joined=now)


def site_words(
    site: str, ids: Collection[str], members: Iterable[Incident], estate_state: EstateState
) -> str:
    """As in "17 of 20 devices at Riverside lost within 30 s: common cause likely (power or
    link)".
    """
    times = sorted(incident.since for incident in members)
    total = len(watched(site, estate_state))
    name = estate_state.site_names.get(site) or site or "the estate"
    spread = max(1, round(times[-1] - times[0])) if times else 1
    return f"{len(ids)} of {total} devices at {name} lost within {spread} s: common cause likely (power or link)"


def watched(site: str, estate_state: EstateState) -> list[str]:
    """The ids of the devices of a site that are checked."""
    return [
        d.id
        for d in estate_state.devices.values()
        if d.site == site and d.kind is not Kind.AGENT and not d.disabled
    ]


def children(parent: str, estate_state: EstateState) -> tuple[str, ...]:
    """The ids of the devices that stand or fall with `parent`."""
    found: list[str] = []
    for device in estate_state.devices.values():
        above, seen = list(device.parents), set[str]()
        while above:
            name = above.pop()
            if name == parent:
                found.append(device.id)
                break
            if name not in seen and name in estate_state.devices:
                seen.add(name)
                above += estate_state.devices[name].parents
    return tuple(found)


def explained(
    incident: Incident,
    failures: Iterable[Incident],
    estate_state: EstateState,
    rules: CorrelationRules,
) -> Incident:
    """`incident` with what the switch port of its device tells, and the first of the mains
    `failures` that it follows.
    """
    device = estate_state.devices.get(incident.device)
    if incident.lost and not incident.cause and incident.device in estate_state.ports:
        incident = replace(incident, cause=estate_state.ports[incident.device])
    if incident.cause_number is not None:
        return incident
    for power in failures:
        if follows(incident, power, device, rules.power):
            ups = estate_state.devices.get(power.device)
            name = ups.name if ups is not None else power.device
            event = "the mains failure at" if is_mains(power) else "the trouble of the UPS"
            words = f"follows {event} {name} (fault F{power.number:06d})"
            return replace(
                incident,
                cause="; ".join(filter(None, (incident.cause, words))),
                cause_number=power.number,
            )
    return incident


def missing_since(incident: Incident, outage: Incident | None) -> Incident:
    """`incident`, explained by the earlier `outage` of its device where it is of a gap in footage
    that began before that was over.
    """
    if outage is None or outage.number >= incident.number or incident.lead.code != GAP:
        return incident
    if incident.cause_number is not None or incident.since > (outage.closed or incident.since):
        return incident
    words = f"footage from when it was not recorded (fault F{outage.number:06d})"
    return replace(incident, cause=words, cause_number=outage.number)


@dataclass(frozen=True, slots=True)
class BlindZone:
    """A zone without a working camera: those that should cover it, and working ones that can look
    there instead.
    """

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


def blind_zones(devices: Mapping[str, Device], working: Collection[str]) -> tuple[BlindZone, ...]:
    """Every zone of which no camera works; a camera that is disabled or not deployed covers
    nothing.
    """
    own: dict[str, list[str]] = {}
    cover: dict[str, list[str]] = {}
    for camera in filter(_covers, devices.values()):
        if camera.coverage_zone:
            own.setdefault(camera.coverage_zone, []).append(camera.id)
        for zone in camera.covers if camera.id in working else ():
            cover.setdefault(zone, []).append(camera.id)
    return tuple(
        BlindZone(zone, tuple(ids), tuple(cover.get(zone, ())))
        for zone, ids in sorted(own.items())
        if not any(one in working for one in ids)
    )


def _covers(device: Device) -> bool:
    deployed = device.deployment == "deployed" and not device.disabled
    return deployed and device.kind is Kind.CAMERA


def is_lost(fault: Fault) -> bool:
    """Whether the fault is that the device cannot be reached at all."""
    return fault.code == LOST and fault.check_type == "reach"
