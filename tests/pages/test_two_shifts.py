"""Two whole shifts in a real browser, at a real agent on a simulated estate, as operators work: what one
shift leaves is there for the next; what must not be taken is refused in plain words.
"""

from __future__ import annotations

import base64
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from helpers import keystrokes
from helpers.chromium import started, wait
from helpers.open_agent import HANG_SECONDS, WORD
from helpers.simulated_room import SimulatedRoom
from helpers.support import Peers, need
from helpers.walker import Walker
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from healthmon.store import Store

pytestmark = [pytest.mark.peer, pytest.mark.long(130)]
MORNING = datetime(2026, 11, 30, 6, 50, tzinfo=UTC)
EVENING = datetime(2026, 11, 30, 18, 50, tzinfo=UTC)
NOTE = "gate 3 is locked, key at reception"
WHAT = "joystick of desk 2 does not answer"
DARK = "picture is too dark"
FOREIGN = "This was requested by a page of another site, so nothing was done."
FORM = (
    '<form method="post" action="{}/notes"><input name="note" value="all is well">'
    '<input name="token" value="aaaaaaaaaaaaaaaaaaaaaaaa"></form>'
    "<script>document.forms[0].submit()</script>"
)


@contextmanager
def foreign_site(page: str) -> Iterator[int]:
    """The port of a web server of somebody else, which serves `page`."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def printed(walker: Walker) -> str:
    """The text of the page as it is printed on A4."""
    made = walker.browser.command("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)
    return text_of(base64.b64decode(made["data"]))


def pdf(walker: Walker, path: str) -> str:
    """The text of the PDF at `path`, loaded with the login of the browser."""
    with logged_in(walker) as http:
        answer = http.get(path)
    assert answer.headers["content-type"] == "application/pdf", answer.text
    return text_of(answer.content)


def logged_in(walker: Walker) -> httpx.Client:
    """A program that has the cookies of the browser."""
    cookies = {one["name"]: one["value"] for one in walker.browser.driver.get_cookies()}
    return httpx.Client(base_url=walker.root, cookies=cookies, timeout=HANG_SECONDS)


def text_of(body: bytes) -> str:
    """The text of a PDF, as one line."""
    argv = ("pdftotext", "-", "-")
    done = subprocess.run(argv, input=body, capture_output=True, check=True)
    return " ".join(done.stdout.decode().split())


def watched(walker: Walker) -> list[str]:
    """How far the check was, as the desk has said it without being loaded again."""
    walker.says("checks made")
    walker.browser.run("window.before = true")
    seen: list[str] = []

    def ended() -> bool:
        found = re.search(r"\d+ of \d+ checks made", walker.text())
        if found and found[0] not in seen:
            seen.append(found[0])
        return "Open the sheet" in walker.text() and not found

    try:
        wait(ended, 3 * HANG_SECONDS)
    except AssertionError:
        raise AssertionError(f"{seen}\n{walker.text()}") from None
    assert walker.browser.run("return window.before") is True
    return seen


def sign(walker: Walker, *people: tuple[str, str, str]) -> None:
    """Fill in who signs, as party, name and password, and send it."""
    for party, name, password in people:
        field = walker.find(f"input[name={party}]")
        field.clear()
        field.send_keys(name)
        walker.find(f"input[name={party}_password]").send_keys(password)
    walker.button("Sign").click()


def first_shift(walker: Walker) -> str:
    """Smith works from the night on and hands over to Jones; the fault that was raised by hand."""
    walker.browser.open(f"{walker.root}/desk")
    walker.credentials("smith", "not the password")
    walker.says("The name or the password is wrong.")
    walker.credentials("smith", WORD)
    walker.says("The check of Mon 30 Nov 07:00 can be made now.")
    walker.button("Start the shift check").click()
    assert len(watched(walker)) > 2
    walker.says("Made for the shift change of Mon 30 Nov 07:00, in time.")

    walker.follow("Raise a fault")
    walker.says("Who noticed it")
    walker.press("C012", Keys.TAB, WHAT)
    walker.find("input[value=police]").click()
    walker.button("Raise").click()
    walker.says(WHAT)
    found = re.search(r"F\d{6}", walker.text())
    assert found is not None

    walker.find("nav a[href='/desk']").click()
    walker.follow("Go on with the walk")
    walk(walker)
    walker.find("nav a[href='/desk']").click()
    walker.find("form[action='/notes'] input[name=note]").send_keys(NOTE, Keys.ENTER)
    walker.says("The note is kept for the next shift.")

    walker.follow("Handover")
    walker.says(NOTE)
    assert walker.find("input[name=outgoing]").get_attribute("value") == "smith"
    sign(walker, ("outgoing", "smith", WORD), ("incoming", "jones", "not the password"))
    walker.says("The name or the password of the incoming person is wrong; nothing was signed.")
    sign(walker, ("outgoing", "smith", WORD), ("incoming", "jones", WORD))
    walker.says("smith has handed over, jones has accepted.")
    assert walker.find(".person span").text == "jones"
    walker.follow("Read and print the sheet")
    for text in (printed(walker), pdf(walker, "/sheets/1.pdf")):
        for words in (
            DARK,
            NOTE,
            "Handed over by smith",
            "Accepted by jones",
            "smith has seen",
        ):
            assert words in text, text
    return found[0]


def over(walker: Walker) -> bool:
    """Whether the walk has no camera left."""
    return "No camera is left to look at in this walk." in walker.text()


def walk(walker: Walker) -> None:
    """All due cameras by the keys: the first is well, then not well, taken back, not well again."""
    walker.says("Camera 1 of 6")
    names: list[str] = []
    keys = {
        2: (keystrokes.UNDO,),
        4: (keystrokes.WHAT, DARK, Keys.ENTER),
        5: (keystrokes.SKIP,),
    }
    while not over(walker):
        walker.ready()
        names.append(walker.called())
        walker.press(*keys.get(len(names), (keystrokes.WELL,)))
        wait(lambda: over(walker) or walker.called() not in ("", names[-1]), HANG_SECONDS)
    assert names[0] == names[2], names
    assert (len(names), len(set(names))) == (8, 6), names
    walker.says("Seen by a person 5 of 6 due (4 well, 1 not well); 1 skipped.")


def second_shift(walker: Walker, raised: str) -> None:
    """Jones finds what was left, makes two checks, and hands over to Smith."""
    walker.browser.open(f"{walker.root}/desk")
    walker.says("The check of Mon 30 Nov 19:00 can be made now.")
    assert walker.find(".person span").text == "jones", "the login of the day still counts"
    for words in (NOTE, raised, WHAT, DARK):
        assert words in walker.text()
    walker.button("Start the shift check").click()
    watched(walker)
    walker.says("Made for the shift change of Mon 30 Nov 19:00, in time.")
    walker.follow("Open the sheet")
    for words in (NOTE, raised, WHAT, DARK, "Faults: 5"):
        assert words in walker.text(), walker.text()
    old_tab = walker.browser.driver.current_window_handle
    walker.browser.driver.get(f"{walker.root}/handover")
    walker.browser.driver.switch_to.new_window("tab")
    walker.browser.driver.get(f"{walker.root}/desk")
    walker.button("Start it again").click()
    watched(walker)
    walker.browser.driver.close()
    walker.browser.driver.switch_to.window(old_tab)
    sign(walker, ("outgoing", "jones", WORD), ("incoming", "smith", WORD))
    walker.says("A newer sheet was made meanwhile; read that one and sign it.")
    assert "Read and print the sheet" in walker.text()
    foreign_pages(walker)
    walker.button("Done").click()
    walker.says("The note is ended. It stays on record.")
    walker.browser.driver.get(f"{walker.root}/handover")
    sign(walker, ("outgoing", "jones", WORD), ("incoming", "smith", WORD))
    walker.says("jones has handed over, smith has accepted.")


def foreign_pages(walker: Walker) -> None:
    """Pages of other sites have the browser send a form, with its login, to the agent."""
    driver = walker.browser.driver
    with foreign_site(FORM.format(walker.root)) as port:
        for host in ("127.0.0.1", "rebound.example"):
            driver.get(f"http://{host}:{port}/")
            walker.says(FOREIGN)
            driver.find_element(By.LINK_TEXT, "To the desk").click()
            walker.says("Log out")
    note = {"note": "all is well", "token": "a" * 24}
    with logged_in(walker) as http:
        assert http.get("/desk").status_code == 200, "the login counts"
        silent = http.post("/notes", data=note, headers={"accept": "text/html"})
        assert silent.status_code == 403
        assert "must say which page it comes from" in silent.text
    walker.browser.driver.get(f"{walker.root}/desk")
    assert "all is well" not in walker.text()


def test_two_whole_shifts(peers: Peers, tmp_path: Path) -> None:
    need("pdftotext")
    shifts = {"shifts": ["07:00", "19:00"], "shift_check": {"walk": "1 d"}}
    room = SimulatedRoom(tmp_path, peers, 12, {"estate": shifts})
    with started(tmp_path / "browser") as browser:
        browser.size(1280, 900)
        walker = Walker(browser, room.root)
        with room.opened(MORNING):
            raised = first_shift(walker)
        with room.opened(EVENING):
            second_shift(walker, raised)
    store = Store.reader(room.url)
    signed = {n: [(one.party, one.name) for one in store.signatures(n)] for n in (1, 2, 3)}
    assert signed == {
        1: [("outgoing", "smith"), ("incoming", "jones")],
        2: [],
        3: [("outgoing", "jones"), ("incoming", "smith")],
    }
    assert store.broken_links() == []
    store.close()
