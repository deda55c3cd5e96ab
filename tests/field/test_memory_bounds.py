"""What strangers ask for is not kept (FF-F7)."""

from __future__ import annotations

import http.client
import re
from pathlib import Path

from helpers.field_cameras import camera_row
from helpers.product import Product, Running
from helpers.support import Peers, free_port

MIB = 1024 * 1024
LONG = 15_000
ASKED = 1_000


def memory(agent: Running) -> int:
    """Bytes that the agent has in memory (proc(5), VmRSS)."""
    status = Path(f"/proc/{agent.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


def ask(agent: Running, paths: list[str], headers: dict[str, str] | None = None) -> set[int]:
    """The statuses of GET requests on one connection, or on as many as the agent wants."""
    told = set()
    connection = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=60)
    for path in paths:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        answer.read()
        told.add(answer.status)
    connection.close()
    return told


def growth(agent: Running, form: str, statuses: set[int]) -> int:
    """Bytes by which the agent grows while it is asked for many long names in place of ``{}``."""
    ask(agent, [form.format(f"{n:0{LONG}}") for n in range(ASKED, ASKED + 200)])
    before = memory(agent)
    told = ask(agent, [form.format(f"{n:0{LONG}}") for n in range(ASKED)])
    assert told <= statuses, told
    return memory(agent) - before


FORMS = {
    "runbook": ("/runbooks/{}", {404}),
    "runbook_letters": ("/runbooks/a{}", {404}),
    "probe": ("/probe?target={}", {404}),
    "module": ("/probe?target=C1&module={}", {404, 429, 503}),
    "last_failure": ("/last-failure?target={}", {404}),
    "page": ("/{}", {404}),
    "wall": ("/wall?site={}", {200, 400, 404}),
}


def test_ff_f7_names_of_pages(tmp_path: Path, peers: Peers):
    grown = {}
    product = Product(tmp_path, {"cameras": [camera_row(free_port(), interval="60 s")]})
    with product.agent(peers) as agent:
        for name, (form, statuses) in FORMS.items():
            grown[name] = growth(agent, form, statuses) / MIB
    print(grown)
    assert all(more < 8 for more in grown.values()), grown


def test_beside_f7_runbooks_are_served(tmp_path: Path, peers: Peers):
    product = Product(tmp_path, {"cameras": [camera_row(free_port(), interval="60 s")]})
    with product.agent(peers) as agent:
        status, listed = agent.get("/runbooks/")
        names = re.findall(r'href="(\w+)"', listed)
        assert status == 200
        assert len(names) > 10
        for name in names:
            status, text = agent.get(f"/runbooks/{name}")
            assert status == 200
            assert name in text
        assert agent.get("/runbooks/nobody")[0] == 404
        assert agent.get("/runbooks/..%2Fchecks")[0] == 404
