"""The trailer of a chunked answer does not reach the parser, however the answer is cut."""

from __future__ import annotations

import time

import pytest

from healthmon.protocols.http.trailers import TrailerFilter

BODY = b"5;x=y\r\nhello\r\nA\r\n01234\r\n789\r\n0;z\r\n"


def passed(data: bytes, size: int) -> bytes:
    """What goes on of `data`, which comes in pieces of `size` bytes."""
    chunks = TrailerFilter()
    return b"".join(chunks.passed(data[at : at + size]) for at in range(0, len(data), size))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("trailer", [b"", b"X: y\r\n", b"X: y\r\nZ:\r\n 1\r\n", b"no colon\n"])
def test_a_trailer_is_left_out(trailer: bytes, size: int) -> None:
    assert passed(BODY + trailer + b"\r\n", size) == BODY + b"\r\n"


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("trailer", [b"", b"X: y\n"])
def test_a_line_feed_alone_ends_a_line(trailer: bytes, size: int) -> None:
    body = BODY.replace(b"\r\nA", b"\nA").replace(b";x=y\r\n", b";x=y\n").replace(b"A\r\n", b"A\n")
    cut = body.rindex(b"\r\n0;z")  # the bytes of a chunk stay as they are
    lines = body[:cut] + body[cut:].replace(b"\r\n", b"\n")
    assert passed(lines + trailer + b"\n", size) == BODY + b"\r\n"


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize("data", [b"zz\r\nabc\r\n", b"-1\r\n", b"\r\n", b"5\r\nhello\r\n<html>\n"])
def test_what_is_no_chunk_goes_on_as_it_is(data: bytes, size: int) -> None:
    assert passed(data, size) == data


def test_what_follows_the_answer_goes_on() -> None:
    assert passed(BODY + b"\r\nleft over", 4) == BODY + b"\r\nleft over"


def test_a_line_without_end_is_not_kept() -> None:
    chunks = TrailerFilter()
    assert sum(len(chunks.passed(b"1;" + b" " * 998)) for _ in range(40)) > 16_000


def test_blanks_in_a_trailer_cost_nothing() -> None:
    began = time.process_time()
    assert passed(BODY + b"X:" + b" " * 200_000 + b"\v\r\n\r\n", 16_384) == BODY + b"\r\n"
    assert time.process_time() - began < 0.05
