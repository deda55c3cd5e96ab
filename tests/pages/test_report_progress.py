"""A report that takes longer than a person waits for a page: the page says how far it is, and where it
is when it is ready; the agent goes on meanwhile, and leaves no process behind.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from helpers.open_agent import HANG_SECONDS, OpenAgent, open_agent
from helpers.support import free_port

from healthmon.runtime import report_job
from healthmon.runtime.report_job import BusyError, ReportJobs
from healthmon_exporters.pages.report_feed import ReportRequest

pytestmark = pytest.mark.slow
ASKED = "/reports/file?kind=monthly&period={period}&form={form}&public=no"


@pytest.fixture
async def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OpenAgent]:
    monkeypatch.setattr(report_job, "WAIT_SECONDS", 0.0)
    camera = {"id": "C1", "name": "Gate", "site": "s", "address": "127.0.0.1", "kind": "fixed"}
    ports = {"http": "no", "onvif": "no", "rtsp": {"port": free_port()}}
    tree = {"defaults": {"interval": "1 h"}, "sites": [{"id": "s"}], "cameras": [camera | ports]}
    async with open_agent(tmp_path, tree) as made:
        yield made


def this_month() -> str:
    return time.strftime("%Y-%m")


async def test_the_page_says_how_far_a_report_is_until_it_is_ready(room: OpenAgent) -> None:
    path = ASKED.format(period=this_month(), form="pdf")
    answer = await room.get(path, "khan")
    assert (answer.status_code, answer.headers["location"]) == (303, "/reports")
    said = await until_ready(room)
    assert "the record is being opened" in said
    assert "1 of 1 cameras counted" in said
    assert f"CCTV performance, {this_month()}, PDF" in said
    # While one is being made or waits, the same one is meant by the same address.
    page = (await room.get("/reports", "khan")).text
    link = re.search(r'href="(/reports/file[^"]*)">The report is ready', page)
    assert link is not None
    assert link[1].replace("&amp;", "&") == path
    answer = await room.get(path, "khan")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert "The report is ready" not in (await room.get("/reports", "khan")).text


async def test_one_report_is_made_at_a_time(room: OpenAgent) -> None:
    await room.get(ASKED.format(period=this_month(), form="csv"), "khan")
    other = await room.get(ASKED.format(period=this_month(), form="json"), "khan")
    assert other.status_code == 503
    assert "Another report is being made; try again in a minute." in other.text
    await until_ready(room)
    # What is ready and was not fetched makes way.
    other = await room.get(ASKED.format(period=this_month(), form="json"), "khan")
    assert other.status_code == 303


async def test_why_a_report_cannot_be_made_is_told_to_whoever_opens_it(room: OpenAgent) -> None:
    path = ASKED.format(period="2099-01", form="html")
    await room.get(path, "khan")
    await until_ready(room)
    answer = await room.get(path, "khan")
    assert answer.status_code == 503
    assert "2099-01: has not begun" in answer.text


async def until_ready(room: OpenAgent) -> str:
    """What the page has said until the report was ready."""
    said = []
    async with asyncio.timeout(HANG_SECONDS):
        while "The report is ready: open it" not in (
            page := (await room.get("/reports", "khan")).text
        ):
            said.append(page)
            await asyncio.sleep(0.05)
    return "\n".join(said)


async def test_the_end_of_the_agent_ends_the_process(tmp_path: Path) -> None:
    """The fixture of every test finds a child that is left."""
    jobs = ReportJobs(wait_seconds=0.0)
    wanted = ReportRequest("monthly", "2026-01", False, "html")
    assert await jobs.fetched(wanted, tmp_path / "config.yaml") is None
    assert jobs.making() is not None
    with pytest.raises(BusyError, match="another report is being made"):
        await jobs.fetched(ReportRequest("foi", "2026", True, "html"), tmp_path)
    await jobs.close()
    assert jobs.making() is None
