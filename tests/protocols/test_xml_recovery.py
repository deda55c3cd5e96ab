"""An envelope that is not well-formed is read as far as its meaning is plain, and at small cost."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.protocols.errors import ProtocolError
from healthmon.protocols.values import xml

RIGHT = (
    "<s:Envelope><s:Header/><s:Body><t:R><t:A>1</t:A><t:B k='v'>2</t:B></t:R></s:Body></s:Envelope>"
)
MENDED = {
    "<s:Envelope a='1' a='2'><s:Body><t:R><t:A>1</t:A><t:B k='v'>2</t:B></t:R></s:Body></s:Envelope>",
    "<s:Envelope><s:Body a=b><t:R><t:A>1</t:A><t:B k=v>2</t:B></t:R></s:Body></s:Envelope>",
    "<Envelope><Body><R><A>1</a><B k='v'>2</B></R></Body></Envelope>",
    "<Envelope><Header><x></Header><Body><R><A>1</A><B k='v'>2</B></R></Body></Envelope>",
    "<Envelope><Body><R><A>1</A></z><B k='v'>2</B></R></Body></Envelope>",
    "<Envelope><Body><R><A><![CDATA[1]]></A><B k=v>2</B><!-- <C> --></R></Body></Envelope>",
    "<Envelope><Body><R><A>1</A><B k='v'>2</B></R></Body></Enve",
    "<Envelope><Body><R><A>1</A><B k='v'>2</B></R></Body>",
    "<Envelope><Body><R><A>1</A><B k='v'>2</B></R>",
    "<Envelope><Body><R><A>1</A><B k='v'>2</B></R",
}
CUT = {
    "<Envelope><Body><R><A>1</A><B k='v'>2</B>",
    "<Envelope><Body><R><A>1</A><B k='v'>2",
    "<Envelope><Body><R><A>1</A><B",
    "<Envelope xmlns='http://www.w3.org",
    "<Envelope",
    "<R><A>1</a><B>2</B></R>",
    "<R><A>1</A><A>2</A>",
}
COSTLY = {
    "tags": "<a>" * 20_000,
    "attributes": "<a " + "b " * 30_000 + ">",
    "names": "<a " + "b" * 60_000 + ">",
    "quotes": "<a " + "'\"" * 30_000 + ">",
    "blanks": "<a b" + " " * 60_000 + ">",
    "signs": "<" * 60_000,
    "ends": "</" * 30_000,
    "comments": "<!--" * 15_000,
    "data": "<![CDATA[" * 6_000,
    "ends of nothing": "<a>" * 200 + "</b>" * 15_000,
}


def told(text: str) -> tuple[str | None, ...]:
    answer = xml.find(xml.parse(text.encode()), "Body", "R")
    b = xml.find(answer, "B")
    return xml.text(answer, "A"), xml.text(answer, "B"), b.get("k") if b else None


def test_what_is_well_formed_is_read() -> None:
    assert told(RIGHT) == ("1", "2", "v")


@pytest.mark.parametrize("text", sorted(MENDED))
def test_ff_b4_what_is_plain_is_read(text: str) -> None:
    assert told(text) == ("1", "2", "v")


@pytest.mark.parametrize("text", sorted(CUT))
def test_what_is_cut_off_inside_or_no_envelope_is_not_read(text: str) -> None:
    with pytest.raises(ProtocolError):
        xml.parse(text.encode())


@pytest.mark.parametrize("inside", COSTLY)
def test_nothing_in_an_envelope_costs_much(inside: str) -> None:
    text = f"<Envelope a=1><Body>{COSTLY[inside]}"[: 64 * 1024].encode()
    began = time.process_time()
    with contextlib.suppress(ProtocolError):
        xml.parse(text)
    assert time.process_time() - began < 0.05


@given(st.text(alphabet="<>/='\" abEnvlop!-[]CDATA?&;", max_size=200))
def test_whatever_stands_in_an_envelope_is_read_or_refused(inside: str) -> None:
    try:
        root = xml.parse(f"<Envelope>{inside}</Envelope>".encode())
    except ProtocolError:
        return
    assert root.name == "Envelope"
