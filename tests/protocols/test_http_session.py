"""Many requests over one connection, with a login, against servers that behave and servers that do
not.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from helpers.loopback import http, request, served

from healthmon.protocols.errors import (
    AddressError,
    AuthFailedError,
    AuthLatchedError,
    BasicRefusedError,
    BusyError,
    ForbiddenError,
    LockedOutError,
    NoCredentialError,
    ProtocolError,
    ResetError,
    UnsupportedError,
)
from healthmon.protocols.http.exchange import Endpoint
from healthmon.protocols.http.session import HttpLogin, HttpSession
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret

pytestmark = pytest.mark.slow

NET = Connector.of(["127.0.0.1"])
USER = Credential("c", "viewer", Secret("right"))
WRONG = Credential("c", "viewer", Secret("wrong"))


def right(line: str, given: str, password: str = "right") -> bool:
    """Whether a Digest answer (MD5, qop auth) is the right one."""
    f = {k: a or b for k, a, b in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', given)}
    h = lambda text: hashlib.md5(text.encode()).hexdigest()  # noqa: E731
    first, second = (
        h(f"{f['username']}:{f['realm']}:{password}"),
        h(f"{line.split(maxsplit=1)[0]}:{f['uri']}"),
    )
    return f["response"] == h(f"{first}:{f['nonce']}:{f['nc']}:{f['cnonce']}:auth:{second}")


@dataclass
class Device:
    """An HTTP server that asks for Digest; `once`: each nonce is good for one answer, `stale` says
    so.
    """

    once: bool = False
    stale: bool = False
    refuse: bytes = b""
    algorithm: str = "MD5"
    keep: bool = True
    nonce: int = 0
    challenged: int = 0
    accepted: int = 0
    rejected: int = 0
    counts: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def challenge(self, *, stale: bool = False) -> bytes:
        self.nonce += 1
        self.challenged += 1
        more = ", stale=true" if stale else ""
        line = f'WWW-Authenticate: Digest realm="r", qop="auth", nonce="n{self.nonce}", algorithm=MD5{more}'
        return http(self.refuse, "401 Unauthorized", line)

    def answer(self, line: str, fields: dict[str, str]) -> bytes:
        given = fields.get("authorization")
        if given is None:
            return self.challenge()
        if f'nonce="n{self.nonce}"' not in given:
            return self.challenge(stale=self.stale)
        if not right(line, given):
            self.rejected += 1
            return self.challenge()
        self.accepted += 1
        self.counts.append(re.findall(r"nc=(\w+)", given)[0])
        self.paths.append(line.split()[1])
        if self.once:
            self.nonce += 1
        return http(f"told {line.split()[1]}".encode())

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            line, fields, _body = await request(reader)
            writer.write(self.answer(line, fields))
            await writer.drain()
            if not self.keep:
                return


def session(
    port: int, credential: Credential | None = USER, guard: LockoutGuard | None = None
) -> HttpSession:
    return HttpSession(
        NET, Endpoint("127.0.0.1", port), HttpLogin(credential, guard or LockoutGuard())
    )


async def test_64_requests_cost_one_connection_and_one_challenge() -> None:
    device = Device()
    async with served(device) as server:
        async with session(server.port) as asked:
            for number in range(64):
                reply = await asked.request("GET", f"/channel/{number}?x=1")
                assert reply.body == f"told /channel/{number}?x=1".encode()
        assert (server.connections, device.challenged, device.accepted) == (1, 1, 64)
        assert (asked.connections, asked.requests) == (1, 65)
    assert device.counts == [f"{n:08x}" for n in range(1, 65)]


@pytest.mark.parametrize(("stale", "challenges"), [(True, 5), (False, 5)])
async def test_c9_a_nonce_for_one_answer_only_is_no_refused_login(
    stale: bool, challenges: int
) -> None:
    device, guard = Device(once=True, stale=stale), LockoutGuard()
    async with served(device) as server, session(server.port, guard=guard) as asked:
        for number in range(5):
            assert (await asked.request("GET", f"/{number}")).status == 200
        assert server.connections == 1
    assert (device.challenged, device.accepted, device.rejected) == (challenges, 5, 0)
    guard.permit("127.0.0.1", USER)


async def test_c9_a_wrong_password_is_sent_once_and_then_held_back() -> None:
    device, guard = Device(), LockoutGuard()
    async with served(device) as server:
        async with session(server.port, WRONG, guard) as asked:
            with pytest.raises(AuthFailedError):
                await asked.request("GET", "/")
        async with session(server.port, WRONG, guard) as asked:
            with pytest.raises(AuthLatchedError):
                await asked.request("GET", "/")
    assert device.rejected == 1


@dataclass
class Choosy(Device):
    """Refuses the right login for some paths, or nonces that were used before, each by `status`."""

    refused: tuple[str, ...] = ()
    status: str = "401 Unauthorized"
    revoked: bool = False

    def answer(self, line: str, fields: dict[str, str]) -> bytes:
        given, path = fields.get("authorization", ""), line.split()[1]
        self.paths.append(path if given else "")
        if not given or (path not in self.refused and not self.revoked):
            reused = given and "nc=00000001" not in given
            if self.once and reused:
                return http(b"", self.status)
            self.paths.pop()
            return super().answer(line, fields)
        self.rejected += self.revoked
        return self.challenge() if self.status.startswith("401") else http(b"", self.status)


async def test_a_login_that_one_path_refuses_is_no_refused_account() -> None:
    """It is tried once more where it was accepted; the account goes on."""
    device, guard = Choosy(refused=("/disks",)), LockoutGuard()
    async with served(device) as server, session(server.port, guard=guard) as asked:
        await asked.request("GET", "/time")
        for _ in range(2):
            with pytest.raises(ForbiddenError) as told:
                await asked.request("GET", "/disks")
            assert told.value.by_login
        assert (await asked.request("GET", "/model")).status == 200
    guard.permit("127.0.0.1", USER)
    assert device.paths.count("/disks") <= 4
    assert device.paths.count("/time") == 3


async def test_an_account_that_is_revoked_meanwhile_is_refused_and_held_back() -> None:
    device, guard = Choosy(), LockoutGuard()
    async with served(device) as server, session(server.port, guard=guard) as asked:
        await asked.request("GET", "/time")
        device.revoked = True
        with pytest.raises(AuthFailedError):
            await asked.request("GET", "/disks")
        with pytest.raises(AuthLatchedError):
            await asked.request("GET", "/disks")
    assert device.rejected <= 3


async def test_a_used_nonce_that_is_answered_403_costs_one_fresh_login() -> None:
    device = Choosy(once=True, status="403 Forbidden")
    async with served(device) as server, session(server.port) as asked:
        for number in range(5):
            assert (await asked.request("GET", f"/{number}")).status == 200
        assert asked.requests == 2 + 3 + 3 * 2
        device.refused = ("/disks",)
        with pytest.raises(ForbiddenError):
            await asked.request("GET", "/disks")
        assert asked.requests == 11 + 2


async def test_403_everywhere_is_not_answered_by_logins_for_ever() -> None:
    refused = tuple(f"/{number}" for number in range(9))
    device = Choosy(refused=refused, status="403 Forbidden")
    async with served(device) as server, session(server.port) as asked:
        await asked.request("GET", "/time")
        for path in refused:
            with pytest.raises(ForbiddenError) as told:
                await asked.request("GET", path)
            assert not told.value.by_login
        assert asked.requests <= 2 + 9 + 2 * 2


async def test_c9_endless_stale_challenges_end() -> None:
    async def stale(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request(reader)
            writer.write(Device().challenge(stale=True))

    async with served(stale) as server, session(server.port) as asked:
        with pytest.raises(AuthFailedError):
            await asked.request("GET", "/")
        assert asked.requests <= 5


@pytest.mark.parametrize(
    ("said", "logins"),
    [
        (
            b"<userCheck><lockStatus>lock</lockStatus><retryLoginTime>0</retryLoginTime></userCheck>",
            0,
        ),
        (
            b"<userCheck><lockStatus>unlock</lockStatus><retryLoginTime>4</retryLoginTime></userCheck>",
            1,
        ),
        (b"account locked, try later", 1),
    ],
)
async def test_c10_a_device_that_says_locked_gets_no_further_login(
    said: bytes, logins: int
) -> None:
    """By its own field at once; words count only as the answer to a login (FF-A17)."""
    locked = b"unlock" not in said
    device, guard = Device(refuse=said), LockoutGuard()
    async with served(device) as server:
        async with session(server.port, WRONG, guard) as asked:
            with pytest.raises(LockedOutError if locked else AuthFailedError) as told:
                await asked.request("GET", "/")
        assert device.rejected == logins
        assert locked or "4 attempts left" in str(told.value)


async def test_no_account_and_basic_on_a_plain_connection_are_named() -> None:
    async with served(Device()) as server, session(server.port, None) as asked:
        with pytest.raises(NoCredentialError):
            await asked.request("GET", "/")

    async def basic(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request(reader)
            writer.write(http(b"", "401 Unauthorized", 'WWW-Authenticate: Basic realm="x"'))

    async with served(basic) as server, session(server.port) as asked:
        with pytest.raises(BasicRefusedError):
            await asked.request("GET", "/")


async def test_a_server_that_closes_after_every_reply_is_asked_again_on_a_new_connection() -> None:
    device = Device(keep=False)
    async with served(device) as server, session(server.port) as asked:
        for number in range(3):
            await asked.request("GET", f"/{number}")
        assert (asked.connections, device.accepted) == (4, 3)


async def test_a_kept_connection_that_the_device_has_closed_meanwhile_costs_a_new_one() -> None:
    device = Device()
    async with served(device) as server, session(server.port) as asked:
        await asked.request("GET", "/1")
        assert asked._transport
        asked._transport.get_extra_info("socket").shutdown(1)  # the device sees an end and closes
        await asyncio.sleep(0.05)
        assert (await asked.request("GET", "/2")).body == b"told /2"
        assert server.connections == 2


Raw = Callable[[int], bytes]


def scripted(raw: Raw) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in range(10):
            await request(reader)
            writer.write(raw(number))
            await writer.drain()

    return handler


async def test_bytes_that_nobody_asked_for_are_not_taken_for_the_next_answer() -> None:
    two = scripted(lambda n: http(b"asked") + http(b"smuggled"))
    async with served(two) as server, session(server.port) as asked:  # type: ignore[arg-type]
        assert (await asked.request("GET", "/")).body == b"asked"
        await asyncio.sleep(0.05)
        assert (await asked.request("GET", "/")).body == b"asked"
        assert server.connections == 2


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("302 Found", AddressError),
        ("307 Temporary Redirect", AddressError),
        ("403 Forbidden", ForbiddenError),
        ("404 Not Found", UnsupportedError),
        ("501 Not Implemented", UnsupportedError),
        ("503 Busy", BusyError),
        ("400 Bad Request", ProtocolError),
        ("500 Oh", ProtocolError),
        ("204 No Content", ProtocolError),
    ],
)
async def test_c21_statuses_have_their_errors_and_no_redirect_is_followed(
    status: str, error: type[Exception]
) -> None:
    elsewhere = scripted(lambda n: http(b"", status, "Location: http://127.0.0.2/"))
    async with served(elsewhere) as server, session(server.port) as asked:  # type: ignore[arg-type]
        with pytest.raises(error):
            await asked.request("GET", "/")
        assert server.connections == 1


async def test_a_reset_in_the_middle_of_an_answer_is_said_and_not_retried() -> None:
    cut = scripted(
        lambda n: http(b"whole") if n == 0 else b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal"
    )

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.wait_for(cut(reader, writer), 0.3)  # type: ignore[arg-type]

    async with served(handler) as server, session(server.port) as asked:
        await asked.request("GET", "/")
        with pytest.raises(ResetError):
            async with asyncio.timeout(3):
                await asked.request("GET", "/")
        assert server.connections == 1


async def test_a_cut_look_leaves_no_connection() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with served(silent) as server:
        async with session(server.port) as asked:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await asked.request("GET", "/")
            assert asked._transport is None
        assert server.connections == 1
