"""The totals of a sheet in a council's words: "live 147 of 150". Pure.

A camera that was not checked counts neither as well nor as failed, and is named as not checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from healthmon.model.device import Device
from healthmon.model.enums import CheckName, Kind, State
from healthmon.model.footage import DAY
from healthmon.model.results import Verdict

_Aspects = tuple[tuple[CheckName, str], ...]
_LIVE: _Aspects = ((CheckName.REACH, "reach"), (CheckName.STREAM, "pictures"))
_RECORDED: _Aspects = ((CheckName.RECORDING, "recording"),)
_TIME: _Aspects = ((CheckName.CLOCK, "offset"), (CheckName.CLOCK, "agreement"))
_KEPT: _Aspects = ((CheckName.RECORDING, "retention"),)


@dataclass(frozen=True, slots=True)
class Total:
    """`well` of `of` cameras; `not_checked` of them were not checked, the rest failed. `key` does
    not change with the `words`.
    """

    key: str
    words: str
    well: int
    of: int
    not_checked: int

    @property
    def failed(self) -> int:
        """Those that were checked and are not well."""
        return self.of - self.well - self.not_checked

    def line(self) -> str:
        """As in "live 147 of 150 (1 not checked)"."""
        unknown = f" ({self.not_checked} not checked)" if self.not_checked else ""
        return f"{self.words} {self.well} of {self.of}{unknown}"

    def as_json(self) -> dict[str, int | str]:
        """Plain values."""
        counts = {"well": self.well, "failed": self.failed, "not_checked": self.not_checked}
        return {"total": self.key, "words": self.words, "of": self.of, **counts}

    @classmethod
    def of_json(cls, made: Mapping[str, Any]) -> Total:
        """The total of `as_json`. Raises KeyError."""
        return cls(made["total"], made["words"], made["well"], made["of"], made["not_checked"])


def totals(devices: Iterable[Device], verdicts: Iterable[Verdict]) -> tuple[Total, ...]:
    """Live, recorded, date and time right, kept: of the deployed cameras among `devices`. A total
    of no camera is left out.
    """
    cameras = [one for one in devices if _counts(one)]
    by_camera: dict[str, list[Verdict]] = {camera.id: [] for camera in cameras}
    for verdict in verdicts:
        if verdict.device in by_camera:
            by_camera[verdict.device].append(verdict)
    recorded = [one for one in cameras if _is_recorded(one, by_camera[one.id])]
    made = (
        _total("live", "live", cameras, by_camera, _LIVE),
        _total("recorded", "recorded", recorded, by_camera, _RECORDED),
        _total("time_right", "date and time right", cameras, by_camera, _TIME),
        _total("kept", _kept_words(recorded), recorded, by_camera, _KEPT),
    )
    return tuple(total for total in made if total.of)


def totals_line(made: Iterable[Total]) -> str:
    """All of them in one line, "" without a camera."""
    return "; ".join(total.line() for total in made)


def _counts(device: Device) -> bool:
    deployed = device.deployment == "deployed" and not device.disabled
    return device.kind is Kind.CAMERA and deployed


def _is_recorded(camera: Device, found: Iterable[Verdict]) -> bool:
    """Whether it should be recorded, and a recorder was asked about it."""
    asked = any(verdict.check_type == CheckName.RECORDING for verdict in found)
    return asked and camera.recording.schedule != "none"


def _kept_words(cameras: Sequence[Device]) -> str:
    least = {camera.recording.retention[0] for camera in cameras}
    return f"kept {least.pop() / DAY:g} days" if len(least) == 1 else "kept as long as it must be"


def _total(
    key: str,
    words: str,
    cameras: Sequence[Device],
    by_camera: Mapping[str, Sequence[Verdict]],
    aspects: _Aspects,
) -> Total:
    states = [_state(by_camera[camera.id], aspects) for camera in cameras]
    return Total(key, words, states.count(True), len(states), states.count(None))


def _state(found: Iterable[Verdict], aspects: _Aspects) -> bool | None:
    """Whether a camera is well; None where that is not known. Footage that is a little too short is
    too short.
    """
    mine = [one for one in found if (one.check_type, one.aspect) in aspects]
    states = {one.state for one in mine}
    bad = {State.FAULT, State.DEGRADED} if aspects is _KEPT else {State.FAULT}
    if states & bad:
        return False
    main = aspects[-1] if aspects is _LIVE else aspects[0]
    has_result = main in {(one.check_type, one.aspect) for one in mine}
    return True if has_result and State.UNKNOWN not in states else None
