"""The webhook against a real HTTP server: what is signed, what is tried again, and what
never is.
"""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import ssl
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import jsonschema
import pytest
from helpers.fakes.hook_server import receiver
from helpers.loopback import http, make_pair, says, served
from helpers.notices import OPENED
from helpers.support import free_port
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError
from starlette.responses import Response

from healthmon.notifications.notice import Notice
from healthmon.notifications.sender import Sender, SendError
from healthmon.protocols.transport import tls
from healthmon.secret import Secret
from healthmon_exporters.notify.http_post import Address
from healthmon_exporters.notify.webhook import Webhook, header_id

pytestmark = pytest.mark.slow

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "notice.schema.json").read_text())
KEY = "whsec_" + base64.b64encode(b"a key of thirty-two bytes or so.").decode()


def hook(
    url: str, *, key: str | None = KEY, seconds: float = 2.0, trust: ssl.SSLContext | None = None
) -> Sender:
    return Webhook(
        "desk", Address.of(url, trust), key=Secret(key) if key else None, seconds=seconds
    )


async def failure(sender: Sender, notice: Notice = OPENED) -> SendError:
    with pytest.raises(SendError) as caught:
        await sender.send(notice)
    await sender.aclose()
    return caught.value


async def test_the_notice_arrives_whole_and_its_signature_is_verified_by_a_library_of_others() -> (
    None
):
    async with receiver() as reducer:
        sender = hook(reducer.url)
        await sender.send(OPENED)
        await sender.aclose()
    (got,) = reducer.got
    assert (got.method, got.path, got.fields["content-type"]) == (
        "POST",
        "/hooks/cctv?team=1",
        "application/json",
    )
    assert Notice.from_json(got.body) == OPENED
    jsonschema.validate(json.loads(got.body), SCHEMA)
    assert (got.fields["idempotency-key"], got.fields["webhook-id"]) == ('"F000123-1"', "F000123-1")
    assert Verifier(KEY).verify(got.body, got.fields) == json.loads(got.body)
    for forged in (got.body.replace(b"Riverside", b"Elsewhere"), got.body + b" "):
        with pytest.raises(WebhookVerificationError):
            Verifier(KEY).verify(forged, got.fields)
    for field, value in (
        ("webhook-timestamp", str(int(time.time()) - 9)),
        ("webhook-id", "F000123-2"),
    ):
        with pytest.raises(WebhookVerificationError):
            Verifier(KEY).verify(got.body, got.fields | {field: value})


async def test_the_same_notice_twice_has_the_same_key_and_body() -> None:
    async with receiver() as reducer:
        sender = hook(reducer.url)
        await sender.send(OPENED)
        await sender.send(OPENED)
        await sender.aclose()
    first, second = reducer.got
    assert first.body == second.body
    assert first.fields["idempotency-key"] == second.fields["idempotency-key"]


async def test_without_a_key_nothing_is_signed_and_a_plain_key_is_taken_as_it_stands() -> None:
    async with receiver() as reducer:
        for key in (None, "plain words, no base64"):
            sender = hook(reducer.url, key=key)
            await sender.send(OPENED)
            await sender.aclose()
    bare, plain = reducer.got
    assert "webhook-signature" not in bare.fields
    as_base64 = "whsec_" + base64.b64encode(b"plain words, no base64").decode()
    assert Verifier(as_base64).verify(plain.body, plain.fields)


A12 = [
    ("500", lambda: Response(status_code=500), False, None),
    ("502", lambda: Response(status_code=502), False, None),
    (
        "503 with Retry-After",
        lambda: Response(status_code=503, headers={"Retry-After": "120"}),
        False,
        120.0,
    ),
    (
        "429 with Retry-After",
        lambda: Response(status_code=429, headers={"Retry-After": "7"}),
        False,
        7.0,
    ),
    (
        "429 with a mad Retry-After",
        lambda: Response(status_code=429, headers={"Retry-After": "9" * 40}),
        False,
        86400.0,
    ),
    (
        "429 with an unreadable one",
        lambda: Response(status_code=429, headers={"Retry-After": "soon"}),
        False,
        None,
    ),
    ("408", lambda: Response(status_code=408), False, None),
    ("425", lambda: Response(status_code=425), False, None),
    ("400", lambda: Response(status_code=400), True, None),
    ("401", lambda: Response(status_code=401), True, None),
    ("403", lambda: Response(status_code=403), True, None),
    ("404", lambda: Response(status_code=404), True, None),
    ("410", lambda: Response(status_code=410), True, None),
    ("413", lambda: Response(status_code=413), True, None),
    (
        "302",
        lambda: Response(status_code=302, headers={"Location": "http://127.0.0.1:1/"}),
        True,
        None,
    ),
    ("308", lambda: Response(status_code=308, headers={"Location": "/other"}), True, None),
]


@pytest.mark.parametrize(
    ("answer", "permanent", "wait"), [row[1:] for row in A12], ids=[row[0] for row in A12]
)
async def test_a12_an_answer_is_for_good_or_to_be_tried_again(answer, permanent, wait) -> None:
    async with receiver() as reducer:
        reducer.answer = answer
        error = await failure(hook(reducer.url))
    assert (error.permanent, error.retry_after) == (permanent, wait)
    assert len(reducer.got) == 1, "a redirect was followed or the request repeated"
    assert str(answer().status_code) in str(error)
    assert "/hooks" not in str(error)


