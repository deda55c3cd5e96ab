"""Fuzz: a short run over every parser, and that the program finds what is wrong with one."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import pkgutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType

import pytest

from benchmarks import fuzz
from benchmarks._fuzz_mutator import Mutator
from benchmarks._fuzz_parsers import PARSERS, Parser
from benchmarks.fuzz import Found, fuzzed, seeds_of
from healthmon import protocols
from healthmon.protocols.errors import ProtocolError

CASES = 400
FEWER = {"recorder": 40}  # a case is a whole session there
# Functions that take bytes of our own: an envelope that gets a login, a key that is pinned.
OF_OUR_OWN = {"with_token", "charge"}


def found_in(parser: Parser, tmp_path: Path) -> Found:
    cases = FEWER.get(parser.name, CASES)
    return fuzzed(parser, cases, findings=tmp_path / "findings")


@pytest.mark.no_cover
@pytest.mark.parametrize("name", PARSERS)
def test_g8_a_damaged_answer_gives_a_value_or_a_declared_error(name: str, tmp_path: Path) -> None:
    found = found_in(PARSERS[name], tmp_path)
    assert found.cases
    assert found.kept == {}
    assert (found.failed, found.slow) == (0, 0)


@pytest.mark.parametrize("name", PARSERS)
def test_g8_every_file_of_the_corpus_is_read(name: str) -> None:
    async def read() -> None:
        for seed in seeds_of(PARSERS[name]):
            with pytest.raises((*PARSERS[name].declared, StopIteration)):
                PARSERS[name].readers[seed.reader](seed.data)
                raise StopIteration

    asyncio.run(read())


def takers_of_bytes() -> Iterator[tuple[CodeType, str]]:
    """The public functions below healthmon.protocols whose first argument is bytes."""
    for module in pkgutil.walk_packages(protocols.__path__, f"{protocols.__name__}."):
        if module.name.endswith("__main__"):
            continue
        loaded = importlib.import_module(module.name)
        for name, function in inspect.getmembers(loaded, inspect.isfunction):
            first = next(iter(inspect.signature(function).parameters.values()), None)
            of_here = function.__module__ == module.name and not name.startswith("_")
            if of_here and first is not None and str(first.annotation) in {"bytes", "Buffer"}:
                yield inspect.unwrap(function).__code__, f"{module.name}.{name}"


def test_g8_the_corpus_reaches_every_parser_of_the_protocols() -> None:
    wanted = {
        code: name for code, name in takers_of_bytes() if name.rpartition(".")[2] not in OF_OUR_OWN
    }
    assert len(wanted) > 50
    reached: set[CodeType] = set()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            reached.add(frame.f_code)

    async def read() -> None:
        for parser in PARSERS.values():
            for seed in seeds_of(parser):
                try:
                    parser.readers[seed.reader](seed.data)
                except parser.declared:
                    continue

    sys.setprofile(note)
    try:
        asyncio.run(read())
    finally:
        sys.setprofile(None)
    assert sorted(name for code, name in wanted.items() if code not in reached) == []


# ------------------------------------------------------------------------------------------------ it finds


def broken(data: bytes) -> None:
    """Wrong in four ways, each behind a change that the mutator makes."""
    text = data.decode("utf-8", "replace")
    if "9" * 30 in text:
        raise KeyError(text)
    if text.count("(") > 20:
        raise RecursionError
    if len(data) > 30_000:
        deadline = time.process_time() + 0.06
        while time.process_time() < deadline:
            pass
    if not data:
        raise ProtocolError("empty")


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "corpus"
    (folder / "planted").mkdir(parents=True)
    (folder / "planted" / "all-one.txt").write_text("a=1\nb=2\n")
    monkeypatch.setattr(fuzz, "CORPUS", folder)
    return folder


def test_what_is_wrong_with_a_parser_is_found_and_kept(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parser = Parser("planted", {"all": broken})
    monkeypatch.setitem(PARSERS, "planted", parser)
    found = fuzzed(parser, 1500, corpus=corpus, findings=tmp_path / "findings")
    assert {what.split(" ")[0] for what in found.kept} == {"KeyError", "RecursionError", "slow"}
    assert found.failed > 2
    assert found.slow > 0
    assert 0.06 <= found.slowest < 0.5
    for what, path in found.kept.items():
        if what.startswith("slow"):
            assert "ms of CPU" in fuzz.replayed(path)
        else:
            with pytest.raises((KeyError, RecursionError)):
                fuzz.replayed(path)


def test_a_parser_that_never_ends_is_ended(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuzz, "ENDLESS_SECONDS", 0.1)

    def endless(data: bytes) -> None:
        while b"7" in data:
            pass

    found = fuzzed(
        Parser("planted", {"all": endless}), 60, corpus=corpus, findings=tmp_path / "findings"
    )
    assert found.slow > 0
    assert found.slowest >= 0.1


def test_a_case_is_the_same_whatever_ran_before() -> None:
    seeds = [b"VAR ups a 1\n", b"<a><b>1</b></a>"]
    one, other = Mutator(seeds, 4096), Mutator(seeds, 4096)
    cases = [one.case(number) for number in range(300)]
    assert [other.case(number) for number in reversed(range(300))] == cases[::-1]
    assert len({data for _, data in cases}) > 250
    assert max(len(data) for _, data in cases) == 4096


def test_a_reader_without_a_file_is_named(corpus: Path) -> None:
    with pytest.raises(LookupError, match="second"):
        seeds_of(Parser("planted", {"all": broken, "second": broken}), corpus)
