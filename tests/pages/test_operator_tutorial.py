"""The operator's tutorial in a real browser, at the simulated estate that it starts: what it prints in
bold is pressed, opened or found on the pages, in its order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import tutorial_demo
from helpers.chromium import started, wait
from helpers.open_agent import HANG_SECONDS
from helpers.walker import Walker
from selenium.webdriver.common.by import By

pytestmark = [pytest.mark.peer, pytest.mark.slow, pytest.mark.long(90)]
PAGE = Path(__file__).parents[2] / "docs" / "tutorials" / "operator.md"
Step = tuple[str, Callable[[], None]]


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[Reading]:
    """A person with the tutorial at the pages of the demo."""
    with tutorial_demo.started(tmp_path) as demo, started(tmp_path / "browser") as browser:
        browser.size(1280, 900)
        walker = Walker(browser, demo.root, name="C{}")
        yield Reading(walker, demo.password)


def test_what_the_tutorial_names_is_on_the_pages(reading: Reading) -> None:
    steps = reading.steps()
    assert re.findall(r"\*\*(.+?)\*\*", PAGE.read_text()) == [words for words, _ in steps]
    for words, step in steps:
        try:
            step()
        except Exception as error:
            raise AssertionError(f"'{words}': {error}\n{reading.walker.text()}") from error


class Reading:
    """What the tutorial tells a reader to do: one step for each of its bold words."""

    def __init__(self, walker: Walker, password: str) -> None:
        self.walker, self.password, self.fault = walker, password, ""

    def steps(self) -> list[Step]:
        return [
            ("anna", self.log_in),
            self.menu("Wall"),
            ("Desk", self.back_to_the_desk),
            self.button("Start it again", then="of 20"),
            self.link("Open the sheet", then="UPS1"),
            ("Go on with the walk", self.walk),
            self.tick("Well"),
            self.tick("Skip"),
            ("Not well: raise a fault", self.not_well),
            ("Look at this", self.look),
            ("Desk", lambda: self.open("/desk")),
            ("Acknowledge", self.acknowledge),
            self.link("Raise a fault", then="What is wrong"),
            ("Undo the last act", self.undo),
            ("Write a note", self.write_a_note),
            self.button("Keep the note", then="gate 3 is locked"),
            self.menu("Handover"),
            ("anna", lambda: self.party("outgoing", "anna")),
            ("ben", lambda: self.party("incoming", "ben")),
            self.button("Sign", then="ben"),
            self.menu("Runbooks"),
        ]

    def open(self, path: str) -> None:
        self.walker.browser.open(f"{self.walker.root}{path}")

    def log_in(self) -> None:
        self.open("/desk")
        self.walker.credentials("anna", self.password)
        self.walker.says("Log out")

    def menu(self, words: str) -> Step:
        def step() -> None:
            before = self.walker.browser.driver.current_url
            self.walker.browser.driver.find_element(By.LINK_TEXT, words).click()
            wait(lambda: self.walker.browser.driver.current_url != before, HANG_SECONDS)

        return words, step

    def back_to_the_desk(self) -> None:
        self.walker.says("UPS1")
        self.open("/devices")
        self.menu("Desk")[1]()

    def button(self, words: str, then: str) -> Step:
        def step() -> None:
            self.walker.button(words).click()
            self.walker.says(then)

        return words, step

    def link(self, words: str, then: str) -> Step:
        def step() -> None:
            self.open("/desk")
            self.walker.follow(words)
            self.walker.says(then)

        return words, step

    def walk(self) -> None:
        self.open("/desk")
        self.walker.says("How far is it now?")
        wait(self.checked, 120)
        self.walker.follow("Go on with the walk")
        self.walker.at("001")

    def checked(self) -> bool:
        """Whether the shift check has ended; the page brings itself up to date."""
        return "Start it again" in self.walker.text()

    def tick(self, words: str) -> Step:
        def step() -> None:
            before = self.walker.called()
            self.walker.ready()
            self.walker.button(words).click()
            wait(lambda: self.walker.called() not in ("", before), HANG_SECONDS)

        return words, step

    def not_well(self) -> None:
        self.walker.ready()
        self.walker.find("input[data-key=n]").send_keys("wrong view")
        self.walker.button("Not well: raise a fault").click()
        self.walker.says("not well")

    def look(self) -> None:
        self.open("/desk")
        self.walker.says("Look at this")
        self.walker.says("No picture needs a person.")

    def acknowledge(self) -> None:
        number = re.search(r"F\d{6}(?=\tUPS1)", self.walker.text())
        assert number
        self.fault = number[0]
        self.walker.follow(number[0])
        self.walker.says("What is done about it")
        self.summary("Acknowledge").click()
        form = self.summary("Acknowledge").find_element(By.XPATH, "./ancestor::details")
        form.find_element(By.NAME, "reason").send_keys("electrician called")
        form.find_element(By.XPATH, ".//button").click()
        self.walker.says("acknowledged")

    def summary(self, words: str) -> Any:
        path = f"//summary[normalize-space() = '{words}']"
        return self.walker.browser.driver.find_element(By.XPATH, path)

    def undo(self) -> None:
        self.open(f"/faults/{self.fault}")
        self.walker.says("electrician called")
        self.walker.button("Undo the last act").click()
        wait(lambda: "Undo the last act" not in self.walker.text(), HANG_SECONDS)

    def write_a_note(self) -> None:
        self.open("/desk")
        self.walker.says("Write a note")
        self.walker.find("input[name=note]").send_keys("gate 3 is locked until Friday")

    def party(self, party: str, name: str) -> None:
        own = self.walker.find(f"input[name={party}]")
        own.clear()
        own.send_keys(name)
        self.walker.find(f"input[name={party}_password]").send_keys(self.password)
