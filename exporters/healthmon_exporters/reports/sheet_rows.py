"""The rows of the shift sheet: one for each fault, without the consequences that it explains, and
one for each open fault of the record, whatever this sweep saw of it. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from healthmon.checks.evaluation.clock_zone import UNJUDGED
from healthmon.incidents.confirmation import Key
from healthmon.incidents.incident import Ack, Incident
from healthmon.model.device import Device
from healthmon.model.enums import CheckName, Reason, State
from healthmon.model.results import Verdict
from healthmon_exporters.reports.open_faults import OpenFaults

_SEVERAL_LINES = (CheckName.RECORDER, CheckName.RECORDING)
_SHARED = (Reason.BEHIND_PARENT.value, Reason.NO_REFERENCE.value)


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a device (or several behind one parent), what is the matter, and since when (Unix
    seconds).

    `number` is that of the open fault in the record, `ack` who has taken it on. A row `of_record`
    is not what this sweep saw; its sentence says since when.
    """

    state: State
    devices: tuple[str, ...]
    name: str
    sentence: str
    code: str
    check_type: str
    instance: str = ""
    since: float | None = None
    priority: int | None = None
    maintenance: str | None = None
    number: int | None = None
    ack: Ack | None = None
    contractor: str = ""
    of_record: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beside the verdicts of a sweep: `since` when each aspect is bad, the reason of
    each device's `maintenance`, the open `faults` of the record, names of `sites` and
    `contractors`.
    """

    since: Mapping[Key, float] = field(default_factory=dict)
    maintenance: Mapping[str, str] = field(default_factory=dict)
    faults: OpenFaults = field(default_factory=OpenFaults)
    sites: Mapping[str, str] = field(default_factory=dict)
    contractors: Mapping[str, str] = field(default_factory=dict)

    def contractor(self, device: Device | None) -> str:
        """The name of who repairs `device`, "" where nobody is named."""
        name = (device.contractor or "") if device else ""
        return self.contractors.get(name, name)


def rows(
    devices: Mapping[str, Device],
    verdicts: Iterable[Verdict],
    known: Known,
    chosen: Collection[str],
) -> tuple[Row, ...]:
    """The rows of a sheet of the `chosen` devices: one a fault, without the consequences that it
    explains, and those of the record that this sweep did not see.
    """
    found = list(verdicts)
    bad: dict[str, list[Verdict]] = {}
    for verdict in found:
        if verdict.state is not State.OK:
            bad.setdefault(verdict.device, []).append(verdict)
    made: list[Row] = []
    for device_id, theirs in bad.items():
        made += [_row(devices[device_id], one, known) for one in _worth_saying(theirs)]
    made += [
        _row_of_record(incident, sentence, devices, known)
        for incident, sentence in known.faults.not_seen(found, chosen)
    ]
    made.sort(key=lambda row: (-(row.state is State.FAULT), row.priority or 9, row.devices))
    return tuple(_fold_unknown(made))


def _worth_saying(found: list[Verdict]) -> list[Verdict]:
    """Without the consequences: an unreachable device is one line, a fault hides what it left
    unchecked.
    """
    lost = next((v for v in found if _is_lost(v)), None)
    if lost is not None:
        return [_with_port(lost, found)]
    known = _one_login([v for v in found if v.state in (State.FAULT, State.DEGRADED)])
    unknown = _not_explained([v for v in found if v.state is State.UNKNOWN], known)
    return known + (_behind(unknown) or _once_a_check(unknown))


def _behind(unknown: list[Verdict]) -> list[Verdict]:
    """One line for a device behind a dead parent, whatever else is unknown of it."""
    return [v for v in unknown if v.reason is Reason.BEHIND_PARENT][:1]


def _is_lost(verdict: Verdict) -> bool:
    return verdict.check_type == CheckName.REACH and verdict.state is State.FAULT


def _one_login(known: list[Verdict]) -> list[Verdict]:
    """A refused login is one line, whichever checks met it."""
    logins = [v for v in known if v.aspect == "login"]
    return [v for v in known if v not in logins[1:]]


def _not_explained(unknown: list[Verdict], known: list[Verdict]) -> list[Verdict]:
    """What is unknown for a reason of its own: not by a fault that is said anyway."""
    if not any(v.state is State.FAULT for v in known):
        return unknown
    said = {(v.check_type, v.instance) for v in known}
    own = [v for v in unknown if (v.check_type, v.instance) not in said or _stands_alone(v)]
    return [v for v in own if not _follows(v)]


def _stands_alone(verdict: Verdict) -> bool:
    """Whether it is one of the aspects of a recorder, which no other fault of it explains."""
    return verdict.check_type == CheckName.RECORDER and verdict.aspect != CheckName.RECORDER


def _with_port(lost: Verdict, found: Iterable[Verdict]) -> Verdict:
    """A device that cannot be reached, with what its switch port tells of the cause."""
    bad = (State.FAULT, State.DEGRADED)
    ports = [
        v
        for v in found
        if v.check_type == CheckName.PORT and v.aspect in ("port", "poe") and v.state in bad
    ]
    return replace(lost, sentence=f"{lost.sentence}; {ports[0].sentence}") if ports else lost


def _follows(verdict: Verdict) -> bool:
    return verdict.reason in (Reason.NOT_REACHED, Reason.AUTH_LATCHED, Reason.AUTH_FAILED)


def _once_a_check(unknown: list[Verdict]) -> list[Verdict]:
    """The main aspect of each check that failed, and the same reason of one device said once. Each
    aspect of a recorder or a recording has a line of its own.
    """
    kept: dict[tuple[str, str, str, object], Verdict] = {}
    for verdict in unknown:
        aspect = verdict.aspect if verdict.check_type in _SEVERAL_LINES else ""
        kept.setdefault((verdict.check_type, verdict.instance, aspect, verdict.reason), verdict)
    first: dict[object, Verdict] = {}
    for verdict in kept.values():
        first.setdefault(
            verdict.reason if verdict.reason is Reason.NO_REFERENCE else id(verdict), verdict
        )
    return list(first.values())


def _row(device: Device, verdict: Verdict, known: Known) -> Row:
    instance = (
        f"{verdict.instance}: "
        if verdict.check_type == CheckName.STREAM and verdict.instance not in ("", "main")
        else ""
    )
    since = known.since.get(verdict.key)
    unknown = verdict.state is State.UNKNOWN
    incident = None if unknown else known.faults.of(verdict.key)
    return Row(
        verdict.state,
        (device.id,),
        device.name,
        instance + verdict.sentence,
        verdict.code,
        verdict.check_type,
        verdict.instance,
        _first((since, verdict.began, incident.since if incident else None)),
        None if unknown else device.priority,
        known.maintenance.get(device.id),
        incident.number if incident else None,
        incident.ack if incident else None,
        known.contractor(device),
    )


def _first(moments: Iterable[float | None]) -> float | None:
    """The first that is known."""
    return next((moment for moment in moments if moment is not None), None)


def _row_of_record(
    incident: Incident, sentence: str, devices: Mapping[str, Device], known: Known
) -> Row:
    """The row of an open fault that this sweep did not see."""
    lead, device = incident.lead, devices.get(incident.device)
    name = device.name if device else known.sites.get(incident.site, incident.site)
    return Row(
        lead.state,
        incident.affected or (incident.device,),
        name,
        sentence,
        lead.code,
        lead.check_type,
        lead.instance,
        incident.since,
        incident.priority,
        known.maintenance.get(incident.device),
        incident.number,
        incident.ack,
        known.contractor(device),
        of_record=True,
    )


def _fold_unknown(made: list[Row]) -> list[Row]:
    """Devices that are not checked for one and the same cause (a parent, no reference, a recorder)
    share a line.
    """
    shared: dict[tuple[str, str], list[Row]] = {}
    kept: list[Row] = []
    for row in made:
        if row.state is State.UNKNOWN and (
            row.code in _SHARED
            or row.check_type == CheckName.RECORDING
            or row.sentence.startswith(UNJUDGED)
        ):
            shared.setdefault((row.code, row.sentence), []).append(row)
        else:
            kept.append(row)
    for group in shared.values():
        devices = tuple(sorted({device for row in group for device in row.devices}))
        first = group[0]
        name = first.name if len(devices) == 1 else f"{len(devices)} devices"
        kept.append(Row(first.state, devices, name, first.sentence, first.code, first.check_type))
    return kept
