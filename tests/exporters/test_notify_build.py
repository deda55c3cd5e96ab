"""From config.yaml to senders, registers and digests."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from helpers.fakes.hook_server import receiver
from helpers.notices import CLOSED, OPENED

from healthmon.config import loading
from healthmon.config.schema import Config
from healthmon.inventory import devices as inventory
from healthmon.model.enums import State
from healthmon.notifications.digest import digest_of
from healthmon.notifications.directory import TargetDirectory
from healthmon.notifications.notice import Notice, What
from healthmon.notifications.sender import Resender, SendError
from healthmon_exporters.notify.factory import heartbeat_of, sender_of, senders_of

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config.yaml"
AT = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)


def configured(tmp_path: Path, text: str, **secret: str) -> Config:
    accounts = [f"  {name}: {{username: u, secret: {{file: {name}}}}}\n" for name in secret]
    for name, value in secret.items():
        (tmp_path / name).write_text(value)
        (tmp_path / name).chmod(0o600)
    path = tmp_path / "config.yaml"
    path.write_text(("credentials:\n" + "".join(accounts) if secret else "") + text)
    return loading.load(path)


async def test_every_target_of_the_example_is_made_once_its_secrets_are_there(tmp_path) -> None:
    (tmp_path / "secrets").mkdir()
    for name in ("mail", "hook-key", "heartbeat", "teams"):
        path = tmp_path / "secrets" / name
        path.write_text(
            {"teams": "json://127.0.0.1/x", "heartbeat": "https://hc.example.com/x"}.get(
                name, "hush"
            )
        )
        path.chmod(0o600)
    (tmp_path / "config.yaml").write_text(EXAMPLE.read_text())
    found = loading.load(tmp_path / "config.yaml")
    senders, failed = senders_of(found)
    assert set(senders) == set(found.notify)
    assert failed == {}
    assert {name for name, sender in senders.items() if isinstance(sender, Resender)} == {"alerts"}
    assert all(sender.name == name for name, sender in senders.items())
    assert heartbeat_of(found, lambda: True) is not None
    for sender in senders.values():
        await sender.aclose()
        await sender.aclose()


async def test_a_target_that_cannot_be_made_does_not_stop_the_others(tmp_path) -> None:
    text = """\
notify:
  good: {webhook: {url: "https://desk.example.com/x"}}
  no-secret: {webhook: {url: "https://desk.example.com/x", credential: lost}}
  no-address: {apprise: {credential: words}}
  no-ca: {webhook: {url: "https://desk.example.com/x", tls: {ca_file: nowhere.pem}}}
