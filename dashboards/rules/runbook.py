"""What to do, taken from the runbook page of an alert.

The agent serves the runbooks, and the agent may be what has failed: so each alert carries its steps.
"""

from __future__ import annotations

import functools
import re

from healthmon_exporters.web import runbooks

CHECKS = "What to check from the chair"
CALLS = "Whom to call"
EXPERTS = "What the contractor needs"


@functools.cache
def sections(alert: str) -> dict[str, str]:
    """Heading -> text of the page of `alert`, without Markdown's marks. Raises FileNotFoundError."""
    folder = runbooks.folder()
    if folder is None:
        raise FileNotFoundError("the runbook pages are not installed")
    page = (folder / f"{alert}.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (.+)$", page, flags=re.MULTILINE)
    return {heading: _plain(text) for heading, text in zip(parts[1::2], parts[2::2], strict=True)}


def _plain(text: str) -> str:
    """One line for each step or paragraph, without links, bold and code marks."""
    linked = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text.strip())
    joined = re.sub(r"\n +|(?<=\S)\n(?=[^\n\d])", " ", linked)
    return re.sub(r"\*\*|`", "", re.sub(r"\n+", "\n", joined))


def steps(alert: str, *, experts: bool = False) -> str:
    """What to check and whom to call; with `experts` also what IT needs."""
    page = sections(alert)
    lines = ["What to do:", page[CHECKS], f"Whom to call: {page[CALLS]}"]
    if experts:
        lines.append(f"For IT: {page[EXPERTS].partition('IT: ')[2] or page[EXPERTS]}")
    return "\n".join(lines)
