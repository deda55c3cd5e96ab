"""Every query of every dashboard on a real Prometheus that scrapes the real agent: what it gives,
and that it ends.
"""

from __future__ import annotations

import signal
import time

import pytest
from helpers.dashboard_files import VALUES, Target, filled, targets
from helpers.live_estate import WELL, Live, live_estate
from helpers.support import need

pytestmark = [pytest.mark.peer, pytest.mark.long]
DEVICES = ("C001", "C017", "C042", "C063", "C120", "POL", "R2", "S02", "S07", "UPS1")
TOLD = {
    ("C017", "no_pictures", "fault"),
    ("C023", "frozen_clock", "fault"),
    ("C031", "login_refused", "fault"),
    ("C058", "clock_zone", "fault"),
    ("C063", "clock_drift", "warning"),
    ("C120", "not_recording", "fault"),
    ("C121", "retention_long", "fault"),
    ("C122", "retention_short", "fault"),
    ("R1", "clock_zone", "fault"),
    ("R2", "disk_failed", "fault"),
    ("S07", "unreachable", "fault"),
    ("UPS1", "on_battery", "fault"),
}
# Told later or not, as the machine is quick or slow: a gap that grows, a relay whose pictures are
# compared in turns.
PERHAPS = {("C120", "recording_gap", "warning"), ("POL", "relay_differs", "warning")}
# Queries to which this small estate has no answer, and why: by panel (or panel / refId), or by a
# piece of the query, as the letters of the checks move when a check is added.
NOT_HERE = {
    '"host"': "no workstation",
    '"picture"': "pictures are not enabled there",
    '"pan_tilt"': "no camera may be moved there",
    "healthmon_picture_": "pictures are not enabled there",
    "Months that are over": "the agent has just begun: no month is over",
    '"certificate"': "no device with a certificate",
    "certificate_expiry": "no device with a certificate",
    "check!~": "no check of another package",
    "Held back and dropped / A": "nothing has been held back to its end",
    "Over in this shift": "nothing has ended yet; see the last test but one",
    "Mains voltage": "the simulated UPS tells none",
    "Again and again": "no device was at fault twice",
    "Record as written": "the audit chain is verified five minutes after the start",
    "Last verified": "the audit chain is verified five minutes after the start",
    "Age of the backup": "no backup was made",
    "Old records searched for": "not before six hours have passed",
    "As of (must move) / B": "shown where the results stand still",
    "Last check": "no sweep has been made",
    "Signed by": "no sweep has been made",
    "Delay of the relay": "the relay is planted with another picture, so nothing can be compared",
    "Temperature of the recorder": "not told by ONVIF",
    "Load of the recorder": "not told by ONVIF",
}
# What a number of the wall shows where the agent answers and the number is not known.
ONLY_UNKNOWN = "-1 * (max(healthmon_build_info"
HISTORY = "of the chosen time, which is past: Prometheus keeps it"
PROMETHEUS_ITSELF = "what Prometheus says of its own scrape"


def means(key: str, target: Target) -> bool:
    """Whether `key` of NOT_HERE names this query."""
    return f" / {key}" in target.name or key in target.expression


def may_remain(target: Target) -> str:
    """Why a query may give something after the agent's end, "" when it must not."""
    if target.uid == "healthmon-service" and "[$__range" in target.expression:
        return HISTORY
    if "up{" in target.expression.replace("_up{", "") or target.expression.startswith("scrape_"):
        return PROMETHEUS_ITSELF
    return PROMETHEUS_ITSELF if "scrape_samples" in target.expression else ""


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    need("prometheus")
    with live_estate(tmp_path_factory.mktemp("live")) as running:
        running.until(lambda: told(running) >= TOLD)
        running.until(lambda: running.check("healthmon_playback_ok") != [])
        # The longest window of a query must have been filled.
        running.until(
            lambda: running.number("count_over_time(healthmon_own_network_ok[25s])") >= 20
        )
        yield running


def told(live: Live) -> set[tuple[str, str, str]]:
    rows = live.check("healthmon_fault_active")
    return {tuple(row["metric"][name] for name in ("device", "code", "severity")) for row in rows}


def was_slow(live: Live) -> bool:
    """Whether this machine was so busy that a device was called slow, which ends again."""
    return live.check('max_over_time(healthmon_fault_active{code="slow"}[1h]) > 0') != []


def find(uid: str, panel: str, ref: str = "A") -> str:
    found = [
        t
        for t in targets()
        if t.uid == f"healthmon-{uid}" and t.panel.startswith(panel) and t.ref == ref
    ]
    return filled(found[0].expression)


def every_answer(live: Live, target: Target) -> list[dict]:
    devices = DEVICES if "$device" in target.expression else DEVICES[:1]
    return [row for device in devices for row in live.check(filled(target.expression, device))]


