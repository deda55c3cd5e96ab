"""docs/makes.md is what the code says, and a make fills nothing that it does not name."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from helpers.profile_g_rig import recorder_rig
from helpers.recorder_rig import BY_HTTP, rig, simulated

from healthmon.config.extensions import VENDORS
from healthmon.discovery import vendor_words
from healthmon.model.footage import Disk, Fan, RecorderAnswer, RecorderHealth, Recording
from healthmon.vendors import how_to
from healthmon.vendors.docs import ORDER, TELLS, page
from healthmon.vendors.registry import all_vendors

ROOT = Path(__file__).parents[2]
KINDS = {"recording": Recording, "recorder": RecorderHealth, "disk": Disk, "fan": Fan}
# What names or locates the rest, and what follows from another field.
UNNAMED = {
    "recording.channel",
    "recording.gaps_since",
    "recorder.make",
    "recorder.every_disk",
    "disk.name",
    "disk.detail",
    "disk.expected",
    "fan.name",
}


def test_the_page_is_up_to_date():
    assert (ROOT / "docs" / "makes.md").read_text() == page(), (
        "python -m healthmon.vendors > docs/makes.md"
    )


def test_the_stream_paths_are_those_that_discover_tries():
    tried = {path for make in vendor_words.MAKES for path in make.paths}
    assert {path for one in how_to.MAKES for path in one.streams} <= tried
    assert all(one.more for one in how_to.MAKES)


def test_each_advice_has_its_source():
    among = [*how_to.EVERY, *(advice for one in how_to.MAKES for advice in one.more)]
    assert [one.text for one in among if not one.source or not one.text.endswith(".")] == []


def test_every_make_of_the_configuration_is_there():
    assert set(VENDORS) == set(ORDER) == set(all_vendors())


def test_every_field_has_words_and_every_make_names_fields_only():
    fields = {
        f"{kind}.{field.name}"
        for kind, shape in KINDS.items()
        for field in dataclasses.fields(shape)
    }
    assert set(TELLS) == fields - UNNAMED
    for make in all_vendors().values():
        assert make.ABOUT.tells <= fields, make.ABOUT.make


@pytest.mark.parametrize("make", ORDER)
def test_what_is_asked_is_explained(make):
    about = all_vendors()[make].ABOUT
    assert about.account
    assert about.verified
    assert all(call.what and call.why for call in about.calls)
    assert not [call.what for call in about.calls if "Set" in call.what or "Subscri" in call.what]


def filled(answer: RecorderAnswer) -> set[str]:
    """The fields that an answer tells something in."""
    parts = [("recorder", answer.health), *(("recording", one) for one in answer.recordings)]
    parts += [("disk", one) for one in answer.health.disks] + [
        ("fan", one) for one in answer.health.fans
    ]
    return {
        f"{kind}.{field.name}"
        for kind, instance in parts
        for field in dataclasses.fields(instance)
        if getattr(instance, field.name) not in (None, ())
    } - UNNAMED


@pytest.mark.parametrize("make", [make for make in BY_HTTP if make != "http"])
async def test_a_make_fills_only_what_it_names(make):
    async with rig(simulated(make, channel_lost="3"), make) as made:
        await made.look()
        (read,) = made.context.session_cache._kept.values()
        assert read.answer is not None
        set_up = {"recording.recording", "recording.state"} if make == "bosch" else set()
        assert filled(read.answer) <= all_vendors()[make].ABOUT.tells | set_up


async def test_make_onvif_fills_all_that_it_names(tmp_path):
    async with recorder_rig(tmp_path, channel_lost="3") as made:
        await made.look()
        (read,) = made.engine.context.session_cache._kept.values()
        assert read.answer is not None
        never = {"recorder.problems"}  # the simulated one has none
        assert filled(read.answer) == all_vendors()["onvif"].ABOUT.tells - never
