"""config.yaml read in a process of its own: the agent gets what the file says and nothing of the
models, and whatever befalls the process is one line.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from healthmon.cli.main import run_options
from healthmon.config import loading, secrets
from healthmon.config.plain import Plain, plain
from healthmon.config.problems import ConfigError
from healthmon.model import entry_points
from healthmon.runtime.estate import Estate
from healthmon.runtime.extensions import GROUPS
from healthmon.runtime.reading import read_apart

ROOT = Path(__file__).parents[2]
SMALL = """
agent: {{state_directory: "{state}"}}
sites: [{{id: market}}]
cameras:
  - {{id: C001, name: One, site: market, address: 192.0.2.1, kind: fixed{more}}}
"""
WATER = """
import os
from pydantic import BaseModel, create_model
from healthmon.checks.check_type import CheckType

class Settings(BaseModel):
    level: float

{then}
CHECK = CheckType("water", "Water", None, None, settings=Settings)
"""


def written(folder: Path, more: str = "") -> Path:
    (folder / "state").mkdir(exist_ok=True)
    path = folder / "config.yaml"
    path.write_text(SMALL.format(state=folder / "state", more=more))
    return path


def with_a_package(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, then: str = "", more: str = ""
) -> Path:
    """A configuration beside an installed package that runs `then` when it is imported."""
    info = folder / "site" / "toy_water-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "site" / "toy_water.py").write_text(WATER.format(then=then))
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-water\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[healthmon.checks]\nwater = toy_water:CHECK\n")
    monkeypatch.setenv("PYTHONPATH", str(folder / "site"))
    return written(folder, more)


def differences(model: object, found: object, where: str = "") -> list[str]:
    """Where what crossed is not what the model says, and where a model is left."""
    if isinstance(found, BaseModel):
        return [f"{where}: is a model"]
    if isinstance(model, BaseModel):
        if not isinstance(found, Plain) or vars(found).keys() != dict(model).keys():
            return [f"{where}: {found!r}"]
        return [d for name, one in model for d in differences(one, getattr(found, name), name)]
    if isinstance(model, dict):
        assert isinstance(found, dict)
        pairs = [(one, found.get(name), f"{where}.{name}") for name, one in model.items()]
        return [d for pair in pairs for d in differences(*pair)]
    if isinstance(model, tuple | list):
        assert isinstance(found, tuple | list)
        return [d for one, two in zip(model, found, strict=True) for d in differences(one, two)]
    return [] if model == found else [f"{where}: {found!r} instead of {model!r}"]


async def test_the_estate_of_the_example_crosses_whole_and_without_a_model() -> None:
    path = ROOT / "config.yaml"
    here = Estate.of(loading.load(path))
    there, problems = await read_apart(path)
    assert differences(here.config, there.config) == []
    assert there.devices == here.devices
    assert there.checks == here.checks
    assert (there.sites, there.reach_checks, there.shift_plan) == (
        here.sites,
        here.reach_checks,
        here.shift_plan,
    )
    assert there.policy == here.policy
    assert problems == secrets.problems(loading.load(path))
    assert problems, "its secrets are not there"


def test_what_crosses_is_frozen() -> None:
    found = plain({"name": "Market"})
    with pytest.raises(AttributeError):
        found.name = "another"


@pytest.mark.parametrize("bad", ["cameras: {", "camerras: []", "sites: [{id: 'a b'}]", "[]"])
async def test_a_bad_file_has_the_same_words_as_everywhere(tmp_path: Path, bad: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(bad)
    with pytest.raises(ConfigError) as here:
        loading.load(path)
    with pytest.raises(ConfigError) as there:
        await read_apart(path)
    assert str(there.value) == str(here.value)


async def test_a_file_that_never_ends_keeps_nobody_waiting(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    os.mkfifo(path)
    began = time.monotonic()
    with pytest.raises(ConfigError) as caught:
        await read_apart(path, 2.0)
    assert str(caught.value) == f"{path}: cannot be read: reading it took longer than 2 s"
    assert time.monotonic() - began < 20


async def test_without_a_process_nothing_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(ConfigError) as caught:
        await read_apart(path)
    words = "no process can be started: No such file or directory"
    assert str(caught.value) == f"{path}: cannot be read: {words}"


ENDS = {
    "os._exit(7)": "ended with 7; see the log",
    "os.kill(os.getpid(), 9)": "was ended by signal 9 (is there enough memory?)",
}


@pytest.mark.parametrize("then", ENDS)
async def test_a_process_that_dies_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    path = with_a_package(tmp_path, monkeypatch, then=then)
    with pytest.raises(ConfigError) as caught:
        await read_apart(path)
    assert str(caught.value) == f"{path}: cannot be read: the process that reads it {ENDS[then]}"


async def test_what_an_installed_package_prints_or_cannot_hand_over_harms_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    then = "print('hello')\nSettings = create_model('Nowhere', level=(float, ...))"
    more = ", checks: {water: {level: 3.5}}"
    path = with_a_package(tmp_path, monkeypatch, then=then, more=more)
    with pytest.raises(ConfigError) as caught:
        await read_apart(path)
    words = str(caught.value)
    assert words.startswith(f"{path}: settings of an installed package cannot be handed to")
    assert "Nowhere" in words
    assert "\n" not in words


OPTIONS: list[tuple[list[str], Any]] = [
    ([], (None, False)),
    (["--verbose"], (None, True)),
    (["--config", "a.yaml"], (Path("a.yaml"), False)),
    (["--verbose", "--config=a=b.yaml"], (Path("a=b.yaml"), True)),
    (["--config", "a.yaml", "--config", "b.yaml"], (Path("b.yaml"), False)),
    (["--config"], None),
    (["--help"], None),
    (["--verbose=yes"], None),
    (["--confg", "a.yaml"], None),
    (["a.yaml"], None),
]


@pytest.mark.parametrize(("words", "read"), OPTIONS)
def test_run_reads_its_two_options_and_leaves_the_rest_to_the_commands(
    words: list[str], read: Any
) -> None:
    assert run_options(words) == read


async def test_the_agent_hears_whether_packages_add_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It need not look itself, which costs 0.7 MB."""
    noted: list[frozenset[str]] = []
    monkeypatch.setattr(entry_points, "nothing_in", noted.append)
    await read_apart(written(tmp_path))
    assert noted == [frozenset(GROUPS)]
    await read_apart(with_a_package(tmp_path, monkeypatch))
    assert noted[1:] == [frozenset(GROUPS) - {"healthmon.checks"}]