"""
    found = configured(tmp_path, text, lost="x", words="no address at all")
    (tmp_path / "lost").unlink()
    senders, failed = senders_of(found)
    assert set(senders) == {"good"}
    assert set(failed) == {"no-secret", "no-address", "no-ca"}
    assert "cannot be read" in failed["no-secret"]
    assert all("\n" not in text for text in failed.values())
    with pytest.raises(SendError) as caught:
        sender_of(found, "no-ca")
    assert caught.value.permanent


def test_only_the_ways_out_that_are_named_are_imported(tmp_path) -> None:
    found = tmp_path / "config.yaml"
    found.write_text('notify: {a: {webhook: {url: "https://desk.example.com/x"}}}\n')
    code = (
        "import sys; from pathlib import Path; from healthmon.config import loading;"
        "from healthmon_exporters.notify import factory;"
        f"factory.senders_of(loading.load(Path({str(found)!r})));"
        "print([m for m in ('apprise', 'aiosmtplib', 'healthmon_exporters.notify.webhook') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['healthmon_exporters.notify.webhook']"


async def test_the_heartbeats_address_may_be_a_secret_and_is_never_repeated(tmp_path) -> None:
    async with receiver() as reducer:
        found = configured(
            tmp_path,
            "heartbeat: {credential: ping}\n",
            ping=f"http://127.0.0.1:{reducer.port}/hush",
        )
        heart = heartbeat_of(found, lambda: True)
        assert heart
        await heart.send()
        await heart.aclose()
    assert [got.path for got in reducer.got] == ["/hush"]
    broken = configured(tmp_path, "heartbeat: {credential: ping}\n", ping="hush-hush")
    with pytest.raises(SendError) as caught:
        heartbeat_of(broken, lambda: True)
    assert "hush" not in str(caught.value)
    assert heartbeat_of(configured(tmp_path, ""), lambda: True) is None


def test_the_register_fills_in_what_is_configured() -> None:
    found = loading.load(EXAMPLE)
    device = next(d for d in inventory.devices(found) if d.id == "C001")
    notice = TargetDirectory.of(found).notice(
        device,
        "F000001-1",
        What.OPENED,
        AT,
        "no pictures",
        number=1,
        make="Example",
        firmware="8",
        priority=1,
    )
    assert notice == Notice(
        id="F000001-1",
        what=What.OPENED,
        at=AT,
        sentence="no pictures",
        number=1,
        device="C001",
        name="Market Place north",
        kind="camera",
        site="market",
        site_name="Market Place",
        location="lamp column 14, outside the bank",
        address="192.0.2.11",
        make="Example",
        model="Example PTZ 30",
        serial="A100001",
        firmware="8",
        priority=1,
        contractor="acme",
        contractor_name="Acme CCTV Maintenance",
        contractor_phone="01632 960001",
        contractor_email="faults@example.com",
        response_seconds=14400.0,
        access_notes="lane closure needed, permit from Highways",
        estate="Example District CCTV",
        time_zone="Europe/London",
    )
    riverside = next(d for d in inventory.devices(found) if d.id == "C004")
    bare = TargetDirectory.of(found).notice(riverside, "x", What.OPENED, AT, "x")
    assert (bare.access_notes, bare.contractor, bare.serial) == (
        "gate code from the control room",
        "",
        "",
    )


def test_a_digest_says_each_fault_once_as_it_stands_open_ones_first() -> None:
    register = TargetDirectory.of(loading.load(EXAMPLE))
    urgent = replace(OPENED, number=7, id="F000007-1", name="Slipway", priority=3, sentence="dark")
    old = replace(CLOSED, number=8, id="F000008-9", name="Bank", priority=4, sentence="slow")
    changed = replace(
        OPENED,
        number=9,
        id="F000009-2",
        what=What.CHANGED,
        priority=4,
        name="Quay",
        sentence="worse",
    )
    held = [OPENED, changed, CLOSED, old, urgent]
    digest = digest_of(register, "office", AT, held)
    assert digest
    assert digest.id == "digest-office-2026-11-24T07:00:00Z"
    assert digest.sentence == "since the last summary: 2 open, 2 over"
    assert (digest.priority, digest.state, digest.estate) == (
        2,
        State.FAULT,
        "Example District CCTV",
    )
    assert [line.partition(" GMT: ")[0] for line in digest.lines[:3:2]] == [
        "Tue 24 Nov 2026 12:01",
        "Tue 24 Nov 2026 12:14",
    ]
    said = [line.partition(" GMT: ")[2] for line in digest.lines]
    assert said == [
        "P3 FAULT F000007 Slipway: dark",
        "P4 CHANGED F000009 Quay: worse",
        "P2 WAS AT FAULT F000123 Riverside car park 12:01-12:14: no pictures: 0 packets in 2.0 s (limit 2.0 s)",
        "P4 OVER F000008 Bank: slow",
    ]
    assert digest_of(register, "office", AT, []) is None
    carried = digest_of(register, "office", AT, held, "7:0123456789abc")
    assert carried is not None
    assert carried.lines == (*digest.lines, "audit chain 7:0123456789abc")
    assert Notice.from_json(digest.to_json()) == digest
