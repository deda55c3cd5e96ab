"""Logins: each service has its own, one cap over all of them, and a refusal stays one fault (FF-A3,
A9, A16, A17, F22).
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from helpers.fakes.recorder_web import Answer, RecorderWeb
from helpers.fakes.rtsp_server import Camera
from helpers.field_cameras import (
    OnvifWeb,
    Park,
    Row,
    RtspLogin,
    camera_row,
    film,
    looked,
    onvif_row,
    parked,
    rows_of,
    swept,
    told_of,
)
from helpers.loopback import served
from helpers.product import PASSWORD, Product, Swept, only
from helpers.recorder_estate import Recorder, told
from helpers.support import Peers, faked

LATER = ("", "+61s", "+400s", "+1500s")


def row_of(rtsp: int, web: int, **more: object) -> Row:
    """A camera with a configured path whose identity is read by ONVIF, by one account."""
    return camera_row(rtsp, http={"port": web}, credential="view", **more)


async def sweeps(folder: Path, row: Row, times: tuple[str, ...]) -> list[Swept]:
    """Sweeps of one camera, each as much later by the clock as `times` say."""
    product, sheets = Product(folder, {"cameras": [row]}), []
    for ahead in times:
        product.environment = faked(ahead)
        sheets.append(await asyncio.to_thread(product.sweep))
    return sheets


def everything(sheet: Swept) -> str:
    """All sentences about the camera."""
    return " | ".join(sheet.sentences("C1"))


# ---------------------------------------------------------------- FF-A3: accounts of their own


@pytest.mark.parametrize("wants", ["token", "digest"])
async def test_ff_a3_what_onvif_refuses_says_nothing_against_rtsp(wants: str, tmp_path: Path):
    login, web = RtspLogin(), OnvifWeb(wants=wants, password=None)
    camera = Camera(film(), refuse=login)
    async with served(camera.talk) as rtsp, served(web) as pages:
        sheets = await sweeps(tmp_path, row_of(rtsp.port, pages.port), ("", "+5s", "+61s"))
    assert camera.methods.count("PLAY") == len(sheets)
    assert (web.refused, login.refused) == (2, 0)
    for sheet in sheets:
        assert "login refused" in told_of(sheet, "identity", "faults")
        assert rows_of(sheet, "stream") == []


async def test_ff_f1_a_login_refused_at_a_wrong_date_waits_no_longer_than_its_rule(tmp_path: Path):
    """The clock was ten years ahead; then it is right, and a minute passes."""
    login = RtspLogin(None)
    async with served(Camera(film(), refuse=login).talk) as rtsp, served(OnvifWeb()) as pages:
        row = row_of(rtsp.port, pages.port, onvif="no")
        first = await sweeps(tmp_path, row, ("+315360000s", "+5s"))
        assert login.refused == 1
        assert "no login is tried for 1 min" in " ".join(first[1].sentences("C1"))
        await sweeps(tmp_path, row, ("+66s",))
    assert login.refused == 2


async def test_ff_f1_two_refusals_at_a_wrong_date_stay_two(tmp_path: Path):
    """The clock stood at 1998 when the machine started, and is right now."""
    login = RtspLogin(None)
    past = -28 * 365 * 86400
    times = (f"{past}s", f"{past + 61}s", "", "+61s", "+130s")
    async with served(Camera(film(), refuse=login).talk) as rtsp, served(OnvifWeb()) as pages:
        await sweeps(tmp_path, row_of(rtsp.port, pages.port, onvif="no"), times)
    assert login.refused == 2


@pytest.mark.parametrize("wants", ["token", "digest"])
async def test_ff_a3_an_acceptance_elsewhere_opens_no_new_tries(wants: str, tmp_path: Path):
    """At most two rejected logins in 30 minutes, whatever else accepts the account meanwhile."""
    login, web = RtspLogin(), OnvifWeb(wants=wants, password=None)
    async with served(Camera(film(), refuse=login).talk) as rtsp, served(web) as pages:
        await sweeps(tmp_path, row_of(rtsp.port, pages.port), LATER)
    assert web.refused <= 2
    assert login.refused == 0


async def test_ff_a3_what_rtsp_refuses_says_nothing_against_onvif(tmp_path: Path):
    """The other way round: ONVIF goes on, RTSP is tried at most twice in 30 minutes."""
    login, web = RtspLogin(None), OnvifWeb(wants="digest")
    async with served(Camera(film(), refuse=login).talk) as rtsp, served(web) as pages:
        sheets = await sweeps(tmp_path, row_of(rtsp.port, pages.port), LATER)
    assert login.refused <= 2
    assert web.refused == 0
    for sheet in sheets:
        assert rows_of(sheet, "identity") == []
        assert "login refused" in " ".join(sheet.sentences("C1", "faults"))


async def test_beside_a3_two_services_that_refuse_share_one_cap(tmp_path: Path):
    login, web = RtspLogin(None), OnvifWeb(wants="digest", password=None)
    async with served(Camera(film(), refuse=login).talk) as rtsp, served(web) as pages:
        await sweeps(tmp_path, row_of(rtsp.port, pages.port), LATER)
    assert 1 <= login.refused + web.refused <= 2


async def test_beside_a3_attempts_left_hold_for_every_service(tmp_path: Path):
    login, web = RtspLogin(), OnvifWeb(wants="token", password=None)
    web.then = "Sender not authorized. You still have 2 attempts left."
    async with served(Camera(film(), refuse=login).talk) as rtsp, served(web) as pages:
        await sweeps(tmp_path, row_of(rtsp.port, pages.port), ("", "+61s"))
        before = login.tried
        await sweeps(tmp_path, row_of(rtsp.port, pages.port), ("+122s",))
    assert web.refused == 1
    assert login.tried == before


def latched(host: str, since: float) -> str:
    """A logins.json as 94670cd wrote it: two refusals, then silence for a day."""
    place = hashlib.blake2b(f"{host}\0healthmon".encode(), digest_size=8).hexdigest()
    text = f"healthmon\0{PASSWORD}".encode()
    secret = hashlib.blake2b(text, digest_size=8, person=b"healthmon-login").hexdigest()
    silent = {"rejected": [since - 61, since], "silent_until": since + 86400, "locked": False}
    return json.dumps({f"{place}-{secret}": silent})


async def test_beside_a3_the_file_of_an_older_version_latches_every_service(tmp_path: Path):
    login, web = RtspLogin(), OnvifWeb(wants="digest")
    async with served(Camera(film(), refuse=login).talk) as rtsp, served(web) as pages:
        product = Product(tmp_path, {"cameras": [row_of(rtsp.port, pages.port)]})
        (tmp_path / "state").mkdir()
        (tmp_path / "state/logins.json").write_text(latched("127.0.0.1", time.time() - 60))
        await asyncio.to_thread(product.sweep)
    assert login.tried == 0
    assert web.given == []


# ---------------------------------------------------------------- FF-A9: Basic by ONVIF


async def test_ff_a9_basic_is_used_by_onvif_where_it_is_allowed(tmp_path: Path):
    web = OnvifWeb(wants="basic")
    async with served(Camera(film()).talk) as rtsp, served(web) as pages:
        row = row_of(rtsp.port, pages.port, allow_basic="yes")
        sheet = await swept(tmp_path, {"cameras": [row]})
    assert rows_of(sheet, "identity") == []
    assert set(web.given) == {"Basic"}
    assert web.refused == 0


async def test_ff_a9_the_path_is_found_by_a_basic_login(tmp_path: Path):
    web = OnvifWeb(wants="basic", uri="rtsp://127.0.0.1/found")
    camera = Camera(film(), path="/found")
    async with served(camera.talk) as rtsp, served(web) as pages:
        row = onvif_row(rtsp.port, pages.port, allow_basic="yes")
        sheet = await swept(tmp_path, {"cameras": [row]})
    assert rows_of(sheet, "stream") == []
    assert "PLAY" in camera.methods


async def test_beside_a9_basic_is_not_used_where_it_is_not_allowed(tmp_path: Path):
    web = OnvifWeb(wants="basic")
    async with served(Camera(film()).talk) as rtsp, served(web) as pages:
        sheet = await swept(tmp_path, {"cameras": [row_of(rtsp.port, pages.port)]})
    assert web.given == []
    assert "Basic" in told_of(sheet, "identity", "not_checked")


# ---------------------------------------------------------------- FF-A16: a refusal stays a fault


@pytest.mark.parametrize("times", [("", "+20s"), ("", "+61s", "+7200s")])
async def test_ff_a16_a_refused_login_stays_a_fault_with_its_age(
    times: tuple[str, ...], tmp_path: Path
):
    login = RtspLogin(None)
    began = time.time()
    async with served(Camera(film(), refuse=login).talk) as rtsp:
        sheets = await sweeps(tmp_path, camera_row(rtsp.port, credential="view"), times)
    assert login.refused == len(times) - 1
    faults = rows_of(sheets[-1], "stream", "faults")
    assert [row["code"] for row in faults] == ["login_refused"], sheets[-1].sheet
    assert faults[0]["sentence"].startswith("login refused")
    assert faults[0]["since"] is not None
    since = datetime.fromisoformat(faults[0]["since"]).timestamp()
    assert abs(since - began) < 30


async def test_ff_a16_the_age_is_kept_when_it_is_refused_again(tmp_path: Path):
    """A minute later a second try is made; refused since the first one."""
    login, web = RtspLogin(None), OnvifWeb(wants="digest", password=None)
    began = time.time()
    async with (
        served(Camera(film(), refuse=login).talk) as rtsp,
        served(Camera(film()).talk) as open_rtsp,
        served(web) as pages,
    ):
        rows = [
            camera_row(rtsp.port, credential="view"),
            row_of(open_rtsp.port, pages.port) | {"id": "C2", "address": "127.0.0.1"},
        ]
        product, sheets = Product(tmp_path, {"cameras": rows[:1]}), []
        for row in rows:
            product.write({"cameras": [row]})
            (tmp_path / "state/logins.json").unlink(missing_ok=True)
            for ahead in ("", "+61s"):
                product.environment = faked(ahead)
                sheets.append(await asyncio.to_thread(product.sweep))
    assert (login.refused, web.refused) == (2, 2)
    for sheet, device in ((sheets[1], "C1"), (sheets[3], "C2")):
        fault = only(sheet.rows(device, "faults"))
        assert fault["code"] == "login_refused"
        assert fault["since"] is not None
        assert abs(datetime.fromisoformat(fault["since"]).timestamp() - began) < 45


async def test_ff_a16_the_same_for_a_login_by_onvif(tmp_path: Path):
    web = OnvifWeb(wants="digest", password=None)
    async with served(Camera(film()).talk) as rtsp, served(web) as pages:
        sheets = await sweeps(tmp_path, row_of(rtsp.port, pages.port), ("", "+20s"))
    assert web.refused == 1
    fault = only(rows_of(sheets[-1], "identity", "faults"))
    assert fault["sentence"].startswith("login refused")
    assert fault["since"] is not None


async def test_beside_a16_an_account_that_is_right_again_is_no_fault(tmp_path: Path):
    login = RtspLogin(None)
    async with served(Camera(film(), refuse=login).talk) as rtsp:
        row = camera_row(rtsp.port, credential="view")
        await sweeps(tmp_path, row, ("",))
        login.password = PASSWORD
        sheet = only(await sweeps(tmp_path, row, ("+61s",)))
    assert sheet.rows("C1", "faults") == []


# ---------------------------------------------------------------- FF-A17: prose that speaks of locks

PROSE = [
    "<h1>401</h1>This page is locked. Please log in.",
    "Access to the requested resource is blocked by policy.",
    "The account is locked after 5 wrong attempts.",
    "Too many login pages link here.",
    "<title>Lockout protection active</title>",
    "3 attempts are allowed before you are locked out.",
]


@dataclass
class Prosy:
    """A camera whose pages speak of locks: RTSP and ONVIF with an account."""

    rtsp: Camera
    web: OnvifWeb

    @contextlib.asynccontextmanager
    async def opened(self, host: str) -> AsyncIterator[Row]:
        """Its row while it serves at `host`."""
        async with (
            served(self.rtsp.talk, host=host) as rtsp,
            served(self.web, host=host) as pages,
        ):
            yield row_of(rtsp.port, pages.port)


BLOCKED = "Your IP address has been blocked"
AFTER_A_LOGIN = {
    "The account will be locked after 2 more failed attempts.": "login_refused",
    "You have 3 more attempts before your account is locked.": "login_refused",
    "Your browser may have blocked the password dialogue.": "login_refused",
    "Access blocked by content filter": "login_refused",
    '{"lockStatus": "lock", "unlockTime": 1800, "retryLoginTime": 0}': "locked_out",
    BLOCKED: "locked_out",
}
PAGES = {
    prose: Prosy(Camera(film(), refuse=RtspLogin()), OnvifWeb(wants="digest", first=prose))
    for prose in PROSE
}


@pytest.mark.parametrize("prose", PAGES)
def test_ff_a17_prose_before_a_login_locks_nothing(prose: str, park: Park):
    assert "locked by the device" not in park.told(prose, "")
    assert park.rows(prose, "identity") == []
    assert park.rows(prose) == []
    assert "Digest" in PAGES[prose].web.given


@pytest.mark.parametrize("prose", PROSE[:2])
async def test_ff_a17_a_403_page_before_a_login_locks_nothing(prose: str, tmp_path: Path):
    web = OnvifWeb(wants="digest", first=prose, refuses="403 Forbidden")
    login = RtspLogin()
    async with served(Camera(film(), refuse=login).talk) as rtsp, served(web) as pages:
        first, second = await sweeps(tmp_path, row_of(rtsp.port, pages.port), ("", "+5s"))
    for sheet in (first, second):
        assert "locked by the device" not in everything(sheet)
        assert rows_of(sheet, "stream") == []


def rtsp_page(status: str, prose: str) -> Camera:
    """An RTSP camera that refuses whoever has not logged in by `status` with a page."""

    def render(kind: str, cseq: str, fields: list[str], body: bytes) -> bytes:
        shown = prose.encode() if kind.startswith("401") else body
        named = kind if not kind.startswith("401") else status
        head = [f"CSeq: {cseq}", f"Content-Length: {len(shown)}", *fields]
        return "\r\n".join([f"RTSP/1.0 {named}", *head, "", ""]).encode() + shown

    return Camera(film(), refuse=RtspLogin(), render=render)


UNAUTHORIZED = {
    f"401: {prose}": Prosy(rtsp_page("401 Unauthorized", prose), OnvifWeb(wants="digest"))
    for prose in PROSE[:3]
}
FORBIDDEN = {
    f"403: {prose}": Prosy(rtsp_page("403 Forbidden", prose), OnvifWeb(wants="digest"))
    for prose in PROSE[:3]
}


REFUSED = {
    f"then: {said}": Prosy(
        Camera(film(), refuse=RtspLogin()), OnvifWeb(wants="digest", password=None, then=said)
    )
    for said in AFTER_A_LOGIN
}


@pytest.mark.parametrize("said", [said for said in AFTER_A_LOGIN if said != BLOCKED])
def test_ff_a17_what_is_said_after_a_login_is_read_by_what_it_means(said: str, park: Park):
    """A warning of a lock is none, nor is a block of something else."""
    fault = only(park.rows(f"then: {said}", "identity", "faults"))
    assert fault["code"] == AFTER_A_LOGIN[said]


def test_beside_a17_a_block_of_our_address_is_one(park: Park):
    fault = only(park.rows(f"then: {BLOCKED}", "identity", "faults"))
    assert fault["code"] == AFTER_A_LOGIN[BLOCKED]


@pytest.fixture(scope="module")
def park(tmp_path_factory: pytest.TempPathFactory) -> Park:
    """All those whose pages speak of locks, in one sweep."""
    everybody = PAGES | UNAUTHORIZED | FORBIDDEN | REFUSED
    cameras = {name: one.opened for name, one in everybody.items()}
    return asyncio.run(parked(tmp_path_factory.mktemp("prose"), cameras, "127.0.24"))


@pytest.mark.parametrize("name", UNAUTHORIZED)
def test_beside_a17_rtsp_prose_before_a_login_locks_nothing(name: str, park: Park):
    assert park.rows(name) == []


@pytest.mark.parametrize("name", FORBIDDEN)
def test_ff_a17_a_403_of_rtsp_before_a_login_locks_nothing(name: str, park: Park):
    """Without an account there: refused, which is a fault, but no lock and no pause for ONVIF."""
    assert "locked" not in park.told(name)
    assert park.rows(name, section="faults") != []
    assert park.rows(name, "identity") == []


async def test_beside_a17_a_lock_in_the_devices_own_format_counts(tmp_path: Path):
    """ISAPI XML_userCheck: <lockStatus> says it, after a login was answered."""
    said = "<userCheck><statusValue>401</statusValue><lockStatus>lock</lockStatus></userCheck>"
    web = OnvifWeb(wants="digest", password=None, then=said)
    login = RtspLogin()
    async with served(Camera(film(), refuse=login).talk) as rtsp, served(web) as pages:
        row = row_of(rtsp.port, pages.port, onvif="no") | {"id": "R1", "make": "hikvision"}
        del row["kind"]
        sheet = await swept(tmp_path, {"recorders": [row]})
    assert "locked" in " | ".join(sheet.sentences("R1"))


# ---------------------------------------------------------------- FF-F22: one password, one fault


async def test_ff_f22_one_wrong_password_is_one_fault(tmp_path: Path, peers: Peers):
    login, web = RtspLogin(None), OnvifWeb(wants="digest", password=None)
    async with served(Camera(film(), refuse=login).talk) as rtsp, served(web) as pages:
        row = row_of(rtsp.port, pages.port, interval="1 s")
        cause = {"hold": "1 s", "quiet": "1 s", "longest": "2 s", "join": "1 s"}
        defaults = {"identity_interval": "2 s", "cause": cause}
        product = Product(tmp_path, {"cameras": [row], "defaults": defaults})

        def watch() -> list[Row]:
            with product.agent(peers) as agent:
                agent.until(lambda: "login_refused" in agent.faults("C1"), 30)
                looked(agent, "identity", 4)
                looked(agent, "stream", 8)
                return json.loads(product.run("faults", "--json").out)

        faults = await asyncio.to_thread(watch)
    own = [fault for fault in faults if fault["device"] == "C1"]
    assert [fault["code"] for fault in own] == ["login_refused"], own
    assert "held back" not in own[0]["sentence"]
    assert 1 <= login.refused + web.refused <= 2


async def test_ff_f22_the_fault_is_told_by_its_cause(tmp_path: Path, peers: Peers):
    """Identity is asked first and refused; what is held back since is our reaction, no fault."""
    login, web = RtspLogin(None), OnvifWeb(wants="digest", password=None)
    async with served(Camera(film(), refuse=login).talk) as rtsp, served(web) as pages:
        first, second = await sweeps(tmp_path, row_of(rtsp.port, pages.port), ("", "+5s"))
    for sheet in (first, second):
        told = [row for row in sheet.rows("C1") if "login" in row["sentence"]]
        assert len(told) == 1, sheet.sheet
        assert told[0]["code"] == "login_refused"
        assert "held back" not in told[0]["sentence"]


class Refusing(RecorderWeb):
    """A recorder that refuses every login."""

    def _refusal(self, method: str, target: str, given: str) -> tuple[Answer, list[str]]:
        self.rejected += 1
        return Answer(status="401 Unauthorized"), [self._challenge()]


def test_ff_f22_a_recorder_and_its_cameras_name_the_cause(tmp_path: Path):
    """One fault, of the recorder; what is not checked for it is by its refusal, not by our pause."""
    recorders = [Recorder(make) for make in ("hikvision", "dahua", "axis", "onvif")]
    for one in recorders:
        one.web = Refusing(one.web.right, [], "kept", one.web.open)

    def asked(product: Product) -> tuple[Swept, Swept]:
        first = product.sweep()
        product.environment = faked("+5s")
        return first, product.sweep()

    for sheet in told(tmp_path, recorders, asked):
        for number in range(1, len(recorders) + 1):
            (fault,) = sheet.rows(f"R{number:03d}", "faults")
            assert fault["code"] == "login_refused"
            (unread,) = sheet.rows(f"C{number:03d}")
            assert f"recorder R{number:03d}: login refused" in unread["sentence"]
            assert "held back" not in unread["sentence"]
    assert [one.web.rejected for one in recorders] == [1] * len(recorders)
