"""The SOAP parser against hostile XML, and the classes of faults."""

from __future__ import annotations

import time

import pytest
from helpers.support import forget_peak, memory
from hypothesis import given
from hypothesis import strategies as st

from healthmon.protocols.errors import (
    BusyError,
    ExchangeError,
    NotFoundError,
    ProtocolError,
    UnsupportedError,
)
from healthmon.protocols.onvif import soap
from healthmon.protocols.transport import lockout_guard
from healthmon.protocols.values import xml

BOMB = (
    '<!DOCTYPE a [<!ENTITY a "x">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)
ENVELOPE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>{}</s:Body></s:Envelope>'
)

HOSTILE = {
    "billion laughs": (BOMB + "<s>&i;</s>").encode(),
    "external entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "external DTD": b'<!DOCTYPE a SYSTEM "http://127.0.0.2:1/x.dtd"><a/>',
    "envelope with a DTD": b"<!DOCTYPE a>" + ENVELOPE.format("<a/>").encode(),
    "envelope with entities": (BOMB + ENVELOPE.format("<a>&b;</a>")).encode(),
    "envelope with a file": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    + ENVELOPE.format("<a>&x;</a>").encode(),
    "deep": b"<a>" * 60_000,
    "deep and closed": b"<a>" * 30_000 + b"</a>" * 30_000,
    "attributes": b"<a " + b" ".join(b'a%d="1"' % i for i in range(24_000)) + b"/>",
    "wide": b"<a>" + b"<b/>" * 60_000 + b"</a>",
    "bad UTF-8": b"<a>\xff\xfe\x80</a>",
    "UTF-16 bomb": (BOMB + "<s>&i;</s>").encode("utf-16"),
    "EBCDIC": b'<?xml version="1.0" encoding="cp037"?><a/>',
    "unknown encoding": b'<?xml version="1.0" encoding="klingon"?><a/>',
    "HTML": b"<!DOCTYPE html><html><body>Login</body></html>",
    "plain HTML": b"<html><body>Login</body></html>",
    "empty": b"",
    "nothing": b"   ",
    "garbage": bytes(range(256)) * 10,
    "no body": b'<s:Envelope xmlns:s="x"/>',
    "JSON": b'{"a": 1}',
}


@pytest.mark.no_cover
@pytest.mark.parametrize("name", HOSTILE)
def test_c22_hostile_xml_is_a_protocol_error_quickly_and_in_little_memory(name: str) -> None:
    assert len(HOSTILE[name]) <= soap.REPLY_CAP
    before, began = forget_peak(), time.process_time()
    with pytest.raises(ProtocolError):
        soap.envelope_body(HOSTILE[name])
    assert time.process_time() - began < 1
    assert memory("VmHWM") - before < 32 * 2**20


def test_c22_an_html_page_is_called_so() -> None:
    for name in ("HTML", "plain HTML"):
        with pytest.raises(ProtocolError, match="HTML page"):
            soap.envelope_body(HOSTILE[name])


def test_c22_namespaces_prefixes_and_cdata_may_be_wrong() -> None:
    body = soap.envelope_body(
        b'<E:Envelope xmlns:E="urn:wrong"><E:Body><x:R xmlns:x="y"><N> <![CDATA[ok]]> </N></x:R></E:Body></E:Envelope>'
    )
    assert xml.text(body, "R", "N") == "ok"
    assert xml.text(body, "R", "M") is None


WITH_NAME = '<?xml version="1.0"{}?>\n' + ENVELOPE.format("<R><N>Caf\u00e9{}</N></R>")


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (WITH_NAME.format("", "").encode("utf-16"), "Caf\u00e9"),
        (WITH_NAME.format(' encoding="UTF-16"', "").encode("utf-16-le"), "Caf\u00e9"),
        (b"\xfe\xff" + WITH_NAME.format("", "").encode("utf-16-be"), "Caf\u00e9"),
        (WITH_NAME.format("", "").encode("utf-8-sig"), "Caf\u00e9"),
        (WITH_NAME.format(' encoding="ISO-8859-1"', "").encode("latin-1"), "Caf\u00e9"),
        (WITH_NAME.format(' encoding="UTF-8"', "").encode("latin-1"), "Caf\ufffd"),
        (WITH_NAME.format("", "\x00\x1b").encode(), "Caf\u00e9"),
        (WITH_NAME.format("", " & 1").encode(), "Caf\u00e9 & 1"),
    ],
)
def test_c22_encodings_as_declared_and_as_firmwares_get_them_wrong(body: bytes, name: str) -> None:
    assert xml.text(soap.envelope_body(body), "R", "N") == name


def test_an_attribute_is_found_in_any_namespace() -> None:
    body = soap.envelope_body(ENVELOPE.format('<R xmlns:t="t" t:token="p0" u="" />').encode())
    found = xml.find(body, "R")
    assert found is not None
    assert [xml.attribute(found, name) for name in ("token", "u", "none")] == ["p0", None, None]


