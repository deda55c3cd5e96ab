"""A switch with forty cameras is lost and comes back: one message and one recovery at real
receivers of each kind.
"""

from __future__ import annotations

import json
import signal
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from helpers.room import PATIENCE, ROOT, Room, until
from helpers.support import Peers, free_port, need

pytestmark = [pytest.mark.peer, pytest.mark.long]
CAMERAS = 40


class Mailbox:
    def __init__(self) -> None:
        self.mails: list[str] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:
        self.mails.append(envelope.content.decode())  # type: ignore[attr-defined]
        return "250 OK"


class Receivers:
    """Debian's Alertmanager with a webhook behind it, an SMTP server, Debian's rsyslog."""

    def __init__(self, peers: Peers, folder: Path) -> None:
        self.folder, self.box = folder, Mailbox()
        self.hook, self.manager, self.syslog, self.smtp = (
            free_port(),
            free_port(),
            free_port(),
            free_port(),
        )
        (folder / "mode").write_text("ok")
        peers.start(
            sys.executable,
            ROOT / "tests/helpers/fakes/file_hook.py",
            str(self.hook),
            folder / "got",
            folder / "mode",
        )
        (folder / "alertmanager.yml").write_text(
            "route: {receiver: desk, group_by: [fault], group_wait: 1s, group_interval: 1s, repeat_interval: 1h}\n"
            f"receivers: [{{name: desk, webhook_configs: [{{url: 'http://127.0.0.1:{self.hook}/', send_resolved: true}}]}}]\n"
        )
        peers.start(
            "prometheus-alertmanager",
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'am'}",
            f"--web.listen-address=127.0.0.1:{self.manager}",
            "--cluster.listen-address=",
        )
        (folder / "rsyslog.conf").write_text(
            f'module(load="imtcp")\ninput(type="imtcp" port="{self.syslog}" address="127.0.0.1")\n'
            f'action(type="omfile" file="{folder}/syslog" template="RSYSLOG_SyslogProtocol23Format")\n'
        )
        peers.start("rsyslogd", "-n", "-iNONE", "-C", "-f", folder / "rsyslog.conf")
        self.mail = Controller(self.box, hostname="127.0.0.1", port=self.smtp)
        self.mail.start()
        for port in (self.hook, self.syslog):
            peers.wait_tcp("127.0.0.1", port)
        peers.wait_ready(self.manager)

    def targets(self, tree: dict) -> None:
        tree["notify"] = {
            "alerts": {
                "alertmanager": {"url": f"http://127.0.0.1:{self.manager}", "resend": "5 s"}
            },
            "log": {
                "syslog": {"server": "127.0.0.1", "port": str(self.syslog), "transport": "tcp"}
            },
            "mail": {
                "email": {
                    "server": "127.0.0.1",
                    "port": str(self.smtp),
                    "encryption": "none",
                    "sender": "healthmon@example.com",
                    "to": ["cctv@example.com"],
                }
            },
        }
        tree["routes"] = [{"to": ["alerts", "log", "mail"]}]

    def calls(self) -> list[tuple[str, list[str]]]:
        """What Alertmanager has sent on: (status, devices)."""
        path = self.folder / "got"
        bodies = (
            [json.loads(line)["body"] for line in path.read_text().splitlines()]
            if path.exists()
            else []
        )
        return [
            (body["status"], [a["labels"]["device"] for a in body["alerts"]]) for body in bodies
        ]

    def alerts(self) -> list[str]:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.manager}/api/v2/alerts", timeout=60
        ) as answer:
            return [one["labels"]["device"] for one in json.load(answer)]

    def lines(self) -> list[str]:
        """What syslog has got, without the daily head of the audit chain."""
        path = self.folder / "syslog"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if 'id="head-' not in line]


@pytest.fixture(scope="module")
def receivers(module_peers: Peers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receivers]:
    need("prometheus-alertmanager", "rsyslogd")
    made = Receivers(module_peers, tmp_path_factory.mktemp("receivers"))
    yield made
    made.mail.stop()


