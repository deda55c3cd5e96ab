"""Pictures that need a person, answered at a desk in a real browser: one key each, nothing while somebody
types; axe-core finds nothing; 320 px are enough.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.accessibility import WCAG, axe
from helpers.chromium import started
from helpers.open_agent import WORD
from helpers.product import Product, Running
from helpers.support import Peers, free_port
from helpers.walker import Walker
from selenium.webdriver import ActionChains

from healthmon.access import passwords
from healthmon.access.roles import Role
from healthmon.access.users import User
from healthmon.incidents.confirmation import Fault
from healthmon.incidents.incident import Incident
from healthmon.model.enums import State
from healthmon.store import Batch, Store

pytestmark = [pytest.mark.peer, pytest.mark.slow]
WORDS = {"C1": "covered: 31 % of the view (limit 9 %)", "C2": "out of focus: 40 % (limit 72 %)"}


def asked(folder: Path) -> None:
    """The record of an earlier run, in which two pictures waited for an answer."""
    (folder / "state").mkdir(mode=0o700)
    store = Store.open(f"sqlite:///{folder / 'state' / 'healthmon.db'}")
    now = time.time()
    for number, (device, words) in enumerate(WORDS.items(), 1):
        code, aspect = ("view_covered", "view") if number == 1 else ("picture_defocused", "focus")
        since = now - 7200 + number
        where = (device, "picture", "main", aspect)
        fault = Fault(*where, code, State.DEGRADED, words, since, since + 60)
        incident = Incident(number, device, "s", (fault,), since, since, 4, told=since + 90)
        store.record(Batch({fault.key: fault}, {number: incident}, alive=now))
    store.close()


@pytest.fixture
def agent(peers: Peers, tmp_path: Path) -> Iterator[Running]:
    asked(tmp_path)
    users = tmp_path / "users"
    users.write_text(f"{User('smith', passwords.hash_password(WORD), Role.OPERATOR).line()}\n")
    users.chmod(0o600)
    camera: dict[str, Any] = {"kind": "fixed", "site": "s", "http": "no", "interval": "1 h"}
    cameras = [
        camera
        | {"id": name, "name": f"Eye {name}", "address": f"127.0.8.{number}"}
        | {"rtsp": {"port": free_port()}, "streams": [{"path": "/live"}]}
        for number, name in enumerate(WORDS, 1)
    ]
    tree = {"agent": {"users_file": str(users)}, "cameras": cameras, "sites": [{"id": "s"}]}
    with Product(tmp_path, tree | {"pictures": {"enabled": "yes"}}).agent(peers) as running:
        yield running


def press(walker: Walker, key: str) -> None:
    """Press a key once the page can have been read."""
    time.sleep(0.7)
    ActionChains(walker.browser.driver).send_keys(key).perform()


def test_pictures_are_answered_by_one_key_each_and_an_answer_is_undone(
    agent: Running, tmp_path: Path
) -> None:
    with started(tmp_path) as browser:
        browser.size(1280, 900)
        walker = Walker(browser, f"http://127.0.0.1:{agent.port}")
        walker.log_in("smith", "/desk")
        walker.says(WORDS["C1"])
        walker.says("2\npictures to look at")
        assert axe(browser, *WCAG) == []
        browser.size(320, 800)
        assert browser.run("return document.documentElement.scrollWidth") <= 320
        browser.size(1280, 900)

        note = walker.find("form[action='/notes'] [name=note]")
        note.send_keys("nynyny")
        assert "2\npictures to look at" in walker.text(), "keys are letters while somebody types"
        note.clear()
        browser.open(f"{walker.root}/desk")
        press(walker, "y")
        walker.says("F000001 C1: yes, a fault")
        walker.says("1\npicture to look at")
        press(walker, "n")
        walker.says("F000002 C2: no fault: a false alarm")
        walker.says("No picture needs a person")
        assert axe(browser, *WCAG) == []
        press(walker, "u")
        walker.says("1\npicture to look at")
        walker.says(WORDS["C2"])
        assert browser.console() == []
