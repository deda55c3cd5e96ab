"""docs/makes.md made from the makes themselves: what each asks and can tell, the least account, what it was tried with.

``python -m healthmon.makes > docs/makes.md`` writes it; a test holds it up to date.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from healthmon.makes.about import About, all_makes
from healthmon.makes.readings import ANYTHING

ORDER = ("onvif", "bosch", "hikvision", "axis", "dahua", "http", "snmp")
TELLS = {
    "recording.recording": "whether a camera is recorded now",
    "recording.state": "the recorder's own word for it",
    "recording.error": "why it is not recorded",
    "recording.newest": "newest picture",
    "recording.oldest": "oldest picture, and so retention",
    "recording.gaps": "gaps in footage",
    "recording.schedule": "always, motion or none",
    "recording.retention_seconds": "how long it is set to keep",
    "recording.locked_until": "footage locked as evidence",
    "recording.signal": "video signal of a channel",
    "recording.name": "names of the channels",
    "recorder.channels_lost": "channels without video",
    "recorder.disks": "disks",
    "disk.state": "state of each disk",
    "disk.capacity_bytes": "size of each disk",
    "disk.free_bytes": "free space",
    "disk.temperature_celsius": "temperature of each disk",
    "recorder.overwriting": "overwrites when full",
    "recorder.temperature_celsius": "temperature of the recorder",
    "recorder.fans": "fans",
    "fan.well": "state of each fan",
    "fan.rpm": "speed of each fan",
    "recorder.uptime_seconds": "time since its start",
    "recorder.cpu_ratio": "processor load",
    "recorder.power_watts": "power drawn",
    "recorder.clock": "its clock",
    "recorder.time_source": "NTP or by hand",
    "recorder.time_server": "its time servers",
    "recorder.manufacturer": "maker",
    "recorder.model": "model",
    "recorder.serial": "serial number",
    "recorder.firmware": "firmware",
    "recorder.problems": "its own alarms",
}
HEAD = """# Makes of recorders

Made from the code by `python -m healthmon.makes > docs/makes.md`. Choose one with `make:` of a recorder in config.yaml;
without it a recorder is asked by ONVIF. Every call only reads. What a make cannot tell is not checked, never guessed.
"Tried with" names what the tests talk to; a device or firmware of a maker stands there once somebody has tried it.
"""


def page() -> str:
    """The whole page."""
    makes = all_makes()
    abouts = [makes[name].ABOUT for name in ORDER if name in makes]
    players = {name for name, make in makes.items() if hasattr(make, "replay")}
    parts = [HEAD, "## What each can tell\n", *_tells(abouts, players)]
    for about in abouts:
        parts += ["", *_make(about)]
    return "\n".join(parts) + "\n"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield _row(head)
    yield _row(["---"] * len(head))
    yield from map(_row, rows)


def _tells(abouts: Sequence[About], players: set[str]) -> Iterator[str]:
    onvif = next((about.tells for about in abouts if about.make == "onvif"), frozenset())

    def cell(about: About, field: str) -> str:
        if field in about.tells:
            return "as set up" if about.tells is ANYTHING else "yes"
        return "by ONVIF" if about.by_onvif and field in onvif else ""

    rows = [[words, *(cell(about, field) for about in abouts)] for field, words in TELLS.items()]
    rows.append(
        ["footage is played", *("yes" if about.make in players else "" for about in abouts)]
    )
    yield from _table(["", *(f"`{about.make}`" for about in abouts)], rows)


def _make(about: About) -> Iterator[str]:
    yield f"## {about.title}: `make: {about.make}`\n"
    yield f"Account: {about.account}.\n"
    tried = "; ".join(about.verified) or "nothing yet"
    yield f"Tried with: {tried}.\n"
    yield from _table(
        ["Call", "For", "Right"], [[f"`{call.what}`", call.why, call.right] for call in about.calls]
    )
    if about.remarks:
        yield ""
        yield from (f"- {remark}" for remark in about.remarks)
