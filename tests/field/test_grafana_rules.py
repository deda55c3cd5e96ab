"""Field findings E2, E5, E14, E15 and E16: the rules by promtool and vmalert, Grafana's files as
parsed.

``HEALTHMON_DASHBOARDS`` names the folder of another build (its ``dashboards``).
"""

from __future__ import annotations

import configparser
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from helpers.product import only
from helpers.rule_files import AGENT, CAMERA, FOLDER, RULES, UP, Alert, fault, firing, well
from helpers.support import need

ROOT = FOLDER.parent
pytestmark = pytest.mark.peer


def told(alerts: list[Alert]) -> list[tuple[str, str]]:
    return sorted(
        (one.name, one.labels.get("code", "")) for one in alerts if one.name != "Watchdog"
    )


def test_ff_e2_debians_vmalert_loads_rules_of_every_alert():
    """Either the files themselves, or those that are shipped for it."""
    need("vmalert")
    own = RULES / "vmalert"
    folder = own if own.is_dir() else RULES
    done = subprocess.run(
        ["vmalert", f"-rule={folder}/*.rules.yaml", "-dryRun"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr[-600:]
    assert rules_of(folder) == rules_of(RULES)


def rules_of(folder: Path) -> list[tuple[str, str]]:
    trees = [yaml.safe_load(path.read_text()) for path in sorted(folder.glob("*.rules.yaml"))]
    rules = [rule for tree in trees for group in tree["groups"] for rule in group["rules"]]
    return [
        (rule.get("alert") or rule["record"], rule.get("labels", {}).get("code", ""))
        for rule in rules
    ]


@pytest.mark.parametrize("function", ["changes", "increase"])
def test_ff_e2_no_function_counts_the_first_sample_on_victoriametrics(function):
    """MetricsQL's own changes() and increase() count it; those named as Prometheus' do not."""
    folder = RULES / "vmalert" if (RULES / "vmalert").is_dir() else RULES
    text = "".join(path.read_text() for path in folder.glob("*.rules.yaml"))
    assert f"{function}(" not in text
    assert f"{function}_prometheus(" in text


def test_ff_e5_a_range_of_grafana_versions_is_named_and_the_container_is_of_it():
    for page in (FOLDER / "README.md", ROOT / "docs" / "install.md"):
        said = " ".join(page.read_text().split())
        found = re.search(r"10\.2\.1 to (1[2-9])\.(\d+)", said)
        assert found, f"{page.name} names no tested range"
        newest = (int(found[1]), int(found[2]))
        assert "10.2.0" in said, "the version with the bug is named"
    image = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["grafana"]["image"]
    major, minor = image.partition(":")[2].split(".")[:2]
    assert (10, 2) < (int(major), int(minor)) <= newest


SILENT = {
    ("snapshots", "external_enabled"): "false",
    ("plugins", "public_key_retrieval_disabled"): "true",
}
SILENT_BEFORE = {
    ("analytics", "reporting_enabled"): "false",
    ("analytics", "check_for_updates"): "false",
    ("analytics", "check_for_plugin_updates"): "false",
    ("analytics", "feedback_links_enabled"): "false",
    ("news", "news_feed_enabled"): "false",
    ("security", "disable_gravatar"): "true",
    ("plugins", "preinstall_disabled"): "true",
    ("plugins", "plugin_admin_enabled"): "false",
}


def ini() -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(interpolation=None)
    parsed.read(FOLDER / "provisioning" / "grafana.ini")
    return parsed


@pytest.mark.parametrize("setting", SILENT, ids=".".join)
def test_ff_e15_grafana_asks_nobody_on_the_internet(setting):
    section, name = setting
    assert ini().get(section, name, fallback="") == SILENT[setting]


@pytest.mark.parametrize("setting", SILENT_BEFORE, ids=".".join)
def test_beside_e15_other_settings_that_ask_nobody(setting):
    section, name = setting
    assert ini().get(section, name, fallback="") == SILENT_BEFORE[setting]


def test_ff_e15_the_administrator_has_a_password_made_at_the_installation():
    """Not Grafana's own, and none that is written in a file of ours."""
    word = ini().get("security", "admin_password", fallback="admin")
    path = re.fullmatch(r"\$__file\{(/[\w./-]+)\}", word)
    assert path, f"the password is {word}"
    assert f"> {path[1]}" in (ROOT / "docs" / "install.md").read_text(), "no line that makes it"
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    mounts = compose["services"]["grafana"]["volumes"]
    assert any(str(mount).endswith(f":{path[1]}:ro") for mount in mounts)


DEAD = {
    "HealthmonAgentDown": ({UP: "1x20 0x60"}, "20m", "for 10m"),
    "HealthmonAgentAbsent": ({UP: "1x20 _x60"}, "25m", "for 10m"),
    "HealthmonOwnNetworkDown": (
        well() | {f"healthmon_own_network_ok{{{AGENT}}}": "1x20 0x60"},
        "20m",
        "for 10m",
    ),
    "HealthmonStoreFailed": (
        well() | {f"healthmon_store_ok{{{AGENT}}}": "1x20 0x60"},
        "20m",
        "for 10m",
    ),
}


@pytest.mark.parametrize("alert", DEAD)
def test_ff_e14_what_to_do_stands_in_the_alert_itself(tmp_path, alert):
    """The agent serves the runbooks, so its end takes them away: the steps come with the alert."""
    series, at, _ = DEAD[alert]
    found = only(firing(tmp_path, series, at, alerts=[alert]))
    steps = re.findall(r"^\d\. \S.*", found.words["description"], re.MULTILINE)
    assert len(steps) >= 2, found.words["description"]
    assert re.search(r"^Whom to call: \S", found.words["description"], re.MULTILINE)


@pytest.mark.parametrize("alert", DEAD)
def test_ff_e16_an_alert_of_the_monitor_says_for_how_long(tmp_path, alert):
    series, at, words = DEAD[alert]
    found = only(firing(tmp_path, series, at, alerts=[alert]))
    assert words in found.summary


ONE_CAUSE = {
    "a PoE fault": (("unreachable", "port_down", "poe_fault"), "poe_fault"),
    "power refused": (("unreachable", "port_down", "poe_denied"), "poe_denied"),
    "a port that is down": (("unreachable", "port_down"), "port_down"),
    "a port switched off": (("unreachable", "port_off"), "port_off"),
    "video refused, web page there": (("part_unreachable", "no_pictures"), "no_pictures"),
    "a failed disk of a RAID": (("disk_degraded", "disk_failed"), "disk_failed"),
    "nothing recorded": (("recording_gap", "not_recording"), "not_recording"),
    "TLS that fails": (("tls", "tls_failed"), "tls"),
    "an expired certificate, video refused": (("certificate_expired", "tls"), "tls"),
    "another device in its place": (
        ("wrong_device", "firmware_changed", "stream_changed", "certificate_changed"),
        "wrong_device",
    ),
    "an account that is locked": (("login_refused", "locked_out"), "locked_out"),
    "a clock that is wrong": (("clock_drift", "clocks_disagree"), "clock_drift"),
    "a worn battery": (("charge_low", "self_test_failed", "battery_replace"), "battery_replace"),
    "kept for a wrong time": (("retention_setting", "retention_short"), "retention_short"),
}


@pytest.mark.parametrize("cause", ONE_CAUSE)
def test_ff_e16_one_cause_is_one_alert(tmp_path, cause):
    codes, lead = ONE_CAUSE[cause]
    series = well()
    for code in codes:
        series |= fault(code, "_x4 1x60")
    for at in ("4m", "20m"):
        assert [code for _, code in told(firing(tmp_path, series, at))] == [lead]


def test_ff_e16_a_cause_that_is_found_later_ends_no_alert_and_makes_no_second_one(tmp_path):
    """The device is told as lost; two minutes later its port is found to be without power."""
    series = well() | fault("unreachable", "_x4 1x60")
    series |= fault("port_down", "_x8 1x56") | fault("poe_fault", "_x8 1x56")
    for at in ("4m", "6m", "20m"):
        alerts = firing(tmp_path, series, at)
        assert told(alerts) == [("HealthmonReachFault", "unreachable")]
    assert "poe fault" in alerts[0].summary


def test_beside_e16_two_causes_stay_two_alerts(tmp_path):
    series = well() | fault("clock_drift", "1x60") | fault("retention_short", "1x60")
    assert len(told(firing(tmp_path, series, "10m"))) == 2


MEASURED = {
    "clock_drift": ({"clock_offset_seconds": ('source="onvif"', "-72")}, "1m 12s"),
    "clocks_disagree": (
        {
            "clock_offset_seconds": ('source="onvif"', "10"),
            "clock_offset_seconds ": ('source="rtcp"', "-20"),
        },
        "30s",
    ),
    "on_battery": ({"ups_runtime_seconds": ("", "2460")}, "41m 0s left"),
    "runtime_low": ({"ups_runtime_seconds": ("", "300")}, "5m 0s left"),
    "overload": ({"ups_load_ratio": ("", "1.07")}, "107% load"),
    "battery_hot": ({"ups_battery_temperature_celsius": ("", "46")}, "46 °C"),
    "retention_short": ({"recording_retention_seconds": ('channel="1"', "2332800")}, "27.0 days"),
    "retention_long": ({"recording_retention_seconds": ('channel="1"', "3456000")}, "40.0 days"),
    "recording_gap": ({"recording_gap_seconds": ('window="24h"', "5400")}, "1h 30m 0s missing"),
    "packet_loss": ({"stream_loss_ratio": ('stream="main"', "0.25")}, "25%"),
    "low_frame_rate": ({"stream_frames_per_second": ('stream="main"', "4.2")}, "4.2 frames"),
    "certificate_expires": (
        {"certificate_expiry_timestamp_seconds": ('port="443"', "864600")},
        "10.0 days left",
    ),
    "disk_failed": (
        {"recorder_disk_state": ('disk="Disk 2",state="failed"', "1")},
        "1 of its disks",
    ),
    "port_slow": ({"port_speed_bytes": ('port="7"', "1250000")}, "10 Mbit/s"),
    "no_pictures": ({}, "for 10m 0s"),
    "unreachable": ({}, "for 10m 0s"),
    "login_refused": ({}, "for 10m 0s"),
    "wrong_device": ({}, "for 10m 0s"),
}


@pytest.mark.parametrize("code", MEASURED)
def test_ff_e16_the_summary_holds_the_value(tmp_path, code):
    figures, words = MEASURED[code]
    series = well() | fault(code, "1x60")
    for name, (labels, value) in figures.items():
        who = f"{CAMERA},{labels}" if labels else CAMERA
        series[f"healthmon_{name.strip()}{{{who}}}"] = f"{value}x60"
    found = only([one for one in firing(tmp_path, series, "10m") if one.labels.get("code") == code])
    assert words in found.summary
    assert re.search(r"\d", found.summary.replace("C1", ""))


def cameras(lost: int, samples: int) -> dict[str, str]:
    series = {UP: f"1x{samples}", f"healthmon_own_network_ok{{{AGENT}}}": f"1x{samples}"}
    for number in range(20):
        who = f'{AGENT},device="C{number}",kind="camera",site="market"'
        down = number < lost
        series[f'healthmon_check_success{{{who},check="reach"}}'] = f"1x{samples}"
        series[f"healthmon_device_maintenance{{{who}}}"] = f"0x{samples}"
        series[f'healthmon_device_state{{{who},state="fault"}}'] = f"{int(down)}x{samples}"
        series[f"healthmon_device_up{{{who}}}"] = f"{int(not down)}x{samples}"
    return series


@pytest.mark.parametrize(
    ("minutes", "windows"),
    [(22, set()), (90, {"1h"}), (200, {"1h"}), (360, {"1h", "6h"})],
)
def test_ff_e16_the_last_days_are_said_only_where_there_are_days_of_figures(
    tmp_path, minutes, windows
):
    assert burning(tmp_path, minutes) == windows


def test_beside_e16_the_last_days_are_said_after_days(tmp_path):
    assert burning(tmp_path, 3400) == {"1h", "6h", "3d"}


def burning(tmp_path: Path, minutes: int) -> set[str]:
    """The windows that are told: three of twenty cameras are dead from the first minute."""
    series = cameras(3, minutes // 2 + 5)
    burns = firing(tmp_path, series, f"{minutes}m", step="2m", alerts=["HealthmonAvailabilityBurn"])
    return {one.labels["window"] for one in burns}
