"""A workstation by its own word, case by case."""

from __future__ import annotations

import pytest

from healthmon.checks.evaluation import host
from healthmon.checks.metrics.host import samples
from healthmon.model.device import Device
from healthmon.model.enums import CheckName, Kind, Reason, State
from healthmon.model.footage import Unread
from healthmon.model.host import Host, Volume
from healthmon.model.results import Observation, Verdict

DESK = Device("VMS1", "VMS server", Kind.WORKSTATION, "control", "192.0.2.71")


def look(value: Host | None, reason: Reason | None = None) -> Observation:
    return Observation("VMS1", CheckName.HOST, "", 1e9, 0.1, value, reason)


def judged(value: Host | None, reason: Reason | None = None) -> dict[str, Verdict]:
    return {one.aspect: one for one in host.evaluate(look(value, reason), DESK)}


@pytest.mark.parametrize(
    ("value", "aspect", "state", "code", "words"),
    [
        (Host(90_000.0), "host", State.OK, "ok", "computer answers, up 25 h 0 min"),
        (Host(cpu_ratio=0.3), "cpu", State.OK, "ok", "30 % busy (limit 95 %)"),
        (Host(cpu_ratio=0.99), "cpu", State.DEGRADED, "host_busy", "99 % busy (limit 95 %)"),
        (Host(volumes=(Volume("C:", 0.5),)), "volume C:", State.OK, "ok", "volume C: 50 % full"),
        (Host(volumes=(Volume("C:", 0.97),)), "volume C:", State.DEGRADED, "volume_full", "97 % full (limit 95 %)"),
        (Host(volumes=(Volume("E:", missing="no such volume; it reports C:"),)),
         "volume E:", State.FAULT, "volume_missing", "volume E: is missing: no such volume; it reports C:"),
        (Host(volumes=(Volume("C:"),)), "volume C:", State.UNKNOWN, "not_reported", "size is not reported"),
    ],
)  # fmt: skip
def test_what_a_computer_reports(
    value: Host, aspect: str, state: State, code: str, words: str
) -> None:
    found = judged(value)[aspect]
    assert (found.state, found.code) == (state, code)
    assert words in found.sentence


def test_what_it_does_not_report_is_named_and_no_verdict() -> None:
    unread = Unread("volumes", Reason.TIMEOUT, "no answer")
    found = judged(Host(100.0, unread=(unread,)))
    assert list(found) == ["host"]
    assert "volumes not read: connected, no answer in time" in found["host"].sentence


def test_a_computer_that_does_not_answer_by_snmp_is_not_checked() -> None:
    found = judged(None, Reason.TIMEOUT)["host"]
    assert (found.state, found.reason) == (State.UNKNOWN, Reason.TIMEOUT)


def test_its_metrics_leave_out_what_is_not_reported() -> None:
    seen = Host(100.0, None, (Volume("C:", 0.5), Volume("E:", missing="gone")))
    assert list(samples(look(seen), ())) == [
        ("healthmon_host_uptime_seconds", (), 100.0),
        ("healthmon_host_volume_used_ratio", (("volume", "C:"),), 0.5),
    ]
