"""``healthmon import FILE``: the devices of a spreadsheet into config.yaml.

Each row is compared with what the file says of that device, its defaults included. A value that the
defaults give anyway is not written. The file is edited in its text and read back by the loader
before it is put in place; where anything is wrong, nothing is written.
"""

from __future__ import annotations

import bisect
import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from healthmon.cli import estate_sheet, sheet_rows
from healthmon.cli.act_command import print_done
from healthmon.cli.console import fail, load
from healthmon.cli.estate_sheet import (
    COLUMNS,
    FILE_KEYS,
    PARTS,
    REFERENCES,
    cell,
    has,
    section_of,
    value_of,
)
from healthmon.cli.json_acts import EstateChange, EstateImported
from healthmon.cli.progress import shown_progress
from healthmon.cli.sheet_rows import BadCellError, Names, SheetRow
from healthmon.config import document, loading, replacing
from healthmon.config.defaults_schema import KEYS
from healthmon.config.inheritance import KIND_OF, Defaulting
from healthmon.config.problems import ConfigError, Problem
from healthmon.config.text_edit import Edit, EditError
from healthmon.model.count_words import count_of
from healthmon.runtime import extensions

_FIRST: Final = re.compile(r"\(first on line (\d+)\)")
_LAST: Final = "\U0010ffff"  # behind any id
_KEY: Final = re.compile(r"'?(\w+)'?")
STEPS: Final = 5
# The columns that decide which defaults a device has are settled first.
_PLACE: Final = ("site", "kind")


@dataclass(slots=True)
class Change:
    """A device that is added (`number` is None) or gets other `values`; None takes a key away.
    `words` say what changes for a person.
    """

    id: str
    section: str
    number: int | None
    own: dict[str, Any]
    values: dict[str, Any]
    words: str


@dataclass(slots=True)
class Plan:
    """What a spreadsheet changes. `missing` are the devices of the file that it does not have."""

    changes: list[Change] = field(default_factory=list)
    missing: list[tuple[str, str, int]] = field(default_factory=list)
    same: int = 0
    lines: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def of(self, section: str, *, remove: bool) -> tuple[list[Change], list[int]]:
        """The changes of a section, and the numbers of its entries that go."""
        gone = [number for _, one, number in self.missing if one == section]
        return [one for one in self.changes if one.section == section], gone if remove else []


@dataclass(frozen=True, slots=True)
class _Estate:
    """The file's tree, and what its rows are compared with."""

    tree: Mapping[str, Any]
    places: Mapping[str, tuple[str, int]]
    names: Names
    defaulting: Defaulting


def run(file: Path, config: Path | None, *, write: bool, remove: bool) -> None:
    """Print what `file` changes, and with `write` change config.yaml. Exits with every mistake."""
    with shown_progress(f"{file}: step") as step:
        step(0, STEPS)
        rows = list(sheet_rows.read(file))
        path, _ = load(config)
        step(1, STEPS)
        raw = path.read_bytes()
        tree = document.parse(raw, path.name).tree
        plan = _plan(file, rows, tree)
        step(2, STEPS)
        if plan.problems:
            raise fail("\n".join((*plan.problems, f"{file}: nothing is written")))
        _check_removal(file, plan, tree, remove=remove)
        after = _edited(raw, tree, plan, path, remove=remove)
        step(3, STEPS)
        if after != raw:
            _check(after, path, file, plan)
        step(4, STEPS)
        if write and after != raw:
            _put(path, raw, after, file, plan)
        step(STEPS, STEPS)
    lines = _report(file, path, plan, write=write, remove=remove)
    changed = write and after != raw
    print_done(_imported("\n".join(lines), file, plan, written=changed, remove=remove))


def _check_removal(file: Path, plan: Plan, tree: Mapping[str, Any], *, remove: bool) -> None:
    total = sum(len(tree.get(section) or ()) for section in KIND_OF)
    if remove and total and len(plan.missing) == total:
        raise fail(f"{file}: has none of the {total} devices of the file; nothing is removed")


