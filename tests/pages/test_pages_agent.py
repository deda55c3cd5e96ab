"""The pages of a real agent in a real browser, as an operator uses them: log in, read, acknowledge, undo,
raise a fault; axe-core finds nothing; 320 px are enough.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import httpx
import pytest
from helpers.accessibility import WCAG, axe, axe_version
from helpers.chromium import Browser, started, wait
from helpers.product import Product, Running
from helpers.shift_estate import sheet
from helpers.support import Peers, free_port
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from healthmon.access import passwords
from healthmon.access.roles import Role
from healthmon.access.users import User
from healthmon.store import Store
from healthmon_exporters.pages import accessibility
from healthmon_exporters.reports import kept_sheet

pytestmark = [pytest.mark.peer, pytest.mark.slow]
WORD = "three long words"
HOSTILE = "<script>alert(1)</script> & \"co'"
PEOPLE = {"smith": Role.OPERATOR, "jones": Role.OPERATOR, "viewer": Role.VIEWER}
PAGES = (
    "/desk",
    "/handover",
    "/faults?state=all",
    "/faults?device=C1",
    "/devices",
    "/devices/C1",
    "/devices/C1/clock-statement",
    "/raise",
    "/sheets",
    "/maintenance",
    "/sites/s",
    "/reports",
    "/duties",
)

# These are tested by axe too.
OTHERS = ("/accessibility", "/login", "/kiosk", "/runbooks/", "/wall", "/sheets/1")


@dataclass(frozen=True)
class Desk:
    """A control room's desk: a browser beside an agent that has a dead camera."""

    browser: Browser
    agent: Running
    fault: str = ""

    @property
    def pages(self) -> tuple[str, ...]:
        """Every page."""
        return (*PAGES, self.fault)

    @property
    def root(self) -> str:
        """The address of the agent."""
        return f"http://127.0.0.1:{self.agent.port}"

    def open(self, path: str) -> None:
        """Load a page."""
        self.browser.open(self.root + path)

    def text(self) -> str:
        """What can be read on the page."""
        return str(self.browser.run("return document.body.innerText"))

    def says(self, words: str) -> None:
        """Hold that the page says `words`, as soon as it has loaded."""
        wait(lambda: words in self.text(), 20)

    def find(self, selector: str) -> Any:
        """One element."""
        return self.browser.driver.find_element(By.CSS_SELECTOR, selector)

    def press(self, words: str) -> None:
        """Click the button that says `words`."""
        self.browser.driver.find_element(By.XPATH, f"//button[normalize-space()='{words}']").click()

    def act(self, title: str, **fields: str) -> None:
        """Open the form of an act on a fault's page, fill it in and send it."""
        form = self.browser.driver.find_element(
            By.XPATH, f"//details[summary[normalize-space()='{title}']]"
        )
        form.find_element(By.TAG_NAME, "summary").click()
        for name, value in fields.items():
            form.find_element(By.NAME, name).send_keys(value)
        form.find_element(By.TAG_NAME, "button").click()

    def log_in(self, name: str, path: str = "/desk") -> None:
        """Log in as `name`, from a page to itself."""
        self.browser.driver.delete_all_cookies()
        self.open(path)
        self.find("input[name=name]").send_keys(name)
        self.find("input[name=password]").send_keys(WORD, Keys.ENTER)
        wait(lambda: path in self.browser.driver.current_url)
        wait(lambda: "Log out" in self.text())


