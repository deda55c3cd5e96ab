"""What was learned outlives a reload: every field of `AgentState`, by its name."""

from __future__ import annotations

import copy
import time
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from helpers.reading import read_here
from helpers.results import result_with

from healthmon.checks.probes.context import DeviceMemory, StreamMemory
from healthmon.config import loading
from healthmon.model.device import Check
from healthmon.model.enums import CheckName, Reason, Span, State
from healthmon.model.measurements import Reference
from healthmon.model.picture import Answer
from healthmon.model.results import CheckResult, Verdict, nothing
from healthmon.notifications.notice import What
from healthmon.protocols.trace import Trace
from healthmon.protocols.transport.names import KnownName
from healthmon.runtime.agent import Agent
from healthmon.runtime.estate import Estate
from healthmon.runtime.state import AgentState, FailedRun
from healthmon.scheduling.scheduler import Schedule

CONFIG = """
agent: {{state_directory: "{state}"}}
time_servers: [{{address: 127.0.0.1, port: 9}}]
sites: [{{id: market}}]
cameras:
  - {{id: C001, name: One, site: market, address: camera.example.com, kind: fixed, access: key at the lodge}}
  - {{id: C002, name: Two, site: market, address: 127.0.0.2, kind: deployable, metered: {{per_day: 1 MB}}}}
"""
KEY = ("C001", CheckName.STREAM, "main")


def taught(state: AgentState) -> None:
    """Teach `state` something in every field."""
    now = time.time()
    bad = Verdict(
        "C001", CheckName.STREAM, "main", "pictures", State.FAULT, "no_pictures", "none", now
    )
    result = result_with(bad)
    state.book.apply([bad])
    state.lockout_guard.now = time.time
    state.known_time.apply(Reference(Span(0.0, 0.1), now, 1, 1))
    state.memory["C001"] = DeviceMemory(streams={"main": StreamMemory(path="/live")})
    state.names.known["camera.example.com"] = KnownName("192.0.2.1", now, now + 3600)
    state.data.fresh["C002"] = 123456.0
    state.kiss_of_death_until["127.0.0.1", 9] = (time.monotonic() + 3600, "RATE")
    state.down["C001"] = now
    state.cut["C001"] = "eth0 is down"
    state.ports["C001"] = "port 7 is down"
    state.apply(result)
    state.note_failure(FailedRun(result, Trace()))
    state.away.add(KEY)
    state.doubtful.add(KEY)
    state.untimed.add(KEY)
    state.answers["C001", "main"] = (Answer("view_covered", 5.0, now),)


def shown(value: Any) -> Any:
    """A value that can be compared: its fields where it is no plain value."""
    names = getattr(value, "__slots__", None) or getattr(value, "__dict__", None)
    if isinstance(value, dict | set | tuple | str | int | float) or names is None:
        return copy.copy(value)
    return {name: copy.copy(getattr(value, name)) for name in names}


@pytest.fixture
async def agent(tmp_path: Path) -> Any:
    (tmp_path / "state").mkdir()
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(state=tmp_path / "state"))
    made = Agent.of(path, Estate.of(loading.load(path)))
    made.read = read_here
    taught(made.state)
    yield made
    await made.incident_service.store_writer.close()
    await made.engine.close()
    made.running.close()


@pytest.mark.parametrize("name", [field.name for field in fields(AgentState)])
async def test_every_field_is_kept_over_a_reload_of_an_unchanged_file(agent: Agent, name: str):
    if name == "data":
        agent.engine.data.settle()
    before = shown(getattr(agent.state, name))
    assert before != shown(getattr(AgentState(), name)) or name == "lockout_guard", "taught nothing"
    assert await agent.reload() == ""
    assert shown(getattr(agent.state, name)) == before