def _plan(file: Path, rows: Sequence[SheetRow], tree: Mapping[str, Any]) -> Plan:
    plan = Plan()
    places = {
        entry["id"]: (section, number)
        for section in KIND_OF
        for number, entry in enumerate(tree.get(section) or ())
    }
    estate = _Estate(tree, places, _names(tree, rows, places), Defaulting(tree, KEYS))
    for row in rows:
        plan.problems += (f"{file}:{row.line}: {words}" for words in _row(plan, row, estate))
    plan.missing = [(one, *place) for one, place in places.items() if one not in plan.lines]
    return plan


def _row(plan: Plan, row: SheetRow, estate: _Estate) -> Iterator[str]:
    """Put into `plan` what a row changes; what is wrong with it."""
    cells: dict[str, str] = {}
    for column, value in sheet_rows.cleaned(row, estate.names, estate.places):
        if isinstance(value, BadCellError):
            yield f"column '{column}': {value}"
        else:
            cells[column] = value
    if "id" not in cells:
        return
    first = plan.lines.setdefault(cells["id"], row.line)
    if first != row.line:
        yield f"column 'id': '{cells['id']}' is on line {first} already; delete one of the rows"
    elif len(cells) == len(row.cells):
        try:
            _compare(plan, cells, estate)
        except BadCellError as error:
            yield str(error)


def _names(tree: Mapping[str, Any], rows: Sequence[SheetRow], places: Mapping[str, Any]) -> Names:
    def ids(section: str) -> set[str]:
        return {one["id"] for one in tree.get(section) or ()}

    new = {row.cells["id"]: row.cells.get("kind", "") for row in rows}
    return Names(
        sites=ids("sites"),
        contractors=ids("contractors"),
        credentials=set(tree.get("credentials") or ()),
        recorders=ids("recorders") | {one for one, kind in new.items() if kind == "recorder"},
        devices={*places, *new},
    )


def _compare(plan: Plan, cells: dict[str, str], estate: _Estate) -> None:
    """Put into `plan` what a row changes. Raises BadCellError."""
    section, number = _place(cells, estate)
    before = {"id": cells["id"]} if number is None else estate.tree[section][number]
    row = _Row(section, before, estate.defaulting)
    row.settle(cells)
    values = {key: row.own.get(key) for key in FILE_KEYS if row.own.get(key) != before.get(key)}
    if number is not None and not values:
        plan.same += 1
        return
    new = f"{cells.get('name', '')} ({cells.get('kind')})"
    words = new if number is None else "; ".join(row.words)
    plan.changes.append(Change(cells["id"], section, number, row.own, values, words))


def _place(cells: Mapping[str, str], estate: _Estate) -> tuple[str, int | None]:
    """Section and number of a row's device; no number for a new one. Raises BadCellError."""
    kind = cells.get("kind")
    wanted = section_of(kind) if kind else None
    place = estate.places.get(cells["id"])
    if place is None:
        if wanted is None:
            raise BadCellError(f"new device '{cells['id']}' needs the column 'kind'")
        return wanted, None
    if wanted not in (None, place[0]):
        old = KIND_OF[place[0]]
        words = f"column 'kind': {cells['id']} is a {old}, which cannot become a {kind}"
        raise BadCellError(f"{words}; give the {kind} another id")
    return place


