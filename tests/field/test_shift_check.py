"""``healthmon sweep --shift``: the whole function check of a camera that is there and one that is not."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import json
import sqlite3
import time
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from helpers.fakes.rtsp_server import Camera
from helpers.field_cameras import camera_row, film
from helpers.loopback import served
from helpers.product import Done, Product
from helpers.support import Peers, free_port


async def test_the_shift_check_has_every_camera_on_every_line_in_every_form(tmp_path: Path) -> None:
    def shift(product: Product) -> tuple[Done, Done]:
        outputs = [tmp_path / f"sheet.{form}" for form in ("html", "csv", "json", "txt", "pdf")]
        argv = [part for output in outputs for part in ("--output", output)]
        product.environment["COLUMNS"] = "90"
        refused = product.run("sweep", "--shift", "--output", tmp_path / "sheet.doc")
        done = product.run("sweep", "--shift", *argv)
        assert product.run("sign", "--name", "A. Day").code == 0
        again = product.run("sheet", "--output", tmp_path / "again.pdf")
        assert (again.code, "Signed A. Day, " in again.out) == (0, True)
        assert product.run("sheet", "--until", "2020-01-01").code == 3
        return done, refused

    async with served(Camera(film()).talk) as server:
        lost = camera_row(free_port(), id="C2", name="South", contractor="acme")
        tree = {
            "estate": {"name": "Field", "time_zone": "Europe/London", "simulated": "yes"},
            "cameras": [camera_row(server.port), lost],
            "contractors": [{"id": "acme", "name": "Acme Security"}],
        }
        done, refused = await asyncio.to_thread(shift, Product(tmp_path, tree))
    assert (done.code, refused.code) == (1, 3)
    assert ".txt" in refused.err
    assert "sweep" not in refused.out
    assert max(map(len, done.out.splitlines())) <= 90
    assert "SIMULATED ESTATE" in done.out
    assert "live 1 of 2" in done.out
    made = json.loads((tmp_path / "sheet.json").read_text())
    marks = {camera["id"]: [cell["mark"] for cell in camera["cells"]] for camera in made["cameras"]}
    assert {name: len(cells) for name, cells in marks.items()} == {"C1": 26, "C2": 26}
    assert (marks["C1"][0], marks["C1"][2]) == ("pass", "pass")
    assert marks["C2"][0] == "FAIL"
    assert all(cell["why"] for camera in made["cameras"] for cell in camera["cells"])
    (fault,) = [one for one in made["faults"] if one["devices"] == "C2"]
    assert fault["contractor"] == "Acme Security"
    rows = list(csv.DictReader((tmp_path / "sheet.csv").read_text().splitlines()))
    assert [row["mark"] for row in rows[:-1]] == marks["C1"] + marks["C2"]
    assert (rows[-1]["camera"], rows[-1]["mark"]) == ("C1", "NOT SEEN"), "no person has looked"
    assert "SIMULATED ESTATE" in (tmp_path / "sheet.html").read_text()
    assert "SHIFT CHECK" in (tmp_path / "sheet.txt").read_text()
    assert (tmp_path / "again.pdf").read_bytes().startswith(b"%PDF-")


async def test_a_missed_check_is_told_and_a_restart_forgets_it_as_little_as_a_late_one_ends_it(
    tmp_path: Path, peers: Peers
) -> None:
    """The change of shift was two hours ago; the record is made to begin a day ago."""
    london = ZoneInfo("Europe/London")
    ago = datetime.now(london) - timedelta(hours=2)

    def missed(product: Product) -> list[dict[str, object]]:
        log = json.loads(product.run("faults", "--json").out)
        return [one for one in log if one["code"] == "sweep_missed"]

    def watched(product: Product) -> None:
        with product.agent(peers) as agent:
            agent.until(lambda: agent.value("healthmon_device_up", device="C1") == 1, 60)
            assert "sweep_missed" not in agent.faults("healthmon"), (
                "it was due before the agent was there"
            )
        with (
            contextlib.closing(sqlite3.connect(tmp_path / "state" / "healthmon.db")) as store,
            store,
        ):
            begun = str(time.time() - 86400)
            changed = store.execute(
                "UPDATE meta SET value = ? WHERE name = 'watched_since'", (begun,)
            )
            assert changed.rowcount == 1
        for _ in range(2):
            with product.agent(peers) as agent:
                agent.until(lambda: "sweep_missed" in agent.faults("healthmon"), 60)
        (fault,) = missed(product)
        assert f"{ago:%H:%M} was not made" in str(fault["sentence"])
        product.run("sweep", "--shift")
        with product.agent(peers) as agent:
            agent.until(lambda: "sweep_missed" not in agent.faults("healthmon"), 60)
        (fault,) = missed(product)
        assert fault["closed"]

    async with served(Camera(film()).talk) as server:
        tree = {
            "estate": {"time_zone": "Europe/London", "shifts": [f"{ago:%H:%M}"]},
            "cameras": [camera_row(server.port, interval="1 s")],
            "defaults": {"cause": {"hold": "1 s", "quiet": "1 s", "longest": "2 s"}},
        }
        await asyncio.to_thread(watched, Product(tmp_path, tree))
