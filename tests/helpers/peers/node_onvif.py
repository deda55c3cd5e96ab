"""The ONVIF device of npm's `soap` (tests/peers/node/onvif_device.js), whose WSDLs are those of PyPI's onvif-zeep."""

from __future__ import annotations

import shutil
from pathlib import Path

from helpers.support import Peers, free_port, need

ROOT = Path(__file__).parents[3]
NODE = ROOT / "tests" / "peers" / "node"
HOST = "127.0.0.1"


def started(peers: Peers, *more: str) -> int:
    """Its port; `more` is the HTTP port that it names for its snapshots. Skips where it is not installed."""
    need("node", str(NODE / "node_modules" / "soap"))
    packages = ROOT / ".venv-peers" / "lib"
    wsdl = next(packages.glob("python3.*/site-packages/onvif/wsdl"), packages / "onvif" / "wsdl")
    need(str(wsdl))
    port = free_port()
    node = shutil.which("node") or "node"
    peers.start(node, NODE / "onvif_device.js", wsdl, HOST, str(port), *more)
    peers.wait_tcp(HOST, port, 40)
    return port
