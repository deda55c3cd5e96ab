"""The sweep on nothing but real peers: GStreamer, chrony, snmpd and NUT; well, then each stopped,
wrong or on battery.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.peers import real
from helpers.support import free_port, need

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.peer
TIME = ("127.0.2.11", "127.0.2.12", "127.0.2.13")


def sweep(folder: Path) -> dict[str, str]:
    argv = [
        sys.executable,
        "-m",
        "healthmon",
        "sweep",
        "--json",
        "--config",
        str(folder / "config.yaml"),
    ]
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'exporters'}"}
    done = subprocess.run(argv, capture_output=True, text=True, timeout=90, env=env, check=False)
    assert done.returncode in (0, 1, 2), done.stderr
    sheet = json.loads(done.stdout)
    rows = [*sheet["faults"], *sheet["warnings"], *sheet["not_checked"]]
    return {
        device: f"{row['code']}: {row['sentence']}"
        for row in reversed(rows)
        for device in row["devices"]
    }


def config(folder: Path, gst: int, snmp: int, nut: int, ntp: int, path: str = "/h264") -> None:
    servers = "".join(f"  - {{address: {address}, port: {ntp}}}\n" for address in TIME)
    text = f"""estate: {{name: Real peers}}
agent: {{state_directory: {folder / "state"}}}
credentials: {{read: {{secret: {{environment: HEALTHMON_TEST}}}}}}
sites: [{{id: lab}}]
time_servers:
{servers}cameras:
  - {{id: G1, name: GStreamer, site: lab, address: 127.0.0.1, kind: fixed, http: no, rtsp: {{port: {gst}}}, streams: [{{path: {path}}}]}}
ups:
  - {{id: U1, name: snmpd, site: lab, address: 127.0.2.21, snmp: {{credential: read, port: {snmp}}}}}
  - {{id: U2, name: NUT, site: lab, address: 127.0.2.22, nut: {{ups: cctv, port: {nut}}}}}
"""
    (folder / "config.yaml").write_text(text)


def test_real_peers_are_judged_right_well_and_ill(peers, tmp_path, monkeypatch):
    need("ffmpeg")
    monkeypatch.setenv("HEALTHMON_TEST", "public")
    gst, nut, ntp = free_port(), free_port(host="127.0.2.22"), free_port(socket.SOCK_DGRAM, TIME[0])
    snmp = free_port(socket.SOCK_DGRAM, "127.0.2.21")
    clocks = [real.chronyd(peers, address, ntp) for address in TIME]
    agent = real.snmpd(peers, "127.0.2.21", snmp, real.ON_MAINS)
    upsd = real.Nut(peers, "127.0.2.22", nut)
    camera = peers.start("/usr/bin/python3", real.HERE / "gst_server.py", "127.0.0.1", str(gst))
    peers.wait_tcp("127.0.0.1", gst, 30)
    config(tmp_path, gst, snmp, nut, ntp)
    assert sweep(tmp_path) == {
        "U2": "not_reported: UPS not checked: a simulated UPS (NUT's dummy-ups)"
    }

    peers.stop(agent)
    agent = real.snmpd(peers, "127.0.2.21", snmp, real.ON_BATTERY)
    upsd.status("OB DISCHRG", 1500)
    peers.stop(clocks[2])
    real.chronyd(peers, TIME[2], ntp, skew="+3600s")
    config(tmp_path, gst, snmp, nut, ntp, "/stall")
    time.sleep(5)
    ill = sweep(tmp_path)
    assert ill["U1"].startswith("on_battery: on battery 3 min 10 s, 41 min left at 38 % load")
    assert ill["U2"].startswith("on_battery: on battery, 25 min left")
    assert ill["G1"].startswith(("no_pictures", "frozen_clock"))
    assert "127.0.2.13 wrong" in ill["healthmon"]

    peers.stop(camera)
    peers.stop(agent)
    upsd.stop_driver()
    for process in clocks[:2]:
        peers.stop(process)
    time.sleep(4)
    gone = sweep(tmp_path)
    assert gone["G1"].startswith("unreachable")
    assert gone["U1"].startswith("unreachable")
    assert gone["U2"].startswith("ups_comms_lost")
