"""Every bad configuration gets exactly its messages: bad/NAME.yaml, and what is said of it in
bad/NAME.txt.
"""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from healthmon.config import document, loading
from healthmon.config.problems import ConfigError

pytestmark = pytest.mark.slow

BAD = sorted((Path(__file__).parent / "bad").glob("*.yaml"))
EXAMPLE = Path(__file__).parents[2] / "config.yaml"


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_configuration_gets_exactly_its_messages(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    with pytest.raises(ConfigError) as caught:
        loading.load(Path(path.name))
    assert str(caught.value) + "\n" == path.with_suffix(".txt").read_text()


def test_there_is_a_bad_configuration_for_each_row() -> None:
    assert {path.stem.split("_")[0] for path in BAD} == {"o1", "o2", "o3", "o4", "o5", "o7", "o8"}
    assert len(BAD) >= 60
    assert "hush" not in "".join(path.with_suffix(".txt").read_text() for path in BAD)


def leaves(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(tree, dict | list):
        for step, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from leaves(value, (*path, step))
    elif isinstance(tree, str):
        yield path


def test_one_malformed_value_makes_no_second_message_up(tmp_path: Path) -> None:
    """Whatever value of the example is made malformed, nothing else that stands there is called
    wrong.
    """
    path = tmp_path / "config.yaml"
    tried = 0
    whole = document.read(EXAMPLE).tree
    for leaf in leaves(whole):
        if leaf[-1] in ("id", "zone") or leaf[0] == "sites" or {"covers", "parent"} & set(leaf):
            continue  # what others refer to by this value is wrong indeed
        tree = copy.deepcopy(whole)
        place = tree
        for step in leaf[:-1]:
            place = place[step]
        place[leaf[-1]] = "?! @"
        path.write_text(json.dumps(tree, indent=1))
        wrong = document.read(path).line(leaf)
        try:
            loading.load(path)
        except ConfigError as error:
            tried += 1
            assert {problem.line for problem in error.problems} == {wrong}, (leaf, str(error))
    assert tried > 100


BOMBS = {
    "unknown keys": "".join(f"k{n}: 1\n" for n in range(300_000)),
    "unknown keys of a camera": "cameras:\n  - {"
    + ", ".join(f"k{n}: 1" for n in range(300_000))
    + "}\n",
    "equal keys": "a: 1\n" * 300_000,
    "a wrong key of each camera": "cameras:\n"
    + "".join(
        f"- {{id: C{n}, nmae: Camera {n}, site: town, address: 192.0.2.1, kind: ptz}}\n"
        for n in range(10_000)
    ),
    "a list in lists": "cameras:\n" + ("- [" + "1," * 1000 + "1]\n") * 1900,
    "brackets": "[" * 100_000,
    "braces": "a: " + "[{a: " * 100_000,
    "dashes": "- " * 1_000_000,
    "question marks": "? " * 1_000_000,
    "a long value": "estate: {time_zone: " + "x" * 4_000_000 + "}\n",
    "a long word of a list": "cameras: [{kind: " + "f" * 4_000_000 + "}]\n",
    "aliases": "a: &a [x]\n" + "b: *a\n" * 300_000,
    "100 MB": "#" * 100_000_000,
}
MEASURE = """
import re, sys, time
from pathlib import Path
from healthmon.config import loading
from healthmon.config.problems import ConfigError

def status(name):
    return int(re.search(name + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

example, *bombs = map(Path, sys.argv[1:])
loading.load(example)
for bomb in bombs:
    Path("/proc/self/clear_refs").write_text("5")  # VmHWM starts again
    before, began = status("VmRSS"), time.process_time()
    try:
        loading.load(bomb)
    except ConfigError as error:
        print(time.process_time() - began, status("VmHWM") - before, len(str(error)))
"""


def test_o3_every_bomb_ends_within_a_second_and_64_mib(tmp_path: Path) -> None:
    for number, text in enumerate(BOMBS.values()):
        (tmp_path / f"{number:02}.yaml").write_text(text)
    files = [str(path) for path in sorted(tmp_path.glob("*.yaml"))]
    argv = [sys.executable, "-c", MEASURE, str(EXAMPLE), *files]
    told = subprocess.run(argv, capture_output=True, check=True, text=True).stdout.splitlines()
    assert len(told) == len(BOMBS)
    for name, line in zip(BOMBS, told, strict=True):
        seconds, mib, length = map(float, line.split())
        assert seconds <= 5, (
            name
        )  # CPU seconds on a machine that may be slow and busy; what is wanted is one
        assert mib <= 64, name
        assert length <= 100_000, name


def test_o3_brackets_inside_quotes_are_text(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("estate:\n  name: '" + "[{" * 40 + "'\n")
    assert loading.load(path).estate.name == "[{" * 40
