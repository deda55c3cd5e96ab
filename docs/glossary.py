"""The glossary: its terms and the banned words, from glossary.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).with_name("glossary.yaml")

HEAD = """\
# Glossary

One word for one thing, in code, texts and on the wall. Terms of Prometheus, Alertmanager, ONVIF, RTSP and SNMP keep
their own meaning.

Written by `python -m docs` from [glossary.yaml](glossary.yaml), which also lists the banned phrases and identifiers
that a test looks for.

| Term | Meaning |
|---|---|
"""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase that is banned in the named contexts. `pattern` is a regular expression."""

    pattern: str
    write: str
    contexts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Identifier:
    """A banned identifier: a whole `name`, or a `word` within names. No `kinds` means all, no
    `under` every folder.
    """

    write: str
    name: str = ""
    word: str = ""
    kinds: tuple[str, ...] = ()
    under: str = ""


def _tree() -> Any:
    return yaml.safe_load(DATA.read_text(encoding="utf-8"))


def terms() -> dict[str, str]:
    """Term -> its meaning in one line."""
    return {str(term): str(meaning) for term, meaning in _tree()["terms"].items()}


def phrases() -> list[Phrase]:
    """The banned phrases; a space in brackets stands for any white space."""
    return [
        Phrase(entry["pattern"].replace("[ ]", r"\s+"), entry["write"], tuple(entry["contexts"]))
        for entry in _tree()["phrases"]
    ]


def identifiers() -> list[Identifier]:
    """The banned identifiers."""
    return [
        Identifier(**{**entry, "kinds": tuple(entry.get("kinds", ()))})
        for entry in _tree()["identifiers"]
    ]


def page() -> str:
    """The text of glossary.md."""
    rows = [f"| {term} | {meaning} |" for term, meaning in terms().items()]
    return HEAD + "\n".join(rows) + "\n"