class _Row:
    """A device as it becomes what its row says. `own` is what stands in the file for it."""

    def __init__(self, section: str, own: Mapping[str, Any], defaulting: Defaulting) -> None:
        self.section = section
        self.own = dict(own)
        self.words: list[str] = []
        self._defaulting = defaulting

    def settle(self, cells: Mapping[str, str]) -> None:
        """Make everything that holds for the device what its cells say. Raises BadCellError."""
        for columns in self._in_turn(cells):
            self._settle(columns, cells)
        ordered: dict[str, Any] = {key: self.own[key] for key in FILE_KEYS if key in self.own}
        self.own = {**ordered, **self.own}

    def _in_turn(self, cells: Mapping[str, str]) -> Iterator[Sequence[str]]:
        """The columns of the device that are settled together: place and kind; then what is given,
        because one way to ask a UPS leaves no room for that of the defaults; then what is empty.
        """
        columns = [one for one in COLUMNS if one in cells and self._takes(one)]
        groups: dict[str, list[str]] = {**{one: [] for one in _PLACE}, "given": [], "empty": []}
        for column in columns:
            group = column if column in _PLACE else "given" if cells[column] else "empty"
            groups[group].append(column)
        yield from filter(None, groups.values())

    def _takes(self, column: str) -> bool:
        if column == "id" or (column == "kind" and self.section != "cameras"):
            return False
        return has(self.section, column)

    def _settle(self, columns: Sequence[str], cells: Mapping[str, str]) -> None:
        now = self._whole(self.own)
        other = [one for one in columns if not self._is(one, value_of(now, one), cells[one])]
        if not other:
            return
        rest: Mapping[str, Any] = self.own
        for column in other:
            rest = estate_sheet.without_cell(rest, column)
        inherited = self._whole(rest)
        for column in other:
            old, new = cell(column, value_of(now, column)), cells[column]
            self.words.append(f"{column}: {old or 'none'} -> {new or 'none'}")
            self._give(column, new, value_of(inherited, column))

    def _is(self, column: str, value: Any, text: str) -> bool:
        default = estate_sheet.DEFAULT.get(column, "")
        wanted = text or (default if value is None else "")
        return estate_sheet.same(column, cell(column, value), wanted)

    def _give(self, column: str, text: str, inherited: Any) -> None:
        """Make a column `text`, where `inherited` holds without a word of the device."""
        whole = column == PARTS.get(column, (column,))[0]
        if (
            whole
            and not text
            and (column in estate_sheet.DEFAULT or self._is(column, inherited, ""))
        ):
            self.own.pop(column, None)
        elif self._is(column, inherited, text):
            self.own = estate_sheet.without_cell(self.own, column)
        elif text:
            self.own = estate_sheet.with_cell(self.own, column, text)
        elif column in REFERENCES:
            self.own[column] = "no"
        elif column == "parent":
            self.own[column] = []
        else:
            words = f"column '{column}': comes from the defaults and cannot be empty"
            raise BadCellError(f"{words}; write a value, or take it out of the defaults")

    def _whole(self, own: Mapping[str, Any]) -> dict[str, Any]:
        return self._defaulting.merged(own, KIND_OF[self.section])[0]


def _edited(raw: bytes, tree: Mapping[str, Any], plan: Plan, path: Path, *, remove: bool) -> bytes:
    """The file with the changes of `plan`. Exits where it cannot be edited."""
    edit = Edit(raw.decode("utf-8-sig"))
    expected = {**tree}
    for section in KIND_OF:
        changes, gone = plan.of(section, remove=remove)
        if changes or gone:
            expected[section] = _expected(tree.get(section) or (), changes, gone)
            _edit(edit, path, section, changes, gone)
    mark = codecs.BOM_UTF8
    after = (mark if raw.startswith(mark) else b"") + edit.text().encode()
    if not _reads(after, expected):
        words = "cannot be edited where these devices stand; write each as - {id: ..., name: ...}"
        raise fail(f"{path}: {words}; nothing is written")
    return after


def _edit(
    edit: Edit, path: Path, section: str, changes: Sequence[Change], gone: Sequence[int]
) -> None:
    for one in changes:
        if one.number is not None:
            edit.change(section, one.number, one.values, FILE_KEYS)
    try:
        edit.entries(section, gone, [one.own for one in changes if one.number is None])
    except EditError as error:
        raise fail(f"{path}: {error}; nothing is written") from None


