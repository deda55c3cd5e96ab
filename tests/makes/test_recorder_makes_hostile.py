"""Every make against devices that are broken or hostile: one transport, one table, and nobody else is harmed.

Rows are those of the fault catalogue: C4 to C7, C9, C21 to C23.
"""

from __future__ import annotations

import asyncio
import os
import resource
import time
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from loopback import http, make_pair, request, says, served
from recorder_rig import BY_HTTP, Rig, simulated, watched

from healthmon.model import Access, Reason, State

MAKES = (*BY_HTTP, "onvif")
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
BOMB = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
LARGE = b"<a>" + b"x" * 3_000_000


def always(answer: bytes) -> Handler:
    """Answer every request with the same bytes, on a kept connection."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request(reader)
            writer.write(answer)
            await writer.drain()

    return handler


def endless(line: bytes) -> Handler:
    """Answer with `line` again and again."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(line * 200)
            await writer.drain()

    return handler


def said(body: bytes | str, *fields: str) -> Handler:
    return always(http(body.encode() if isinstance(body, str) else body, "200 OK", *fields))


def head(*fields: str, body: bytes = b"x" * 10) -> Handler:
    return always("\r\n".join(["HTTP/1.1 200 OK", *fields]).encode() + b"\r\n\r\n" + body)


