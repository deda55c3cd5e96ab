"""``healthmon commission`` of simulated devices, from their protocols to config.yaml and the pages."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

import jsonschema
import pytest
from helpers.product import Product

from healthmon.cli import commission as command
from healthmon.commissioning.differences import Difference, Match
from healthmon.commissioning.shown import Shown, ShownLine
from healthmon.demo.estate import Estate
from healthmon.demo.plan import plan, write_config
from healthmon.demo.state import SimDevice
from healthmon.model.enums import State

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs/commission.schema.json").read_text())


async def commission(folder: Path, *argv: str) -> tuple[int, str, str]:
    done = await asyncio.to_thread(Product.run, product(folder), "commission", *argv)
    return done.code, done.out, done.err


def product(folder: Path) -> Product:
    """The command with the file that is there: nothing is written by the helper."""
    made = Product.__new__(Product)
    made.folder, made.before, made.environment = folder, (), {}
    return made


def simulated(folder: Path) -> dict[str, SimDevice]:
    """Three cameras, a recorder and a UPS, with the config.yaml that watches them."""
    devices = [one for one in plan(3, ups=1) if one.id in ("C001", "C002", "C003", "R1", "UPS1")]
    for one in devices:
        one.parent = one.port = ""
    path = write_config(devices, folder)
    text = path.read_text().replace("defaults:\n", "defaults:\n  watch: 1 s\n")
    path.write_text(text + "# the end\n")
    return {one.id: one for one in devices}


async def test_what_is_accepted_is_written_and_the_later_difference_is_the_fault(tmp_path: Path):
    devices = simulated(tmp_path)
    path = tmp_path / "config.yaml"
    before = path.read_text()
    devices["C003"].faults["off"] = True
    estate = Estate([*devices.values()])
    await estate.start()
    try:
        code, out, err = await commission(tmp_path, "C001")
        assert code == 1, err
        assert "+ commissioned.firmware: 1.2.3" in out
        assert path.read_text() == before, "nobody has accepted anything"

        page, told, again = (tmp_path / name for name in ("page.html", "one.json", "two.json"))
        files = [part for one in (page, told, tmp_path) for part in ("--output", str(one))]
        code, out, err = await commission(tmp_path, "--yes", *files)
        assert code == 2, err
        assert "C003 Station Road north (station): NOT COMMISSIONED, it did not answer" in out
        assert "checking " not in err, "how far it is stands on a terminal only"
        after = path.read_text()
        assert after.count("firmware: 1.2.3") == 3, "not that of the camera without an answer"
        assert after.endswith("# the end\n")
        assert "frame_rate: 12.5" in after
        assert "NOT COMMISSIONED" in page.read_text()
        assert "Commissioned values" in (tmp_path / "C001.html").read_text()
        jsonschema.validate(json.loads(told.read_text()), SCHEMA)

        devices["C001"].serial, devices["C002"].faults["no_media"] = "OTHER", True
        code, out, err = await commission(
            tmp_path, "C001", "C002", "--before", str(told), "--output", str(again)
        )
        assert code == 1, err
        assert "commissioned.serial" in out
        assert "no pictures" in out.partition("New:")[2], out
        assert [one["seen"] for one in differing(again)] == ["OTHER"]

        assert (await commission(tmp_path, "--site", "market", "--yes"))[0] == 1
        assert "OTHER" not in path.read_text(), "a difference is taken of named devices only"
        assert (await commission(tmp_path, "C001", "--yes"))[0] == 0
        assert "serial: OTHER" in path.read_text()
    finally:
        await estate.stop()
    for one in devices.values():
        counted = one.counters
        assert (counted.logins_rejected, counted.writes_attempted) == (0, 0), one.id
        assert counted.connections_most <= 1, one.id
        assert counted.sessions == counted.teardowns, one.id


def candidates() -> list[command.Candidate]:
    found = []
    for number, site in enumerate("aabbc", 1):
        shown = Shown(f"C{number}", "N", site, "camera", "192.0.2.1", "", {"tls.pin": "k"})
        lines = [Difference("tls.pin", "old", "k", Match.OTHER)]
        found.append(command.Candidate(shown, "cameras", number, {}, lines))
    return found


@pytest.mark.parametrize(
    ("typed", "accepted"),
    [
        ("y\nn\ny\nn\nno\n", "13"),
        ("s\nn\ny\nn\n", "124"),
        ("n\na\n", "2345"),
        ("yes\nq\n", "1"),
        ("what?\ny\nq\n", "1"),
        ("y\n", "1"),  # the end of what is typed
        ("", ""),
    ],
)
def test_a_person_accepts_devices_sites_or_all(monkeypatch, typed: str, accepted: str):
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    found = candidates()
    command._accepted_by_person(found)
    assert "".join(one.seen.id[1] for one in found if one.written) == accepted


def test_a_stream_of_which_nothing_was_seen_is_named_though_nothing_else_is_told():
    line = ShownLine("stream", "main", "pictures", State.FAULT, "no_pictures", "refused: 404")
    shown = Shown("C1", "North", "s", "camera", "192.0.2.1", lines=(line,))
    assert list(command._lines([command.Candidate(shown, "cameras", 0, {}, ())])) == [
        "C1 North (s): answers, and tells nothing that can be commissioned",
        "  ! streams.main: refused: 404",
    ]
    seen = Shown(
        "C1", "North", "s", "camera", "192.0.2.1", "", {"streams.main.codec": "h264"}, {}, (line,)
    )
    assert [
        one for one in command._lines([command.Candidate(seen, "cameras", 0, {}, ())]) if "!" in one
    ] == []


def differing(file: Path) -> list[dict[str, str]]:
    told = json.loads(file.read_text())["devices"]
    return [one for device in told for one in device["differences"] if one["match"] == "differs"]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("C01",), "--device C01: not in the configuration (did you mean"),
        (("--site", "x"), "--site x: not in the configuration"),
        (("--output", "page.doc"), "a page is written as one of .html, .pdf, .txt, .json"),
        (("--before", "none.json"), "--before none.json: no such file"),
        (
            ("--before", "config.yaml"),
            "is not what `healthmon commission --output FILE.json` writes",
        ),
    ],
)
async def test_wrong_usage_asks_no_device(tmp_path: Path, argv: tuple[str, ...], words: str):
    simulated(tmp_path)
    full = [str(tmp_path / one) if one == "config.yaml" else one for one in argv]
    code, _, err = await commission(tmp_path, *full)
    assert code == 3
    assert words in err
