"""A handover on the pages of an agent with a real record and real users, without a browser: two people,
each by their own password, in one dialogue; notes; what is refused, in words.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from helpers.shift_estate import sheet

from healthmon.access import passwords
from healthmon.access.roles import Role
from healthmon.access.users import User
from healthmon.config import loading
from healthmon.runtime.agent import Agent
from healthmon.runtime.estate import Estate
from healthmon.runtime.listener_config import WebListener
from healthmon.runtime.page_feed import feed_of
from healthmon.runtime.shift_feed import shift_feed_of
from healthmon.store import Store
from healthmon_exporters.pages.routes import Pages
from healthmon_exporters.pages.sections import Sections
from healthmon_exporters.reports import kept_sheet
from healthmon_exporters.web import app as web
from healthmon_exporters.web import password_check
from healthmon_exporters.web.known_users import KnownUsers

WORD = "three long words"
HASH = passwords.hash_password(WORD)
PEOPLE = {"smith": Role.OPERATOR, "jones": Role.OPERATOR, "visitor": Role.VIEWER}
HOSTILE = '<b>gate</b> & "3"'
FORM = {"outgoing": "smith", "outgoing_password": WORD, "outgoing_note": "quiet"}
BOTH = FORM | {"incoming": "jones", "incoming_password": WORD}


@dataclass(frozen=True)
class Room:
    """An agent's pages and its record."""

    agent: Agent
    app: object
    url: str

    def client(self, name: str = "smith") -> httpx.AsyncClient:
        """A program that is logged in as `name`; "" for a browser without a login."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),  # type: ignore[arg-type]
            base_url="http://127.0.0.1",
            auth=(name, WORD) if name else None,
        )

    def store(self) -> Store:
        """The record."""
        return Store.open(self.url)

    def sweep(self, ago: float = 60.0) -> int:
        """Keep a sheet made `ago` seconds ago; its number."""
        store, made = self.store(), sheet(3)
        made.at = time.time() - ago
        number = store.keep_sweep(made.at, kept_sheet.body(made))
        store.close()
        return number

    def signed(self, sweep: int) -> list[tuple[str, str, str, str]]:
        """Who has signed as what, with reason and remark."""
        store = self.store()
        found = [(one.party, one.name, one.apart, one.note) for one in store.signatures(sweep)]
        assert store.broken_links() == []
        store.close()
        return found

    def notes(self) -> list[str]:
        """The open notes."""
        store = self.store()
        found = [one.text for one in store.open_notes()]
        store.close()
        return found


@pytest.fixture
async def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    monkeypatch.setattr(password_check, "REST", 0.0)
    state, path, people = tmp_path / "state", tmp_path / "config.yaml", tmp_path / "users"
    state.mkdir()
    people.write_text(
        "".join(f"{User(name, HASH, role).line()}\n" for name, role in PEOPLE.items())
    )
    people.chmod(0o600)
    path.write_text(
        f'agent: {{state_directory: "{state}", users_file: users}}\n'
        "sites: [{id: s}]\n"
        "cameras: [{id: C001, name: One, site: s, address: 192.0.2.1, kind: fixed}]\n"
    )
    agent = Agent.of(path, Estate.of(loading.load(path)))
    entry = WebListener(agent)

    async def nothing(*_: str) -> None:
        return None

    site = web.Site(
        metrics=agent.metrics,
        probe=nothing,
        ready=lambda: True,
        reload=nothing,  # type: ignore[arg-type]
        targets=list,
        operators=Sections(pages=Pages(feed_of(agent)), shift=shift_feed_of(agent)).endpoints,
    )
    app = web.application(site, entry.users, entry.names, entry.control)
    yield Room(agent, app, f"sqlite:///{state / 'healthmon.db'}")
    await agent.incident_service.store_writer.close()
    await agent.engine.close()
    agent.running.close()


def alert(answer: httpx.Response) -> str:
    """What a page refuses, in words."""
    found = re.search(r'role="alert">(.*?)</p>', answer.text)
    return found[1] if found else ""


async def test_two_people_hand_over_in_one_dialogue_and_the_sheet_says_so(room: Room) -> None:
    sweep = room.sweep()
    async with room.client() as http:
        page = await http.get("/handover")
        assert 'name="outgoing" value="smith"' in page.text
        assert f'name="sweep" value="{sweep}"' in page.text
        token = re.search(r'name="token" value="([\w-]+)"', page.text)
        assert token
        form = BOTH | {"sweep": str(sweep), "token": token[1], "note": HOSTILE}
        for _ in range(2):  # sent twice
            done = await http.post("/handover", data=form)
            assert (done.status_code, done.headers["location"]) == (303, "/handover?done")
        page = await http.get("/handover?done")
        assert "smith has handed over, jones has accepted." in page.text
        assert "This shift is handed over." in page.text
        printed = await http.get(f"/sheets/{sweep}")
        assert re.search(r"Handed over by smith, .*; remark: quiet", printed.text)
        assert "Accepted by jones" in printed.text
        for shown in (printed, page, await http.get("/desk")):
            assert "&lt;b&gt;gate&lt;/b&gt;" in shown.text
            assert "<b>gate" not in shown.text
    assert room.signed(sweep) == [("outgoing", "smith", "", "quiet"), ("incoming", "jones", "", "")]
    assert room.notes() == [HOSTILE]
    assert room.agent.incident_service.last_sweep[2] == ("smith", "jones")


async def test_what_is_refused_is_said_in_words_and_nothing_is_signed(room: Room) -> None:
    older, sweep = room.sweep(), room.sweep()
    wanted = BOTH | {"sweep": str(sweep)}
    cases = [
        ({"incoming_password": "wrong"}, 403, "The name or the password of the incoming person is"),
        ({"outgoing": "nobody"}, 403, "The name or the password of the outgoing person is wrong"),
        ({"incoming": "smith"}, 409, "One person cannot hand over and accept"),
        ({"incoming": "visitor"}, 403, "User visitor (viewer) may not sign the shift check"),
        ({"incoming_password": ""}, 409, "The password of the incoming person is missing"),
        (
            {"incoming": "", "incoming_password": ""},
            409,
            "The outgoing person signs alone: a reason",
        ),
        ({"sweep": str(older)}, 409, "A newer sheet was made meanwhile"),
        ({"sweep": "x"}, 409, "The form names no sheet"),
        (
            {"outgoing_note": "x" * 1001},
            409,
            "The remark has 1,001 characters; at most 1,000 are kept: shorten it",
        ),
        (dict.fromkeys(BOTH, ""), 409, "Nobody has signed"),
    ]
    async with room.client() as http:
        for change, status, words in cases:
            refused = await http.post("/handover", data=wanted | change)
            assert (refused.status_code, alert(refused)[: len(words)]) == (status, words)
            assert WORD not in refused.text
        kept = await http.post("/handover", data=wanted | {"incoming_password": "wrong"})
        assert 'name="outgoing_note" value="quiet"' in kept.text, "what was typed is still there"
        foreign = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}
        for path in ("/handover", "/notes", "/notes/1"):
            assert (await http.post(path, data=wanted, headers=foreign)).status_code == 403
    async with room.client("visitor") as http:
        assert "Signing needs the role operator" in (await http.get("/handover")).text
        for path in ("/handover", "/notes", "/notes/1"):
            assert (await http.post(path, data=wanted)).status_code == 403
    assert (room.signed(sweep), room.notes()) == ([], [])


async def test_alone_is_signed_with_a_reason_and_accepted_late(room: Room) -> None:
    sweep = room.sweep()
    async with room.client() as http:
        alone = FORM | {"sweep": str(sweep), "reason": "nobody has come"}
        assert (await http.post("/handover", data=alone)).status_code == 303
        page = (await http.get("/handover")).text
        assert "alone: nobody has come" in page
        assert 'name="outgoing"' not in page, "that party has signed"
        assert 'name="incoming" value=""' in page, "smith cannot accept what smith has handed over"
        late = {"incoming": "jones", "incoming_password": WORD, "sweep": str(sweep)}
        words = "The incoming person signs late: a reason is needed."
        assert alert(await http.post("/handover", data=late)) == words
        assert (await http.post("/handover", data=late | {"reason": "bus"})).status_code == 303
    assert [one[:3] for one in room.signed(sweep)] == [
        ("outgoing", "smith", "alone"),
        ("incoming", "jones", "late"),
    ]


async def test_what_is_raised_after_the_check_stands_on_its_sheet_until_it_is_signed(
    room: Room,
) -> None:
    sweep = room.sweep()

    async def raised(http: httpx.AsyncClient, what: str) -> str:
        form = {"device": "C001", "what": what, "noticed_by": "police", "once": what}
        done = await http.post("/raise", data=form)
        assert done.status_code == 303, done.text
        return done.headers["location"].rpartition("/")[2]

    async def on_sheet(http: httpx.AsyncClient) -> list[tuple[str, str, str]]:
        made = (await http.get(f"/sheets/{sweep}.json")).json()
        after = [one for one in made["faults"] if "after this check" in one["sentence"]]
        return [(one["fault"], one["contractor"], one["acknowledged"]) for one in after]

    async with room.client() as http:
        own = len((await http.get(f"/sheets/{sweep}.json")).json()["faults"])
        over, stays = await raised(http, "lamp is out"), await raised(http, HOSTILE)
        for number, form in (
            (over, {"act": "close", "cause": "no_fault"}),
            (stays, {"act": "acknowledge", "reason": "seen"}),
        ):
            done = await http.post(f"/faults/{number}/acts", data=form)
            assert done.status_code == 303, done.text
        wanted = [(stays, "Acme Security Ltd", "smith: seen")]
        assert await on_sheet(http) == wanted
        page = (await http.get(f"/sheets/{sweep}")).text
        assert f"<h2>Faults: {own + 1}</h2>" in page
        words = "&lt;b&gt;gate&lt;/b&gt; &amp; &quot;3&quot;; raised by smith after this check"
        assert words in page
        done = await http.post("/handover", data=BOTH | {"sweep": str(sweep)})
        assert done.status_code == 303, done.text
        await raised(http, "after it was signed")
        done = await http.post(f"/faults/{stays}/acts", data={"act": "close", "cause": "no_fault"})
        assert done.status_code == 303, done.text
        assert await on_sheet(http) == wanted, "what was signed is fixed"
        row = (await http.get("/sheets")).text.partition(f'"/sheets/{sweep}"')[2]
        assert f">{own + 1}<" in row.partition("</tr>")[0]


async def test_a_sheet_is_signed_within_its_window_only(room: Room) -> None:
    async with room.client() as http:
        assert "No shift check has been made yet" in (await http.get("/handover")).text
        sweep = room.sweep(ago=1000.0)
        page = (await http.get("/handover")).text
        assert "This sheet cannot be signed now." in page
        assert '<form class="handover"' not in page
        refused = await http.post("/handover", data=BOTH | {"sweep": str(sweep)})
        assert "min old (limit 15); sweep again" in alert(refused)
    assert room.signed(sweep) == []


async def test_after_a_handover_the_desk_is_that_of_the_incoming_person(room: Room) -> None:
    sweep = room.sweep()
    async with room.client("") as http:
        here = {"origin": "http://127.0.0.1"}
        login = {"name": "smith", "password": WORD, "next": "/handover"}
        await http.post("/login", data=login, headers=here)
        assert "<span>smith</span>" in (await http.get("/desk")).text
        await http.post("/handover", data=BOTH | {"sweep": str(sweep)}, headers=here)
        assert "<span>jones</span>" in (await http.get("/desk")).text
        again = {"name": "smith", "password": WORD, "next": "/faults?state=all"}
        switched = await http.post("/login", data=again, headers=here)
        assert switched.headers["location"] == "/faults?state=all"
        page = (await http.get("/faults?state=all")).text
        assert "<span>smith</span>" in page
        assert 'name="next" value="/faults?state=all"' in page, (
            "where the next person comes back to"
        )


async def test_a_form_after_the_end_of_a_login_leads_back_to_its_page(room: Room) -> None:
    async with room.client("") as http:
        headers = {
            "origin": "http://127.0.0.1",
            "referer": "http://127.0.0.1/desk",
            "accept": "text/html",
        }
        sent = await http.post("/notes", data={"note": "gate", "token": "t"}, headers=headers)
        assert sent.headers["location"] == "/login?next=%2Fdesk&ended=1"
        assert (
            "Your login has ended and nothing was recorded"
            in (await http.get(sent.headers["location"])).text
        )
    assert room.notes() == []


async def test_a_note_is_written_once_ended_by_the_next_shift_and_shown_again(room: Room) -> None:
    sweep = room.sweep()
    note = {"note": "gate 3 is locked", "token": "t1", "back": "/desk"}
    async with room.client() as smith, room.client("jones") as jones:
        for _ in range(2):
            sent = await smith.post("/notes", data=note)
            assert (sent.status_code, sent.headers["location"]) == (303, "/desk?noted")
        assert room.notes() == ["gate 3 is locked"]
        changed = await smith.post("/notes", data=note | {"note": "gate 4 too"})
        assert (changed.status_code, len(room.notes())) == (303, 2)
        desk = (await smith.get("/desk?noted")).text
        assert "The note is kept for the next shift." in desk
        assert desk.count("gate 3 is locked</strong>") == 1
        early = await jones.post("/notes/1", data={"what": "ended"})
        assert (
            alert(early)
            == "The note is of this shift: the next one ends it, or smith takes it back."
        )
        await smith.post("/handover", data=BOTH | {"sweep": str(sweep)})
        ended = await jones.post("/notes/1", data={"what": "ended", "back": "/handover"})
        assert ended.headers["location"] == "/handover?ended"
        assert "ended by jones" in (await jones.get("/desk")).text
        assert room.notes() == ["gate 4 too"]
        await jones.post("/notes/1", data={"what": "kept"})
        assert room.notes() == ["gate 3 is locked", "gate 4 too"]
        for path, form, status in (
            ("/notes", {"note": " ", "token": "t2"}, 409),
            ("/notes", {"note": "x" * 1001, "token": "t2"}, 409),
            ("/notes", {"note": "no token"}, 409),
            ("/notes/99", {"what": "ended"}, 409),
            ("/notes/x", {"what": "ended"}, 409),
            ("/notes/1", {"what": "burn"}, 400),
        ):
            refused = await jones.post(path, data=form)
            assert (refused.status_code, bool(alert(refused))) == (status, True), path
    assert len(room.notes()) == 2


async def test_a_note_is_taken_back_in_its_shift_and_done_in_a_later_one(room: Room) -> None:
    sweep = room.sweep()
    async with room.client() as smith, room.client("jones") as jones:
        await smith.post("/notes", data={"note": "gate 3", "token": "a" * 24})
        for path in ("/desk", "/handover"):
            assert 'aria-label="Take back: gate 3">Take back<' in (await smith.get(path)).text
        form = BOTH | {"sweep": str(sweep), "note": "lamp 4", "token": "b" * 24}
        done = await smith.post("/handover", data=form)
        assert done.status_code == 303, done.text
        for path in ("/desk", "/handover"):
            page = (await smith.get(path)).text
            assert 'aria-label="Done: gate 3">Done<' in page
            assert 'aria-label="Done: lamp 4">Done<' in page, "it came with the handover"
        for number in (1, 2):
            form = {"what": "ended", "back": "/desk"}
            ended = await jones.post(f"/notes/{number}", data=form)
            assert ended.status_code == 303, alert(ended)
    assert room.notes() == []


async def test_without_users_nobody_signs_on_the_page(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.sweep()
    monkeypatch.setattr(KnownUsers, "file", lambda _self: None)
    async with room.client("") as http:
        page = (await http.get("/handover")).text
    assert "no users file" in page
    assert 'type="password"' not in page
