"""What people enter by a command is written by the running agent, with the account by which it came."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest
from helpers.commands import healthmon
from helpers.store_samples import CASE, FAULT

from healthmon.access import passwords, users
from healthmon.access.roles import Role
from healthmon.access.users import User
from healthmon.config import loading
from healthmon.incidents.acts import Act
from healthmon.runtime import act_entry
from healthmon.runtime.act_entry import ActEntry
from healthmon.runtime.act_socket import ActSocket
from healthmon.runtime.agent import Agent
from healthmon.runtime.estate import Estate
from healthmon.runtime.listener_config import WebListener
from healthmon.store import Author, Batch, Outgoing, Store
from healthmon_exporters.web import password_check

CONFIG = """
agent: {{state_directory: "{state}", users_file: users}}
sites: [{{id: riverside}}]
cameras: [{{id: C001, name: One, site: riverside, address: 192.0.2.1, kind: fixed}}]
"""
HASH = f"{'ab' * 16}${'cd' * 64}"
USERS = f"a.smith:{HASH}:role=operator:unix=5001\nb.jones:{HASH}:role=viewer:unix=5002\n"
ACK = {
    "kind": "acknowledge",
    "number": 7,
    "name": "A. Smith",
    "happened": 1_760_000_000.0,
    "details": {"reason": "contractor called"},
}


@pytest.fixture
async def served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[ActSocket, Agent, Path]]:
    """An agent with an open fault, and its socket."""
    run, state = tmp_path / "run", tmp_path / "state"
    run.mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(run))
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(state=state))
    (tmp_path / "users").write_text(USERS)
    (tmp_path / "users").chmod(0o600)
    state.mkdir()
    store = Store.open(f"sqlite:///{state / 'healthmon.db'}")
    store.record(Batch(faults={FAULT.key: FAULT}, incidents={7: CASE, 8: replace(CASE, number=8)}))
    store.keep_sweep(time.time(), "{}")
    store.close()
    agent = Agent.of(path, Estate.of(loading.load(path)))
    made = ActSocket(agent, ActEntry(agent, WebListener(agent)).enter)
    made.open()
    yield made, agent, path
    await made.close()
    assert list(run.iterdir()) == []
    await agent.incident_service.store_writer.close()
    await agent.engine.close()
    agent.running.close()


def entered(path: Path, kind: str) -> list[Author]:
    store = Store.reader(f"sqlite:///{path.parent / 'state' / 'healthmon.db'}")
    found = list(store.authors(kind).values())
    store.close()
    return found


def acts(path: Path, number: int) -> tuple[Act, ...]:
    store = Store.reader(f"sqlite:///{path.parent / 'state' / 'healthmon.db'}")
    found = store.life_cycle(number).acts
    store.close()
    return found


Served = tuple[ActSocket, Agent, Path]


async def test_a_command_is_a_client_of_the_agent_and_known_to_it_at_once(served: Served) -> None:
    _, agent, path = served
    argv = ("--name", "A. Smith", "--config", str(path))
    code, out, err = await asyncio.to_thread(healthmon, "ack", "7", "--reason", "called", *argv)
    assert (code, out) == (0, "F000007: acknowledged by A. Smith; open, acknowledged\n")
    assert err == f"store: {path.parent / 'state' / 'healthmon.db'}\n"
    ack = agent.incident_service.reducer.incidents[7].ack
    assert ack is not None
    assert (ack.by, ack.reason) == ("A. Smith", "called")
    assert entered(path, "acts") == [Author(os.getuid(), act_entry.account_of(os.getuid()))]
    code, _, err = await asyncio.to_thread(healthmon, "ack", "99", "--reason", "called", *argv)
    assert (code, err.splitlines()[-1]) == (3, "F000099: no such fault")


async def test_a_fault_that_is_raised_gets_its_number_from_the_agent(served: Served) -> None:
    _, agent, path = served
    argv = ("--what", "picture is green", "--noticed-by", "operator", "--device", "C001")
    argv = (*argv, "--name", "A. Smith", "--config", str(path))
    job = asyncio.create_task(agent.incident_service.store_writer.run())
    code, out, _ = await asyncio.to_thread(healthmon, "faults", "raise", *argv)
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
    assert (code, "F000009" in out) == (0, True)
    assert [one.uid for one in entered(path, "acts")] == [os.getuid()]


async def test_without_an_agent_the_account_is_kept_too(served: Served) -> None:
    made, _, path = served
    await made.close()
    argv = ("ack", "8", "--reason", "called", "--name", "A. Smith", "--config", str(path))
    assert (await asyncio.to_thread(healthmon, *argv))[0] == 0
    assert [author.uid for author in entered(path, "acts")] == [os.getuid()]


async def test_who_may_enter_what_is_said_by_the_users_file(served: Served) -> None:
    made, _, path = served
    other = await made.enter("act", dict(ACK), 5001)
    words = "--name A. Smith: the account 5001 is bound to user a.smith"
    assert (other.status, other.values["problem"]) == (403, words)
    done = await made.enter("act", ACK | {"name": ""}, 5001)
    assert (done.status, done.values["done"]) == (200, {"number": 7})
    assert [one.by for one in acts(path, 7)] == ["a.smith"]
    for uid, words in ((5002, "b.jones (viewer) may not"), (5003, "5003 (viewer) may not")):
        refused = await made.enter("act", ACK, uid)
        assert refused.status == 403
        assert words in refused.values["problem"]
    assert entered(path, "acts") == [Author(5001, "5001")]
    (path.parent / "users").unlink()
    refused = await made.enter("sign", ACK, 5001)
    assert "users: the users file cannot be read" in refused.values["problem"]


@pytest.mark.parametrize("agent_runs", [True, False])
async def test_a_command_acts_in_the_name_of_the_bound_user(
    served: Served, agent_runs: bool
) -> None:
    made, _, path = served
    if not agent_runs:
        await made.close()
    account = act_entry.account_of(os.getuid())
    users.put(path.parent / "users", User("smith", HASH, Role.OPERATOR, account))
    argv = ("ack", "7", "--reason", "called", "--config", str(path))
    done = await asyncio.to_thread(healthmon, *argv)
    assert done[:2] == (0, "F000007: acknowledged by smith; open, acknowledged\n")
    other = await asyncio.to_thread(healthmon, *argv, "--name", "A. Smith")
    words = f"--name A. Smith: the account {account} is bound to user smith"
    assert (other[0], other[2].splitlines()[-1]) == (3, words)
    assert [one.by for one in acts(path, 7)] == ["smith"]
    users.put(path.parent / "users", User("smith", HASH, Role.VIEWER, account))
    refused = await asyncio.to_thread(healthmon, *argv)
    assert (refused[0], "smith (viewer) may not" in refused[2]) == (3, True)


async def test_a_contractors_file_is_taken_by_the_agent(served: Served) -> None:
    _, _, path = served
    began = CASE.since + 3600
    came = time.strftime("%Y-%m-%d %H:%M", time.localtime(began))
    file = path.parent / "jobs.csv"
    rows = [f"F00000{number},{came},J. Doe{'x' * 900}\n" for number in (7, 8)]
    file.write_text("fault,attended,engineer\n" + "".join(rows))
    argv = ("faults", "import", str(file), "--config", str(path))
    code, _, err = await asyncio.to_thread(healthmon, *argv)
    assert (code, err.splitlines()[-1]) == (3, "'attend' needs the name of the person who does it")
    named = (*argv, "--name", "A. Smith")
    code, out, _ = await asyncio.to_thread(healthmon, *named)
    assert (code, out) == (0, f"{file}: recorded 2 visits and 0 fixes; 0 known already\n")
    assert [one.kind for one in (*acts(path, 7), *acts(path, 8))] == ["attend", "attend"]
    assert {one.uid for one in entered(path, "acts")} == {os.getuid()}
    code, out, _ = await asyncio.to_thread(healthmon, *named)
    assert "recorded 0 visits and 0 fixes; 2 known already" in out


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"acts": {}}, "acts: not a list of at most 20,000 acts"),
        ({"acts": [ACK] * 20_001}, "acts: not a list of at most 20,000 acts"),
        ({"acts": ["x"]}, "acts: not objects"),
        ({"acts": [ACK]}, "'acknowledge' comes from no contractor's file"),
    ],
)
async def test_what_is_no_contractors_file_is_refused(
    served: Served, given: dict, words: str
) -> None:
    refused = await served[0].enter("import", {"name": "A. Smith", **given}, 0)
    assert (refused.status, refused.values["problem"]) == (409, words)


async def test_an_account_that_is_not_known_here_may_enter_nothing(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _, path = served
    refused = await made.enter("act", ACK, act_entry.overflow_uid())
    assert refused.status == 403
    assert "cannot see who you are" in refused.values["problem"]
    monkeypatch.setattr(act_entry, "_OVERFLOW", path.with_name("hidden"))
    assert act_entry.overflow_uid() == 65534
    assert entered(path, "acts") == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({**ACK, "number": "7"}, "'7': not a fault number"),
        ({**ACK, "number": -1}, "-1: not a fault number"),
        ({**ACK, "name": " "}, "needs the name of the person"),
        ({**ACK, "name": ["A"]}, "name: not a text"),
        (
            {**ACK, "details": {"reason": "x" * 1001}},
            "reason has 1,001 characters; at most 1,000 are kept: shorten it",
        ),
        ({**ACK, "details": {}}, "needs reason"),
        ({**ACK, "details": ["reason"]}, "details: not texts"),
        ({**ACK, "happened": "now"}, "happened: not a time"),
        ({**ACK, "happened": float("nan")}, "that is no time"),
        ({**ACK, "kind": "delete"}, "'delete' is not a valid ActKind"),
        ({**ACK, "kind": "raise", "details": {"device": "C9"}}, "C9: no such device"),
    ],
)
async def test_what_is_no_act_is_refused(served: Served, values: dict, words: str) -> None:
    made, _, _ = served
    refused = await made.enter("act", values, 0)
    assert refused.status == 409
    assert words in refused.values["problem"]
    assert (await made.enter("delete", {}, 0)).status == 404


BAD = (b"[]", b"{", b"\xff", b'{"a": ' + b"[" * 5000, b"1" * 70_000)


@pytest.mark.parametrize("body", BAD, ids=range(len(BAD)))
async def test_a_body_that_is_no_object_is_refused(served: Served, body: bytes) -> None:
    status, answer = await asyncio.to_thread(posted, served[2].parent / "run", body)
    assert status == 400
    assert "JSON object" in answer["problem"]


def posted(run: Path, body: bytes) -> tuple[int, dict[str, str]]:
    (path,) = run.glob("*.sock")
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    with socket.socket(socket.AF_UNIX) as plug:
        plug.connect(str(path))
        head = f"POST /acts/act HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        plug.sendall(head.encode() + body)
        raw = b""
        while b"\r\n\r\n" not in raw or not raw.endswith(b"}"):
            raw += plug.recv(65536)
    return int(raw.split()[1]), json.loads(raw.partition(b"\r\n\r\n")[2])


async def test_an_agent_without_a_folder_for_its_socket_goes_on(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _, agent, path = served
    long = path.parent / ("x" * 120)
    long.mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(long))
    made = ActSocket(agent, ActEntry(agent, WebListener(agent)).enter)
    made.open()
    assert "no socket for commands" in caplog.text
    await made.close()


async def test_a_signature_needs_the_password_of_the_user_again(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(password_check, "REST", 0.0)
    made, _, path = served
    smith = User("a.smith", passwords.hash_password("three long words"), Role.OPERATOR, "5001")
    users.put(path.parent / "users", smith)
    values = {"name": "", "note": "quiet"}
    asked = await made.enter("sign", dict(values), 5001)
    assert (asked.status, asked.values["user"]) == (401, "a.smith")
    for wrong in ("wrong", 7, None, ["three long words"]):
        refused = await made.enter("sign", values | {"password": wrong}, 5001)
        assert refused.status in (401, 403)
    assert entered(path, "signoffs") == []
    other = {"name": "A. Smith", "password": "three long words"}
    refused = await made.enter("sign", values | other, 5001)
    words = "--name A. Smith: the account 5001 is bound to user a.smith"
    assert (refused.status, refused.values["problem"]) == (403, words)
    assert entered(path, "signoffs") == []
    done = await made.enter("sign", values | {"password": "three long words"}, 5001)
    assert (done.status, done.values["done"]["how"]) == (200, "signed")
    assert done.values["done"]["by"] == "a.smith"
    assert "three" not in str(done.values)
    assert entered(path, "signoffs") == [Author(5001, "5001")]
    for _ in range(5):
        last = await made.enter("sign", values | {"password": "wrong"}, 5001)
    assert last.status in (403, 429)
    held = await made.enter("sign", values | {"password": "three long words"}, 5001)
    assert held.status == 429
    assert "too many wrong passwords" in held.values["problem"]


@pytest.mark.parametrize("agent_runs", [True, False])
async def test_the_command_asks_for_the_password_and_signs_in_the_name_of_the_bound_user(
    served: Served, agent_runs: bool
) -> None:
    made, _, path = served
    if not agent_runs:
        await made.close()
    account = act_entry.account_of(os.getuid())
    argv = ("sign", "--config", str(path))
    code, _, err = await asyncio.to_thread(healthmon, *argv)
    remedy = f"the account {account} is bound to no user: healthmon user set NAME --unix {account}"
    assert (code, err.splitlines()[-1]) == (3, remedy)
    smith = User("smith", passwords.hash_password("three long words"), Role.OPERATOR, account)
    users.put(path.parent / "users", smith)

    def typed(text: str, *more: str) -> tuple[int, str, str]:
        (path.parent / "typed").write_text(f"{text}\n")
        with (path.parent / "typed").open() as given, mock.patch("sys.stdin", given):
            return healthmon(*argv, *more)

    wrong = await asyncio.to_thread(typed, "not this one")
    words = "the password of user smith is wrong; nothing was signed"
    assert (wrong[0], wrong[2].splitlines()[-1]) == (3, words)
    other = await asyncio.to_thread(typed, "three long words", "--name", "B. Jones")
    words = f"--name B. Jones: the account {account} is bound to user smith"
    assert (other[0], other[2].splitlines()[-1]) == (3, words)
    assert entered(path, "signoffs") == []
    code, out, _ = await asyncio.to_thread(typed, "three long words", "--note", "quiet")
    assert (code, "is signed by smith" in out) == (0, True)
    assert entered(path, "signoffs") == [Author(os.getuid(), account)]
    noted = ("note", "gate 3 is locked", "--config", str(path))
    assert (await asyncio.to_thread(healthmon, *noted))[1] == "noted for the next shift by smith\n"
    store = Store.reader(f"sqlite:///{path.parent / 'state' / 'healthmon.db'}")
    assert [(one.by, one.text) for one in store.open_notes()] == [("smith", "gate 3 is locked")]
    assert store.broken_links() == []
    store.close()


async def test_a_duty_is_declared_by_the_agent_in_the_name_of_who_may(served: Served) -> None:
    made, _, path = served
    argv = ("duties", "done", "dpia", "--evidence", "report 12", "--on", "2026-11-02")
    argv = (*argv, "--config", str(path))
    code, out, err = await asyncio.to_thread(healthmon, *argv, "--name", "A. Smith")
    assert (code, "done 02 Nov 2026 by A. Smith (report 12)" in out) == (0, True), err
    account = act_entry.account_of(os.getuid())
    users.put(path.parent / "users", User("khan", HASH, Role.MANAGER, account))
    code, out, err = await asyncio.to_thread(healthmon, *argv)
    assert (code, "by khan (report 12)" in out) == (0, True), err
    assert entered(path, "operations") == [Author(os.getuid(), account)] * 2
    assert chain(path) == ["duty", "duty"]
    wrong = await asyncio.to_thread(healthmon, *argv[:2], "dpai", *argv[3:])
    assert (wrong[0], "dpai: no such duty; they are" in wrong[2]) == (3, True)
    given = {"duty": "dpia", "evidence": "x", "once": "o", "at": time.time(), "name": ""}
    for uid, words in ((5001, "a.smith (operator) may not make reports"), (5003, "5003 (viewer)")):
        refused = await made.enter("duty", dict(given), uid)
        assert (refused.status, words in refused.values["problem"]) == (403, True)
    assert len(entered(path, "operations")) == 2


def chain(path: Path) -> list[str]:
    """The kinds of the entries of the audit chain about operations."""
    store = Store.reader(f"sqlite:///{path.parent / 'state' / 'healthmon.db'}")
    try:
        assert store.verify().findings == []
        return [one.kind for one in store.chain(0.0) if one.shown == "operations"]
    finally:
        store.close()


async def test_the_log_of_earlier_years_is_taken_in_by_the_agent(served: Served) -> None:
    made, agent, path = served
    old = path.with_name("old.csv")
    old.write_text("reported,restored,reason\n2024-03-01,2024-03-03,vandalised\n2024-12-24,,\n")
    argv = ("import-faults", str(old), "--name", "A. Smith", "--config", str(path))
    before = agent.incident_service.store_writer.query
    asked: list[object] = []

    async def query(read: Callable[[Store], object]) -> object:
        asked.append(read)
        return await before(read)

    with mock.patch.object(type(agent.incident_service.store_writer), "query", staticmethod(query)):
        code, out, err = await asyncio.to_thread(healthmon, *argv)
    assert (code, "2 faults are recorded as imported, not measured; 0 known" in out) == (0, True), (
        err
    )
    assert asked, "the agent has written it"
    assert "0 faults are recorded" in (await asyncio.to_thread(healthmon, *argv))[1]
    assert chain(path) == ["imported", "imported"]
    old.write_text(old.read_text() + "2024-05-01,2024-05-05,rust\n")
    code, _, err = await asyncio.to_thread(healthmon, *argv)
    assert (code, f"{old}:4: 'rust' is no reason" in err) == (3, True), err
    refused = await made.enter("old-faults", {"name": "", "faults": []}, 5001)
    assert "a.smith (operator) may not make reports" in refused.values["problem"]


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("duty", {"at": "now", "once": "o"}, "at: not a time"),
        ("duty", {"at": 1.0, "name": " "}, "a name is needed"),
        ("duty", {"at": 1.0, "evidence": ["x"]}, "evidence: not a text"),
        ("duty", {"at": 1.0, "evidence": "x", "once": "o", "duty": "nothing"}, "no such duty"),
        ("old-faults", {"faults": {}}, "faults: not a list of at most 10,000 faults"),
        ("old-faults", {"faults": ["x"]}, "faults: not objects"),
        ("old-faults", {"faults": [{}]}, "has no time in 'reported'"),
        ("old-faults", {"faults": [{"reported": "x"}]}, "reported: not a time"),
        ("old-faults", {"faults": [{"reported": float("inf")}]}, "reported: not a time"),
        ("old-faults", {"faults": [{"reported": 9e9}]}, "has a time in the future"),
        ("old-faults", {"faults": [{"reported": 5, "restored": 4}]}, "is before 'reported'"),
        ("old-faults", {"faults": [{"reported": 5, "reason": "rust"}]}, "'rust' is no reason"),
        ("erase", {"person": "Zo"}, "'Zo': too short"),
        ("erase", {"person": 5}, "person: not a text"),
    ],
)
async def test_what_cannot_be_entered_in_the_record_is_refused(
    served: Served, kind: str, given: dict, words: str
) -> None:
    refused = await served[0].enter(kind, {"name": "A. Smith", **given}, 0)
    assert (refused.status, words in refused.values["problem"]) == (409, True), refused
    assert chain(served[2]) == []


async def test_a_name_is_erased_beside_the_running_agent_and_does_not_come_back(
    served: Served,
) -> None:
    """Also where the agent was about to write it, and where a notice with it waits."""
    made, agent, path = served
    service, file = agent.incident_service, path.parent / "state" / "healthmon.db"
    assert (await made.enter("act", dict(ACK) | {"name": "Zoë Ünal"}, 0)).status == 200
    about = {"what": "ask Zoë Ünal", "noticed_by": "operator", "device": "C001"}
    raised = ACK | {
        "happened": time.time(),
        "kind": "raise",
        "number": 0,
        "name": "Zoë Ünal",
        "details": about,
    }
    assert (await made.enter("raise", raised, 0)).status == 200
    waiting = Outgoing("n1", "duty", "C001", 7, '{"ack":"Zo\\u00eb \\u00dcnal"}', 1.0, 9e9)
    service.dispatcher.queue("duty").rows.append(waiting)
    service.held = [replace(waiting, notice="n2", body="Zoë Ünal waits")]
    await service.store_writer.flush()
    old = dict(service.reducer.incidents)
    assert "Ünal" in str(old[7])
    rewrite = service.rewrite

    def late(replace_in: Callable[[str], str]) -> None:
        rewrite(replace_in)
        service.store_writer.submit(Batch(incidents={7: old[7]})).cancel()

    with mock.patch.object(type(service), "rewrite", staticmethod(late)):
        argv = ("erase-person", "zoë ünal", "--config", str(path))
        code, out, err = await asyncio.to_thread(healthmon, *argv)
    assert (code, "stands in its place: " in out) == (0, True), err
    alias = out.split()[0]
    kept = service.reducer.incidents
    assert kept[7].ack is not None
    assert kept[7].ack.by == alias
    assert f"ask {alias}" in [one.lead.sentence for one in kept.values()]
    queued = [*service.dispatcher.queue("duty").rows, *service.held]
    assert all(alias in one.body and "nal" not in one.body for one in queued)
    assert not named(file)
    await service.store_writer.query(lambda store: store.record(Batch(incidents=dict(kept))))
    assert not named(file)
    assert acts(path, 7)[0].by == alias
    store = Store.reader(f"sqlite:///{file}")
    found = store.verify()
    assert (found.findings, found.erased > 1) == ([], True)
    store.close()
    code, out, _ = await asyncio.to_thread(healthmon, *argv)
    assert (code, out) == (0, "the name is nowhere in the record\n")


def named(file: Path) -> list[str]:
    """The forms of the name that are in the bytes of the file."""
    raw = file.read_bytes()
    return [form for form in ("Zoë Ünal", r"Zo\u00eb \u00dcnal") if form.encode() in raw]


async def test_only_an_admin_takes_a_name_out_of_the_record(served: Served) -> None:
    made, agent, path = served
    file = path.parent / "users"
    users.put(file, User("khan", HASH, Role.MANAGER, "5004"))
    users.put(file, User("root2", HASH, Role.ADMIN, "5005"))
    for uid, words in (
        (5001, "a.smith (operator) may not take a person's name out of the record"),
        (5004, "khan (manager) may not"),
        (5009, "5009 (viewer) may not"),
    ):
        refused = await made.enter("erase", {"person": "b.jones"}, uid)
        assert (refused.status, words in refused.values["problem"]) == (403, True)
    done = await made.enter("erase", {"person": "b.jones"}, 5005)
    assert (done.status, "nowhere" in done.values["done"]["words"]) == (200, True)
    answer = await agent.incident_service.store_writer.query(_by)
    assert answer == ["root2 (account 5005)"]


def _by(store: Store) -> list[str]:
    """By whom names were erased, as it is kept beside the chain."""
    with store._engine.transaction():
        rows = store._engine.execute(
            "SELECT body FROM chain JOIN salts ON entry = n WHERE kind = 'erased'"
        ).fetchall()
    return [json.loads(body)["by"] for (body,) in rows]


async def test_without_a_users_file_only_who_has_the_store_erases(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _, path = served
    monkeypatch.setattr(WebListener, "users", lambda _self: None)
    refused = await made.enter("erase", {"person": "A. Smith"}, 5001)
    words = "without a users file only root and the agent's account may take a person's name out"
    assert (refused.status, words in refused.values["problem"]) == (403, True)
    assert (await made.enter("erase", {"person": "A. Smith"}, 0)).status == 200
