"""The five clocks of all cameras on a sheet: cameras of which the same is to be said stand in one row.
Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from healthmon.checks.evaluation.five_clocks import FiveClocks
from healthmon_exporters.reports.device_ids import ids

TITLE = "Clocks: true time, device, stream, picture, recording"


@dataclass(frozen=True, slots=True)
class ClockRow:
    """What is said of the clocks of some cameras; whether two of them `disagree`."""

    devices: str
    words: str
    disagree: bool

    @property
    def line(self) -> str:
        """One line of text."""
        return f"  {'!' if self.disagree else ' '}  {self.devices}: {self.words}"


def clock_rows(clocks: Mapping[str, FiveClocks]) -> list[ClockRow]:
    """The rows of `clocks` by camera: first the cameras whose clocks disagree."""
    groups: dict[tuple[bool, str], list[str]] = {}
    for camera, one in clocks.items():
        groups.setdefault((not one.disagree, one.words), []).append(camera)
    return [
        ClockRow(ids(cameras), words, not agree)
        for (agree, words), cameras in sorted(groups.items(), key=lambda one: one[0][0])
    ]
