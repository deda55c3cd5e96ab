"""How often an account of ours is refused, counted by the device: by RTSP, ONVIF and every channel
of a recorder together.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.watching import Watch, watching

from healthmon.demo import plan
from healthmon.demo.state import SimDevice
from healthmon.model.enums import CheckName, State
from healthmon.protocols.host.steady_clock import SteadyClock
from healthmon.runtime import engine

DAY = 86400.0


def standing_alone(*names: str) -> list[SimDevice]:
    """Devices of the plan, behind no switch."""
    devices = [device for device in plan.plan(len(names)) if device.id in names]
    for device in devices:
        device.parent = device.port = ""
    return devices


async def swept(watch: Watch) -> None:
    """Every ask of the estate once."""
    await engine.sweep(
        watch.engine,
        watch.engine.estate.checks,
        lambda result: watch.changes.extend(watch.engine.state.book.apply(result.verdicts)),
    )


def clock(watch: Watch) -> list[float]:
    """Take the time of the login guard into our hands."""
    now = [1.8e9]
    watch.engine.context.lockout_guard.now = SteadyClock(0.0, lambda: now[0], lambda: now[0])
    return now


async def test_c9_c10_all_channels_of_a_recorder_and_every_protocol_share_one_budget(
    tmp_path: Path,
) -> None:
    """Four relayed channels, ONVIF, recordings and playback with a wrong password, for a day: three
    would lock it.
    """
    async with watching(
        tmp_path, *standing_alone("C001", "C002", "C003", "C004", "R1", "R2")
    ) as watch:
        await watch.estate.set_fault("R1", "wrong_login")
        await watch.estate.set_fault("R1", "login_firewall", 3)
        await watch.estate.set_fault("C001", "wrong_login")
        now, sent = clock(watch), []
        for step in (0.0, 30.0, 61.0, 300.0, 1800.0, 6 * 3600.0, DAY / 2):
            now[0] = 1.8e9 + step
            await swept(watch)
            sent.append([watch.estate.counters(name).logins_rejected for name in ("R1", "C001")])
        assert sent[0] == [2, 2], "one refusal by each of RTSP and ONVIF for the whole sweep"
        assert sent[-1] == [2, 2], "then none for a day"
        opened = {device for what, device, code in watch.told("login_refused") if what == "opened"}
        assert opened == {"R1", "C001"}
        for name in ("C002", "C003", "C004"):
            assert watch.estate.counters(name).logins_rejected == 0


@pytest.mark.parametrize("first", [CheckName.STREAM, CheckName.IDENTITY])
async def test_c10_a_device_that_is_locked_already_is_left_alone_for_half_an_hour(
    tmp_path: Path, first: CheckName
) -> None:
    async with watching(tmp_path, *standing_alone("C001")) as watch:
        assert (await watch.look("C001", CheckName.IDENTITY))["identity"].state is State.OK
        await watch.estate.set_fault("C001", "lockout")
        now = clock(watch)
        await watch.look("C001", first)
        for minute in (1, 10, 29):
            now[0] = 1.8e9 + 60 * minute
            pictures = (await watch.look("C001", CheckName.STREAM))["pictures"]
            assert (pictures.state, pictures.code) == (State.FAULT, "no_answer"), "it shows none"
            login = (await watch.look("C001", CheckName.IDENTITY))["login"]
            assert (login.state, login.code) == (State.FAULT, "locked_out")
            assert (await watch.look("C001", CheckName.REACH))["reach"].state is State.OK
        assert watch.estate.counters("C001").logins_rejected <= 1, "no login for half an hour"
        await watch.estate.set_fault("C001", "lockout", None)
        now[0] += 31 * 60  # it was still called locked then
        assert (await watch.look("C001", CheckName.IDENTITY))["login"].state is State.OK
        assert (await watch.look("C001", CheckName.STREAM))["pictures"].state is State.OK
