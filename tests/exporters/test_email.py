"""E-mail to a real SMTP server (aiosmtpd): encryption, login, threads, what is tried again, and no
header injection.
"""

from __future__ import annotations

import asyncio
import contextlib
import email
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from typing import Any

import pytest
from aiosmtpd import smtp as aiosmtpd
from aiosmtpd.smtp import AuthResult, Envelope, Session
from helpers.loopback import make_pair, served
from helpers.notices import CLOSED, DIGEST, OPENED
from helpers.support import free_port

from healthmon.notifications.notice import Notice
from healthmon.notifications.sender import SendError
from healthmon.protocols.transport import tls
from healthmon.secret import Credential, Secret
from healthmon_exporters.notify.email import Email, MailServer, Receivers
from healthmon_exporters.notify.message import letter

pytestmark = pytest.mark.slow

HUSH = "correct horse battery"


@dataclass
class NotificationPlanner:
    """aiosmtpd's handler: keeps what came, and answers as it is told (`rcpt` by receiver)."""

    port: int = 0
    got: list[tuple[list[str], bytes, bool]] = field(default_factory=list)
    rcpt: dict[str, str] = field(default_factory=dict)
    data: str = "250 OK"
    pause: float = 0.0
    hello: str = ""

    async def handle_EHLO(
        self, server: Any, session: Session, envelope: Envelope, name: str, lines: list[str]
    ) -> Any:
        session.host_name, self.hello = name, name
        return lines

    async def handle_RCPT(
        self, server: Any, session: Session, envelope: Envelope, who: str, options: Any
    ) -> str:
        answer = self.rcpt.get(who, "250 OK")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(who)
        return answer

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(self.pause)
        if self.data.startswith("2"):
            self.got.append((envelope.rcpt_tos, envelope.content or b"", session.ssl is not None))
        return self.data

    def letters(self) -> list[EmailMessage]:
        return [email.message_from_bytes(raw, policy=POLICY) for _, raw, _ in self.got]  # type: ignore[misc]


@contextlib.asynccontextmanager
async def post(
    context: ssl.SSLContext | None = None, *, whole: bool = False, **more: Any
) -> AsyncIterator[NotificationPlanner]:
    """A running SMTP server; with `context` it offers STARTTLS, with `whole` it speaks TLS from the
    start.
    """
    told = NotificationPlanner()
    options = {"enable_SMTPUTF8": False, "hostname": "mail.test", **more}
    if context and not whole:
        options["tls_context"] = context
    made = []

    def protocol() -> aiosmtpd.SMTP:
        made.append(aiosmtpd.SMTP(told, loop=asyncio.get_running_loop(), **options))
        return made[-1]

    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=context if whole else None)
    told.port = server.sockets[0].getsockname()[1]
    try:
        yield told
    finally:
        server.close()
        for one in made:
            if one.transport and not one.transport.is_closing():
                one.transport.abort()
        await asyncio.sleep(0.02)


def way(
    port: int, encryption: str = "none", trust: ssl.SSLContext | None = None, **more: Any
) -> Email:
    options = {"to": ("desk@example.com",), "to_contractor": False, "seconds": 3.0, **more}
    receivers = Receivers(options.pop("to"), options.pop("to_contractor"))
    server = MailServer("127.0.0.1", port, encryption, trust or tls.context())
    return Email("mail", server, "healthmon@example.com", receivers, **options)


async def failure(sender: Email, notice: Notice = OPENED) -> SendError:
    with pytest.raises(SendError) as caught:
        await sender.send(notice)
    await sender.aclose()
    return caught.value


async def test_the_report_arrives_as_text_and_html() -> None:
    async with post() as server:
        await way(server.port).send(OPENED)
    (found,) = server.letters()
    assert server.got[0][0] == ["desk@example.com"]
    assert server.hello == "[127.0.0.1]"
    assert found["Subject"].startswith("P2 FAULT F000123 Riverside car park: no pictures")
    assert (found["From"], found["To"]) == ("healthmon@example.com", "desk@example.com")
    assert found["Auto-Submitted"] == "auto-generated"
    assert [instance.get_content_type() for instance in found.iter_parts()] == [
        "text/plain",
        "text/html",
    ]
    plain, html = found.get_body(("plain",)), found.get_body(("html",))
    assert plain
    assert html
    assert "Serial number:      A100001" in plain.get_content()
    assert "key 7 from the control room" in html.get_content()
    assert max(map(len, server.got[0][1].split(b"\r\n"))) <= 998


async def test_messages_of_a_fault_are_one_thread_and_the_same_notice_has_the_same_id() -> None:
    async with post() as server:
        sender = way(server.port)
        for notice in (OPENED, OPENED, CLOSED, DIGEST):
            await sender.send(notice)
    first, again, end, digest = server.letters()
    assert first["Message-ID"] == again["Message-ID"] != end["Message-ID"]
    assert first["References"] == end["References"] == end["In-Reply-To"]
    assert first["Message-ID"].endswith("@example.com>")
    assert digest["References"] is None
    elsewhere = letter(replace(OPENED, estate="Other"), "healthmon@example.com", ("a@b.c",))
    assert elsewhere["Message-ID"] != first["Message-ID"]


@pytest.mark.parametrize(
    "strange",
    ["x\r\nBcc: evil@example.org\r\n\r\nboo", "\u2028\x00\x85", "ä ö 漢字 " * 60, "\ud800", "."],
)
async def test_a11_nothing_a_device_says_becomes_a_header_or_ends_the_message(strange: str) -> None:
    notice = replace(
        OPENED,
        id=f"F1{strange}",
        name=strange,
        sentence=strange,
        estate=strange,
        location="\r\n.\r\nQUIT",
    )
    async with post() as server:
        await way(server.port).send(notice)
    (found,) = server.letters()
    assert found["Bcc"] is None
    assert found["To"] == "desk@example.com"
    assert not found.defects
    assert len(list(found.iter_parts())) == 2


