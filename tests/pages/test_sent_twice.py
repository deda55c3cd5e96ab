"""Acts on the pages that come twice, with impossible or ambiguous times, or unknown places."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from helpers.shift_desk import shift_desk

pytestmark = pytest.mark.slow


async def test_a_fault_is_raised_once_at_a_time_and_place_that_can_be(tmp_path: Path) -> None:
    async with shift_desk(tmp_path, 1, time_zone="Europe/London") as desk:
        opened = desk.opened
        given = {"device": "C001", "what": "dome is dirty", "noticed_by": "police"}
        form = given | {"once": await opened.mark("/raise")}
        first, second = [await opened.post("/raise", **form) for _ in range(2)]
        fault = first.headers["location"]
        assert second.headers["location"] == fault
        mark = await opened.mark(fault)
        report = {"act": "report", "to": "Acme", "once": mark}
        sent = [await opened.post(f"{fault}/acts", **report) for _ in range(2)]
        assert [one.status_code for one in sent] == [303, 303]
        page = (await opened.get(fault)).text
        assert len(re.findall('<th scope="row">reported', page)) == 1

        long = dict.fromkeys(("action", "parts", "reference", "note"), "é" * 1000)
        mark = await opened.mark(fault)
        sent_long = await opened.post(f"{fault}/acts", act="fix", once=mark, **long)
        assert sent_long.status_code == 303, (
            "no text of the allowed length is too long for the form"
        )
        assert (await opened.get(fault)).text.count("é" * 1000) >= len(long)

        for at in ("0001-01-01T00:00", "9999-12-31T23:59"):
            more = {"priority": "2", "happened": at}
            refused = await opened.press("/raise", "/raise", **given, **more)
            assert refused.status_code == 409
            assert "in the future or more than a year ago; check the date" in refused.text
            assert f'name="happened" value="{at}"' in refused.text, "what was typed is kept"
            assert '<option value="2" selected>' in refused.text
        refused = await opened.press("/raise", "/raise", **given, site="nowhere")
        assert "There is no site nowhere in the configuration." in refused.text
        assert (await opened.get("/faults?until=9999-12-31")).status_code == 400
        log = (await opened.get("/faults?state=all")).text
        assert set(
            re.findall(
                r'href="(/faults/F\d+)">[^<]*</a></th>\s*<td[^>]*><a href="/devices/C001', log
            )
        ) <= {fault}
        assert log.count("dome is dirty") == 1


async def test_a_fault_that_people_have_ended_is_not_new_on_the_desk(tmp_path: Path) -> None:
    async with shift_desk(tmp_path, 1, time_zone="Europe/London") as desk:
        opened = desk.opened
        given = {"device": "C001", "what": "dome is dirty", "noticed_by": "police"}
        fault = (await opened.press("/raise", "/raise", **given)).headers["location"]

        async def listed() -> tuple[bool, bool]:
            page = (await opened.get("/desk")).text
            new, _, rest = page.partition("<h2>New faults</h2>")[2].partition(
                "<h2>Open faults</h2>"
            )
            return fault in new, fault in rest.partition("<h2>Ended since")[2]

        assert await listed() == (True, False)
        for act in ("verify", "accept"):
            sent = await opened.press(fault, f"{fault}/acts", act=act)
            assert sent.status_code == 303, sent.text
            assert await listed() == (False, True)


async def test_a_time_that_comes_twice_can_be_typed_with_its_offset(tmp_path: Path) -> None:
    async with shift_desk(tmp_path, 1, time_zone="Europe/London") as desk:
        opened, twice = desk.opened, "2026-10-25T01:30"
        given = {"device": "C001", "what": "dome is dirty", "noticed_by": "police"}
        refused = await opened.press("/raise", "/raise", **given, happened=twice)
        assert "comes twice; write 2026-10-25T01:30+0100 or" in refused.text
        assert f'type="text" name="happened" value="{twice}"' in refused.text
        window = {"devices": "C001", "reason": "works", "start": twice, "end": "2099-01-01T00:00"}
        refused = await opened.press("/maintenance", "/maintenance", "khan", **window)
        assert "comes twice" in refused.text
        assert f'type="text" name="start" value="{twice}"' in refused.text
        fault = (await opened.press("/raise", "/raise", **given)).headers["location"]
        attend = {"act": "attend", "engineer": "Lee", "happened": twice}
        refused = await opened.press(fault, f"{fault}/acts", **attend)
        assert "comes twice" in refused.text
        assert refused.text.count('type="text" name="happened"') == 1