def test_every_query_gives_something(live):
    """Some figures come with some looks only, so each query has a while."""
    waiting = [
        target
        for target in targets()
        if not any(means(key, target) for key in NOT_HERE)
        and not target.expression.startswith(ONLY_UNKNOWN)
    ]
    assert len(waiting) > 100
    end = time.monotonic() + 60
    while waiting := [target for target in waiting if not every_answer(live, target)]:
        assert time.monotonic() < end, [target.name for target in waiting]
        time.sleep(0.5)
    given = [
        key for key in NOT_HERE if all(every_answer(live, t) for t in targets() if means(key, t))
    ]
    if was_slow(live):
        given = [key for key in given if key != "Over in this shift"]
    assert given == [], "these have an answer after all"
    assert {one for one in told(live) - TOLD if one[1] != "slow"} <= PERHAPS


def test_the_big_numbers_of_the_wall(live):
    assert live.number(find("wall", "Cameras at fault")) == 7, (
        "all of TOLD but C063; C042 is in maintenance"
    )
    assert live.number(find("wall", "Not recorded")) == 1, "C120"
    assert live.number(find("wall", "Clock wrong")) == 3, "C058 C063 R1"
    assert live.number(find("wall", "On battery")) == 1
    assert live.number(find("wall", "Not checked")) == 3, "C096 busy, C101 and C102 behind S07"
    assert live.number(find("wall", "More faults")) == 5, "eleven devices at fault, six by name"
    assert live.number(find("wall", "Battery time")) == 41
    assert time.time() - live.number(find("wall", "As of")) / 1000 < 20
    assert live.number(find("operations", "Devices at fault")) == 11
    assert live.number(find("operations", "Devices with a warning")) in (1, 2, 3)
    assert live.number(find("operations", "In maintenance")) == 1
    assert live.number(find("service", "Kept too short")) == 1, "C122"
    assert live.number(find("service", "Kept too long")) == 1, "C121"


def test_the_faults_stand_by_name_most_urgent_first(live):
    first = [row["metric"]["tile"] for row in live.check(find("wall", "Faults"))]
    second = [row["metric"]["tile"] for row in live.check(find("wall", "Faults 4"))]
    urgent = {"UPS1 Control room", "S07 Station Road switch 7", "R1 Recorder 1", "R2 Recorder 2"}
    assert {*first, second[0]} == urgent, "P1 first"
    assert set(second[1:]) == {"C017 Market Place car park", "C121 Market Place steps 3"}, "then P2"


def test_every_camera_has_one_tile_the_worst_first(live):
    tiles = [row["metric"]["tile"] for row in live.check(find("wall", "Every camera"))]
    assert {tile[2:] for tile in tiles[:7]} == {
        device for device, _, bad in TOLD if bad == "fault" and device[0] == "C"
    }
    assert {tile[:2] for tile in tiles[:7]} == {"!\u00a0"}
    assert set(tiles[7:10]) == {"?\u00a0C096", "?\u00a0C101", "?\u00a0C102"}
    assert tiles[10:12] == ["~\u00a0C063", "m\u00a0C042"]
    assert set(tiles[12:]) == set(WELL)
    others = [row["metric"]["tile"] for row in live.check(find("wall", "Recorders and links"))]
    assert set(others[:3]) == {"!\u00a0R1", "!\u00a0R2", "!\u00a0S07"}
    # S02 is metered: what it is has not been read yet.
    assert {"S01", "S03"} <= set(others)
    assert [row["metric"]["tile"] for row in live.check(find("wall", "UPS"))] == [
        "!\u00a0UPS1 battery"
    ]


def column(live: Live, asked: str) -> dict[str, float]:
    """Device -> its number in the one column of "Every device" whose query has `asked` in it."""
    (found,) = (t for t in targets() if t.panel == "Every device" and asked in t.expression)
    return {
        row["metric"]["device"]: float(row["value"][1])
        for row in live.check(filled(found.expression))
    }


def test_the_desk_sees_each_check_of_each_device(live):
    checks = ("reach", "stream", "clock", "recording|playback", "recorder", "ups")
    state = column(live, "device_state{")
    answers, pictures, clock, recorded, recorder, power = (
        column(live, f'check=~"{check}"') for check in checks
    )
    assert (state["C001"], state["C063"], state["C101"], state["C017"]) == (0, 1, 2, 3)
    assert (answers["C001"], answers["C042"], answers["S07"]) == (0, 3, 3)
    assert (pictures["C001"], pictures["C017"], pictures["C096"]) == (0, 3, 2), "C096 is busy"
    assert (clock["C001"], clock["C058"], clock["C063"]) == (0, 3, 1)
    assert (recorded["C001"], recorded["C120"], "S07" in recorded) == (0, 3, False)
    assert (recorder["R2"], power["UPS1"]) == (3, 3), "what was answered is not well for that"
    assert "S07" not in pictures, "a switch has no pictures to check"
    held = {
        (r["metric"]["device"], r["metric"]["reason"])
        for r in live.check(find("operations", "Held back"))
    }
    assert ("C042", "maintenance") in held
    faults = live.check(find("operations", "Faults now"))
    row = next(r["metric"] for r in faults if r["metric"]["device"] == "C017")
    assert (row["code"], row["contractor"], row["name"]) == (
        "no_pictures",
        "acme",
        "Market Place car park",
    )
    assert row["case"] == "C017/no_pictures"


