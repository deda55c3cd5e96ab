"""What `commission` does. Loaded by that command.

The devices are looked at by the checks of a sweep, so that each is asked once, within its locks and
with one login. Only what a person accepts is written, by an edit of the file's text.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from healthmon.cli import overrides
from healthmon.cli.config_put import put
from healthmon.cli.console import fail, read_watched, say
from healthmon.cli.loop import run_loop
from healthmon.cli.progress import shown_progress
from healthmon.cli.sweep import selection_of
from healthmon.commissioning.differences import Difference, Match, compared, to_write
from healthmon.commissioning.entries import Accepted, edited
from healthmon.commissioning.shown import Shown, shown_of, silent_streams
from healthmon.commissioning.visit import visit_of
from healthmon.config import document
from healthmon.config.defaults_schema import KEYS
from healthmon.config.inheritance import KIND_OF, Defaulting
from healthmon.model.count_words import count_of
from healthmon.model.device import Check, CheckKey
from healthmon.model.enums import CheckName
from healthmon.model.results import CheckResult
from healthmon.picture.service import Learning
from healthmon.runtime import engine as composition
from healthmon.runtime.engine import CheckEngine
from healthmon_exporters.reports import commission_document as pages
from healthmon_exporters.reports.report_document import Document
from healthmon_exporters.reports.report_forms import FORMS
from healthmon_exporters.reports.shift_pdf import PdfError

if TYPE_CHECKING:
    from healthmon.config.schema import Config

SUFFIXES: Final = (".html", ".pdf", ".txt", ".json")
# Nothing is moved and no footage is played to see what a device is.
_LEFT_OUT: Final = frozenset({CheckName.PAN_TILT, CheckName.PLAYBACK, CheckName.RELAY})
_FIRST: Final = ("cameras", "recorders")
_MARKS: Final = {Match.NEW: "+", Match.OTHER: "~", Match.UNTOLD: "?"}
_MOST_BEFORE: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of the command."""

    devices: Sequence[str]
    sites: Sequence[str]
    before: Path | None = None
    outputs: Sequence[Path] = ()
    yes: bool = False
    as_json: bool = False


@dataclass(slots=True)
class Candidate:
    """A device that was looked at: where its entry stands, with what it inherits, and how it differs."""

    seen: Shown
    section: str
    number: int
    whole: Mapping[str, Any]
    differences: Sequence[Difference]
    written: dict[str, str] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        """Whether the file does not say what the device shows."""
        return any(one.match in (Match.NEW, Match.OTHER) for one in self.differences)

    @property
    def label(self) -> str:
        """Whose lines these are."""
        return f"{self.seen.id} {self.seen.name} ({self.seen.site})"


def run(asked: Asked, config: Path | None) -> int:
    """Look, show, ask, write. Returns the exit code: 0 the file says what the devices show, 1 it does
    not, 2 a device did not answer.
    """
    path, loaded = read_watched(config)
    _check_outputs(asked)
    earlier = _earlier(asked.before) if asked.before is not None else None
    raw = path.read_bytes()
    head = _head(loaded)
    found = _candidates(_shown(asked, loaded), document.parse(raw, path.name).tree)
    if not asked.as_json and earlier is None:
        sys.stdout.write("\n".join(_lines(found)) + "\n")
        sys.stdout.flush()
    if earlier is None:
        _accept(asked, path, raw, found)
    _give(asked, _Pages(head, found, earlier))
    say(_summary(found))
    return _code(found)


def _head(loaded: Config) -> pages.Head:
    estate = loaded.estate
    zone = ZoneInfo(estate.time_zone)
    return pages.Head(estate.name, zone, time.time(), estate.simulated, loaded.digest)


def _check_outputs(asked: Asked) -> None:
    """Refuse what cannot be made, before any device is asked. Raises Exit."""
    if asked.before is not None and asked.yes:
        raise fail("--before: a visit page writes nothing to config.yaml; leave --yes out")
    for output in asked.outputs:
        if output.is_dir():
            continue
        if output.suffix not in SUFFIXES:
            words = ", ".join(SUFFIXES)
            raise fail(f"--output {output}: a page is written as one of {words}, or to a folder")
        if not output.parent.is_dir():
            raise fail(f"--output {output}: there is no folder {output.parent}")


