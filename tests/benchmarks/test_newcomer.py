"""The program that measures a newcomer: what it searches, and that it counts what is typed."""

from __future__ import annotations

import sys
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from benchmarks import newcomer
from benchmarks._newcomer_steps import CAMERAS, RANGES, RECORDERS, Newcomer
from healthmon.demo.plan import plan

ASKS = """#!{python}
import sys
assert sys.argv[1:] == ["greet", "--loud"], sys.argv
name = input("Name: ")
age = input("Age (empty: none): ")
print("Hello: again:", name, age or "none")
sys.exit(4)
"""


def test_the_ranges_have_every_device_that_must_be_found():
    networks = [ip_network(one) for one in RANGES]
    kinds = {"camera": "cameras", "recorder": "recorders", "ups": "ups", "link": "links"}
    there = dict.fromkeys(kinds.values(), 0)
    for one in plan(CAMERAS, RECORDERS):
        # A switch with nothing behind it does not call itself a bridge.
        if one.kind in kinds and (one.kind != "link" or one.hangs):
            assert any(ip_address(one.address) in network for network in networks), one.id
            there[kinds[one.kind]] += 1
    assert there == newcomer.FOUND


def test_what_is_typed_is_counted_and_another_exit_code_ends_it(tmp_path: Path):
    command = tmp_path / "venv/bin/healthmon"
    command.parent.mkdir(parents=True)
    command.write_text(ASKS.format(python=sys.executable))
    command.chmod(0o700)
    person = Newcomer(tmp_path, tmp_path)
    answers = (("Name", "Ann"), ("Age", ""))
    step, shown = person.use("greet", "--loud", typed=2, answers=answers, codes=(4,))
    assert (step.name, step.typed) == ("greet", 3)
    assert "Hello: again: Ann none" in shown
    with pytest.raises(RuntimeError, match="healthmon greet ended with 4"):
        person.use("greet", "--loud", answers=answers)
