"""Never calm when blind: what the wall says of estates that Prometheus is given, by promtool's own
evaluation.
"""

from __future__ import annotations

import subprocess

import pytest
import yaml
from helpers.dashboard_files import bands, filled, targets
from helpers.support import need

pytestmark = pytest.mark.peer
WHO = 'job="healthmon",instance="a:1",device="{}",kind="camera",site="s"'
STATES = ("ok", "degraded", "unknown", "fault")


def camera(
    name: str, state: str, *, works: bool = False, deployment: str = "deployed"
) -> list[dict[str, str]]:
    who = WHO.format(name)
    rows = {
        f'healthmon_device_state{{{who},state="{word}"}}': int(word == state) for word in STATES
    }
    rows[f"healthmon_device_maintenance{{{who}}}"] = int(works)
    rows[f'healthmon_device_info{{{who},name="Camera {name}",deployment="{deployment}"}}'] = 1
    return [{"series": series, "values": f"{value}x9"} for series, value in rows.items()]


def fault(
    name: str, priority: str = "P3", since: int = 0, code: str = "no_pictures"
) -> list[dict[str, str]]:
    who = (
        WHO.format(name).replace('"camera"', '"site"')
        if name.startswith("site:")
        else WHO.format(name)
    )
    return [
        {
            "series": f'healthmon_fault_active{{{who},code="{code}",severity="fault",priority="{priority}"}}',
            "values": "1x9",
        },
        {
            "series": f'healthmon_fault_since_timestamp_seconds{{{who},code="{code}"}}',
            "values": f"{since}x9",
        },
    ]


def wall(panel: str) -> str:
    return filled(
        next(
            t for t in targets() if t.uid == "healthmon-wall" and t.panel.startswith(panel)
        ).expression
    )


