"""Digest challenges as devices write them: realms in the encoding of their firmware, and names of
algorithms (the kind of FF-A9: a login that is possible is made).
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from helpers.fakes import onvif_camera
from helpers.fakes.rtsp_server import Camera
from helpers.field_cameras import camera_row, film, rows_of, swept
from helpers.loopback import http, served
from helpers.product import PASSWORD, Swept

HASHES = {"SHA256": hashlib.sha256, "SHA-256": hashlib.sha256, "MD5": hashlib.md5}
OFFERS: dict[str, bytes] = {
    "a realm in UTF-8": 'realm="\u6444\u50cf\u673a", qop="auth"'.encode(),
    "a realm in Latin-1": 'realm="\xdcberwachung", qop="auth"'.encode("latin-1"),
    "a realm in GBK": 'realm="\u6444\u50cf\u673a"'.encode("gbk"),
    "SHA256": b'realm="cam", algorithm=SHA256, qop="auth"',
    "a list of qop without quotes": b"realm=cam, qop=auth,auth-int",
    "a list of algorithms": b'realm="cam", algorithm="MD5,SHA-256", qop="auth"',
    "an option that is not known": b'realm="cam", qop="token"',
    "quotes in quotes": rb'realm="cam", qop="\"auth\""',
    "other quotes": b"realm=\"cam\", qop='auth'",
}
BESIDE: dict[str, bytes] = {
    "a known option beside it": b'realm="cam", qop="token,auth"',
    "a list of qop": b'realm="cam", qop="auth,auth-int", userhash=true, charset=UTF-8',
    "SHA-256-sess": b'realm="cam", algorithm=SHA-256-sess, qop="auth"',
    "quotes in the realm": rb'realm="a \"b\", c=d", opaque=""',
    "semicolons": b'realm="cam"; opaque="x"',
}
ALL = OFFERS | BESIDE


def is_right(given: str) -> bool:
    """Whether a Digest answer of POST is right; the text holds one character for each byte."""
    words = re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|[^",\s]+)', given.removeprefix("Digest "))
    told = {name: re.sub(r"\\(.)", r"\1", value.strip('"')) for name, value in words}
    name = told.get("algorithm", "MD5")

    def h(text: str) -> str:
        return str(HASHES[name.removesuffix("-sess")](text.encode("latin-1")).hexdigest())

    one = h(f"healthmon:{told['realm']}:{PASSWORD}")
    if name.endswith("-sess"):
        one = h(f"{one}:{told['nonce']}:{told['cnonce']}")
    middle = f":{told['nc']}:{told['cnonce']}:{told['qop']}" if "qop" in told else ""
    return told["response"] == h(f"{one}:{told['nonce']}{middle}:{h('POST:' + told['uri'])}")


@dataclass
class Web:
    """An ONVIF camera that wants a login by `offer`, but for its time."""

    offer: bytes
    refused: int = 0
    accepted: int = 0
    device: onvif_camera.Camera = field(default_factory=onvif_camera.Camera)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        self.device.login = "none"
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        size = re.search(r"(?i)content-length: (\d+)", head)
        body = (await reader.readexactly(int(size[1]) if size else 0)).decode()
        name = re.search(r"Body[^>]*>\s*<(?:\w+:)?(\w+)", body)
        given = re.search(r"(?i)\r\nauthorization: (.*?)\r\n", head)
        right = given is not None and is_right(given[1])
        self.refused += given is not None and not right
        self.accepted += right
        if name is None:
            writer.write(http(b"", "404 Not Found"))
        elif right or name[1] == "GetSystemDateAndTime":
            writer.write(self.device.answer(name[1], body, {}))
        else:
            login = b"WWW-Authenticate: Digest " + self.offer + b', nonce="a1b2"\r\n'
            writer.write(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n" + login + b"\r\n")
        await writer.drain()
        writer.close()


WEBS = {name: Web(offer) for name, offer in ALL.items()}


@contextlib.asynccontextmanager
async def _rows() -> AsyncIterator[list[dict[str, object]]]:
    async with contextlib.AsyncExitStack() as stack:
        rows = []
        for number, (name, web) in enumerate(WEBS.items(), 1):
            host = f"127.44.0.{number}"
            rtsp = await stack.enter_async_context(served(Camera(film()).talk, host=host))
            pages = await stack.enter_async_context(served(web, host=host))
            more = {"http": {"port": pages.port}, "credential": "view", "address": host}
            rows.append(camera_row(rtsp.port, id=f"C{number}", name=name, **more))
        yield rows


async def _swept(folder: Path) -> Swept:
    async with _rows() as rows:
        return await swept(folder, {"cameras": rows})


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Swept:
    return asyncio.run(_swept(tmp_path_factory.mktemp("digest")))


def logged_in(sheet: Swept, name: str) -> None:
    assert rows_of(sheet, "identity", device=f"C{list(ALL).index(name) + 1}") == []
    assert (WEBS[name].refused, WEBS[name].accepted > 0) == (0, True)


@pytest.mark.parametrize("name", OFFERS)
def test_ff_a9_a_challenge_in_the_devices_own_form_is_answered(sheet: Swept, name: str):
    logged_in(sheet, name)


@pytest.mark.parametrize("name", BESIDE)
def test_beside_a9_other_forms_are_still_answered(sheet: Swept, name: str):
    logged_in(sheet, name)
