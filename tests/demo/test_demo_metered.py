"""N7: a deployable camera on 4G keeps to its data budget, by the byte counters of the simulated
camera.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.results import applied

from healthmon.config import loading
from healthmon.demo.estate import Estate
from healthmon.demo.state import HTTP, RTSP, SimDevice
from healthmon.inventory import metered
from healthmon.model.device import Check
from healthmon.model.enums import CheckName, Reason, State
from healthmon.model.results import Observation, Verdict
from healthmon.protocols.transport.connector import CONNECT_SECONDS
from healthmon.runtime import engine as composition
from healthmon.runtime.agent_metrics import metered_tables
from healthmon.runtime.engine import CheckEngine
from healthmon.scheduling import data_budget

ADDRESS = "127.36.1.2"
CONFIG = """
agent: {{state_directory: {state}}}
sites: [{{id: mobile}}]
credentials: {{view: {{username: healthmon, secret: {{file: view}}}}}}
cameras:
  - id: D1
    name: Deployable 1
    site: mobile
    address: {address}
    kind: deployable
    credential: view
    watch: 1 s
    metered: {{per_day: {budget}}}
    rtsp: {{port: {rtsp}}}
    http: {{port: {http}}}
    streams: [{{name: sub, path: /stream1, bit_rate: 400 kbit/s}}]