async def test_starttls_comes_before_login_and_message(tmp_path) -> None:
    own = make_pair(tmp_path, "own")
    seen: list[tuple[bytes, bool]] = []

    def check(
        server: Any, session: Session, envelope: Any, mechanism: str, data: Any
    ) -> AuthResult:
        seen.append((data.password, session.ssl is not None))
        return AuthResult(success=data.password == HUSH.encode(), handled=False)

    trust = tls.context(ca_file=str(own.file))
    async with post(
        own.server(), require_starttls=True, authenticator=check, auth_required=True
    ) as server:
        await way(
            server.port, "starttls", trust, credential=Credential("m", "healthmon", Secret(HUSH))
        ).send(OPENED)
        assert seen == [(HUSH.encode(), True)]
        assert [encrypted for _, _, encrypted in server.got] == [True]
        wrong = await failure(
            way(
                server.port, "starttls", trust, credential=Credential("m", "h", Secret("nope nope"))
            )
        )
    assert len(seen) == 2, "a wrong password was tried more than once"
    assert wrong.permanent
    assert "refused the login: 535" in str(wrong)
    assert "nope" not in str(wrong)


async def test_tls_from_the_start(tmp_path) -> None:
    own = make_pair(tmp_path, "own")
    async with post(own.server(), whole=True) as server:
        await way(server.port, "tls", tls.context(ca_file=str(own.file))).send(OPENED)
    assert len(server.got) == 1


async def test_without_starttls_nothing_is_sent() -> None:
    async with post() as server:
        error = await failure(way(server.port, "starttls"))
    assert "offers no encryption" in str(error)
    assert not error.permanent
    assert server.got == []


@pytest.mark.parametrize("whole", [True, False])
async def test_a_certificate_that_is_not_trusted_gets_neither_login_nor_message(
    tmp_path, whole
) -> None:
    own, other = make_pair(tmp_path, "own"), make_pair(tmp_path, "other")
    trust = tls.context(ca_file=str(other.file))
    async with post(own.server(), whole=whole) as server:
        error = await failure(way(server.port, "tls" if whole else "starttls", trust))
    assert "certificate" in str(error)
    assert not error.permanent
    assert server.got == []


@pytest.mark.parametrize(
    ("data", "permanent"),
    [
        ("451 try later", False),
        ("421 closing", False),
        ("552 mailbox full", True),
        ("554 spam", True),
    ],
)
async def test_4yz_is_tried_again_and_5yz_is_for_good(data, permanent) -> None:
    async with post() as server:
        server.data = data
        error = await failure(way(server.port))
    assert error.permanent is permanent
    assert data in str(error)


async def test_a_receiver_that_was_accepted_is_not_sent_to_again() -> None:
    async with post() as server:
        server.rcpt = {"slow@example.com": "450 greylisted, come back"}
        sender = way(server.port, to=("desk@example.com", "slow@example.com"))
        with pytest.raises(SendError) as caught:
            await sender.send(OPENED)
        assert not caught.value.permanent
        assert "slow@example.com: 450 greylisted" in str(caught.value)
        server.rcpt = {}
        await sender.send(OPENED)
        assert [who for who, _, _ in server.got] == [["desk@example.com"], ["slow@example.com"]]
        first, second = server.letters()
        assert first["Message-ID"] == second["Message-ID"]


@pytest.mark.parametrize(
    ("answers", "permanent"),
    [
        ({"a@example.com": "550 unknown"}, True),
        ({"a@example.com": "550 unknown", "b@example.com": "450 later"}, False),
        ({"a@example.com": "550 unknown", "b@example.com": "551 no"}, True),
        ({"a@example.com": "450 later", "b@example.com": "452 full"}, False),
    ],
)
async def test_refused_receivers_are_named_and_only_hopeless_ones_are_for_good(
    answers, permanent
) -> None:
    async with post() as server:
        server.rcpt = answers
        error = await failure(way(server.port, to=("a@example.com", "b@example.com")))
    assert error.permanent is permanent
    assert all(who in str(error) for who in answers)


async def test_the_contractor_gets_the_report_and_a_device_without_one_is_said() -> None:
    async with post() as server:
        sender = way(server.port, to=(), to_contractor=True)
        await sender.send(OPENED)
        error = await failure(sender, replace(OPENED, contractor="", contractor_email=""))
    assert server.got[0][0] == ["faults@example.com"]
    assert error.permanent
    assert "no e-mail address" in str(error)


async def test_a_server_that_is_away_silent_or_slow_is_tried_again() -> None:
    error = await failure(way(free_port()))
    assert (error.permanent, "refused" in str(error)) == (False, True)
    began = time.monotonic()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"2")
            await writer.drain()
            await asyncio.sleep(0.02)

    async def drops(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        await writer.drain()
        await reader.readline()

    for handler in (silent, drip, drops):
        async with served(handler) as server:
            error = await failure(way(server.port, seconds=0.5))
        assert not error.permanent
    async with post() as server:
        server.pause = 3
        assert not (await failure(way(server.port, seconds=0.5))).permanent
    assert time.monotonic() - began < 20


async def test_an_answer_that_came_after_the_message_was_taken_is_no_failure() -> None:
    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Takes the message and hangs up instead of saying goodbye."""
        writer.write(b"220 hello\r\n")
        while line := await reader.readline():
            if line.upper().startswith(b"DATA"):
                writer.write(b"354 go\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 taken\r\n")
                await writer.drain()
                break
            writer.write(b"250 ok\r\n")

    async with served(rude) as server:
        await way(server.port).send(OPENED)
