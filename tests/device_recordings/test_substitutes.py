"""What tells of a place, a person or one unit is replaced, and what is left is found."""

from __future__ import annotations

import base64

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from healthmon.device_recordings import patterns, scan
from healthmon.device_recordings.known import Known, with_answers
from healthmon.device_recordings.substitutes import Substitutes
from healthmon.model.measurements import Identity

KNOWN = Known(
    names=("High Street north", "Castle Park"),
    identifiers=("C017", "R2"),
    hosts=("10.20.30.40", "cam17.council.example"),
    accounts=("operator7", "pa55 w0rd!"),
    serials=("SN-48151623",),
    macs=("00:07:5F:8A:12:34",),
    kept=("Acme", "FLEXIDOME IP 5000i", "7.81.0054"),
)
SETS = "Z0LAFtoCgL/lhAAAAwAIAAADAMo8WLqA,aM4Ecg=="

# (kind of value, the text with it, what it must become)
CASES = [
    ("mac in XML", "<tt:HwAddress>00:07:5f:8a:12:34</tt:HwAddress>", "02:00:00:00:00:01"),
    ("another mac", "arp 00-1A-2B-3C-4D-5E up", "arp 02-00-00-00-00-01 up"),
    ("mac without marks", "eth0 00075F8A1234", "eth0 020000000001"),
    ("serial", "<SerialNumber>044518807730</SerialNumber>", "<SerialNumber>000000000001<"),
    ("serial in a line", "table.SN.serialNumber=4K0AB1C9PAG12345\r\n", "serialNumber=0X0XX0X0XXX00001\r\n"),
    ("serial of zeros", "<SerialNumber>00001234</SerialNumber>", "<SerialNumber>00000001<"),
    ("serial anywhere", "realm of 4K0AB1C9PAG12345", "realm of 0X0XX0X0XXX00001"),
    ("realm", 'Digest realm="AXIS_ACCC8E012345", nonce="x"', 'Digest realm="Name 1"'),
    ("nonce", 'nonce="3f9a5c71d2"', 'nonce="0x0x0x00x1"'),
    ("address", "rtsp://10.20.30.40:554/h264", "rtsp://192.0.2.2:554/h264"),
    ("another address", "DNS 172.16.4.1", "DNS 192.0.2.2"),
    ("IPv6", "addr fe80::207:5fff:fe8a:1234 up", "addr 2001:db8::1 up"),
    ("host name", "at cam17.council.example now", "at host1.example.invalid now"),
    ("name", "<Text>High Street north</Text>", "<Text>Name 1</Text>"),
    ("name of a field", "<tt:Name>Front door</tt:Name>", "<tt:Name>Name 1</tt:Name>"),
    ("channel's name", "<name>Camera 12</name>", "<name>Name 1-12</name>"),
    ("id", "label C017 ok", "label D1 ok"),
    ("name as a token", "a=x:castle_park and CastlePark.jpg", "a=x:Name 1 and Name 1.jpg"),
    ("secret in a path", "/user=operator7_password=pa55 w0rd!_channel=1", "/user=account2_password=account1_channel=1"),
    ("coordinates as numbers", '"longitude": -0.12', '"longitude": 0.0'),
    ("user", '"userName": "someone"', '"userName": "account1"'),
    ("secret of the file", "x pa55 w0rd! y", "x account1 y"),
    ("user in an address", "rtsp://operator7:pa55@10.20.30.40/a", "rtsp://192.0.2.2/a"),
    ("e-mail", "to alerts@council.gov.uk now", "to somebody1@example.invalid now"),
    ("UUID", "urn:uuid:5f5a69c2-e0ae-504f-829b-00075f8a1234", "urn:uuid:0x0x00x0-x0xx"),
    ("coordinates", "<Latitude>51.5012</Latitude>", "<Latitude>0.0</Latitude>"),
    ("PEM", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "(a key or certificate stood here)"),
    ("NUT", 'VAR ups device.serial "AB12345678"', 'device.serial "XX00000001"'),
]  # fmt: skip

# What must stay: it says how the device behaves, not where or whose it is.
KEPT = [
    "<Model>FLEXIDOME IP 5000i</Model><FirmwareVersion>7.81.0054</FirmwareVersion>",
    "<tt:TZ>UTC-1:0</tt:TZ><tt:Hour>12</tt:Hour>",
    "2026-11-30T21:59:03.250+00:00 and 20261130T215903Z",
    "DESCRIBE /h264Preview_01_main, /rtsp_tunnel?p=0&line=1&inst=1&vcd=2",
    "Date: Mon, 30 Nov 2026 21:59:03 GMT",
    f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={SETS}",
    'xmlns:tds="http://www.onvif.org/ver10/device/wsdl"',
    "list.info[0].Detail[0].TotalBytes=4000787030016",
    "mask 255.255.255.0, object 1.3.6.1.4.1.3967.1.1.1.7.0",
    '<tt:SimpleItem Name="IsDataPresent" Value="true"/>',
    '<tt:Profiles token="000" fixed="true">',
    "<tt:C017>1</tt:C017>",
]


