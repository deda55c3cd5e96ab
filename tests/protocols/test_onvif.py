"""ONVIF against a scripted device that really verifies logins and counts them."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

import pytest
from helpers.fakes.onvif_camera import PATH, REFUSAL, RIGHT, SOAP, WRONG, Camera, moment
from helpers.loopback import http, says, served

from healthmon.protocols.errors import (
    AddressError,
    AuthFailedError,
    AuthLatchedError,
    ExchangeError,
    ForbiddenError,
    LockedOutError,
    NoCredentialError,
    ProtocolError,
    UnsupportedError,
)
from healthmon.protocols.host.steady_clock import SteadyClock
from healthmon.protocols.http.exchange import Endpoint
from healthmon.protocols.onvif import device as onvif
from healthmon.protocols.onvif.soap_auth import Login
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard

pytestmark = pytest.mark.slow

NET = Connector.of(["127.0.0.1"])


async def told_time(reply: str) -> onvif.DeviceTime:
    async with served(Camera(replies={"GetSystemDateAndTime": reply})) as server:
        return await onvif.device_time(NET, Endpoint("127.0.0.1", server.port), PATH)


async def test_the_time_is_read_without_a_login() -> None:
    utc = datetime(2026, 7, 24, 5, 58, 12, tzinfo=UTC)
    told = await told_time(moment(utc, datetime(2026, 7, 24, 6, 58, 12)))
    assert (told.utc, told.local) == (utc, datetime(2026, 7, 24, 6, 58, 12))
    assert (told.zone, told.daylight, told.mode, told.invalid) == (
        "GMT0BST,M3.5.0/1,M10.5.0",
        True,
        "ntp",
        "",
    )
    assert told.began <= told.ended


async def test_c25_a_missing_utc_is_missing_and_a_date_that_is_none_is_invalid() -> None:
    assert (await told_time(moment(None))).utc is None
    good = {"year": 2026, "month": 2, "day": 3, "hour": 4, "minute": 5, "second": 6}
    for name, value in (
        ("month", 13),
        ("day", 30),
        ("year", 65535),
        ("hour", 99),
        ("second", "NaN"),
        ("minute", ""),
        ("second", 61),
    ):
        told = await told_time(moment({**good, name: value}))
        assert told.utc is None
        assert told.invalid.endswith(" is not a date")
        assert told.invalid_local == ""
    assert (await told_time(moment({**good, "year": 1970, "month": 1, "day": 1}))).utc == datetime(
        1970, 1, 1, 4, 5, 6, tzinfo=UTC
    )
    assert (await told_time(moment({**good, "second": 60}))).utc == datetime(
        2026, 2, 3, 4, 6, 0, tzinfo=UTC
    )
    unset = await told_time(moment(dict.fromkeys(good, 0), datetime(2026, 2, 3)))
    assert (unset.utc, unset.invalid, unset.local) == (None, "", datetime(2026, 2, 3)), (
        "zeros all over say nothing"
    )
    wrong_local = await told_time(moment(datetime(2026, 2, 3, tzinfo=UTC), {**good, "day": 31}))
    assert (wrong_local.utc is not None, wrong_local.invalid) == (True, "")
    assert wrong_local.invalid_local == "2026-2-31 4:5:6 is not a date"


async def test_a_device_that_wants_a_login_for_the_time_is_named() -> None:
    body = SOAP.format(REFUSAL.format("no")).encode()
    async with served(says(http(body, "400 Bad Request"))) as server:
        with pytest.raises(NoCredentialError):
            await onvif.device_time(NET, Endpoint("127.0.0.1", server.port), PATH)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("404 Not Found", UnsupportedError),
        ("500 Oops", ProtocolError),
        ("503 Busy", ExchangeError),
        ("200 OK", ProtocolError),
    ],
)
async def test_other_replies_are_classed(status: str, kind: type[ExchangeError]) -> None:
    async with served(says(http(b"<html>Login</html>", status))) as server:
        with pytest.raises(kind):
            await onvif.device_time(NET, Endpoint("127.0.0.1", server.port), PATH)


async def test_c21_a_redirect_is_an_address_mismatch_and_goes_nowhere() -> None:
    async with served(says(b""), host="127.0.0.2") as elsewhere:
        async with served(
            says(
                http(b"", "307 Temporary Redirect", f"Location: http://127.0.0.2:{elsewhere.port}/")
            )
        ) as server:
            with pytest.raises(AddressError):
                await onvif.device_information(
                    onvif.calls(
                        NET, Endpoint("127.0.0.1", server.port), PATH, RIGHT, LockoutGuard()
                    )
                )
        await asyncio.sleep(0.05)
    assert elsewhere.connections == 0


@pytest.mark.parametrize("login", ["none", "token", "digest"])
async def test_identity_by_every_kind_of_login(login: str) -> None:
    camera = Camera(login=login)
    async with served(camera) as server:
        place = Endpoint("127.0.0.1", server.port)
        told = await onvif.device_information(onvif.calls(NET, place, PATH, RIGHT, LockoutGuard()))
        macs = await onvif.network_interfaces(onvif.calls(NET, place, PATH, RIGHT, LockoutGuard()))
    assert told == onvif.DeviceInformation("Acme", "M1", "1.2", "S7", "H")
    assert macs == ("00:1a:2b:3c:4d:5e",)
    assert (camera.lockout_guard, camera.refused) == ((0, 0) if login == "none" else (2, 0))


async def test_the_token_follows_the_cameras_own_clock() -> None:
    camera = Camera(clock=3600.0)
    async with served(camera) as server:
        place = Endpoint("127.0.0.1", server.port)
        await onvif.device_information(
            onvif.calls(NET, place, PATH, RIGHT, LockoutGuard(), skew=3600.0)
        )
        with pytest.raises(AuthFailedError):
            await onvif.device_information(
                onvif.calls(NET, place, PATH, RIGHT, LockoutGuard(), skew=0.0)
            )


@pytest.mark.parametrize("known", [None, 3600.0])
async def test_the_token_follows_the_date_of_the_refusal_where_the_time_is_not_known(
    known: float | None,
) -> None:
    """Some devices want a login for their time too: ipycam, and older Axis cameras."""
    camera = Camera(clock=3600.0, shy=True, dated=True)
    async with served(camera) as server:
        place = Endpoint("127.0.0.1", server.port)
        await onvif.device_information(
            onvif.calls(NET, place, PATH, RIGHT, LockoutGuard(), skew=known)
        )
        assert camera.refused == 0
        told = await onvif.device_time(NET, place, PATH, login=Login(RIGHT, LockoutGuard()))
    assert told.utc is not None
    assert told.utc.timestamp() - told.began == pytest.approx(3600, abs=2)


@pytest.mark.parametrize("login", ["token", "digest"])
async def test_c9_a_wrong_password_costs_one_refused_login_and_then_none(login: str) -> None:
    camera, guard = Camera(login=login), LockoutGuard()
    async with served(camera) as server:
        place = Endpoint("127.0.0.1", server.port)
        with pytest.raises(AuthFailedError):
            await onvif.device_information(onvif.calls(NET, place, PATH, WRONG, guard))
        assert camera.refused == 1
        for _ in range(5):
            with pytest.raises(AuthLatchedError):
                await onvif.device_information(onvif.calls(NET, place, PATH, WRONG, guard))
            assert (await onvif.device_time(NET, place, PATH)).utc
    assert camera.refused == 1


@pytest.mark.parametrize("login", ["token", "digest"])
async def test_a_right_that_the_account_has_not_is_no_refused_login(login: str) -> None:
    """A viewer may ask who the camera is, but not its network: the account must not be held back
    for that.
    """
    camera, guard = Camera(login=login, forbidden=("GetNetworkInterfaces",)), LockoutGuard()
    async with served(camera) as server:
        device = onvif.calls(NET, Endpoint("127.0.0.1", server.port), PATH, RIGHT, guard)
        assert (await onvif.device_information(device)).serial == "S7"
        with pytest.raises(ForbiddenError):
            await onvif.network_interfaces(device)
        assert not guard.latched("127.0.0.1", RIGHT)
        with pytest.raises(AuthFailedError):
            await onvif.network_interfaces(onvif.calls(NET, device.place, PATH, RIGHT, guard))


async def test_c10_a_device_that_says_locked_is_left_alone() -> None:
    """Words count as the answer to a login only (FF-A17)."""
    camera, guard = Camera(refusal="The account is locked for 30 minutes"), LockoutGuard()
    async with served(camera) as server:
        place = Endpoint("127.0.0.1", server.port)
        for _ in range(3):
            with pytest.raises(LockedOutError):
                await onvif.device_information(onvif.calls(NET, place, PATH, WRONG, guard))
    assert camera.lockout_guard == 1


async def test_c10_the_attempts_left_are_heeded() -> None:
    now = [1e9]
    camera, guard = (
        Camera(refusal="Sender not Authorized. You still have 2 attempt(s)"),
        LockoutGuard(now=SteadyClock(0.0, lambda: now[0], lambda: now[0])),
    )
    async with served(camera) as server:
        place = Endpoint("127.0.0.1", server.port)
        with pytest.raises(AuthFailedError, match="2 attempts left"):
            await onvif.device_information(onvif.calls(NET, place, PATH, WRONG, guard))
        now[0] += 3600
        with pytest.raises(AuthLatchedError):
            await onvif.device_information(onvif.calls(NET, place, PATH, WRONG, guard))
    assert camera.refused == 1


async def test_c9_basic_on_a_plain_connection_is_never_answered() -> None:
    async with served(
        says(http(b"", "401 Unauthorized", 'WWW-Authenticate: Basic realm="x"'))
    ) as server:
        with pytest.raises(ExchangeError) as caught:
            await onvif.device_information(
                onvif.calls(NET, Endpoint("127.0.0.1", server.port), PATH, RIGHT, LockoutGuard())
            )
    assert caught.value.reason == "basic_refused"
    assert server.connections == 1


async def test_a_rare_call_costs_less_than_two_milliseconds_of_cpu_with_its_device() -> None:
    """The first too: nothing is read or made before it."""
    camera = Camera(login="none")
    async with served(camera) as server:
        place = Endpoint("127.0.0.1", server.port)
        began = time.process_time()
        for _ in range(20):
            await onvif.device_information(onvif.calls(NET, place, PATH, None, LockoutGuard()))
        # 1.0 ms measured alone with its device; the margin is for a loaded machine.
        assert (time.process_time() - began) / 20 < 0.005
