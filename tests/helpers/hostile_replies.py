"""What broken and hostile devices answer to HTTP, by row of the fault catalogue: C1, C4 to C7, C9,
C21 to C23.
"""

from __future__ import annotations

import asyncio
import os
import zlib
from collections.abc import Callable

from helpers.loopback import Handler, http, request, says

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
    """401 for ever, in one of the ways in which devices do it; counts the answers that it was
    given.
    """

    def __init__(self, form: str) -> None:
        self.form, self.given, self.asked = form, 0, 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            _, fields, _ = await request(reader)
            self.asked += 1
            self.given += "authorization" in fields
            challenge = self.form.replace("#", str(self.asked))
            writer.write(
                http(
                    b"",
                    "401 Unauthorized",
                    *([f"WWW-Authenticate: {challenge}"] if challenge else []),
                )
            )
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
