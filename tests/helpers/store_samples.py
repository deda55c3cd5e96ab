"""One fault, its incident and its notice, as the tests of the store write and read them."""

from __future__ import annotations

from healthmon.incidents.confirmation import Fault
from healthmon.incidents.incident import Incident, IncidentEvent
from healthmon.model.enums import State
from healthmon.store import Batch, Outgoing

FAULT = Fault(
    "C001", "reach", "", "reach", "unreachable", State.FAULT, "no answer für 12 s", 1000.0, 1060.0
)
CASE = Incident(7, "C001", "riverside", (FAULT,), 1000.0, 1060.0, 2, told=1080.0, revision=1)
ROW = Outgoing("F000007-1", "duty", "C001", 7, '{"a":1}', 1080.0, 1080.0)


def full() -> Batch:
    return Batch(
        {FAULT.key: FAULT}, {7: CASE}, [IncidentEvent("opened", CASE, 1080.0)], [ROW], alive=1090.0
    )
