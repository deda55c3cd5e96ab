"""Rules as an operator has them: files that promtool evaluates over series; nothing of ours is
imported.

``HEALTHMON_DASHBOARDS`` names the folder of another build.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from helpers.support import need

FOLDER = Path(os.environ.get("HEALTHMON_DASHBOARDS") or Path(__file__).parents[2] / "dashboards")
RULES = FOLDER / "rules"
FILES = (RULES / "healthmon-recording.rules.yaml", RULES / "healthmon-alerts.rules.yaml")
AGENT = 'job="healthmon",instance="desk:9877"'
CAMERA = f'{AGENT},device="C1",kind="camera",site="market"'
UP = f"up{{{AGENT}}}"
_ROW = re.compile(r"Labels:\{(?P<labels>.*)\}\s*\n\s*Annotations:\{(?P<words>.*)\}")
_PAIR = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast where it was built


@dataclass(frozen=True)
class Alert:
    """A firing alert: labels and annotations."""

    labels: dict[str, str]
    words: dict[str, str]

    @property
    def name(self) -> str:
        return self.labels["alertname"]

    @property
    def summary(self) -> str:
        return self.words["summary"]


@cache
def groups(path: Path) -> list[dict[str, Any]]:
    """The groups of rules of one file."""
    found: list[dict[str, Any]] = read(path)["groups"]
    return found


def read(path: Path) -> dict[str, Any]:
    """A file of rules, or of tests of rules."""
    tree: dict[str, Any] = yaml.load(path.read_text(), _LOADER)
    return tree


def names() -> list[str]:
    """The alerts of the files."""
    rules = [rule for group in groups(FILES[1]) for rule in group["rules"]]
    return sorted({rule["alert"] for rule in rules if "alert" in rule})


def firing(
    folder: Path,
    series: Mapping[str, str],
    at: str,
    *,
    step: str = "30s",
    alerts: Sequence[str] = (),
) -> list[Alert]:
    """What fires `at` a time over `series` (promtool's notation), one sample each `step`.

    promtool says what it got where that is not what was expected, so nothing is expected.
    """
    need("promtool")
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    expected = [
        {"alertname": name, "eval_time": at, "exp_alerts": [{"exp_labels": {"not": "there"}}]}
        for name in (alerts or names())
    ]
    tree = {
        "rule_files": [str(path) for path in FILES],
        "evaluation_interval": step,
        "group_eval_order": ["healthmon-recording"],
        "tests": [{"interval": step, "input_series": inputs, "alert_rule_test": expected}],
    }
    path = folder / "firing.yaml"
    path.write_text(yaml.safe_dump(tree))
    done = subprocess.run(
        ["promtool", "test", "rules", str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    said = done.stdout + done.stderr
    assert "FAILED:" in said, said[-2000:]
    got = re.split(r"^\s*alertname: ", said, flags=re.MULTILINE)[1:]
    return [alert for part in got for alert in _alerts(part.partition("got:")[2])]


def _alerts(text: str) -> list[Alert]:
    return [Alert(_pairs(row["labels"]), _pairs(row["words"])) for row in _ROW.finditer(text)]


def _pairs(text: str) -> dict[str, str]:
    return {name: re.sub(r"\\(.)", _plain, value) for name, value in _PAIR.findall(text)}


def _plain(escape: re.Match[str]) -> str:
    return "\n" if escape[1] == "n" else escape[1]


def fault(
    code: str, values: str, *, priority: str = "P3", severity: str = "fault"
) -> dict[str, str]:
    """The series of one told fault of the camera C1."""
    told = f'{CAMERA},code="{code}"'
    return {
        f'healthmon_fault_active{{{told},severity="{severity}",priority="{priority}"}}': values,
        f"healthmon_fault_since_timestamp_seconds{{{told}}}": values.replace("1x", "0x"),
    }


def well(samples: int = 200) -> dict[str, str]:
    """An agent that answers and a camera with a name."""
    info = f'healthmon_device_info{{{CAMERA},name="Market Place",contractor="acme"}}'
    return {
        UP: f"1x{samples}",
        info: f"1x{samples}",
        f"healthmon_device_maintenance{{{CAMERA}}}": f"0x{samples}",
    }
