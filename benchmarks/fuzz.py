"""Damaged answers for every parser: errors that nobody has declared, and answers that cost too much
CPU.

The cases are made from the files in `corpus`. A case that fails is kept in the folder of
`--findings`; once mended, it belongs to the corpus. Repeat one with `--replay FILE`.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from benchmarks._fuzz_mutator import Mutator
from benchmarks._fuzz_parsers import MOST_SECONDS, PARSERS, Parser, Reader
from benchmarks._measure import Row

CORPUS = Path(__file__).parent / "corpus"
FINDINGS = Path(tempfile.gettempdir()) / "healthmon-fuzz"
ENDLESS_SECONDS = 2.0
OTHER_READER = 8  # one case in so many goes to another reader than its seed's
BATCH = 2000
MOST_KEPT = 20


@dataclass(frozen=True)
class Seed:
    """A file of the corpus and the reader that it is for."""

    name: str
    reader: str
    data: bytes


@dataclass
class Found:
    """What a run over a parser has shown: `failed` and `slow` count cases, `kept` are reproducers."""

    parser: str
    cases: int = 0
    failed: int = 0
    slow: int = 0
    slowest: float = 0.0
    seconds: float = 0.0
    kept: dict[str, Path] = field(default_factory=dict)


class EndlessError(Exception):
    """A case has used two seconds of CPU and has not ended."""


def seeds_of(parser: Parser, corpus: Path = CORPUS) -> list[Seed]:
    """The corpus of a parser. Raises LookupError where a file is for no reader, or a reader has no
    file.
    """
    files = sorted(path for path in (corpus / parser.name).iterdir() if path.is_file())
    seeds = [Seed(path.name, path.stem.partition("-")[0], path.read_bytes()) for path in files]
    if (named := {seed.reader for seed in seeds}) != set(parser.readers):
        raise LookupError(f"corpus of {parser.name}: {sorted(named ^ set(parser.readers))}")
    return seeds


class Run:
    """Cases of one parser, one after the other, in this process."""

    def __init__(self, parser: Parser, seeds: Sequence[Seed], findings: Path) -> None:
        self.parser = parser
        self.seeds = seeds
        self.findings = findings
        self.found = Found(parser.name)
        self._mutator = Mutator([seed.data for seed in seeds], parser.most)
        self._readers = tuple(parser.readers)
        self._number = self._seen = -1

    def case(self, number: int) -> tuple[str, bytes]:
        """The reader and the bytes of case `number`."""
        which, data = self._mutator.case(number)
        other = self._mutator.below(OTHER_READER) == 0
        if other:
            return self._readers[self._mutator.below(len(self._readers))], data
        return self.seeds[which].reader, data

    def batch(self, numbers: range) -> None:
        """Run the cases `numbers`."""
        gc.disable()
        began = time.thread_time()
        try:
            for number in numbers:
                self._number = number
                self._one(*self.case(number))
        finally:
            gc.enable()
        self.found.cases += len(numbers)
        self.found.seconds += time.thread_time() - began
        gc.collect()

    def _one(self, name: str, data: bytes) -> None:
        reader = self.parser.readers[name]
        seconds, error = self._measured(reader, data)
        if error is not None:
            self.found.failed += 1
            self._keep(name, data, _where(error))
        elif seconds > min(self.found.slowest, MOST_SECONDS):
            seconds = min(seconds, *(self._measured(reader, data)[0] for _ in range(2)))
        if error is None and seconds > MOST_SECONDS:
            self.found.slow += 1
            self._keep(name, data, f"slow {name}")
        self.found.slowest = max(self.found.slowest, seconds)

    def _measured(self, reader: Reader, data: bytes) -> tuple[float, BaseException | None]:
        """CPU seconds of one answer, and the error that nobody has declared. Of the thread: beside
        the alarm the kernel tells those of the process in steps of 4 ms.
        """
        began = time.thread_time()
        undeclared: BaseException | None = None
        try:
            reader(data)
        except self.parser.declared:
            pass
        except EndlessError:
            return ENDLESS_SECONDS, None
        except Exception as error:
            undeclared = error
        return time.thread_time() - began, undeclared

    def _keep(self, reader: str, data: bytes, what: str) -> None:
        """Keep the first case of each kind."""
        if what in self.found.kept or len(self.found.kept) >= MOST_KEPT:
            return
        self.findings.mkdir(parents=True, exist_ok=True)
        path = self.findings / f"{self.parser.name}.{reader}-{self._number}.bin"
        path.write_bytes(data)
        self.found.kept[what] = path

    def alarm(self, _signal: int, _frame: FrameType | None) -> None:
        """End a case that was already running at the last alarm."""
        if self._number == self._seen:
            raise EndlessError
        self._seen = self._number


def _where(error: BaseException) -> str:
    """The kind of an error: its class and the last place of healthmon in its traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "healthmon/" in frame.filename] or frames
    last = ours[-1]
    return f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno} {last.name}"


