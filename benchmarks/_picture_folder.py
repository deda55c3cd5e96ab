"""Pictures of a folder with a manifest, as checks."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from healthmon.picture import decoding
from healthmon.picture.decoding import Decoded

COLUMNS = ("scene", "file", "kind", "amount")
KINDS = ("learn", "good", "black", "white", "flat", "slate", "frozen", "moved", "preset", "zoom",
         "covered", "defocus")  # fmt: skip
_ALSO = {
    "baseline": "learn", "reference": "learn", "train": "learn", "ok": "good", "none": "good",
    "shift": "moved", "shifted": "moved", "move": "moved", "wrong preset": "preset",
    "wrong view": "preset", "other view": "preset", "cover": "covered", "occluded": "covered",
    "blur": "defocus", "blurred": "defocus", "defocused": "defocus", "out of focus": "defocus",
    "zoomed": "zoom", "grey": "flat", "gray": "flat", "freeze": "frozen", "blank": "slate",
    "still": "frozen", "test card": "slate",
}  # fmt: skip
_OF_LENS = ("moved", "covered")  # amounts are shares of the view
_APART = 300.0
MOST_BEFORE = 3  # checks before one that are kept for it


class FolderError(Exception):
    """What is wrong with the folder, in one line with its place and the remedy."""


@dataclass(frozen=True)
class Sample:
    """One check: `pictures` are one or two, `apart` seconds from each other; `before` are those of the
    checks before it. `low_rate`: below 1 Mbit/s. `new_light`: the camera has not learned its light.
    """

    scene: str
    kind: str
    amount: float
    pictures: tuple[Decoded, ...]
    apart: float = 2.0
    group: str = ""
    low_rate: bool = False
    new_light: bool = False
    before: tuple[Decoded, ...] = ()

    @property
    def name(self) -> str:
        """As in "covered 0.3"."""
        name = f"{self.kind} {self.amount:g}" if self.amount else self.kind
        slow = self.low_rate and self.kind.startswith(("defocus", "frozen"))
        return f"{name} at 300 kbit/s" if slow else name


@dataclass(frozen=True)
class _Line:
    scene: str
    file: Path
    kind: str
    amount: float
    where: str

    def is_like(self, other: _Line) -> bool:
        """Whether both are of the same kind and amount."""
        return (self.kind, self.amount) == (other.kind, other.amount)


def scenes_of(folder: Path) -> Iterator[list[Sample]]:
    """The checks of each scene, in the order of the manifest. Raises FolderError."""
    found: dict[str, list[_Line]] = {}
    for line in list(_lines(folder)):
        found.setdefault(line.scene, []).append(line)
    for lines in found.values():
        yield list(_samples(lines))


def _lines(folder: Path) -> Iterator[_Line]:
    path = folder / "manifest.csv"
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            reader.fieldnames = _columns(path, reader.fieldnames)
            for fields in reader:
                if any(isinstance(one, str) and one.strip() for one in fields.values()):
                    yield _line(folder, f"{path}, line {reader.line_num}", fields)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        words = error.strerror if isinstance(error, OSError) else str(error)
        raise FolderError(f"{path}: {words}; write a manifest.csv in UTF-8 there") from None


def _columns(path: Path, names: Sequence[str] | None) -> list[str]:
    columns = [(one or "").strip().lower() for one in names or ()]
    if missing := [one for one in COLUMNS if one not in columns]:
        words = f"{path}, line 1: no column {', '.join(missing)}"
        raise FolderError(f"{words}; the first line must be {','.join(COLUMNS)}")
    return columns


def _line(folder: Path, where: str, fields: Mapping[str, Any]) -> _Line:
    scene, name, kind, amount = ((fields[one] or "").strip() for one in COLUMNS)
    plain = " ".join(kind.lower().replace("_", " ").replace("-", " ").split())
    known = _ALSO.get(plain, plain)
    if known not in KINDS:
        raise FolderError(f"{where}: no kind {kind!r}; write one of {', '.join(KINDS)}")
    file = folder / name
    if not scene or not file.is_file():
        what = f"no file {name!r} in the folder" if scene else "no scene"
        raise FolderError(f"{where}: {what}; correct the line or take it out")
    return _Line(scene, file, known, _amount(where, known, amount), where)


def _amount(where: str, kind: str, text: str) -> float:
    """5 %, 0.05 and 5 are the same share; a zoom is a factor, a blur pixels."""
    plain = text.lower().replace("sigma", "").strip("=x \N{MULTIPLICATION SIGN}")
    share = plain.endswith("%")
    try:
        amount = float(plain.rstrip("% ").replace(",", ".") or 0)
    except ValueError:
        amount = -1.0
    if not 0 <= amount < 1e8:
        raise FolderError(f"{where}: amount {text!r} is no number; write one as in 0.3, or nothing")
    return amount / 100 if kind in _OF_LENS and (share or amount > 1) else amount


def _samples(lines: list[_Line]) -> Iterator[Sample]:
    """One picture or two that follow each other. The first of several frozen ones is what the second is
    compared with; a single one is compared with the good picture before it.
    """
    row: list[Decoded] = []  # of one kind and amount, one after the other
    good: Decoded | None = None
    for number, line in enumerate(lines):
        picture = _opened(line)
        row = row if _is_like(lines[:number][-1:], line) else []
        first, before = row[-1] if row else None, _before(line, row)
        row = [*row, picture][-MOST_BEFORE:]
        good = picture if line.kind in ("good", "learn") else good
        if line.kind == "frozen" and first is None:
            if _is_like(lines[number + 1 : number + 2], line):
                continue
            first = good
        pair = (picture,) if first is None else (first, picture)
        yield Sample(line.scene, line.kind, line.amount, pair, _APART, before=before)


def _is_like(beside: list[_Line], line: _Line) -> bool:
    """Whether the line `beside` it, where there is one, is like it."""
    return any(one.is_like(line) for one in beside)


def _before(line: _Line, row: list[Decoded]) -> tuple[Decoded, ...]:
    """The pictures of the checks before, where these count."""
    return tuple(row[-MOST_BEFORE:]) if line.kind in ("learn", "frozen") else ()


def _opened(line: _Line) -> Decoded:
    try:
        with av.open(str(line.file)) as container:
            return decoding.measured_frame(next(container.decode(video=0)))
    except (av.FFmpegError, OSError, StopIteration, IndexError, ValueError) as error:
        words = f"{line.where}: {line.file.name} is no picture ({type(error).__name__})"
        raise FolderError(f"{words}; use JPEG or PNG") from None
    except decoding.UndecodableError as error:
        raise FolderError(f"{line.where}: {line.file.name}: {error}; take the line out") from None