@pytest.fixture(scope="module")
def agent(module_peers: Peers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("pages")
    users = folder / "users"
    known = passwords.hash_password(WORD)
    users.write_text(
        "".join(f"{User(name, known, role).line()}\n" for name, role in PEOPLE.items())
    )
    users.chmod(0o600)
    dead = {"address": "127.0.0.1", "kind": "fixed", "site": "s", "http": "no"}
    camera = dead | {
        "rtsp": {"port": free_port()},
        "streams": [{"path": "/live"}],
        "interval": "5 s",
    }
    product = Product(
        folder,
        {
            "agent": {"users_file": str(users)},
            "sites": [{"id": "s", "name": HOSTILE}],
            "cameras": [{"id": "C1", "name": HOSTILE, **camera}],
        },
    )
    with product.agent(module_peers) as running:
        yield running


@pytest.fixture(scope="module")
def desk(agent: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with started(tmp_path_factory.mktemp("browser")) as browser:
        found = Desk(browser, agent)
        browser.size(1280, 900)
        found.log_in("smith")
        wait(lambda: (found.open("/faults?device=C1"), "F0000" in found.text())[1], 90, 0.5)
        yield replace(found, fault=found.find("tbody a").get_attribute("pathname"))


def test_axe_finds_nothing(desk: Desk, agent: Running) -> None:
    found = {}
    store = record(agent)
    store.keep_sweep(time.time() - 7200, kept_sheet.body(sheet(3)))
    store.close()
    desk.open("/devices/C1/clock-statement")
    desk.find("input[name=time]").send_keys(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
    desk.find("input[name=reason]").send_keys(HOSTILE)
    desk.press("Make the statement")
    wait(lambda: "/clock-statements/" in desk.browser.driver.current_url, 20)
    statement = urlparse(desk.browser.driver.current_url).path
    tested = (*desk.pages, *OTHERS, statement)
    shown = {path.partition("?")[0].replace("C1", "C001") for path in tested} - {
        desk.fault,
        statement,
    }
    shown |= {"/faults/F000123", "/clock-statements/1"}
    shown |= {"/shift-check", "/walk"}  # test_walk_browser.py
    assert shown == set(accessibility.TESTED_PAGES), "as the statement says"
    assert (axe_version(), WCAG) == (accessibility.AXE_VERSION, accessibility.AXE_RULES)
    for path in tested:
        desk.open(path)
        for details in desk.browser.driver.find_elements(By.CSS_SELECTOR, "details"):
            desk.browser.run("arguments[0].open = true", details)
        found[path] = axe(desk.browser, *WCAG)
    assert {path: one for path, one in found.items() if one} == {}


def test_an_operator_takes_a_fault_on_reports_and_undoes(desk: Desk) -> None:
    desk.log_in("smith", desk.fault)
    desk.says(HOSTILE)
    desk.act("Acknowledge", reason="the engineer comes tomorrow")
    desk.says("Acknowledged by smith: open, acknowledged.")
    desk.open("/desk")
    desk.says("open, taken on")
    row = desk.browser.driver.find_element(By.XPATH, f"//tr[th/a[@href='{desk.fault}']]")
    assert "smith" in row.text
    desk.open(desk.fault)
    desk.act("Report to the contractor", to="Acme", reference="J-17")
    desk.says("reference: J-17")
    desk.press("Undo the last act")
    desk.says("Last act undone by smith: open, acknowledged.")
    desk.says("(undone)")


def test_what_does_not_fit_is_said_and_nothing_is_recorded(desk: Desk) -> None:
    desk.log_in("smith", desk.fault)
    before = len(desk.browser.driver.find_elements(By.CSS_SELECTOR, "tbody tr"))
    desk.browser.run(
        "document.querySelector('input[name=act][value=attend]').form.querySelector('[name=happened]')"
        ".value = '2031-01-01T10:00'"
    )
    desk.act("Record a visit", engineer="Lee")
    desk.says("in the future")
    assert len(desk.browser.driver.find_elements(By.CSS_SELECTOR, "tbody tr")) == before


def test_a_fault_is_raised_by_hand_and_closed_by_the_keyboard(desk: Desk) -> None:
    desk.log_in("smith", "/raise")
    desk.find("input[name=device]").send_keys("C1", Keys.TAB, "dome is dirty " + "W" * 200)
    desk.find("input[name=what]").send_keys(Keys.ENTER)
    wait(lambda: re.search(r"/faults/F\d{6}$", desk.browser.driver.current_url))
    desk.says("dome is dirty")
    desk.browser.size(320, 800)
    assert desk.browser.run("return document.documentElement.scrollWidth") <= 320, "a long word"
    desk.browser.size(1280, 900)
    desk.act("Verify: it works")
    desk.says("Verified by smith")
    desk.act("Close", cause="dirty or wet lens or dome", action="cleaned")
    desk.says("Closed by smith: closed.")
    number = desk.find("h1").text.split()[0]
    desk.open("/faults")
    assert number not in desk.text()
    desk.open("/faults?state=all")
    desk.says(number)


def test_the_desk_is_brought_up_to_date_by_itself_and_says_when_it_is_not(desk: Desk) -> None:
    desk.log_in("smith")
    before = desk.browser.driver.title
    assert "Desk" in before
    desk.browser.run(
        "window.fetch = () => Promise.reject(new Error('gone'));"
        "window.__again = document.querySelector('#live').textContent"
    )
    wait(lambda: "NO CONTACT" in desk.find("#live").text, 40)


HEARD = """
window.heard = []; window.tones = 0;
const Real = window.AudioContext;
window.AudioContext = class extends Real {
  constructor() { super(); window.heard.push(this); }
  createOscillator() { window.tones += 1; return super.createOscillator(); }
};
"""  # the browser's own sound, only counted


def test_a_new_urgent_fault_is_framed_counted_and_heard_until_it_is_taken_on(
    desk: Desk, agent: Running
) -> None:
    taken = {"act": "acknowledge", "reason": "the engineer comes"}
    desk.log_in("smith")
    with client(agent, "jones") as http:
        for row in desk.browser.driver.find_elements(By.CSS_SELECTOR, "[data-urgent] th a"):
            address = f"{row.get_attribute('pathname')}/acts"
            assert http.post(address, data={**taken, "once": f"{row.text:m<24}"}).is_redirect
    desk.open("/desk")
    title = desk.browser.driver.title
    assert not title.startswith("("), "nothing urgent yet"
    box = desk.find("#sound input")
    assert not box.is_selected(), "chosen on each desk"
    box.click()
    desk.browser.run(HEARD)
    desk.press("Try it")
    wait(lambda: desk.browser.run("return [heard[0]?.state, tones]") == ["running", 2])
    wait(lambda: desk.browser.run("return heard[0].currentTime") > 0)
    assert not desk.find("#sound .muted").is_displayed()
    with client(agent, "jones") as http:
        mark = re.search(r'name="once" value="([^"]+)"', http.get("/raise").text)
        assert mark
        form = {"device": "", "what": "mains is lost", "noticed_by": "police", "priority": "1"}
        raised = http.post("/raise", data={**form, "once": mark[1]}).headers["location"]
        wait(lambda: desk.browser.driver.title == f"(1) {title}", 60)
        assert desk.browser.run("return [heard.length, tones]") == [2, 4], "it rings once"
        frame = "const s = getComputedStyle(document.querySelector('.tiles.urgent'));"
        frame += "return [s.borderTopStyle, parseFloat(s.borderTopWidth) >= 3, s.animationName]"
        assert desk.browser.run(frame) == ["solid", True, "none"]
        assert http.post(f"{raised}/acts", data={**taken, "once": "m" * 24}).is_redirect
        wait(lambda: desk.browser.driver.title == title, 60)
        assert desk.browser.run("return document.querySelector('.tiles.urgent')") is None
    assert desk.browser.run("return tones") == 4
    desk.open("/desk")
    assert desk.find("#sound input").is_selected(), "this desk keeps it"
    desk.find("#sound input").click()


def switch_to(desk: Desk, name: str) -> None:
    """Change the person on the page that is open."""
    form = desk.find("details.switch")
    form.find_element(By.TAG_NAME, "summary").click()
    form.find_element(By.NAME, "name").send_keys(name)
    form.find_element(By.NAME, "password").send_keys(WORD, Keys.ENTER)
    wait(lambda: desk.find(".person span").text == name)


def value(desk: Desk, name: str) -> str:
    """What stands in an entry of the main part."""
    return str(desk.find(f"main [name={name}]").get_property("value"))


def test_another_person_goes_on_with_what_was_typed(desk: Desk) -> None:
    desk.log_in("smith", "/raise?device=C1")
    desk.find("input[name=what]").send_keys("dome is dirty")
    desk.browser.run("document.querySelector('[value=police]').click()")
    switch_to(desk, "jones")
    assert desk.browser.driver.current_url == f"{desk.root}/raise?device=C1"
    assert (value(desk, "what"), value(desk, "device")) == ("dome is dirty", "C1")
    assert desk.find("[value=police]").is_selected()
    desk.press("Raise")
    wait(lambda: re.search(r"/faults/F\d{6}$", desk.browser.driver.current_url))
    desk.says("jones")
    desk.open("/raise")
    assert value(desk, "what") == "", "a form that was taken is empty again"


def test_the_end_of_a_login_loses_no_work(desk: Desk) -> None:
    desk.log_in("smith")
    desk.find("main input[name=note]").send_keys("gate 3 is locked")
    desk.browser.driver.delete_all_cookies()
    desk.press("Keep the note")
    desk.says("Your login has ended and nothing was recorded")
    desk.find("input[name=name]").send_keys("smith")
    desk.find("input[name=password]").send_keys(WORD, Keys.ENTER)
    wait(lambda: desk.browser.driver.current_url.endswith("/desk"))
    assert value(desk, "note") == "gate 3 is locked"
    desk.press("Keep the note")
    desk.says("The note is kept for the next shift.")
    desk.says("gate 3 is locked")
    assert value(desk, "note") == ""


def record(agent: Running) -> Store:
    """The record of the running agent."""
    folder = Path(str(agent.process.args[-1])).parent  # type: ignore[index]
    return Store.open(f"sqlite:///{folder}/state/healthmon.db")


def test_two_people_hand_over_by_the_keyboard(desk: Desk, agent: Running) -> None:
    store = record(agent)
    sweep = store.keep_sweep(time.time(), kept_sheet.body(sheet(3)))
    desk.log_in("smith", "/handover")
    desk.find("[name=outgoing_password]").send_keys(WORD, Keys.TAB, "all quiet", Keys.TAB, "jones")
    desk.find("[name=incoming]").send_keys(Keys.TAB, "wrong", Keys.ENTER)
    desk.says("The name or the password of the incoming person is wrong; nothing was signed.")
    assert (value(desk, "outgoing_note"), value(desk, "incoming")) == ("all quiet", "jones")
    assert value(desk, "outgoing_password") == ""
    assert axe(desk.browser, *WCAG) == []
    assert store.signatures(sweep) == []
    desk.find("[name=outgoing_password]").send_keys(WORD)
    desk.find("[name=incoming_password]").send_keys(WORD, Keys.ENTER)
    desk.says("smith has handed over, jones has accepted.")
    assert desk.find(".person span").text == "jones", "the desk is that of the incoming person"
    desk.open(f"/sheets/{sweep}")
    desk.says("Accepted by jones")
    desk.says("all quiet")
    signed = [(one.party, one.name) for one in store.signatures(sweep)]
    assert signed == [("outgoing", "smith"), ("incoming", "jones")]
    store.close()


def client(agent: Running, name: str) -> httpx.Client:
    root = f"http://127.0.0.1:{agent.port}"
    return httpx.Client(base_url=root, auth=(name, WORD), trust_env=False, timeout=30)


def test_a_viewer_reads_and_may_do_nothing(desk: Desk, agent: Running) -> None:
    with client(agent, "viewer") as http:
        page = http.get(desk.fault)
        assert page.status_code == 200
        assert '<form method="post" action="/faults' not in page.text
        refused = http.post(f"{desk.fault}/acts", data={"act": "acknowledge", "reason": "x"})
        assert refused.status_code == 403
        assert "this needs role" in refused.text
        assert http.get("/raise").status_code == 403


def test_a_foreign_page_can_do_nothing(desk: Desk, agent: Running) -> None:
    foreign = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}
    with client(agent, "smith") as http:
        answer = http.post(f"{desk.fault}/acts", data={"act": "acknowledge"}, headers=foreign)
        assert answer.status_code == 403


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/faults/F999999", 404, "There is no such fault"),
        ("/faults/nonsense", 404, "There is no such fault"),
        ("/devices/C9", 404, "There is no such device"),
        ("/faults?since=29.11.2026", 400, "A date is written as"),
        ("/devices?q=nothing+like+it", 200, "0 of 1 device"),
    ],
)
def test_what_is_not_there_is_said(
    desk: Desk, agent: Running, path: str, status: int, words: str
) -> None:
    with client(agent, "viewer") as http:
        answer = http.get(path)
        assert (answer.status_code, words in answer.text) == (status, True)


def test_a_number_in_another_form_leads_to_the_fault(desk: Desk, agent: Running) -> None:
    with client(agent, "viewer") as http:
        number = desk.fault.removeprefix("/faults/F").lstrip("0")
        assert http.get(f"/faults/{number}").headers["location"] == desk.fault
