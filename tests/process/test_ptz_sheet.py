"""PTZ cameras at three presets, each in another situation, from their ONVIF and RTSP to the sheet."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from helpers.ptz_cameras import serving, taught

from healthmon.demo.ptz_sim import PRESETS
from healthmon.model.picture import Comparison, LastView

ROOT = Path(__file__).parents[2]
ALL = {name: name for name in PRESETS}
KNOWN = Comparison(
    10, 10, peak=0.3, other_peak=0.02, coarse=0.9, detail=1.0, depth=1.0, focus=1.0, crisp=1.0
)
# camera -> (what it shows, what its ONVIF says, when its view was last judged, hours ago)
SITUATIONS: dict[str, tuple[str | int, dict[str, Any], float | None]] = {
    "AtMarket": ("Market", {"ptz_position": PRESETS["Market"]}, None),
    "WrongView": ("Car park", {"ptz_position": PRESETS["Bus station"]}, None),
    "Steered": ("Market", {"ptz_moving": True}, 2.0),
    "NoStatus": ("Car park", {"ptz_status_zero": True}, None),
    "Away": (29, {"ptz_position": (0.33, 0.33, 0.0)}, 30.0),
}


def row(name: str, address: str, http: int, rtsp: int) -> str:
    return (
        f"  - {{id: {name}, name: {name}, site: lab, address: {address}, kind: ptz, credential: view, "
        f"http: {{port: {http}}}, rtsp: {{port: {rtsp}}}, streams: [{{path: /stream1}}]}}\n"
    )


async def sheet_of(folder: Path) -> dict[str, Any]:
    """One sweep of all of them."""
    state = folder / "state"
    state.mkdir(mode=0o700)
    rows = ""
    async with AsyncExitStack() as stack:
        for number, (name, (place, faults, hours)) in enumerate(SITUATIONS.items(), 1):
            address = f"127.0.9.{number}"  # of its own: one address has one connection at a time
            sim = await stack.enter_async_context(serving({"now": place}, address, **faults))
            rows += row(name, address, sim.ports.http, sim.ports.rtsp)
            files = taught(state / "pictures", name, ALL)
            if hours is not None:
                index, at = files.index(), time.time() - 3600 * hours
                index.last = LastView(at, "preset Market", KNOWN, 640, 360, sure=True)
                files.keep(index)
        config = folder / "config.yaml"
        config.write_text(
            f"estate: {{name: PTZ}}\nagent: {{state_directory: {state}}}\n"
            "pictures: {enabled: yes}\nsites: [{id: lab}]\n"
            "credentials: {view: {username: healthmon, secret: {environment: PTZ_PASSWORD}}}\n"
            f"cameras:\n{rows}"
        )
        paths = {"PYTHONPATH": f"{ROOT}:{ROOT / 'exporters'}", "PTZ_PASSWORD": "view only"}
        argv = [
            sys.executable,
            "-m",
            "healthmon",
            "sweep",
            "--shift",
            "--json",
            "--config",
            str(config),
        ]
        done = await asyncio.to_thread(
            subprocess.run,
            argv,
            capture_output=True,
            text=True,
            timeout=200,
            env={**os.environ, **paths},
            check=False,
        )
    assert done.returncode in (0, 1, 2), done.stderr
    return json.loads(done.stdout)


async def test_line_c7_says_at_which_preset_each_camera_was_judged(tmp_path: Path):
    sheet = await sheet_of(tmp_path)
    column = next(n for n, line in enumerate(sheet["lines"]) if line["line"] == "C7")
    cells = {one["id"]: one["cells"][column] for one in sheet["cameras"]}
    assert {name: cell["mark"] for name, cell in cells.items()} == {
        "AtMarket": "pass",
        "WrongView": "warning",
        "Steered": "pass",
        "NoStatus": "pass",
        "Away": "NOT CHECKED",
    }
    why = {name: cell["why"] for name, cell in cells.items()}
    assert why["AtMarket"].startswith("view as learned")
    assert why["AtMarket"].endswith("at preset Market")
    assert why["WrongView"].startswith("another view")
    assert why["WrongView"].endswith("at preset Bus station")
    assert why["Steered"].startswith("view last judged ")
    assert why["NoStatus"].endswith("at preset Car park")
    assert why["Away"].endswith(
        "at preset Market; since then the camera is at no preset, or at one that it has not learned: "
        "send Away to preset Market"
    )
