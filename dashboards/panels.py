"""Panels as the dictionaries that Grafana 10.2 and later read; only panels of Grafana's core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dashboards.looks import BLANK, FAULT_WORDS, GREY, KEPT, NOTHING, SINCE, Json, words
from healthmon_exporters.web.palette import NO_DATA

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
VERSION = "10.2.1"
AGENT_ANSWERS = 'healthmon_build_info{job=~"$job"}'
# Letters that are read from five metres on a 43-inch screen of 1080 lines, in px.
CAPTION, NUMBER, NAME = 28, 58, 50
MOST_TILES = 2000
DEVICE_PAGE = (
    "/d/healthmon-device/healthmon-device?${datasource:queryparam}&${job:queryparam}&var-device="
)


@dataclass(frozen=True, slots=True)
class Query:
    """One query. `legend` names its series; a `table` query gives one frame with a column for each
    label.
    """

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
    """How the values of a panel are shown; `limits` draws the thresholds as lines over time."""

    unit: str = "none"
    thresholds: Json = field(default_factory=lambda: GREY)
    mappings: Sequence[Json] = ()
    decimals: int | None = None
    low: float | None = None
    high: float | None = None
    links: Sequence[Json] = ()
    nothing: str = NOTHING
    limits: bool = False

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


def stat(title: str, about: str, size: Size, expression: str, looks: Looks) -> Json:
    """Big numbers on a coloured ground."""
    options = _stat_options(_LAST, "value", "auto")
    config = {"defaults": looks.defaults(), "overrides": []}
    return panel(
        "stat", title, about, size, [Query(expression, "")], fieldConfig=config, options=options
    )


def big(caption: str, about: str, size: Size, queries: Sequence[str], looks: Looks) -> Json:
    """One number for a screen that is read from afar. Its caption is in the tile, because a panel's
    title is 14 px; so the panel has no title.

    While the agent answers, a number of which nothing is known has its caption too.
    """
    any_of = " or ".join(f"({query})" for query in queries)
    unknown = f"-1 * (max({AGENT_ANSWERS}) unless on () ({any_of}))"
    shown = replace(looks, mappings=[*looks.mappings, words({-1: (NOTHING, NO_DATA)})])
    options = _stat_options(_LAST, "value_and_name", "auto")
    return panel(
        "stat",
        "",
        about,
        size,
        [Query(query, caption) for query in (*queries, unknown)],
        fieldConfig={"defaults": shown.defaults(), "overrides": []},
        options=options | {"text": {"titleSize": CAPTION, "valueSize": NUMBER}},
    )


def tiles(
    title: str,
    about: str,
    size: Size,
    expression: str,
    mappings: Sequence[Json],
    *,
    above: str = "",
) -> Json:
    """One tile for each row, showing its label `tile` on the ground that `mappings` give; grey NO
    DATA without rows. Over it stands the label `above`.
    """
    looks = Looks(mappings=mappings, unit="string", links=[to_device("${__data.fields.device}")])
    options = _stat_options(_rows(MOST_TILES), "value", "auto")
    overrides = []
    if above:
        options = _stat_options(_rows(MOST_TILES, above), "value_and_name", "auto")
        options["text"] = {"titleSize": CAPTION}
        overrides = [override("tile", displayName=f"${{__data.fields.{above}}}")]
    return panel(
        "stat",
        title,
        about,
        size,
        [Query(expression, "", table=True)],
        fieldConfig={"defaults": looks.defaults(), "overrides": overrides},
        options=options,
    )


def names(
    title: str,
    about: str,
    size: Size,
    queries: Sequence[str],
    mappings: Sequence[Json],
    *,
    most: int,
) -> Json:
    """Tiles below each other for a screen that is read from afar: the label `tile` and under it in
    smaller letters `code` and, of the second query, since when.

    Both queries have a label `case`, by which they are joined; the first query's value orders them.
    """
    looks = Looks(mappings=mappings, unit="string", links=[to_device("${__data.fields.device}")])
    below = "${__data.fields.what} ${__data.fields.since}"
    kept = ["tile", "code", "device", "Value #A", "Value #B"]
    renamed = {"code": "what", "Value #B": "since", "Value #A": "order"}
    return panel(
        "stat",
        title,
        about,
        size,
        [Query(expression, "", table=True) for expression in queries],
        fieldConfig={
            "defaults": looks.defaults(),
            "overrides": [
                override("tile", displayName=below),
                override("what", mappings=[FAULT_WORDS]),
                override("since", unit=SINCE, mappings=[words({0: (KEPT, NO_DATA)})]),
            ],
        },
        options=_stat_options(_rows(most, "what"), "value_and_name", "horizontal")
        | {"text": {"titleSize": CAPTION, "valueSize": NAME}},
        transformations=[
            {"id": "joinByField", "options": {"byField": "case", "mode": "outer"}},
            {"id": "sortBy", "options": {"sort": [{"field": "Value #A", "desc": True}]}},
            {"id": "filterFieldsByName", "options": {"include": {"names": kept}}},
            {
                "id": "organize",
                "options": {"excludeByName": {}, "indexByName": {}, "renameByName": renamed},
            },
        ],
    )


_LAST: Json = {"calcs": ["lastNotNull"], "fields": "", "values": False}


def _rows(most: int, above: str = "") -> Json:
    """The field `tile`, which is looked for by its display name; that names the field `above`."""
    fields = rf"/fields\.{above}/" if above else "/^tile$/"
    return {"calcs": ["lastNotNull"], "fields": fields, "limit": most, "values": True}


def _stat_options(reduce: Json, mode: str, orientation: str) -> Json:
    return {
        "colorMode": "background_solid",
        "graphMode": "none",
        "justifyMode": "center",
        "orientation": orientation,
        "reduceOptions": reduce,
        "textMode": mode,
        "wideLayout": False,
    }


def timeseries(
    title: str,
    about: str,
    size: Size,
    queries: Sequence[Query],
    looks: Looks,
    *,
    overrides: Sequence[Json] = (),
) -> Json:
    """Lines over time; a gap stays a gap."""
    custom = {
        "drawStyle": "line",
        "fillOpacity": 0,
        "lineWidth": 2,
        "pointSize": 5,
        "showPoints": "auto",
        "spanNulls": False,
        "thresholdsStyle": {"mode": "dashed" if looks.limits else "off"},
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
    """States over time, one row for each series, with the words and colours of the mappings.

    The colour is fixed: by thresholds Grafana would merge values by range and show the ranges.
    """
    options = {
        "alignValue": "left",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False},
        "mergeValues": True,
        "rowHeight": 0.85,
        "showValue": "auto",
        "tooltip": {"mode": "single", "sort": "none"},
    }
    defaults = looks.defaults({"fillOpacity": 90, "lineWidth": 0}, "fixed")
    defaults["color"] = {"mode": "fixed", "fixedColor": NO_DATA}
    config = {"defaults": defaults, "overrides": []}
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


def row(title: str, hidden: Sequence[Json] = ()) -> Json:
    """A heading over the panels that follow; or over its own `hidden` ones, which are shown and
    asked for when somebody opens it.
    """
    return {
        "collapsed": bool(hidden),
        "gridPos": {"w": 24, "h": 1},
        "panels": list(hidden),
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
    """Properties of the field called `name`; double underscores stand for dots
    (``custom__width``).
    """
    rows = [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()]
    return {"matcher": {"id": "byName", "options": name}, "properties": rows}


# A heading is cut where its column is narrower: px of a bold letter, and of the edges and the filter.
HEADING_LETTER, HEADING_EDGE = 8, 40
CELL = {"align": "left", "cellOptions": {"type": "auto"}, "filterable": True, "inspect": False}
GROUND = {"mode": "basic", "type": "color-background"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: the field it comes from, its heading and how it looks; `paint` colours
    its ground.
    """

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
            made["custom.width"] = max(
                self.width, HEADING_LETTER * len(self.heading) + HEADING_EDGE
            )
        if self.paint:
            made["custom.cellOptions"] = GROUND
        rows = [{"id": key, "value": value} for key, value in made.items()]
        return {"matcher": {"id": "byName", "options": self.heading}, "properties": rows}


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a table: joined by the label `key`; `nothing` stands where there are none.

    `sort` is (heading or field, descending). Rows are sorted once by a field that is not shown.
    """

    key: str = "device"
    sort: tuple[str, bool] | None = None
    nothing: str = NOTHING


JOINED_BY_DEVICE = Rows()


def table(
    title: str,
    about: str,
    size: Size,
    queries: Sequence[str],
    columns: Sequence[Column],
    rows: Rows = JOINED_BY_DEVICE,
) -> Json:
    """The `rows` of instant queries; only `columns` are shown, in their order."""
    sort = rows.sort
    by_heading = sort is not None and sort[0] in {column.heading for column in columns}
    looks = Looks(unit="string", mappings=BLANK, nothing=rows.nothing)
    config = {
        "defaults": looks.defaults(CELL),
        "overrides": [column.override() for column in columns],
    }
    options = {
        "cellHeight": "sm",
        "footer": {"countRows": False, "fields": "", "reducer": ["sum"], "show": False},
        "showHeader": True,
        "sortBy": [{"desc": sort[1], "displayName": sort[0]}] if sort and by_heading else [],
    }
    return panel(
        "table",
        title,
        about,
        size,
        [Query(expression, "", table=True) for expression in queries],
        fieldConfig=config,
        options=options,
        transformations=_joined(
            columns, rows.key if len(queries) > 1 else None, None if by_heading else sort
        ),
    )


def _joined(
    columns: Sequence[Column], key: str | None, order: tuple[str, bool] | None
) -> list[Json]:
    names = [column.source for column in columns]
    organise = {
        "excludeByName": {},
        "indexByName": {name: number for number, name in enumerate(names)},
        "renameByName": {column.source: column.heading for column in columns},
    }
    join = [{"id": "joinByField", "options": {"byField": key, "mode": "outer"}}] if key else []
    by = [{"field": order[0], "desc": order[1]}] if order else []
    sort = [{"id": "sortBy", "options": {"sort": by}}] if by else []
    return [
        *join,
        *sort,
        {"id": "filterFieldsByName", "options": {"include": {"names": names}}},
        {"id": "organize", "options": organise},
    ]
