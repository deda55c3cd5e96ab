"""What a person is asked to look at: pictures that are unlike earlier ones. Pure.

One cause that many cameras of a site share, such as fog or the lights going out, is one line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from healthmon.incidents.incident import Incident

# What a change of light does to a whole site. What is in front of a lens, or moves a camera, is
# looked at one by one.
OF_LIGHT = frozenset(
    {
        "picture_too_dark",
        "picture_overexposed",
        "picture_defocused",
        "night_mode_by_day",
        "day_mode_by_night",
    }
)
MANY = 3  # cameras of one site
TOGETHER_SECONDS = 1800.0


@dataclass(frozen=True, slots=True)
class Inspection:
    """One line to answer: the incidents that it stands for, the oldest first."""

    incidents: tuple[Incident, ...]

    @property
    def since(self) -> float:
        """When the first began (Unix seconds)."""
        return self.incidents[0].since

    @property
    def sentence(self) -> str:
        """What is asked about, with value and limits; of several the one that says it first."""
        lead = self.incidents[0].lead.sentence
        if len(self.incidents) == 1:
            return "; ".join(dict.fromkeys(one.sentence for one in self.incidents[0].faults))
        return f"{len(self.incidents)} cameras together; the first: {lead}"


def inspections_of(incidents: Iterable[Incident]) -> list[Inspection]:
    """What there is to look at, the oldest first."""
    found: list[Inspection] = []
    groups: dict[tuple[str, str], list[Incident]] = {}
    for incident in sorted(
        (one for one in incidents if one.is_asked_about), key=lambda one: (one.since, one.number)
    ):
        if incident.lead.code in OF_LIGHT:
            groups.setdefault((incident.site, incident.lead.code), []).append(incident)
        else:
            found.append(Inspection((incident,)))
    for group in groups.values():
        found += _together(group)
    return sorted(found, key=lambda one: (one.since, one.incidents[0].number))


def _together(group: list[Incident]) -> list[Inspection]:
    """The incidents of one site and cause, those that began together as one."""
    runs: list[list[Incident]] = []
    for incident in group:
        if runs and incident.since - runs[-1][0].since <= TOGETHER_SECONDS:
            runs[-1].append(incident)
        else:
            runs.append([incident])
    found: list[Inspection] = []
    for run in runs:
        found += (
            [Inspection(tuple(run))] if len(run) >= MANY else [Inspection((one,)) for one in run]
        )
    return found
