"""Each decision of ARCHITECTURE.md has its record in docs/adr, and each record the same form."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECORDS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
HEADINGS = ["Context", "Decision", "Alternatives", "Consequences"]


def test_the_architecture_and_the_index_list_every_record() -> None:
    names = [path.name for path in RECORDS]
    architecture = (ROOT / "ARCHITECTURE.md").read_text().partition("\n## Decisions\n")[2]
    assert re.findall(r"\(docs/adr/([0-9][\w-]+\.md)\)", architecture) == names
    index = (ROOT / "docs" / "adr" / "README.md").read_text()
    assert re.findall(r"^\| \[\d{4}\]\(([^)]+)\)", index, re.MULTILINE) == names


def test_the_numbers_are_consecutive() -> None:
    assert [int(path.name[:4]) for path in RECORDS] == list(range(1, len(RECORDS) + 1))


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem[:40])
def test_a_record_has_status_context_decision_alternatives_and_consequences(path: Path) -> None:
    text = path.read_text()
    assert text.startswith(f"# {path.name[:4]}. ")
    assert re.search(r"^Status: (accepted|superseded by \[\d{4}\])", text, re.MULTILINE)
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    assert parts[1::2] == HEADINGS
    assert all(body.strip() for body in parts[2::2])
