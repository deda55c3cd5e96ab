"""``healthmon discover --write``: what is proposed, put into config.yaml."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from healthmon.cli import discover, discover_write, estate_import
from healthmon.config import loading
from healthmon.discovery.found import Found
from healthmon.discovery.proposal import NEW_SITE, Proposal

FILE = """\
# ours
estate: {name: T}
sites: [{id: a}]   # one
credentials: {view: {username: v, secret: {file: x}}}
cameras:
  # the first
  - {id: C1, name: North, site: a, address: 192.0.2.1, kind: fixed}
# the end
"""


def proposal(number: int, section: str = "cameras", sure: str = "sure", **more) -> Proposal:
    address = f"192.0.2.{number}"
    entry = {
        "id": f"new-{number}",
        "name": f"A: b\n#{number}",
        "site": "a",
        "address": address,
        **more,
    }
    return Proposal(Found(address), section, sure, ("it answers",), entry)  # type: ignore[arg-type]


CAMERA = {
    "kind": "ptz",
    "credential": "view",
    "http": {"port": "8080"},
    "streams": [{"name": "main", "profile": "p 1", "codec": "h264", "size": "640x360"}],
    "commissioned": {"model": "Eye 'x'", "serial": "007", "mac": "02:00:00:00:00:01"},
    "parent": "new-9",
    "port": "Gi1/0/1",
}


def test_the_new_devices_stand_in_the_file_and_nothing_else_has_changed(tmp_path: Path, capsys):
    path = tmp_path / "config.yaml"
    path.write_text(FILE)
    known = Proposal(Found("192.0.2.1"), "cameras", "sure", (), {"site": "a"}, known="C1")
    told = [
        known,
        proposal(2, **CAMERA),
        proposal(3, sure="guess", kind="fixed"),
        proposal(9, "links", site=NEW_SITE, snmp={"credential": "view"}),
    ]
    discover_write.write(path, told)
    assert "192.0.2.3: a guess is not written: it answers" in capsys.readouterr().err
    after = path.read_text()
    lines = FILE.replace("[{id: a}]", f"[{{id: a}}, {{id: {NEW_SITE}, name: Discovered}}]")
    assert [line for line in after.splitlines() if "new-" not in line and line != "links:"] == (
        lines.splitlines()
    )
    found = loading.load(path)
    camera = found.cameras[1]
    assert (camera.id, camera.name, camera.parent) == ("new-2", "A: b #2", ("new-9",))
    assert camera.commissioned is not None
    assert (camera.commissioned.model, camera.commissioned.serial) == ("Eye 'x'", "007")
    assert camera.streams[0].size == (640, 360)
    assert [one.id for one in found.links] == ["new-9"]


def test_what_the_loader_refuses_is_not_written(tmp_path: Path, capsys):
    path = tmp_path / "config.yaml"
    path.write_text(FILE)
    with pytest.raises(SystemExit) as ended:
        discover_write.write(path, [proposal(2, **CAMERA | {"credential": "nobody"})])
    assert ended.value.code == 3
    assert "nothing is written" in capsys.readouterr().err
    assert path.read_text() == FILE


def test_the_spreadsheet_makes_the_same_devices_as_the_yaml(tmp_path: Path):
    pin = "0a" * 32
    secure = {"http": {"port": "443", "tls": "yes"}, "tls": {"pin": pin}, "rtsp": {"port": "8554"}}
    third = {"version": "3", "auth_protocol": "SHA-256", "priv_protocol": "AES", "port": "1161"}
    told = [
        proposal(2, **CAMERA),
        proposal(3, kind="fixed", onvif="no", http="no", rtsp={"port": "322", "tls": "yes"}),
        proposal(4, "recorders", make="hikvision", credential="view", **secure),
        proposal(5, "ups", snmp={"credential": "view", "port": "1161"}),
        proposal(6, "ups", nut={"ups": "mast", "port": "3494"}),
        proposal(7, "ups", apcupsd={"port": "3552"}),
        proposal(8, "links", snmp={"credential": "view"} | third, location="Hut 1"),
        proposal(9, "links", snmp={"credential": "view", "version": "1"}),
    ]
    by_yaml, by_csv = tmp_path / "yaml.yaml", tmp_path / "csv.yaml"
    for path in (by_yaml, by_csv):
        path.write_text(FILE)
    discover_write.write(by_yaml, told)
    sheet = tmp_path / "new.csv"
    sheet.write_text(discover._as_csv(told))
    estate_import.run(sheet, by_csv, write=True, remove=False)
    one, other = loading.load(by_yaml), loading.load(by_csv)
    assert [replaced(camera) for camera in other.cameras] == [
        replaced(camera) for camera in one.cameras
    ]
    for section in ("recorders", "ups", "links"):
        assert getattr(other, section) == getattr(one, section)
    assert "priority" not in sheet.read_text().splitlines()[0], "the defaults of the site hold"


def replaced(camera: object) -> object:
    """A camera without its streams, which ONVIF tells, or only the YAML."""
    return camera.model_copy(update={"streams": ()})  # type: ignore[attr-defined]


def test_of_stream_paths_that_only_the_yaml_has_it_is_said():
    by_path = {"kind": "fixed", "streams": [{"name": "main", "path": "/x"}]}
    told = [proposal(2, **CAMERA), proposal(3, **by_path)]
    words = "; the stream paths of 1 camera are in the YAML only: 192.0.2.3"
    assert discover._left_out(told) == words
    assert discover._left_out([replace(told[1], known="C1"), told[0]]) == ""
