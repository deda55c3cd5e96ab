"""The commands on what is kept: ``faults``, ``history``, ``ack``, ``sign``; the agent may run beside them."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import zip_longest
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from healthmon import config as configuration
from healthmon import inventory, storage
from healthmon.app import state_folder
from healthmon.cases import SITE, Ack, Case
from healthmon.config import Config, ConfigError
from healthmon.console import ConfigOption, fail, read
from healthmon.model import Device
from healthmon.store import Stay, Store, StoreError
from healthmon.verdict.words import duration

STALE_SECONDS = 900.0
Named = Annotated[str, typer.Option("--name", help="who you are; it is kept")]
FIELDS = (
    "fault", "device", "name", "site", "code", "severity", "priority", "since", "told", "closed", "seconds", "cause",
    "cause_fault", "held", "acknowledged_by", "acknowledged_reason", "affected", "sentence",
)  # fmt: skip


@contextmanager
def _store(config: Config, *, write: bool = False) -> Iterator[Store]:
    """The store of `config`; what is wrong with it ends the command with exit 3."""
    store: Store | None = None
    try:
        place = storage.place(config, state_folder(config))
        store = place.open() if write else place.reader()
        yield store
    except (StoreError, ConfigError) as error:
        raise fail(str(error)) from None
    finally:
        if store is not None:
            store.close()


def faults(
    config: ConfigOption = None,
    open_only: Annotated[bool, typer.Option("--open", help="only those that are not over")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="print CSV for a spreadsheet")] = False,
) -> None:
    """Show the fault log, the newest first."""
    _, loaded = read(config, need_secrets=False)
    with _store(loaded) as store:
        cases = store.cases(open_only=open_only)
    devices = {device.id: device for device in inventory.devices(loaded)}
    rows = [row(case, devices, loaded) for case in cases]
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
    elif as_csv:
        sys.stdout.write(_csv(rows))
    else:
        sys.stdout.write(_lines(rows) or "no faults\n")


def history(
    device: Annotated[str, typer.Argument(help="a device id")],
    config: ConfigOption = None,
    days: Annotated[float, typer.Option(help="how far back", min=0.01)] = 31.0,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Show what was known of one device: its states in time and its faults."""
    _, loaded = read(config, need_secrets=False)
    devices = {one.id: one for one in inventory.devices(loaded)}
    with _store(loaded) as store:
        stretches = store.timeline(device, time.time() - days * 86400)
        stays = store.stays(device)
        cases = [row(case, devices, loaded) for case in store.cases(device=device)]
    if not stretches and not cases and not stays and device not in devices:
        raise fail(
            f"{device}: no such device in the configuration or the history{configuration.suggest(device, devices)}"
        )
    zone = ZoneInfo(loaded.estate.time_zone)
    if as_json:
        keys = ("question", "state", "since", "until")
        states = [
            dict(zip(keys, (q, s, _iso(a, zone), _iso(b, zone)), strict=True))
            for q, s, a, b in stretches
        ]
        places = [
            {"state": one.state, "location": one.location, "since": _iso(one.since, zone)}
            for one in stays
        ]
        told = {"device": device, "states": states, "places": places, "faults": cases}
        sys.stdout.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
        return
    name = devices[device].name if device in devices else "no longer configured"
    sys.stdout.write(f"{device}  {name}\n\nSTATES of the last {days:g} days\n")
    for question, state, since, until in stretches:
        length = duration((until or time.time()) - since)
        end = _time(until, zone) if until is not None else "now"
        sys.stdout.write(f"  {question:<12} {state:<9} {_time(since, zone)} - {end:<17} {length}\n")
    sys.stdout.write(_places(stays, zone))
    sys.stdout.write("\nFAULTS\n" + (_lines(cases) or "  none\n"))


def ack(
    number: Annotated[str, typer.Argument(help="the fault's number, as F000123")],
    name: Named,
    reason: Annotated[str, typer.Option("--reason", help="why it may wait, or what was done")],
    config: ConfigOption = None,
) -> None:
    """Acknowledge a fault: it stays open, and its reminders stop."""
    found = re.fullmatch(r"[Ff]?0*([1-9][0-9]{0,11})", number.strip())
    if found is None:
        raise fail(f"{number}: not a fault number; write for example F000123")
    if not name.strip() or not reason.strip():
        raise fail("a name and a reason are needed: --name 'A. Smith' --reason 'contractor called'")
    _, loaded = read(config, need_secrets=False)
    with _store(loaded, write=True) as store:
        store.acknowledge(int(found[1]), Ack(name.strip(), reason.strip(), time.time()))
    sys.stdout.write(f"F{int(found[1]):06d} is acknowledged by {name.strip()}\n")


