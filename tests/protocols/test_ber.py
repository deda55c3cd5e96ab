"""The BER codec of SNMP: round trip, known bytes, and hostile bytes."""

from __future__ import annotations

import pytest
from helpers.snmp_agent import GAUGE, Value, encoded, integer, response
from hypothesis import given, settings
from hypothesis import strategies as st

from healthmon.demo.udp_sim import tlv
from healthmon.protocols.errors import ExchangeError, ProtocolError
from healthmon.protocols.snmp import ber

UPS_NAME = "1.3.6.1.2.1.33.1.4.1.0"
OIDS = st.builds(
    lambda head, tail: ".".join(map(str, (1, 3, head, *tail))),
    st.integers(0, 127),
    st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=12),
)
VALUES = st.one_of(st.integers(-(2**31), 2**31 - 1), st.text("abc xyz", max_size=200))


def test_request_is_the_octets_of_the_standard() -> None:
    """By hand from X.690 and RFC 3416: v2c, community public, request-id 1, one binding
    with NULL.
    """
    expected = "3028 020101 0406 7075626c6963 a01b 020101 020100 020100 3010 300e 060a 2b060102012101040100 0500"
    assert ber.get_request(1, b"public", 1, ["1.3.6.1.2.1.33.1.4.1.0"]).hex() == expected.replace(
        " ", ""
    )


@settings(max_examples=150)
@given(st.dictionaries(OIDS, VALUES, min_size=1, max_size=12), st.integers(1, 2**31 - 1))
def test_what_was_asked_and_answered_comes_back(values: dict[str, Value], request_id: int) -> None:
    request = ber.get_request(1, b"public", request_id, list(values))
    found = ber.parse(response(request, values))
    assert (found.request_id, found.error) == (request_id, 0)
    assert found.values == {o: v.encode() if isinstance(v, str) else v for o, v in values.items()}


@pytest.mark.parametrize("number", [0, 127, 128, 65535, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_unsigned_types_are_never_negative(number: int) -> None:
    request = ber.get_request(1, b"c", 9, [UPS_NAME])
    found = ber.parse(response(request, {UPS_NAME: integer(number, GAUGE)}))
    assert found.values == {UPS_NAME: number}


def test_gauge_of_four_octets_without_the_leading_zero_is_unsigned() -> None:
    """Some agents send 0xFFFFFFFF in four octets."""
    request = ber.get_request(1, b"c", 9, [UPS_NAME])
    assert ber.parse(response(request, {UPS_NAME: tlv(GAUGE, b"\xff" * 4)})).values == {
        UPS_NAME: 0xFFFFFFFF
    }


@pytest.mark.parametrize("tag", [0x05, 0x80, 0x81, 0x82])
def test_absent_objects_are_left_out(tag: int) -> None:
    request = ber.get_request(1, b"c", 9, [UPS_NAME])
    assert ber.parse(response(request, {UPS_NAME: bytes((tag, 0))})).values == {}


@pytest.mark.parametrize("body", [b"", b"\x7f" * 10, b"\x01" * 60_000])
@pytest.mark.parametrize("tag", [0x02, GAUGE, 0x43, 0x46])
def test_integers_of_impossible_size_are_refused(tag: int, body: bytes) -> None:
    """An integer of 60,000 octets would overflow every later calculation."""
    head = bytes((tag, 0x82)) + len(body).to_bytes(2, "big")
    request = ber.get_request(1, b"c", 9, [UPS_NAME])
    with pytest.raises(ProtocolError):
        ber.parse(response(request, {UPS_NAME: head + body}))


def test_c31_every_truncation_of_an_answer_is_refused() -> None:
    request = ber.get_request(1, b"public", 77, [UPS_NAME])
    whole = response(request, {UPS_NAME: 5})
    for size in range(len(whole)):
        with pytest.raises(ProtocolError):
            ber.parse(whole[:size])
    assert ber.parse(whole).values == {UPS_NAME: 5}


@settings(max_examples=400)
@given(st.binary(max_size=300))
def test_c31_random_octets_raise_only_wire_errors(data: bytes) -> None:
    try:
        ber.parse(data)
    except ExchangeError:
        return


@settings(max_examples=400)
@given(st.integers(0, 10_000), st.integers(0, 255), st.integers(0, 3))
def test_c31_damaged_answers_raise_only_wire_errors(place: int, octet: int, cut: int) -> None:
    request = ber.get_request(1, b"public", 77, [UPS_NAME, "1.3.6.1.2.1.33.1.1.1.0"])
    whole = bytearray(
        response(request, {UPS_NAME: 5, "1.3.6.1.2.1.33.1.1.1.0": encoded("Example")})
    )
    whole[place % len(whole)] = octet
    try:
        found = ber.parse(bytes(whole[: len(whole) - cut]))
    except ExchangeError:
        return
    assert all(not isinstance(v, int) or abs(v) < 2**72 for v in found.values.values())