def evaluated(tmp_path, series, *expected) -> str:
    """promtool's complaint, "" when every (query, samples) of `expected` is what
    Prometheus gives.
    """
    need("promtool")
    checks = [
        {"expr": query, "eval_time": "2m", "exp_samples": samples} for query, samples in expected
    ]
    test = {"interval": "30s", "input_series": series, "promql_expr_test": checks}
    path = tmp_path / "t.yaml"
    path.write_text(yaml.safe_dump({"tests": [test]}))
    done = subprocess.run(
        ["promtool", "test", "rules", str(path)], capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def number(value: float | None) -> list[dict]:
    return [] if value is None else [{"labels": "{}", "value": value}]


@pytest.mark.parametrize(
    ("states", "at_fault", "not_checked", "more"),
    [
        (["ok"] * 4, 0, 0, 0),
        (["ok", "ok", "unknown", "unknown"], 0, 2, 0),
        (["ok", "unknown", "unknown", "unknown"], None, 3, None),
        (["unknown"] * 4, None, 4, None),
        (["fault", "unknown", "unknown", "unknown"], 1, 3, None),
        (["fault", "fault", "degraded", "ok"], 2, 0, 0),
        ([], None, None, None),
    ],
)
def test_a_zero_is_shown_only_where_at_least_half_is_known(
    tmp_path, states, at_fault, not_checked, more
):
    series = [row for n, state in enumerate(states) for row in camera(f"C{n}", state)]
    said = evaluated(
        tmp_path,
        series or [{"series": "other", "values": "1x9"}],
        (wall("Cameras at fault"), number(at_fault)),
        (wall("Not checked"), number(not_checked)),
        (wall("More faults"), number(more)),
    )
    assert said == ""


@pytest.mark.parametrize(
    ("states", "text"),
    [(["ok", "degraded"], "NO FAULTS"), (["ok", "unknown"], "NO FAULTS, 1 NOT CHECKED"), ([], "")],
)
def test_no_faults_is_said_with_what_is_not_checked(tmp_path, states, text):
    series = [row for n, state in enumerate(states) for row in camera(f"C{n}", state)]
    labels = f'{{tile="{text}", code="none", case="none"' + (', n="1"}' if "," in text else "}")
    rows = [{"labels": labels, "value": float("," in text)}] if text else []
    said = evaluated(
        tmp_path, series or [{"series": "other", "values": "1x9"}], (wall("Faults"), rows)
    )
    assert said == ""


def test_maintenance_and_store_are_left_out_of_the_numbers_and_shown_as_such(tmp_path):
    series = [
        *camera("C1", "fault", works=True),
        *camera("C2", "ok"),
        *camera("C3", "unknown", deployment="in_store"),
        *camera("C4", "unknown", works=True),
    ]
    tiles = [("C1", "m\u00a0C1", 0.5), ("C4", "m\u00a0C4", 0.5)]
    rows = [
        {"labels": f'{{{WHO.format(d)},tile="{tile}",place="\u00a0"}}', "value": value}
        for d, tile, value in tiles
    ]
    rows.append(
        {"labels": f'{{{WHO.format("C2")},state="ok",tile="C2",place="\u00a0"}}', "value": 0}
    )
    said = evaluated(
        tmp_path,
        series,
        (wall("Cameras at fault"), number(0)),
        (wall("Not checked"), number(0)),
        (wall("Every camera"), rows),
    )
    assert said == ""


def test_nine_faults_are_six_names_and_three_more(tmp_path):
    """By priority, then the newest first; a device with two faults stands once; a lost site has its
    own words.
    """
    names = ["site:north", *(f"C{n}" for n in range(1, 9))]
    series = [row for n in range(1, 9) for row in camera(f"C{n}", "fault")]
    series += fault("site:north", "P1", 5, "common_cause")
    series += [row for n in range(1, 9) for row in fault(f"C{n}", "P2" if n == 4 else "P3", n)]
    series += fault("C8", "P3", 3, "clock_drift")
    order = ["site:north", "C4", "C8", "C7", "C6", "C5"]
    assert set(order) < set(names)

    def row(name: str) -> dict:
        kind, code, priority = "camera", "no_pictures", "P2" if name == "C4" else "P3"
        if name.startswith("site:"):
            kind, code, priority = "site", "common_cause", "P1"
        base = (
            f'job="healthmon",instance="a:1",site="s",device="{name}",kind="{kind}",code="{code}"'
        )
        base += f',severity="fault",priority="{priority}",case="{name}/{code}"'
        if name.startswith("site:"):
            return {"labels": f'{{{base},tile="WHOLE SITE north"}}', "value": 4e10 + 5}
        value = (3e10 if name == "C4" else 2e10) + int(name[1:])
        return {
            "labels": f'{{{base},name="Camera {name}",tile="{name} Camera {name}"}}',
            "value": value,
        }

    said = evaluated(
        tmp_path,
        series,
        (wall("Faults"), [row(name) for name in order[:3]]),
        (wall("Faults 4"), [row(name) for name in order[3:]]),
        (wall("More faults"), number(3)),
    )
    assert said == ""


@pytest.mark.parametrize("uid", sorted({band.uid for band in bands()}))
def test_a_band_is_there_while_it_lasts_and_never_of_a_dead_monitor(tmp_path, uid):
    need("promtool")
    faults, works = (filled(band.expression, "C1") for band in bands() if band.uid == uid)
    label = '{device="C1"}' if uid == "healthmon-device" else '{site="s"}'
    one, none = [{"labels": label, "value": 1}], [{"labels": label, "value": 0}]
    who = WHO.format("C1")
    open_fault = (
        f'healthmon_fault_active{{{who},code="no_pictures",severity="fault",priority="P3"}}'
    )
    warning = f'healthmon_fault_active{{{who},code="clock_drift",severity="warning",priority="P4"}}'
    series = [
        # Half a minute of fault after ten minutes; planned works from minute 20 to 30; dead at 60.
        {"series": open_fault, "values": "_x20 1 stale"},
        {"series": warning, "values": "1x120 stale"},
        {"series": f"healthmon_device_maintenance{{{who}}}", "values": "0x39 1x20 0x59 stale"},
    ]
    expected = [
        (faults, "9m", []),
        (faults, "12m", one),
        (faults, "17m", []),
        (works, "15m", none),
        (works, "25m", one),
        (works, "40m", none),
        (works, "70m", []),
    ]
    checks = [
        {"expr": query, "eval_time": at, "exp_samples": samples} for query, at, samples in expected
    ]
    test = {"interval": "30s", "input_series": series, "promql_expr_test": checks}
    path = tmp_path / "bands.yaml"
    path.write_text(yaml.safe_dump({"tests": [test]}))
    command = ["promtool", "test", "rules", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
