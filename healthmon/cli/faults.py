"""The commands on what is kept: ``faults``, ``history``; the agent may run beside them."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from itertools import zip_longest
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from healthmon.checks.evaluation.durations import duration
from healthmon.cli import fault_life
from healthmon.cli.console import fail, read, say
from healthmon.cli.opening import opened
from healthmon.cli.periods import period
from healthmon.config import finding, outline
from healthmon.config.outline import Outline
from healthmon.config.problems import ConfigError, suggest
from healthmon.incidents.incident import SITE, Incident
from healthmon.model.count_words import count_of
from healthmon.model.enums import AGENT
from healthmon.model.plain_text import one_line
from healthmon.store import Deleted, Stay, Wanted, location
from healthmon.store.fault_evidence import evidence_of
from healthmon.store.location import StoreLocation

_NUMBER = re.compile(r"[Ff]?0*([1-9][0-9]{0,11})", re.ASCII)


class Form(Enum):
    """How the fault log is printed."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


FIELDS = (
    "fault", "device", "name", "site", "code", "severity", "priority", "since", "told", "closed", "seconds", "cause",
    "cause_fault", "held", "acknowledged_by", "acknowledged_reason", "affected", "sentence",
)  # fmt: skip
COLUMNS = (*FIELDS, *fault_life.FIELDS)


def _record(path: Path | None) -> tuple[Outline, Callable[[], StoreLocation]]:
    """What the record is shown with, and where it is."""
    try:
        file = finding.find(path, os.environ)
        found = outline.read(file)
    except ConfigError as error:
        raise fail(str(error)) from None
    if found is None:
        _, config = read(path)
        return Outline.of(config), lambda: location.place(config)
    state = location.state_directory(found.state_directory, file)
    return found, lambda: location.in_folder(state)


def faults(
    config: Path | None, wanted: Wanted, dates: tuple[str | None, str | None], form: Form
) -> None:
    """Show the fault log, newest first; `dates` are --since and --until as they were typed."""
    known, place = _record(config)
    zone = ZoneInfo(known.time_zone)
    since, until = period(*dates, zone)
    wanted = replace(wanted, since=since, until=until)
    names, now, count = _names(known), time.time(), 0
    with opened(place, StoreLocation.reader) as store:
        _say_deleted(store.deleted(), since, zone)
        for page in store.incident_pages(wanted):
            rows = [
                row(life.incident, names, known) | fault_life.columns(life, known, now)
                for life in store.life_cycles(page)
            ]
            if not count and not rows:
                _need_known(wanted, names, known)
            sys.stdout.write(_PRINTERS[form](rows, count))
            count += len(rows)
    sys.stdout.write(_ends(form, count))


def _need_known(wanted: Wanted, names: Mapping[str, str], known: Outline) -> None:
    """Exits where a device or a site that has no faults is not configured either."""
    for option, value, all_known in (
        ("device", wanted.device, names),
        ("site", wanted.site, known.sites),
    ):
        if value and value not in all_known:
            words = "not in the configuration, and without faults"
            raise fail(f"--{option} {value}: {words}{suggest(value, all_known)}")


def _say_deleted(deleted: Deleted | None, since: float, zone: ZoneInfo) -> None:
    """Where the log is not whole any more, because what is old is deleted."""
    if deleted is None or not (count := deleted.counts.get("faults")):
        return
    if since < (before := deleted.before["faults"]):
        say(
            f"note: {count_of(count, 'fault is', 'faults are')} deleted, {_until_when(before, zone)}"
        )


def _until_when(before: float, zone: ZoneInfo) -> str:
    return f"all of what ended before {_time(before, zone)} (history in config.yaml)"


