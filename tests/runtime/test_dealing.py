"""Who makes a check, and who is given none: by the last reports of the other agents."""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from healthmon.config import loading
from healthmon.model.enums import Reason
from healthmon.protocols.trace import Trace
from healthmon.runtime.dealing import Dealing
from healthmon.runtime.estate import Estate
from healthmon.runtime.known_checker import KnownChecker
from healthmon.runtime.letters import Report
from healthmon.runtime.sharing import digest_of
from healthmon.runtime.state import AgentState
from healthmon.store.lease import Claim
from healthmon.store.post import Post

SECONDS = 30.0
WELL = Report("a", "place", "south", "digest", 0.0, knows_time=True)
SHARED = {"url": "postgresql://127.0.0.1/x", "takeover": "30 s", "share": "yes"}
CAMERAS = [f"C{number:03}" for number in range(200)]


def estate(folder: Path, **more: Any) -> Estate:
    camera = {"site": "quay", "kind": "fixed"}
    tree = {
        "estate": {"name": "Two"},
        "agent": {"state_directory": "state"},
        "sites": [{"id": "quay"}, {"id": "depot"}],
        "recorders": [{"id": "R1", "name": "R1", "address": "192.0.2.250", "site": "quay"}],
        "cameras": [
            camera
            | {"id": name, "name": name, "address": f"198.51.100.{number}"}
            | ({"recorder": "R1", "channel": str(number)} if number < 20 else {})
            for number, name in enumerate(CAMERAS)
        ],
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(tree | more))
    return Estate.of(loading.load(path))


def dealing(given: Estate, *reports: Report) -> Dealing:
    made = Dealing(
        Post("", None),
        Claim("north", SECONDS),
        "north's place",
        lambda: given,
        lambda: given,
        AgentState,
    )
    made._open, made._file, made._digest = True, given, "digest"
    made.post.fetched = time.monotonic()
    made.checkers = {one.sender: KnownChecker(one, time.monotonic()) for one in reports}
    return made


def dealt(made: Dealing, given: Estate) -> dict[str, str]:
    """Device -> the place of the agent that makes its reach check."""
    found = {}
    for name, check in given.reach_checks.items():
        checker = made._dealt_to(check, made._rules().agents_of(check))
        found[name] = checker.last.place if checker is not None else made.place
    return found


@pytest.mark.parametrize(
    ("report", "heard", "left_alone", "why"),
    [
        (WELL, 0.0, -math.inf, ""),
        (WELL, -9.0, -math.inf, ""),
        (WELL, -11.0, -math.inf, "was silent for 11 s"),
        ({"digest": "other"}, 0.0, -math.inf, "has other devices or checks in its config.yaml"),
        ({"clock": 3601.0}, 0.0, -math.inf, "has a clock that is 3600 s off ours"),
        ({"clock": 1.9}, 0.0, -math.inf, ""),
        ({"knows_time": False}, 0.0, -math.inf, "does not know the time"),
        (WELL, 0.0, 20.0, "has not answered, or has trouble of its own"),
    ],
)
def test_who_is_given_nothing(
    report: Report | dict[str, Any], heard: float, left_alone: float, why: str
) -> None:
    if isinstance(report, dict):
        report = Report(**{name: getattr(WELL, name) for name in WELL.__struct_fields__} | report)
    now = time.monotonic()
    checker = KnownChecker(report, now + heard, left_alone=now + left_alone)
    post = Post("", None, clock=1.0, fetched=now)
    assert checker.why_not("digest", post, SECONDS, timed=True) == why


def test_that_we_are_late_ourselves_is_nobodys_silence() -> None:
    now = time.monotonic()
    post, checker = Post("", None, fetched=now - 60), KnownChecker(WELL, now - 61)
    assert checker.why_not("digest", post, SECONDS, timed=True) == ""


def test_an_agent_without_the_time_serves_where_nobody_has_it() -> None:
    report = Report("a", "place", "south", "digest", 0.0, knows_time=False)
    assert (
        KnownChecker(report, time.monotonic()).why_not(
            "digest", Post("", None), SECONDS, timed=False
        )
        == ""
    )


def test_a_fault_is_worth_telling_that_lasts_longer_than_a_reload(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checker, now = KnownChecker(WELL, 0.0), 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    checker.note(left_out=True)
    now = 40.0
    checker.note(left_out=True)
    assert checker.left_out_for() == 40.0
    checker.note(left_out=False)
    assert checker.left_out_for() < 0


def test_devices_are_shared_out_and_only_those_of_a_lost_agent_move(tmp_path: Path) -> None:
    given = estate(tmp_path)
    second = Report("b", "other place", "west", "digest", 0.0, knows_time=True)
    three = dealing(given, WELL, second)
    before = dealt(three, given)
    counts = Counter(before.values())
    assert set(counts) == {"north's place", "place", "other place"}
    assert min(counts.values()) > 0.15 * len(CAMERAS)
    after = dealt(dealing(given, WELL), given)
    moved = {name for name in before if before[name] != after[name]}
    assert moved == {name for name, place in before.items() if place == "other place"}
    with_recorder = {before[name] for name in ("R1", *CAMERAS[:20])}
    assert len(with_recorder) == 1, "clocks of a recorder and its cameras are compared"


def test_what_this_machine_remembers_is_checked_from_here(tmp_path: Path) -> None:
    metered = {"id": "M1", "name": "M1", "address": "192.0.2.9", "site": "quay", "kind": "fixed"}
    given = estate(tmp_path, cameras=[metered | {"metered": {"per_day": "20 MB"}}])
    assert dealt(dealing(given, WELL), given)["M1"] == "north's place"
    depot = [{"id": "quay", "agents": ["south"]}]
    given = estate(tmp_path, cameras=[metered | {"metered": {"per_day": "20 MB"}}], sites=depot,
                   recorders=[], database=SHARED)  # fmt: skip
    assert dealt(dealing(given, WELL), given)["M1"] == "place"


async def test_a_site_whose_agent_is_away_is_not_known(tmp_path: Path) -> None:
    given = estate(tmp_path, sites=[{"id": "quay", "agents": ["depot"]}], database=SHARED)
    made = dealing(given, WELL)
    made._opened = time.monotonic() - SECONDS - 1
    found = await made.outcome_of(given.reach_checks["C100"], Trace())
    assert found is not None
    assert (found.value, found.reason, found.detail) == (None, Reason.NO_AGENT, "depot")
    assert made.unreached() == {"quay": ["depot"]}
    made._opened = time.monotonic()
    assert made.unreached() == {}, "it may be on its way"


def test_the_digest_is_that_of_what_is_checked(tmp_path: Path) -> None:
    given = estate(tmp_path)
    again = estate(tmp_path, agent={"state_directory": "elsewhere", "port": "9999"})
    assert digest_of(given) == digest_of(again)
    device = given.devices["C100"]
    changed = {**given.devices, "C100": replace(device, address="198.51.100.7")}
    assert digest_of(given) != digest_of(replace(given, devices=changed))
