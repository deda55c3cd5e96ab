"""The open faults of the record beside the verdicts of one sweep. Pure.

A sweep looks once and for a short time. What the agent has found in several looks, and what it has
not closed yet, stands on the sheet whatever that one look saw.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from healthmon.checks.evaluation.codes import SEVERAL_CHECKS
from healthmon.incidents.confirmation import Fault, Key
from healthmon.incidents.incident import OTHER, Incident
from healthmon.model.enums import AGENT, State
from healthmon.model.results import Verdict

_BAD = (State.DEGRADED, State.FAULT)
_WITH_ITS_CAUSE = ("parent", "site", "own network")


@dataclass(frozen=True, slots=True)
class OpenFaults:
    """The open incidents of the record. `clock` writes a moment (Unix seconds) as a time of day."""

    incidents: tuple[Incident, ...] = ()
    clock: Callable[[float], str] = str
    _by_key: dict[Key, Incident] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        numbered = {incident.number: incident for incident in self.incidents}
        for incident in self.incidents:
            told = numbered.get(incident.cause_number or 0) if incident.held == "site" else None
            for fault in incident.faults:
                self._by_key[fault.key] = told or incident

    def of(self, key: Key) -> Incident | None:
        """The incident that people know this aspect by: that of its site, if the site is lost."""
        return self._by_key.get(key)

    def not_seen(
        self, verdicts: Iterable[Verdict], chosen: Collection[str]
    ) -> Iterator[tuple[Incident, str]]:
        """Each incident of the `chosen` devices (and of healthmon itself, and of no device) of which
        the sweep saw nothing bad, with its sentence for the sheet.
        """
        by_key = {verdict.key: verdict for verdict in verdicts}
        on_sheet = self._numbers_of(v.key for v in by_key.values() if v.state in _BAD)
        for incident in self.incidents:
            shown = incident.number in on_sheet or self._stands_with_its_cause(incident)
            if not shown and _is_about(incident, chosen):
                yield incident, self._words(incident, by_key)

    def _numbers_of(self, keys: Iterable[Key]) -> set[int]:
        """The incidents that these aspects are known by."""
        return {found.number for key in keys if (found := self.of(key)) is not None}

    def believed(self, verdicts: Iterable[Verdict]) -> list[Verdict]:
        """`verdicts` with every aspect that is at fault in the record at fault."""
        by_key = {verdict.key: verdict for verdict in verdicts}
        own = [one for one in self.incidents if not self._stands_with_its_cause(one)]
        for incident, fault in ((one, fault) for one in own for fault in one.faults):
            known = by_key.get(fault.key)
            if incident.state > incident.lead.state:  # a person has looked and called it a fault
                words = f"{fault.sentence}; {incident.confirmed} has looked: a fault"
                by_key[fault.key] = _verdict(
                    replace(fault, state=State.FAULT, sentence=words), known
                )
            elif known is None or known.state not in _BAD:
                by_key[fault.key] = _verdict(fault, known)
        return list(by_key.values())

    def _stands_with_its_cause(self, incident: Incident) -> bool:
        """Whether another open incident says it for this one."""
        if incident.held not in _WITH_ITS_CAUSE:
            return False
        others = {one.number for one in self.incidents}
        own = any(one.device == AGENT for one in self.incidents)
        return incident.cause_number in others or (incident.held == "own network" and own)

    def _words(self, incident: Incident, by_key: Mapping[Key, Verdict]) -> str:
        lead = incident.lead
        now = by_key.get(lead.key)
        well = now is not None and now.state is State.OK
        could_tell = lead.code not in SEVERAL_CHECKS and not lead.flapping
        here = "well in this one check" if well and could_tell else "not checked here"
        if incident.raised:
            here = "raised by a person"
        return f"{lead.sentence}; {here}, open since {self.clock(incident.since)}"


def _is_about(incident: Incident, chosen: Collection[str]) -> bool:
    """Whether it is about one of the `chosen` devices, about healthmon itself, or about none."""
    affected = {incident.device, *incident.affected}
    return incident.device in (AGENT, OTHER) or not affected.isdisjoint(chosen)


def _verdict(fault: Fault, known: Verdict | None) -> Verdict:
    """The verdict that `fault` stands for."""
    made = Verdict(*fault.key, fault.state, fault.code, fault.sentence, fault.confirmed)
    return replace(made, at=known.at) if known is not None else made
