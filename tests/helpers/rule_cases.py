"""Cases for ``promtool test rules``: what Prometheus is given, and which alerts must fire then.

``python tests/rule_cases.py`` writes tests/rules/*.test.yaml; the expectations stand here, by hand.
Each alert has five kinds of case: fires, quiet, maintenance (its device is in a maintenance
window), flap (the trouble comes and goes, or a scrape is missed) and no_data (the agent is gone).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from healthmon.checks.evaluation.codes import CODES

FOLDER = Path(__file__).parents[1] / "rules"
RULES = ["healthmon-recording.rules.yaml", "healthmon-alerts.rules.yaml"]
GROUPS = ("healthmon-recording", "healthmon-agent", "healthmon-faults", "healthmon-service")
KINDS = ("fires", "quiet", "maintenance", "flap", "no_data")
AGENT = 'job="healthmon",instance="desk:9877"'
CAMERA = f'{AGENT},device="C1",kind="camera",site="market"'
INFO = f'healthmon_device_info{{{CAMERA},name="Market Place",contractor="acme",variant="ptz"}}'
MAINTENANCE = f"healthmon_device_maintenance{{{CAMERA}}}"
UP = f"up{{{AGENT}}}"
# Samples come every 30 s: "1x20" is ten minutes.
WELL = {UP: "1x800", INFO: "1x800", MAINTENANCE: "0x800"}
COVERED = WELL | {MAINTENANCE: "1x800"}
# Cases that ask nothing else of the agent and its device share one run.
BASES = {"all else is well": WELL, "all else is well, the device is in maintenance": COVERED}
# Of the burn rates, by samples of ten minutes: 56 hours and more.
LONG = 340
Labels = dict[str, str]


@dataclass(frozen=True)
class Case:
    """At `at`, `alert` fires once for each of `firing` (the labels that matter), and not at all
    when that is empty.

    Cases of one `run` share their series.
    """

    alert: str
    kind: str
    series: dict[str, str]
    at: str
    firing: list[Labels] = field(default_factory=list)
    run: str = ""
    code: str = ""

    def expectation(self) -> dict[str, Any]:
        """The promql_expr_test of this case."""
        code = f',code="{self.code}"' if self.code else ""
        alerts = f'ALERTS{{alertname="{self.alert}",alertstate="firing"{code}}}'
        if not self.firing:
            return {"expr": alerts, "eval_time": self.at, "exp_samples": []}
        names = ", ".join(self.firing[0])
        samples = [
            {"labels": "{" + ", ".join(f'{k}="{v}"' for k, v in one.items()) + "}", "value": 1}
            for one in self.firing
        ]
        return {
            "expr": f"sum by ({names}) ({alerts})",
            "eval_time": self.at,
            "exp_samples": samples,
        }


def five(
    alert: str,
    bad: dict[str, str],
    at: str,
    firing: Labels,
    run: str = "",
    **other: tuple[dict[str, str], str, bool],
) -> list[Case]:
    """The five kinds of case of an alert. `bad` is the trouble; `other` says (series, at, fires)
    for the other four.
    """
    assert set(other) == set(KINDS[1:]), (alert, set(other))
    moments = {"fires": (WELL | bad, at, True), **other}
    return [
        Case(alert, kind, series, moment, [firing] if fires else [], run, firing.get("code", ""))
        for kind, (series, moment, fires) in moments.items()
    ]


P1 = {"class": "agent", "severity": "critical", "priority": "P1"}
P2 = P1 | {"priority": "P2"}
WARNING2 = P2 | {"severity": "warning"}
WARNING3 = WARNING2 | {"priority": "P3"}


def figure(name: str, labels: str = AGENT) -> str:
    return f"{name}{{{labels}}}"


def agent_cases() -> list[Case]:
    """The monitor itself. A maintenance window of a device never silences it."""
    cases: list[Case] = []

    def add(
        alert: str,
        bad: dict[str, str],
        at: str,
        firing: Labels,
        **other: tuple[dict[str, str], str, bool],
    ) -> None:
        cases.extend(five(alert, bad, at, firing, **other))

    nothing: dict[str, str] = {'up{job="other"}': "1x800"}
    always = (nothing, "10m", True)
    watchdog = {"class": "watchdog", "severity": "none"}
    # The Watchdog is never quiet: its "quiet" case is that all is well, and it fires.
    add("Watchdog", {}, "10m", watchdog, quiet=(WELL, "0m", True), maintenance=(COVERED, "10m", True),
        flap=({UP: "1 0 1 0 1"}, "2m", True), no_data=always)  # fmt: skip
    add("HealthmonAgentDown", {UP: "0x20"}, "2m", P1 | {"instance": "desk:9877"},
        quiet=(WELL, "10m", False), maintenance=(COVERED | {UP: "0x20"}, "2m", True),
        flap=(WELL | {UP: "1 0 1 0 1 0 1 0 1 0 1"}, "5m", False), no_data=(nothing, "10m", False))  # fmt: skip
    cases += _two_agents()
    add("HealthmonAgentAbsent", {UP: "_x20"}, "6m", P1,
        quiet=(WELL | {UP: "0x20"}, "6m", False), maintenance=({MAINTENANCE: "1x20"}, "6m", True),
        flap=(WELL | {UP: "_ _ 1 _ _ 1 stale _ 1 _ _ 1 _ 1"}, "7m", False), no_data=(nothing, "6m", True))  # fmt: skip
    start = figure("process_start_time_seconds")
    add("HealthmonAgentRestarting", {start: "100x20 200x20 300x20 400x20"}, "40m", WARNING2,
        quiet=(WELL | {start: "100x20 200x20 300x60"}, "40m", False),
        maintenance=(COVERED | {start: "100x20 200x20 300x20 400x20"}, "40m", True),
        flap=(WELL | {start: "100x2 _x2 100x2 _x2 100x2 _x2 100x60"}, "30m", False),
        no_data=(nothing, "40m", False))  # fmt: skip
    for alert, name, at, labels in (
        ("HealthmonOwnNetworkDown", "healthmon_own_network_ok", "2m", P1),
        ("HealthmonNoTimeReference", "healthmon_reference_clock_ok", "11m", P2),
        ("HealthmonConfigReloadFailed", "healthmon_config_reload_success", "6m", WARNING3),
        ("HealthmonStoreFailed", "healthmon_store_ok", "3m", P2),
    ):
        one = figure(name)
        add(alert, {one: "0x40"}, at, labels, quiet=(WELL | {one: "1x40"}, "20m", False),
            maintenance=(COVERED | {one: "0x40"}, at, True),
            flap=(WELL | {one: "0 1 0 1 1 0 1 0 1 0 1 1 0 1 1 1"}, "5m30s", False),
            no_data=(WELL | {one: "0 stale"}, "10m", False))  # fmt: skip
    cases += _checks() + _figures() + _outbox()
    return cases


def _two_agents() -> list[Case]:
    """One of two agents of an estate is down, and the other one has the estate, or not; an agent of
    another estate changes nothing.
    """
    one, other = (f'job="healthmon",instance="{name}:9877"' for name in ("desk", "south"))
    lease, leases = (f'healthmon_agent_epoch{{{agent},estate="CCTV"}}' for agent in (one, other))
    elsewhere = f'healthmon_agent_epoch{{{other},estate="Harbour"}}'
    down = {UP: "1x4 0x60", lease: "3x4 stale", f"up{{{other}}}": "1x64"}
    taken = down | {leases: "0x6 4x58"}
    stood_by = down | {lease: "0x4 stale", leases: "4x64"}
    both = taken | {f"up{{{other}}}": "1x10 0x60", leases: "0x6 4x4 stale"}
    firing = WARNING2 | {"instance": "desk:9877"}
    lost = P1 | {"instance": "desk:9877"}
    active = figure(
        "healthmon_fault_active", f'{CAMERA},code="unreachable",severity="fault",priority="P3"'
    )
    open_there = {active: "1x4 stale"}
    split = {lease: "3x64", leases: "4x64", f"up{{{other}}}": "1x64", active: "1x64"}
    seen_by_both = split | {active.replace("desk", "south"): "1x64"}
    here = {"device": "C1", "instance": "south:9877"}
    alert, whole, reach = "HealthmonSecondAgentDown", "HealthmonAgentDown", "HealthmonReachFault"
    return [
        *five(
            alert, taken, "9m", firing,
            quiet=(WELL | down | {elsewhere: "9x64"}, "9m", False),
            maintenance=(COVERED | taken, "9m", True),
            flap=(WELL | taken | {UP: "1x4 0x4 1x4 0x4 1x4"}, "9m", False),
            no_data=(WELL | {UP: "1x4 stale", lease: "3x4 stale", leases: "4x64"}, "9m", False),
        ),
        Case(alert, "fires", WELL | stood_by, "9m", [firing], "the one that stood by is down"),
        Case(whole, "quiet", WELL | taken, "9m", [], "the other one has the estate"),
        Case(whole, "fires", WELL | down | {elsewhere: "9x64"}, "9m", [lost], "another estate"),
        Case(whole, "fires", WELL | both, "12m", [lost, lost | {"instance": "south:9877"}], "both"),
        Case(reach, "quiet", WELL | taken | open_there, "12m", [], "taken over, and well"),
        Case(reach, "no_data", WELL | down | open_there, "12m", [{"device": "C1"}], "not taken over"),
        Case(reach, "fires", WELL | seen_by_both, "12m", [here], "both look: one alert"),
        Case(reach, "quiet", WELL | split, "12m", [], "the newer one finds it well"),
    ]  # fmt: skip


def _checks() -> list[Case]:
    """Checks that stop, and devices of which nothing is known. Evaluation begins at Unix time 0."""
    look = f'{CAMERA},check="stream",part="main"'
    last, success = (
        figure("healthmon_check_last_run_timestamp_seconds", look),
        figure("healthmon_check_success", look),
    )
    stopped = {last: "0x60", success: "1x6 stale"}
    going = {last: "0+30x60", success: "1x60"}
    late = {last: "0+30x20 600x60", success: "1x90"}
    left_alone = {last: "0x29 900x29 1800x29", success: "1x6 stale"}
    site = P2 | {"site": "market", "check": "stream"}
    asked, reached = (
        figure("healthmon_check_runs_total", f'{CAMERA},check="reach"'),
        figure("healthmon_device_up", CAMERA),
    )
    unknown = {asked: "0+1x120"}
    cases = five("HealthmonCheckStale", stopped, "26m", site, quiet=(WELL | going, "30m", False),
                 maintenance=(COVERED | stopped, "26m", True),
                 flap=(WELL | left_alone, "44m", False),  # a busy device, looked at every 15 minutes
                 no_data=(WELL | {UP: "1 0x40", last: "0 stale", success: "1 stale"}, "30m", False))  # fmt: skip
    cases.append(
        Case(
            "HealthmonCheckStale",
            "quiet",
            WELL | late,
            "37m",
            [],
            "late, but the agent stands by the result",
        )
    )
    return cases + five(
        "HealthmonNotChecked", unknown, "31m", WARNING3 | {"site": "market"},
        quiet=(WELL | unknown | {reached: "0x120"}, "40m", False),
        maintenance=(COVERED | unknown, "40m", False),
        flap=(WELL | unknown | {reached: "_x40 1x2 stale _x10"}, "40m", False),
        no_data=(WELL | {UP: "1 0x80", asked: "1 stale"}, "40m", False),
    )  # fmt: skip


def _figures() -> list[Case]:
    skipped, runs = (
        figure("healthmon_looks_skipped_total"),
        figure("healthmon_check_runs_total", f'{CAMERA},check="clock"'),
    )
    lag, bugs = figure("healthmon_loop_lag_seconds"), figure("healthmon_bugs_total")
    behind = {skipped: "0+2x120", runs: "0+20x120"}
    return [
        *five("HealthmonFallingBehind", behind, "40m", WARNING3,
              quiet=(WELL | {skipped: "0+1x120", runs: "0+30x120"}, "40m", False), maintenance=(COVERED | behind, "40m", True),
              flap=(WELL | {skipped: "0x40 50x80", runs: "0+20x120"}, "50m", False),
              no_data=(WELL | {skipped: "0 stale", runs: "0 stale"}, "40m", False)),
        Case("HealthmonFallingBehind", "fires", WELL | {figure("healthmon_interval_factor_ratio"): "1.5x60"}, "16m", [WARNING3], "slowed"),
        *five("HealthmonLoopLag", {lag: "0.8x60"}, "16m", WARNING2, quiet=(WELL | {lag: "0.2x60"}, "20m", False),
              maintenance=(COVERED | {lag: "0.8x60"}, "16m", True),
              flap=(WELL | {lag: "0 9 0 0 9 0 0 9 0 0 9 0 0 9 0 0 9 0 0 9 0 0 9 0 0 9 0 0 9 0 0 9 0 0 9"}, "16m", False),
              no_data=(WELL | {lag: "0.8x2 stale"}, "16m", False)),
        *five("HealthmonBug", {bugs: "0x10 3x100"}, "10m", WARNING3, quiet=(WELL | {bugs: "3x100"}, "30m", False),
              maintenance=(COVERED | {bugs: "0x10 3x100"}, "10m", True),
              flap=(WELL | {bugs: "0x10 1x10 2x200"}, "100m", True),  # told once, held for an hour after the last
              no_data=(WELL | {bugs: "3 stale"}, "30m", False)),
    ]  # fmt: skip


def _outbox() -> list[Case]:
    target = f'{AGENT},target="mail"'
    waiting, problem = (
        figure("healthmon_outbox_pending", target),
        figure("healthmon_notify_problem", target),
    )
    ends = figure("healthmon_notifications_total", f'{target},result="failed"')
    good, dropped = (
        figure("healthmon_notifications_total", f'{target},result="sent"'),
        figure("healthmon_store_dropped_total"),
    )
    mail = {"target": "mail"}
    backup = figure("healthmon_backup_last_timestamp_seconds")
    return [
        *five("HealthmonBackupOld", {backup: "-200000x60"}, "31m", WARNING3, quiet=(WELL | {backup: "0x60"}, "40m", False),
              maintenance=(COVERED | {backup: "-200000x60"}, "31m", True),
              flap=(WELL | {backup: "-200000x20 0x5 -200000x20"}, "40m", False), no_data=(WELL | {backup: "-200000x5 stale"}, "40m", False)),
        *five("HealthmonOutboxStuck", {waiting: "0 7x120"}, "36m30s", P2 | mail,
              quiet=(WELL | {waiting: "0x120"}, "40m", False), maintenance=(COVERED | {waiting: "0 7x120"}, "36m30s", True),
              flap=(WELL | {waiting: "0 7x40 0 7x40 0 7x40"}, "50m", False), no_data=(WELL | {waiting: "7 stale"}, "40m", False)),
        *five("HealthmonNotifyFailing", {problem: "1x60"}, "11m", P2 | mail, quiet=(WELL | {problem: "0x60"}, "20m", False),
              maintenance=(COVERED | {problem: "1x60"}, "11m", True), flap=(WELL | {problem: "1x8 0 1x8 0 1x8 0 1x8"}, "15m", False),
              no_data=(WELL | {problem: "1x4 stale"}, "12m", False)),
        *five("HealthmonNotificationsLost", {ends: "0x10 1x50", good: "0+1x60"}, "10m", P1 | mail,
              quiet=(WELL | {ends: "0x60", good: "0+1x60"}, "20m", False), maintenance=(COVERED | {ends: "0x10 1x50"}, "10m", True),
              flap=(WELL | {ends: "0x10 1x10 2x200"}, "90m", True), no_data=(WELL | {ends: "3 stale"}, "20m", False)),
        *five("HealthmonHistoryLost", {dropped: "0x10 20x60"}, "10m", P2, quiet=(WELL | {dropped: "20x60"}, "20m", False),
              maintenance=(COVERED | {dropped: "0x10 20x60"}, "10m", True),
              flap=(WELL | {dropped: "0x10 5x10 9x200"}, "90m", True), no_data=(WELL | {dropped: "3 stale"}, "20m", False)),
    ]  # fmt: skip


# The alert that tells of each code: that of its group but for these, written down here and not read
# from the rules.
OWN = {
    "on_battery": "HealthmonUpsOnBattery",
    "runtime_low": "HealthmonUpsRuntimeLow",
    "retention_short": "HealthmonRetentionShort",
    "retention_long": "HealthmonRetentionLong",
    "sweep_missed": "HealthmonSweepMissing",
    "history_damaged": "HealthmonHistoryDamaged",
    "record_changed": "HealthmonRecordChanged",
    "name_server": "HealthmonNameServerDown",
    "devices_held": "HealthmonDevicesHeld",
    "site_agent_lost": "HealthmonSiteAgentLost",
    "agent_left_out": "HealthmonAgentLeftOut",
}
# What another fault of the same device explains; each is tried on a device of its own.
EXPLAINED = {
    "unreachable",
    "port_down",
    "part_unreachable",
    "slow",
    "frozen_picture",
    "certificate_untrusted",
    "battery_low",
    "disk_degraded",
    "recording_gap",
}
# The same; none of them explains another, so that they are tried on one device.
EXPLAINED_BESIDE = {
    "login_refused",
    "clocks_disagree",
    "firmware_changed",
    "stream_changed",
    "tls_failed",
    "certificate_expired",
    "certificate_not_yet_valid",
    "certificate_changed",
    "charge_low",
    "self_test_failed",
    "playback_gap",
    "retention_setting",
}
BY_FIGURE = {"own_network", "no_reference", "store", "notify_failing", "falling_behind"}


def fault_cases() -> list[Case]:
    """Every code in every kind of case, and what only Prometheus sees."""
    cases: list[Case] = []
    for number, code in enumerate(code for code in CODES if code not in BY_FIGURE):
        alert = OWN.get(code) or f"Healthmon{CODES[code].group.capitalize()}Fault"
        severity = ("fault", "warning")[number % 2]
        device = f'{CAMERA},code="{code}",severity="{severity}",priority="P{number % 4 + 1}"'
        active = figure("healthmon_fault_active", device)
        firing = {"code": code, "device": "C1", "site": "market", "contractor": "acme", "name": "Market Place",
                  "severity": {"fault": "critical", "warning": "warning"}[severity], "priority": f"P{number % 4 + 1}",
                  "class": "fault"}  # fmt: skip
        run = "every explained code" if code in EXPLAINED_BESIDE else "every code"
        run = f"{code} alone" if code in EXPLAINED else run
        cases += five(
            alert, {active: "1x20"}, "1m", firing, run,
            quiet=(WELL | {active: "1x4 stale"}, "6m", False),
            maintenance=(COVERED | {active: "1x20"}, "5m", False),
            # Two scrapes without it are no recovery.
            flap=(WELL | {active: "1x4 stale _ 1x10"}, "3m", True),
            # The agent is gone: what was open is not over.
            no_data=(WELL | {UP: "1x4 0x60", INFO: "1x4 stale", MAINTENANCE: "0x4 stale", active: "1x4 stale"}, "25m", True),
        )  # fmt: skip
    return cases + _explained() + _kept() + _flapping() + _blind() + _overdue() + _duties()


def _told(code: str, values: str) -> dict[str, str]:
    device = f'{CAMERA},code="{code}",severity="fault",priority="P3"'
    return {figure("healthmon_fault_active", device): values}


def _explained() -> list[Case]:
    """One cause, one alert; what fires goes on until its own fault ends, so nothing is over early."""
    together = WELL | _told("unreachable", "1x60") | _told("port_down", "1x60")
    together |= _told("poe_fault", "1x60")
    later = WELL | _told("unreachable", "1x60") | _told("port_down", "_x10 1x50")
    back = WELL | _told("unreachable", "1x20 stale") | _told("port_down", "_x10 1x50")
    worse = WELL | _told("disk_degraded", "1x60") | _told("disk_failed", "_x10 1x50")
    reach, port, recorder = "HealthmonReachFault", "HealthmonPortFault", "HealthmonRecorderFault"

    def case(alert: str, code: str, series: dict[str, str], at: str, *, fires: bool) -> Case:
        run = f"explained, {code} {len(series)} {alert} {at}"
        firing = [{"device": "C1", "code": code}] if fires else []
        return Case(alert, "fires" if fires else "quiet", series, at, firing, run, code)

    return [
        case(port, "poe_fault", together, "20m", fires=True),
        case(port, "port_down", together, "20m", fires=False),
        case(reach, "unreachable", together, "20m", fires=False),
        case(reach, "unreachable", later, "20m", fires=True),
        case(port, "port_down", later, "20m", fires=False),
        case(port, "port_down", back, "9m", fires=False),
        case(port, "port_down", back, "20m", fires=True),
        case(recorder, "disk_degraded", worse, "20m", fires=True),
        case(recorder, "disk_failed", worse, "20m", fires=True),
    ]


def _kept() -> list[Case]:
    """The edges of "what was open stays open while the agent is gone"."""
    active = figure(
        "healthmon_fault_active", f'{CAMERA},code="unreachable",severity="fault",priority="P3"'
    )
    gone = WELL | {UP: "1x4 0x20 1x20", active: "1x4 stale"}
    site = f'{AGENT},device="site:market",kind="site",site="market",code="common_cause",severity="fault",priority="P1"'
    lost = {
        "device": "site:market",
        "code": "common_cause",
        "severity": "critical",
        "priority": "P1",
        "site": "market",
    }
    return [
        Case("HealthmonReachFault", "no_data", gone, "11m", [{"device": "C1"}], "still down"),
        Case(
            "HealthmonReachFault",
            "no_data",
            gone,
            "15m30s",
            [],
            "it is back and says that all is well",
        ),
        Case(
            "HealthmonReachFault",
            "no_data",
            WELL | {UP: "1x4 stale", active: "1x4 stale"},
            "8m",
            [],
            "not asked any more",
        ),
        Case(
            "HealthmonSiteFault",
            "fires",
            WELL | {figure("healthmon_fault_active", site): "1x20"},
            "1m",
            [lost],
        ),
    ]


def _flapping() -> list[Case]:
    up = figure("healthmon_device_up", CAMERA)
    comes_and_goes = {up: "1x9 0x9 1x9 0x9 1x9 0x9 1x9 0x9 1x120"}
    firing = {"class": "fault", "severity": "warning", "priority": "P3", "site": "market"}
    return five(
        "HealthmonFlapping", comes_and_goes, "45m", firing,
        quiet=(WELL | {up: "1x9 0x9 1x200"}, "45m", False),
        maintenance=(COVERED | comes_and_goes, "45m", False),
        flap=(WELL | comes_and_goes, "1h55m", False),  # long at rest
        no_data=(WELL | {up: "1 stale"}, "45m", False),
    )  # fmt: skip


def _blind() -> list[Case]:
    zone = figure("healthmon_blind_zone", f'{AGENT},coverage_zone="market-square",cover="0"')
    firing = {
        "class": "fault",
        "severity": "critical",
        "priority": "P1",
        "coverage_zone": "market-square",
    }
    return five(
        "HealthmonBlindZone", {zone: "1x20"}, "2m", firing,
        quiet=(WELL | {zone: "0x20"}, "5m", False),
        # Maintenance does not make a zone less blind; the agent counts it.
        maintenance=(COVERED | {zone: "1x20"}, "2m", True),
        flap=(WELL | {zone: "1 0 1 0 1 0 1 0 1 0"}, "4m", False),
        no_data=(WELL | {zone: "1 stale"}, "5m", False),
    )  # fmt: skip


def _overdue() -> list[Case]:
    labels = 'contractor="acme",priority="P3",promise="response"'
    overdue = figure("healthmon_contract_promises", f'{AGENT},{labels},standing="overdue"')
    running = figure("healthmon_contract_promises", f'{AGENT},{labels},standing="running"')
    firing = {
        "class": "fault",
        "severity": "warning",
        "priority": "P3",
        "contractor": "acme",
        "promise": "response",
    }
    return five(
        "HealthmonContractOverdue", {overdue: "2x30"}, "10m", firing,
        quiet=(WELL | {overdue: "0x30", running: "3x30"}, "10m", False),
        # The contract goes on during maintenance; a pause is entered by a person.
        maintenance=(COVERED | {overdue: "2x30"}, "10m", True),
        flap=(WELL | {overdue: "1 0 1 0 1 0 1 0 1 0"}, "8m", False),
        no_data=(WELL | {overdue: "1 stale"}, "10m", False),
    )  # fmt: skip


def _duties() -> list[Case]:
    labels = f'{AGENT},duty="ups_service",name="UPS serviced"'
    overdue, soon = (
        figure("healthmon_duty_overdue", labels),
        figure("healthmon_duty_due_soon", labels),
    )
    due = figure("healthmon_duty_due_timestamp_seconds", labels)
    late = {overdue: "2x30", soon: "1x30", due: "-86400x30"}
    coming = {overdue: "0x30", soon: "1x30", due: "864000x30"}
    done = {overdue: "0x30", soon: "0x30", due: "9000000x30"}
    firing = {"class": "service", "severity": "warning", "priority": "P3", "name": "UPS serviced"}
    # Nobody is warned that it is due soon who is told that it is overdue; a duty that was never
    # declared is not "due soon" before it is overdue. A maintenance window of a device is no reason.
    return [
        *five("HealthmonDutyOverdue", late, "6m", firing, "duty overdue", quiet=(WELL | coming, "10m", False),
              maintenance=(COVERED | late, "6m", True),
              flap=(WELL | late | {overdue: "1 0 1 0 1 0 1 0 1 0"}, "8m", False),
              no_data=(WELL | {overdue: "1 stale"}, "10m", False)),
        *five("HealthmonDutySoon", coming, "6m", firing | {"priority": "P4"}, "duty due soon", quiet=(WELL | done, "10m", False),
              maintenance=(COVERED | coming, "6m", True), flap=(WELL | late, "10m", False),
              no_data=(WELL | {soon: "1 stale", due: "864000 stale"}, "10m", False)),
    ]  # fmt: skip


def estate(
    cameras: int, lost: int, *, again: int = 0, reached: bool = True, covered: bool = False
) -> dict[str, str]:
    """`cameras` cameras of which the first `lost` are lost, for ever or until the sample `again`.

    Not `reached`: it is not even known whether they can be reached (behind something dead).
    `covered`: they are in maintenance.
    """
    series = {UP: f"1x{LONG}", figure("healthmon_own_network_ok"): f"1x{LONG}"}
    for number in range(cameras):
        device, down = f'{AGENT},device="C{number}",kind="camera",site="market"', number < lost
        then = f"x{again}" if down and again else ""
        series[figure("healthmon_check_success", f'{device},check="reach"')] = f"1x{LONG}"
        series[figure("healthmon_device_maintenance", device)] = f"{int(down and covered)}x{LONG}"
        faulty = f"1{then} 0x{LONG}" if then else f"{int(down)}x{LONG}"
        series[figure("healthmon_device_state", f'{device},state="fault"')] = faulty
        if reached or not down:
            series[figure("healthmon_device_up", device)] = (
                f"0{then} 1x{LONG}" if then else f"{int(not down)}x{LONG}"
            )
    return series


def service_cases() -> list[Case]:
    """Burn rates against 99 %: 14.4 % of the cameras for an hour, 6 % for six hours, 1 % for three
    days.
    """
    alert = "HealthmonAvailabilityBurn"
    fast = {"class": "service", "severity": "critical", "priority": "P1", "window": "1h"}
    middle = fast | {"priority": "P2", "window": "6h"}
    slow = fast | {"severity": "warning", "priority": "P3", "window": "3d"}
    blind = estate(20, 20) | {figure("healthmon_own_network_ok"): f"0x{LONG}"}
    gone = {name: values.replace(f"x{LONG}", "x4 stale") for name, values in estate(20, 0).items()}
    return [
        Case(alert, "quiet", estate(20, 3), "40m", [], "3 of 20 lost"),
        Case(alert, "fires", estate(20, 3), "70m", [fast], "3 of 20 lost"),
        Case(alert, "fires", estate(20, 3), "5h", [fast, middle], "3 of 20 lost"),
        Case(alert, "fires", estate(20, 3), "56h", [fast, middle, slow], "3 of 20 lost"),
        Case(alert, "fires", estate(20, 2), "5h", [middle], "2 of 20 lost"),
        Case(alert, "quiet", estate(20, 1), "53h", [], "1 of 20 lost"),
        Case(alert, "fires", estate(20, 1), "56h", [slow], "1 of 20 lost"),
        Case(
            alert,
            "fires",
            estate(20, 3, reached=False),
            "5h",
            [fast, middle],
            "3 of 20 behind something dead",
        ),
        Case(alert, "fires", estate(20, 20), "70m", [fast], "all lost"),
        Case(alert, "quiet", estate(20, 0), "56h"),
        Case(alert, "maintenance", estate(20, 5, covered=True), "56h"),
        Case(alert, "flap", estate(20, 3, again=1), "56h", [], "3 of 20 lost for 20 minutes"),
        Case(alert, "no_data", blind, "56h", [], "our own network is down: neither up nor down"),
        Case(alert, "no_data", gone, "56h", [], "the agent is gone"),
    ]


# File -> (cases, interval of samples and evaluations): what takes days is evaluated less often.
FILES = {
    "agent": (agent_cases, "30s"),
    "faults": (fault_cases, "30s"),
    "service": (service_cases, "10m"),
}


def _test(title: str, cases: list[Case], interval: str) -> dict[str, Any]:
    series: dict[str, str] = {}
    for case in cases:
        for name, values in case.series.items():
            assert series.setdefault(name, values) == values, (title, case.alert, name)
    return {
        "name": title,
        "interval": interval,
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [case.expectation() for case in cases],
    }


def files() -> dict[str, str]:
    """File name -> text."""
    made = {}
    for name, (cases, interval) in FILES.items():
        runs: dict[str, list[Case]] = {}
        for number, case in enumerate(cases()):
            alone = f"{case.alert} {number}"
            run = case.run or next(
                (word for word, base in BASES.items() if base.items() <= case.series.items()),
                alone,
            )
            runs.setdefault(f"{case.kind}: {run}", []).append(case)
        tests = [_test(title, members, interval) for title, members in runs.items()]
        tree = {
            "rule_files": [f"../../dashboards/rules/{rule}" for rule in RULES],
            "evaluation_interval": interval,
            "group_eval_order": list(GROUPS),
            "tests": tests,
        }
        made[f"{name}.test.yaml"] = (
            "# Made by tests/rule_cases.py; change it there.\n"
            + yaml.safe_dump(tree, sort_keys=False, width=1000)
        )
    return made


if __name__ == "__main__":
    for file, text in files().items():
        (FOLDER / file).write_text(text)