@pytest.mark.parametrize(
    ("text", "wanted"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_what_tells_of_a_place_or_a_person_is_replaced(text: str, wanted: str) -> None:
    substitutes = Substitutes(KNOWN)
    substitutes.learn(text)
    made = substitutes.text(text)
    assert wanted in made
    assert list(scan.problems(made, KNOWN)) == []
    assert substitutes.text(text) == made


@pytest.mark.parametrize("text", KEPT)
def test_what_says_how_a_device_behaves_stays(text: str) -> None:
    assert Substitutes(KNOWN).text(text) == text
    assert list(scan.problems(text, KNOWN)) == []


def test_the_same_value_has_the_same_substitute_wherever_it_stands() -> None:
    substitutes = Substitutes(Known())
    told = "<SerialNumber>AB12CD</SerialNumber>"
    substitutes.learn(told)
    assert substitutes.text(told) == "<SerialNumber>XX00X1</SerialNumber>"
    assert substitutes.text("GET /live/AB12CD/x") == "GET /live/XX00X1/x"


REMAINS = [
    ("operator7", "a user name or secret of config.yaml"),
    (base64.b64encode(b"operator7:secret").decode(), "a user name or secret of config.yaml"),
    ("pa55%20w0rd%21", "a user name or secret of config.yaml"),
    ("10.20.30.40", "an address or host name of config.yaml"),
    ("High Street north", "a name of config.yaml"),
    ("C017", "an id of config.yaml"),
    ("SN-48151623", "a serial number of the device"),
    ("00 07 5f 8a 12 34", "a MAC address of the device"),
    ("00:1A:2B:3C:4D:5E", "a MAC address"),
    ("172.16.4.1", "an IPv4 address"),
    ("fe80::1", "an IPv6 address"),
    ("a@council.gov.uk", "an e-mail address"),
    ("-----BEGIN PRIVATE KEY-----", "a key or certificate"),
    ("rtsp://me:you@host/", "a user name in an address"),
    ("MIIB" * 12, "a long Base64 value"),
    ("5f5a69c2-e0ae-504f-829b-00075f8a1234", "a UUID"),
    ("4K0AB1C9PAG12345", "what looks like a serial number"),
]


@pytest.mark.parametrize(("value", "kind"), REMAINS, ids=[kind for _, kind in REMAINS])
def test_the_scan_names_what_is_left_and_does_not_show_it(value: str, kind: str) -> None:
    found = list(scan.problems(f"first\nbody: {value} end\n", KNOWN))
    assert f"line 2: {kind}" in found
    assert value not in "".join(found)


PLACES = st.sampled_from([
    "<tt:X>{}</tt:X>", "a {} b", 'k="{}"', "\nx.y={}\r\n", '{{"a": "{}"}}', "rtsp://h:554/{}/1", "({})",
])  # fmt: skip
VALUES = st.one_of(
    st.ip_addresses().map(str),
    st.uuids().map(str),
    st.emails(domains=st.just("council.gov.uk")).filter(lambda text: text.replace("@", "").replace(".", "").isalnum()),
    st.binary(min_size=6, max_size=6).map(lambda raw: raw.hex(":")),
    st.from_regex(r"[A-Z]{2}\d{6}[A-Z]\d{3}", fullmatch=True),
    st.sampled_from([*KNOWN.names, *KNOWN.hosts, *KNOWN.accounts, *KNOWN.serials, "C017"]),
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(st.tuples(PLACES, VALUES), min_size=1, max_size=4))
def test_nothing_that_is_replaced_is_left_for_the_scan(parts: list[tuple[str, str]]) -> None:
    text = "".join(place.format(value) for place, value in parts)
    substitutes = Substitutes(KNOWN)
    substitutes.learn(text)
    assert list(scan.problems(substitutes.text(text), KNOWN)) == []


@pytest.mark.parametrize("value", ["1234-5678", "51.5012", "5678", "SN-48151623", "XK-1234567"])
def test_a_real_value_is_not_taken_for_one_of_ours(value: str) -> None:
    assert not patterns.is_ours(value)


def test_a_model_stays_unless_something_private_stands_in_it() -> None:
    told = Identity(
        "Acme", "Dome (10.20.30.40)", "SN-48151623", "1.2", "F000B543", ("00:1A:2B:3C:4D:5E",)
    )
    known = with_answers(Known(hosts=("10.20.30.40",)), told)
    assert known.kept == ("Acme", "1.2", "F000B543")
    assert Substitutes(known).text("Dome (10.20.30.40) F000B543") == "Dome (192.0.2.2) F000B543"
    assert list(scan.problems("serial SN-48151623 of F000B543", known)) == [
        "line 1: a serial number of the device",
        "line 1: what looks like a serial number",
    ]


def test_a_substitute_is_as_long_as_its_value_and_known_as_ours() -> None:
    for value in ("SIM-C00001", "4K0AB1C9PAG12345", "a" * 40):
        made = patterns.shape(value, 12345)
        assert len(made) == len(value)
        assert patterns.is_ours(made)
