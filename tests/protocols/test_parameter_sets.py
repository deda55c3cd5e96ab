"""Exp-Golomb numbers against their definition (ITU-T H.264 9.1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.protocols.media.parameter_sets import Bits


def coded(number: int) -> str:
    """ue(v): as many zeros as follow the first one of `number` + 1 in binary."""
    binary = f"{number + 1:b}"
    return "0" * (len(binary) - 1) + binary


def bits_of(text: str) -> Bits:
    padded = text + "0" * (-len(text) % 8)
    return Bits(
        bytes(int(padded[at : at + 8], 2) for at in range(0, len(padded), 8)), escaped=False
    )


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=40))
def test_numbers_are_read_one_behind_the_other(numbers: list[int]) -> None:
    bits = bits_of("".join(map(coded, numbers)))
    assert [bits.golomb() for _ in numbers] == numbers
    assert bits.read == sum(len(coded(number)) for number in numbers)


@pytest.mark.parametrize("text", ["", "0", "0001", "00000000", "0" * 40, "0" * 33 + "1" * 40])
def test_what_is_cut_short_or_has_too_many_zeros_is_no_number(text: str) -> None:
    bits = Bits(b"", escaped=False) if not text else bits_of(text)
    with pytest.raises(ValueError, match=r"cut short|Exp-Golomb"):
        bits.golomb()
        bits.golomb()
