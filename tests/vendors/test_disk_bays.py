"""An empty bay is no fault; a bay that has lost its disk is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from healthmon.model.footage import Disk, RecorderHealth
from healthmon.vendors.disk_bays import DiskBays


def health(*disks: Disk, serial: str | None = "1", whole: bool = True) -> RecorderHealth:
    return RecorderHealth("hikvision", serial=serial, disks=disks, every_disk=whole)


def ok(name: str) -> Disk:
    return Disk(name, "ok", 4e12)


def empty(name: str) -> Disk:
    return Disk(name, "absent", 0.0)


# What is listed, one answer after another, and the names that count as absent after the last one.
STORIES: dict[str, tuple[list[RecorderHealth], list[str]]] = {
    "never held one": ([health(ok("a"), empty("b"))] * 2, []),
    "lost": ([health(ok("a"), ok("b")), health(ok("a"), empty("b"))], ["b"]),
    "failed before it was lost": (
        [health(ok("a"), Disk("b", "failed", 0.0)), health(ok("a"), empty("b"))],
        ["b"],
    ),
    "lost and back": (
        [health(ok("a"), ok("b")), health(ok("a"), empty("b")), health(ok("a"), ok("b"))],
        [],
    ),
    "its size is remembered by the recorder": ([health(ok("a"), Disk("b", "absent", 4e12))], ["b"]),
    "footage is on it": ([health(ok("a"), Disk("b", "absent", 0.0, expected=True))], ["b"]),
    "no longer listed": ([health(ok("a"), ok("b")), health(ok("a"))] * 2, ["b"]),
    "none listed any more": ([health(ok("a")), health()], ["a"]),
    "the list could not be read": ([health(ok("a")), health(whole=False)], []),
    "lost after a list that could not be read": (
        [health(ok("a")), health(whole=False), health(empty("a"))],
        ["a"],
    ),
    "other names after a restart": ([health(ok("a"), ok("b")), health(ok("b"), ok("c"))], []),
    "another recorder": ([health(ok("a"), ok("b")), health(ok("a"), empty("b"), serial="2")], []),
    "one of two with the same name": ([health(ok("a"), ok("a")), health(ok("a"))], ["a (2)"]),
    "one of two without a name": ([health(ok(""), ok("")), health(ok(""))], [" (2)"]),
    "a name like one that is made": ([health(ok("a"), ok("a"), ok("a (2)"))] * 2, []),
    "serial not told this time": (
        [health(ok("a"), ok("b")), health(ok("a"), empty("b"), serial=None)],
        ["b"],
    ),
}


@pytest.mark.parametrize("story", STORIES)
def test_what_counts_over_restarts(story: str, tmp_path: Path) -> None:
    answers, absent = STORIES[story]
    kept = DiskBays()
    for number, answer in enumerate(answers):
        disks = kept.occupied("R1", answer)
        again = DiskBays(tmp_path / "disks.json").occupied("R1", answer)
        assert again == disks, number
    assert [disk.name for disk in disks if disk.state == "absent"] == absent


def test_what_one_process_learns_another_knows(tmp_path: Path) -> None:
    agent, sweep = DiskBays(tmp_path / "disks.json"), DiskBays(tmp_path / "disks.json")
    assert sweep.occupied("R1", health(empty("a"))) == ()
    agent.occupied("R1", health(ok("a")))
    assert [disk.state for disk in sweep.occupied("R1", health(empty("a")))] == ["absent"]
    assert sweep.occupied("R2", health(empty("a"))) == ()


@pytest.mark.parametrize("text", ["", "[1]", '{"R1": 3}', '{"R1": {"names": 1}}', "\0"])
def test_a_damaged_file_stops_nothing(text: str, tmp_path: Path) -> None:
    path = tmp_path / "disks.json"
    path.write_text(text)
    bays = DiskBays(path)
    bays.occupied("R1", health(ok("a")))
    assert len(DiskBays(path).occupied("R1", health(empty("a")))) == 1


def test_no_folder_stops_nothing(tmp_path: Path) -> None:
    bays = DiskBays(tmp_path / "none" / "disks.json")
    bays.occupied("R1", health(ok("a")))
    assert [disk.state for disk in bays.occupied("R1", health(empty("a")))] == ["absent"]


def test_a_disk_without_a_size_and_a_state_is_kept() -> None:
    """A configured value of it, such as its temperature, is reported."""
    [disk] = DiskBays().occupied("R1", health(Disk("a", temperature_celsius=40.0), whole=False))
    assert disk.temperature_celsius == 40.0
