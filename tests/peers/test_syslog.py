"""Debian's rsyslog as receiver: it parses what is sent by RFC 5424 over UDP, TCP and TLS; nothing
breaks the format.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from helpers.loopback import make_pair, served
from helpers.notices import CLOSED, DIGEST, OPENED, TEST
from helpers.support import Peers, free_port, library, need

from healthmon.model.enums import State
from healthmon.notifications.sender import SendError
from healthmon.protocols.transport import tls
from healthmon_exporters.notify.syslog import (
    FACILITIES,
    MOST_BYTES,
    Collector,
    Syslog,
    message,
    severity,
)

pytestmark = pytest.mark.peer

FIELDS = {
    "pri": "pri",
    "version": "protocol-version",
    "at": "timereported",
    "app": "app-name",
    "msgid": "msgid",
    "sd": "structured-data",
    "msg": "msg",
}
CONFIG = """
global(workDirectory="{folder}" {tls})
module(load="imudp") module(load="imtcp" {driver})
module(load="mmpstrucdata")
template(name="out" type="list" option.jsonf="on") {{
{properties}
  property(outname="tree" name="$!rfc5424-sd" format="jsonf")
}}
ruleset(name="keep") {{
  action(type="mmpstrucdata")
  action(type="omfile" file="{out}" template="out" asyncWriting="off")
}}
input(type="{kind}" address="127.0.0.1" port="{port}" ruleset="keep")
"""


@dataclass
class Rsyslog:
    port: int
    out: Path

    async def got(self, count: int = 1) -> list[dict]:
        """The messages as rsyslog parsed them, once there are `count`."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            lines = (
                self.out.read_text(errors="surrogateescape").splitlines()
                if self.out.exists()
                else []
            )
            if len(lines) >= count:
                found = [json.loads(line) for line in lines]
                return [one | {"tree": json.loads(one["tree"])["healthmon@32473"]} for one in found]
            await asyncio.sleep(0.05)
        raise AssertionError(f"rsyslog has {len(lines)} of {count} messages")


async def rsyslog(peers: Peers, kind: str, certificate: Path | None = None) -> Rsyslog:
    need("rsyslogd")
    folder = Path(peers.folder)
    port = free_port(socket.SOCK_DGRAM if kind == "imudp" else socket.SOCK_STREAM)
    properties = "\n".join(
        f'  property(outname="{name}" name="{of}" format="jsonf"{" dateFormat=" + chr(34) + "rfc3339" + chr(34) if name == "at" else ""})'
        for name, of in FIELDS.items()
    )
    secure = ""
    if certificate:
        secure = f'defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="{certificate}" defaultNetstreamDriverCertFile="{certificate}" defaultNetstreamDriverKeyFile="{certificate}"'
    text = CONFIG.format(
        folder=folder,
        out=folder / "out.jsonl",
        properties=properties,
        kind=kind,
        port=port,
        tls=secure,
        driver='streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon"'
        if certificate
        else "",
    )
    (folder / "rsyslog.conf").write_text(text)
    peers.start("rsyslogd", "-n", "-iNONE", "-C", "-f", folder / "rsyslog.conf")
    if kind == "imtcp":
        await asyncio.to_thread(peers.wait_tcp, "127.0.0.1", port)
    else:
        end = time.monotonic() + 60
        wanted = f"{port:04X}"
        while not any(
            line.split()[1].endswith(wanted)
            for line in Path("/proc/net/udp").read_text().splitlines()[1:]
        ):
            assert time.monotonic() < end, peers.log()
            await asyncio.sleep(0.05)
    return Rsyslog(port, folder / "out.jsonl")


def way(port: int, transport: str, trust=None, **more) -> Syslog:
    return Syslog("log", Collector("127.0.0.1", port, transport, trust), seconds=3.0, **more)


