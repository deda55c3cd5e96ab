"""Three agents, one PostgreSQL, 300 cameras: whatever befalls an agent, the database or a link, each camera
is looked at, by one agent at a time, and each fault is told once.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.shared_estate import EVENTS, Event, SharedEstate
from helpers.support import Peers

pytestmark = pytest.mark.long(180)
# The others are run by THOROUGH=1.
ALWAYS = 1


ROWS = [
    pytest.param(event, id=event.name, marks=[pytest.mark.thorough] * (number >= ALWAYS))
    for number, event in enumerate(EVENTS)
]


@pytest.mark.parametrize("event", ROWS)
def test_each_camera_is_looked_at_and_each_fault_told_once(
    tmp_path: Path, peers: Peers, event: Event
) -> None:
    rig = SharedEstate(tmp_path, peers, share=True)
    with rig.held:
        rig.started()
        lines = rig.befall(event)
    print("", event.name, *lines, sep="\n")
    assert not [str(line) for line in lines if line.missed]
