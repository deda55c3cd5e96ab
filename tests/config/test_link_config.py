"""Switch ports in the configuration: what they need, with line and remedy."""

from __future__ import annotations

import pytest

from healthmon import config, inventory
from healthmon.config import ConfigError
from healthmon.model import Question

CAMERA = "  - {{id: C{n}, name: Camera {n}, site: town, address: 192.0.2.{n}, kind: fixed, {more}}}\n"
LINKS = """sites: [{id: town}]
credentials: {snmp: {secret: {environment: X}}}
links:
  - {id: S01, name: Switch 1, site: town, address: 192.0.2.101, snmp: {credential: snmp}}
  - {id: S02, name: Switch 2, site: town, address: 192.0.2.102, ports: [22]}
  - {id: S03, name: Switch 3, site: town, address: 192.0.2.103, snmp: {credential: snmp}}
cameras:
"""


def text(*more: str) -> str:
    return LINKS + "".join(CAMERA.format(n=n, more=own) for n, own in enumerate(more, 1))


def problems(folder, text):
    path = folder / "config.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    return [f"{p.line}: {p.where}: {p.text}" for p in caught.value.problems]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("port: Gi1/0/1", "'port' needs a 'parent' that is a switch of 'links'"),
        ("port: Gi1/0/1, parent: S02", "'port' needs a switch that is asked by SNMP: give S02 its 'snmp'"),
        ("port: Gi1/0/1, parent: [S01, S03]", "'port' fits S01 and S03; keep one switch with 'snmp' as parent"),
        ("poe: 1.7, parent: S01", "'poe' belongs to 'port': say which port of the switch it is"),
        ("port: Gi1/0/1, parent: S1", "parent 'S1' is not in the configuration (did you mean 'S01'?)"),
    ],
)
def test_a_port_that_cannot_be_asked_is_named_with_line_and_remedy(tmp_path, more, words):
    assert f"8: camera C1: {words}" in problems(tmp_path, text(more))


def test_a_poe_that_is_no_group_and_port_is_refused(tmp_path):
    assert any("poe" in line for line in problems(tmp_path, text("port: Gi1/0/1, parent: S01, poe: seven")))


def test_a_port_is_asked_at_the_switch_and_a_double_one_is_warned_of(tmp_path, monkeypatch):
    monkeypatch.setenv("X", "public")
    path = tmp_path / "config.yaml"
    path.write_text(text("port: Gi1/0/1, parent: [S01, S02], poe: 1.7", "port: gi1/0/1, parent: S01"))
    found = config.load(path)
    assert [w.partition(": ")[2] for w in found.warnings] == ["port gi1/0/1 of S01 is given to C1 and C2"]
    devices = inventory.devices(found)
    camera = next(device for device in devices if device.id == "C1")
    assert camera.port is not None
    assert (camera.port.switch, camera.port.address, camera.port.name, camera.port.poe) == ("S01", "192.0.2.101", "Gi1/0/1", "1.7")  # fmt: skip
    ask = next(a for a in inventory.asks(found, devices) if a.question is Question.PORT)
    assert (ask.device, ask.part, ask.gate, ask.spoken_to) == ("C1", "S01", "192.0.2.101", "S01")
