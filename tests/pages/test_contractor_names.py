"""Who repairs is named on the pages by name, not by the id of config.yaml."""

from __future__ import annotations

from pathlib import Path

from helpers.open_agent import open_agent
from helpers.support import free_port

NAME = "Acme Security Ltd"


async def test_the_pages_of_a_device_and_its_fault_name_the_contractor(tmp_path: Path) -> None:
    camera = {
        "id": "C1",
        "name": "Gate",
        "site": "s",
        "address": "127.0.0.1",
        "kind": "fixed",
        "contractor": "acme",
    }
    ports = {"http": "no", "onvif": "no", "rtsp": {"port": free_port()}}
    tree = {
        "defaults": {"interval": "1 h"},
        "sites": [{"id": "s"}],
        "contractors": [{"id": "acme", "name": NAME}],
        "cameras": [camera | ports],
    }
    async with open_agent(tmp_path, tree) as room:
        raised = await room.post("/raise", device="C1", what="dome is dirty", noticed_by="police")
        for path in ("/devices", "/devices/C1", raised.headers["location"]):
            page = (await room.get(path)).text
            assert (NAME in page, "acme" in page) == (True, False), path
