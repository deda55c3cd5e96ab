"""The faults that people raise after a sheet was made: they stand on it too, until it is signed. Pure.

What is said of them comes from their acts, which never change, and from the names that were kept with
the sheet, so that a signed sheet says the same for good.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from healthmon.incidents.incident import OTHER
from healthmon.incidents.life_cycle import LifeCycle
from healthmon.incidents.local_time import iso
from healthmon_exporters.reports.shift_sheet import Sheet

# The words for devices and sites as they were when the sheet was made.
Names = Mapping[str, Any]


def names(sheet: Sheet) -> dict[str, Any]:
    """What a sheet must keep to name devices later: of each its name, contractor and priority; and
    the names of the sites.
    """
    devices = {
        one.id: [
            one.name,
            sheet.contractors.get(one.contractor or "", one.contractor),
            one.priority,
        ]
        for one in sheet.devices
    }
    return {"devices": devices, "sites": dict(sheet.sites)}


def entries(
    raised: Iterable[LifeCycle], shown: Collection[str], known: Names, zone: ZoneInfo
) -> list[dict[str, Any]]:
    """The entry of each open fault that is not `shown` (numbers as in F000123) on the sheet already,
    as those of its own check.
    """
    made = [_entry(life, known, zone) for life in raised if life.closed is None]
    return [entry for entry in made if not entry["fault"] or entry["fault"] not in shown]


def _entry(life: LifeCycle, known: Names, zone: ZoneInfo) -> dict[str, Any]:
    incident = life.incident
    act, site = life.acts[0], incident.site
    about = incident.device
    name, contractor, priority = known.get("devices", {}).get(about, ("", None, incident.priority))
    if about == OTHER:
        name = known.get("sites", {}).get(site, site)
    since = datetime.fromtimestamp(act.happened, zone)
    ack = life.ack
    return {
        "fault": f"F{incident.number:06d}" if incident.number else "",
        "devices": about,
        "name": name,
        "sentence": f"{act.get('what')}; raised by {act.by} after this check",
        "code": incident.lead.code,
        "since": iso(act.happened, zone),
        "age_seconds": None,
        "age_words": f"since {since:%d %b %Y %H:%M}",
        "priority": f"P{act.get('priority') or priority}",
        "contractor": contractor or "",
        "acknowledged": f"{ack.by}: {ack.reason}" if ack else "",
        "maintenance": "",
    }