async def speaks_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer whatever comes as an HTTP server answers what is no HTTP."""
    await reader.read(100)
    writer.write(http(b"", "400 Bad Request"))
    await writer.drain()


class Challenges:
    """401 for ever, in one of the ways in which devices do it; counts the answers that it was given."""

    def __init__(self, form: str) -> None:
        self.form, self.given, self.asked = form, 0, 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            _, fields, _ = await request(reader)
            self.asked += 1
            self.given += "authorization" in fields
            challenge = self.form.replace("#", str(self.asked))
            writer.write(http(b"", "401 Unauthorized", *([f"WWW-Authenticate: {challenge}"] if challenge else [])))
            await writer.drain()


HOSTILE: dict[str, Callable[[], Handler]] = {
    "c4_drip_in_the_status_line": lambda: says(b"HTTP/1.1 200 OK\r\n" * 9, drip=0.05),
    "c4_drip_in_the_body": lambda: says(http(b"<a>" * 99), drip=0.05),
    "c5_endless_headers": lambda: endless(b"X: yyy\r\n"),
    "c5_endless_line": lambda: endless(b"X" * 100),
    "c6_length_0_and_a_body": lambda: head("Content-Length: 0"),
    "c6_length_negative": lambda: head("Content-Length: -1"),
    "c6_length_huge": lambda: head("Content-Length: 1000000000000"),
    "c6_length_words": lambda: head("Content-Length: abc"),
    "c6_two_lengths": lambda: head("Content-Length: 10", "Content-Length: 3"),
    "c6_chunked_garbage": lambda: head("Transfer-Encoding: chunked", body=b"zz\r\n" + b"x" * 50),
    "c6_body_beyond_the_cap": lambda: said(LARGE),
    "c7_garbage": lambda: always(os.urandom(400)),
    "c7_rtsp": lambda: always(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"),
    "c1_nothing": lambda: always(b""),
    "c21_redirect_301": lambda: always(http(b"", "301 Moved", "Location: http://127.0.0.2:81/")),
    "c21_redirect_302": lambda: always(http(b"", "302 Found", "Location: http://127.0.0.2:81/")),
    "c21_redirect_307": lambda: always(http(b"", "307 Temporary", "Location: http://127.0.0.2:81/")),
    "c21_redirect_308": lambda: always(http(b"", "308 Permanent", "Location: //[::ffff:127.0.0.2]:81/")),
    "c22_billion_laughs": lambda: said(f"{BOMB}]><rcp>&i;</rcp>"),
    "c22_external_entity": lambda: said('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><root>&x;</root>'),
    "c22_dtd_of_another_host": lambda: said('<!DOCTYPE a SYSTEM "http://127.0.0.2:81/a.dtd"><root/>'),
    "c22_deep": lambda: said("<a>" * 60_000 + "</a>" * 60_000),
    "c22_wide": lambda: said("<disks>" + "<disk diskid='a'/>" * 14_000 + "</disks>"),
    "c22_many_attributes": lambda: said("<root " + " ".join(f"a{n}='1'" for n in range(20_000)) + "/>"),
    "c22_bad_utf8": lambda: said(b'<?xml version="1.0" encoding="utf-8"?><root>\xff\xfe</root>'),
    "c22_utf16": lambda: said('<?xml version="1.0" encoding="utf-16"?><rcp/>'.encode("utf-16")),
    "c22_ebcdic": lambda: said('<?xml version="1.0" encoding="cp037"?><rcp/>'.encode("cp037")),
    "c22_login_page": lambda: said("<!DOCTYPE html><html><body><form>Login</form></body></html>", "Content-Type: text/html"),
    "c22_other_xml": lambda: said("<other xmlns='urn:x'><disks/></other>"),
    "c22_deep_json": lambda: said("[" * 100_000),
    "c22_wide_json": lambda: said("[" + "{}," * 60_000 + "{}]"),
    "c22_long_table": lambda: said("list.info[0].State=1\r\n" * 10_000),
    "c22_empty": lambda: said(""),
    "c23_gzip": lambda: said(zlib.compress(b"\0" * 2_000_000), "Content-Encoding: gzip"),
    "c23_brotli": lambda: said(b"\x5b", "Content-Encoding: br"),
}  # fmt: skip
CAUSES = {
    "c4": {Reason.TIMEOUT}, "c7": {Reason.PROTOCOL}, "c1": {Reason.TIMEOUT}, "c5": {Reason.PROTOCOL, Reason.TOO_LARGE}, "c21": {Reason.ADDRESS_MISMATCH},
    "c23": {Reason.PROTOCOL},
}  # fmt: skip
ANY_CAUSE = {Reason.PROTOCOL, Reason.TOO_LARGE, Reason.RESET, Reason.NOT_REPORTED}
SHORT, LONG = 0.6, 20.0


async def looked(make: str, port: int, timeout: float = LONG, **more: object) -> Rig:
    # Nothing is asked of the simulator; it only names the channels.
    made = watched(simulated(make if make in BY_HTTP else BY_HTTP[0], channels=2), make, port, **more)
    found = await made.look(timeout=timeout)
    assert {v.state for v in found.values()} <= {State.OK, State.UNKNOWN, State.DEGRADED, State.FAULT}
    assert all(v.state is State.UNKNOWN for (one, _), v in found.items() if one != "R1"), found
    return made


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_reply_has_a_cause_and_costs_little(name: str, no_tasks_left: None) -> None:
    memory, wanted = (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        CAUSES.get(name.split("_", maxsplit=1)[0], ANY_CAUSE),
    )
    for make in MAKES:
        async with served(HOSTILE[name]()) as server:
            burnt = time.process_time()
            made = await looked(make, server.port, SHORT if Reason.TIMEOUT in wanted else LONG)
            seen = made.seen["R1"]
            if seen.reason is None:  # an answer in which nothing was told
                assert seen.value is not None
                assert name.startswith(("c22", "c6"))
                assert seen.value.notes
            else:
                assert seen.reason in wanted, (make, seen.reason, seen.detail)
            assert time.process_time() - burnt < 3
            assert "passwd" not in seen.detail + "root:"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 32 * 1024


@pytest.mark.parametrize(
    "form",
    ['Digest realm="r#", nonce="n#", qop="auth", stale=true', 'Digest realm="r", nonce="n#", qop="auth"',
     'Digest realm="r", nonce="", qop="auth"', 'Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth"',
     'Digest realm="r", nonce="n", algorithm=X-512', 'Basic realm="r"', "Negotiate", ""],
)  # fmt: skip
async def test_c9_challenges_for_ever_cost_one_refused_login_and_no_basic(form: str) -> None:
    for make in MAKES:
        device = Challenges(form)
        async with served(device) as server:
            made = await looked(make, server.port)
            assert made.seen["R1"].reason in {
                Reason.AUTH_FAILED,
                Reason.BASIC_REFUSED,
                Reason.PROTOCOL,
                Reason.UNSUPPORTED,
            }
            for _ in range(3):
                await made.look()
            assert device.given <= (3 if "stale" in form else 1)
            if not form.startswith("Digest") or "X-512" in form:
                assert device.given == 0


async def test_c21_nothing_is_sent_to_another_address() -> None:
    async with served(always(http(b"<root/>")), host="127.0.0.2") as other:
        where = f"http://127.0.0.2:{other.port}/onvif"
        for status in ("301", "302", "307", "308"):
            async with served(always(http(f"<a>{where}</a>".encode(), f"{status} x", f"Location: {where}"))) as server:
                for make in MAKES:
                    assert (await looked(make, server.port)).seen["R1"].reason is Reason.ADDRESS_MISMATCH
        assert other.connections == 0


async def test_c7_tls_on_a_plain_port_and_the_reverse(tmp_path: Path) -> None:
    pair = make_pair(tmp_path, "cam")
    for make in MAKES:
        async with served(says(http(b"<root/>")), tls=pair.server()) as server:
            assert (await looked(make, server.port)).seen["R1"].reason in {Reason.PROTOCOL, Reason.RESET}
        async with served(speaks_plainly) as server:
            access = Access(credential="view", https=True)
            made = await looked(make, server.port, access=access)
            assert made.seen["R1"].reason in {Reason.TLS, Reason.PROTOCOL, Reason.RESET}
