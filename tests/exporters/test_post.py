"""From what is told to who gets it: notices with all that is known, digests, reminders, what is
held and said again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from healthmon.config import loading
from healthmon.incidents.confirmation import Fault
from healthmon.incidents.correlation import BlindZone
from healthmon.incidents.incident import COMMON, SITE, Ack, Incident, IncidentEvent
from healthmon.inventory import devices as inventory
from healthmon.model.enums import State
from healthmon.notifications.detail import Detail, reduced
from healthmon.notifications.notice import Notice, What
from healthmon.notifications.planner import NotificationPlanner
from healthmon_exporters.notify.syslog import FACILITIES, MOST_BYTES, message

pytestmark = pytest.mark.slow

NOW = 1_795_000_000.0
CONFIG = """
estate: {name: Example, time_zone: Europe/London}
sites: [{id: riverside, name: Riverside, access: gate code}]
contractors: [{id: acme, name: Acme, phone: 01632 960001, email: f@example.com, response: 4 h}]
cameras:
  - {id: C001, name: Slipway, site: riverside, address: 192.0.2.1, kind: ptz, contractor: acme, location: column 14,
     commissioned: {model: PTZ 30, serial: A1}}
notify:
  desk: {webhook: {url: "http://127.0.0.1:1/"}}
  office: {webhook: {url: "http://127.0.0.1:2/"}}
  boss: {webhook: {url: "http://127.0.0.1:3/"}}
routes:
  - {to: boss, after: 15 min, unless: acknowledged}
  - {to: desk, repeat_after: 4 h}
  - {to: office, priorities: [P3, P4], digest: ["07:00", "19:00"]}
