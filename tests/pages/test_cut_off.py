"""A shift check that is cut off: the desk names it, how far it was and what ended it; it does not count
as made.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, time
from pathlib import Path

import httpx
import pytest
from helpers.product import Product
from helpers.support import Peers, free_port

from healthmon.access import passwords
from healthmon.access.roles import Role
from healthmon.access.users import User
from healthmon.notifications.shifts import ShiftPlan
from healthmon.runtime.cut_off import cut_off
from healthmon.store import BegunCheck, Store

WORD = "three long words"
BEGAN = datetime(2026, 11, 30, 5, 58, tzinfo=UTC).timestamp()
PLAN = ShiftPlan((time(6), time(18)), "Europe/London")
HALF = BegunCheck("smith", BEGAN, BEGAN + 9, "boot-1", 412, 918, 23, 159)
WHAT = (
    "At least 412 of 918 checks were made; 23 of 159 devices were done. "
    "It has no sheet and does not count as made. Start it again."
)


def test_the_sentence_names_the_check_how_far_it_was_and_what_ended_it() -> None:
    name = "The check of Mon 30 Nov 06:00, started by smith 30 Nov 2026 05:58, was cut off: "
    zone = "Europe/London"
    killed = cut_off(HALF, PLAN, zone, "boot-1")
    assert killed == f"{name}healthmon was killed or has crashed. {WHAT}"
    restarted = cut_off(HALF, PLAN, zone, "boot-2")
    assert restarted == f"{name}the computer was restarted or lost its power. {WHAT}"
    assert cut_off(HALF, ShiftPlan(), zone, "").startswith(
        "The shift check that smith started 30 Nov 2026 05:58 was cut off: healthmon was killed"
    )


@contextmanager
def silent(count: int) -> Iterator[list[int]]:
    """Ports of devices that take a connection and say nothing."""
    with ExitStack() as kept:
        ports = [free_port() for _ in range(count)]
        for port in ports:
            kept.enter_context(socket.create_server(("127.0.0.1", port)))
        yield ports


def desk(product: Product) -> httpx.Client:
    """An operator of the agent of `product`."""
    return httpx.Client(base_url=f"http://127.0.0.1:{product.port}", auth=("smith", WORD))


def said(http: httpx.Client, path: str) -> str:
    """A page without its style and script."""
    page = http.get(path).text
    return page[page.index("<main") : page.index("<script")]


@pytest.mark.slow
def test_a_check_that_kill_9_has_cut_off_is_named_and_can_be_started_again(
    peers: Peers, tmp_path: Path
) -> None:
    users = tmp_path / "users"
    users.write_text(f"{User('smith', passwords.hash_password(WORD), Role.OPERATOR).line()}\n")
    users.chmod(0o600)
    fixed = {"address": "127.0.0.1", "kind": "fixed", "site": "s", "http": "no"}
    closed = free_port()
    with silent(3) as ports:
        product = Product(
            tmp_path,
            {
                "estate": {"name": "Town", "shifts": ["06:00", "18:00"]},
                "defaults": {"timeout": "60 s", "interval": "1 h"},
                "agent": {"users_file": str(users)},
                "sites": [{"id": "s"}],
                "cameras": [
                    {"id": f"C{port}", "name": f"Gate {port}", **fixed, "rtsp": {"port": port}}
                    for port in (closed, *ports)
                ],
            },
        )
        store = f"sqlite:///{tmp_path / 'state' / 'healthmon.db'}"

        def noted() -> BegunCheck | None:
            reader = Store.reader(store)
            try:
                return reader.begun_check()
            finally:
                reader.close()

        def before_the_kill() -> bool:
            begun = noted()
            return begun is not None and begun.done > 0

        with desk(product) as http, product.agent(peers) as first:
            assert http.post("/shift-check").status_code == 303
            first.until(before_the_kill, 60)
            first.process.kill()
            first.process.wait(60)
    with desk(product) as http, product.agent(peers) as second:
        page = said(http, "/desk")
        words = r"The check of \w{3} \d\d \w{3} \d\d:00, started by smith [^<]*, was cut off: "
        words += r"healthmon was killed or has crashed\. At least \d+ of \d+ checks were made; "
        assert re.search(words + r"\d of 4 devices were done\.", page), page
        assert "No sheet has been made yet." in page
        assert "Made for the shift change" not in page
        assert "Start it again</button>" in page
        assert "The walk begins when this shift check has its sheet" in http.get("/walk").text
        assert http.post("/shift-check").status_code == 303
        second.until(lambda: "data-running" not in said(http, "/shift-check"), 60)
        page = said(http, "/desk")
        assert "cut off" not in page
        assert "Made for the shift change" in page
        assert noted() is None
