"""The list of findings says of each program what the program says of itself."""

from __future__ import annotations

import os
from pathlib import Path

FINDINGS = Path(__file__).parents[2] / "findings"
PARTS = ("Version:", "Best guess before trying:", "Seen", "Why it matters:", "In healthmon:")


def test_the_list_holds_every_finding_in_its_own_words() -> None:
    programs = sorted(FINDINGS.glob("*.sh"))
    assert programs
    wanted = [
        f"- [{program.name}]({program.name}): {program.read_text().splitlines()[1][2:]}"
        for program in programs
    ]
    listed = [line for line in (FINDINGS / "README.md").read_text().splitlines() if ".sh](" in line]
    assert listed == wanted


def test_each_finding_names_version_guess_and_meaning() -> None:
    for program in FINDINGS.glob("*.sh"):
        text = program.read_text()
        assert all(f"\n# {part}" in text for part in PARTS), program.name
        assert "exit 1" in text, program.name
        assert os.access(program, os.X_OK), program.name