async def _batches(run: Run, cases: int, first: int, progress: Callable[[Found], None]) -> Found:
    """All cases; the event loop turns between the batches, so that its callbacks run too."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: _from_loop(run, context))
    for start in range(first, first + cases, BATCH):
        run.batch(range(start, min(start + BATCH, first + cases)))
        progress(run.found)
        await asyncio.sleep(0)
    return run.found


def _from_loop(run: Run, context: dict[str, object]) -> None:
    """An error in a callback that a case has left on the loop. A future whose error nobody has
    fetched is none: a case ends where a check would have read on.
    """
    error = context.get("exception")
    if isinstance(error, Exception) and "never retrieved" not in str(context.get("message")):
        run.found.failed += 1
        run.found.kept.setdefault(f"callback: {_where(error)}", run.findings)


def fuzzed(
    parser: Parser,
    cases: int,
    *,
    first: int = 0,
    corpus: Path = CORPUS,
    findings: Path = FINDINGS,
    progress: Callable[[Found], None] = lambda _found: None,
) -> Found:
    """Run cases `first` and following of `parser`."""
    run = Run(parser, seeds_of(parser, corpus), findings)
    old = signal.signal(signal.SIGVTALRM, run.alarm)
    signal.setitimer(signal.ITIMER_VIRTUAL, ENDLESS_SECONDS, ENDLESS_SECONDS)
    try:
        return asyncio.run(_batches(run, cases, first, progress))
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, old)


def replayed(file: Path) -> str:
    """What comes of a kept case: "" where nothing is wrong with it. Errors are raised as they are."""
    parser, _, reader = file.name.partition("-")[0].partition(".")

    async def once() -> float:
        began = time.thread_time()
        try:
            PARSERS[parser].readers[reader](file.read_bytes())
        except PARSERS[parser].declared as error:
            print(f"{type(error).__name__}: {error}")
        return time.thread_time() - began

    seconds = min(asyncio.run(once()) for _ in range(3))
    slow = seconds > MOST_SECONDS
    return f"{seconds * 1000:.0f} ms of CPU" if slow else ""


def _told(found: Found) -> None:
    """Progress, on the error output."""
    rate = found.cases / found.seconds if found.seconds else 0.0
    line = f"{found.parser}: {found.cases} cases, {rate:.0f} a second, {found.failed} failed, {found.slow} slow"
    print(f"\r{line:<78}", end="", file=sys.stderr, flush=True)


def rows(
    cases: int = 20_000,
    parser: Sequence[str] = (),
    first: int = 0,
    findings: str = "",
    replay: str = "",
) -> Iterator[Row]:
    """Every parser, or those named; two rows for each."""
    if replay:
        print(replayed(Path(replay)) or "nothing is wrong")
        return
    folder = Path(findings) if findings else FINDINGS
    for name in parser or PARSERS:
        found = fuzzed(PARSERS[name], cases, first=first, findings=folder, progress=_told)
        print(file=sys.stderr)
        for what, path in found.kept.items():
            print(f"  {what}: {path}", file=sys.stderr)
        title = f"fuzz {name}, {found.cases} cases: "
        yield Row(title + "undeclared errors", found.failed, unit="cases", gate=0)
        most = f"above {MOST_SECONDS * 1000:.0f} ms"
        yield Row(title + most, found.slow, unit="cases", gate=0)
        yield Row(title + "slowest", found.slowest * 1000, unit="CPU-ms")
