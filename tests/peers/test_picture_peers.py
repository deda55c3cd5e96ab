"""Streams of GStreamer's encoders with a covered, blurred, moved, frozen or missing picture, each told
right by one sweep, and nothing told of the clean ones.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.peers.rtsp_peers import wait_serving
from helpers.pictures import coded, png, scene, with_noise
from helpers.support import Peers, free_port, library, need

from healthmon.picture.baselines import Baselines

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "tests/helpers/peers/gst_pictures.py"
pytestmark = [pytest.mark.peer, pytest.mark.slow]
TOLD = {
    "covered": "view_covered",
    "blurred": "picture_defocused",
    "moved": "view_moved",
    "frozen": "picture_frozen",
    "black": "picture_black",
    "card": "picture_flat",
}
CLEAN = ("clean", "clean265", "cleanjpeg")


def learned(view: object) -> bytes:
    """What a camera has learned that showed `view` ten times."""
    from healthmon.picture import decoding, reference

    baseline = reference.Baseline()
    for number in range(reference.LEARNED):
        data = coded("h264", with_noise(view, number, 1.0))
        baseline.learn(decoding.decoded("h264", data, 10**7), 7200.0 * number, moved=True)
    return baseline.packed()


def test_each_fault_is_told_right_and_nothing_of_clean_pictures(peers: Peers, tmp_path: Path):
    need(library("girepository-1.0/GstRtspServer-1.0.typelib"))
    whole = scene(7, size=(720, 400))
    (tmp_path / "scene.png").write_bytes(png(whole))
    port = free_port()
    argv = ["/usr/bin/python3", SERVER, "127.0.0.1", str(port), str(tmp_path / "scene.png")]
    peers.start(*argv)
    wait_serving(peers)
    names = (*CLEAN, *TOLD)
    cameras = "".join(
        f"  - {{id: {name}, name: {name}, site: lab, address: 127.0.0.1, kind: fixed, http: no, "
        f"rtsp: {{port: {port}}}, streams: [{{path: /{name}}}]}}\n"
        for name in names
    )
    config = tmp_path / "config.yaml"
    config.write_text(
        f"estate: {{name: Pictures}}\nagent: {{state_directory: {tmp_path / 'state'}}}\n"
        f"pictures: {{enabled: yes}}\nsites: [{{id: lab}}]\ncameras:\n{cameras}"
    )
    kept = Baselines(tmp_path / "state" / "pictures")
    (tmp_path / "state").mkdir(mode=0o700)
    known = learned(whole[20:-20, 40:-40])
    for name in names:
        kept.write((name, "main"), known)
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'exporters'}"}
    argv = [sys.executable, "-m", "healthmon", "sweep", "--json", "--config", str(config)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=200, env=env, check=False)
    assert done.returncode in (0, 1, 2), done.stderr
    sheet = json.loads(done.stdout)
    told = {
        (device, row["code"]): row["sentence"]
        for row in (*sheet["faults"], *sheet["warnings"])
        for device in row["devices"]
        if device != "healthmon"
    }
    assert set(told) == set(TOLD.items()), told
    assert "px right, 6 % of the width" in told["moved", "view_moved"]
    share = int(told["covered", "view_covered"].split()[1])
    assert 30 <= share <= 50, "left 40 % of the view"
