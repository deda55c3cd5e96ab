"""What Grafana's panels show, by Grafana's own libraries in a real browser (see grafana/panels.js).

The libraries come from npm (tests/peers/node); esbuild bundles them once for each run. Nothing of
the product is imported.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.chromium import Browser, started
from helpers.support import need

ROOT = Path(__file__).parents[2]
# Another build's dashboards can be tried.
FOLDER = Path(os.environ.get("HEALTHMON_DASHBOARDS") or ROOT / "dashboards")
HERE = Path(__file__).parent / "grafana"
NODE = ROOT / "tests" / "peers" / "node" / "node_modules"
NEWEST, OLDEST = "@grafana/data", "grafana-data-oldest"
BLUE, VERMILION, AMBER, GREY = "#0072B2", "#D55E00", "#855A00", "#6E6E6E"
Answers = dict[str, dict[str, Any]]
PAST = re.compile(r"now-(\d+[mhd])")


def dashboard(name: str) -> dict[str, Any]:
    """The dashboard healthmon-`name`."""
    tree: dict[str, Any] = json.loads((FOLDER / "grafana" / f"healthmon-{name}.json").read_text())
    return tree


def panels(tree: Mapping[str, Any], *, hidden: bool = False) -> Iterator[dict[str, Any]]:
    """The panels that are on the page when it is opened; with `hidden` those of closed rows too."""
    for panel in tree["panels"]:
        yield panel
        if hidden:
            yield from panel.get("panels", [])


def name_of(panel: Mapping[str, Any]) -> str:
    """Its title, or the caption in its tile."""
    targets = panel.get("targets") or [{}]
    return str(panel["title"] or targets[0].get("legendFormat") or "")


def panel(tree: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The panel of that name, else the first one whose name begins so."""
    known = [one for one in panels(tree, hidden=True) if one["type"] != "row"]
    same = [one for one in known if name_of(one) == name]
    return (same or [one for one in known if name_of(one).startswith(name)])[0]


@dataclass(frozen=True)
class Source:
    """A Prometheus, asked as Grafana would at a time."""

    url: str
    at: float = 0.0

    def answers(
        self, panel: Mapping[str, Any], tree: Mapping[str, Any], device: str = "C1"
    ) -> Answers:
        """refId -> answer of each query of the panel; an error is an answer too."""
        found: Answers = {}
        for target in panel.get("targets", []):
            expression = filled(target["expr"], tree, device)
            found[target["refId"]] = self._answer(
                expression, ranged=bool(target.get("range")), tree=tree
            )
        return found

    def _answer(self, expression: str, *, ranged: bool, tree: Mapping[str, Any]) -> dict[str, Any]:
        form: dict[str, Any] = {"query": expression}
        if ranged:
            span = seconds_of(tree)
            form |= {"start": self.at - span, "end": self.at, "step": max(30, span // 500)}
        elif self.at:
            form["time"] = self.at
        url = f"{self.url}/api/v1/query{'_range' if ranged else ''}"
        try:
            with urllib.request.urlopen(
                url, urllib.parse.urlencode(form).encode(), timeout=120
            ) as got:
                return {"result": json.load(got)["data"]["result"]}
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{error.read().decode()[:300]}\n{expression}") from None
        except OSError as error:
            return {"error": str(error)}


def seconds_of(tree: Mapping[str, Any]) -> int:
    """How far back the page looks."""
    match = PAST.fullmatch(tree["time"]["from"])
    assert match
    return int(match[1][:-1]) * {"m": 60, "h": 3600, "d": 86400}[match[1][-1]]


def filled(expression: str, tree: Mapping[str, Any], device: str) -> str:
    """`expression` with what Grafana puts in for variables."""
    match = PAST.fullmatch(tree["time"]["from"])
    assert match
    values = {
        "$__rate_interval": "2m",
        "$__range": match[1],
        "${shift}": "43200",
        "$shift": "43200",
        "$device": device,
        "$job": ".+",
        "$site": ".*",
        "$kind": ".*",
    }
    for name, value in values.items():
        expression = expression.replace(name, value)
    return expression


class Grafana:
    """The libraries in a browser."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self._browser = browser
        self._folder = folder
        self._shown = ""

    def show(self, panel: Mapping[str, Any], answers: Answers, library: str = NEWEST) -> Any:
        """What the panel shows: tiles, cells, rows of states, or lines (see panels.js)."""
        return self.show_all([(panel, answers)], library)[0]

    def show_all(
        self, jobs: list[tuple[Mapping[str, Any], Answers]], library: str = NEWEST
    ) -> list[Any]:
        """`show` of several panels."""
        self._load(library)
        rows = [{"panel": panel, "answers": answers} for panel, answers in jobs]
        return list(
            self._browser.run("return (Grafana.panels || Grafana).showAll(arguments[0])", rows)
        )

    def draw(
        self, tree: Mapping[str, Any], source: Source, device: str = "C1"
    ) -> list[dict[str, Any]]:
        """Draw the whole page as a screen of 1920x1080 shows it; every text with its letters' size."""
        self._load(NEWEST)
        self._browser.size(1920, 1080)
        answers = {str(one["id"]): source.answers(one, tree, device) for one in panels(tree)}
        self._browser.run(
            "return Grafana.draw(arguments[0], arguments[1], {})", dict(tree), answers
        )
        return list(self._browser.run("return Grafana.read()"))

    def picture(self, path: Path) -> None:
        """A screenshot of what was drawn."""
        self._browser.driver.save_screenshot(str(path))

    def _load(self, library: str) -> None:
        if self._shown == library:
            return
        page = self._folder / f"{library.replace('/', '-')}.html"
        script = page.with_suffix(".js")
        if not page.exists():
            _bundle(library, script)
            page.write_text(
                f'<!doctype html><meta charset="utf-8"><body><script src="{script.name}"></script>'
            )
        self._browser.open(page.as_uri())
        self._shown = library


def _bundle(library: str, out: Path) -> None:
    """One script of the panels and a library; with the newest one also what draws."""
    entry = "page.js" if library == NEWEST else "panels.js"
    argv = [
        str(NODE / ".bin" / "esbuild"),
        str(HERE / entry),
        "--bundle",
        "--format=iife",
        "--global-name=Grafana",
        f"--outfile={out}",
        f"--alias:GRAFANA_DATA={library}",
        f"--alias:GRAFANA_UI={NODE / '@grafana' / 'ui' / 'dist' / 'esm'}",
        '--define:process.env.NODE_ENV="production"',
        "--log-level=error",
    ]
    subprocess.run(argv, check=True, timeout=120, env={**os.environ, "NODE_PATH": str(NODE)})


@contextmanager
def grafana(folder: Path) -> Iterator[Grafana]:
    """Grafana's libraries in a browser of their own."""
    need(str(NODE / ".bin" / "esbuild"))
    with started(folder / "profile") as browser:
        yield Grafana(browser, folder)
