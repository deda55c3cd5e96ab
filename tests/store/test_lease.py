"""The lease on a real PostgreSQL: one agent has the estate, and who lost it writes nothing more."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
from helpers.databases import empty
from helpers.store_samples import CASE, full
from helpers.stores import configured, server
from helpers.support import need

from healthmon.protocols.errors import AuthLatchedError
from healthmon.runtime import standby
from healthmon.runtime.agent import Agent
from healthmon.runtime.reading import read_apart
from healthmon.secret import Credential, Secret
from healthmon.store import AloneError, Store
from healthmon.store.lease import (
    ADVISORY_LOCK,
    RELEASED,
    Claim,
    Contact,
    Lease,
    Lock,
    SupersededError,
    Watch,
    announce,
    lease_of,
    members,
    pause_between_beats,
)
from healthmon.store.writer import StoreWriter

__all__ = ["server"]  # a fixture
pytestmark = pytest.mark.slow
BEAT = Lease(4, "a1", "north", "1000.0")


@pytest.fixture
def url(server: str) -> str:
    if not server:
        need("postgresql")
    empty(server)
    return server


def held(url: str) -> Lease | None:
    with psycopg.connect(url, autocommit=True) as connection:
        return lease_of(connection)


# ------------------------------------------------------------------------------------ when to take over


def test_a_beat_that_goes_on_is_never_taken_over() -> None:
    watch = Watch(30.0)
    for now in range(0, 200, 5):
        beat = Lease(4, "a1", "north", str(1000 + now))
        assert not watch.may_take(beat, float(now))


def test_a_beat_that_stays_the_same_for_the_whole_time_is_taken_over() -> None:
    watch = Watch(30.0)
    taken = [now for now in range(0, 60, 5) if watch.may_take(BEAT, float(now))]
    assert taken[0] == 30


def test_the_time_begins_anew_while_the_database_does_not_answer() -> None:
    watch = Watch(30.0)
    assert not watch.may_take(BEAT, 0.0)
    assert not watch.lost_sight(25.0)
    assert not watch.lost_sight(300.0), "whoever had the estate before may go on with it"
    assert not watch.may_take(BEAT, 305.0), "it may have been cut off as long as this one"
    assert watch.may_take(BEAT, 335.0)


def test_an_estate_without_an_agent_or_with_one_that_has_ended_is_taken_at_once() -> None:
    assert Watch(30.0).may_take(None, 0.0)
    assert Watch(30.0).may_take(Lease(4, "a1", "north", RELEASED), 0.0)


def test_a_database_that_never_answered_does_not_keep_everybody_from_looking() -> None:
    watch = Watch(30.0)
    assert [watch.lost_sight(now) for now in (0.0, 10.0, 29.0, 30.0)] == [False] * 3 + [True]


def test_who_can_ask_the_others_takes_over_what_none_of_them_sees_to() -> None:
    watch = Watch(30.0)
    assert not watch.may_take(BEAT, 0.0)
    assert not watch.lost_sight(40.0, seen_to=True)
    assert not watch.lost_sight(90.0, seen_to=False), (
        "the time begins with the first silence of all"
    )
    assert not watch.lost_sight(110.0, seen_to=True)
    assert not watch.lost_sight(130.0, seen_to=False)
    assert watch.lost_sight(160.0, seen_to=False)


def test_the_database_answers_without_a_break_or_not_at_all() -> None:
    contact = Contact()
    assert contact.unbroken(10.0) == 0.0
    now = time.monotonic()
    contact.answered(now - 20.0)
    contact.answered(now - 5.0)
    assert 20.0 <= contact.unbroken(10.0) < 30.0
    assert contact.unbroken(4.0) == 0.0, "what hangs answers nothing"
    contact.failed()
    assert contact.unbroken(10.0) == 0.0
    contact.answered(now)
    assert contact.unbroken(10.0) < 10.0, "it counts anew"


async def decided(longest: float, *, silent: float) -> StoreWriter:
    """A writer whose database has been silent so long and has answered another agent for `longest`
    seconds, after it had the time to decide.
    """

    async def others() -> float:
        return longest

    claim = Claim("north", 3.0)
    claim.contact.answered(time.monotonic() - silent)
    writer = StoreWriter(lambda: Store.open("sqlite://"), claim=claim, others=others)
    assert not await writer.permitted(), "nothing is sent before it is decided"
    task = asyncio.create_task(writer.decide())
    await asyncio.sleep(1.3)
    task.cancel()
    return writer


async def test_an_agent_whose_database_answers_another_one_ends() -> None:
    writer = await decided(1.5, silent=3.0)
    assert "the database answers another agent and not this one" in writer.superseded
    assert not await writer.permitted()


async def test_an_agent_whose_database_answers_nobody_surely_goes_on() -> None:
    writer = await decided(1.4, silent=3.0)
    assert not writer.superseded
    assert await writer.permitted()


async def test_what_another_one_said_before_it_took_over_counts() -> None:
    said = iter([2.0, 0.0, 0.0, 0.0])

    async def others() -> float:
        return next(said)

    claim = Claim("north", 3.0)
    claim.contact.answered(time.monotonic() - 2.0)
    writer = StoreWriter(lambda: Store.open("sqlite://"), claim=claim, others=others)
    async with asyncio.timeout(5):
        await writer.decide()
    assert "answers another agent" in writer.superseded


async def test_nobody_is_asked_and_nothing_sent_while_the_lease_may_be_renewed() -> None:
    writer = await decided(1000.0, silent=1.1)  # 2.4 s at the end
    assert not writer.superseded
    assert not await writer.permitted(), (
        "a message that is not on the disk may be sent by another one"
    )


def test_looks_are_often_enough_for_a_service_manager_that_waits_30_seconds() -> None:
    assert pause_between_beats(3.0) == 0.5
    assert pause_between_beats(3600.0) == 5.0


# ------------------------------------------------------------------------------------ on the database


def test_only_one_agent_has_the_estate_and_each_has_an_epoch_of_its_own(url: str) -> None:
    first = Claim("north", 30.0)
    store = Store.open(url, alone=first)
    with pytest.raises(AloneError, match=r"another healthmon agent runs already .*, on north"):
        Store.open(url, alone=Claim("south", 30.0))
    with pytest.raises(AloneError, match="on north"):
        Store.open(url, alone=Lock())
    store.release(first)
    store.close()
    second = Claim("south", 30.0)
    Store.open(url, alone=second).close()
    assert first.lease is not None
    assert second.lease is not None
    assert (first.lease.epoch, second.lease.epoch) == (1, 2)


def test_whoever_was_taken_over_writes_nothing_when_it_goes_on(url: str) -> None:
    stopped = Store.open(url, alone=Claim("north", 30.0))
    stopped.record(full())
    over = held(url)
    other = Store.open(url, alone=Claim("south", 30.0, over))
    with pytest.raises(SupersededError, match="an agent on south has taken the estate over"):
        stopped.record(full())
    assert other.load().incidents == (CASE,)
    other.close()
    with pytest.raises(SupersededError):
        stopped.record(full())
    stopped.close()


def test_a_transaction_that_was_under_way_at_the_takeover_comes_to_nothing(url: str) -> None:
    stopped = Store.open(url, alone=Claim("north", 30.0))
    with pytest.raises(Exception, match=r"terminat|closed|lost"), stopped._engine.transaction():
        stopped._set("half", "done")
        other = Store.open(url, alone=Claim("south", 30.0, held(url)))
        stopped._set("half", "done")
    with other._engine.transaction():
        assert other._get("half") is None
    other.close()
    stopped.close()


def test_an_agent_that_shows_life_just_before_it_is_ended_is_not_ended(url: str) -> None:
    claim = Claim("north", 30.0)
    store = Store.open(url, alone=claim)
    seen = held(url)
    store.hold(claim)
    with pytest.raises(AloneError):
        Store.open(url, alone=Claim("south", 30.0, seen))
    store.record(full())
    store.close()


def test_a_connection_that_was_lost_is_made_anew_under_the_same_lease(url: str) -> None:
    claim = Claim("north", 30.0)
    store = Store.open(url, alone=claim)
    with psycopg.connect(url) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        )
    store.hold(claim)
    store.record(full())
    lease = held(url)
    assert lease is not None
    assert (lease.epoch, lease.holder) == (1, claim.holder)
    store.close()


async def test_logins_that_devices_have_rejected_are_held_back_after_a_takeover(
    url: str, tmp_path: Path
) -> None:
    account = Credential("view", "healthmon", Secret("pa55word-of-the-test"))
    agents = []
    for name in ("north", "south"):
        folder = tmp_path / name
        folder.mkdir()
        text = configured(url, folder).replace("credential: db}", "credential: db, takeover: 60 s}")
        (folder / "config.yaml").write_text(f"agent: {{state_directory: state}}\n{text}")
        estate, _ = await read_apart(folder / "config.yaml")
        agents.append((folder / "config.yaml", estate))
    north = Agent.of(*agents[0])
    writer = north.incident_service.store_writer
    beats = asyncio.create_task(writer.hold())
    await asyncio.sleep(1.0)
    north.state.lockout_guard.rejected("192.0.2.1", account)
    await asyncio.sleep(1.0)  # no beat is due for 5 s
    beats.cancel()
    before = held(url)
    south = Agent.of(*agents[1], before)
    with pytest.raises(AuthLatchedError, match="login refused 1 x"):
        south.state.lockout_guard.permit("192.0.2.1", account)
    for agent in (south, north):
        await agent.incident_service.store_writer.close()
        agent.running.close()


async def test_an_agent_of_a_version_without_a_lease_is_left_alone_and_asked_for_now_and_then(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.yaml"
    text = configured(url, tmp_path).replace("credential: db}", "credential: db, takeover: 6 s}")
    config.write_text(f"estate: {{name: Two}}\nagent: {{state_directory: state}}\n{text}")
    begun: list[float] = []
    real = Agent.of

    def counted(*args: Any) -> Agent:
        begun.append(time.monotonic())
        return real(*args)

    monkeypatch.setattr(Agent, "of", counted)
    with psycopg.connect(url, autocommit=True) as older:
        older.execute("SELECT pg_advisory_lock(%s)", (ADVISORY_LOCK,))
        standing_by = asyncio.create_task(standby.agent_of(config))
        async with asyncio.timeout(60):
            while len(begun) < 3 and not standing_by.done():
                await asyncio.sleep(0.05)
        assert not standing_by.done()
        standing_by.cancel()
        with pytest.raises(asyncio.CancelledError):
            await standing_by
        assert older.execute("SELECT 1").fetchone() == (1,)
    assert all(later - one >= 1.0 for one, later in pairwise(begun))


def test_who_stands_by_is_listed_with_who_has_the_estate(url: str) -> None:
    store = Store.open(url, alone=Claim("north", 30.0))
    assert (announce(url, None, "b1", "south") or BEAT).name == "north"
    with psycopg.connect(url, autocommit=True) as connection:
        _now, found = members(connection)
    assert [(one.name, one.leads) for one in found] == [("north", True), ("south", False)]
    assert all(one.seen for one in found)
    store.close()
