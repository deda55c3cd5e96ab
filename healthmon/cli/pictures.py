"""``healthmon picture``: shows and deletes what cameras have learned of their own pictures."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from healthmon.cli import field_acts
from healthmon.cli.act_command import print_done
from healthmon.cli.console import fail, load
from healthmon.cli.json_acts import Recorded
from healthmon.cli.json_rows import ClocksRow, LearnedView, LightRow, ViewRow, moment, print_row
from healthmon.config.problems import suggest
from healthmon.config.schema import Config
from healthmon.model.count_words import count_of
from healthmon.model.picture import sketch_lines
from healthmon.picture.baselines import Baselines, Learned, LearnedClocks, clocks_of, lights_of
from healthmon.picture.service import clock_place
from healthmon.picture.views import ViewFiles
from healthmon.store.location import folder_of

DEFAULT_STREAM = "main"
# The mean difference of the colours from which a light is shown as one in colour.
COLOUR = 3


def show(camera: str, file: Path | None, *, as_json: bool) -> None:
    """One line for each light, with how many pictures it was learned from, and when."""
    baselines, where, zone = _place(camera, file)
    data, files = baselines.read(where), ViewFiles(baselines, where)
    views, found = files.sorted(), clocks_of(baselines.read(clock_place(where)))
    if as_json:
        print_row(_learned(camera, lights_of(data), files, found, zone))
        return
    if not data and not views and found is None:
        sys.stdout.write(f"{camera}: nothing learned yet\n")
        return
    lines = (
        f"{camera}: {files.folder if views else baselines.path(where)}",
        *_lines(lights_of(data), zone),
        *_views(files, views, zone),
        *_clocks(found, zone),
    )
    sys.stdout.writelines(f"{line}\n" for line in lines)


def _learned(
    camera: str,
    lights: Sequence[Learned],
    files: ViewFiles,
    found: LearnedClocks | None,
    zone: ZoneInfo,
) -> LearnedView:
    index = files.index()
    last = index.last
    views = (
        ViewRow(index.names.get(key, key), _lights(lights_of(files.read(key)), zone))
        for key in files.sorted()
    )
    return LearnedView(
        camera,
        _lights(lights, zone),
        tuple(views),
        moment(last.at, zone) if last else None,
        last.view if last else None,
        ClocksRow(found.count, moment(found.tried, zone)) if found else None,
    )


def _lights(found: Sequence[Learned], zone: ZoneInfo) -> tuple[LightRow, ...]:
    return tuple(
        LightRow(
            one.colour >= COLOUR,
            round(one.level, 1),
            one.count >= one.needed,
            one.count,
            one.needed,
            moment(one.began, zone),
            moment(one.last, zone),
        )
        for one in found
    )


def _clocks(found: LearnedClocks | None, zone: ZoneInfo) -> Iterator[str]:
    """What was learned of the clocks in the picture."""
    if found is not None:
        none = "no clock that ticks was found in the picture"
        number = f"{count_of(found.count, 'clock')} in the picture" if found.count else none
        yield f"  {number}, looked for {_moment(found.tried, zone)}"


def _views(files: ViewFiles, keys: list[str], zone: ZoneInfo) -> Iterator[str]:
    """The lights of each view of a PTZ camera, and when a view was judged last."""
    index = files.index()
    for key in sorted(keys, key=lambda one: index.names.get(one, one)):
        yield f" {index.names.get(key, key)}"
        yield from _lines(lights_of(files.read(key)), zone)
    if index.last is not None:
        yield f" view last judged {_moment(index.last.at, zone)} at {index.last.view}"
        yield from (f"  {row}" for row in sketch_lines(index.last.comparison.sketch))


def _lines(lights: list[Learned], zone: ZoneInfo) -> Iterator[str]:
    for light in lights:
        kind = "colour" if light.colour >= COLOUR else "black and white"
        state = "learned" if light.count >= light.needed else "being learned"
        since, last = (_moment(at, zone) for at in (light.began, light.last))
        yield (
            f"  {kind}, grey level {light.level:.0f}: {state} from {light.count} of {light.needed}"
            f" pictures, {since} to {last}"
        )


def _moment(at: float, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at, zone).strftime("%d %b %Y %H:%M")


def forget(camera: str, file: Path | None) -> None:
    """Delete the file of the camera."""
    baselines, where, _ = _place(camera, file)
    try:
        gone = [baselines.forget(one) for one in (where, clock_place(where))]
    except OSError as error:
        raise fail(f"{baselines.path(where)}: cannot be deleted: {error.strerror}") from None
    words = "deleted; it learns anew" if any(gone) else "nothing learned yet"
    print_done(Recorded(f"{camera}: {words}"))


def learn_anew(camera: str, name: str, file: Path | None) -> None:
    """Have the running agent forget the view and learn it anew. Exits where it does not."""
    field_acts.said("baseline", {"device": camera}, name, file)


def _place(camera: str, file: Path | None) -> tuple[Baselines, tuple[str, str], ZoneInfo]:
    """The files, the camera's first stream, and the estate's time zone."""
    _, config = load(file)
    return (
        Baselines(folder_of(config) / "pictures"),
        (camera, _first_stream(camera, config)),
        ZoneInfo(config.estate.time_zone),
    )


def _first_stream(camera: str, config: Config) -> str:
    known = {one.id: one for one in config.cameras}
    if camera not in known:
        raise fail(f"{camera}: no such camera in the configuration{suggest(camera, known)}")
    streams = known[camera].streams
    return streams[0].name if streams else DEFAULT_STREAM
