"""What ``healthmon visit``, ``maintenance`` and ``device`` do: the running agent does it, as from its
pages. Without an agent nothing is done, as nobody would follow it.
"""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from healthmon.cli import acting, overrides
from healthmon.cli.act_command import print_done, prints_json
from healthmon.cli.actor import typed
from healthmon.cli.console import fail, load, say
from healthmon.cli.json_acts import DeviceReplaced, IdentityPart, OperationDone, VisitLeft
from healthmon.cli.json_rows import WindowRow, moment, print_rows
from healthmon.incidents.local_time import shown
from healthmon.incidents.windows import windows_of
from healthmon.store import StoreError

if TYPE_CHECKING:
    from healthmon.config.schema import Config

# As long as the page of a site promises what is not well after a visit.
CHECK_SECONDS = 60.0
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Window:
    """What was given of a maintenance window; "" and nothing stay as they are."""

    start: str
    end: str
    devices: Sequence[str]
    site: str
    reason: str

    def values(self) -> dict[str, str]:
        """For the agent."""
        devices = ", ".join(self.devices)
        times = {"start": self.start, "end": self.end}
        return {**times, "devices": devices, "site": self.site, "reason": self.reason}


def do(kind: str, given: dict[str, str], name: str, config: Path | None) -> None:
    """Have the agent do it and print what it has done. Exits where it does not."""
    _, loaded = load(config)
    done = _entered(kind, given, name, loaded)
    operation = given.get("do", kind)
    values = {key: value for key, value in given.items() if key != "do" and value}
    print_done(OperationDone(str(done["words"]), operation, values))


def said(kind: str, given: dict[str, str], name: str, config: Path | None) -> None:
    """As `do`, beside another output: what was done is said on standard error."""
    _, loaded = load(config)
    say(str(_entered(kind, given, name, loaded)["words"]))


def left(site: str, note: str, name: str, config: Path | None) -> None:
    """End a visit, wait for the checks of the site, and print what is not well."""
    _, loaded = load(config)
    done = _entered("visit", {"do": "left", "site": site, "note": note}, name, loaded)
    words = str(done["words"])
    if not prints_json():
        sys.stdout.write(f"{words}\n")
    end = time.monotonic() + CHECK_SECONDS
    state = _asked("site", {"site": site}, loaded)
    while state["checking"] and time.monotonic() < end:
        time.sleep(POLL_SECONDS)
        state = _asked("site", {"site": site}, loaded)
    if prints_json():
        print_done(VisitLeft(words, site, not state["checking"], tuple(state["not_well"])))
        return
    sys.stdout.write("".join(f"  {line}\n" for line in state["not_well"]))
    if state["checking"]:
        say(f"not every check has ended: healthmon faults --open --site {site}")
    elif not state["not_well"]:
        sys.stdout.write(f"{site}: every device was checked and is well\n")


def replaced(device: str, job: str, name: str, config: Path | None) -> None:
    """Show both identities of a device; with a job number accept what answers."""
    _, loaded = load(config)
    found = _asked("identity", {"device": device}, loaded)
    zone, answered = ZoneInfo(loaded.estate.time_zone), float(found["at"])
    parts = tuple(
        IdentityPart(part, old, new, bool(differs)) for part, old, new, differs in found["fields"]
    )
    if not prints_json():
        sys.stdout.write(_identities(device, shown(answered, zone), parts))
    if job:
        given = {"device": device, "reference": job, "seen": str(found["seen"])}
        words = str(_entered("replaced", given, name, loaded)["words"])
    elif found["differs"]:
        words = "to accept what answers as the device: --job NUMBER"
    else:
        words = "it is the device written down"
    print_done(DeviceReplaced(words, device, moment(answered, zone), parts, bool(job)))


def _identities(device: str, at: str, parts: Sequence[IdentityPart]) -> str:
    """Both identities of a device beside each other."""
    lines = [f"{device}, as it was written down and as it answered {at}:\n"]
    for one in parts:
        mark = "  DIFFERENT" if one.differs else ""
        lines.append(f"  {one.part:<16} {one.written_down:<28} {one.answered}{mark}\n")
    return "".join(lines)


def show_windows(config: Path | None, *, as_json: bool = False) -> None:
    """Print the windows that have not ended."""
    _, loaded = load(config)
    zone = ZoneInfo(loaded.estate.time_zone)
    if as_json:
        print_rows([*_made_windows(loaded, zone), *_file_windows(loaded)])
        return
    made = [
        f"{one.subject}  {', '.join((*one.sites, *one.devices))}, {shown(one.start, zone)} until "
        f"{shown(one.end, zone)}: {one.reason} ({one.by})"
        for one in windows_of(overrides.known(loaded), time.time())
    ]
    of_file = [
        f"config.yaml  {', '.join((*one.sites, *one.devices, *one.contractors))}, {one.start} "
        f"until {one.end}{f', {one.repeat}' if one.repeat else ''}: {one.reason}"
        for one in loaded.maintenance
    ]
    sys.stdout.write("".join(f"{line}\n" for line in made + of_file) or "no windows\n")


def _made_windows(loaded: Config, zone: ZoneInfo) -> Iterator[WindowRow]:
    for one in windows_of(overrides.known(loaded), time.time()):
        start, end = moment(one.start, zone), moment(one.end, zone)
        places = (tuple(one.devices), tuple(one.sites), ())
        yield WindowRow(one.subject, *places, start, end, None, one.reason, one.by)


def _file_windows(loaded: Config) -> Iterator[WindowRow]:
    for one in loaded.maintenance:
        places = (tuple(one.devices), tuple(one.sites), tuple(one.contractors))
        times = (str(one.start), str(one.end), one.repeat)
        yield WindowRow(None, *places, *times, one.reason, None)


def _entered(kind: str, given: dict[str, str], name: str, loaded: Config) -> dict[str, Any]:
    """What came of an act by the agent. Exits where it refuses."""
    return _asked(kind, given | {"name": typed(name, loaded), "once": uuid.uuid4().hex}, loaded)


def _asked(kind: str, values: dict[str, str], loaded: Config) -> dict[str, Any]:
    """The answer of the agent. Exits where there is none."""
    try:
        return acting.by_agent(loaded, kind, values)
    except StoreError as error:
        raise fail(str(error)) from None
