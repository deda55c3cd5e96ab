"""Grafana's own model (grafana-foundation-sdk, made of its schemas) reads every dashboard and knows
what stands in it.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from helpers.dashboard_files import FOLDER
from helpers.support import need

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".venv-peers/bin/python"
# An id of none (not yet stored), the query that a variable shows, an option of stat panels newer
# than the model, and what the Prometheus data source adds to an annotation.
UNKNOWN_TO_THE_MODEL = {
    ".id",
    ".templating.list.definition",
    ".panels.options.wideLayout",
    ".panels.panels.options.wideLayout",
    ".annotations.list.step",
    ".annotations.list.titleFormat",
    ".annotations.list.useValueForTime",
}


def read(*files: Path) -> dict[str, list[str]]:
    model = PYTHON.parents[1].glob("lib/python3.*/site-packages/grafana_foundation_sdk")
    need(str(next(model, PYTHON.parents[1] / "grafana_foundation_sdk")))
    command = [str(PYTHON), str(HERE.parent / "helpers/grafana_model.py"), *map(str, files)]
    return json.loads(
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    )


@pytest.mark.peer
def test_every_dashboard_is_read_whole() -> None:
    found = read(*sorted(FOLDER.glob("*.json")))
    assert len(found) == 5
    assert {path for paths in found.values() for path in paths} <= UNKNOWN_TO_THE_MODEL


@pytest.mark.peer
def test_what_grafana_does_not_know_is_seen(tmp_path: Path) -> None:
    dashboard = json.loads((FOLDER / "healthmon-wall.json").read_text(encoding="utf-8"))
    dashboard["refersh"] = "30s"
    dashboard["panels"][0].setdefault("fieldConfig", {}).setdefault("defaults", {})["unti"] = "s"
    odd = tmp_path / "odd.json"
    odd.write_text(json.dumps(dashboard), encoding="utf-8")
    assert set(read(odd)["odd"]) - UNKNOWN_TO_THE_MODEL == {
        ".refersh",
        ".panels.fieldConfig.defaults.unti",
    }
