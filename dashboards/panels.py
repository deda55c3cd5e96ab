"""Panels as the dictionaries that Grafana 10.2 and later read; only panels of Grafana's core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dashboards.looks import BLANK, GREY, NOTHING, Json

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
VERSION = "10.2.0"
DEVICE_PAGE = (
    "/d/healthmon-device/healthmon-device?${datasource:queryparam}&${job:queryparam}&var-device="
)


@dataclass(frozen=True, slots=True)
class Query:
    """One query. `legend` names its series; a `table` query gives one frame with a column for each label."""

    expression: str
    legend: str = "{{device}}"
    table: bool = False
    over_time: bool = False

    def target(self, number: int) -> Json:
        """As Grafana reads it; refId A, B, C ..."""
        return {
            "datasource": SOURCE,
            "editorMode": "code",
            "expr": self.expression,
            "format": "table" if self.table else "time_series",
            "instant": not self.over_time,
            "legendFormat": self.legend,
            "range": self.over_time,
            "refId": chr(ord("A") + number),
        }


@dataclass(frozen=True, slots=True)
class Looks:
    """How the values of a panel are shown."""

    unit: str = "none"
    thresholds: Json = field(default_factory=lambda: GREY)
    mappings: Sequence[Json] = ()
    decimals: int | None = None
    low: float | None = None
    high: float | None = None
    links: Sequence[Json] = ()
    nothing: str = NOTHING

    def defaults(self, custom: Json | None = None, mode: str = "thresholds") -> Json:
        """The fieldConfig.defaults."""
        made: Json = {
            "color": {"mode": mode},
            "custom": custom or {},
            "links": list(self.links),
            "mappings": list(self.mappings),
            "noValue": self.nothing,
            "thresholds": self.thresholds,
            "unit": self.unit,
        }
        limits = {"decimals": self.decimals, "min": self.low, "max": self.high}
        return made | {name: value for name, value in limits.items() if value is not None}


Size = tuple[int, int]


def panel(
    kind: str, title: str, about: str, size: Size, queries: Sequence[Query], **more: Any
) -> Json:
    """A panel without its place; `more` are its own keys."""
    return {
        "datasource": SOURCE,
        "description": about,
        "gridPos": {"w": size[0], "h": size[1]},
        "pluginVersion": VERSION,
        "targets": [query.target(number) for number, query in enumerate(queries)],
        "title": title,
        "type": kind,
        **more,
    }


def stat(
    title: str,
    about: str,
    size: Size,
    expression: str,
    looks: Looks,
    *,
    legend: str = "",
    mode: str = "value",
) -> Json:
    """Big numbers on a coloured ground; `mode` auto shows names too."""
    options = _stat_options({"calcs": ["lastNotNull"], "fields": "", "values": False}, mode, "auto")
    config = {"defaults": looks.defaults(), "overrides": []}
    return panel(
        "stat", title, about, size, [Query(expression, legend)], fieldConfig=config, options=options
    )


def tiles(
    title: str,
    about: str,
    size: Size,
    expression: str,
    mappings: Sequence[Json],
    *,
    stacked: bool = False,
    most: int = 2000,
) -> Json:
    """One tile for each row, showing its label `tile` on the ground that `mappings` give; grey NO DATA without rows."""
    reduce = {"calcs": ["lastNotNull"], "fields": "/^tile$/", "limit": most, "values": True}
    looks = Looks(mappings=mappings, unit="string", links=[to_device("${__data.fields.device}")])
    options = _stat_options(reduce, "value", "horizontal" if stacked else "auto")
    config = {"defaults": looks.defaults(), "overrides": []}
    return panel(
        "stat",
        title,
        about,
        size,
        [Query(expression, "", table=True)],
        fieldConfig=config,
        options=options,
    )


def _stat_options(reduce: Json, mode: str, orientation: str) -> Json:
    return {
        "colorMode": "background_solid",
        "graphMode": "none",
        "justifyMode": "center",
        "orientation": orientation,
        "reduceOptions": reduce,
        "textMode": mode,
        "wideLayout": True,
    }


def timeseries(
    title: str,
    about: str,
    size: Size,
    queries: Sequence[Query],
    looks: Looks,
    *,
    overrides: Sequence[Json] = (),
    limits: bool = False,
) -> Json:
    """Lines over time; a gap stays a gap. `limits` draws the thresholds."""
    custom = {
        "drawStyle": "line",
        "fillOpacity": 0,
        "lineWidth": 2,
        "pointSize": 5,
        "showPoints": "auto",
        "spanNulls": False,
        "thresholdsStyle": {"mode": "dashed" if limits else "off"},
    }
    options = {
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    config = {"defaults": looks.defaults(custom, "palette-classic"), "overrides": list(overrides)}
    return panel(
        "timeseries", title, about, size, _over_time(queries), fieldConfig=config, options=options
    )


def timeline(title: str, about: str, size: Size, queries: Sequence[Query], looks: Looks) -> Json:
    """States over time, one row for each series, with their words."""
    options = {
        "alignValue": "left",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False},
        "mergeValues": True,
        "rowHeight": 0.85,
        "showValue": "auto",
        "tooltip": {"mode": "single", "sort": "none"},
    }
    config = {"defaults": looks.defaults({"fillOpacity": 90, "lineWidth": 0}), "overrides": []}
    return panel(
        "state-timeline",
        title,
        about,
        size,
        _over_time(queries),
        fieldConfig=config,
        options=options,
    )


def _over_time(queries: Sequence[Query]) -> list[Query]:
    return [Query(query.expression, query.legend, over_time=True) for query in queries]


def bars(
    title: str, about: str, size: Size, expression: str, looks: Looks, *, legend: str = "{{device}}"
) -> Json:
    """One horizontal bar for each series."""
    options = {
        "displayMode": "basic",
        "minVizHeight": 16,
        "minVizWidth": 8,
        "orientation": "horizontal",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "showUnfilled": True,
        "valueMode": "text",
    }
    config = {"defaults": looks.defaults(), "overrides": []}
    return panel(
        "bargauge",
        title,
        about,
        size,
        [Query(expression, legend)],
        fieldConfig=config,
        options=options,
    )


def note(title: str, about: str, size: Size, content: str) -> Json:
    """Words on the page (Markdown)."""
    options = {"code": {"language": "plaintext", "showLineNumbers": False, "showMiniMap": False}}
    return panel(
        "text", title, about, size, [], options=options | {"content": content, "mode": "markdown"}
    )


def row(title: str) -> Json:
    """A heading over the panels that follow."""
    return {
        "collapsed": False,
        "gridPos": {"w": 24, "h": 1},
        "panels": [],
        "title": title,
        "type": "row",
    }


def to_device(device: str) -> Json:
    """A data link to the page of `device` (a Grafana expression)."""
    return {"targetBlank": False, "title": "Open this device", "url": DEVICE_PAGE + device}


WEB_PAGE: Json = {
    "links": [{"targetBlank": True, "title": "The device's own web page", "url": "${__value.raw}"}],
}


def override(name: str, **properties: Any) -> Json:
    """Properties of the field called `name`; double underscores stand for dots (``custom__width``)."""
    rows = [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()]
    return {"matcher": {"id": "byName", "options": name}, "properties": rows}


CELL = {"align": "left", "cellOptions": {"type": "auto"}, "filterable": True, "inspect": False}
GROUND = {"mode": "basic", "type": "color-background"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: the field it comes from, its heading and how it looks; `paint` colours its ground."""

    source: str
    heading: str
    looks: Json = field(default_factory=dict)
    width: int | None = None
    paint: bool = False

    def override(self) -> Json:
        """As an override by heading."""
        unit = "none" if self.source.startswith("Value") else "string"
        made: Json = {
            "unit": unit,
            **self.looks,
            "mappings": [*self.looks.get("mappings", []), *BLANK],
        }
        if self.width:
            made["custom.width"] = self.width
        if self.paint:
            made["custom.cellOptions"] = GROUND
        rows = [{"id": key, "value": value} for key, value in made.items()]
        return {"matcher": {"id": "byName", "options": self.heading}, "properties": rows}