def fault(codes: str, text: str) -> soap.Fault:
    told = soap.fault_of(
        soap.envelope_body(
            ENVELOPE.format(
                f"<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{codes}</s:Value></s:Subcode></s:Code><s:Reason><s:Text>{text}</s:Text></s:Reason></s:Fault>"
            ).encode()
        )
    )
    assert told
    return told


def test_c22_a_soap_1_1_fault_is_read() -> None:
    told = soap.fault_of(
        soap.envelope_body(
            b"<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body><e:Fault><faultcode>e:Client</faultcode><faultstring>no such action</faultstring></e:Fault></e:Body></e:Envelope>"
        )
    )
    assert told == soap.Fault("e:Client", "no such action")


@pytest.mark.parametrize("codes", ["ter:NotAuthorized", "wsse:FailedAuthentication"])
def test_refused_logins_are_seen_by_code(codes: str) -> None:
    assert fault(codes, "x").refused


def test_refused_logins_are_seen_by_text() -> None:
    assert fault("ter:Other", "Sender not Authorized").refused
    assert not fault("ter:InvalidArgVal", "no such profile").refused


@pytest.mark.parametrize(
    "text",
    [
        "The security token could not be authenticated or authorized",
        "An invalid security token was provided",
        "Authentication required",
        "The user name or password is wrong",
        "Invalid password",
        "password error",
        "Access denied",
        "Login failed",
    ],
)
def test_refused_logins_in_the_words_of_firmwares(text: str) -> None:
    assert fault("s:Sender", text).refused


@pytest.mark.parametrize(
    "text", ["Invalid argument value", "The token of the profile is wrong", "no such profile token"]
)
def test_other_faults_are_no_refused_logins(text: str) -> None:
    assert not fault("ter:InvalidArgVal", text).refused


def test_an_ampersand_that_is_no_reference_is_one() -> None:
    uri = "rtsp://10.0.0.1/cam/realmonitor?channel=1&subtype=0&amp;unicast=true&proto=Onvif"
    root = xml.parse(f"<a><Uri>{uri}</Uri></a>".encode())
    assert xml.text(root, "Uri") == uri.replace("&amp;", "&")
    with pytest.raises(ProtocolError):
        xml.parse(b"<a>& <b></a>")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("You still have 26 attempt(s)", 26),
        ("You still have 1 attempt(s)", 1),
        ("5 attempts left", 5),
        ("The account will be locked after 2 more failed attempts.", 2),
        ("Remaining attempts: 2", 2),
        ("attempts left: 1", 1),
        ("<retryLoginTime>3</retryLoginTime>", 3),
        ('{"lockStatus": "unlock", "retryLoginTime": 2}', 2),
        ("locked after 5 wrong attempts", None),
        ("Not authorized", None),
    ],
)
def test_c10_the_remaining_attempts_are_read(text: str, left: int | None) -> None:
    assert lockout_guard.attempts_left(text) == left


LOCKS = (
    "User locked!",
    "AccountLocked",
    "Your IP address has been blocked",
    "This account is temporarily locked.",
    "too many failed logins",
    "Maximum number of attempts reached. Try again in 30 minutes.",
    '{"lockStatus":"lock","unlockTime":1800,"retryLoginTime":0}',
    "<ns:lockStatus>locked</ns:lockStatus>",
)
NO_LOCKS = (
    "You have 3 more attempts before your account is locked.",
    "The account will be locked after 2 more failed attempts.",
    "You still have 2 attempts left, then the account is locked",
    "Error 401: account not locked, password wrong",
    "account unlocked",
    "Your browser may have blocked the password dialogue.",
    "Access blocked by content filter",
    "This page is locked. Please log in.",
    "Too many login pages link here.",
    '{"lockStatus":"unlock","retryLoginTime":4}',
)


def test_c10_locked_is_told_from_refused() -> None:
    assert lockout_guard.says_locked(
        "The account is locked, try again in 30 minutes", answered=True
    )
    assert lockout_guard.says_locked("IP blocked", answered=True)
    assert lockout_guard.says_locked("0 attempts left, account locked", answered=True)
    for words in LOCKS:
        assert lockout_guard.says_locked(words, answered=True), words
    for words in NO_LOCKS:
        assert not lockout_guard.says_locked(words, answered=True), words
    assert not lockout_guard.says_locked("Sender not authorized", answered=True)
    assert not lockout_guard.says_locked("clock: invalid", answered=True)
    assert not lockout_guard.says_locked("This page is locked. Please log in.", answered=False)


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        ("ter:NoProfile", NotFoundError),
        ("ter:ActionNotSupported", UnsupportedError),
        ("ter:MaxSessions", BusyError),
        ("ter:Odd", ProtocolError),
    ],
)
def test_other_faults_by_class(codes: str, kind: type[ExchangeError]) -> None:
    assert type(soap.failure(fault(codes, "sorry"))) is kind
    assert type(soap.failure(fault(codes, "account locked"))) is kind, "prose locks nothing"


@given(st.binary(max_size=400))
def test_any_bytes_end_in_a_body_or_a_protocol_error(data: bytes) -> None:
    for text in (data, ENVELOPE.format("<a>").encode() + data):
        try:
            soap.envelope_body(text)
        except ProtocolError:
            continue