def _earlier(path: Path) -> tuple[str, dict[str, Shown]]:
    """When an earlier look was, and its devices. Raises Exit."""
    try:
        with path.open("rb") as file:
            told = json.loads(file.read(_MOST_BEFORE))
        if told["schema"] != pages.SCHEMA:
            raise ValueError("another schema")  # noqa: TRY301 - one sentence for all of them
        seen = [Shown.of_json(one) for one in told["devices"]]
        return str(told["made"]), {one.id: one for one in seen}
    except OSError as error:
        raise fail(f"--before {path}: {(error.strerror or 'error').lower()}") from None
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        words = "is not what `healthmon commission --output FILE.json` writes"
        raise fail(f"--before {path}: {words}") from None


# ------------------------------------------------------------------------------------------------ looking


def _shown(asked: Asked, loaded: Config) -> list[Shown]:
    """What each chosen device shows. Raises Exit for one that is not known."""
    engine = composition.build(loaded, overrides.known(loaded))
    if (pictures := engine.context.pictures) is not None:
        pictures.learning = Learning.NONE
    selection = selection_of(engine, asked.sites, asked.devices)
    checks = [one for one in selection.checks(engine) if one.check_type not in _LEFT_OUT]
    results: dict[str, list[CheckResult]] = {one.device: [] for one in checks}
    run_loop(_checked(engine, checks, results))
    return [shown_of(engine.estate.devices[one], told) for one, told in results.items()]


async def _checked(
    engine: CheckEngine, checks: Sequence[Check], results: Mapping[str, list[CheckResult]]
) -> None:
    """Each check once; its last result is put among those of its device, in the order of the checks."""
    done: dict[CheckKey, CheckResult] = {}
    with shown_progress("checking") as progress:

        def deliver(result: CheckResult) -> None:
            if result.check.device in results:
                done[result.check.key] = result
                progress(len(done), len(checks))

        try:
            await composition.sweep(engine, checks, deliver)
        finally:
            await engine.close()
    for check in checks:
        if check.key in done:
            results[check.device].append(done[check.key])


def _candidates(seen: Sequence[Shown], tree: Mapping[str, Any]) -> list[Candidate]:
    """Each device beside its entry of the file, in the order of the file, cameras and recorders first."""
    defaulting = Defaulting(tree, KEYS)
    by_id = {one.id: one for one in seen}
    found = []
    for section in (*_FIRST, *(one for one in KIND_OF if one not in _FIRST)):
        for number, entry in enumerate(tree.get(section) or ()):
            if (one := by_id.get(str(entry.get("id")))) is None:
                continue
            whole, _ = defaulting.merged(entry, KIND_OF[section])
            found.append(Candidate(one, section, number, whole, compared(one, whole)))
    return found


# ------------------------------------------------------------------------------------------------ accepting


def _accept(asked: Asked, path: Path, raw: bytes, found: Sequence[Candidate]) -> None:
    """Ask, or take --yes, and write what was accepted. Raises Exit."""
    candidates = [one for one in found if one.open]
    if asked.yes:
        for one in candidates:
            one.written = to_write(one.differences, others=bool(asked.devices))
    elif candidates and sys.stdin.isatty():
        _accepted_by_person(candidates)
    if any(one.written for one in candidates):
        _write(path, raw, candidates)


def _accepted_by_person(candidates: Sequence[Candidate]) -> None:
    """Let a person accept device by device, the rest of a site, or all that is left."""
    sites: set[str] = set()
    for number, one in enumerate(candidates):
        answer = "y" if one.seen.site in sites else _answer(one, len(candidates) - number)
        if answer == "q":
            return
        if answer == "a":
            sites.update(other.seen.site for other in candidates)
        if answer == "s":
            sites.add(one.seen.site)
        if answer != "n":
            one.written = to_write(one.differences, others=True)


