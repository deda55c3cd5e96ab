"""UPSes, a switch and a workstation of real servers are commissioned by the installed command, and what
changes afterwards is the fault: snmpsim, apcupsd, NUT's upsd and net-snmp's snmpd.
"""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.peers import real, ups_peers
from helpers.peers.namespaces import ip
from helpers.product import Product, Swept
from helpers.support import Peers, free_port, wait_udp

pytestmark = pytest.mark.peer
HOST = "127.0.0.1"
MAC = "02:00:00:0C:0A:07"


def snmpd(peers: Peers) -> int:
    """The port of net-snmp's agent of a computer with one network card."""
    ip("link", "add", "far7", "type", "veth", "peer", "name", "card7", "address", MAC)
    port = free_port(socket.SOCK_DGRAM)
    real.snmpd_of(peers, HOST, port, f"rocommunity canary-5ecret {HOST}")
    wait_udp(HOST, port)
    return port


def device(name: str, **access: Any) -> dict[str, Any]:
    return {"id": name, "name": name, "site": "s", "address": HOST, **access}


def by_snmp(port: int, credential: str = "public") -> dict[str, Any]:
    return {"snmp": {"credential": credential, "port": port}}


def nut_with(peers: Peers, port: int, serial: str) -> Path:
    """The file from which a UPS of NUT's dummy-ups takes its values."""
    file = real.Nut(peers, HOST, port).folder / "cctv.dev"
    with_serial(file, serial)
    return file


def with_serial(file: Path, serial: str) -> None:
    lines = ["ups.status: OL", "ups.model: Mast 700", "ups.firmware: 1.4", f"ups.serial: {serial}"]
    lines.append(f"device.macaddr: 02-00-00-0c-0a-0{serial[-1]}")
    file.write_text("\n".join(lines) + "\n")


def commissioned(product: Product) -> dict[str, dict[str, str]]:
    """What the file says of each device."""
    tree = yaml.load(product.config.read_text(), yaml.BaseLoader)
    rows = [one for section in ("ups", "links", "workstations") for one in tree[section]]
    return {one["id"]: one["commissioned"] for one in rows}


def test_what_they_are_is_written_and_the_later_difference_is_the_fault(
    tmp_path: Path, peers: Peers
) -> None:
    ups = ups_peers.snmpsim(peers, "powernet")["powernet"]
    switch = ups_peers.snmpsim(peers, "access", recordings="switches")["access"]
    upsd, apcupsd = free_port(), ups_peers.apcupsd(peers, ups)
    file = nut_with(peers, upsd, "M1")
    (tmp_path / "community").write_text("public\n")
    (tmp_path / "community").chmod(0o600)
    tree = {
        "credentials": {
            "view": {"secret": {"file": "secret"}},
            "public": {"secret": {"file": "community"}},
        },
        "ups": [
            device("U1", **by_snmp(ups)),
            device("U2", apcupsd={"port": apcupsd}),
            device("U3", nut={"ups": "cctv", "port": upsd}),
        ],
        "links": [device("S1", **by_snmp(switch))],
        "workstations": [device("W1", **by_snmp(snmpd(peers), "view"))],
    }
    product = Product(tmp_path, tree)
    until(product, "U3", "+ commissioned.serial: M1")
    done = product.run("commission", "--yes")
    assert done.code == 0, done.text
    assert commissioned(product) == {
        "U1": {"model": "Smart-UPS 3000", "serial": "AS1234567890", "firmware": "651.13.I"},
        "U2": {"model": "Smart-UPS 3000", "serial": "AS1234567890", "firmware": "651.13.I"},
        "U3": {
            "model": "Mast 700",
            "serial": "M1",
            "firmware": "1.4",
            "mac": "02:00:00:0C:0A:01",
        },
        "S1": {
            "model": "EX-8P",
            "serial": "EX12345678",
            "firmware": "15.2(7)E4",
            "mac": "02:00:00:00:0A:01",
        },
        "W1": {"mac": MAC},
    }

    ip("link", "set", "card7", "address", "02:00:00:0C:0A:08")
    with_serial(file, "M2")
    product.config.write_text(product.config.read_text().replace("EX12345678", "EX00000000"))
    until(product, "U3", "~ commissioned.serial: M2, the file says M1")
    until(product, "W1", "~ commissioned.mac: 02:00:00:0C:0A:08")
    assert product.run("commission", "--yes").code == 1, "a difference is taken of named ones only"
    swept = product.sweep()
    other = "02:00:00:0C:0A:02 instead of 02:00:00:0C:0A:01"
    told = {name: identity_of(swept, name) for name in ("U1", "U2", "U3", "S1", "W1")}
    assert told == {
        "U1": [],
        "U2": [],
        "U3": [("fault", f"another device answers: serial M2 instead of M1; MAC {other}")],
        "S1": [("warning", "identity changed: serial EX12345678 instead of EX00000000")],
        "W1": [("fault", f"another device answers: MAC 02:00:00:0C:0A:08 instead of {MAC}")],
    }


def identity_of(swept: Swept, name: str) -> list[tuple[str, str]]:
    """What the sweep says of who the device is."""
    return [
        (section, row["sentence"])
        for section in ("fault", "warning")
        for row in swept.rows(name, f"{section}s")
        if row["question"] == "identity"
    ]


def until(product: Product, name: str, line: str, seconds: float = 30) -> None:
    """Until the device shows it: NUT's driver reads its file within some seconds."""
    end = time.monotonic() + seconds
    while line not in (done := product.run("commission", name)).out:
        assert time.monotonic() < end, done.text
        time.sleep(0.3)
