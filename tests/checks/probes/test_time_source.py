"""GetNTP of a camera on loopback: asked rarely, in time, and to the harm of nothing else."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from helpers.fakes import onvif_camera
from helpers.loopback import served

from healthmon.checks.probes import clock, time_source
from healthmon.checks.probes.context import ProbeContext
from healthmon.model.device import Access, Check, Device
from healthmon.model.enums import CheckName, Kind, Reason
from healthmon.model.measurements import Clock, TimeSource
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential


def context(credential: Credential = onvif_camera.RIGHT) -> ProbeContext:
    return ProbeContext(Connector.of(["127.0.0.1"]), LockoutGuard(), lambda _name: credential)


def device(port: int, credential: str | None = "view", *ntp: str) -> Device:
    access = Access(http_port=port, onvif_path=onvif_camera.PATH, credential=credential)
    return Device("C1", "Market", Kind.CAMERA, "s", "127.0.0.1", ntp=ntp, access=access)


async def looked(one: Device, held: ProbeContext, seconds: float = 10.0) -> Clock:
    return await clock.probe(one, Check("C1", CheckName.CLOCK, timeout=seconds), held)


async def test_the_servers_are_asked_for_once_an_hour_while_they_are_right() -> None:
    held, camera = context(), onvif_camera.Camera()
    async with served(camera) as server:
        one = device(server.port, "view", "192.0.2.1")
        for _ in range(3):
            assert (await looked(one, held)).source == TimeSource(("192.0.2.1",))
        once = camera.asked.count("GetNTP")
        assert once == 2, "without a login, and with the token of it"
        held.memory_of("C1").time_source_at -= time_source.RARELY
        await looked(one, held)
    assert camera.asked.count("GetNTP") == 2 * once


async def test_a_wrong_server_is_asked_for_again_so_that_its_mending_shows() -> None:
    held, camera = context(), onvif_camera.Camera(time_server="203.0.113.9")
    async with served(camera) as server:
        one = device(server.port, "view", "192.0.2.1")
        assert (await looked(one, held)).source == TimeSource(("203.0.113.9",))
        camera.time_server = "192.0.2.1"
        assert (await looked(one, held)).source == TimeSource(("192.0.2.1",))


async def test_an_account_without_the_right_is_told_and_costs_no_clock() -> None:
    """Refused for this one thing, it is not a wrong password."""
    held, camera = context(), onvif_camera.Camera(forbidden=("GetNTP",))
    async with served(camera) as server:
        seen = await looked(device(server.port), held)
        again = await looked(device(server.port), held)
    assert next(one for one in seen.readings if one.source == "onvif").offset is not None
    assert seen.source is not None
    assert seen.source.reason in (Reason.AUTH_FAILED, Reason.FORBIDDEN)
    assert again.source is not None
    assert again.source.reason is not None
    assert camera.refused <= 2


async def test_a_wrong_password_is_tried_no_more_than_twice() -> None:
    held, camera = context(onvif_camera.WRONG), onvif_camera.Camera()
    async with served(camera) as server:
        seen = [await looked(device(server.port), held) for _ in range(5)]
    assert all(one.source is not None and one.source.reason is not None for one in seen)
    assert camera.refused <= 2


@pytest.mark.parametrize("kind", [Kind.CAMERA, Kind.RECORDER])
async def test_nobody_is_asked_who_needs_not_be(kind: Kind) -> None:
    """Without an account nothing is expected of a camera; a recorder's are read with the rest of it."""
    held, camera = context(), onvif_camera.Camera(login="none")
    async with served(camera) as server:
        one = replace(device(server.port, None if kind is Kind.CAMERA else "view"), kind=kind)
        assert (await looked(one, held)).source is None
    assert "GetNTP" not in camera.asked


async def test_a_camera_that_never_answers_it_ends_with_the_deadline_of_the_check() -> None:
    held, camera, never = context(), onvif_camera.Camera(), asyncio.Event()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Tells its time, and nothing else."""
        if "GetSystemDateAndTime" in camera.asked:
            await never.wait()
        await camera(reader, writer)

    async with served(deaf) as server:
        try:
            seen = await looked(device(server.port), held, 1.0)
        finally:
            never.set()
    assert seen.source is not None
    assert seen.source.reason is Reason.TIMEOUT
    assert next(one for one in seen.readings if one.source == "onvif").offset is not None
