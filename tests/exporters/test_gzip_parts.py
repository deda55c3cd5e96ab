"""A gzip stream of parts that were compressed one by one: Python, curl and (tests/peers) Prometheus read it."""

from __future__ import annotations

import asyncio
import gzip
import time

import pytest
from helpers.exporter_estate import made
from helpers.support import need
from hypothesis import given
from hypothesis import strategies as st

from healthmon_exporters.metrics.exposition import CompressedFamilies
from healthmon_exporters.metrics.gzip_parts import Part, joined
from healthmon_exporters.web import app as web
from healthmon_exporters.web import listener


def stream(*texts: bytes) -> bytes:
    parts = [Part.of([text], last=number == len(texts)) for number, text in enumerate(texts, 1)]
    return b"".join(joined(parts))


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=6))
def test_the_text_and_its_checksum_are_those_of_all_parts(texts: list[bytes]) -> None:
    assert gzip.decompress(stream(*texts)) == b"".join(texts)


def test_parts_of_any_length_and_in_any_order_can_be_joined() -> None:
    texts = [bytes(range(256)) * 5000, b"", b"a", b"line\n" * 70_001]
    assert gzip.decompress(stream(*texts)) == b"".join(texts)
    assert gzip.decompress(stream(*reversed(texts))) == b"".join(reversed(texts))


def test_a_part_in_pieces_is_the_same_as_a_whole_one() -> None:
    assert Part.of([b"one ", b"", b"two"]).crc == Part.of([b"one two"]).crc
    assert Part.of([b"one ", b"two"]).shift == Part.of([b"one two"]).shift


def test_a_change_compresses_only_the_families_that_show_it() -> None:
    metrics, compressed = made(), CompressedFamilies()
    first = list(compressed.parts(metrics.snapshot(), openmetrics=False))
    assert list(compressed.parts(metrics.snapshot(), openmetrics=False)) == first
    metrics.maintenance("cam-1", active=True)
    snapshot = metrics.snapshot()
    second = list(compressed.parts(snapshot, openmetrics=False))
    changed = [
        family
        for family, old, new in zip(snapshot.changed, first, second, strict=True)
        if new is not old
    ]
    assert changed == ["healthmon_device_maintenance"]


async def nothing(*_: str) -> None:
    return None


async def accepted() -> str:
    return ""


@pytest.mark.peer
async def test_curl_reads_it() -> None:
    need("curl")
    metrics = made(time.time)
    running = await listener.serve(
        web.application(web.Site(metrics, nothing, lambda: True, accepted, list)), "127.0.0.1", 0
    )
    address = f"http://127.0.0.1:{running.port}/metrics"
    try:
        for _ in range(2):  # the second time of parts that were kept
            argv = ("curl", "--fail", "--silent", "--show-error", "--compressed", address)
            child = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
            text, _ = await asyncio.wait_for(child.communicate(), 30)
            assert child.returncode == 0
            assert text.count(b"healthmon_device_info{") == metrics.text(openmetrics=False).count(
                b"healthmon_device_info{"
            )
            assert b"healthmon_build_info{" in text
    finally:
        await running.close()
