"""Forms of ONVIF answers that are not those of the standards: each camera sends one, all in one
sweep (the kinds of FF-B4 and FF-B5).
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import re
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.fakes.onvif_clock import ClockCamera, row, time_servers
from helpers.loopback import Handler, request, served
from helpers.product import Product, Swept

ZONE = "GMT0BST,M3.5.0/1,M10.5.0"
Form = Callable[[bytes], bytes]
MIME_HEAD = (
    b'--uuid:1\r\nContent-Type: application/xop+xml; type="application/soap+xml"\r\n'
    b"Content-Transfer-Encoding: binary\r\nContent-ID: <SOAP-ENV:Envelope>\r\n\r\n"
)
MIME = 'Content-Type: multipart/related; boundary="uuid:1"; type="application/xop+xml"'


def http(
    body: bytes, *fields: str, status: str = "HTTP/1.1 200 OK", length: int | None = None
) -> bytes:
    """A reply that announces `length` bytes, none where it is negative, else those of `body`."""
    size = len(body) if length is None else length
    head = [status, *fields, *([] if size < 0 else [f"Content-Length: {size}"])]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def pieces(body: bytes, extension: bytes = b"", last: bytes = b"0\r\n\r\n") -> bytes:
    """`body` in chunks of 100 bytes."""
    parts = (body[at : at + 100] for at in range(0, len(body), 100))
    return b"".join(b"%X%s\r\n%s\r\n" % (len(p), extension, p) for p in parts) + last


def chunked(body: bytes, **form: bytes) -> bytes:
    return http(pieces(body, **form), "Transfer-Encoding: Chunked", length=-1)


def within(pattern: bytes, by: bytes) -> Form:
    """The right answer, of which `pattern` is replaced."""
    return lambda body: http(re.sub(pattern, by, body))


TWICE = rb'<s:Envelope xmlns:tt="http://www.onvif.org/ver10/schema"'
MENDED: dict[str, Form] = {
    "an attribute twice": within(rb"<s:Envelope", TWICE),
    "an attribute without quotes": within(rb"<s:Body>", rb"<s:Body wsu:Id=body>"),
    "end tags in another case": within(rb"</tt:Hour>", rb"</tt:hour>"),
    "an element that is not closed": within(rb"<s:Body>", rb"<s:Header><a></s:Header><s:Body>"),
    "an end tag too many": within(rb"</s:Body>", rb"</tds:Extra></s:Body>"),
    "no end of the envelope": within(rb"</s:Envelope>", b""),
    "cut in its last tag": lambda body: http(body[:-3]),
}
LENGTHS: dict[str, Form] = {
    "too long": lambda body: http(body, length=len(body) + 7),
    "too short": lambda body: http(body, length=len(body) - 30),
    "no last chunk": lambda body: chunked(body, last=b""),
    "a line end first": lambda body: b"\r\n" + http(body),
}
STAYS_OPEN: dict[str, Form] = {
    "too long, open": lambda body: http(body, length=len(body) + 7),
    "no last chunk, open": lambda body: chunked(body, last=b""),
    "no length, open": lambda body: http(body, length=-1),
    "HTTP/1.0, open": lambda body: http(body, status="HTTP/1.0 200 OK", length=-1),
}
OTHERS: dict[str, Form] = {
    "parts of MIME": lambda body: http(MIME_HEAD + body + b"\r\n--uuid:1--\r\n", MIME),
    "a second with decimals": within(rb"<tt:Second>(\d+)<", rb"<tt:Second>\1.500<"),
}
READ: dict[str, Form] = {
    "HTTP/1.0": lambda body: http(body, status="HTTP/1.0 200 OK", length=-1),
    "100 Continue": lambda body: b"HTTP/1.1 100 Continue\r\n\r\n" * 2 + http(body),
    "chunks with extensions": lambda body: chunked(body, extension=b" ;x=1"),
    "UTF-16": lambda body: http(b"\xff\xfe" + body.decode().encode("utf-16-le")),
    "UTF-16 without a mark": lambda body: http(body.decode().encode("utf-16-be")),
    "two byte order marks": lambda body: http(b"\xef\xbb\xbf" * 2 + body),
    "a wrong encoding": lambda body: http(b'<?xml version="1.0" encoding="utf-16"?>' + body),
    "text/html": lambda body: http(body, "Content-Type: text/html"),
    "text in CDATA": within(rb"<tt:Hour>(\d+)<", rb"<tt:Hour><![CDATA[\1]]><"),
    "no prefixes": within(rb"<(/?)(?:s|tds|tt):", rb"<\1"),
    "types": within(rb"<tt:Hour>", rb'<tt:Hour xsi:type="xsd:int">'),
    "two envelopes": lambda body: http(body + body),
}
CUT: dict[str, Form] = {
    "cut inside": lambda body: http(body[: len(body) // 2]),
    "cut behind an element": lambda body: http(body[: body.index(b"<tt:UTCDateTime>")]),
}


def coded(packed: Callable[[bytes], bytes], coding: str, **form: int) -> Form:
    return lambda body: http(packed(body), f"Content-Encoding: {coding}", **form)


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


def by_line_feeds(body: bytes) -> bytes:
    parts = (body[at : at + 100] for at in range(0, len(body), 100))
    return b"".join(b"%X\n%s\n" % (len(p), p) for p in parts) + b"0\n\n"


COMPRESSED: dict[str, Form] = {
    "gzip": coded(gzip.compress, "gzip"),
    "X-GZIP until the end": coded(gzip.compress, "X-GZIP", length=-1),
    "deflate": coded(zlib.compress, "deflate"),
    "deflate without its header": coded(raw_deflate, "deflate"),
    "gzip in chunks": lambda body: http(
        pieces(gzip.compress(body)),
        "Content-Encoding: gzip",
        "Transfer-Encoding: chunked",
        length=-1,
    ),
    "gzip that is none": coded(bytes, "gzip"),
    "a character set as coding": coded(bytes, "utf-8"),
}
FRAMED: dict[str, Form] = {
    "chunks by LF alone": lambda body: http(
        by_line_feeds(body), "Transfer-Encoding: chunked", length=-1
    ),
    "two blanks": lambda body: http(body, status="HTTP/1.1  200  OK"),
    "http in lower case": lambda body: http(body, status="http/1.1 200 ok"),
}
UNREAD: dict[str, tuple[Form, str]] = {
    "two lengths": (
        lambda body: http(body, f"Content-Length: {len(body) + 5}"),
        "two lengths that differ",
    ),
    "a length that is no number": (
        lambda body: http(body, "Content-Length: abc", length=-1),
        "no number (Content-Length)",
    ),
    "another coding": (coded(bytes, "br"), "compressed in a way that was not asked for"),
    "gzip cut off": (coded(lambda body: gzip.compress(body)[:-20], "gzip"), "cut off"),
    "gzip of too much": (coded(lambda _: gzip.compress(bytes(9_000_000)), "gzip"), "too large"),
}
FORMS = {
    **MENDED, **LENGTHS, **STAYS_OPEN, **OTHERS, **READ, **CUT, **COMPRESSED, **FRAMED,
    **{name: form for name, (form, _) in UNREAD.items()},
}  # fmt: skip


def soap_11_only(refusal: bytes) -> Handler:
    """A camera that knows SOAP 1.1 alone, and its SOAPAction; to 1.2 it answers `refusal`."""
    camera = ClockCamera(ZONE, "true", date=None)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, fields, asked = await request(reader)
        text = asked.decode()
        old = "http://schemas.xmlsoap.org/soap/envelope/" in text
        old &= fields.get("content-type", "").startswith("text/xml") and "soapaction" in fields
        found = re.search(r"Body[^>]*>\s*<(?:\w+:)?(\w+)", text)
        writer.write(camera.answer(found[1]) if old and found else refusal)
        await writer.drain()
        writer.close()

    return talk


MISMATCH = (
    b"<s:Envelope><s:Body><s:Fault><faultcode>s:VersionMismatch</faultcode>"
    b"<faultstring>wrong version</faultstring></s:Fault></s:Body></s:Envelope>"
)
OLD = {
    "SOAP 1.1, else nothing": http(b""),
    "SOAP 1.1, else 415": http(b"", status="HTTP/1.1 415 Unsupported Media Type"),
    "SOAP 1.1, else a fault": http(MISMATCH, status="HTTP/1.1 500 Internal Server Error"),
}


def answering(form: Form, *, stays: bool) -> Handler:
    """A camera whose answers have `form`; it leaves the connection open where it `stays`."""
    camera = ClockCamera(ZONE, "true", date=None)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            _, _, asked = await request(reader)
            found = re.search(r"Body[^>]*>\s*<(?:\w+:)?(\w+)", asked.decode())
            right = camera.answer(found[1] if found else "")
            body = right.partition(b"\r\n\r\n")[2]
            writer.write(form(body) if body else right)
            await writer.drain()
            if body and not stays:
                writer.close()
                return

    return talk


async def _swept(folder: Path) -> Swept:
    async with contextlib.AsyncExitStack() as stack:
        servers, rows = await stack.enter_async_context(time_servers()), []
        cameras = {n: answering(form, stays=n in STAYS_OPEN) for n, form in FORMS.items()}
        cameras |= {name: soap_11_only(refusal) for name, refusal in OLD.items()}
        for number, talk in enumerate(cameras.values(), 1):
            web = await stack.enter_async_context(served(talk, host=f"127.0.8.{number}"))
            rows.append(row(number, web.port, "Gate"))
        tree = {"time_servers": servers, "cameras": rows, "defaults": {"timeout": "20 s"}}
        return await asyncio.to_thread(Product(folder, tree).sweep)


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Swept:
    return asyncio.run(_swept(tmp_path_factory.mktemp("forms")))


def said(sheet: Swept, name: str) -> list[str]:
    return sheet.sentences(f"C{[*FORMS, *OLD].index(name) + 1:03d}")


@pytest.mark.parametrize("name", MENDED)
def test_ff_b4_an_envelope_that_is_not_well_formed_is_read(sheet: Swept, name: str) -> None:
    assert said(sheet, name) == []


@pytest.mark.parametrize("name", [*LENGTHS, *STAYS_OPEN])
def test_ff_b5_a_wrong_length_hides_no_answer(sheet: Swept, name: str) -> None:
    assert said(sheet, name) == []


@pytest.mark.parametrize("name", OTHERS)
def test_ff_b4_parts_and_decimals_are_read(sheet: Swept, name: str) -> None:
    assert said(sheet, name) == []


@pytest.mark.parametrize("name", OLD)
def test_ff_b4_a_device_that_knows_soap_1_1_alone_is_asked_in_it(sheet: Swept, name: str) -> None:
    assert said(sheet, name) == []


@pytest.mark.parametrize("name", READ)
def test_beside_b4_other_forms_are_still_read(sheet: Swept, name: str) -> None:
    assert said(sheet, name) == []


@pytest.mark.parametrize("name", CUT)
def test_beside_b4_what_is_cut_off_inside_the_answer_is_not_read(sheet: Swept, name: str) -> None:
    assert any("no readable XML" in sentence for sentence in said(sheet, name))


@pytest.mark.parametrize("name", [*COMPRESSED, *FRAMED])
def test_ff_b5_a_body_in_an_unusual_wrapping_is_read(sheet: Swept, name: str) -> None:
    assert said(sheet, name) == []


@pytest.mark.parametrize("name", UNREAD)
def test_beside_b5_what_cannot_be_read_is_told_with_its_reason(sheet: Swept, name: str) -> None:
    assert said(sheet, name) != []
    assert all(UNREAD[name][1] in sentence for sentence in said(sheet, name))
