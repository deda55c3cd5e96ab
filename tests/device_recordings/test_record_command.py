"""``healthmon record``: the command, against a replayed device."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import yaml
from helpers import replay
from helpers.product import PASSWORD, Done, Product

from healthmon.cli import record
from healthmon.device_recordings import recording as form

pytestmark = pytest.mark.slow
DEVICE = Path(__file__).parents[1] / "devices" / "axis_p3245-lve_10.12.153"


async def test_a_device_is_recorded_once_and_nothing_private_is_written(tmp_path: Path) -> None:
    recording = form.read(DEVICE)
    product = Product(tmp_path)
    out = tmp_path / "out"
    async with replay.replayed(recording, replay.Clock()) as (_, ports):
        row = dict(recording.config["cameras"][0])
        row |= {"id": "C017", "name": "High Street north", "site": "s", "address": "127.0.0.1"}
        row |= {
            "rtsp": {"port": ports["rtsp"]},
            "http": {"port": ports["http"]},
            "credential": "view",
        }
        product.write({"cameras": [row]})

        async def run(*argv: str | Path) -> Done:
            return await asyncio.to_thread(product.run, "record", *argv)

        written = await run("C017", "--out", out)
        assert written.code == 0, written.text
        shown = await run("C017", "--show")
        assert shown.code == 0, shown.text
    folder = out / DEVICE.name
    assert written.out.startswith(f"{folder}: 4 checks recorded. Read the files before you send")
    text = "".join((folder / name).read_text() for name in (form.RECORDING, form.EXPECTED))
    for private in ("C017", "High Street", "127.0.0.1", "healthmon", PASSWORD, "Market", "Field"):
        assert private not in text
    made = form.read(folder)
    assert (made.origin, made.maker, made.model) == ("recorded", "AXIS", "P3245-LVE")
    assert len(_exchanges(made)) > 15
    assert set(_exchanges(made)) <= set(_exchanges(recording))
    assert yaml.safe_load(shown.out.partition("\n# ")[0])["model"] == "P3245-LVE"


def _exchanges(recording: form.Recording) -> list[tuple[str, str, bool, int]]:
    """What was asked, by which operation (without the token of its profile), and the status."""
    return [
        (one.asked, one.sent.decode().partition(" ")[0], one.login, one.status)
        for check in recording.checks
        for one in check.exchanges
    ]


def test_a_recording_that_is_there_is_not_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        record.write(tmp_path, {form.RECORDING: "new"})
    assert ended.value.code == 3
    words = f"{tmp_path}: is there already; move it away or give another --out\n"
    assert capsys.readouterr().err == words
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_recorded_is_told_in_one_line(tmp_path: Path) -> None:
    row = {"id": "C1", "name": "North", "site": "s", "address": "127.0.0.1", "kind": "fixed"}
    product = Product(tmp_path, {"cameras": [row | {"rtsp": {"port": 9}, "http": "no"}]})
    unknown = product.run("record", "C2")
    assert (unknown.code, unknown.err) == (
        3,
        "C2: no such device in the configuration\n",
    )
    silent = product.run("record", "C1", "--out", tmp_path / "out")
    assert silent.code == 3
    assert silent.err.splitlines()[-1].startswith("C1: nothing to record: ")
    assert not (tmp_path / "out").exists()
