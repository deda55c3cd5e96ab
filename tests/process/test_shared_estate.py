"""Three agents, one PostgreSQL, 300 cameras: whatever befalls an agent, the database or a link, each camera
is looked at, by one agent at a time, and each fault is told once.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.shared_estate import EVENTS, Event, SharedEstate
from helpers.support import Peers

pytestmark = pytest.mark.long(120)
ROWS = [
    pytest.param(event, share, id=f"{event.name}, {word}")
    for event in EVENTS
    for share, word in ((True, "shared"), (False, "one looks"))
]


@pytest.mark.thorough
@pytest.mark.parametrize(("event", "share"), ROWS)
def test_each_camera_is_looked_at_and_each_fault_told_once(
    tmp_path: Path, peers: Peers, event: Event, share: bool
) -> None:
    _befall(SharedEstate(tmp_path, peers, share), event)


def test_sixty_cameras_are_looked_at_when_the_agent_that_has_the_estate_is_killed(
    tmp_path: Path, peers: Peers
) -> None:
    _befall(SharedEstate(tmp_path, peers, share=True, cameras=60, interval=10.0), EVENTS[0])


def _befall(rig: SharedEstate, event: Event) -> None:
    with rig.held:
        rig.started()
        lines = rig.befall(event)
    print("", event.name, *lines, sep="\n")
    assert not [str(line) for line in lines if line.missed]
