"""The login guard: no device is ever locked out by us."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.secret import Credential, Secret
from healthmon.wire.errors import AuthLatchedError, LockedOutError, WireError
from healthmon.wire.logins import LoginGuard

ACCOUNT = Credential("view", "healthmon", Secret("pa55word-of-the-test"))


class Clock:
    def __init__(self) -> None:
        self.at = 1_800_000_000.0

    def __call__(self) -> float:
        return self.at


def permitted(guard: LoginGuard, account: Credential = ACCOUNT, host: str = "192.0.2.1") -> bool:
    try:
        guard.permit(host, account)
    except WireError:
        return False
    return True


@given(st.lists(st.floats(0, 900), min_size=1, max_size=300))
def test_c10_never_three_refusals_within_half_an_hour(steps: list[float]) -> None:
    clock = Clock()
    guard = LoginGuard(now=clock)
    sent: list[float] = []
    for step in steps:
        clock.at += step
        if permitted(guard):
            sent.append(clock.at)
            guard.rejected("192.0.2.1", ACCOUNT)
    for first, third in zip(sent, sent[2:], strict=False):
        assert third - first > 1800


def test_c10_the_second_try_waits_a_minute_and_then_a_day() -> None:
    clock = Clock()
    guard = LoginGuard(now=clock)
    guard.rejected("192.0.2.1", ACCOUNT)
    assert not permitted(guard)
    clock.at += 61
    assert permitted(guard)
    guard.rejected("192.0.2.1", ACCOUNT)
    clock.at += 23 * 3600
    with pytest.raises(AuthLatchedError, match="refused 2 x"):
        guard.permit("192.0.2.1", ACCOUNT)
    clock.at += 2 * 3600
    assert permitted(guard)


def test_c10_few_attempts_left_latch_at_once() -> None:
    clock = Clock()
    guard = LoginGuard(now=clock)
    guard.rejected("192.0.2.1", ACCOUNT, attempts_left=2)
    clock.at += 3600
    assert not permitted(guard)
    other = LoginGuard(now=clock)
    other.rejected("192.0.2.1", ACCOUNT, attempts_left=26)
    clock.at += 61
    assert permitted(other)


def test_c10_a_locked_account_is_left_alone_for_half_an_hour() -> None:
    clock = Clock()
    guard = LoginGuard(now=clock)
    guard.locked("192.0.2.1", ACCOUNT)
    clock.at += 29 * 60
    with pytest.raises(LockedOutError):
        guard.permit("192.0.2.1", ACCOUNT)
    clock.at += 2 * 60
    assert permitted(guard)


def test_another_device_account_or_password_is_not_held_back() -> None:
    guard = LoginGuard(now=Clock())
    guard.rejected("192.0.2.1", ACCOUNT, attempts_left=0)
    assert permitted(guard, host="192.0.2.2")
    assert permitted(guard, Credential("view", "other", ACCOUNT.password))
    assert permitted(guard, Credential("view", "healthmon", Secret("corrected")))
    assert guard.latched("192.0.2.1", ACCOUNT)


def test_an_accepted_login_forgets_the_refusals() -> None:
    clock = Clock()
    guard = LoginGuard(now=clock)
    guard.rejected("192.0.2.1", ACCOUNT)
    guard.accepted("192.0.2.1", ACCOUNT)
    assert permitted(guard)


def test_c10_the_memory_is_shared_by_agent_and_sweep_and_outlives_both(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "logins.json"
    agent, sweep = LoginGuard(path, now=clock), LoginGuard(path, now=clock)
    agent.rejected("192.0.2.1", ACCOUNT)
    assert not permitted(sweep)
    clock.at += 61
    assert permitted(sweep)
    sweep.rejected("192.0.2.1", ACCOUNT)
    assert not permitted(agent)
    assert not permitted(LoginGuard(path, now=clock)), "a restart forgets nothing"
    text = path.read_text()
    assert "pa55word" not in text
    assert "192.0.2.1" not in text
    assert path.stat().st_mode & 0o077 == 0


def test_a_broken_memory_file_is_no_reason_to_stop(tmp_path: Path) -> None:
    path = tmp_path / "logins.json"
    for text in ("", "[]", "{", '{"a": 1}', '{"a": {"b": 2}}'):
        path.write_text(text)
        assert permitted(LoginGuard(path))
