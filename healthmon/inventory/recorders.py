"""Config -> what is asked about footage: the recorder, each camera's channel on it, and playback in
turns. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from healthmon.config.device_schema import Camera, Recorder, Watched, Workstation
from healthmon.config.readings_schema import HttpRequest, RcpCommand, Value
from healthmon.config.schema import Config
from healthmon.model.device import Check, Device
from healthmon.model.enums import CheckName
from healthmon.model.footage import PlaybackPlan, RecordingPlan
from healthmon.model.readings import Reading, Readings, Request

ONVIF = "onvif"
READ_SECONDS = 30.0
PLAY_EXTRA_SECONDS = 8.0
LEAST_BYTES, MOST_BYTES = 256 * 1024, 8 * 1024 * 1024
PLAY_COST = 4e6


def make_of(entry: Watched) -> str:
    """The make of a recorder, "" for one that is not asked and for everything else."""
    if not isinstance(entry, Recorder) or (
        entry.make == ONVIF and (entry.onvif is None or entry.http is None)
    ):
        return ""
    return entry.make or ""


def readings_of(entry: Watched) -> Readings:
    """What a recorder is asked besides what its make asks by itself; the volumes of a workstation."""
    if isinstance(entry, Workstation):
        return Readings(storage=entry.storage)
    if not isinstance(entry, Recorder):
        return Readings()
    return Readings(
        tuple(_request(request) for request in entry.requests),
        tuple(_reading(item, item.oid, of=item.of, item=item.item or "") for item in entry.objects),
        tuple(_command(item) for item in entry.rcp),
        entry.storage,
        tracks=entry.tracks,
        clock=entry.experimental_clock,
    )


def _request(given: HttpRequest) -> Request:
    values = [
        _reading(value, value.at, of=given.of, item=given.item or "") for value in given.values
    ]
    table = given.rows or "", given.key or ""
    return Request(given.path, given.method, given.body, given.media_type, *table, tuple(values))


def _command(given: RcpCommand) -> Reading:
    return _reading(
        given, given.command, of=given.of, item=given.item or "", type=given.type, num=given.num
    )


def _reading(given: Value, source: str, **more: Any) -> Reading:
    return Reading(
        source,
        fills=given.fills or "",
        name=given.name or "",
        factor=given.factor,
        unit=given.unit,
        words=tuple(given.words.items()),
        low=given.low,
        high=given.high,
        well=given.well,
        **more,
    )


def plays(recorder: Recorder) -> bool:
    """Whether footage is proven: make onvif unless told not to, another make where `playback` is
    written down.
    """
    wanted = recorder.playback is not None and recorder.rtsp is not None and make_of(recorder) != ""
    return wanted and (recorder.make == ONVIF or "playback" in recorder.model_fields_set)


@dataclass(frozen=True, slots=True)
class Recorders:
    """The recorders of a configuration by id, and the cameras that each records."""

    config: Config
    by_id: dict[str, Recorder]
    cameras: dict[str, list[Camera]]

    @classmethod
    def of(cls, config: Config) -> Recorders:
        """Collected once, because an estate has thousands of cameras."""
        watched: dict[str, list[Camera]] = {}
        for camera in config.cameras:
            if camera.recorder and not camera.disabled:
                watched.setdefault(camera.recorder, []).append(camera)
        return cls(config, {recorder.id: recorder for recorder in config.recorders}, watched)

    def of_camera(self, entry: Watched) -> Recorder | None:
        """The recorder that a camera names."""
        return (
            self.by_id.get(entry.recorder) if isinstance(entry, Camera) and entry.recorder else None
        )

    def plan(self, entry: Watched) -> RecordingPlan:
        """What is expected of the footage of a camera: its own word, then its recorder's, then the
        defaults'.
        """
        given = self.config.defaults.recording.model_dump(exclude_none=True)
        for source in (self.of_camera(entry), entry):
            if isinstance(source, Camera | Recorder):
                given.update(source.recording.model_dump(exclude_none=True))
        if since := given.get("since"):
            zone = ZoneInfo(self.config.estate.time_zone)
            given["since"] = datetime.fromisoformat(since).replace(tzinfo=zone).timestamp()
        return RecordingPlan(**given)

    def playback(self, entry: Watched) -> PlaybackPlan | None:
        """How a recorder's footage is proven; None where it is not."""
        if not isinstance(entry, Recorder) or not plays(entry) or entry.playback is None:
            return None
        return PlaybackPlan(entry.playback.samples, self._turn(entry)[1])

    def _turn(self, recorder: Recorder) -> tuple[float, int]:
        """How often each camera's footage is played, and the bytes of a sample, so that the budget
        holds.
        """
        playback = recorder.playback
        if playback is None:
            return 0.0, 0
        samples = max(1, len(self.cameras.get(recorder.id, ()))) * len(playback.samples)
        each = playback.budget / 8 * playback.interval / samples
        return playback.interval * max(1.0, LEAST_BYTES / each), int(
            min(MOST_BYTES, max(LEAST_BYTES, each))
        )

    def health_checks(self, device: Device, entry: Watched) -> Iterator[Check]:
        """The check of a recorder itself."""
        if isinstance(entry, Recorder) and self._is_read(entry):
            yield self._base(device, CheckName.RECORDER, entry)

    def recording_checks(self, device: Device, entry: Watched) -> Iterator[Check]:
        """The check of what a recorder has of a camera.

        It is put to the recorder: it stands at the recorder's lock and keeps its place in the
        interval, so that one session answers all its cameras.
        """
        recorder = self.of_camera(entry)
        if recorder is not None and self._is_read(recorder):
            yield self._base(device, CheckName.RECORDING, recorder)

    def playback_checks(self, device: Device, entry: Watched) -> Iterator[Check]:
        """The check that footage of a camera plays."""
        recorder = self.of_camera(entry)
        if recorder is not None and self._is_read(recorder) and plays(recorder):
            yield self._played(self._base(device, CheckName.RECORDING, recorder), recorder)

    @staticmethod
    def _is_read(recorder: Recorder) -> bool:
        return not recorder.disabled and bool(make_of(recorder))

    def _base(self, device: Device, name: CheckName, recorder: Recorder) -> Check:
        defaults = self.config.defaults
        return Check(
            device.id,
            name,
            "" if recorder.id == device.id else recorder.id,
            recorder.address,
            recorder.site,
            max(recorder.interval or 0.0, defaults.recording_interval),
            recorder.timeout or max(defaults.timeout, READ_SECONDS),
            phase_of=recorder.id,
        )

    def _played(self, base: Check, recorder: Recorder) -> Check:
        playback = recorder.playback
        seconds, samples = (playback.seconds, len(playback.samples)) if playback else (0.0, 0)
        return Check(
            base.device,
            CheckName.PLAYBACK,
            base.instance,
            base.lock_key,
            base.site,
            self._turn(recorder)[0],
            base.timeout + samples * (seconds + PLAY_EXTRA_SECONDS),
            PLAY_COST,
            seconds,
            sampled=True,
        )
