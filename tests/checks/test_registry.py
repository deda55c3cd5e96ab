"""The register of checks is whole: no field of a check type is forgotten, and no check of the model."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from healthmon.checks import registry
from healthmon.checks.check_type import CheckType
from healthmon.checks.docs import page
from healthmon.model.enums import CheckName

ROOT = Path(__file__).parents[2]
KNOWN = registry.installed().check_types


def test_every_check_of_the_model_is_registered_once():
    assert set(KNOWN) == set(CheckName) - {CheckName.AGENT}


@pytest.mark.parametrize("check_type", KNOWN.values(), ids=KNOWN)
def test_no_field_of_a_check_type_is_forgotten(check_type: CheckType):
    assert check_type.title.strip()
    assert check_type.title != check_type.name
    assert callable(check_type.plan)
    assert check_type.codes
    check_type.load()
    for folder, function in (("probes", "probe"), ("evaluation", "evaluate")):
        module = sys.modules[f"healthmon.checks.{folder}.{check_type.name}"]
        assert callable(getattr(module, function))


def test_a_metric_family_belongs_to_one_check():
    families = [name for one in KNOWN.values() for name in one.metric_families.help]
    assert len(families) == len(set(families))


def test_the_page_of_the_checks_is_up_to_date():
    assert (ROOT / "docs" / "checks.md").read_text() == page(), (
        "python -m healthmon.checks > docs/checks.md"
    )
