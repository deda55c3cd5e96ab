"""The page /maintenance: windows are made, changed and ended by who may, once, on record, and hold
messages; commands list and export them.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from helpers.commands import healthmon
from helpers.open_agent import OpenAgent, open_agent
from helpers.support import free_port

pytestmark = pytest.mark.slow
PAGE = "/maintenance"
HOUR = 3600.0


def estate() -> dict[str, object]:
    def camera(name: str, site: str) -> dict[str, object]:
        where = {"id": name, "name": f"Camera {name}", "site": site, "address": "127.0.0.1"}
        more = {"kind": "fixed", "http": "no", "rtsp": {"port": free_port()}, "interval": "1 h"}
        return where | more

    return {
        "estate": {"time_zone": "UTC"},
        "sites": [{"id": "market", "name": "Market"}, {"id": "park"}],
        "cameras": [camera("C1", "market"), camera("C2", "park")],
        "maintenance": [
            {
                "devices": ["C2"],
                "start": "2020-01-01 00:00",
                "end": "2020-01-01 01:00",
                "repeat": "weekly",
            }
        ],
    }


def local(seconds: float) -> str:
    """A time from now as a form has it."""
    return f"{datetime.fromtimestamp(time.time() + seconds, UTC):%Y-%m-%dT%H:%M}"


def covered(room: OpenAgent) -> dict[str, str]:
    """Which devices hold their messages, and why."""
    return dict(room.agent.estate_state().maintenance)


async def test_a_window_is_made_changed_and_ended_once_and_counts_at_once(tmp_path: Path) -> None:
    async with open_agent(tmp_path, estate()) as room:
        form = {"site": "market", "reason": "new <mast>", "end": local(2 * HOUR)}
        mark = await room.mark(PAGE)
        for _ in range(2):
            sent = await room.post(PAGE, once=mark, **form)
            assert (sent.status_code, sent.headers["location"]) == (303, PAGE)
        assert covered(room) == {"C1": "new <mast>"}
        text = (await room.get(PAGE)).text
        names = re.findall(r"<h3>(W\d{6}): site Market</h3>", text)
        assert len(names) == 1
        assert "new &lt;mast&gt;" in text
        assert "2020-01-01 01:00, weekly" in text, "config.yaml's own"
        name = names[0]
        code, out, err = healthmon("check-config", "--config", str(tmp_path / "config.yaml"))
        assert (code, f"override: window {name} of market" in err) == (0, True)
        code, out, _ = healthmon("overrides", "--config", str(tmp_path / "config.yaml"))
        assert (code, "- market" in out, "reason: new <mast>" in out) == (0, True, True)
        change = {"site": "", "devices": "C1, C2", "reason": "both", "end": local(3 * HOUR)}
        change["start"] = "in the hour that comes twice"  # it has begun: its beginning stays
        await room.press(PAGE, f"{PAGE}/{name}", **change)
        assert covered(room) == {"C1": "both", "C2": "both"}
        mark = await room.mark(PAGE)
        for _ in range(2):
            assert (await room.post(f"{PAGE}/{name}", once=mark, do="end")).status_code == 303
        assert covered(room) == {}
        text = (await room.get(PAGE, "viewer")).text
        for did in ("window made", "window changed", "window ended"):
            assert did in text
        gone = await room.press(PAGE, f"{PAGE}/{name}", do="end")
        assert (gone.status_code, "is not there, or has ended" in gone.text) == (409, True)


async def test_a_long_window_is_a_managers_and_a_viewer_makes_none(tmp_path: Path) -> None:
    async with open_agent(tmp_path, estate()) as room:
        form = {"site": "*", "reason": "works", "end": local(30 * HOUR)}
        refused = await room.press(PAGE, PAGE, **form)
        assert (refused.status_code, "made by a manager" in refused.text) == (409, True)
        assert 'value="works"' in refused.text, "what was entered is kept"
        assert covered(room) == {}
        assert (await room.press(PAGE, PAGE, "khan", **form)).status_code == 303
        assert set(covered(room)) == {"C1", "C2"}
        denied = await room.post(PAGE, "viewer", once="x" * 20, **form)
        assert (denied.status_code, "this needs role" in denied.text) == (403, True)
        text = (await room.get(PAGE, "viewer")).text
        assert ("all sites" in text, "<form" in text.partition("<main")[2]) == (True, False)


async def test_a_form_that_cannot_be_is_refused_in_words(tmp_path: Path) -> None:
    cases = {
        "there is no device C9": {"devices": "C9"},
        "there is no device agent": {"devices": "agent"},
        "there is no site moon": {"site": "moon"},
        "is not a time": {"end": "tomorrow"},
        "needs a reason": {"reason": " "},
    }
    async with open_agent(tmp_path, estate()) as room:
        for words, change in cases.items():
            form = {"devices": "C1", "reason": "works", "end": local(HOUR)} | change
            answer = await room.press(PAGE, PAGE, **form)
            assert (answer.status_code, words in answer.text) == (409, True), words
        assert covered(room) == {}


async def test_windows_outlive_the_agent(tmp_path: Path) -> None:
    async with open_agent(tmp_path, estate()) as room:
        await room.press(PAGE, PAGE, devices="C1", reason="works", end=local(HOUR))
    async with open_agent(tmp_path, estate()) as room:
        assert covered(room) == {"C1": "works"}
