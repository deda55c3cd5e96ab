"""Defaults by site and by kind: what a device inherits, from where, and what is said of mistakes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from healthmon.config import document, inheritance, loading, outline
from healthmon.config.outline import Outline
from healthmon.config.problems import ConfigError
from healthmon.config.schema import Config

HEAD = """\
defaults:
  timeout: 10 s
  device: {contractor: acme, limits: {clock: [2 s, 10 s], latency: 1 s}}
  camera: {kind: fixed, credential: view, http: {tls: yes}, timeout: 11 s}
  ptz: {timeout: 15 s}
credentials: {view: {secret: {environment: VIEW}}, river: {secret: {environment: RIVER}}}
contractors: [{id: acme, name: Acme}, {id: brown, name: Brown}]
sites:
  - {id: market}
  - id: river
    defaults:
      device: {contractor: brown, timeout: 30 s}
      camera: {credential: river, recorder: R1}
      ups: {snmp: {credential: view}}
recorders: [{id: R1, name: R1, site: river, address: 192.0.2.9}]
"""


def loaded(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "config.yaml"
    path.write_text(HEAD + text)
    config = loading.load(path)
    assert outline.read(path) == Outline.of(config)
    return config


def camera(tmp_path: Path, more: str) -> Any:
    entry = f"cameras: [{{id: C1, name: Market, address: 192.0.2.1, {more}}}]\n"
    return loaded(tmp_path, entry).cameras[0]


def told(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        loading.load(path)
    return [f"{one.line}: {one.where}: {one.text}" for one in caught.value.problems]


def test_a_camera_is_one_line(tmp_path: Path) -> None:
    one = camera(tmp_path, "site: market")
    assert (one.kind, one.credential, one.contractor) == ("fixed", "view", "acme")
    assert (one.timeout, one.http.tls, one.limits.clock) == (11.0, True, (2.0, 10.0))


def test_the_site_goes_before_the_file_and_the_device_before_the_site(tmp_path: Path) -> None:
    of_site = camera(tmp_path, "site: river, channel: 1")
    assert (of_site.contractor, of_site.credential, of_site.recorder) == ("brown", "river", "R1")
    own = camera(tmp_path, "site: river, recorder: no, contractor: acme, credential: view")
    assert (own.contractor, own.credential, own.recorder) == ("acme", "view", None)


def test_any_value_of_the_site_goes_before_a_value_of_the_kind(tmp_path: Path) -> None:
    assert camera(tmp_path, "site: market, kind: ptz").timeout == 15.0
    assert camera(tmp_path, "site: river, kind: ptz, channel: 1").timeout == 30.0


def test_sections_are_taken_key_by_key_and_lists_whole(tmp_path: Path) -> None:
    one = camera(tmp_path, "site: market, http: {port: 8443}, limits: {clock: [1 s, 2 s]}")
    assert (one.http.port, one.http.tls) == (8443, True)
    assert (one.limits.clock, one.limits.latency) == ((1.0, 2.0), 1.0)


@pytest.mark.parametrize("key", ["contractor", "credential", "http"])
def test_no_takes_a_default_away(tmp_path: Path, key: str) -> None:
    assert getattr(camera(tmp_path, f"site: market, {key}: no"), key) is None


def test_a_ups_keeps_to_its_own_way(tmp_path: Path) -> None:
    text = (
        "ups: [{id: U1, name: U1, site: river, address: 192.0.2.1},\n"
        "  {id: U2, name: U2, site: river, address: 192.0.2.2, nut: {ups: main}}]\n"
    )
    by_site, own = loaded(tmp_path, text).ups
    assert by_site.snmp is not None
    assert (own.snmp, own.contractor) == (None, "brown")


def test_the_only_site_of_an_estate_may_be_a_default(tmp_path: Path) -> None:
    text = (
        "defaults: {device: {site: a}, camera: {kind: ptz}}\nsites: [{id: a}]\n"
        "cameras: [{id: C1, name: Market, address: 192.0.2.1}]\n"
    )
    (tmp_path / "config.yaml").write_text(text)
    assert loading.load(tmp_path / "config.yaml").cameras[0].site == "a"


def test_a_mistake_of_a_default_is_told_once_at_its_line(tmp_path: Path) -> None:
    cameras = "".join(
        f"  - {{id: C{n}, name: Camera {n}, site: a, address: 192.0.2.{n}}}\n" for n in range(1, 9)
    )
    text = (
        "defaults:\n  camera: {kind: fixd, timeout: 5, credentail: view}\n"
        "  device:\n    contractor: acme\n    id: X\n"
        "sites:\n  - {id: a, defaults: {camera: {site: a, recorder: R9, channel: 1}}}\n"
        f"cameras:\n{cameras}"
    )
    assert told(tmp_path, text) == [
        "2: defaults: 'timeout': duration '5' has no unit; write for example 60 s (units: ms, s, min, h, d)",
        "2: defaults: 'kind': 'fixd' is not one of fixed, ptz or deployable (did you mean 'fixed'?)",
        "2: defaults: unknown key 'credentail' (did you mean 'credential'?)",
        "5: defaults: unknown key 'id'",
        "7: site a: unknown key 'channel'",
    ]
    mended = text.replace("kind: fixd, timeout: 5, credentail: view", "kind: fixed")
    mended = mended.replace("    id: X\n", "").replace(", channel: 1", "")
    assert told(tmp_path, mended)[:3] == [
        "4: defaults: contractor 'acme' is not in the configuration",
        "6: site a: recorder 'R9' is not in the configuration",
        "6: site a: a site cannot put its devices into another site; delete it",
    ]


def test_what_is_missing_is_told_of_the_device(tmp_path: Path) -> None:
    text = "sites: [{id: a}]\ncameras:\n  - {id: C1, name: One, site: a, address: 192.0.2.1}\n"
    assert told(tmp_path, text) == [
        "3: camera C1: 'kind' is missing; write one of fixed, ptz, deployable, or give it in the defaults"
    ]


def test_defaults_cannot_make_a_file_grow_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inheritance, "MOST_VALUES", 50)
    text = "defaults: {device: {ports: [" + ",".join(map(str, range(1, 30))) + "]}}\nlinks:\n"
    text += "".join(f"  - {{id: L{n}}}\n" for n in range(3))
    (tmp_path / "config.yaml").write_text(text)
    found = document.read(tmp_path / "config.yaml")
    with pytest.raises(ConfigError, match=r"config.yaml:4: more than 50 values"):
        inheritance.inherited(found, {"device": {"ports"}, "link": ()})


@pytest.mark.slow
def test_show_tells_where_each_setting_stands(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    entry = "{id: C1, name: Market, site: river, address: 192.0.2.1, kind: ptz, channel: 1, http: {port: 81}}"
    path.write_text(f"{HEAD}cameras:\n  - {entry}\n")
    argv = [sys.executable, "-m", "healthmon", "check-config", "--config", str(path), "--show"]
    done = subprocess.run([*argv, "C1"], capture_output=True, text=True, check=True)
    shown = {line.split("  ")[0]: line.split()[1:] for line in done.stdout.splitlines()}
    at = f"{path}:"
    assert shown["address"] == ["192.0.2.1", f"{at}17", "camera", "C1"]
    assert shown["http.tls"] == ["yes", f"{at}4", "defaults.camera"]
    assert shown["credential"] == ["river", f"{at}13", "site", "river,", "defaults.camera"]
    assert shown["timeout"] == ["30", "s", f"{at}12", "site", "river,", "defaults.device"]
    assert shown["interval"] == ["60", "s", "built", "in"]
    wrong = subprocess.run([*argv, "C01"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stderr) == (
        3,
        f"{path}: no device 'C01' (did you mean 'C1'?)\n",
    )
