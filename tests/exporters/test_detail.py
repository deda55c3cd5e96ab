"""A target with `detail: number` gets no configured name, place or address, by whatever channel: what
arrives at a server of each kind is searched.
"""

from __future__ import annotations

import asyncio
import contextlib
import email
import importlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from helpers.notices import DIGEST, OPENED
from helpers.support import free_port

from healthmon.config import loading
from healthmon.config.schema import Config
from healthmon.inventory.devices import devices as devices_of
from healthmon.model.enums import Kind
from healthmon.notifications.detail import Detail, of_target, reduced
from healthmon.notifications.directory import TargetDirectory
from healthmon.notifications.notice import Notice, What
from healthmon.notifications.sender import Resender
from healthmon_exporters.notify.factory import sender_of

EXAMPLE = Path(__file__).parents[2] / "config.yaml"
TARGETS = """
credentials: {chat: {secret: {file: chat}}}
notify:
  webhook: {detail: number, webhook: {url: "http://127.0.0.1:PORT/x"}}
  alertmanager: {detail: number, alertmanager: {url: "http://127.0.0.1:PORT"}}
  email: {detail: number, email: {server: 127.0.0.1, port: PORT, encryption: none, sender: a@h.test, to: [b@h.test]}}
  syslog: {detail: number, syslog: {server: 127.0.0.1, port: PORT, transport: tcp}}
  apprise: {apprise: {credential: chat}}
"""
SMTP = {b"EHLO": b"250 m.test\r\n", b"DATA": b"354 go\r\n", b"QUIT": b"221 bye\r\n"}


@pytest.fixture(scope="module", autouse=True)
def apprise_has_its_thread() -> None:
    """As in test_apprise_heartbeat: the pool of apprise is made before the first leak check."""
    service = importlib.import_module("apprise").Apprise()
    service.add(f"json://127.0.0.1:{free_port()}/")
    assert not service.notify("x", timeout=5)


@contextlib.asynccontextmanager
async def receiver(channel: str) -> AsyncIterator[tuple[int, bytearray]]:
    """A server of the channel's protocol; (its port, what it got)."""
    got = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError, asyncio.IncompleteReadError):
            if channel == "email":
                await _smtp(reader, writer, got)
            elif channel == "syslog":
                got.extend(await reader.read())
            else:
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length:")[2].split()[0]
                got.extend(head + await reader.readexactly(int(length)))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
                await writer.drain()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], got


async def _smtp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, got: bytearray) -> None:
    writer.write(b"220 m.test\r\n")
    while line := await reader.readline():
        writer.write(SMTP.get(line[:4].upper().strip(), b"250 ok\r\n"))
        if line[:4].upper() == b"DATA":
            got.extend(await reader.readuntil(b"\r\n.\r\n"))
            writer.write(b"250 taken\r\n")


def readable(channel: str, got: bytes) -> str:
    """What arrived, with the parts of a letter decoded."""
    if channel != "email":
        return got.decode().lower()
    letter = email.message_from_bytes(got)
    parts = [part.get_payload(decode=True) or b"" for part in letter.walk()]
    return f"{got.decode()} {b' '.join(parts).decode()}".lower()  # type: ignore[arg-type]


def told(notice: Notice) -> Iterator[str]:
    """Every name, place, address and sentence of a notice."""
    yield from (notice.name, notice.site, notice.site_name, notice.location, notice.address)
    yield from (notice.device, notice.model, notice.serial, notice.contractor, notice.estate)
    yield from (notice.contractor_name, notice.contractor_phone, notice.contractor_email)
    yield from (notice.access_notes, notice.sentence, notice.cause, notice.time_zone)
    yield from (*notice.affected, *notice.blind_zones, *notice.tried)


@pytest.mark.slow
@pytest.mark.parametrize("channel", ["webhook", "alertmanager", "email", "syslog", "apprise"])
async def test_number_says_no_name_place_or_address(channel: str, tmp_path: Path) -> None:
    async with receiver(channel) as (port, got):
        (tmp_path / "chat").write_text(f"json://127.0.0.1:{port}/x\n")
        (tmp_path / "chat").chmod(0o600)
        (tmp_path / "config.yaml").write_text(TARGETS.replace("PORT", str(port)))
        sender = sender_of(loading.load(tmp_path / "config.yaml"), channel)
        assert isinstance(sender, Resender) == (channel == "alertmanager")
        await sender.send(OPENED)
        if isinstance(sender, Resender):
            await sender.resend([OPENED])
        await sender.aclose()
        await asyncio.sleep(0.05)
    text = readable(channel, bytes(got))
    assert "f000123" in text
    assert [one for one in told(OPENED) if one.lower() in text] == []


@pytest.fixture(scope="module")
def example() -> Config:
    return loading.load(EXAMPLE)


@pytest.mark.parametrize("detail", [Detail.NUMBER, Detail.DEVICE])
def test_no_string_of_the_estate_is_in_a_reduced_notice(example: Config, detail: Detail) -> None:
    directory = TargetDirectory.of(example)
    devices = [one for one in devices_of(example) if one.kind is not Kind.AGENT]
    names = [example.estate.name, *(site.name for site in example.sites)]
    names += [text for one in example.contractors for text in (one.name, one.phone, one.email)]
    for one in devices:
        names += [one.name, one.location, one.address, one.access_notes]
        names += [one.id] if detail is Detail.NUMBER else []
    searched = {name.lower() for name in names if name}
    assert len(searched) > 40
    for one in devices:
        sentence = f"{one.name}: no answer from {one.address}"
        whole = directory.notice(one, "F1-1", What.OPENED, OPENED.at, sentence, number=1)
        text = reduced(whole, detail).to_json().lower()
        assert [name for name in searched if f'"{name}"' in text or f"{name}:" in text] == []
        assert (f'"{one.id.lower()}"' in text) == (detail is Detail.DEVICE)
        assert reduced(whole, Detail.FULL) is whole


def test_a_digest_keeps_numbers_and_the_head_of_the_chain() -> None:
    lines = (
        "Tue 24 Nov 2026 12:01 GMT: P3 FAULT F000007 Slipway: dark",
        "audit chain 7:0123456789abc",
    )
    found = reduced(
        Notice("d", What.DIGEST, DIGEST.at, "since", estate="Town", lines=(*lines, "Slipway")),
        Detail.NUMBER,
    )
    assert found.lines == ("P3 FAULT F000007", "audit chain 7:0123456789abc")
    assert (found.sentence, found.estate) == ("the faults since the last summary", "")


def test_a_cloud_service_gets_the_number_unless_more_is_said() -> None:
    assert of_target(None, "apprise") is Detail.NUMBER
    assert of_target("device", "apprise") is Detail.DEVICE
    assert of_target(None, "email") is Detail.FULL
