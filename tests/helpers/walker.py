"""A person at a desk: a real browser at the pages of an agent, used as a person uses them. What it costs
at the keyboard is counted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from helpers.chromium import Browser, wait
from helpers.open_agent import HANG_SECONDS, WORD


@dataclass
class Effort:
    """What a person has done by hand so far."""

    keys: int = 0
    clicks: int = 0


@dataclass(frozen=True)
class Walker:
    """A person at a desk. The cameras of a walk have `name` in their names."""

    browser: Browser
    root: str
    name: str = "Gate <{}>"
    effort: Effort = field(default_factory=Effort)

    def find(self, selector: str) -> Any:
        return self.browser.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self) -> str:
        return str(self.browser.run("return document.body ? document.body.innerText : ''"))

    def says(self, words: str) -> None:
        """Hold that the page says `words`, as soon as it has loaded."""
        try:
            wait(lambda: words in self.text(), HANG_SECONDS)
        except AssertionError:
            raise AssertionError(f"{words!r} is not on the page:\n{self.text()}") from None

    def log_in(self, name: str, path: str) -> None:
        self.browser.driver.delete_all_cookies()
        self.browser.open(f"{self.root}{path}")
        self.credentials(name, WORD)
        self.says("Log out")

    def credentials(self, name: str, password: str) -> None:
        """Type them on the page where people log in."""
        self.find("input[name=name]").clear()
        self.find("input[name=name]").send_keys(name)
        self.find("input[name=password]").send_keys(password, Keys.ENTER)

    def at(self, camera: str) -> None:
        """Hold that the page calls up `camera`, as soon as it is there and its keys work."""
        wait(lambda: self.name.format(camera) in self.called(), HANG_SECONDS)
        self.ready()

    def ready(self) -> None:
        """Wait until the keys of the page work: a person looks at the picture for longer."""
        loaded = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
        wait(lambda: self.browser.run(f"return {loaded} > 0 && performance.now() - {loaded} > 550"))

    def called(self) -> str:
        """The camera that is called up; "" for none."""
        return str(self.browser.run("return document.querySelector('#camera')?.innerText || ''"))

    def press(self, *keys: str) -> None:
        """Press these keys, wherever the focus is."""
        self.effort.keys += sum(map(len, keys))
        ActionChains(self.browser.driver).send_keys(*keys).perform()

    def button(self, words: str) -> Any:
        """The first button that begins with `words`."""
        path = f"//button[starts-with(normalize-space(), '{words}')]"
        return self.browser.driver.find_element(By.XPATH, path)

    def click(self, one: Any) -> None:
        """Click what was found."""
        self.effort.clicks += 1
        one.click()

    def follow(self, words: str) -> None:
        """Click the first link on the page, besides those at its top, that begins with `words`."""
        path = f"//main//a[starts-with(normalize-space(), '{words}')]"
        self.click(self.browser.driver.find_element(By.XPATH, path))

    def ticks(self) -> int:
        """How many of the cameras of this walk have a tick."""
        return len(re.findall(r"^C\d+ .*\t(?:well|not well|skipped)\t", self.text(), re.MULTILINE))
