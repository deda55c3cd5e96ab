"""Every camera against every line of the function check, from the verdicts of one sweep. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from healthmon.checks.evaluation.five_clocks import FiveClocks
from healthmon.checks.function_check import picture_reasons
from healthmon.checks.function_check.lines import LINES, Line, Of, Source
from healthmon.model.device import Device
from healthmon.model.enums import AGENT, CheckName, Kind, State
from healthmon.model.results import Verdict


class Mark(StrEnum):
    """What stands in a cell. A warning is a pass with something to look at."""

    WELL = "pass"
    WARNING = "warning"
    FAIL = "FAIL"
    NOT_CHECKED = "NOT CHECKED"
    NOT_APPLICABLE = "n/a"


@dataclass(frozen=True, slots=True)
class Cell:
    """One camera on one line: the mark, and why. `detail` is what is known although the line is not
    checked, and all five clocks.
    """

    mark: Mark
    why: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PowerEvent:
    """A power failure or a restart since the last check: of which device, in words; `over` or still
    going on.
    """

    device: str
    words: str
    over: bool


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the verdicts of a sweep do not tell. `power_unknown` says why power events are not known,
    "" where they are, from `power_since` on (Unix seconds); `monitor` is the cell of C24.
    `pictures` is whether they are judged. `clocks` are the five of each camera.
    """

    power_since: float = 0.0
    power: tuple[PowerEvent, ...] = ()
    power_unknown: str = "the agent has kept no record"
    monitor: Cell = field(default_factory=lambda: Cell(Mark.NOT_CHECKED, "no agent has run"))
    pictures: bool = False
    clocks: Mapping[str, FiveClocks] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FunctionCheck:
    """The whole table: the cells of each camera in the order of `LINES`."""

    cameras: tuple[Device, ...] = ()
    cells: Mapping[str, tuple[Cell, ...]] = field(default_factory=dict)

    def count(self, line: Line, mark: Mark) -> int:
        """How many cameras have `mark` on `line`."""
        column = LINES.index(line)
        return sum(row[column].mark is mark for row in self.cells.values())


def function_check(
    devices: Mapping[str, Device],
    cameras: Sequence[Device],
    verdicts: Iterable[Verdict],
    around: Surroundings,
) -> FunctionCheck:
    """The table of the `cameras`; `devices` are all of the estate, by id."""
    table = _Table(devices, around, _grouped(verdicts))
    cells = {camera.id: tuple(table.cell(camera, line) for line in LINES) for camera in cameras}
    return FunctionCheck(tuple(cameras), cells)


