"""The Alertmanager configuration made from config.yaml: amtool accepts it, and each alert goes
where it should.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from helpers.support import need
from typer.testing import CliRunner

from healthmon.cli.app import cli
from healthmon.config import loading
from healthmon.config.schema import Config
from healthmon_exporters.reports import alertmanager_config as made
from healthmon_exporters.reports.alertmanager_config import Teller

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DEFAULT = ROOT / "dashboards" / "alertmanager" / "alertmanager.yaml"
HEAD = """
estate: {name: 'Borough "North" CCTV', time_zone: Europe/London}
sites: [{id: market}]
contractors: [{id: acme, name: Acme, email: faults@example.com}, {id: bolt, name: Bolt, email: bolt@example.com},
  {id: poor, name: No mail}]
credentials: {mail: {username: sender, secret: {file: secrets/mail}}, beat: {secret: {file: secrets/beat}}}
"""
NOTIFY = """
heartbeat: {credential: beat, interval: 2 min}
notify:
  mail: {email: {server: mail.example.com, sender: h@example.com, credential: mail, to: [a@example.com, b@example.com]}}
  alerts: {alertmanager: {url: "http://127.0.0.1:9093"}}
"""
OWN = (
    HEAD
    + NOTIFY
    + 'routes: [{to: [alerts, mail]}, {to: mail, priorities: [P3], hours: "22:00-06:00", weekdays: [sat]}]\n'
)
BY_ALERTMANAGER = HEAD + NOTIFY + "routes: [{to: [alerts]}]\n"
BY_RULES = HEAD + NOTIFY
QUIET = HEAD


@pytest.fixture
def load(tmp_path):
    def loaded(text: str) -> Config:
        path = tmp_path / "config.yaml"
        path.write_text(text)
        return loading.load(path)

    return loaded


def amtool(*arguments: str) -> str:
    need("amtool")
    done = subprocess.run(
        ["amtool", *arguments], capture_output=True, timeout=30, check=False, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("text", "teller"),
    [(OWN, "healthmon"), (BY_ALERTMANAGER, "alertmanager"), (BY_RULES, "rules"), (QUIET, "rules")],
)
def test_who_tells_is_read_from_the_routes(load, text, teller):
    assert made.teller(load(text)) == Teller(teller)


@pytest.mark.peer
@pytest.mark.parametrize(
    "text", [OWN, BY_ALERTMANAGER, BY_RULES, QUIET], ids=["own", "alertmanager", "rules", "quiet"]
)
def test_amtool_accepts_it(load, tmp_path, text):
    path = tmp_path / "alertmanager.yaml"
    path.write_text(made.text(load(text)))
    assert "SUCCESS" in amtool("check-config", str(path))


DEVICE = [
    "class=fault",
    "code=no_pictures",
    "alertname=HealthmonPicturesFault",
    "severity=critical",
    "contractor=acme",
    "site=market",
]
OF_AGENT = [
    "alertname=HealthmonFault",
    "severity=critical",
    "contractor=acme",
    "site=market",
    "device=C1",
]
ROUTES = [
    # alert                                                    own            by Alertmanager
    # by the rules
    (["alertname=Watchdog", "class=watchdog", "severity=none"], "dead-man", "dead-man", "dead-man"),
    (["alertname=HealthmonAgentDown", "class=agent", "priority=P1"], "office", "office", "office"),
    (["alertname=HealthmonBug", "class=agent", "priority=P3"], "office", "office", "office"),
    (["alertname=HealthmonAvailabilityBurn", "class=service"], "office", "office", "office"),
    (["alertname=HealthmonTest", "severity=none", "priority=P3"], "office", "office", "office"),
    ([*DEVICE, "priority=P1"], "shown-only", "shown-only", "contractor-acme,office"),
    ([*DEVICE, "priority=P3"], "shown-only", "shown-only", "contractor-acme,office"),
    ([*OF_AGENT, "priority=P2"], "shown-only", "contractor-acme,office", "shown-only"),
    ([*OF_AGENT, "priority=P4"], "shown-only", "contractor-acme,office", "shown-only"),
    ([*OF_AGENT[:1], "severity=warning", "contractor=acme", "priority=P3"], "shown-only", "office", "shown-only"),
    ([*OF_AGENT[:2], "contractor=bolt", "priority=P1"], "shown-only", "contractor-bolt,office", "shown-only"),
    ([*OF_AGENT[:2], "contractor=poor", "priority=P1"], "shown-only", "office", "shown-only"),
    (["alertname=HealthmonBlindZone", "class=fault", "severity=critical", "priority=P1"], "office", "office", "office"),
    (["alertname=HealthmonFlapping", "class=fault", "severity=warning", "priority=P3"], "office", "office", "office"),
    (["alertname=SomebodyElses", "severity=page"], "office", "office", "office"),
]  # fmt: skip


@pytest.mark.peer
@pytest.mark.parametrize(
    ("labels", "own", "alertmanager", "rules"),
    ROUTES,
    ids=lambda v: v if isinstance(v, str) else v[0],
)
def test_each_alert_goes_where_it_should(load, tmp_path, labels, own, alertmanager, rules):
    for text, receivers in ((OWN, own), (BY_ALERTMANAGER, alertmanager), (BY_RULES, rules)):
        path = tmp_path / "alertmanager.yaml"
        path.write_text(made.text(load(text)))
        assert (
            amtool("config", "routes", "test", f"--config.file={path}", *labels).strip()
            == receivers
        )


def test_nobody_hears_of_a_device_twice(load):
    """Of the three sources exactly one is sent to people in each of the three ways."""
    for text in (OWN, BY_ALERTMANAGER, BY_RULES):
        tree = made.configuration(load(text))
        shown = [
            m
            for route in tree["route"]["routes"]
            if route["receiver"] == "shown-only"
            for m in route["matchers"]
        ]
        by_healthmon = made.teller(load(text)) is Teller.HEALTHMON
        sent = {'alertname="HealthmonFault"', 'class="fault"'} - set(shown)
        assert len(sent) + by_healthmon == 1


def test_no_secret_stands_in_it_and_each_has_its_file(load, tmp_path):
    (tmp_path / "secrets").mkdir()
    for name in ("mail", "beat"):
        (tmp_path / "secrets" / name).write_text(f"hush-{name}\n")
        (tmp_path / "secrets" / name).chmod(0o600)
    text = made.text(load(BY_ALERTMANAGER), secrets="/run/secrets", url_files=True)
    assert "hush" not in text
    tree = yaml.safe_load(text)
    office, _, dead_man, acme, bolt = tree["receivers"]
    mail = office["email_configs"][0]
    assert (mail["auth_username"], mail["auth_password_file"]) == ("sender", "/run/secrets/mail")
    assert (mail["to"], mail["smarthost"], mail["require_tls"]) == (
        "a@example.com, b@example.com",
        "mail.example.com:587",
        True,
    )
    assert dead_man["webhook_configs"] == [
        {"url_file": "/run/secrets/beat", "send_resolved": False}
    ]
    assert [one["email_configs"][0]["to"] for one in (acme, bolt)] == [
        "faults@example.com",
        "bolt@example.com",
    ]
    assert "Put the secret 'mail' into /run/secrets/mail" in text
    assert "Put the secret 'beat' into /run/secrets/beat" in text


def test_a_secret_address_of_the_heartbeat_waits_for_a_newer_alertmanager(load):
    text = made.text(load(OWN))
    assert "--url-files" in text
    assert {"name": "dead-man"} in yaml.safe_load(text)["receivers"]
    plain = OWN.replace(
        "{credential: beat, interval", '{url: "https://beat.example.com/1", interval'
    )
    receivers = yaml.safe_load(made.text(load(plain)))["receivers"]
    assert receivers[2]["webhook_configs"][0]["url"] == "https://beat.example.com/1"


def test_the_watchdog_beats_as_often_as_the_heartbeat(load):
    first = made.configuration(load(OWN))["route"]["routes"][0]
    assert (first["receiver"], first["repeat_interval"], first["group_interval"]) == (
        "dead-man",
        "120s",
        "120s",
    )


def test_what_can_wait_is_told_in_the_hours_of_the_routes(load):
    def hours(text: str) -> dict:
        return made.configuration(load(text))["time_intervals"][0]["time_intervals"][0]

    times = [
        {"start_time": "22:00", "end_time": "24:00"},
        {"start_time": "00:00", "end_time": "06:00"},
    ]
    assert hours(OWN) == {"location": "Europe/London", "weekdays": ["saturday"], "times": times}
    assert hours(OWN.replace("06:00", "00:00"))["times"] == times[:1]
    weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday"]
    day = [{"start_time": "08:00", "end_time": "17:00"}]
    assert hours(QUIET) == {"location": "Europe/London", "weekdays": weekdays, "times": day}


def test_the_mail_servers_own_authority_is_trusted(load, tmp_path):
    own = BY_RULES.replace(
        "credential: mail, to:", "credential: mail, tls: {ca_file: ca.pem, server_name: mx}, to:"
    )
    mail = made.configuration(load(own))["receivers"][0]["email_configs"][0]
    assert mail["tls_config"] == {"server_name": "mx", "ca_file": str(tmp_path / "ca.pem")}
    pinned = BY_RULES.replace(
        "credential: mail, to:", f"credential: mail, tls: {{pin: {'ab' * 32}}}, to:"
    )
    assert "supports no pinned keys" in made.text(load(pinned))


def test_every_alert_that_is_named_exists(load):
    rules = (ROOT / "dashboards" / "rules" / "healthmon-alerts.rules.yaml").read_text()
    known = set(re.findall(r"alert: (\w+)", rules)) | {
        "HealthmonFault",
        "HealthmonTest",
        "HealthmonAgent",
    }
    assert (
        set(re.findall(r"Healthmon[A-Z]\w+", made.text(load(BY_ALERTMANAGER))))
        - {"HealthmonFaults"}
        <= known
    )


def test_the_command_prints_it_and_reads_no_secret():
    done = CliRunner().invoke(
        cli, ["alertmanager-config", "--config", str(ROOT / "config.yaml"), "--secrets", "/run/s/"]
    )
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == made.text(loading.load(ROOT / "config.yaml"), secrets="/run/s")
    assert "auth_password_file: /run/s/mail" in done.stdout


@pytest.mark.peer
def test_the_shipped_default_shows_alerts_and_sends_nothing():
    assert DEFAULT.read_text() == made.text(Config())
    assert all(len(receiver) == 1 for receiver in yaml.safe_load(DEFAULT.read_text())["receivers"])
    amtool("check-config", str(DEFAULT))