async def test_a12_retry_after_may_be_a_date() -> None:
    async with receiver() as reducer:
        at = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
        reducer.answer = lambda: Response(status_code=503, headers={"Retry-After": at})
        error = await failure(hook(reducer.url))
        assert error.retry_after == pytest.approx(90, abs=3)
        reducer.answer = lambda: Response(
            status_code=503, headers={"Retry-After": "Mon, 01 Jan 2001 00:00:00 GMT"}
        )
        assert (await failure(hook(reducer.url))).retry_after == 0.0


async def test_a12_a_closed_port_is_tried_again() -> None:
    error = await failure(hook(f"http://127.0.0.1:{free_port()}/"))
    assert not error.permanent
    assert "refused" in str(error)


async def test_a12_silence_after_accept_ends_at_the_deadline_and_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as quiet:
        began = time.monotonic()
        error = await failure(hook(f"http://127.0.0.1:{quiet.getsockname()[1]}/", seconds=0.5))
    assert not error.permanent
    assert "no complete answer in 0.5 s" in str(error)
    assert time.monotonic() - began < 10


async def test_a12_a_slow_drip_ends_at_the_deadline_and_is_tried_again() -> None:
    async with served(says(http(b"x" * 1000), drip=0.05)) as slow:
        began = time.monotonic()
        error = await failure(hook(f"http://127.0.0.1:{slow.port}/", seconds=0.6))
    assert not error.permanent
    assert "no complete answer" in str(error)
    assert time.monotonic() - began < 10, "the drip goes on for 50 s"


STRANGE_BODIES = [
    http(b"x" * 300_000),
    http(b"\x1f\x8b no gzip", "200 OK", "Content-Encoding: gzip"),
    b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut off",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.0 200 OK\r\n\r\nno length",
]


@pytest.mark.parametrize("answer", STRANGE_BODIES)
async def test_a12_the_status_alone_decides_whatever_is_wrong_with_the_body(answer) -> None:
    async with served(says(answer)) as odd:
        sender = hook(f"http://127.0.0.1:{odd.port}/")
        await sender.send(OPENED)
        await sender.aclose()
    async with served(says(answer.replace(b"200 OK", b"410 Gone"))) as odd:
        error = await failure(hook(f"http://127.0.0.1:{odd.port}/"))
    assert (error.permanent, "HTTP 410" in str(error)) == (True, True)


async def test_a12_a_body_that_never_ends_does_not_make_a_delivery_fail() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with served(endless) as slow:
        began = time.monotonic()
        sender = hook(f"http://127.0.0.1:{slow.port}/", seconds=12)
        await sender.send(OPENED)
        await sender.aclose()
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\n"]
)
async def test_a12_an_answer_that_is_none_is_tried_again(answer) -> None:
    async with served(says(answer)) as broken:
        assert not (await failure(hook(f"http://127.0.0.1:{broken.port}/"))).permanent


async def test_a12_a_certificate_that_is_not_trusted_gets_not_one_byte_and_is_tried_again(
    tmp_path,
) -> None:
    own, other = make_pair(tmp_path, "own"), make_pair(tmp_path, "other")
    reached = asyncio.Event()

    async def handler(reader, writer):
        reached.set()

    async with served(handler, tls=own.server()) as secure:
        trust = tls.context(ca_file=str(other.file))
        error = await failure(hook(f"https://127.0.0.1:{secure.port}/", trust=trust))
    assert not error.permanent
    assert "certificate not trusted" in str(error)
    assert not reached.is_set()


async def test_a_trusted_certificate_is_delivered_to(tmp_path) -> None:
    own = make_pair(tmp_path, "own")
    async with served(says(http(b"", "202 Accepted")), tls=own.server()) as secure:
        for trust in (tls.context(ca_file=str(own.file)), tls.context(pin=tls.key_hash(_der(own)))):
            sender = hook(f"https://127.0.0.1:{secure.port}/", trust=trust)
            await sender.send(OPENED)
            await sender.aclose()
        assert secure.connections == 2


def _der(pair) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return pair.certificate.public_bytes(Encoding.DER)


async def test_a_name_without_address_is_tried_again_and_one_that_leads_home_never() -> None:
    sender = hook("http://desk.example.com/")
    sender._web.connector.resolver.resolve = lambda _: (_ for _ in ()).throw(
        socket.gaierror(-3, "try again")
    )
    error = await failure(sender)
    assert (error.permanent, "no address" in str(error)) == (False, True)
    sender = hook("http://desk.example.com/")
    sender._web.connector.resolver.resolve = lambda _: ["127.0.0.1"]
    assert (await failure(sender)).permanent


@pytest.mark.parametrize("strange", ['a"b', "x\r\nX-Evil: 1", "ä", "a b", "y" * 300, "\ud800"])
async def test_a11_no_id_breaks_out_of_its_header_field(strange) -> None:
    async with receiver() as reducer:
        sender = hook(reducer.url)
        await sender.send(replace(OPENED, id=strange, name="\ud800"))
        await sender.aclose()
    (got,) = reducer.got
    assert "x-evil" not in got.fields
    assert got.fields["webhook-id"] == header_id(strange)
    assert Verifier(KEY).verify(got.body, got.fields)
