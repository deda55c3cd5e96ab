"""The page of clock statements: who may make one, what is refused in words, and every form of it; made of
what the agent has read a moment ago.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from helpers.fakes.onvif_clock import ClockCamera, row, serving, time_servers
from helpers.open_agent import OpenAgent, open_agent

from healthmon.store.clock_history import ClockKind

pytestmark = pytest.mark.slow
FORM, PAGE = "/devices/C001/clock-statement", "/devices/C001"


def read(room: OpenAgent) -> bool:
    return ("C001", ClockKind.DEVICE.value) in room.agent.incident_service.clocks.now


async def test_a_statement_is_made_by_an_operator_and_shown_in_every_form(tmp_path: Path) -> None:
    async with time_servers() as servers, serving([ClockCamera(utc=3600.0)]) as cameras:
        quick = {"clock_interval": "1 s", "interval": "5 s"}
        estate = {"sites": [{"id": "s"}], "time_servers": servers, "cameras": cameras}
        tree = estate | {"defaults": quick}
        async with open_agent(tmp_path, tree) as room:
            await room.until(lambda: read(room))
            at = room.agent.incident_service.clocks.now["C001", "device"].row.since
            await room.until(lambda: time.time() > at + 1)
            typed = f"{datetime.fromtimestamp(at + 0.999, UTC):%Y-%m-%dT%H:%M:%SZ}"
            assert f'href="{FORM}"' in (await room.get(PAGE)).text
            made = await room.press(FORM, FORM, time=typed, reason="police reference 42")
            assert made.status_code == 303, made.text
            where = made.headers["location"]
            page = await room.get(where)
            assert "police reference 42" in page.text
            assert "3,600." in page.text or "3,599." in page.text
            assert "by smith" in page.text
            assert "style-src" in page.headers["content-security-policy"]
            found = json.loads((await room.get(f"{where}.json")).text)
            (moment,) = found["facts"]["moments"]
            assert moment["clocks"][0]["verdict"].startswith("Wrong time zone")
            assert (await room.get(f"{where}.txt")).text.startswith("CLOCK STATEMENT  C001 Gate 1")
            pdf = await room.get(f"{where}.pdf")
            assert pdf.content.startswith(b"%PDF-")
            assert pdf.headers["content-type"] == "application/pdf"
            assert "clock statement" in (await room.get(PAGE)).text, "on record at the device"


async def test_others_are_refused_and_bad_input_keeps_what_was_typed(tmp_path: Path) -> None:
    tree = {"sites": [{"id": "s"}], "cameras": [row(1, 9, "Gate")]}
    async with open_agent(tmp_path, tree) as room:
        mark = await room.mark(FORM)
        assert f'href="{FORM}"' not in (await room.get(PAGE, "viewer")).text
        assert 'name="reason"' not in (await room.get(FORM, "viewer")).text
        by_viewer = await room.post(FORM, "viewer", once=mark, time="2026-11-01 10:00", reason="x")
        assert by_viewer.status_code == 403
        later = f"{datetime.fromtimestamp(time.time() + 9999, UTC):%Y-%m-%dT%H:%M:%SZ}"
        refused = await room.press(FORM, FORM, time=later, reason='a "reason"')
        assert refused.status_code == 409
        assert "is in the future" in refused.text
        assert "a &#34;reason&#34;" in refused.text
        nobody = "/devices/C404/clock-statement"
        assert "no such device" in (await room.press(FORM, nobody, time=later, reason="x")).text
        for path in ("/clock-statements/1", "/clock-statements/x", "/clock-statements/1.csv"):
            assert (await room.get(path)).status_code == 404
