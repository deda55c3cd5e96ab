"""The rules of Grafana's dashboard-linter that hold for Prometheus, and the house's own; each
yields what is wrong.

Names of rules are dashboard-linter's. What is left out stands in `EXCLUDED` with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from healthmon_exporters.web.palette import NO_DATA
from helpers.dashboard_files import every_panel

Json = dict[str, Any]

EXCLUDED = {
    "template-instance-rule": "devices are chosen by the label device; an instance is an agent, of which there is one",
    "target-instance-rule": "the same: every query is by device or over the whole estate",
    "panel-title-description-rule, title": "big numbers of the wall have their caption in the tile, at twice a title's size",
}
CORE = {"stat", "table", "timeseries", "state-timeline", "bargauge", "gauge", "text", "row"}
WITH_UNITS = {"stat", "table", "timeseries", "gauge", "bargauge"}
# Units of Grafana's valueFormats that are used here; "prefix:" is its custom form.
UNITS = {"none", "string", "s", "percentunit", "bytes", "Bps", "ops", "pps", "volt", "celsius"}
# Those in the browser's language (dateTimeAsLocal...) are AM and PM to some.
DATES = {"dateTimeFromNow"}
OWN_FORMS = ("prefix:", "suffix:", "time:")
SELECTOR = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\{([^}]*)\}")
COUNTER = re.compile(r"(\w+)\(\s*\(?[a-zA-Z_:]\w*_total\{[^}]*\}")
INTERNET = re.compile(r"https?://(?!127\.0\.0\.1)")
GRAFANA_10_2 = 38


def findings(dashboard: Json) -> Iterator[str]:
    """Everything that is wrong with `dashboard`, as "rule: where: what"."""
    yield from _variables(dashboard)
    yield from _whole(dashboard)
    for panel in every_panel(dashboard):
        for finding in _panel(panel):
            yield f"{finding[0]}: {panel['title']}: {finding[1]}"


def _variables(dashboard: Json) -> Iterator[str]:
    known = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
    source, job = known.get("datasource", {}), known.get("job", {})
    if source.get("type") != "datasource" or source.get("query") != "prometheus":
        yield "template-datasource-rule: there is no Prometheus data source variable"
    if source.get("label") not in ("Data source", "Data Source"):
        yield "template-datasource-rule: its label is not Data source"
    if job.get("type") != "query" or job.get("label") != "Job" or job.get("allValue") != ".+":
        yield "template-job-rule: job is not a query labelled Job with .+ for all"
    if not (job.get("multi") and job.get("includeAll")):
        yield "template-job-rule: job does not allow many or all"
    for name, variable in known.items():
        if variable["type"] == "query" and variable["datasource"]["uid"] != "${datasource}":
            yield f"template-datasource-rule: {name} does not use the data source variable"
        if variable["type"] == "query" and variable["refresh"] != 2:
            yield f"template-on-time-change-reload-rule: {name}"
        if variable["type"] == "query" and not re.fullmatch(
            r"label_values\((\w+(\{.*\})?, )?\w+\)", variable["query"]
        ):
            yield f"template-label-promql-rule: {name}: {variable['query']}"


def _whole(dashboard: Json) -> Iterator[str]:
    if dashboard["editable"] is not False:
        yield "uneditable-dashboard"
    if dashboard["schemaVersion"] > GRAFANA_10_2:
        yield f"schema: {dashboard['schemaVersion']} is beyond what Grafana 10.2 reads"
    ids = [panel["id"] for panel in every_panel(dashboard)]
    if len(ids) != len(set(ids)) or None in ids:
        yield "ids: panels are not numbered once each"
    if "__inputs" in dashboard or "__requires" in dashboard:
        yield "provisioning: __inputs and __requires are not filled in by file provisioning"
    if INTERNET.search(repr(dashboard)):
        yield "isolated: an address outside this machine"


def _panel(panel: Json) -> Iterator[tuple[str, str]]:
    kind = panel["type"]
    if kind not in CORE:
        yield "core panels only", kind
    captioned = panel.get("options", {}).get("textMode") == "value_and_name"
    if not panel["title"] and not captioned:
        yield "panel-title-description-rule", "no title and no caption"
    if kind == "row":
        return
    if not panel.get("description"):
        yield "panel-title-description-rule", "no description"
    if panel["datasource"]["uid"] != "${datasource}":
        yield "panel-datasource-rule", str(panel["datasource"])
    if not panel["targets"] and kind != "text":
        yield "panel-no-targets-rule", "no query"
    if kind == "text":
        return
    yield from _units(panel)
    yield from _blindness(panel)
    for target in panel["targets"]:
        yield from _target(target)


def _units(panel: Json) -> Iterator[tuple[str, str]]:
    config = panel["fieldConfig"]
    used = [config["defaults"].get("unit", "")]
    used += [p["value"] for o in config["overrides"] for p in o["properties"] if p["id"] == "unit"]
    for unit in used:
        if (
            unit not in UNITS | DATES
            and not unit.startswith(OWN_FORMS)
            and panel["type"] in WITH_UNITS
        ):
            yield "panel-units-rule", f"unit {unit!r}"


def _blindness(panel: Json) -> Iterator[tuple[str, str]]:
    """Nothing may look calm when nothing is known."""
    defaults = panel["fieldConfig"]["defaults"]
    if not defaults.get("noValue"):
        yield "blindness", "no noValue"
    if panel["type"] in ("stat", "bargauge") and defaults["noValue"] != "NO DATA":
        yield "blindness", "noValue is not NO DATA"
    first = defaults["thresholds"]["steps"][0]
    if defaults["color"]["mode"] == "thresholds" and first != {"color": NO_DATA, "value": None}:
        yield "blindness", f"the first threshold step is {first}, not grey"


def _target(target: Json) -> Iterator[tuple[str, str]]:
    expression = target["expr"]
    if target["datasource"]["uid"] != "${datasource}":
        yield "panel-datasource-rule", str(target["datasource"])
    bare = re.sub(r'"[^"]*"', '""', expression)
    if re.search(r"\b(vector|absent|scalar)\s*\(", bare):
        yield "blindness", f"a value is made where there is none: {expression}"
    for matchers in SELECTOR.findall(expression):
        if 'job=~"$job"' not in matchers:
            yield "target-job-rule", expression
    for function, window in re.findall(r"\b(rate|irate)\([^\[]*\[([^\]]+)\]", expression):
        if window != "$__rate_interval":
            yield "target-rate-interval-rule", f"{function} over {window}"
    counted = COUNTER.findall(expression)
    if len(counted) != len(re.findall(r"_total\{", expression)) or set(counted) - {
        "rate",
        "irate",
        "increase",
    }:
        yield "target-counter-agg-rule", expression
