"""What config.yaml says of recorders: the make, what is expected of the footage, and how it is
proven by playing it.
"""

from __future__ import annotations

from pydantic import Field

from healthmon.config.fields import BitRate, Date, Flag, Ratio, Seconds, Strict
from healthmon.model.footage import Age, Schedule


class RecordingValues(Strict):
    """What is expected of footage; a camera's word goes before its recorder's, that before the
    defaults.

    `retention` is [least, most]; `since` is the day a new camera was first recorded. `gaps` no: the
    recorder is known not to report them.
    """

    schedule: Schedule | None = None
    newest: Seconds | None = Field(default=None, ge=10)
    newest_motion: Seconds | None = Field(default=None, ge=60)
    gaps: Flag | None = None
    gap: Seconds | None = Field(default=None, ge=1)
    complete: Ratio | None = None
    retention: tuple[Seconds, Seconds] | None = None
    since: Date | None = None


class Playback(Strict):
    """Footage is proven by playing `seconds` of it at each age once in `interval`, each camera in
    its turn.

    `budget` is what all of it may take on average of a recorder's bandwidth.
    """

    interval: Seconds = Field(default=86400.0, ge=60)
    seconds: Seconds = Field(default=2.0, ge=0.5, le=30)
    budget: BitRate = Field(default=1e6, gt=0)
    samples: tuple[Age, ...] = Field(default=("5m", "24h", "oldest"), min_length=1)
