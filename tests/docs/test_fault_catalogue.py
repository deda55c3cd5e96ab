"""The fault catalogue lists every row that a test name refers to, and only tests that exist."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from docs import fault_catalogue

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "fault-catalogue.md").read_text()
ROWS = {row.name: row for rows in fault_catalogue.sections().values() for row in rows}


@cache
def held() -> dict[str, list[tuple[str, str]]]:
    """Row -> its tests; not read before a test asks, since every worker imports this file."""
    return fault_catalogue.tests()


def without_tests(text: str) -> str:
    return re.sub(r"^- \[tests/.*\n", "", text, flags=re.MULTILINE)


def test_every_row_of_the_fault_catalogue_has_a_test():
    """A row without a test says why; a row with one has no such reason left."""
    assert [name for name, row in ROWS.items() if bool(row.untested) == (name in held())] == []


def test_every_row_that_a_test_refers_to_is_in_the_catalogue():
    assert set(held()) - set(ROWS) == set()


def test_every_row_that_a_bad_configuration_refers_to_is_in_the_catalogue():
    named = {path.stem.split("_")[0] for path in (ROOT / "tests/config/bad").glob("*.yaml")}
    assert named
    assert named - set(ROWS) == set()


def test_the_page_is_what_the_data_says():
    """New tests may be missing on the page: `python -m docs` adds them."""
    assert without_tests(fault_catalogue.page()) == without_tests(PAGE), "run: python -m docs"


def test_every_test_on_the_page_exists():
    named = re.findall(r"^- \[(tests/[^\]]+)\]\([^)]+\): (.+)$", PAGE, re.MULTILINE)
    assert len(named) > 200
    gone = [
        f"{path}: {test}"
        for path, tests in named
        for test in re.findall(r"`(\w+)`", tests)
        if not (ROOT / path).is_file() or test not in fault_catalogue.test_names(ROOT / path)
    ]
    assert gone == [], "run: python -m docs"


def test_rows_are_read_from_the_beginning_of_a_name_only():
    assert fault_catalogue.rows_of("test_n2_g11_a_switch_of_c40_cameras") == ["n2", "g11"]
    assert fault_catalogue.rows_of("test_c1_to_c20_harm_no_other_camera") == ["c1", "c20"]
    assert fault_catalogue.rows_of("test_ff_a1_refused") == []
    assert fault_catalogue.rows_of("test_h264_c9_bytes") == []
