"""docs/ups.md is what the tables say, and the tables hold together."""

from __future__ import annotations

from pathlib import Path

import pytest

from healthmon.vendors.ups.docs import page
from healthmon.vendors.ups.families import BY_NAME, FAMILIES
from healthmon.vendors.ups.figures import RANGES
from healthmon.vendors.ups.tables import Family

ROOT = Path(__file__).parents[2]


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / "docs" / "ups.md").read_text() == page(), (
        "python -m healthmon.vendors.ups > docs/ups.md"
    )


def test_families_have_names_and_roots_of_their_own() -> None:
    assert len(BY_NAME) == len(FAMILIES)
    assert len({family.root for family in FAMILIES}) == len(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_family_is_found_by_what_it_reads_and_names_each_object_once(family: Family) -> None:
    objects = [state.oid for state in family.states]
    assert len(set(objects)) == len(objects)
    assert {family.full(oid) for oid in family.detect} <= set(family.oids())
    assert {figure.field for figure in family.figures} <= set(RANGES)
    assert all(oid.startswith("1.3.6.1.") and ".." not in oid for oid in family.oids())
