"""UPSes behind real servers: FF-C8 and C9 by NUT's upsd, FF-C17 by net-snmp's snmpd; and FF-C1 by
the agent that runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.fakes.ups_park import Unit, nut_unit, park, snmp_unit
from helpers.peers import real
from helpers.product import Product, Swept
from helpers.support import Peers, free_port, need, wait_udp

HOST = "127.0.0.1"
RFC = "1.3.6.1.2.1.33.1"
APC = "1.3.6.1.4.1.318.1.1.1"
AUTH, PRIVATE = "authpass12345", "privpass12345"


def ups_lines(swept: Swept, device: str) -> list[str]:
    return [row["sentence"] for row in swept.rows(device) if row["question"] == "ups"]


def until(look: Callable[[], list[str]], wanted: list[str], seconds: float = 30) -> None:
    """Sweep until it is so: a driver of NUT takes seconds to read its file again."""
    end = time.monotonic() + seconds
    while (lines := look()) != wanted:
        assert time.monotonic() < end, f"{lines}, not {wanted}"
        time.sleep(0.5)


# NUT ------------------------------------------------------------------------------------------
@pytest.mark.peer
def test_ff_c8_c9_real_upsd_mirror_simulation_and_forced_shutdown(tmp_path: Path, peers: Peers):
    """upsd with a simulated UPS, and a second upsd whose driver repeats it."""
    first, second = free_port(), free_port()
    upsd = real.Nut(peers, HOST, first)
    real.Nut(peers, HOST, second, f"cctv@{HOST}:{first}")
    rows = [
        {"id": "U1", "name": "Original", "site": "s", "address": HOST},
        {"id": "U2", "name": "Mirror", "site": "s", "address": HOST},
    ]
    for row, port in zip(rows, (first, second), strict=True):
        row["nut"] = {"ups": "cctv", "port": port}
    product = Product(tmp_path, {"ups": rows})
    swept = product.sweep()
    simulated = "UPS not checked: a simulated UPS (NUT's dummy-ups)"
    mirror = f"UPS not checked: a mirror of cctv@{HOST}:{first}: ask that upsd"
    assert ups_lines(swept, "U1") == [simulated]
    assert ups_lines(swept, "U2") == [mirror]
    upsd.force_shutdown(HOST, first)
    forced = "forced shutdown ordered; every machine that starts will shut down; restart upsd"
    until(lambda: ups_lines(product.sweep(), "U1"), [forced])
    upsd.status("OL CHRG")
    time.sleep(5)  # the driver has read its file again: the order stays
    assert forced in ups_lines(product.sweep(), "U1")


# SNMPv3 ---------------------------------------------------------------------------------------
def snmpd(peers: Peers, *lines: str) -> int:
    """The port of a snmpd that is a UPS, with two accounts: one that may read, one that may not."""
    need("snmpd")
    port = free_port(socket.SOCK_DGRAM)
    folder = peers.folder / "snmpd"
    (folder / "kept").mkdir(parents=True)
    config = [
        "exactEngineID 0x80001f880300000a01",
        f"createUser reader SHA-256 {AUTH} AES {PRIVATE}",
        f"createUser stranger SHA-256 {AUTH} AES {PRIVATE}",
        "rouser reader priv",
        *lines,
        *(f"override {RFC}.{oid} {value}" for oid, value in real.ON_MAINS.items()),
    ]
    (folder / "snmpd.conf").write_text("\n".join(config) + "\n")
    argv = ["-f", "-Lo", "-C", "-c", folder / "snmpd.conf", "-p", folder / "pid"]
    env = {"SNMP_PERSISTENT_DIR": str(folder / "kept"), "MIBS": ""}
    peers.start("snmpd", *argv, f"udp:{HOST}:{port}", env=env)
    wait_udp(HOST, port)
    return port


def by_v3(folder: Path, port: int, user: str, auth: str, private: str) -> Product:
    """A UPS that is asked by SNMPv3 with these secrets."""
    for name, words in (("auth", auth), ("private", private)):
        path = folder / name
        path.write_text(words + "\n")
        path.chmod(0o600)
    login = {"username": user, "secret": {"file": "auth"}, "private": {"file": "private"}}
    access = {"credential": "v3", "port": port, "version": "3"}
    access |= {"auth_protocol": "SHA-256", "priv_protocol": "AES"}
    row = {"id": "U1", "name": "Radio mast", "site": "s", "address": HOST, "snmp": access}
    tree: dict[str, Any] = {"ups": [row], "credentials": {"v3": login}}
    tree["defaults"] = {"timeout": "6 s"}  # a busy machine answers late
    return Product(folder, tree)


@pytest.mark.peer
@pytest.mark.parametrize(
    ("user", "auth", "private", "words"),
    [
        ("stranger", AUTH, PRIVATE, "no right to read"),
        (
            "reader",
            AUTH,
            "wrongpriv12345",
            "answers, but not to this account: privacy password or protocol?",
        ),
        ("reader", "wrongauth12345", PRIVATE, "wrong password or authentication protocol"),
        ("nobody", AUTH, PRIVATE, "it does not know this user"),
    ],
    ids=["no right", "privacy", "password", "user"],
)
def test_ff_c17_a_refusal_by_snmpv3_says_what_to_look_at(
    tmp_path: Path, peers: Peers, user: str, auth: str, private: str, words: str
):
    port = snmpd(peers)
    swept = by_v3(tmp_path, port, user, auth, private).sweep()
    lines = [row["sentence"] for row in swept.rows("U1")]
    assert any(words in line for line in lines), json.dumps(swept.rows("U1"))
    assert swept.seconds < 30


class Damaging(asyncio.DatagramProtocol):
    """Stands between a manager and an agent at `port`; of what the agent says the first answer
    (its engine) passes, the others are damaged.
    """

    transport: Any = None

    def __init__(self, port: int, damage: Callable[[bytes], bytes]) -> None:
        self.port, self.damage, self.passed = port, damage, 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, manager: tuple[str, int]) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
            ours.settimeout(5)
            ours.sendto(data, (HOST, self.port))
            answer = ours.recv(65536)
        self.passed += 1
        self.transport.sendto(answer if self.passed == 1 else self.damage(answer), manager)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a bit": lambda answer: answer[:-3] + bytes((answer[-3] ^ 1,)) + answer[-2:],
    "zeros": lambda answer: bytes(len(answer)),
}


@pytest.mark.peer
@pytest.mark.parametrize("damage", DAMAGES)
async def test_ff_c17_a_damaged_answer_is_no_refused_login(
    tmp_path: Path, peers: Peers, damage: str
):
    """Of an agent that was never heard: not checked, and no login is held back."""
    agent = await asyncio.to_thread(snmpd, peers)
    loop = asyncio.get_running_loop()
    transport, between = await loop.create_datagram_endpoint(
        lambda: Damaging(agent, DAMAGES[damage]), (HOST, 0)
    )
    port = transport.get_extra_info("sockname")[1]
    product = by_v3(tmp_path, port, "reader", AUTH, PRIVATE)
    lines = ups_lines(await asyncio.to_thread(product.sweep), "U1")
    transport.close()
    assert between.passed > 1
    assert len(lines) == 1
    assert lines[0].startswith("UPS not checked: answer not understood")
    assert not (tmp_path / "state/logins.json").exists()


@pytest.mark.peer
def test_a_ups_by_snmpv3_is_well(tmp_path: Path, peers: Peers):
    port = snmpd(peers)
    assert ups_lines(by_v3(tmp_path, port, "reader", AUTH, PRIVATE).sweep(), "U1") == []


# The agent that runs -----------------------------------------------------------------------------
@contextlib.contextmanager
def running(folder: Path, peers: Peers, **units: Unit) -> Iterator[Any]:
    with park(units) as rows:
        tree = {**rows, "defaults": {"interval": "1 s", "ups_interval": "1 s"}}
        with Product(folder, tree).agent(peers) as agent:
            yield agent


def test_ff_c1_c6_the_agent_opens_the_fault_and_shows_what_was_told(tmp_path: Path, peers: Peers):
    empty = snmp_unit({f"{APC}.4.1.1.0": 2, f"{APC}.2.1.1.0": 5, f"{APC}.2.2.1.0": 0})
    bare = snmp_unit({f"{APC}.4.1.1.0": 2})
    worn = snmp_unit({f"{APC}.4.1.1.0": 2, f"{APC}.2.2.4.0": 2})
    forced = nut_unit(ups__status="FSD OL", battery__charge="100")
    with running(tmp_path, peers, EMPTY=empty, BARE=bare, WORN=worn, FORCED=forced) as agent:
        agent.until(lambda: "battery_fault" in agent.faults("EMPTY"), 60)
        agent.until(lambda: "ups_shutdown" in agent.faults("FORCED"), 60)
        agent.until(lambda: "battery_replace" in agent.faults("WORN"), 60)
        assert agent.faults("BARE") == set()
        assert agent.value("healthmon_ups_battery_replace", device="WORN") == 1
        assert agent.value("healthmon_ups_battery_replace", device="BARE") is None
        assert agent.value("healthmon_ups_up", device="BARE") == 1
