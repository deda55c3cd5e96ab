"""``healthmon faults import FILE``: the visits and fixes of a contractor, from a CSV file.

Strict: every line is checked first, and each mistake is printed with its line and its remedy. Then
all acts are recorded in one transaction, or none. What is recorded already is passed over, so that
the same file can come again with new lines.
"""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from healthmon.cli.act_command import print_done
from healthmon.cli.acting import UNNAMED, Record, record
from healthmon.cli.actor import typed
from healthmon.cli.console import fail, load
from healthmon.cli.json_acts import ImportDone
from healthmon.cli.progress import Tell, shown_progress
from healthmon.config.problems import Problem, suggest
from healthmon.incidents.acts import Act, ActError, ActKind, act
from healthmon.incidents.life_cycle import LifeCycle
from healthmon.incidents.local_time import moment
from healthmon.model.count_words import count_of
from healthmon.store import StoreError

if TYPE_CHECKING:
    from healthmon.config.schema import Config

COLUMNS: Final = (
    "fault", "reference", "attended", "engineer", "fixed", "action", "parts", "cause", "note",
)  # fmt: skip
MOST_BYTES = 4 * 1024 * 1024
MOST_LINES = 10_000
MONTHS = 12
_NUMBER = re.compile(r"F0*([1-9][0-9]{0,11})", re.ASCII)
_BRITISH = re.compile(r"(\d{2})/(\d{2})/(\d{4})[ T](\d{2}:\d{2})", re.ASCII)


class BadLineError(ValueError):
    """What is wrong with one line of the file, with its remedy."""


def run(file: Path, name: str, config: Path | None) -> None:
    """Record what the file says, and print how much that was. Exits with every mistake of it."""
    rows = list(lines(file, COLUMNS, _missing))
    _, loaded = load(config)
    by = typed(name, loaded) or UNNAMED
    with record(loaded) as kept:
        found = Import(kept, loaded, by)
        with shown_progress("checking lines") as progress:
            problems = list(found.problems(file, rows, progress))
        if problems:
            raise fail("\n".join([*problems, f"{file}: nothing was recorded"]))
        with shown_progress("recording"):
            kept.act_all(found.new)
    counts = {
        kind: sum(one.kind is kind for one in found.new) for kind in (ActKind.ATTEND, ActKind.FIX)
    }
    visits = count_of(counts[ActKind.ATTEND], "visit")
    fixes = count_of(counts[ActKind.FIX], "fix", "fixes")
    words = f"{file}: recorded {visits} and {fixes}; {found.known} known already"
    kinds = {kind.value: count for kind, count in counts.items()}
    print_done(ImportDone(words, str(file), kinds, found.known))


@dataclass
class Import:
    """What is to be recorded: `new` acts, with the faults as they are after them. `known` counts the
    acts that are recorded already.
    """

    record: Record
    config: Config
    by: str
    new: list[Act] = field(default_factory=list)
    known: int = 0
    _lives: dict[int, LifeCycle] = field(default_factory=dict)
    _seen: dict[int, set[tuple[ActKind, float]]] = field(default_factory=dict)
    _references: dict[str, set[int]] | None = None

    def problems(
        self, file: Path, rows: Sequence[tuple[int, dict[str, str], int]], progress: Tell
    ) -> Iterator[str]:
        """Add the acts of all `rows` of `file`; what is wrong with each."""
        for done, (number, values, extra) in enumerate(rows, 1):
            try:
                self.add(values, extra)
            except (BadLineError, ActError, StoreError) as error:
                yield str(Problem(str(file), number, "", str(error)))
            progress(done, len(rows))

    def add(self, values: Mapping[str, str], extra: int = 0) -> None:
        """The acts of one line. Raises BadLineError, ActError, StoreError."""
        if extra:
            words = more_values(extra)
            raise BadLineError(f"has {words}; quote texts that have a comma")
        number = self._fault(values)
        came, fixed = self._times(values)
        visit = ("engineer", "reference", "note")
        work = ("action", "parts", "cause", "reference", *(("note",) if came is None else ()))
        for kind, at, names in ((ActKind.ATTEND, came, visit), (ActKind.FIX, fixed, work)):
            if at is not None:
                details = {one: values.get(one, "") for one in names}
                self._record(replace(act(kind, self.by, time.time(), at, **details), number=number))

    def _times(self, values: Mapping[str, str]) -> tuple[float | None, float | None]:
        """When somebody came and when it was fixed; one of them is there. Raises BadLineError."""
        came, fixed = (self._time(values, name) for name in ("attended", "fixed"))
        if came is None and fixed is None:
            raise BadLineError("has neither 'attended' nor 'fixed'; fill in one of them")
        if came is not None and fixed is not None and fixed < came:
            raise BadLineError("'fixed' is before 'attended'; check both times")
        if fixed is None and any(values.get(one) for one in ("action", "parts", "cause")):
            raise BadLineError("has action, parts or cause but no time in 'fixed'; fill it in")
        return came, fixed

    def _record(self, new: Act) -> None:
        seen = self._seen[new.number]
        if (new.kind, new.happened) in seen:
            self.known += 1
            return
        # Of the visits and fixes of a file none decides whether another may be recorded.
        if refusal := self._lives[new.number].refusal(new, new.at):
            raise BadLineError(f"F{new.number:06d}: {refusal}")
        seen.add((new.kind, new.happened))
        self.new.append(new)

    def _fault(self, values: Mapping[str, str]) -> int:
        """The number of the fault that a line is about; its life is known then."""
        number = self._by_number(values["fault"]) if values.get("fault") else self._by_job(values)
        if number not in self._lives:
            life = self.record.life_cycle(number)
            self._lives[number] = life
            self._seen[number] = {(one.kind, one.happened) for one in life.standing}
        return number

    def _by_number(self, text: str) -> int:
        found = _NUMBER.fullmatch(text)
        if found is None:
            raise BadLineError(f"'{text}' is not a fault number; write for example F000123")
        return int(found[1])

    def _by_job(self, values: Mapping[str, str]) -> int:
        job = values.get("reference", "")
        if not job:
            raise BadLineError("has neither 'fault' nor 'reference'; fill in one of them")
        if self._references is None:
            self._references = self.record.references()
        numbers = sorted(self._references.get(job, ()))
        if not numbers:
            known = suggest(job, self._references)
            raise BadLineError(
                f"no fault was reported with reference '{job}'{known}; add its number in 'fault'"
            )
        if len(numbers) > 1:
            names = ", ".join(f"F{number:06d}" for number in numbers)
            raise BadLineError(f"reference '{job}' is that of {names}; add the number in 'fault'")
        return numbers[0]

    def _time(self, values: Mapping[str, str], name: str) -> float | None:
        """The moment in a column; None where it is empty."""
        zone = ZoneInfo(self.config.estate.time_zone)
        return time_in(values.get(name, ""), name, zone, datetime.now(zone).date())


