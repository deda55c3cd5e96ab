"""The list of the kept sheets: the newest first, a page at a time, from a day on backwards."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path

from helpers.shift_desk import shift_desk
from helpers.shift_estate import sheet

from healthmon.store import Store
from healthmon.store.handovers import Handover, Party, Signing
from healthmon_exporters.reports import kept_sheet

HOSTILE = "<b>gate</b>"
DAY = 86400.0
_ROW = re.compile(r'<th scope="row" class="n"><a href="/sheets/(\d+)">([^<]*)</a>')


async def test_sheets_are_listed_newest_first_with_totals_and_signatures(tmp_path: Path) -> None:
    now = time.time()
    async with shift_desk(tmp_path, 1) as desk, desk.client("viewer") as http:
        assert "No sheet has been made yet." in (await http.get("/sheets")).text
        store = Store.open(f"sqlite:///{tmp_path / 'state' / 'healthmon.db'}")
        body = kept_sheet.body(sheet(3))
        numbers = [store.keep_sweep(now - (45 - one) * DAY / 2, body) for one in range(45)]
        signed = Handover(
            numbers[-1],
            [Signing(Party.OUTGOING, "smith"), Signing(Party.INCOMING, HOSTILE)],
            now,
            9e9,
        )
        store.hand_over(signed)
        store.close()
        found: list[str] = []
        path = "/sheets"
        pages = 0
        while path:
            page = (await http.get(path)).text
            rows = _ROW.findall(page)
            found += [number for number, _ in rows]
            older = re.search(r'href="(/sheets\?below=\d+)">Older sheets', page)
            path, pages = (older[1] if older else ""), pages + 1
        assert (found, pages) == ([str(one) for one in reversed(numbers)], 3)

        page = (await http.get("/sheets")).text
        assert "live 2 of 3; recorded 3 of 3" in page
        assert "Handed over by smith, " in page
        assert "Accepted by &lt;b&gt;gate&lt;/b&gt;, " in page
        assert page.count("nobody has signed it") == 19
        assert f'href="/sheets/{numbers[-1]}.pdf"' in page
        day = datetime.fromtimestamp(now - 10 * DAY, UTC)
        page = (await http.get(f"/sheets?until={day:%Y-%m-%d}")).text
        newest = _ROW.findall(page)[0][1]
        assert datetime.strptime(newest, "%d %b %Y %H:%M").date() == day.date()
        assert f"&amp;until={day:%Y-%m-%d}" in page
        assert "There are no older sheets." in (await http.get("/sheets?until=2001-01-01")).text
        for wrong, status in (("until=x", 400), ("until=9999-12-31", 400), ("below=x", 404)):
            assert (await http.get(f"/sheets?{wrong}")).status_code == status
        assert 'href="/sheets"' in (await http.get("/desk")).text
