"""One line without orders, whatever was written."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.model.plain_text import LONGEST_SHARED, clean_lines, one_line, shared


@given(st.text())
def test_no_control_format_or_separator_is_left(text: str) -> None:
    for char in one_line(text):
        assert char == "\u00a0" or char == " " or unicodedata.category(char)[0] not in "CZ", ascii(
            char
        )


@given(st.text())
def test_cleaning_again_changes_nothing(text: str) -> None:
    assert one_line(one_line(text)) == one_line(text)


@pytest.mark.parametrize("text", ["", "Gate 3", "  indented", "Türe, 90 °C", "a\u00a0b"])
def test_a_clean_text_is_kept(text: str) -> None:
    assert one_line(text) == text


def test_our_own_line_breaks_are_kept() -> None:
    assert clean_lines("a\x1b[31m\nb\u2028c") == "a [31m\nb c"


def test_equal_texts_are_one_object_unless_they_are_long():
    parts = ["pictures ", "flow"]
    assert shared("".join(parts)) is shared("".join(parts))
    long = ["x" * LONGEST_SHARED, "y"]
    assert shared("".join(long)) is not shared("".join(long))
    assert shared("".join(long)) == "".join(long)