def show(number: str, config: Path | None, *, as_json: bool) -> None:
    """Show the whole record of one fault: what people did, the contract clock, who was notified."""
    known, place = _record(config)
    with opened(place, StoreLocation.reader) as store:
        life = store.life_cycle(fault_number(number))
        evidence = evidence_of(store, life, time.time())
    now, shown = time.time(), row(life.incident, _names(known), known)
    whole = fault_life.Whole(
        life, shown | fault_life.columns(life, known, now), evidence, known, now
    )
    if as_json:
        sys.stdout.write(json.dumps(whole.as_json(), indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(whole.text())


def fault_number(text: str) -> int:
    """``F000123`` or ``123``; exits where it is neither."""
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        raise fail(f"{text}: not a fault number; write for example F000123")
    return int(found[1])


def history(device: str, config: Path | None, days: float, *, as_json: bool) -> None:
    """Show the history of one device: its states and its faults."""
    known, place = _record(config)
    names = _names(known)
    with opened(place, StoreLocation.reader) as store:
        stretches = store.timeline(device, time.time() - days * 86400)
        stays = store.stays(device)
        incidents = [row(one, names, known) for one in store.incidents(Wanted(device=device))]
        deleted = store.deleted()
    if not stretches and not incidents and not stays and device not in names:
        raise fail(
            f"{device}: no such device in the configuration or the history{suggest(device, names)}"
        )
    past = Past(device, stretches, stays, incidents, deleted, ZoneInfo(known.time_zone))
    if as_json:
        sys.stdout.write(json.dumps(past.as_json(), indent=2, ensure_ascii=False) + "\n")
        return
    name = names.get(device, "no longer configured")
    sys.stdout.write(f"{device}  {name}\n\nSTATES of {_last(days)}\n{past.text()}")


def access_log(config: Path | None, days: float, *, as_json: bool = False) -> None:
    """Print logins, refusals and changes of users of the last `days`."""
    from healthmon.cli.json_rows import AccessRow, moment, print_rows  # its many classes take time

    known, place = _record(config)
    with opened(place, StoreLocation.reader) as store:
        rows = store.access(time.time() - days * 86400)
    zone = ZoneInfo(known.time_zone)
    if as_json:
        print_rows([AccessRow(moment(row.at, zone), row.what, row.text) for row in rows])
        return
    for row in rows:
        at = datetime.fromtimestamp(row.at, zone)
        sys.stdout.write(f"{at:%Y-%m-%d %H:%M:%S}  {row.what:<15}  {one_line(row.text)}\n")
    if not rows:
        sys.stdout.write(f"no logins, refusals or changes of users in {_last(days)}\n")


@dataclass(frozen=True)
class Past:
    """What the store has of one device: (check, state, since, until) of its states, its places, its
    faults as rows; and what it has deleted of all devices.
    """

    device: str
    stretches: Sequence[tuple[str, str, float, float | None]]
    stays: Sequence[Stay]
    faults: list[dict[str, Any]]
    deleted: Deleted | None
    zone: ZoneInfo

    def as_json(self) -> dict[str, Any]:
        """Plain values; times are local with their offset."""
        states = [
            {
                "question": name,
                "state": state,
                "since": _iso(since, self.zone),
                "until": _iso(until, self.zone),
            }
            for name, state, since, until in self.stretches
        ]
        places = [
            {"state": one.state, "location": one.location, "since": _iso(one.since, self.zone)}
            for one in self.stays
        ]
        found: dict[str, Any] = {
            "device": self.device,
            "states": states,
            "places": places,
            "faults": self.faults,
        }
        if self.deleted is not None:
            before = _iso(self.deleted.newest, self.zone)
            found["deleted"] = {"ended_before": before, **self.deleted.counts}
        return found

    def text(self) -> str:
        """Lines for a terminal."""
        lines = "".join(self._line(*stretch) for stretch in self.stretches)
        faults = _lines(self.faults) or "  none\n"
        return f"{lines}{_places(self.stays, self.zone)}\nFAULTS\n{faults}{self._deleted()}"

    def _deleted(self) -> str:
        if self.deleted is None:
            return ""
        parts = self.deleted.parts()
        lines = [f"  {one.words()}: {_until_when(one.newest, self.zone)}\n" for one in parts]
        return f"\nDELETED, of all devices\n{''.join(lines)}"

    def _line(self, name: str, state: str, since: float, until: float | None) -> str:
        length = duration((until or time.time()) - since)
        end = _time(until, self.zone) if until is not None else "now"
        return f"  {name:<12} {state:<9} {_time(since, self.zone)} - {end:<17} {length}\n"


def row(incident: Incident, names: Mapping[str, str], known: Outline) -> dict[str, Any]:
    """One case as plain values by `FIELDS`; times are local with their offset."""
    zone, lead, ack = ZoneInfo(known.time_zone), incident.lead, incident.ack
    end = incident.closed if incident.closed is not None else time.time()
    values = (
        f"F{incident.number:06d}", incident.device, _name(incident, names, known),
        incident.site, lead.code, "fault" if lead.state.name == "FAULT" else "warning", f"P{incident.priority}",
        _iso(incident.since, zone), _iso(incident.told, zone), _iso(incident.closed, zone),
        round(max(0.0, end - incident.since)),
        incident.cause, _number(incident.cause_number), incident.held,
        ack.by if ack else "", ack.reason if ack else "",
        list(incident.affected), lead.sentence,
    )  # fmt: skip
    shown = (one_line(value) if isinstance(value, str) else value for value in values)
    return dict(zip(FIELDS, shown, strict=True))


def _last(days: float) -> str:
    return "the last day" if days == 1 else f"the last {days:g} days"


def _names(known: Outline) -> dict[str, str]:
    """The name of every device by its id; the agent is one."""
    return {AGENT: AGENT, **known.names}


def _name(incident: Incident, names: Mapping[str, str], known: Outline) -> str:
    """The name of the device, or of the site that is lost."""
    if incident.device in names or not incident.device.startswith(SITE):
        return names.get(incident.device, "")
    return known.sites.get(incident.site) or incident.site


def _number(number: int | None) -> str:
    return f"F{number:06d}" if number is not None else ""


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


def _csv(rows: Sequence[Mapping[str, Any]], before: int) -> str:
    """CSV by RFC 4180, after `before` rows; a text that a spreadsheet would take for a formula is
    kept from being one.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    if not before:
        writer.writerow(COLUMNS)
    for one in rows:
        writer.writerow([_cell(one[name]) for name in COLUMNS])
    return out.getvalue()


def _cell(value: Any) -> str:
    text = " ".join(value) if isinstance(value, list) else "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def _json(rows: Sequence[Mapping[str, Any]], before: int) -> str:
    """Elements of an array, after `before` others."""
    each = (textwrap.indent(json.dumps(one, indent=2, ensure_ascii=False), "  ") for one in rows)
    begin = "[" if not before else "," if rows else ""
    return begin + ",".join(f"\n{one}" for one in each)


def _ends(form: Form, count: int) -> str:
    """What stands after the last of `count` rows."""
    if form is Form.JSON:
        return "\n]\n" if count else "]\n"
    return "no faults\n" if form is Form.TEXT and not count else ""


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


_PRINTERS: dict[Form, Callable[[Sequence[Mapping[str, Any]], int], str]] = {
    Form.TEXT: lambda rows, _before: _lines(rows),
    Form.JSON: _json,
    Form.CSV: _csv,
}