def _expected(before: Sequence[Any], changes: Sequence[Change], gone: Sequence[int]) -> list[Any]:
    """The entries of a section as the file must be read afterwards."""
    changed = {one.number: one.own for one in changes if one.number is not None}
    left = set(gone)
    kept = [changed.get(n, entry) for n, entry in enumerate(before) if n not in left]
    return [*kept, *(one.own for one in changes if one.number is None)]


def _reads(after: bytes, expected: Mapping[str, Any]) -> bool:
    try:
        found = document.parse(after, "")
    except ConfigError:
        return False
    return not found.problems and bool(found.tree == expected)


def _put(path: Path, before: bytes, after: bytes, file: Path, plan: Plan) -> None:
    try:
        replacing.replace(
            path, before, after, lambda fresh: _check(fresh.read_bytes(), path, file, plan)
        )
    except (OSError, replacing.ChangedError) as error:
        words = (error.strerror or "error").lower() if isinstance(error, OSError) else str(error)
        raise fail(f"{path}: cannot be written: {words}; it is as it was") from None


def _check(after: bytes, path: Path, file: Path, plan: Plan) -> None:
    """Read the new file as the agent would. Exits with every problem, at its row where it has one."""
    try:
        loading.loaded_as(after, path, extensions.installed())
    except ConfigError as error:
        told = _in_sheet(error.problems, after, file, plan)
        raise fail("\n".join((*told, f"{file}: nothing is written"))) from None


def _in_sheet(problems: Sequence[Problem], after: bytes, file: Path, plan: Plan) -> Iterator[str]:
    """The problems of the file to be, each at the row that it comes from."""
    found = document.parse(after, "")
    starts = sorted(
        (found.line((section, number)), entry["id"])
        for section in KIND_OF
        for number, entry in enumerate(found.tree.get(section) or ())
    )

    for one in problems:
        first = _FIRST.search(one.text)
        other = starts[bisect.bisect(starts, (int(first[1]), _LAST)) - 1][1] if first else ""
        text = _FIRST.sub(f"(first: {other})", one.text)
        line = plan.lines.get(one.where.rpartition(" ")[2], plan.lines.get(other))
        if line is None:
            yield f"{one.file} as it would be: {one.where}: {text}"
            continue
        key = _KEY.match(text)
        column = f"column '{key[1]}': " if key and key[1] in COLUMNS else ""
        yield f"{file}:{line}: {column}{one.where}: {text}"


def _report(file: Path, path: Path, plan: Plan, *, write: bool, remove: bool) -> Iterator[str]:
    added = sum(one.number is None for one in plan.changes)
    gone = plan.missing if remove else []
    for one in plan.changes:
        yield f"{'+' if one.number is None else '~'} {one.id} {one.words}"
    yield from (f"- {missing}" for missing, _, _ in gone)
    changed = len(plan.changes) - added
    yield f"{file}: {added} added, {changed} changed, {len(gone)} removed, {plan.same} as they are"
    if len(plan.missing) > len(gone):
        single = f"device of {path} is not in the sheet and stays; --remove takes it out"
        many = f"devices of {path} are not in the sheet and stay; --remove takes them out"
        yield count_of(len(plan.missing), single, many)
    yield f"{path}: {_outcome(bool(plan.changes or gone), write=write)}"


def _imported(words: str, file: Path, plan: Plan, *, written: bool, remove: bool) -> EstateImported:
    changes = [
        EstateChange(one.id, "added" if one.number is None else "changed", one.words)
        for one in plan.changes
    ]
    missing = tuple(one for one, _, _ in plan.missing)
    if remove:
        changes += [EstateChange(one, "removed", "") for one in missing]
    return EstateImported(words, str(file), tuple(changes), plan.same, missing, written)


def _outcome(changes: bool, *, write: bool) -> str:
    if not changes:
        return "nothing to change"
    if write:
        return "written; a running agent takes it with SIGHUP or POST /-/reload"
    return "nothing is written; add --write to write it"
