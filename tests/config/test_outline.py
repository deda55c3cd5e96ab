"""The outline of config.yaml: the same as the loaded configuration says, and read without the models."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from healthmon.config import loading, outline
from healthmon.config.outline import Outline
from healthmon.config.problems import ConfigError

ROOT = Path(__file__).parents[2]
SITE = "sites: [{id: a, name: Riverside}, {id: b}]\n"
CAMERA = "{id: C1, name: Slipway, site: a, address: 192.0.2.1, kind: ptz}"
DEVICES = f"""{SITE}cameras: [{CAMERA}]
recorders: [{{id: R1, name: "NVR\\u200b\\e[31m 1", site: a, address: 192.0.2.2, make: "no"}}]
ups: [{{id: U1, name: 'UPS 1', site: b, address: 192.0.2.3, nut: {{ups: main}}}}]
links: [{{id: L1, name: Mast, site: b, address: 192.0.2.4}}]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "estate: {time_zone: Asia/Kathmandu}\n",
        "agent: {state_directory: /var/lib/cctv}\n",
        "agent: {state_directory: }\n",
        "agent: {state_directory: 0123}\n",
        "agent: {port: 9000}\nestate: {name: Port}\n",
        DEVICES,
    ],
)
def test_it_is_what_the_loaded_configuration_says(path: Path, text: str) -> None:
    path.write_text(text)
    assert outline.read(path) == Outline.of(loading.load(path))


def test_it_is_what_the_loaded_example_says() -> None:
    found = outline.read(ROOT / "config.yaml")
    assert found == Outline.of(loading.load(ROOT / "config.yaml"))
    assert found is not None
    assert len(found.names) > 5


@pytest.mark.parametrize(
    "mistake",
    [
        "camera: []\n",
        "shifts: 7\n",
        "defaults: {timeout: 5}\n",
        "agent: {listen: 'http://x', colour: red}\n",
        "routes: [{to: nobody}]\n",
        f"cameras: [{CAMERA.replace('kind: ptz', 'kind: dome, adress: x')}, {CAMERA}]\n",
    ],
)
def test_a_mistake_elsewhere_keeps_nobody_from_it(path: Path, mistake: str) -> None:
    path.write_text(SITE + mistake)
    with pytest.raises(ConfigError):
        loading.load(path)
    found = outline.read(path)
    assert found is not None
    assert found.sites == {"a": "Riverside", "b": ""}
    assert found.names == ({"C1": "Slipway"} if "C1" in mistake else {})


@pytest.mark.parametrize(
    "text",
    [
        "database: {url: 'postgresql://db.example.com/healthmon'}\n",
        "database: no\n",
        "database:\n",
        "- a list\n",
        "a word\n",
        "estate:\n",
        "estate: London\n",
        "estate: {time_zone: Atlantis/Capital}\n",
        "estate: {time_zone: }\n",
        "estate: {time_zone: ../../etc/passwd}\n",
        "estate: {time_zone: [Europe/London]}\n",
        "agent: [x]\n",
        "agent: {state_directory: [x]}\n",
        "agent: {state_directory: /a}\nagent: {state_directory: /b}\n",
        "cameras:\n",
        "cameras: {id: C1, name: Slipway}\n",
        "cameras: [C1]\n",
        "cameras: [{name: Slipway}]\n",
        "cameras: [{id: C1}]\n",
        "ups: [{id: [U1], name: UPS}]\n",
        "links: [{id: L1, name: {a: b}}]\n",
        "sites: Riverside\n",
        "sites: [{name: Riverside}]\n",
        "sites: [{id: a, name: [x]}]\n",
    ],
)
def test_there_is_none_where_the_whole_configuration_has_to_be_loaded(
    path: Path, text: str
) -> None:
    path.write_text(text)
    assert outline.read(path) is None


@pytest.mark.parametrize("text", ["a: [b\n", "a: *b\n", "a: b\n---\nc: d\n", "\tx: y\n"])
def test_what_is_no_yaml_is_told(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(ConfigError) as told:
        outline.read(path)
    with pytest.raises(ConfigError) as as_loaded:
        loading.load(path)
    assert str(told.value) == str(as_loaded.value)


def test_it_needs_neither_pydantic_nor_a_model() -> None:
    code = (
        "import sys; from healthmon.config import outline; from healthmon.store import location;"
        "print([m for m in sys.modules if m.startswith(('pydantic', 'healthmon.model', 'healthmon.config.'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = {"contracts", "document", "inheritance", "outline", "problems", "secrets", "units"}
    names_of_models = ("count_words", "enums", "plain_text")
    light = {"healthmon.model", *(f"healthmon.model.{name}" for name in names_of_models)}
    assert set(eval(done.stdout)) == {f"healthmon.config.{name}" for name in names} | light
