"""The wall as people get it, in a real browser: it fits, it can be read, heard, walked by keys and
printed; grey when blind.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from helpers import certificates
from helpers.browser import Browser, WallServer, started, wait
from helpers.wall_estate import estate, line, seen, troubled
from selenium.webdriver.common.keys import Keys

from healthmon.access import kiosks, passwords, users
from healthmon.model.enums import CheckName, State
from healthmon_exporters.wall import live
from healthmon_exporters.wall.model import model
from healthmon_exporters.web import listener, server_tls

pytestmark = [pytest.mark.peer, pytest.mark.long]
SIZES = [(1920, 1080), (1366, 768)]

# Every element that is drawn must lie in its parent (in the list of its tiles for what scrolls
# nowhere) and on the screen.
OVERFLOW = """
const outside = [];
const skipped = "script,style,head,.unseen,.skip,#veil,dialog,#log,symbol,use,path,noscript,br,wbr";
for (const element of document.querySelectorAll("body *")) {
  if (element.closest(skipped)) continue;
  const box = element.getBoundingClientRect();
  if (!box.width || !box.height) continue;
  const parent = element.parentElement.getBoundingClientRect();
  const over = Math.max(parent.left - box.left, box.right - parent.right, parent.top - box.top, box.bottom - parent.bottom);
  const off = Math.max(-box.left, box.right - innerWidth, -box.top, box.bottom - innerHeight);
  if (over > 0.6 || off > 0.6) outside.push(`${element.tagName}.${element.getAttribute("class")}#${element.id} ${over.toFixed(1)} ${off.toFixed(1)} ${element.textContent.slice(0, 30)}`);
}
return outside;
"""
# Texts that must be whole, not cut off.
CUT = """
return [...document.querySelectorAll(arguments[0])].filter((one) => one.scrollWidth > one.clientWidth + 1)
  .map((one) => `${one.textContent} ${one.scrollWidth} ${one.clientWidth}`);
"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with started(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture(scope="module")
def server() -> Iterator[WallServer]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listener, "HEADER_SECONDS", 0.6)
        patch.setattr(live, "TICK_SECONDS", 0.2)
        serving = WallServer()
        yield serving
        serving.close()


@pytest.fixture
def wall(chromium: Browser, server: WallServer) -> Iterator[Browser]:
    """The browser at 1920x1080; after each test nothing may stand in the console and nothing have
    left the origin.
    """
    server.broken = False
    chromium.size(1920, 1080)
    yield chromium
    said, asked = chromium.console(), chromium.requests()
    chromium.driver.get("about:blank")
    wait(lambda: not server.connections)
    assert said == []
    assert [url for url in asked if not url.startswith((server.origin, "data:", "about:"))] == []


def show(browser: Browser, server: WallServer, snapshot) -> None:
    """Open the wall on `snapshot` and wait until that is what it shows."""
    server.now = replace(snapshot, estate=f"Estate {time.monotonic()}")
    browser.open(f"{server.origin}/wall")
    arrived(browser, server)


def arrived(browser: Browser, server: WallServer) -> None:
    text = "return document.body.classList.contains('blind') ? '' : document.getElementById('estate').textContent"
    wait(lambda: browser.run(text) == server.now.estate)