def table(
    title: str,
    about: str,
    size: Size,
    queries: Sequence[str],
    columns: Sequence[Column],
    *,
    key: str = "device",
    sort: tuple[str, bool] | None = None,
    nothing: str = NOTHING,
) -> Json:
    """Rows of instant queries joined by the label `key`; only `columns` are shown, in their order."""
    looks = Looks(unit="string", mappings=BLANK, nothing=nothing)
    config = {
        "defaults": looks.defaults(CELL),
        "overrides": [column.override() for column in columns],
    }
    options = {
        "cellHeight": "sm",
        "footer": {"countRows": False, "fields": "", "reducer": ["sum"], "show": False},
        "showHeader": True,
        "sortBy": [{"desc": sort[1], "displayName": sort[0]}] if sort else [],
    }
    return panel(
        "table",
        title,
        about,
        size,
        [Query(expression, "", table=True) for expression in queries],
        fieldConfig=config,
        options=options,
        transformations=_joined(columns, key if len(queries) > 1 else None),
    )


def _joined(columns: Sequence[Column], key: str | None) -> list[Json]:
    names = [column.source for column in columns]
    organise = {
        "excludeByName": {},
        "indexByName": {name: number for number, name in enumerate(names)},
        "renameByName": {column.source: column.heading for column in columns},
    }
    join = [{"id": "joinByField", "options": {"byField": key, "mode": "outer"}}] if key else []
    return [
        *join,
        {"id": "filterFieldsByName", "options": {"include": {"names": names}}},
        {"id": "organize", "options": organise},
    ]