"""
FAULT = Fault(
    "C001",
    "reach",
    "",
    "reach",
    "unreachable",
    State.FAULT,
    "no answer on RTSP 554",
    NOW - 100,
    NOW - 60,
)
CASE = Incident(
    7,
    "C001",
    "riverside",
    (FAULT,),
    NOW - 100,
    NOW - 60,
    3,
    told=NOW,
    revision=1,
    cause="follows",
    cause_number=3,
)


@pytest.fixture
def post(tmp_path: Path) -> NotificationPlanner:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    config = loading.load(path)
    return NotificationPlanner.of(
        config, {device.id: device for device in inventory.devices(config)}
    )


def test_a_notice_is_the_complete_fault_report(post: NotificationPlanner) -> None:
    post.blind = lambda: (BlindZone("slip", ("C001",), ("C009",)), BlindZone("other", ("C002",)))
    made = post.notice(IncidentEvent("opened", CASE, NOW))
    assert (made.fault, made.device, made.name, made.location, made.serial) == (
        "F000007",
        "C001",
        "Slipway",
        "column 14",
        "A1",
    )
    assert (made.contractor_name, made.response_seconds, made.access_notes) == (
        "Acme",
        14400.0 + 100,
        "gate code",
    )
    assert (made.cause, made.cause_number) == ("follows", 3)
    assert made.blind_zones == ("slip has no working camera (C001); C009 can look there",)
    assert made.tried == ("looked again before this was reported: the same in 2 looks",)
    over = post.notice(IncidentEvent("closed", replace(CASE, closed=NOW + 60), NOW + 60))
    assert over.until is not None
    assert over.blind_zones == ()


def test_a_site_case_has_the_sites_name_and_the_cameras(post: NotificationPlanner) -> None:
    fault = replace(FAULT, device=SITE + "riverside", aspect=COMMON, code=COMMON)
    made = post.notice(
        IncidentEvent(
            "opened",
            replace(CASE, device=SITE + "riverside", faults=(fault,), affected=("C001",)),
            NOW,
        )
    )
    assert (made.name, made.kind, made.affected) == ("Riverside", "site", ("Slipway C001",))


def test_g10_who_holds_it_for_a_digest_gets_one_summary_at_the_shift_change(
    post: NotificationPlanner,
) -> None:
    rows = post.rows([IncidentEvent("opened", CASE, NOW)], NOW)
    assert {row.target: row.state for row in rows} == {"desk": "pending", "office": "held"}
    (held,) = [row for row in rows if row.state == "held"]
    assert post.digests([held], held.due - 1) == ([], [])
    (digest,), (settled,) = post.digests([held], held.due)
    assert Notice.from_json(digest.body).what is What.DIGEST
    assert (settled.notice, settled.state) == (held.notice, "digested")
    again, _ = post.digests([held], held.due + 5)
    assert again[0].notice == digest.notice, "made twice it is the same one"


def test_a_reminder_comes_every_four_hours_until_somebody_has_acknowledged(
    post: NotificationPlanner,
) -> None:
    post.rows([IncidentEvent("opened", CASE, NOW)], NOW)
    assert post.reminders([CASE], NOW + 4 * 3600 - 1) == []
    (row,) = post.reminders([CASE], NOW + 4 * 3600)
    assert (row.target, Notice.from_json(row.body).what) == ("desk", What.REMINDER)
    assert post.reminders([CASE], NOW + 5 * 3600) == []
    assert len(post.reminders([CASE], NOW + 8 * 3600)) == 1
    assert post.reminders([replace(CASE, ack=Ack("A", "b", NOW))], NOW + 99 * 3600) == []


def test_what_is_still_open_is_said_again_to_who_heard_of_it(post: NotificationPlanner) -> None:
    untold = replace(CASE, number=8, told=None)
    post.rows([IncidentEvent("opened", CASE, NOW)], NOW)
    assert [one.number for one in post.still_open("desk", [CASE, untold], NOW)] == [7]
    assert post.still_open("nobody", [CASE], NOW) == []
    post.rows([IncidentEvent("closed", replace(CASE, closed=NOW, revision=2), NOW)], NOW)
    assert post.heard == {}


def test_a_clock_that_is_set_moves_no_time_of_day_and_repeats_no_digest(
    post: NotificationPlanner,
) -> None:
    rows = post.rows([IncidentEvent("opened", CASE, NOW)], NOW)
    (held,) = [row for row in rows if row.state == "held"]
    back = NOW - 7 * 86400
    (moved,) = post.replanned([held], back)
    assert (moved.due - held.due) % 86400 == 0
    assert 0 < moved.due - back <= 86400
    (first,), _ = post.digests([moved], moved.due)
    post.move(-3600.0)
    (again,), _ = post.digests([moved], moved.due + 1)
    assert again.notice != first.notice, "another summary at the same time of day"


def test_a_clock_that_is_set_delays_and_hurries_no_reminder(post: NotificationPlanner) -> None:
    post.rows([IncidentEvent("opened", CASE, NOW)], NOW)
    for step in (-86400.0, 86400.0 * 30):
        post.move(step)
        now = NOW + step
        assert post.reminders([CASE], now + 4 * 3600 - 60) == []
        assert [row.target for row in post.reminders([CASE], now + 4 * 3600 + 1)] == ["desk"]
        post.heard[CASE.number]["desk"] = NOW


def test_an_escalation_goes_once_with_the_time_that_has_gone_and_gets_the_end(
    post: NotificationPlanner,
) -> None:
    post.rows([IncidentEvent("opened", CASE, NOW)], NOW)
    assert post.escalations([CASE], NOW + 899) == []
    assert post.escalations([replace(CASE, ack=Ack("A", "b", NOW))], NOW + 900) == []
    assert post.escalations([replace(CASE, told=None)], NOW + 900) == []
    (row,) = post.escalations([CASE], NOW + 900)
    made = Notice.from_json(row.body)
    assert (row.target, row.state, made.what, made.id) == (
        "boss",
        "pending",
        What.OPENED,
        row.notice,
    )
    assert made.tried[-1] == "open 15 min after its first notification, not acknowledged"
    assert post.escalations([CASE], NOW + 9000) == [], "once"
    over = IncidentEvent("closed", replace(CASE, closed=NOW + 9999, revision=2), NOW + 9999)
    assert {row.target for row in post.rows([over], NOW + 9999)} == {"desk", "office", "boss"}


def test_an_escalation_that_was_sent_before_a_restart_is_not_sent_again(
    post: NotificationPlanner,
) -> None:
    post.heard = {CASE.number: {"desk": NOW, "boss": NOW + 900}}
    assert post.escalations([CASE], NOW + 9000) == []


@pytest.mark.parametrize(
    ("contract", "due"),
    [
        ("response: 4 h", NOW + 4 * 3600),
        ("response: 4 h, priorities: {P3: {response: 1 h}, P1: {response: 9 h}}", NOW + 3600),
        ("clock: report", None),
    ],
)
def test_the_report_tells_when_the_response_of_its_priority_is_due(
    tmp_path: Path, contract: str, due: float | None
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.replace("response: 4 h", contract))
    config = loading.load(path)
    post = NotificationPlanner.of(config, {one.id: one for one in inventory.devices(config)})
    made = post.notice(IncidentEvent("opened", CASE, NOW))
    assert made.since is not None
    found = made.response_seconds
    assert (found if found is None else made.since.timestamp() + found) == due


def test_hours_and_bank_holidays_move_the_response_in_the_report(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    text = CONFIG.replace("response: 4 h", "response: 4 h, hours: '08:00-17:00'")
    path.write_text(text + "bank_holidays: {dates: ['2026-11-19']}\n")
    config = loading.load(path)
    post = NotificationPlanner.of(config, {one.id: one for one in inventory.devices(config)})
    told = datetime(2026, 11, 18, 16, tzinfo=UTC).timestamp()
    incident = replace(CASE, since=told - 60, told=told)
    made = post.notice(IncidentEvent("opened", incident, told))
    due = datetime(2026, 11, 20, 11, tzinfo=UTC).timestamp()
    assert made.response_seconds == due - incident.since


def test_the_head_of_the_audit_chain_goes_to_syslog_once_a_day(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        CONFIG.replace("notify:", "notify:\n  logs: {syslog: {server: 127.0.0.1}, detail: number}")
    )
    post = NotificationPlanner.of(loading.load(path), {})
    assert post.heads(NOW) == [], "not known yet"
    post.head = "7:0123456789abc"
    (row,) = post.heads(NOW)
    assert (row.target, row.notice) == ("logs", "head-logs-2026-11-18")
    whole = Notice.from_json(row.body)
    assert (whole.state, whole.number) == (State.OK, None)
    for notice in (whole, reduced(whole, Detail.NUMBER)):
        sent = message(notice, FACILITIES["local0"], MOST_BYTES["udp"]).decode()
        assert sent.endswith(" | audit chain 7:0123456789abc")
        assert sent.startswith("<134>1 "), "informational"
    post.head = "9:fffffffffffff"
    midnight = datetime(2026, 11, 19, tzinfo=UTC).timestamp()
    assert post.heads(midnight - 1) == []
    (row,) = post.heads(midnight)
    assert (row.notice, "9:fffffffffffff" in row.body) == ("head-logs-2026-11-19", True)


def test_nobody_but_syslog_gets_a_head_for_itself(post: NotificationPlanner) -> None:
    post.head = "7:0123456789abc"
    assert post.heads(NOW) == []