def sign(
    name: Named,
    config: ConfigOption = None,
    note: Annotated[str, typer.Option("--note", help="what the next shift should know")] = "",
) -> None:
    """Sign the last shift check; it must not be older than 15 minutes."""
    if not name.strip():
        raise fail("a name is needed: --name 'A. Smith'")
    _, loaded = read(config, need_secrets=False)
    with _store(loaded, write=True) as store:
        sweep = store.last_sweep()
        if sweep is None:
            raise fail("no shift check has been made yet: healthmon sweep")
        how = store.sign(sweep[0], name.strip(), note.strip(), time.time(), STALE_SECONDS)
    at = _time(sweep[1], ZoneInfo(loaded.estate.time_zone))
    words = {
        "signed": f"the shift check of {at} is signed by {name.strip()}",
        "added": f"the shift check of {at} was signed already; {name.strip()} is noted in addition",
        "already": f"{name.strip()} has signed the shift check of {at} already; nothing was changed",
    }
    sys.stdout.write(words[how] + "\n")


COMMANDS: tuple[Callable[..., None], ...] = (faults, history, ack, sign)


def row(case: Case, devices: Mapping[str, Device], config: Config) -> dict[str, Any]:
    """One case as plain values by `FIELDS`; times are local with their offset."""
    zone, lead = ZoneInfo(config.estate.time_zone), case.lead
    device = devices.get(case.device)
    site = next((site.name or site.id for site in config.sites if site.id == case.site), case.site)
    end = case.closed if case.closed is not None else time.time()
    values = (
        f"F{case.number:06d}", case.device, device.name if device else site if case.device.startswith(SITE) else "",
        case.site, lead.code, "fault" if lead.state.name == "FAULT" else "warning", f"P{case.priority}",
        _iso(case.since, zone), _iso(case.told, zone), _iso(case.closed, zone), round(max(0.0, end - case.since)),
        case.cause, f"F{case.cause_number:06d}" if case.cause_number is not None else "", case.held,
        case.ack.by if case.ack else "", case.ack.reason if case.ack else "", list(case.affected), lead.sentence,
    )  # fmt: skip
    return dict(zip(FIELDS, values, strict=True))


def _places(stays: Sequence[Stay], zone: ZoneInfo) -> str:
    """Where a deployable camera was, with how long."""
    ends = [stay.since for stay in stays[1:]]
    lines = []
    for stay, end in zip_longest(stays, ends):
        last = _time(end, zone) if end is not None else "now"
        length = duration((end if end is not None else time.time()) - stay.since)
        state = stay.state.replace("_", " ")
        lines.append(
            f"  {state:<12} {stay.location:<32} {_time(stay.since, zone)} - {last:<17} {length}\n"
        )
    return "\nPLACES\n" + "".join(lines) if lines else ""


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """CSV by RFC 4180; a text that a spreadsheet would take for a formula is kept from being one."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(FIELDS)
    for one in rows:
        writer.writerow([_cell(one[name]) for name in FIELDS])
    return out.getvalue()


def _cell(value: Any) -> str:
    text = " ".join(value) if isinstance(value, list) else "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def _lines(rows: Sequence[Mapping[str, Any]]) -> str:
    return "".join(_line(one) for one in rows)


def _line(one: Mapping[str, Any]) -> str:
    mark = " " if one["closed"] else "x" if one["severity"] == "fault" else "!"
    since = one["since"][:16].replace("T", " ")
    over = f"over {one['closed'][:16].replace('T', ' ')}" if one["closed"] else "open"
    more = [one["cause"], f"held: {one['held']}" if one["held"] and not one["closed"] else ""]
    more += [
        f"acknowledged by {one['acknowledged_by']}: {one['acknowledged_reason']}"
        if one["acknowledged_by"]
        else ""
    ]
    tail = "".join(f"; {words}" for words in more if words)
    who = f"{one['device']}  {one['name']}"
    return f"  {mark} {one['fault']} {one['priority']}  {who:<36} since {since}  {over:<21} {one['sentence']}{tail}\n"


def _iso(at: float | None, zone: ZoneInfo) -> str | None:
    return (
        datetime.fromtimestamp(at, zone).isoformat(timespec="seconds") if at is not None else None
    )


def _time(at: float, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at, zone):%d %b %Y %H:%M}"