async def test_a_device_is_waited_for_until_it_has_a_result(agent: Agent):
    every = {check.device for check in agent.estate.checks}
    assert set(agent.waiting()) == every - {KEY[0]}
    assert not agent.ready()
    ((_, result),) = agent.state.results.items()
    for name in every:
        agent.state.results[name, *KEY[1:]] = result
    assert agent.waiting() == []
    assert agent.ready()


async def test_a_changed_device_is_learned_anew_and_the_others_are_not_forgotten(agent: Agent):
    agent.state.memory["C002"] = DeviceMemory(firmware="1.0")
    agent.state.down["C002"] = 1.0
    text = agent.path.read_text()
    agent.path.write_text(text.replace("127.0.0.2", "127.0.0.3"))
    assert await agent.reload() == ""
    assert set(agent.state.memory) == {"C001"}
    assert set(agent.state.down) == {"C001"}
    assert agent.state.data.used["C002"] == 123456.0, "its data are used whatever its address is"


async def test_a_removed_device_leaves_nothing_behind(agent: Agent):
    lines = agent.path.read_text().splitlines(keepends=True)
    agent.path.write_text("".join(line for line in lines if "C001" not in line))
    assert await agent.reload() == ""
    state = agent.state
    for known in (state.memory, state.down, state.cut, state.ports, state.results, state.failures):
        assert not known
    assert state.latest_results.seen == {}
    assert (state.away, state.doubtful, state.untimed) == (set(), set(), set())
    assert state.names.known == {}


async def test_what_could_not_be_checked_is_checked_soon_when_the_device_is_back(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
):
    soon: list[Check] = []
    monkeypatch.setattr(Schedule, "run_soon", lambda _, checks, **_more: soon.extend(checks))
    agent.schedule = agent.engine.schedule(agent.deliver, agent.engine.run_check)
    agent.state.down.clear()
    agent.state.cut.clear()
    agent.state.away.clear()
    found = {check.check_type: check for check in agent.estate.checks_of["C001"]}
    reach, stream = found[CheckName.REACH], found[CheckName.STREAM]
    runs = (
        (Reason.NOT_REACHED, [stream]),
        (Reason.AGENT_NETWORK, [stream]),
        (Reason.NOT_REPORTED, []),
        (None, []),
    )
    for reason, expected in runs:
        soon.clear()
        agent.deliver(run_of(stream, "pictures", reason))
        agent.deliver(run_of(reach, "answers", None))
        assert soon == expected, reason
    agent.schedule.address_locks.close()


def run_of(check: Check, aspect: str, reason: Reason | None) -> CheckResult:
    """A run of `check` that was well, or could not be made for `reason`."""
    seen = replace(nothing(check, Reason.NOT_REPORTED, at=time.time()), reason=reason)
    state, code = (State.UNKNOWN, reason.value) if reason else (State.OK, "ok")
    told = Verdict(*check.key, aspect, state, code, "as told", seen.at, reason=reason)
    return CheckResult(check, seen, (told,))


async def test_a_run_out_of_turn_is_believed_nowhere(agent: Agent):
    before = {name: shown(getattr(agent.state, name)) for name in ("down", "cut", "ports")}
    detached = agent.engine.detached({"C001"})
    detached.state.down.pop("C001")
    detached.state.memory["C001"].streams["main"].path = "/other"
    detached.context.memory_of("C001").firmware = "2.0"
    assert {name: shown(getattr(agent.state, name)) for name in before} == before
    assert agent.state.memory["C001"] == DeviceMemory(streams={"main": StreamMemory(path="/live")})


async def test_a_notice_says_after_a_reload_too_how_a_repairer_gets_in(agent: Agent):
    def notes() -> str:
        device = agent.estate.devices["C001"]
        register = agent.incident_service.post.register
        moment = datetime(2026, 11, 24, tzinfo=UTC)
        return register.notice(device, "F000001-1", What.OPENED, moment, "dark").access_notes

    assert notes() == "key at the lodge"
    assert await agent.reload() == ""
    assert notes() == "key at the lodge"
