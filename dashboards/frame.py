"""A whole dashboard: its variables, its links to the other pages, and where each panel stands."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence

from dashboards.bands import bands
from dashboards.looks import Json

SCHEMA = 38  # what Grafana 10.2 writes; later ones migrate it when they read it
# The range of Grafana that the tests evaluate the dashboards for: its own libraries of both ends.
OLDEST, NEWEST = "10.2.1", "13.1"
COLUMNS = 24
UIDS = {
    "healthmon-wall": "CCTV wall",
    "healthmon-operations": "CCTV operations and shift hand-over",
    "healthmon-device": "CCTV device",
    "healthmon-service": "CCTV service figures",
    "healthmon-agent": "CCTV monitor itself",
}
PROMETHEUS = {"type": "prometheus", "uid": "${datasource}"}


def dashboard(
    uid: str,
    about: str,
    panels: Iterable[Json],
    variables: Sequence[Json],
    *,
    since: str,
    refresh: str = "30s",
) -> Json:
    """The dashboard `uid` that shows the time from `since` (``now-12h``) until now."""
    return {
        "annotations": {"list": bands(variables, PROMETHEUS)},
        "description": about,
        "editable": False,
        "fiscalYearStartMonth": 0,
        "graphTooltip": 1,
        "id": None,
        "links": [_link(other, title) for other, title in UIDS.items() if other != uid],
        "liveNow": False,
        "panels": placed(panels),
        "refresh": refresh,
        "schemaVersion": SCHEMA,
        "style": "dark",
        "tags": ["cctv", "healthmon"],
        "templating": {"list": [SOURCE, JOB, *variables]},
        "time": {"from": since, "to": "now"},
        "timepicker": {},
        "timezone": "browser",
        "title": UIDS[uid],
        "uid": uid,
        "version": 1,
        "weekStart": "monday",
    }


def text(dashboard: Json) -> str:
    """The JSON that is committed."""
    return json.dumps(dashboard, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def placed(panels: Iterable[Json]) -> list[Json]:
    """`panels` from left to right and from top to bottom, numbered from 1; those of a closed row
    stand where they will stand when it is opened.
    """
    numbers = itertools.count(1)
    made: list[Json] = []
    for one, top in _stood(panels, 0):
        inside = [
            {**hidden, "id": next(numbers)} for hidden, _ in _stood(one.get("panels", []), top + 1)
        ]
        more = {"panels": inside} if one["type"] == "row" else {}
        made.append({**one, **more, "id": next(numbers)})
    return made


def _stood(panels: Iterable[Json], top: int) -> Iterator[tuple[Json, int]]:
    """Each panel with its place, and the line it stands on."""
    x, y, deepest = 0, top, 0
    for panel in panels:
        size = panel["gridPos"]
        if x + size["w"] > COLUMNS:
            x, y, deepest = 0, y + deepest, 0
        yield {**panel, "gridPos": {**size, "x": x, "y": y}}, y
        x, deepest = x + size["w"], max(deepest, size["h"])


def _link(uid: str, title: str) -> Json:
    return {
        "asDropdown": False,
        "icon": "external link",
        "includeVars": uid != "healthmon-device",
        "keepTime": False,
        "tags": [],
        "targetBlank": False,
        "title": title,
        "tooltip": "",
        "type": "link",
        "url": f"/d/{uid}/{uid}",
    }


def chosen(name: str, label: str, query: str, *, every: str = ".*", many: bool = True) -> Json:
    """A variable whose values come from labels, read again when the time range changes; `every`
    stands for All.
    """
    made: Json = {
        "current": {},
        "datasource": PROMETHEUS,
        "definition": query,
        "hide": 0,
        "includeAll": many,
        "label": label,
        "multi": many,
        "name": name,
        "options": [],
        "query": query,
        "refresh": 2,
        "regex": "",
        "skipUrlSync": False,
        "sort": 1,
        "type": "query",
    }
    everything = {"selected": True, "text": ["All"], "value": ["$__all"]}
    return made | ({"allValue": every, "current": everything} if many else {})


def listed(name: str, label: str, values: dict[str, str]) -> Json:
    """A variable with a fixed list: what people read -> value; the first one is chosen."""
    rows = [
        {"selected": n == 0, "text": text, "value": value}
        for n, (text, value) in enumerate(values.items())
    ]
    return {
        "current": rows[0],
        "hide": 0,
        "includeAll": False,
        "label": label,
        "multi": False,
        "name": name,
        "options": rows,
        "query": ", ".join(f"{text} : {value}" for text, value in values.items()),
        "skipUrlSync": False,
        "type": "custom",
    }


SOURCE: Json = {
    "current": {},
    "hide": 0,
    "includeAll": False,
    "label": "Data source",
    "multi": False,
    "name": "datasource",
    "options": [],
    "query": "prometheus",
    "refresh": 1,
    "regex": "",
    "skipUrlSync": False,
    "type": "datasource",
}
JOB = chosen("job", "Job", "label_values(healthmon_build_info, job)", every=".+")
SITE = chosen("site", "Site", 'label_values(healthmon_device_info{job=~"$job"}, site)')
KIND = chosen(
    "kind", "Kind", 'label_values(healthmon_device_info{job=~"$job", site=~"$site"}, kind)'
)
DEVICE = chosen(
    "device",
    "Device",
    'label_values(healthmon_device_info{job=~"$job", site=~"$site"}, device)',
    many=False,
)