async def failure(sender: Syslog) -> SendError:
    with pytest.raises(SendError) as caught:
        await sender.send(OPENED)
    await sender.aclose()
    return caught.value


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_rsyslog_reads_every_field(peers: Peers, transport: str) -> None:
    server = await rsyslog(peers, f"im{transport}")
    sender = way(server.port, transport, facility="local3")
    await sender.send(OPENED)
    (got,) = await server.got()
    assert (got["pri"], got["version"], got["app"], got["msgid"]) == (
        str(19 * 8 + 3),
        "1",
        "healthmon",
        "opened",
    )
    assert got["at"].startswith("2026-11-24T12:02:10")
    assert (
        got["msg"].lstrip("\ufeff").startswith("P2 FAULT F000123 Riverside car park: no pictures")
    )
    assert got["tree"] == {
        "id": "F000123-1",
        "fault": "F000123",
        "device": "C003",
        "site": "riverside",
        "kind": "camera",
        "code": "no_pictures",
        "priority": "P2",
        "contractor": "acme",
        "cause": "F000121",
    }


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a11_nothing_a_device_says_breaks_the_message(peers: Peers, transport: str) -> None:
    server = await rsyslog(peers, f"im{transport}")
    evil = ['x"] <0>1 - - - - - - boo', "a\\b]c", "line\nbreak\r\n\x00", "漢字" * 3000, "\ud800"]
    for n, strange in enumerate(evil):
        await way(server.port, transport).send(
            replace(OPENED, id=f"id{n}", device=strange, name=strange, code=strange)
        )
    await way(server.port, transport).send(replace(DIGEST, id="id5", lines=("x" * 400,) * 100))
    got = await server.got(len(evil) + 1)
    assert sorted(one["tree"]["id"] for one in got) == [f"id{n}" for n in range(6)]
    by_id = {one["tree"]["id"]: one for one in got}
    assert by_id["id0"]["tree"]["device"] == 'x"] <0>1 - - - - - - boo'
    assert by_id["id1"]["tree"]["device"] == "a\\b]c"
    assert {one["app"] for one in got} == {"healthmon"}


async def test_tls_is_verified_and_delivers(peers: Peers, tmp_path) -> None:
    need("rsyslogd", library("rsyslog/lmnsd_gtls.so"))
    own, other = make_pair(tmp_path, "own"), make_pair(tmp_path, "other")
    server = await rsyslog(peers, "imtcp", own.file)
    error = await failure(way(server.port, "tls", tls.context(ca_file=str(other.file))))
    assert "certificate" in str(error)
    assert not error.permanent
    began = time.monotonic()
    await way(server.port, "tls", tls.context(ca_file=str(own.file))).send(OPENED)
    assert time.monotonic() - began < 20
    (got,) = await server.got()
    assert got["tree"]["id"] == "F000123-1"


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_a_closed_port_is_told_and_tried_again(transport: str) -> None:
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    error = await failure(
        way(free_port(kind), transport, tls.context() if transport == "tls" else None)
    )
    assert not error.permanent
    assert "refused" in str(error)


async def test_a_receiver_that_drops_the_connection_is_told() -> None:
    async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    async with served(drop) as server:
        error = await failure(way(server.port, "tcp"))
    assert (error.permanent, "dropped" in str(error)) == (False, True)


async def test_a_receiver_that_never_says_goodbye_does_not_hold_us() -> None:
    got: list[bytes] = []

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.read())
        await asyncio.sleep(30)

    async with served(keep) as server:
        began = time.monotonic()
        await way(server.port, "tcp").send(OPENED)
        assert time.monotonic() - began < 20
    length, _, line = got[0].partition(b" ")
    assert int(length) == len(line)


def test_severities_and_lengths() -> None:
    assert severity(replace(OPENED, priority=1)) == 2
    assert severity(OPENED) == 3
    assert severity(replace(OPENED, state=State.DEGRADED)) == 4
    assert severity(CLOSED) == 5
    assert severity(DIGEST) == severity(TEST) == 6
    huge = replace(
        OPENED,
        **dict.fromkeys(("id", "device", "site", "kind", "code", "contractor", "name"), "漢" * 500),
    )
    for most in MOST_BYTES.values():
        made = message(huge, FACILITIES["local7"], most)
        assert len(made) <= most
        made.decode()
        assert b"\xef\xbb\xbf" in made