def more_values(extra: int) -> str:
    """``2 more values than columns``; a negative `extra` is how many are missing."""
    more = "more" if extra > 0 else "fewer"
    return f"{count_of(abs(extra), f'{more} value')} than columns"


def time_in(text: str, name: str, zone: ZoneInfo, today: date) -> float | None:
    """The moment that stands in column `name`; None where it is empty. Raises BadLineError."""
    if not text:
        return None
    british = _BRITISH.fullmatch(text)
    if british and int(british[2]) > MONTHS:
        words = "the day comes first: 29/11/2026 14:05"
        raise BadLineError(f"'{name}': '{text}' has no such month; {words}")
    plain = f"{british[3]}-{british[2]}-{british[1]} {british[4]}" if british else text
    if len(plain) < len("2026-11-29 14:05"):
        words = "write date and time: 2026-11-29 14:05 or 29/11/2026 14:05"
        raise BadLineError(f"'{name}': '{text}' is not a time; {words}")
    try:
        return moment(plain, zone, today)
    except ValueError as error:
        raise BadLineError(f"'{name}': {error}") from None


def lines(
    file: Path, columns: Sequence[str], missing: Callable[[set[str]], str]
) -> Iterator[tuple[int, dict[str, str], int]]:
    """(line, values by column, how many values are too many) of every line that is not empty. Exits
    where the file as a whole is wrong; `missing` says what a first line with some of `columns` lacks.
    """
    reader = csv.reader(io.StringIO(_text(file), newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _check_commas(file, header)
        _check_header(file, header, columns)
        if lacks := missing(set(header)):
            raise fail(f"{file}:1: needs {lacks}")
        for row in reader:
            if reader.line_num > MOST_LINES:
                raise fail(
                    f"{file}:{reader.line_num}: more than {MOST_LINES} lines; divide the file"
                )
            if not any(cell.strip() for cell in row):
                continue
            values = [cell.strip() for cell in row]
            yield reader.line_num, dict(zip(header, values, strict=False)), len(row) - len(header)
    except csv.Error as error:
        raise fail(f"{file}:{reader.line_num}: not CSV: {error}; nothing was recorded") from None


def _check_commas(file: Path, header: list[str]) -> None:
    if len(header) == 1 and any(mark in header[0] for mark in ";\t"):
        words = "save it as 'CSV UTF-8 (comma delimited)', or put commas in their place"
        raise fail(f"{file}:1: values are divided by semicolons or tabs; {words}")


def _check_header(file: Path, header: list[str], columns: Sequence[str]) -> None:
    for name in header:
        if name not in columns:
            words = f"unknown column '{name[:60]}'{suggest(name, columns)}"
            raise fail(f"{file}:1: {words}; the columns are {', '.join(columns)}")
        if header.count(name) > 1:
            raise fail(f"{file}:1: column '{name}' is there twice; delete one")


def _missing(header: set[str]) -> str:
    known = {"fault", "reference"} & header and {"attended", "fixed"} & header
    return "" if known else "'fault' or 'reference', and 'attended' or 'fixed'"


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            raw = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise fail(f"{file}: cannot be read: {(error.strerror or 'error').lower()}") from None
    if len(raw) > MOST_BYTES:
        raise fail(f"{file}: larger than 4 MiB; divide the file")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise fail(f"{file}:{line}: is not UTF-8; save it as 'CSV UTF-8'") from None
