"""The proposals of `discover` put into config.yaml, a line each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from healthmon.cli.config_put import put
from healthmon.cli.console import fail, say
from healthmon.config import document
from healthmon.config.text_edit import Edit, EditError
from healthmon.discovery.output import SECTIONS
from healthmon.discovery.proposal import NEW_SITE, Proposal
from healthmon.model.count_words import count_of
from healthmon.model.plain_text import one_line

_GUESS: Final = "guess"


def write(path: Path, proposals: Sequence[Proposal]) -> None:
    """Add what is new and no guess to `path`. Raises Exit; nothing is written then."""
    new = [one for one in proposals if one.new]
    chosen = [one for one in new if one.sure != _GUESS]
    for one in new:
        if one.sure == _GUESS:
            say(f"{one.address}: a guess is not written: {'; '.join(one.reasons)}")
    if not chosen:
        say(f"{path}: nothing to add")
        return
    raw = path.read_bytes()
    text, expected = _edited(raw, path, chosen)
    put(path, raw, text, expected)
    say(
        f"{path}: {count_of(len(chosen), 'device')} added; `healthmon commission` writes down what they are"
    )


def _edited(raw: bytes, path: Path, chosen: Sequence[Proposal]) -> tuple[str, dict[str, Any]]:
    tree = document.parse(raw, path.name).tree
    edit = Edit(raw.decode("utf-8-sig"))
    expected = dict(tree)
    for section, entries in _added(tree, chosen):
        try:
            edit.entries(section, [], entries)
        except EditError as error:
            raise fail(f"{path}: {error}; nothing is written") from None
        expected[section] = [*(tree.get(section) or ()), *entries]
    return edit.text(), expected


def _added(
    tree: Mapping[str, Any], chosen: Sequence[Proposal]
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The new entries of each section, and the site that they need."""
    sites = {site["id"] for site in tree.get("sites") or ()}
    if NEW_SITE not in sites and any(one.entry["site"] == NEW_SITE for one in chosen):
        yield "sites", [{"id": NEW_SITE, "name": "Discovered"}]
    for section in SECTIONS:
        if entries := [plain(one.entry) for one in chosen if one.section == section]:
            yield section, entries


def plain(value: Any) -> Any:
    """What a device has said, as texts on one line."""
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return one_line(str(value))
