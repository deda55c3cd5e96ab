"""Cameras that nobody here wrote are commissioned: ONVIF by node-soap, streams by GStreamer, among them
one of a codec that config.yaml cannot name and one that is not there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.peers import node_onvif
from helpers.peers.rtsp_peers import gstreamer
from helpers.product import Product
from helpers.support import Peers

pytestmark = pytest.mark.peer
HOST = "127.0.0.1"
IDENTITY = {
    "model": "Soap <1>",
    "serial": "NODE-1",
    "firmware": "1.6",
    "mac": "02:00:00:AA:BB:CC",
}
SIZE = "320x240"


def camera(name: str, onvif: str, rtsp: int, web: int, *paths: str) -> dict[str, Any]:
    about = {"id": name, "name": name, "site": "s", "address": HOST, "kind": "fixed"}
    ports = {"rtsp": {"port": rtsp}, "http": {"port": web}, "onvif": onvif, "credential": "own"}
    return about | ports | {"streams": [{"name": path[1:], "path": path} for path in paths]}


def test_cameras_of_other_hands_are_written_down_as_they_are(tmp_path: Path, peers: Peers) -> None:
    places = gstreamer(peers), node_onvif.started(peers)
    (tmp_path / "own").write_text("s3cret\n")
    (tmp_path / "own").chmod(0o600)
    tree = {
        "credentials": {"own": {"username": "healthmon", "secret": {"file": "own"}}},
        "defaults": {"watch": "3 s", "timeout": "15 s"},
        "cameras": [
            camera("C1", "/onvif/device_service", *places, "/h264", "/vp8", "/gone"),
            camera("C2", "/second/device", *places, "/h265"),
            camera("C3", "no", *places, "/jpeg"),
        ],
    }
    product = Product(tmp_path, tree)
    done = product.run("commission", "--yes", "--output", tmp_path / "page.txt")
    assert done.code == 0, done.text
    missing = [line for line in done.out.splitlines() if line.startswith("  !")]
    assert len(missing) == 1, done.out
    assert missing[0].startswith("  ! streams.gone: "), done.out
    written = yaml.load(product.config.read_text(), yaml.BaseLoader)["cameras"]
    assert [one.get("commissioned") for one in written] == [IDENTITY, IDENTITY, None]
    streams = {one["name"]: one for camera in written for one in camera["streams"]}
    rates = {name: float(one.pop("frame_rate", 0)) for name, one in streams.items()}
    assert rates == pytest.approx(dict.fromkeys(streams, 15.0) | {"gone": 0.0}, rel=0.2)
    assert streams == {
        "h264": {"name": "h264", "path": "/h264", "codec": "h264", "size": SIZE},
        "vp8": {"name": "vp8", "path": "/vp8"},
        "gone": {"name": "gone", "path": "/gone"},
        "h265": {"name": "h265", "path": "/h265", "codec": "h265", "size": SIZE},
        "jpeg": {"name": "jpeg", "path": "/jpeg", "codec": "mjpeg", "size": SIZE},
    }
    page = (tmp_path / "page.txt").read_text()
    assert "codec of vp8" in page
    again = product.run("commission", "C1").out.splitlines()
    # A busy machine sends fewer pictures a second.
    assert [one for one in again if one[:3] in ("  +", "  ~") and "frame_rate" not in one] == []
