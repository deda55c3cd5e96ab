"""Every setting of config.yaml is described, once."""

from __future__ import annotations

import re

import pytest

from docs import settings
from healthmon.config import loading
from healthmon.config.described import models, text_of, worded
from healthmon.config.descriptions import TEXTS

ALL = [
    (model, name)
    for model, definition in models(loading.json_schema())
    for name in definition.get("properties", {})
]


def test_every_setting_has_a_description() -> None:
    assert [pair for pair in ALL if text_of(*pair) is None] == []
    assert len(ALL) > 600


def test_no_description_is_of_a_setting_that_is_gone() -> None:
    used = {f"{model}.{name}" if f"{model}.{name}" in TEXTS else name for model, name in ALL}
    assert TEXTS.keys() - used == set()


def test_a_description_is_a_plain_sentence() -> None:
    bad = [text for text in TEXTS.values() if not re.fullmatch(r"[A-Z`\[].*[^.]\.", text)]
    assert bad == []
    assert [text for text in TEXTS.values() if len(text) > 120] == []


@pytest.mark.parametrize(
    ("value", "example", "words"),
    [
        (60.0, "60 s", "1 min"),
        (90.0, "60 s", "1.5 min"),
        (0.2, "60 s", "200 ms"),
        (0.0, "60 s", "0 d"),
        (604800.0, "60 s", "7 d"),
        (1e8, "4 Mbit/s", "100 Mbit/s"),
        (100e3, "20 MB", "100 kB"),
        (0.995, "20 %", "99.5 %"),
        (0.001, "20 %", "0.1 %"),
        (40.0, "40 C", "40 C"),
        (True, "yes", "yes"),
        (3, "P2", "P3"),
        (161, "554", "161"),
        (["09:00", "16:00"], "08:00-18:00", "09:00-16:00"),
        ((2.0, 10.0), "60 s", "[2 s, 10 s]"),
        ({"early": 60.0}, "", ""),
        ([], "", ""),
        (None, "60 s", ""),
    ],
)
def test_a_default_is_written_as_in_the_file(value: object, example: str, words: str) -> None:
    assert worded(value, example) == words


def test_the_page_has_each_setting_of_each_section_once() -> None:
    sections = settings.page().split("\n## ")[1:]
    for section in sections:
        names = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
        assert names
        assert len(names) == len(set(names)), section.splitlines()[0]
    shown = {re.split(r"\n", one, maxsplit=1)[0] for one in sections}
    assert {"The file", "Every device", "cameras", "limits", "agent.oidc.roles"} <= shown
    anchors = {settings._slug(title) for title in shown}
    assert set(re.findall(r"\]\(#([^)]*)\)", settings.page())) <= anchors
