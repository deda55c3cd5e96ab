"""docs/makes.md made from the makes themselves: what each reads and reports, the least account,
what it was tried with.

``python -m healthmon.vendors > docs/makes.md`` writes it; a test holds it up to date.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from healthmon.vendors.how_to import EVERY, MAKES, Advice, HowTo
from healthmon.vendors.readings import ANYTHING
from healthmon.vendors.registry import VendorInfo, all_vendors

ORDER = ("onvif", "bosch", "hikvision", "axis", "dahua", "http", "snmp")
TELLS = {
    "recording.recording": "whether a camera is recorded now",
    "recording.state": "the recorder's own status text",
    "recording.error": "the reason why it is not recorded",
    "recording.newest": "newest picture",
    "recording.oldest": "oldest picture, and so retention",
    "recording.gaps": "gaps in footage",
    "recording.schedule": "record schedule: always, motion or none",
    "recording.retention_seconds": "retention that is set",
    "recording.locked_until": "footage locked as evidence",
    "recording.signal": "video signal of a channel",
    "recording.covered": "covered view (the camera's own alarm)",
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
    "recorder.power_watts": "power used",
    "recorder.clock": "its clock",
    "recorder.time_source": "time source: NTP or manual",
    "recorder.time_server": "its time servers",
    "recorder.manufacturer": "manufacturer",
    "recorder.model": "model",
    "recorder.serial": "serial number",
    "recorder.firmware": "firmware",
    "recorder.problems": "its own alarms",
}
HEAD = """# Makes of cameras and recorders

Written by `python -m healthmon.vendors > docs/makes.md` from the code. `make:` of a recorder in config.yaml chooses a
make; the default is ONVIF. Every call only reads. A value that a make does not report is not checked.

"Tried with" lists the devices and programs that the tests or users have tried.
"""


def page() -> str:
    """The whole page."""
    makes = all_vendors()
    abouts = [makes[name].ABOUT for name in dict.fromkeys((*ORDER, *makes)) if name in makes]
    players = {name for name, make in makes.items() if hasattr(make, "replay")}
    parts = [HEAD, *_how_to(), "## Coverage of recorders\n", *_tells(abouts, players)]
    for about in abouts:
        parts += ["", *_make(about)]
    return "\n".join(parts) + "\n"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table in Markdown."""
    yield _row(head)
    yield _row(["---"] * len(head))
    yield from map(_row, rows)


def _how_to() -> Iterator[str]:
    """How the devices of each make are set up to be checked."""
    yield "## Set up by make\n"
    yield "For every make:\n"
    yield from _advice(EVERY)
    for one in MAKES:
        yield from ("", f"### {one.make}\n", *_of_make(one))
    yield ""


def _of_make(one: HowTo) -> Iterator[str]:
    yield f"- Account: {one.account}."
    if one.streams:
        paths = ", ".join(f"`{path}`" for path in one.streams)
        yield f"- Streams that `healthmon discover` tries where ONVIF names none: {paths}."
    yield from _advice(one.more)


def _advice(among: Iterable[Advice]) -> Iterator[str]:
    yield from (f"- {one.text} ({one.source})" for one in among)


def _tells(abouts: Sequence[VendorInfo], players: set[str]) -> Iterator[str]:
    onvif = next((about.tells for about in abouts if about.make == "onvif"), frozenset())

    def cell(about: VendorInfo, field: str) -> str:
        if field in about.tells:
            return "as configured" if about.tells is ANYTHING else "yes"
        return "by ONVIF" if about.by_onvif and field in onvif else ""

    rows = [[words, *(cell(about, field) for about in abouts)] for field, words in TELLS.items()]
    rows.append(
        ["playback of footage", *("yes" if about.make in players else "" for about in abouts)]
    )
    yield from table(["", *(f"`{about.make}`" for about in abouts)], rows)


def _make(about: VendorInfo) -> Iterator[str]:
    yield f"## {about.title}: `make: {about.make}`\n"
    yield f"Account: {about.account}.\n"
    tried = "; ".join(about.verified) or "none yet"
    yield f"Tried with: {tried}.\n"
    yield from table(
        ["Call", "For", "Right"], [[f"`{call.what}`", call.why, call.right] for call in about.calls]
    )
    if about.remarks:
        yield ""
        yield from (f"- {remark}" for remark in about.remarks)