def behind_one_switch(tree: dict) -> None:
    tree["defaults"] = {"interval": "30 s", "clock_interval": "5 min"}
    tree["links"] = [row for row in tree["links"] if row["id"] in ("S01", "S02")]
    for row in tree["links"]:
        row.pop("snmp", None)
    for row in tree["cameras"]:
        row.pop("port", None)
        row["parent"], row["site"] = "S01", "market"


@pytest.fixture(scope="module")
def room(
    receivers: Receivers, module_peers: Peers, tmp_path_factory: pytest.TempPathFactory
) -> Room:
    made = Room(module_peers, tmp_path_factory.mktemp("room"))
    made.estate(CAMERAS)
    made.configure(behind_one_switch)
    made.configure(receivers.targets)
    made.start()
    return made


def test_n2_g11_a_switch_loss_of_forty_cameras_is_one_message_within_a_minute_and_one_recovery(
    room: Room, receivers: Receivers
) -> None:
    time.sleep(3)
    assert (receivers.alerts(), receivers.box.mails, receivers.lines()) == ([], [], []), (
        "told of something already"
    )
    lost = ["S01", *(f"C{n:03d}" for n in range(1, CAMERAS + 1))]
    for device in lost:
        room.fault(device, "off")
    room.until(lambda: receivers.alerts() and receivers.box.mails and receivers.lines(), 60)
    held = lambda: room.value("healthmon_fault_held", device="C001", reason="parent") == 1  # noqa: E731
    room.until(lambda: held() or room.unknown("C001"), 60)
    time.sleep(10)
    assert receivers.alerts() == ["S01"]
    assert receivers.calls() == [("firing", ["S01"])]
    assert len(receivers.box.mails) == len(receivers.lines()) == 1
    assert "40" in receivers.box.mails[0], "what the switch takes with it is said"
    for device in lost:
        room.fault(device, "off", on=False)
    room.until(lambda: len(receivers.box.mails) > 1 and receivers.alerts() == [], 90)
    room.until(
        lambda: (
            not room.series("healthmon_fault_active") and not room.series("healthmon_fault_held")
        ),
        90,
    )
    time.sleep(5)
    assert receivers.calls() == [("firing", ["S01"]), ("resolved", ["S01"])]
    assert len(receivers.box.mails) == len(receivers.lines()) == 2
    shown = room.command("faults")
    assert shown.stdout.count("F0000") == 1
    assert "over" in shown.stdout


@pytest.mark.restarts
def test_a13_a_sweep_that_is_told_to_end_tears_its_sessions_down_within_five_seconds(
    room: Room,
) -> None:
    assert room.agent is not None
    room.agent.terminate()
    room.agent.wait(60)
    try:
        before = sum(one["lost_sessions"] for one in counters(room))
        sweep = room.run("sweep")
        until(lambda: sum(one["sessions_now"] for one in counters(room)) > 3, 60, sweep)
        began = time.monotonic()
        sweep.terminate()
        assert sweep.wait(60) == 128 + signal.SIGTERM
        assert time.monotonic() - began < PATIENCE * 5
        until(lambda: sum(one["sessions_now"] for one in counters(room)) == 0, 10)
        assert sum(one["lost_sessions"] for one in counters(room)) == before, (
            "every session is torn down"
        )
    finally:
        room.start()


def test_a13_a_second_agent_does_not_start_and_the_first_ends_on_sigterm_within_five_seconds(
    room: Room,
) -> None:
    second = room.command("run")
    assert second.returncode == 3
    assert "another healthmon agent runs already" in second.stderr
    assert "Traceback" not in second.stderr
    assert room.agent is not None
    room.until(lambda: sum(one["sessions"] for one in counters(room)) > 0, 60)
    before = sum(one["lost_sessions"] for one in counters(room))
    began = time.monotonic()
    room.agent.terminate()
    assert room.agent.wait(60) == 0
    assert time.monotonic() - began < PATIENCE * 5
    seen = counters(room)
    assert sum(one["lost_sessions"] for one in seen) == before, "every session is torn down"
    assert max(one["connections_most"] for one in seen) == 1


def counters(room: Room) -> list[dict[str, int]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{room.control}/counters", timeout=60) as answer:
        return [one["counters"] for one in json.load(answer)]
