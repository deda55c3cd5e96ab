"""Three agents with one PostgreSQL and 300 simulated cameras: for half an hour one thing after another befalls an
agent, the database or a link, while one camera dies and another one comes back. Counted by the cameras and by the
receiver of the messages (`tests/helpers/shared_estate.py`).
"""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks._measure import Row

ROOT = Path(__file__).parents[1]
# How long the database is away; in a short run less.
AWAY_SECONDS, SHORTLY_SECONDS = 300.0, 20.0
SHORT_MINUTES = 25.0


def rows(
    minutes: float = 30.0, cameras: int = 300, stand_by: bool = False, takeover: float = 30.0
) -> Iterator[Row]:
    """Each event once at least, and on until the time is over. With `stand_by` one agent makes all checks."""
    sys.path.insert(0, str(ROOT / "tests"))
    from helpers.peers.namespaces import own_loopback
    from helpers.shared_estate import EVENTS, SharedEstate
    from helpers.support import Peers

    own_loopback()  # where that is allowed: nobody else has ports there
    os.sched_setaffinity(0, range(os.cpu_count() or 1))  # for all that is started here
    end = time.monotonic() + 60 * minutes
    with (
        tempfile.TemporaryDirectory(prefix="healthmon-shared-") as folder,
        closing(Peers(Path(folder))) as peers,
    ):
        lasts = AWAY_SECONDS if minutes >= SHORT_MINUTES else SHORTLY_SECONDS
        rig = SharedEstate(
            Path(folder), peers, not stand_by, cameras, takeover=takeover, lasts=lasts
        )
        with rig.held:
            rig.started()
            for number, event in enumerate(itertools.cycle(EVENTS)):
                if number >= len(EVENTS) and time.monotonic() > end:
                    return
                yield Row(f"{event.name}:", None, unit="")
                for line in rig.befall(event):
                    yield Row(f"  {line.what}", line.count, unit="", gate=line.most)
