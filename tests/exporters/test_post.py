"""From what is told to who gets it: notices with all that is known, digests, reminders, what is held and said again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from healthmon import config as configuration
from healthmon import inventory
from healthmon.cases import COMMON, SITE, Ack, Case, Told
from healthmon.cause import Blind
from healthmon.faults import Fault
from healthmon.model import State
from healthmon_exporters.notify.notice import Notice, What
from healthmon_exporters.notify.post import Post

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
routes:
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
CASE = Case(
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
def post(tmp_path: Path) -> Post:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    config = configuration.load(path)
    return Post.of(config, {device.id: device for device in inventory.devices(config)})


def test_a_notice_is_the_complete_fault_report(post: Post) -> None:
    post.blind = lambda: (Blind("slip", ("C001",), ("C009",)), Blind("other", ("C002",)))
    made = post.notice(Told("opened", CASE, NOW))
    assert (made.fault, made.device, made.name, made.location, made.serial) == (
        "F000007",
        "C001",
        "Slipway",
        "column 14",
        "A1",
    )
    assert (made.contractor_name, made.response_seconds, made.access_notes) == (
        "Acme",
        14400.0,
        "gate code",
    )
    assert (made.cause, made.cause_number) == ("follows", 3)
    assert made.blind_zones == ("slip has no working camera (C001); C009 can look there",)
    assert made.tried == ("looked again before this was reported: the same in 2 looks",)
    over = post.notice(Told("closed", replace(CASE, closed=NOW + 60), NOW + 60))
    assert over.until is not None
    assert over.blind_zones == ()


def test_a_site_case_has_the_sites_name_and_the_cameras(post: Post) -> None:
    fault = replace(FAULT, device=SITE + "riverside", aspect=COMMON, code=COMMON)
    made = post.notice(
        Told(
            "opened",
            replace(CASE, device=SITE + "riverside", faults=(fault,), affected=("C001",)),
            NOW,
        )
    )
    assert (made.name, made.kind, made.affected) == ("Riverside", "site", ("Slipway C001",))


def test_g10_who_holds_it_for_a_digest_gets_one_summary_at_the_shift_change(post: Post) -> None:
    rows = post.rows([Told("opened", CASE, NOW)], NOW)
    assert {row.target: row.state for row in rows} == {"desk": "pending", "office": "held"}
    (held,) = [row for row in rows if row.state == "held"]
    assert post.digests([held], held.due - 1) == ([], [])
    (digest,), (settled,) = post.digests([held], held.due)
    assert Notice.from_json(digest.body).what is What.DIGEST
    assert (settled.notice, settled.state) == (held.notice, "digested")
    again, _ = post.digests([held], held.due + 5)
    assert again[0].notice == digest.notice, "made twice it is the same one"


def test_a_reminder_comes_every_four_hours_until_somebody_has_acknowledged(post: Post) -> None:
    post.rows([Told("opened", CASE, NOW)], NOW)
    assert post.reminders([CASE], NOW + 4 * 3600 - 1) == []
    (row,) = post.reminders([CASE], NOW + 4 * 3600)
    assert (row.target, Notice.from_json(row.body).what) == ("desk", What.REMINDER)
    assert post.reminders([CASE], NOW + 5 * 3600) == []
    assert len(post.reminders([CASE], NOW + 8 * 3600)) == 1
    assert post.reminders([replace(CASE, ack=Ack("A", "b", NOW))], NOW + 99 * 3600) == []


def test_what_is_still_open_is_said_again_to_who_heard_of_it(post: Post) -> None:
    untold = replace(CASE, number=8, told=None)
    post.rows([Told("opened", CASE, NOW)], NOW)
    assert [one.number for one in post.still_open("desk", [CASE, untold], NOW)] == [7]
    assert post.still_open("nobody", [CASE], NOW) == []
    post.rows([Told("closed", replace(CASE, closed=NOW, revision=2), NOW)], NOW)
    assert post.heard == {}
