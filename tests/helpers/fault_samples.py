"""One fault that the machine has found and one that a person has raised."""

from __future__ import annotations

from dataclasses import replace

from healthmon.incidents.confirmation import Fault
from healthmon.incidents.incident import PERSON, RAISED, Incident
from healthmon.model.enums import State

SINCE = 1_000_000.0
SEEN = Fault("C001", "reach", "", "reach", "unreachable", State.FAULT, "no answer", SINCE, SINCE)
MACHINE = Incident(7, "C001", "market", (SEEN,), SINCE, SINCE, 2, told=SINCE + 60)
BY_HAND = replace(
    MACHINE, faults=(replace(SEEN, check_type=PERSON, code=RAISED, sentence="dome is dirty"),)
)