def _answer(one: Candidate, left: int) -> str:
    words = f"{one.label}: write? yes, no, all of this (s)ite, (a)ll {left} that are left, quit"
    while True:
        sys.stderr.write(f"{words} [y/n/s/a/q]: ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        answer = line.strip().lower()[:1] if line else "q"
        if answer in ("y", "n", "s", "a", "q"):
            return answer


def _write(path: Path, raw: bytes, candidates: Sequence[Candidate]) -> None:
    """Put what was accepted into the file, read back first. Raises Exit; the file is as it was then."""
    accepted = [
        Accepted(one.section, one.number, one.whole, one.written)
        for one in candidates
        if one.written
    ]
    tree = document.parse(raw, path.name).tree
    text, expected = edited(raw.decode("utf-8-sig"), tree, accepted)
    put(path, raw, text, expected)
    for one in candidates:
        one.differences = pages.accepted_now(one.differences, one.written)
    count = sum(len(one.written) for one in candidates)
    say(
        f"{path}: {count_of(count, 'value')} of {count_of(len(accepted), 'device')} written; "
        "a running agent takes it with SIGHUP or POST /-/reload"
    )


# ------------------------------------------------------------------------------------------------ telling


def _lines(found: Sequence[Candidate]) -> Iterator[str]:
    """Each device with what differs."""
    for one in found:
        if one.seen.why:
            yield f"{one.label}: NOT COMMISSIONED, it did not answer: {one.seen.why}"
            continue
        marked = [line for line in one.differences if line.match in _MARKS]
        same = len(one.differences) - len(marked)
        if one.differences:
            yield f"{one.label}: {same} as in the file" + ("" if marked else ", nothing differs")
        else:
            yield f"{one.label}: answers, and tells nothing that can be commissioned"
        yield from (f"  {_MARKS[line.match]} {_words_of(line)}" for line in marked)
        yield from (f"  ! {name}: {why}" for name, why in silent_streams(one.seen))


def _words_of(line: Difference) -> str:
    match line.match:
        case Match.NEW:
            return f"{line.key}: {line.seen}"
        case Match.OTHER:
            return f"{line.key}: {line.seen}, the file says {line.file}"
    return f"{line.key}: the file says {line.file}, the device does not show it"


def _summary(found: Sequence[Candidate]) -> str:
    silent = sum(bool(one.seen.why) for one in found)
    matches = [line.match for one in found for line in one.differences]
    return (
        f"{count_of(len(found), 'device')}: {len(found) - silent} answered, {silent} did not; "
        f"{count_of(matches.count(Match.WRITTEN), 'value')} written, {matches.count(Match.NEW)} not in the file, "
        f"{matches.count(Match.OTHER)} differ"
    )


def _code(found: Sequence[Candidate]) -> int:
    if any(one.seen.why for one in found):
        return 2
    return 1 if any(one.open for one in found) else 0


@dataclass(frozen=True, slots=True)
class _Pages:
    """What is known, for every page that can be made of it. With `before` they are visit pages."""

    head: pages.Head
    found: Sequence[Candidate]
    earlier: tuple[str, dict[str, Shown]] | None

    def page(self, found: Sequence[Candidate]) -> Document:
        """The page of some of the devices."""
        if self.earlier is None:
            return pages.acceptance(self.head, [(one.seen, one.differences) for one in found])
        when, before = self.earlier
        visits = [visit_of(before.get(one.seen.id), one.seen) for one in found]
        return pages.visit(self.head, when, visits)

    def plain(self) -> str:
        """Everything that was seen, as JSON."""
        pairs = [(one.seen, one.differences) for one in self.found]
        return json.dumps(pages.as_json(self.head, pairs), indent=2, ensure_ascii=False) + "\n"


def _give(asked: Asked, made: _Pages) -> None:
    """Print and write the pages. Raises Exit."""
    if asked.as_json:
        sys.stdout.write(made.plain())
    elif made.earlier is not None:
        sys.stdout.write(FORMS[".txt"](made.page(made.found)).decode())
    for output in asked.outputs:
        try:
            _file(output, made)
        except PdfError as error:
            raise fail(f"{output}: not written: {error}") from None
        except OSError as error:
            raise fail(f"{output}: not written: {(error.strerror or 'error').lower()}") from None
        say(f"{output}: written")


def _file(output: Path, made: _Pages) -> None:
    """Raises PdfError, OSError."""
    if output.is_dir():
        for one in made.found:
            content = FORMS[".html"](made.page([one]))
            (output / f"{one.seen.id}.html").write_bytes(content)
    elif output.suffix == ".json":
        output.write_text(made.plain(), encoding="utf-8")
    else:
        output.write_bytes(FORMS[output.suffix](made.page(made.found)))
