"""N7: a deployable camera on 4G keeps to its data budget, by the byte counters of the simulated camera."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from healthmon import app as composition
from healthmon import config as configuration
from healthmon import databudget, metered
from healthmon.app import App
from healthmon.demo.estate import Estate
from healthmon.demo.state import HTTP, RTSP, SimDevice
from healthmon.figures import metered_tables
from healthmon.model import Ask, Observation, Question, Reason, State
from healthmon.wire.net import CONNECT_SECONDS

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


def made(folder: Path, budget: str) -> App:
    (folder / "view").write_text("view only\n")
    (folder / "view").chmod(0o600)
    (folder / "state").mkdir(exist_ok=True)
    path = folder / "config.yaml"
    text = CONFIG.format(
        state=folder / "state", address=ADDRESS, budget=budget, rtsp=RTSP, http=HTTP
    )
    path.write_text(text)
    app = composition.build(configuration.load(path))
    app.data.settle()  # as the agent does; a sweep does so before its first look
    return app


def ask(app: App, question: Question) -> Ask:
    return next(one for one in app.asks if one.question is question)


async def look(app: App, question: Question) -> Observation:
    return await app.look(ask(app, question))


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
    app = made(tmp_path, "100 kB")
    seen = [await look(app, Question.STREAM) for _ in range(9)]
    answered = [one for one in seen if one.value is not None]
    refused = [one for one in seen if one.reason is Reason.DATA_BUDGET]
    assert len(answered) >= 3
    assert len(refused) >= 2
    assert answered + refused == seen, "first the pictures, then nothing, never a fault"
    for one in refused:
        assert {verdict.state for verdict in app.judge(one)} == {State.UNKNOWN}
        assert (
            "kB of 100 kB of today's data are used; only reachability is looked at until midnight"
            in one.detail
        )
    used = app.data.used["D1"] - 40e3
    assert used <= 60e3
    assert carried(estate) < used < 1.4 * carried(estate), "headers are a share of what is carried"
    assert (await look(app, Question.CLOCK)).reason is Reason.DATA_BUDGET
    assert (await look(app, Question.REACH)).value is not None, "the cheap look goes on"
    await app.close()


async def test_n7_at_the_end_not_even_reachability_is_looked_at_and_the_camera_is_not_called_lost(
    estate, tmp_path
):
    spent(tmp_path, 97e3)
    app = made(tmp_path, "100 kB")
    reach = await look(app, Question.REACH)
    assert app.judge(reach)[0].state is State.OK
    assert app.data.used["D1"] > 97e3 + 300
    app.data.used["D1"] = 99e3
    before = carried(estate), estate.counters("D1").connections
    found = await look(app, Question.REACH)
    (verdict,) = app.judge(found)
    assert (found.reason, verdict.state) == (Reason.DATA_BUDGET, State.UNKNOWN)
    assert verdict.sentence == (
        "reachability not checked: today's data budget is used "
        "(99 kB of 100 kB of today's data are used; goes on after midnight)"
    )
    assert (carried(estate), estate.counters("D1").connections) == before, "not a byte"
    assert "D1" not in app.down
    await app.close()


async def test_n7_a_look_that_runs_out_of_data_ends_itself_and_its_session(estate, tmp_path):
    spent(tmp_path, 84e3)
    app = made(tmp_path, "100 kB")
    long = replace(ask(app, Question.STREAM), watch=20.0, timeout=30.0)
    found = await app.look(long)
    assert found.duration < 12, "it would have played for 20 s"
    assert 98e3 < app.data.used["D1"] < 110e3
    counters = estate.counters("D1")
    assert (counters.sessions, counters.teardowns, counters.lost_sessions) == (1, 1, 0)
    await app.close()


async def test_n7_pictures_by_udp_are_counted_too(estate, tmp_path):
    await estate.set_fault("D1", "udp_only")
    app = made(tmp_path, "1 MB")
    assert (await look(app, Question.STREAM)).value is not None
    assert 5e3 < carried(estate) < app.data.used["D1"] < 1.6 * carried(estate)
    await app.close()


async def test_n7_what_was_used_outlives_a_restart_and_ends_with_the_day(
    estate, tmp_path, monkeypatch
):
    spent(tmp_path, 80e3)
    app = made(tmp_path, "100 kB")
    assert (await look(app, Question.STREAM)).value is not None
    used = app.data.used["D1"]
    assert used > 85e3
    await app.close()
    again = made(tmp_path, "100 kB")
    assert again.data.used["D1"] == used
    assert (await look(again, Question.STREAM)).reason is Reason.DATA_BUDGET
    monkeypatch.setattr(databudget, "day_of", lambda _now, _zone: "2099-01-01")
    assert (await look(again, Question.STREAM)).value is not None
    assert again.data.used["D1"] < 20e3
    await again.close()


async def test_two_programs_share_what_is_used(estate, tmp_path):
    agent, sweep = made(tmp_path, "10 MB"), made(tmp_path, "10 MB")
    await look(agent, Question.REACH)
    await look(sweep, Question.STREAM)
    await look(agent, Question.REACH)
    assert agent.data.used["D1"] > sweep.data.used["D1"] > 5e3
    await agent.close()
    await sweep.close()


@pytest.mark.parametrize(
    "text", ["", "[]", '{"day": 1}', '{"day": "2026-11-24", "used": {"D1": "x"}}', "\0"]
)
async def test_a_damaged_file_is_begun_anew(estate, tmp_path, text):
    made(tmp_path, "1 MB")
    (tmp_path / "state" / "data.json").write_text(text)
    app = made(tmp_path, "1 MB")
    assert app.data.used == {"D1": 0.0}
    await look(app, Question.REACH)
    assert json.loads((tmp_path / "state" / "data.json").read_text())["used"]["D1"] > 100
    await app.close()


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
    app = made(tmp_path, "20 MB")
    asks = {one.question: one for one in app.asks if one.device == "D1"}
    assert asks[Question.REACH].interval == metered.INTERVAL
    assert asks[Question.CLOCK].interval == metered.CLOCK_INTERVAL
    assert asks[Question.IDENTITY].interval == metered.IDENTITY_INTERVAL
    assert asks[Question.STREAM].timeout == metered.TIMEOUT
    assert app.tools.net.connect_limit(ADDRESS) == metered.TIMEOUT / 4 > CONNECT_SECONDS
    limits = app.devices["D1"].limits
    assert (limits.latency, limits.first_packet) == (metered.LATENCY, metered.FIRST_PACKET)
    tables = {name: rows for name, _, _, rows in metered_tables(app.devices, app.data.used)}
    who = ("D1", "camera", "mobile")
    assert tables == {
        "healthmon_metered_bytes": [(who, 0.0)],
        "healthmon_metered_budget_bytes": [(who, 20e6)],
    }
    await app.close()