def test_the_device_page(live):
    offset = {
        row["metric"]["source"]: float(row["value"][1])
        for row in live.check(clock_of("A"))
        if row["metric"]["source"] != "recording"  # by the clock of its recorder
    }
    most = {row["metric"]["source"]: float(row["value"][1]) for row in live.check(clock_of("B"))}
    least = {row["metric"]["source"]: float(row["value"][1]) for row in live.check(clock_of("C"))}
    assert "onvif" in offset
    assert all(3 < value < 5 for value in offset.values())
    assert all(least[source] < value < most[source] for source, value in offset.items())
    power = next(t for t in targets() if t.panel == "Where the power comes from")
    assert live.number(filled(power.expression, "UPS1")) == 1, "battery"


def clock_of(ref: str) -> str:
    found = next(t for t in targets() if t.panel == "Clocks against true time" and t.ref == ref)
    return filled(found.expression, "C063")


def test_the_monitor_tells_of_its_own_trouble(live):
    assert live.number(find("agent", "Failing notification targets")) == 1, (
        "nobody listens to the syslog target"
    )
    assert live.number(find("agent", "Answers Prometheus")) == 1
    assert live.number(find("agent", "True time")) == 1
    assert live.number(find("agent", "History")) == 1


def firing(live: Live) -> set[tuple[str, str, str, str]]:
    """(device, code, severity, contractor) of the alerts about devices that fire."""
    names = ("device", "code", "severity", "contractor")
    rows = live.check('ALERTS{class="fault",alertstate="firing",code!=""}')
    return {tuple(row["metric"].get(name, "") for name in names) for row in rows}  # type: ignore[misc]


def test_the_rules_tell_what_the_agent_tells(live):
    def alerts(told: set[tuple[str, str, str]]) -> set[tuple[str, str, str, str]]:
        words = {"fault": "critical", "warning": "warning"}
        return {
            (d, code, words[severity], "acme" if d.startswith("C") else "")
            for d, code, severity in told
        }

    live.until(lambda: firing(live) >= alerts(TOLD))
    beside = firing(live) - alerts(TOLD | PERHAPS)
    assert {one for one in beside if one[1] != "slow"} == set(), "slow is this machine"
    assert live.check('ALERTS{class="agent",alertstate="firing"}') == []
    assert live.number('ALERTS{alertname="Watchdog",alertstate="firing"}') == 1
    # Of 16 cameras one is in maintenance, seven are at fault and two stand behind a dead switch.
    bad = {row["metric"]["device"] for row in live.check("healthmon:camera:working == 0")}
    assert bad == {"C017", "C023", "C031", "C058", "C101", "C102", "C120", "C121", "C122"}
    assert live.number("healthmon:cameras_failed:ratio") == pytest.approx(9 / 15)


def test_a_fault_that_ends_leaves_the_wall_and_stands_in_the_hand_over(live):
    live.fault("C017", "no_media", on=False)
    live.until(lambda: "C017" not in {device for device, _, _ in told(live)})
    live.until(lambda: live.number(find("wall", "Cameras at fault")) == 6)
    over = live.check(find("operations", "Over in this shift"))
    assert {(row["metric"]["device"], row["metric"]["code"]) for row in over} == {
        ("C017", "no_pictures")
    }
    names = [row["metric"]["tile"] for row in live.check(find("wall", "Faults"))]
    assert not [name for name in names if name.startswith("C017")]


def test_when_the_agent_is_dead_every_query_gives_no_data(live):
    """Not 0 and not well: nothing, so that Grafana shows grey NO DATA. It ends the agent."""
    assert VALUES["$__rate_interval"] == "10s", "what the wait below is for"
    live.agent.send_signal(signal.SIGKILL)
    live.agent.wait(60)
    live.until(lambda: live.number('up{job="healthmon"}') == 0)
    must_end = [target for target in targets() if not may_remain(target)]
    assert len(must_end) > 100
    live.until(lambda: not live.check(find("agent", "Checks each second")))
    assert [target.name for target in must_end if every_answer(live, target)] == []
    assert live.number(find("agent", "Answers Prometheus")) == 0


def test_what_was_open_stays_open_in_the_rules_until_somebody_has_looked_again(live):
    """After the agent's end: nothing that Prometheus tells is "over", and the cameras' time counts
    neither way.
    """
    live.until(lambda: live.number('ALERTS{alertname="HealthmonAgentDown"}') == 1)
    assert live.check("healthmon_fault_active") == []
    open_ones = {(device, code) for device, code, _ in TOLD if device != "C017"}
    assert {found[:2] for found in firing(live)} >= open_ones
    assert live.check("healthmon:cameras_failed:ratio") == []
    assert live.check("healthmon:camera:working") == []
