"""The login guard: no device is ever locked out by us."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.protocols.errors import AuthLatchedError, ExchangeError, LockedOutError
from healthmon.protocols.host.steady_clock import SteadyClock
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret

ACCOUNT = Credential("view", "healthmon", Secret("pa55word-of-the-test"))


class Clock:
    def __init__(self) -> None:
        self.at = 1_800_000_000.0

    def __call__(self) -> float:
        return self.at


def steady(clock: Clock) -> SteadyClock:
    return SteadyClock(0.0, clock, clock, "this boot")


def permitted(guard: LockoutGuard, account: Credential = ACCOUNT, host: str = "192.0.2.1") -> bool:
    try:
        guard.permit(host, account)
    except ExchangeError:
        return False
    return True


@given(st.lists(st.floats(0, 900), min_size=1, max_size=300))
def test_c10_never_three_refusals_within_half_an_hour(steps: list[float]) -> None:
    clock = Clock()
    guard = LockoutGuard(now=steady(clock))
    sent: list[float] = []
    for step in steps:
        clock.at += step
        if permitted(guard):
            sent.append(clock.at)
            guard.rejected("192.0.2.1", ACCOUNT)
    for first, third in zip(sent, sent[2:], strict=False):
        assert third - first > 1800


@given(st.lists(st.tuples(st.floats(0, 900), st.booleans()), min_size=1, max_size=100))
def test_c10_never_three_refusals_within_half_an_hour_of_agents_that_take_over(
    steps: list[tuple[float, bool]],
) -> None:
    clock = Clock()
    guard = LockoutGuard(now=steady(clock))
    sent: list[float] = []
    for step, takes_over in steps:
        clock.at += step
        if takes_over:
            said, guard = guard.hand_over(), LockoutGuard(now=another(clock))
            guard.take_over(said, 0.0)
        if permitted(guard):
            sent.append(clock.at)
            guard.rejected("192.0.2.1", ACCOUNT)
    for first, third in zip(sent, sent[2:], strict=False):
        assert third - first > 1800


def another(clock: Clock) -> SteadyClock:
    """The clock of another machine, set wrongly."""
    return SteadyClock(5e8, clock, lambda: clock.at + 5e8, "another boot")


def test_another_agent_holds_back_what_was_rejected_for_as_long_as_this_one_would() -> None:
    clock = Clock()
    guard = LockoutGuard(now=steady(clock))
    guard.rejected("192.0.2.1", ACCOUNT)
    said = guard.hand_over()
    clock.at += 45
    other = LockoutGuard(now=another(clock))
    other.take_over(said, 45.0)
    assert not permitted(other)
    assert permitted(other, host="192.0.2.2")
    clock.at += 16
    assert permitted(other), "a second try after a minute"
    other.rejected("192.0.2.1", ACCOUNT)
    clock.at += 3600
    assert not permitted(other)
    third = LockoutGuard(now=steady(clock))
    third.take_over(other.hand_over(), 0.0)
    assert not permitted(third)


def test_a_corrected_password_is_tried_at_once_after_a_takeover() -> None:
    guard, other = LockoutGuard(), LockoutGuard()
    guard.rejected("192.0.2.1", ACCOUNT)
    guard.rejected("192.0.2.1", ACCOUNT)
    other.take_over(guard.hand_over(), 5.0)
    assert permitted(other, Credential("view", "healthmon", Secret("corrected")))
    assert not permitted(other)


def test_what_is_handed_over_tells_no_secret_and_no_account() -> None:
    guard = LockoutGuard()
    guard.rejected("192.0.2.1", ACCOUNT)
    said = guard.hand_over()
    for secret in (ACCOUNT.username, ACCOUNT.password.reveal(), ACCOUNT.fingerprint()[:4]):
        assert secret not in said
    assert "192.0.2.1" not in said


@pytest.mark.parametrize(
    "said",
    ["", "[]", "{}", '{"now": 1, "accounts": 7}', '{"now": "x", "accounts": {}}', "[" * 9999],
)
def test_what_is_not_well_formed_is_not_taken_over(said: str) -> None:
    guard = LockoutGuard()
    guard.take_over(said, 0.0)
    assert permitted(guard)


def test_c10_the_second_try_waits_a_minute_and_then_a_day() -> None:
    clock = Clock()
    guard = LockoutGuard(now=steady(clock))
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
    guard = LockoutGuard(now=steady(clock))
    guard.rejected("192.0.2.1", ACCOUNT, attempts_left=2)
    clock.at += 3600
    assert not permitted(guard)
    other = LockoutGuard(now=steady(clock))
    other.rejected("192.0.2.1", ACCOUNT, attempts_left=26)
    clock.at += 61
    assert permitted(other)


def test_c10_a_locked_account_is_left_alone_for_half_an_hour() -> None:
    clock = Clock()
    guard = LockoutGuard(now=steady(clock))
    guard.locked("192.0.2.1", ACCOUNT)
    clock.at += 29 * 60
    with pytest.raises(LockedOutError):
        guard.permit("192.0.2.1", ACCOUNT)
    clock.at += 2 * 60
    assert permitted(guard)


def test_another_device_account_or_password_is_not_held_back() -> None:
    guard = LockoutGuard(now=steady(Clock()))
    guard.rejected("192.0.2.1", ACCOUNT, attempts_left=0)
    assert permitted(guard, host="192.0.2.2")
    assert permitted(guard, Credential("view", "other", ACCOUNT.password))
    assert permitted(guard, Credential("view", "healthmon", Secret("corrected")))
    assert guard.latched("192.0.2.1", ACCOUNT)


def test_what_the_refusal_said_is_told_while_logins_are_held_back() -> None:
    guard = LockoutGuard(now=steady(Clock()))
    guard.rejected("192.0.2.1", ACCOUNT, why="it does not know this user")
    with pytest.raises(AuthLatchedError, match=r"^it does not know this user; login refused 1 x"):
        guard.permit("192.0.2.1", ACCOUNT)


def test_an_accepted_login_forgets_the_refusals() -> None:
    clock = Clock()
    guard = LockoutGuard(now=steady(clock))
    guard.rejected("192.0.2.1", ACCOUNT)
    guard.accepted("192.0.2.1", ACCOUNT)
    assert permitted(guard)


def test_c10_the_memory_is_shared_by_agent_and_sweep_and_outlives_both(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "logins.json"
    agent, sweep = LockoutGuard(path, now=steady(clock)), LockoutGuard(path, now=steady(clock))
    agent.rejected("192.0.2.1", ACCOUNT)
    assert not permitted(sweep)
    clock.at += 61
    assert permitted(sweep)
    sweep.rejected("192.0.2.1", ACCOUNT)
    assert not permitted(agent)
    assert not permitted(LockoutGuard(path, now=steady(clock))), "a restart forgets nothing"
    text = path.read_text()
    assert "pa55word" not in text
    assert "192.0.2.1" not in text
    assert path.stat().st_mode & 0o077 == 0


def test_a_broken_memory_file_is_no_reason_to_stop(tmp_path: Path) -> None:
    path = tmp_path / "logins.json"
    for text in ("", "[]", "{", '{"a": 1}', '{"a": {"b": 2}}'):
        path.write_text(text)
        assert permitted(LockoutGuard(path))


SERVICES = ("rtsp", "onvif", "http", "snmp")


@given(
    st.lists(st.tuples(st.sampled_from(SERVICES), st.booleans(), st.floats(0.1, 3600)), max_size=60)
)
def test_c10_never_three_refusals_within_half_an_hour_whatever_other_services_accept(
    steps: list[tuple[str, bool, float]],
) -> None:
    """Law 2 over all services of an account. A service that accepts and then refuses begins anew:
    the device has forgotten its failures.
    """
    clock = Clock()
    guard = LockoutGuard(now=steady(clock))
    refused: list[float] = []
    refuses = {
        service: next((no for name, no, _ in steps if name == service), False)
        for service in SERVICES
    }
    for service, _, pause in steps:
        clock.at += pause
        if guard.latched("192.0.2.1", ACCOUNT, service):
            continue
        if refuses[service]:
            guard.rejected("192.0.2.1", ACCOUNT, service)
            refused.append(clock.at)
        else:
            guard.accepted("192.0.2.1", ACCOUNT, service)
    for first, third in zip(refused, refused[2:], strict=False):
        assert third - first >= 1800


def test_what_one_service_refuses_says_nothing_against_another() -> None:
    clock = Clock()
    guard = LockoutGuard(now=steady(clock))
    guard.accepted("192.0.2.1", ACCOUNT, "rtsp")
    guard.rejected("192.0.2.1", ACCOUNT, "onvif")
    assert not guard.latched("192.0.2.1", ACCOUNT, "rtsp")
    guard.accepted("192.0.2.1", ACCOUNT, "rtsp")
    assert guard.latched("192.0.2.1", ACCOUNT, "onvif"), "an acceptance elsewhere ends no latch"
    clock.at += 61
    guard.rejected("192.0.2.1", ACCOUNT, "onvif")
    assert not guard.latched("192.0.2.1", ACCOUNT, "rtsp")
    assert guard.latched("192.0.2.1", ACCOUNT, "http"), "the cap holds for who never accepted"


def test_the_age_of_a_refusal_is_told_by_its_own_service_only() -> None:
    clock = Clock()
    guard = LockoutGuard(now=steady(clock))
    began = clock.at
    guard.rejected("192.0.2.1", ACCOUNT, "onvif")
    clock.at += 61
    guard.rejected("192.0.2.1", ACCOUNT, "onvif")
    for service, since in (("onvif", began), ("rtsp", None)):
        with pytest.raises(AuthLatchedError) as held:
            guard.permit("192.0.2.1", ACCOUNT, service)
        assert held.value.since == since


def test_acceptances_are_written_with_the_next_refusal_only(tmp_path: Path) -> None:
    path = tmp_path / "logins.json"
    guard = LockoutGuard(path, now=steady(Clock()))
    guard.accepted("192.0.2.1", ACCOUNT, "rtsp")
    assert not path.exists()
    guard.rejected("192.0.2.1", ACCOUNT, "onvif")
    guard.rejected("192.0.2.1", ACCOUNT, "http")
    assert not LockoutGuard(path, now=steady(Clock())).latched("192.0.2.1", ACCOUNT, "rtsp")


# ------------------------------------------------------------------------- the wall clock is set


class Machine:
    """Clocks of a machine: its wall clock can be set, and it can be started anew."""

    def __init__(self, wall: float) -> None:
        self.boot, self.up, self.ahead = "first", 5000.0, wall - 5000.0

    def clock(self) -> SteadyClock:
        return SteadyClock(self.ahead, lambda: self.up, lambda: self.up + self.ahead, self.boot)

    def set(self, wall: float) -> None:
        self.ahead = wall - self.up

    def restart(self, wall: float) -> None:
        self.boot, self.up = "second", 10.0
        self.set(wall)


NOW = 1_800_000_000.0
STEPS = [-86400.0 * 365 * 10, -3600.0, 0.0, 86400.0 * 2, 86400.0 * 3650]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("same_process", [True, False])
def test_a_latch_lasts_its_time_wherever_the_wall_clock_is_set(
    tmp_path: Path, step: float, *, same_process: bool
) -> None:
    machine, path = Machine(NOW), tmp_path / "logins.json"
    guard = LockoutGuard(path, now=machine.clock())
    guard.rejected("192.0.2.1", ACCOUNT)
    machine.set(NOW + step)
    machine.up += 50

    def now() -> LockoutGuard:
        return guard if same_process else LockoutGuard(path, now=machine.clock())

    with pytest.raises(AuthLatchedError) as caught:
        now().permit("192.0.2.1", ACCOUNT)
    assert caught.value.since == pytest.approx(NOW + step), "told by the clock as it is set now"
    machine.up += 15
    assert permitted(now())
    now().rejected("192.0.2.1", ACCOUNT)
    machine.set(NOW)
    machine.up += 23 * 3600
    assert not permitted(now())
    machine.up += 2 * 3600
    assert permitted(now())


def test_after_a_start_with_another_date_nothing_waits_longer_than_its_rule(tmp_path: Path) -> None:
    machine, path = Machine(NOW + 86400 * 3650), tmp_path / "logins.json"
    LockoutGuard(path, now=machine.clock()).rejected("192.0.2.1", ACCOUNT)
    machine.restart(NOW)
    assert not permitted(LockoutGuard(path, now=machine.clock()))
    machine.up += 61
    assert permitted(LockoutGuard(path, now=machine.clock())), "it is not begun anew at each start"


def test_an_older_file_of_the_future_waits_no_longer_than_its_rule(tmp_path: Path) -> None:
    machine, path = Machine(NOW + 86400 * 3650), tmp_path / "logins.json"
    LockoutGuard(path, now=machine.clock()).rejected("192.0.2.1", ACCOUNT, attempts_left=1)
    tree = json.loads(path.read_text())
    for account in tree.values():
        del account["clock"]
    path.write_text(json.dumps(tree))
    machine.restart(NOW)
    assert not permitted(LockoutGuard(path, now=machine.clock()))
    machine.up += 24 * 3600 + 1
    assert permitted(LockoutGuard(path, now=machine.clock()))


def test_a_machine_that_slept_has_waited(tmp_path: Path) -> None:
    """Its monotonic clock stood still."""
    machine, path = Machine(NOW), tmp_path / "logins.json"
    LockoutGuard(path, now=machine.clock()).rejected("192.0.2.1", ACCOUNT)
    machine.set(NOW + 3600)
    assert permitted(LockoutGuard(path, now=machine.clock()))


@pytest.mark.parametrize(
    "clock",
    [
        7,
        [],
        {},
        {"boot": "first"},
        {"boot": 5, "wall": [], "up": {}, "at": 1},
    ],
)
def test_a_stamp_that_is_none_is_as_if_there_were_none(tmp_path: Path, clock: object) -> None:
    machine, path = Machine(NOW), tmp_path / "logins.json"
    LockoutGuard(path, now=machine.clock()).rejected("192.0.2.1", ACCOUNT)
    tree = json.loads(path.read_text())
    for account in tree.values():
        account["clock"] = clock
    path.write_text(json.dumps(tree))
    assert not permitted(LockoutGuard(path, now=machine.clock()))
    machine.up += 61
    assert permitted(LockoutGuard(path, now=machine.clock()))
