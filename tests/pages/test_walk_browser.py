"""One shift check and one walk in a real browser, by the keyboard: what the keys do, and what they do
not do; axe-core finds nothing; 320 px are enough.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import keystrokes
from helpers.accessibility import WCAG, axe
from helpers.chromium import Browser, started
from helpers.open_agent import WORD
from helpers.shift_desk import shift_desk
from helpers.walker import Walker
from selenium.webdriver.common.keys import Keys

from healthmon_exporters.web import listener

pytestmark = [pytest.mark.peer, pytest.mark.slow]
ESCAPE = "\ue00c"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with started(tmp_path_factory.mktemp("browser")) as made:
        made.size(1280, 900)
        yield made


def fine(walker: Walker, *paths: str) -> None:
    """Hold that these pages have no finding of axe-core, fit 320 px and have targets of 44 px."""
    for path in paths:
        walker.browser.open(f"{walker.root}{path}")
        assert axe(walker.browser, *WCAG) == [], path
        walker.browser.size(320, 800)
        assert walker.browser.run("return document.documentElement.scrollWidth") <= 320, path
        walker.browser.size(1280, 900)
        low = walker.browser.run(
            "return [...document.querySelectorAll('button, nav a, select, summary, .tick input')]"
            ".filter((one) => one.offsetParent && one.getBoundingClientRect().height < 44)"
            ".map((one) => one.outerHTML)"
        )
        assert low == [], path
        assert walker.browser.console() == [], path


def login_ends(walker: Walker, camera: str) -> None:
    """The login of Khan ends while something is typed at `camera`: it is there again afterwards."""
    walker.browser.open(f"{walker.root}/walk?camera=C00{camera}")
    walker.at(camera)
    walker.press(keystrokes.WHAT, "wrong view")
    walker.browser.driver.delete_all_cookies()
    walker.press(keystrokes.ENTER)
    walker.says("Your login has ended and nothing was recorded.")
    walker.credentials("khan", WORD)
    walker.at(camera)
    assert walker.find("input[data-key=n]").get_attribute("value") == "wrong view"
    assert walker.ticks() == 3
    walker.find("input[data-key=n]").clear()


def walk(walker: Walker) -> None:
    """The whole story."""
    walker.log_in("smith", "/desk")
    walker.button("Start the shift check").click()
    walker.says("Open the sheet")  # the page brings itself up to date
    walker.says("5 NOT SEEN")
    walker.find("a[href='/walk']:not(nav a)").click()

    walker.at("1")
    walker.says("Look at the lens")
    walker.browser.run("performance.before = performance.now; performance.now = () => 0")
    walker.press(keystrokes.WELL)
    walker.browser.run("performance.now = performance.before")
    assert walker.ticks() == 0, "no key counts before the camera can have been read"
    key = {"type": "rawKeyDown", "key": "w", "code": "KeyW", "windowsVirtualKeyCode": 87}
    walker.browser.command("Input.dispatchKeyEvent", **key, autoRepeat=True)
    walker.press(keystrokes.ENTER, "x", "1")
    assert (walker.called(), walker.ticks()) == ("Gate <1> C001", 0), "a held key ticks nothing"
    walker.press(keystrokes.WELL)

    walker.at("2")
    walker.says("Your last tick: C001 well")
    comment = walker.find("form.tick input[name=comment]")
    comment.send_keys("wnsu www", keystrokes.ENTER)
    assert comment.get_attribute("value") == "wnsu www", "keys are text while somebody types"
    assert (walker.called(), walker.ticks()) == ("Gate <2> C002", 1)
    comments = "return [...document.querySelectorAll('[name=comment]')].map((one) => one.value)"
    walker.browser.open(f"{walker.root}/walk?camera=C003")
    walker.at("3")
    assert walker.browser.run(comments) == ["", ""], "a comment on one camera is none on another"
    walker.browser.open(f"{walker.root}/walk")
    walker.at("2")
    assert walker.browser.run(comments) == ["wnsu www", ""], "and it stays with its form"
    walker.press(ESCAPE, *keystrokes.NOT_WELL)

    walker.at("3")
    walker.says("C002 not well")
    assert re.search(r"fault F\d{6} raised", walker.text())
    walker.press(keystrokes.UNDO)
    walker.at("2")
    walker.press(*keystrokes.NOT_WELL)
    walker.at("3")
    walker.press(keystrokes.SKIP)
    walker.at("4")
    assert walker.ticks() == 3

    walker.log_in("khan", "/walk")  # the browser was closed, and another person goes on
    walker.at("4")
    assert "Your last tick" not in walker.text()
    login_ends(walker, "5")
    walker.browser.open(f"{walker.root}/walk")
    walker.at("4")
    walker.find("#keys input").click()
    walker.press(keystrokes.WELL)
    assert (walker.called(), walker.ticks()) == ("Gate <4> C004", 3), "the keys are switched off"
    fine(walker, "/walk", "/desk", "/shift-check", "/sheets/1")
    walker.browser.open(f"{walker.root}/walk")
    walker.at("4")
    walker.button("Well").click()
    walker.at("5")
    walker.find("#keys input").click()
    walker.press(Keys.TAB, keystrokes.WELL)
    walker.says("No camera is left to look at in this walk.")
    walker.find("main a[href='/sheets/1']").click()
    walker.says("seen by a person 4 of 5 due (3 well, 1 not well); 1 skipped")
    walker.says("smith has seen 2")
    walker.says("khan has seen 2")
    assert keystrokes.WORDS in walker.text()


async def test_a_walk_by_the_keyboard(browser: Browser, tmp_path: Path) -> None:
    async with shift_desk(tmp_path, 5) as desk:
        running = await listener.serve(desk.opened.app, "127.0.0.1", 0)
        try:
            walker = Walker(browser, f"http://127.0.0.1:{running.port}")
            await asyncio.to_thread(walk, walker)
        finally:
            await running.close()