def _grouped(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    found: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        found.setdefault(verdict.device, []).append(verdict)
    return found


_CLOCKS = "C16"
_OF_FOOTAGE = frozenset({"C12", "C13", "C14", "C15"})
_TELL_THE_REST = frozenset({_CLOCKS})  # a right clock of the device is known, its picture is not


@dataclass(slots=True)
class _Table:
    devices: Mapping[str, Device]
    around: Surroundings
    by_device: Mapping[str, list[Verdict]]
    relayed: frozenset[str] = frozenset()
    _ups_at: dict[str, list[str]] = field(default_factory=dict)
    _workstations_at: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for device in self.devices.values():
            if device.kind is Kind.UPS:
                self._ups_at.setdefault(device.site, []).append(device.id)
            elif device.kind is Kind.WORKSTATION:
                self._workstations_at.setdefault(device.site, []).append(device.id)
        relays = (relay for device in self.devices.values() for relay in device.relays)
        self.relayed = frozenset(relay.camera for relay in relays)

    def cell(self, camera: Device, line: Line) -> Cell:
        """The cell of `camera` on `line`."""
        if camera.deployment != "deployed":
            return Cell(Mark.NOT_APPLICABLE, camera.standing)
        if why := line.left_out(camera, self.relayed):
            return Cell(Mark.NOT_APPLICABLE, why)
        special = _SPECIAL.get(line.number)
        found = special(self, camera) if special else self._judged(camera, line)
        clocks = self.around.clocks.get(camera.id) if line.number == _CLOCKS else None
        if clocks is None:
            return found
        return replace(found, detail="; ".join(filter(None, (found.detail, clocks.words))))

    def _judged(self, camera: Device, line: Line) -> Cell:
        groups = [list(self._verdicts(camera, source)) for source in line.sources]
        missing = _lacks(line.sources, groups)
        found = [verdict for group in groups for verdict in group]
        cell = _worst(found, strict=line.strict)
        if cell.mark is Mark.FAIL:
            return cell
        if line.later:
            return Cell(Mark.NOT_CHECKED, line.later, cell.why)
        if not found or (missing and cell.mark is not Mark.NOT_CHECKED):
            known = cell.why if line.number in _TELL_THE_REST else ""
            return Cell(Mark.NOT_CHECKED, self._why_missing(camera, line), known)
        return cell

    def _why_missing(self, camera: Device, line: Line) -> str:
        """That the camera is lost or not recorded, where that is why there is no verdict."""
        verdicts = self.by_device.get(camera.id, ())
        if any(_is_lost(verdict) for verdict in verdicts):
            return "the camera could not be reached"
        if line.number in _OF_FOOTAGE and camera.recorder is None:
            return "no recorder is configured for it"
        if line.number == "C9":
            return _why_not_moved(verdicts) or line.missing
        if any(source.check is CheckName.PICTURE for source in line.sources):
            enabled = self.around.pictures
            return picture_reasons.why_not_judged(line, camera, verdicts, enabled=enabled)
        return line.missing

    def _verdicts(self, camera: Device, source: Source) -> Iterator[Verdict]:
        """The verdicts of `source` for `camera`. What lies ahead does not count."""
        for device in self._devices(camera, source.of):
            for verdict in self.by_device.get(device, ()):
                mine = source.of is not Of.RELAY or verdict.instance == camera.id
                if mine and source.takes(verdict) and not verdict.forecast:
                    yield self._named(verdict) if source.of is Of.WORKSTATION else verdict

    def _named(self, verdict: Verdict) -> Verdict:
        """`verdict` with the name of its device: one of several that the cell is about."""
        sentence = f"{self.devices[verdict.device].name}: {verdict.sentence}"
        return replace(verdict, sentence=sentence)

    def _devices(self, camera: Device, of: Of) -> Iterable[str]:
        return _FROM[of](self, camera)

    def _own(self, camera: Device) -> Iterable[str]:
        return (camera.id,)

    def _monitor(self, _camera: Device) -> Iterable[str]:
        return (AGENT,)

    def _recorder(self, camera: Device) -> Iterable[str]:
        return (camera.recorder,) if camera.recorder else ()

    def _relays(self, camera: Device) -> Iterable[str]:
        return (
            device.id
            for device in self.devices.values()
            if any(relay.camera == camera.id for relay in device.relays)
        )

    def _network(self, camera: Device) -> Iterable[str]:
        return (one.id for one in self._above(camera) if one.kind is Kind.LINK)

    def _workstations(self, camera: Device) -> Iterable[str]:
        recorder = self.devices.get(camera.recorder or "")
        sites = [camera.site, *([recorder.site] if recorder is not None else [])]
        above = [one.id for one in self._above(camera) if one.kind is Kind.WORKSTATION]
        near = (name for site in sites for name in self._workstations_at.get(site, ()))
        return dict.fromkeys((*above, *near))

    def _ups(self, camera: Device) -> Iterable[str]:
        """The UPSes of `camera` and of its recorder."""
        recorder = self.devices.get(camera.recorder or "")
        near = (camera,) if recorder is None else (camera, recorder)
        return dict.fromkeys(ups for device in near for ups in self._ups_of(device))

    def _ups_of(self, device: Device) -> Iterable[str]:
        """The UPSes above `device`; where none is named, those of its site."""
        above = [one.id for one in self._above(device) if one.kind is Kind.UPS]
        return above or self._ups_at.get(device.site, ())

    def _above(self, device: Device) -> Iterator[Device]:
        """Every device that `device` hangs on, each once."""
        seen, waiting = {device.id}, list(device.parents)
        while waiting:
            name = waiting.pop(0)
            if name not in seen and name in self.devices:
                seen.add(name)
                yield self.devices[name]
                waiting += self.devices[name].parents

    def power(self, camera: Device) -> Cell:
        """C20: what the record has of the camera, its UPSes and its recorder."""
        near = {camera.id, camera.recorder, *self._ups(camera)}
        events = [event for event in self.around.power if event.device in near]
        words = "; ".join(event.words for event in events)
        if any(not event.over for event in events):
            return Cell(Mark.FAIL, words)
        if events:
            return Cell(Mark.WARNING, words)
        if self.around.power_unknown:
            return Cell(Mark.NOT_CHECKED, self.around.power_unknown)
        return Cell(Mark.WELL, "no power failure and no restart of its recorder in the record")

    def monitor(self, _camera: Device) -> Cell:
        """C24: the same for every camera."""
        return self.around.monitor


_FROM: dict[Of, Callable[[_Table, Device], Iterable[str]]] = {
    Of.CAMERA: _Table._own,
    Of.RECORDER: _Table._recorder,
    Of.UPS: _Table._ups,
    Of.NETWORK: _Table._network,
    Of.WORKSTATION: _Table._workstations,
    Of.RELAY: _Table._relays,
    Of.MONITOR: _Table._monitor,
}
_SPECIAL: dict[str, Callable[[_Table, Device], Cell]] = {"C20": _Table.power, "C24": _Table.monitor}


def _lacks(sources: Sequence[Source], groups: Sequence[Sequence[Verdict]]) -> bool:
    """Whether a needed source has no verdict."""
    pairs = zip(sources, groups, strict=True)
    return any(source.needed and not group for source, group in pairs)


def _why_not_moved(verdicts: Iterable[Verdict]) -> str:
    """What the check of pan and tilt says; "" where it was not made."""
    return next((one.sentence for one in verdicts if one.check_type == CheckName.PAN_TILT), "")


def _is_lost(verdict: Verdict) -> bool:
    return verdict.check_type == CheckName.REACH and verdict.state is State.FAULT


def _worst(found: Sequence[Verdict], *, strict: bool) -> Cell:
    """The cell of these verdicts: a fault fails, an unknown leaves it not checked."""
    by_state: dict[State, list[str]] = {}
    for verdict in found:
        by_state.setdefault(verdict.state, []).append(verdict.sentence)
    failed = by_state.get(State.FAULT, []) + (by_state.get(State.DEGRADED, []) if strict else [])
    for mark, words in (
        (Mark.FAIL, failed),
        (Mark.NOT_CHECKED, by_state.get(State.UNKNOWN, [])),
        (Mark.WARNING, by_state.get(State.DEGRADED, [])),
    ):
        if words:
            return Cell(mark, "; ".join(dict.fromkeys(words)))
    return Cell(Mark.WELL, "; ".join(dict.fromkeys(by_state.get(State.OK, []))))