def texts(browser: Browser, selector: str) -> list[str]:
    return browser.run(
        "return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent)",
        selector,
    )


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize(("cameras", "faults"), [(10, 1), (150, 6), (600, 30)])
def test_it_fits_and_is_readable_from_five_metres(
    wall, server, tmp_path, cameras, faults, width, height
):
    wall.size(width, height)
    show(wall, server, troubled(cameras, faults, simulated=cameras == 150))
    page = "return [document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    assert wall.run(page) == [width, height]
    assert wall.run(OVERFLOW) == []
    assert wall.run(CUT, ".card .name, #number-list .label, #number-list .value, .tile .id") == []
    assert len(texts(wall, ".tile")) == cameras
    least = 66 * height / 1080  # on 43 inches 16 arc minutes of capital height at 5 m
    sizes = wall.run(
        "return [...document.querySelectorAll('.card .name')].map((e) => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(sizes) >= least - 0.01
    shown = texts(wall, ".card:not(.more) .name")
    assert len(shown) >= min(faults, 3)
    if len(shown) < faults:
        assert texts(wall, ".card.more .name") == [f"+{faults - len(shown)} more"]
    picture = wall.driver.get_screenshot_as_png()
    assert picture[16:24] == width.to_bytes(4, "big") + height.to_bytes(4, "big")
    (tmp_path / f"wall-{cameras}-{width}x{height}.png").write_bytes(picture)


@pytest.mark.parametrize(
    ("name", "cameras", "faults", "prefix"),
    [
        ("a well estate", 150, -1, "C"),
        ("long ids", 600, 4, "town-centre-cam-"),
        ("everything at fault", 600, 600, "C"),
        ("one camera", 1, 0, "C"),
        ("no cameras", 0, 0, "C"),
        ("more than can be shown", 2000, 3, "C"),
    ],
)
def test_it_fits_whatever_the_estate(wall, server, name, cameras, faults, prefix):
    snapshot = estate(cameras, prefix) if faults < 0 else troubled(cameras, faults, prefix=prefix)
    for width, height in SIZES:
        wall.size(width, height)
        show(wall, server, snapshot)
        assert wall.run(OVERFLOW) == [], (name, width)


WHOLE = "#estate, #status dd, .card span, #number-list span, .head span, .chip span"
LOWER = """
return [...document.querySelectorAll(arguments[0])].filter((one) => one.scrollHeight > one.clientHeight + 2
  && getComputedStyle(one).overflowY !== "visible").map((one) => one.textContent);
"""


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize(("cameras", "faults"), [(12, 5), (150, 40)])
def test_long_names_and_sentences_are_whole(wall, server, cameras, faults, width, height):
    """Names of faults at the size that is read from 5 m, whatever their length."""
    snapshot = troubled(cameras, faults)
    long = "Multi-storey car park Bridge Street, level 3, north stairs and lift lobby, towards the cash machines"
    sentence = "clock 1 h 00 min 00 s ahead (limits 2 s / 10 s): summer time was not switched off"
    told = [replace(one, name=long, sentence=sentence, cause="the switch in the cabinet is lost")
            for one in snapshot.faults]  # fmt: skip
    devices = [replace(one, name=f"{long} {one.id}") for one in snapshot.devices]
    people = ("Alexandra Featherstonehaugh", "Bartholomew Cholmondeley")
    snapshot = replace(snapshot, faults=tuple(told), devices=devices)
    snapshot = replace(snapshot, sweep=replace(snapshot.sweep, signed_by=people))
    wall.size(width, height)
    show(wall, server, snapshot)
    server.now = replace(
        server.now, estate=f"{server.now.estate}, public space CCTV of North Example"
    )
    arrived(wall, server)
    assert wall.run(OVERFLOW) == []
    assert wall.run(CUT, WHOLE) == []
    assert wall.run(LOWER, WHOLE) == []
    size = "return parseFloat(getComputedStyle(document.querySelector('.card .name')).fontSize)"
    assert wall.run(size) >= 66 * height / 1080 - 0.01
    assert texts(wall, ".card .name")[0] == long


def test_colours_words_and_symbols_of_every_state(wall, server):
    show(wall, server, troubled(20, 3))
    found = wall.run(
        "return [...document.querySelectorAll('.tile')].map((e) => [e.className.match(/s-(\\\\w+)/)[1], "
        "getComputedStyle(e).backgroundColor, e.querySelector('use').getAttribute('href'), e.getAttribute('aria-label')])".replace(
            "\\\\\\\\", "\\\\"
        ).replace("\\\\w", "\\w")
    )
    by_state = {
        state: (colour, symbol, spoken) for state, colour, symbol, spoken in reversed(found)
    }
    assert set(by_state) == {"fault", "unknown", "warning", "doubt", "ok"}
    assert by_state["fault"][0] == "rgb(213, 94, 0)"
    assert by_state["unknown"][0] == "rgb(110, 110, 110)"
    assert by_state["ok"][0] == "rgb(0, 114, 178)"
    assert len({symbol for _, symbol, _ in by_state.values()}) == 5, (
        "each state has a symbol of its own"
    )
    for state, word in (
        ("fault", "fault"),
        ("unknown", "not checked"),
        ("warning", "warning"),
        ("ok", "ok"),
    ):
        assert f": {word}" in by_state[state][2]


def test_a_fault_comes_is_spoken_of_once_and_goes(wall, server):
    show(wall, server, estate(20))
    assert texts(wall, "#calm span") == ["No faults. Every check is up to date."]
    assert texts(wall, "#news") == [""]
    device = server.now.devices[4]
    fault = line(device, number=123)
    server.now = replace(
        seen(server.now, device.id, CheckName.STREAM, state=State.FAULT), faults=(fault,)
    )
    wait(lambda: texts(wall, ".card .name") == [device.name])
    assert texts(wall, "#news") == [f"New fault: {device.name}, {fault.sentence}."]
    assert wall.driver.title.startswith("1 FAULT: ")
    assert texts(wall, "#number-list .value")[0] == "1"
    assert "F000123" in texts(wall, ".card .about")[0]
    assert texts(wall, ".tile .id")[0] == device.id
    server.now = replace(estate(20), estate=server.now.estate)
    wait(lambda: texts(wall, ".card") == [])
    assert texts(wall, "#number-list .value")[0] == "0"


def test_keys_walk_the_tiles_open_a_camera_and_come_back(wall, server):
    show(wall, server, troubled(150, 2))
    focus = "return document.activeElement.getAttribute('href') || document.activeElement.id"

    def press(*keys: str) -> str:
        actions = wall.driver.switch_to.active_element
        for key in keys:
            actions = wall.driver.switch_to.active_element
            actions.send_keys(key)
        return wall.run(focus)

    assert press(Keys.TAB) == "#faults"
    assert press(Keys.TAB) == "#tiles"
    names = ("at_fault", "not_recorded", "clock_wrong", "on_battery", "not_checked", "warnings")
    assert [press(Keys.TAB) for _ in names] == [f"#list={name}" for name in names]
    assert [press(Keys.TAB) for _ in range(3)] == ["#device=C001", "#device=C002", "#device=C001"]
    assert wall.run("return document.activeElement.className").startswith("tile")
    outline = "const s = getComputedStyle(document.activeElement); return [s.outlineStyle, parseFloat(s.outlineWidth)]"
    style, width = wall.run(outline)
    assert style == "solid"
    assert width >= 3
    assert press(Keys.ARROW_RIGHT) == "#device=C002"
    assert press(Keys.ARROW_DOWN) != "#device=C002"
    assert press(Keys.HOME) == "#device=C001"
    assert press(Keys.END) == "#device=C008", "the camera in maintenance stands last"
    assert press(Keys.HOME) == "#device=C001"
    press(Keys.ENTER)
    wait(lambda: wall.run("return document.getElementById('details').open"))
    assert wall.run(focus) == "details-close"
    assert texts(wall, "#details-name") == ["C001 Riverside north"]
    rows = texts(wall, "#details-checks tr")
    assert any(
        "FAULT" in row and "Pictures" in row and "no pictures: connected" in row for row in rows
    )
    press(Keys.ESCAPE)
    wait(lambda: not wall.run("return document.getElementById('details').open"))
    assert wall.run(focus) == "#device=C001"
    assert press(Keys.TAB).startswith("#device=R"), "the tiles are one stop"


def test_numbers_warnings_and_the_rest_open_their_lists(wall, server, tmp_path):
    """By a click or a key, in whole sentences, each row leading to its device; and back."""
    show(wall, server, troubled(150, 40))
    opened = "return document.getElementById('list').open"

    def press(selector: str) -> list[str]:
        wall.run("document.querySelector(arguments[0]).focus()", selector)
        wall.driver.switch_to.active_element.send_keys(Keys.ENTER)
        wait(lambda: wall.run(opened) and texts(wall, "#list-rows li"))
        return texts(wall, "#list-rows li")

    rows = press("a[href='#list=at_fault']")
    assert texts(wall, "#list-name") == ["Cameras at fault: 40"]
    assert len(rows) == 40
    assert "no pictures: connected, 0 frames in 8 s (limit 2 s)" in rows[0]
    assert wall.run(CUT, "#list-rows .name, #list-rows .about") == []
    assert wall.run("return document.getElementById('list').scrollWidth <= innerWidth")
    (tmp_path / "list.png").write_bytes(wall.driver.get_screenshot_as_png())
    wall.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    wait(lambda: not wall.run(opened))
    assert wall.run("return [location.hash, document.activeElement.getAttribute('href')]") == [
        "",
        "#list=at_fault",
    ]
    assert len(press(".card.more")) == 40
    wall.run("document.querySelector('#list-rows a').click()")
    wait(lambda: wall.run("return document.getElementById('details').open"))
    wall.run("document.getElementById('details').close(); document.getElementById('list').close()")
    wait(lambda: not wall.run(opened))
    assert "WARNING" not in press("#fault-note a")[0]
    assert texts(wall, "#list-name") == ["Warnings: 2"]
    wall.run("document.getElementById('list').close()")
    wait(lambda: not wall.run(opened))


def test_a_screen_may_show_one_site(wall, server):
    snapshot = troubled(20, 3)
    devices = tuple(replace(d, site="hill") if d.id == "C001" else d for d in snapshot.devices)
    server.now = replace(snapshot, devices=devices, estate="Estate of one site")
    wall.open(f"{server.origin}/wall?site=hill")
    wait(lambda: texts(wall, "#estate") == ["Estate of one site, hill"])
    assert texts(wall, ".tile .id") == ["C001"]
    wall.run("location.hash = 'list=faults'")
    wait(lambda: len(texts(wall, "#list-rows li")) == 1)
    wall.run("document.getElementById('list').close()")
    wait(lambda: wall.run("return location.href") == f"{server.origin}/wall?site=hill")


def test_an_address_leads_to_one_camera_and_to_no_other(wall, server):
    show(wall, server, estate(10))
    wall.run("location.hash = 'device=C003'")
    wait(
        lambda: (
            texts(wall, "#details-name") == ["C003 Castle Park north"]
            and texts(wall, "#details-checks tr")
        )
    )
    wall.run("document.getElementById('details').close()")
    wall.run("location.hash = 'device=' + encodeURIComponent('<img src=x>')")
    wait(lambda: texts(wall, "#details-name") == ["<img src=x> is not in the configuration"])
    wall.run("document.getElementById('details').close()")
    assert any("404" in text for text in wall.console())


def test_the_next_camera_is_asked_for_before_the_browser_tells_that_the_last_was_closed(
    wall, server
):
    show(wall, server, estate(10))
    wall.run("location.hash = 'device=C003'")
    wait(lambda: wall.run("return document.getElementById('details').open"))
    wall.run("document.getElementById('details').close(); location.hash = 'device=C004'")
    wait(
        lambda: (
            texts(wall, "#details-name") == ["C004 High Street north"]
            and texts(wall, "#details-checks tr")
        )
    )
    assert wall.run("return location.hash") == "#device=C004"
    wall.run("document.getElementById('details').close(); location.hash = 'device=100%'")
    wait(lambda: texts(wall, "#details-name") == ["100% is not in the configuration"])
    wall.run("document.getElementById('details').close()")
    assert any("404" in text for text in wall.console())


def test_a_screen_reader_gets_headings_landmarks_lists_and_names(wall, server):
    show(wall, server, troubled(20, 3))
    tree = wall.tree()
    roles = [node["role"] for node in tree]
    assert {"banner", "main", "heading", "list", "listitem", "link", "status", "region"} <= set(
        roles
    )
    headings = {node["name"] for node in tree if node["role"] == "heading"}
    assert {
        server.now.estate,
        "Numbers",
        "Faults 3",
        "Cameras 20",
        "Power, recorders and links",
    } <= headings
    links = [node["name"] for node in tree if node["role"] == "link"]
    assert len(links) == 2 + 5 + 1 + 3 + 20 + 3
    assert all(links)
    assert "C001 Riverside north: fault, No pictures, since 21 Sept 14:58, F000123" in links
    assert next(node for node in tree if node["role"] == "status")["live"] == "polite"
    assert "NO DATA" not in [node["name"] for node in tree], "the veil is silent"


def test_less_motion_and_a_zoomed_page(wall, server):
    show(wall, server, troubled(20, 3))
    wall.command(
        "Emulation.setEmulatedMedia",
        features=[{"name": "prefers-reduced-motion", "value": "reduce"}],
    )
    assert (
        wall.run("return getComputedStyle(document.querySelector('.skip')).transitionDuration")
        == "0s"
    )
    wall.command("Emulation.setEmulatedMedia", features=[])
    wall.size(640, 900)
    wait(lambda: wall.run("return document.body.classList.contains('flows')"))
    assert wall.run("return document.documentElement.scrollWidth") <= 640
    assert (
        wall.run("return getComputedStyle(document.querySelector('.card .name')).fontSize")
        == "28px"
    )


def test_on_paper_it_is_a_list_in_black_and_white(wall, server):
    show(wall, server, troubled(20, 3, simulated=True))
    wall.command("Emulation.setEmulatedMedia", media="print")
    try:
        style = "const s = getComputedStyle(document.documentElement); return [s.color, s.backgroundColor]"
        assert wall.run(style) == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
        visible = "return [...document.body.children].filter((e) => e.getBoundingClientRect().height).map((e) => e.id)"
        assert wall.run(visible) == ["log"]
        rows = texts(wall, "#log-rows tr")
        assert [row.split("F")[0] for row in rows[:1]] == [""]
        assert len(rows) == 3 + 2 + 2 + 1
        assert all(re.match("FAULT|NOT CHECKED|WARNING|CHECKING AGAIN", row) for row in rows)
        assert "J. Smith" in rows[2]
        assert "SIMULATED ESTATE" in texts(wall, "#log-about")[0]
        assert base64.b64decode(wall.command("Page.printToPDF")["data"]).startswith(b"%PDF")
    finally:
        wall.command("Emulation.setEmulatedMedia", media="")


def log_in(browser: Browser, guarded: WallServer) -> None:
    """By the page that a browser without a login gets instead of the wall."""
    browser.open(f"{guarded.origin}/wall")
    assert browser.driver.current_url == f"{guarded.origin}/login?next=%2Fwall"
    browser.driver.find_element("name", "name").send_keys("shift")
    browser.driver.find_element("name", "password").send_keys("right", Keys.ENTER)
    wait(lambda: browser.driver.current_url == f"{guarded.origin}/wall")


def test_behind_a_login_it_is_as_live(chromium, tmp_path):
    file = tmp_path / "users"
    file.write_text(f"shift:{passwords.hash_password('right')}\n")
    guarded = WallServer(file)
    try:
        guarded.now = replace(troubled(10, 2), estate="Behind a login")
        log_in(chromium, guarded)
        arrived(chromium, guarded)
        assert len(texts(chromium, ".card")) == 2
        chromium.run("location.hash = 'device=C001'")
        wait(lambda: texts(chromium, "#details-checks tr"))
        assert chromium.console() == []
    finally:
        chromium.driver.get("about:blank")
        guarded.close()


def test_by_tls_it_asks_for_a_login_and_is_as_live(chromium, tmp_path):
    file, pair = tmp_path / "users", certificates.made(tmp_path, "wall")
    file.write_text(f"shift:{passwords.hash_password('right')}\n")
    guarded = WallServer(file, server_tls.tls_context(pair.certificate, pair.key))
    try:
        guarded.now = replace(troubled(10, 2), estate="By TLS")
        chromium.command("Security.setIgnoreCertificateErrors", ignore=True)
        chromium.open(f"{guarded.origin}/wall")
        assert "By TLS" not in chromium.driver.page_source
        log_in(chromium, guarded)
        arrived(chromium, guarded)
        assert len(texts(chromium, ".card")) == 2
        assert chromium.run("return isSecureContext")
        assert chromium.console() == []
    finally:
        chromium.driver.get("about:blank")
        chromium.command("Security.setIgnoreCertificateErrors", ignore=False)
        guarded.close()


def test_the_login_pages_fit_a_phone_and_can_be_hit(chromium, tmp_path):
    file = tmp_path / "users"
    file.write_text(f"shift:{passwords.hash_password('right')}\n")
    guarded = WallServer(file)
    small = """return [...document.querySelectorAll("input:not([type=hidden]),button")]
      .map((one) => Math.min(one.getBoundingClientRect().width, one.getBoundingClientRect().height))
      .filter((size) => size < 44)"""
    unnamed = """return [...document.querySelectorAll("input:not([type=hidden])")]
      .filter((one) => !one.labels.length).length"""
    try:
        chromium.size(320, 640)
        for page, words in (("login", "Log in"), ("kiosk", "Connect this wall screen")):
            chromium.open(f"{guarded.origin}/{page}")
            assert chromium.run("return document.title").startswith(words)
            assert chromium.run("return document.documentElement.scrollWidth") <= 320
            assert chromium.run(small) == []
            assert chromium.run(unnamed) == 0
        chromium.open(f"{guarded.origin}/login")
        chromium.driver.find_element("name", "name").send_keys("shift")
        chromium.driver.find_element("name", "password").send_keys("wrong", Keys.ENTER)
        wait(lambda: texts(chromium, "[role=alert]") == ["The name or the password is wrong."])
    finally:
        chromium.driver.get("about:blank")
        chromium.console()  # a browser notes that the answer was 403
        chromium.size(1920, 1080)
        guarded.close()


def test_a_wall_screen_is_connected_by_its_code_and_outlives_a_restart(tmp_path):
    file = tmp_path / "users"
    screen, code = kiosks.waiting("wall-1", time.time())
    users.put_kiosk(file, screen)
    guarded = WallServer(file)
    guarded.now = replace(troubled(10, 2), estate="A screen of its own")
    profile = tmp_path / "profile"
    profile.mkdir()
    try:
        with started(profile) as first:
            first.open(f"{guarded.origin}/kiosk")
            first.driver.find_element("name", "code").send_keys(code, Keys.ENTER)
            arrived(first, guarded)
            assert code not in first.driver.current_url
            assert first.run("return document.cookie") == "", "no script reads the token"
            assert first.console() == []
        with started(profile) as second:
            second.open(f"{guarded.origin}/wall")
            arrived(second, guarded)
            users.remove_kiosk(file, "wall-1")
            wait(lambda: second.run("return document.body.classList.contains('blind')"))
            second.open(f"{guarded.origin}/wall")
            assert second.driver.current_url == f"{guarded.origin}/login?next=%2Fwall"
    finally:
        guarded.close()


ORDER = """
const [address, done] = arguments;
const sent = [
  fetch(address, {method: "POST", mode: "no-cors"}),
  fetch(address, {method: "POST", mode: "no-cors", body: new URLSearchParams({a: 1})}),
  fetch(address, {method: "POST", mode: "cors"}),
];
navigator.sendBeacon(address, "a");
Promise.allSettled(sent).then(() => done(sent.length));
"""


def test_a10_a_page_of_another_site_can_order_and_read_nothing(chromium, server):
    """From a page of the same machine but another origin: orders, forms, pictures, frames; and by
    DNS rebinding.
    """
    other = WallServer()
    try:
        for foreign in (other.origin, other.origin.replace("127.0.0.1", "localhost")):
            chromium.open(f"{foreign}/-/healthy")
            # The page's own policy is not what must hold: it would not be theirs.
            chromium.command("Page.setBypassCSP", enabled=True)
            chromium.open(f"{foreign}/-/healthy")
            assert chromium.driver.execute_async_script(ORDER, f"{server.origin}/-/reload") == 3
            read = "const [at, done] = arguments; fetch(at).then((a) => a.text()).then(done, () => done('refused'))"
            assert (
                chromium.driver.execute_async_script(read, f"{server.origin}/wall.json")
                == "refused"
            )
            chromium.run(
                "document.body.innerHTML = `<form method='post' action='${arguments[0]}'><input name='a'></form>`;"
                "document.forms[0].submit()",
                f"{server.origin}/-/reload",
            )
            wait(lambda: "requested by a page of another site" in chromium.driver.page_source)
        assert server.reloads == 0
        rebound = server.origin.replace("127.0.0.1", "rebound.example")
        chromium.open(f"{rebound}/metrics")
        assert "add it to `hosts` of `agent` in config.yaml" in chromium.driver.page_source
        own = "const [done] = arguments; fetch('/wall.json').then((a) => done(a.status))"
        assert chromium.driver.execute_async_script(own) == 421
        chromium.open(f"{server.origin}/-/healthy")
        order = "const [done] = arguments; fetch('/-/reload', {method: 'POST'}).then((a) => done(a.status))"
        assert chromium.driver.execute_async_script(order) == 200
        assert server.reloads == 1, "a page of the agent's own could"
    finally:
        chromium.command("Page.setBypassCSP", enabled=False)
        chromium.driver.get("about:blank")
        other.close()


def grey(wall: Browser) -> bool:
    return wall.run("return document.body.classList.contains('blind')")


def test_an_agent_that_says_nothing_and_a_tab_that_slept_are_blind(wall, server, caplog):
    """The connection stays open and the agent says nothing, while the tab is frozen; woken, it is
    grey at once.
    """
    show(wall, server, troubled(20, 3))
    server.broken = True
    wall.command("Page.setWebLifecycleState", state="frozen")
    time.sleep(8.6)
    wall.command("Page.setWebLifecycleState", state="active")
    wait(lambda: grey(wall), 1.0)
    assert set(texts(wall, "#number-list .value")) == {"NO DATA"}
    assert texts(wall, ".card") == []
    assert texts(wall, "#calm span")[0].startswith("NO DATA: no contact with healthmon since ")
    colours = wall.run(
        "return [...document.querySelectorAll('.tile,.chip')].map((e) => getComputedStyle(e).backgroundColor)"
    )
    assert set(colours) == {"rgb(110, 110, 110)"}
    assert wall.run(OVERFLOW) == []
    assert texts(wall, "#log-about")[0].startswith("NO DATA")
    assert wall.driver.title.startswith("NO DATA")
    server.broken = False
    wait(lambda: not grey(wall))
    assert len(texts(wall, ".card")) == 3


def test_the_veil_covers_the_page_when_the_script_hangs(wall, server):
    show(wall, server, estate(10))
    at = """const veil = document.getElementById('veil'); const [animation] = veil.getAnimations();
    animation.pause(); animation.currentTime = arguments[0]; return getComputedStyle(veil).opacity"""
    assert wall.run(at, 11900) == "0"
    assert wall.run(at, 12100) == "1"


FAKE = """
window.sources = [];
window.EventSource = class extends EventTarget {
  constructor(url) { super(); this.url = url; this.readyState = 1; window.sources.push(this); }
  close() { this.readyState = 2; }
  send(name, data) { const event = new Event(name); event.data = JSON.stringify(data); this.dispatchEvent(event); }
};
EventSource.CLOSED = 2;
"""


def test_what_was_held_back_on_the_way_is_no_sign_of_life(wall, server):
    script = wall.command("Page.addScriptToEvaluateOnNewDocument", source=FAKE)["identifier"]
    try:
        wall.open(f"{server.origin}/wall")
        say = "const s = window.sources.at(-1); s.send('open'); s.send('wall', arguments[0]); s.send('beat', arguments[1])"
        phase_of = {"at": time.time(), "tick": 1000.0, "age": 1.0}
        assert grey(wall), "blind before the first word"
        wall.run(say, model(estate(10)), phase_of)
        assert not grey(wall)
        late = {**phase_of, "tick": 990.0}
        wall.run("window.sources.at(-1).send('beat', arguments[0])", late)
        assert wall.run("return window.sources.length") == 2, (
            "asked anew, because what came was old"
        )
        wall.run(
            "window.sources.at(-1).send('bye', {reason: 'more than 16 screens are open', seconds: 30})"
        )
        assert wall.run("return window.sources.at(-1).readyState") == 2
    finally:
        wall.command("Page.removeScriptToEvaluateOnNewDocument", identifier=script)
