"""Switch ports and relays in the configuration: what they need, with line and remedy."""

from __future__ import annotations

import pytest
from helpers.plans import PLANS

from healthmon.config import loading
from healthmon.config.problems import ConfigError
from healthmon.inventory import devices as inventory
from healthmon.model.enums import CheckName

CAMERA = (
    "  - {{id: C{n}, name: Camera {n}, site: town, address: 192.0.2.{n}, kind: fixed, {more}}}\n"
)
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
        loading.load(path)
    return [f"{p.line}: {p.where}: {p.text}" for p in caught.value.problems]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("port: Gi1/0/1", "'port' needs a 'parent' that is a switch of 'links'"),
        (
            "port: Gi1/0/1, parent: S02",
            "'port' needs a switch that is read by SNMP: give S02 its 'snmp'",
        ),
        (
            "port: Gi1/0/1, parent: [S01, S03]",
            "'port' fits S01 and S03; keep one switch with 'snmp' as parent",
        ),
        ("poe: 1.7, parent: S01", "'poe' belongs to 'port': say which port of the switch it is"),
        (
            "port: Gi1/0/1, parent: S1",
            "parent 'S1' is not in the configuration (did you mean 'S01'?)",
        ),
    ],
)
def test_a_port_that_cannot_be_asked_is_named_with_line_and_remedy(tmp_path, more, words):
    assert f"8: camera C1: {words}" in problems(tmp_path, text(more))


def test_a_poe_that_is_no_group_and_port_is_refused(tmp_path):
    assert any(
        "poe" in line for line in problems(tmp_path, text("port: Gi1/0/1, parent: S01, poe: seven"))
    )


def test_a_port_is_asked_at_the_switch_and_a_double_one_is_warned_of(tmp_path, monkeypatch):
    monkeypatch.setenv("X", "public")
    path = tmp_path / "config.yaml"
    path.write_text(
        text("port: Gi1/0/1, parent: [S01, S02], poe: 1.7", "port: gi1/0/1, parent: S01")
    )
    found = loading.load(path)
    assert [w.partition(": ")[2] for w in found.warnings] == [
        "port gi1/0/1 of S01 is given to C1 and C2"
    ]
    devices = inventory.devices(found)
    camera = next(device for device in devices if device.id == "C1")
    assert camera.port is not None
    assert (camera.port.switch, camera.port.address, camera.port.name, camera.port.poe) == ("S01", "192.0.2.101", "Gi1/0/1", "1.7")  # fmt: skip
    check = next(
        a for a in inventory.checks(found, devices, PLANS) if a.check_type == CheckName.PORT
    )
    assert (check.device, check.instance, check.lock_key, check.spoken_to) == (
        "C1",
        "S01",
        "192.0.2.101",
        "S01",
    )


RELAY = """sites: [{id: town}]
links:
  - {id: POL, name: Police relay, site: town, address: 192.0.2.30, RTSP, relay: MORE}
cameras:
"""


def relay_text(more, *cameras, rtsp="rtsp: {port: 554}"):
    rows = [CAMERA.format(n=n, more=own) for n, own in enumerate(cameras or ("priority: P3",), 1)]
    return RELAY.replace("RTSP", rtsp).replace("MORE", more) + "".join(rows)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            relay_text("{camera: C01, path: /a}"),
            "camera 'C01' is not in the configuration (did you mean 'C1'?)",
        ),
        (relay_text("{camera: C1, path: /a, stream: sub}"), "camera C1 has no stream 'sub'"),
        (
            relay_text("[{camera: C1, path: /a}, {camera: C1, path: /b}]"),
            "camera C1 is relayed twice here; make the second a link of its own",
        ),
        (
            relay_text("{camera: C1, path: /a}", "rtsp: no"),
            "camera C1 has 'rtsp: no', so its relay cannot be compared with it",
        ),
        (
            relay_text("{camera: C1, path: /a}", rtsp="ports: [22]"),
            "'relay' needs 'rtsp', where the pictures are handed over: for example rtsp: {port: 554}",
        ),
    ],
)
def test_a_relay_that_leads_nowhere_is_named_with_line_and_remedy(tmp_path, text, words):
    assert f"3: link POL: {words}" in problems(tmp_path, text)


def test_a_relay_is_looked_at_in_the_beat_of_its_camera(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(
        relay_text(
            "{camera: C1, path: /police/C1}",
            "interval: 5 min, watch: 3 s, streams: [{name: hd, bit_rate: 2 Mbit/s}]",
        )
    )
    found = loading.load(path)
    devices = inventory.devices(found)
    checks = [check for check in inventory.checks(found, devices, PLANS) if check.device == "POL"]
    assert [check.check_type for check in checks] == [
        CheckName.REACH,
        CheckName.LINK,
        CheckName.RELAY,
    ]
    check = checks[-1]
    assert (
        check.instance,
        check.lock_key,
        check.phase_of,
        check.interval,
        check.watch,
        check.cost,
    ) == (
        "C1",
        "192.0.2.30",
        "C1",
        300.0,
        3.0,
        2e6,
    )
    link = next(device for device in devices if device.id == "POL")
    assert [(spec.camera, spec.path, spec.source) for spec in link.relays] == [
        ("C1", "/police/C1", "hd")
    ]


def test_the_relay_of_a_metered_camera_is_looked_at_as_seldom_as_the_camera(tmp_path):
    path = tmp_path / "config.yaml"
    more = "metered: {per_day: 2 MB}, streams: [{name: sub, bit_rate: 500 kbit/s}]"
    path.write_text(relay_text("{camera: C1, path: /police/C1}", more))
    found = loading.load(path)
    checks = inventory.checks(found, inventory.devices(found), PLANS)
    (relay,) = [check for check in checks if check.check_type == CheckName.RELAY]
    (source,) = [check for check in checks if check.check_type == CheckName.STREAM]
    assert relay.interval == source.interval > 900