"""


@pytest.fixture
async def estate():
    started = Estate(
        [SimDevice("D1", "Deployable 1", "camera", ADDRESS, "mobile", variant="deployable")]
    )
    await started.start()
    yield started
    await started.stop()


def made(folder: Path, budget: str) -> CheckEngine:
    (folder / "view").write_text("view only\n")
    (folder / "view").chmod(0o600)
    (folder / "state").mkdir(exist_ok=True)
    path = folder / "config.yaml"
    text = CONFIG.format(
        state=folder / "state", address=ADDRESS, budget=budget, rtsp=RTSP, http=HTTP
    )
    path.write_text(text)
    engine = composition.build(loading.load(path))
    engine.data.settle()  # as the agent does; a sweep does so before its first look
    return engine


def check(engine: CheckEngine, check_type: CheckName) -> Check:
    return next(one for one in engine.estate.checks if one.check_type == check_type)


def verdicts_of(engine: CheckEngine, observation: Observation) -> tuple[Verdict, ...]:
    return engine.evaluated(check(engine, observation.check_type), observation).verdicts


async def look(engine: CheckEngine, check_type: CheckName) -> Observation:
    return (await applied(engine, check(engine, check_type))).observation


def carried(estate: Estate) -> int:
    """Payload that the camera has seen, both ways; headers come on top of it."""
    counters = estate.counters("D1")
    return counters.bytes_out + counters.bytes_in


def spent(folder: Path, size: float) -> None:
    """What was used today before."""
    (folder / "state").mkdir(exist_ok=True)
    today = str(metered.day_of(time.time(), "Europe/London"))
    (folder / "state" / "data.json").write_text(json.dumps({"day": today, "used": {"D1": size}}))


async def test_n7_looks_end_at_the_budget_and_what_is_not_looked_at_is_no_fault(estate, tmp_path):
    spent(tmp_path, 40e3)
    engine = made(tmp_path, "100 kB")
    seen = [await look(engine, CheckName.STREAM) for _ in range(9)]
    answered = [one for one in seen if one.value is not None]
    refused = [one for one in seen if one.reason is Reason.DATA_BUDGET]
    assert len(answered) >= 3
    assert len(refused) >= 2
    assert answered + refused == seen, "first the pictures, then nothing, never a fault"
    for one in refused:
        assert {verdict.state for verdict in verdicts_of(engine, one)} == {State.UNKNOWN}
        assert (
            "kB of 100 kB of today's data are used; only reachability is checked until midnight"
            in one.detail
        )
    used = engine.data.used["D1"] - 40e3
    assert used <= 60e3
    assert carried(estate) < used < 1.4 * carried(estate), "headers are a share of what is carried"
    assert (await look(engine, CheckName.CLOCK)).reason is Reason.DATA_BUDGET
    assert (await look(engine, CheckName.REACH)).value is not None, "the cheap look goes on"
    await engine.close()


async def test_n7_at_the_end_not_even_reachability_is_looked_at_and_the_camera_is_not_called_lost(
    estate, tmp_path
):
    spent(tmp_path, 97e3)
    engine = made(tmp_path, "100 kB")
    reach = await look(engine, CheckName.REACH)
    assert verdicts_of(engine, reach)[0].state is State.OK
    assert engine.data.used["D1"] > 97e3 + 300
    engine.data.used["D1"] = 99e3
    before = carried(estate), estate.counters("D1").connections
    found = await look(engine, CheckName.REACH)
    (verdict,) = verdicts_of(engine, found)
    assert (found.reason, verdict.state) == (Reason.DATA_BUDGET, State.UNKNOWN)
    assert verdict.sentence == (
        "reachability not checked: today's data budget is used "
        "(99 kB of 100 kB of today's data are used; goes on after midnight)"
    )
    assert (carried(estate), estate.counters("D1").connections) == before, "not a byte"
    assert "D1" not in engine.state.down
    await engine.close()


async def test_n7_a_look_that_runs_out_of_data_ends_itself_and_its_session(estate, tmp_path):
    spent(tmp_path, 84e3)
    engine = made(tmp_path, "100 kB")
    long = replace(check(engine, CheckName.STREAM), watch=20.0, timeout=30.0)
    found = (await engine.run_check(long)).observation
    assert found.duration < 12, "it would have played for 20 s"
    assert 98e3 < engine.data.used["D1"] < 110e3
    counters = estate.counters("D1")
    assert (counters.sessions, counters.teardowns, counters.lost_sessions) == (1, 1, 0)
    await engine.close()


async def test_n7_pictures_by_udp_are_counted_too(estate, tmp_path):
    await estate.set_fault("D1", "udp_only")
    engine = made(tmp_path, "1 MB")
    assert (await look(engine, CheckName.STREAM)).value is not None
    assert 5e3 < carried(estate) < engine.data.used["D1"] < 1.6 * carried(estate)
    await engine.close()


async def test_n7_what_was_used_outlives_a_restart_and_ends_with_the_day(
    estate, tmp_path, monkeypatch
):
    spent(tmp_path, 80e3)
    engine = made(tmp_path, "100 kB")
    assert (await look(engine, CheckName.STREAM)).value is not None
    used = engine.data.used["D1"]
    assert used > 85e3
    await engine.close()
    again = made(tmp_path, "100 kB")
    assert again.data.used["D1"] == used
    assert (await look(again, CheckName.STREAM)).reason is Reason.DATA_BUDGET
    monkeypatch.setattr(data_budget, "day_of", lambda _now, _zone: "2099-01-01")
    assert (await look(again, CheckName.STREAM)).value is not None
    assert again.data.used["D1"] < 20e3
    await again.close()


async def test_two_programs_share_what_is_used(estate, tmp_path):
    agent, sweep = made(tmp_path, "10 MB"), made(tmp_path, "10 MB")
    await look(agent, CheckName.REACH)
    await look(sweep, CheckName.STREAM)
    await look(agent, CheckName.REACH)
    assert agent.data.used["D1"] > sweep.data.used["D1"] > 5e3
    await agent.close()
    await sweep.close()


@pytest.mark.parametrize(
    "text", ["", "[]", '{"day": 1}', '{"day": "2026-11-24", "used": {"D1": "x"}}', "\0"]
)
async def test_a_damaged_file_is_begun_anew(estate, tmp_path, text):
    made(tmp_path, "1 MB")
    (tmp_path / "state" / "data.json").write_text(text)
    engine = made(tmp_path, "1 MB")
    assert engine.data.used == {"D1": 0.0}
    await look(engine, CheckName.REACH)
    assert json.loads((tmp_path / "state" / "data.json").read_text())["used"]["D1"] > 100
    await engine.close()


@pytest.mark.parametrize(
    ("budget", "rate", "watch"),
    [(20e6, 500e3, 1.0), (5e6, 500e3, 1.0), (20e6, 4e6, 2.0), (1e6, 1e6, 1.0)],
)
def test_n7_planned_looks_fit_into_the_budget(budget, rate, watch):
    slow = metered.Pace(900.0, 21600.0, 86400.0, 86400.0, 30.0, budget)
    looks = 86400 / slow.stream(rate, watch)
    reach = 86400 / slow.interval * 1500
    assert (
        looks * (rate / 8 * watch * metered.STREAM_OVERHEAD + metered.SESSION_BYTES) + reach
        <= budget
    )
    assert slow.stream(rate, watch) >= 900


async def test_a_metered_device_is_asked_less_and_given_more_time(tmp_path):
    engine = made(tmp_path, "20 MB")
    checks = {one.check_type: one for one in engine.estate.checks if one.device == "D1"}
    assert checks[CheckName.REACH].interval == metered.INTERVAL
    assert checks[CheckName.CLOCK].interval == metered.CLOCK_INTERVAL
    assert checks[CheckName.IDENTITY].interval == metered.IDENTITY_INTERVAL
    assert checks[CheckName.STREAM].timeout == metered.TIMEOUT
    assert engine.context.connector.connect_limit(ADDRESS) == metered.TIMEOUT / 4 > CONNECT_SECONDS
    limits = engine.estate.devices["D1"].limits
    assert (limits.latency, limits.first_packet) == (metered.LATENCY, metered.FIRST_PACKET)
    tables = {
        name: rows for name, _, _, rows in metered_tables(engine.estate.devices, engine.data.used)
    }
    who = ("D1", "camera", "mobile")
    assert tables == {
        "healthmon_metered_bytes": [(who, 0.0)],
        "healthmon_metered_budget_bytes": [(who, 20e6)],
    }
    await engine.close()
