"""RCP+ replies as Bosch's documents show them, and the VRM's track list."""

from __future__ import annotations

import pytest

from healthmon.protocols.errors import ProtocolError, UnsupportedError
from healthmon.protocols.vendor import rcp

FRAME = """<?xml version="1.0"?>
<rcp><command><hex>{command}</hex><dec>0</dec></command><type>{kind}</type><direction>READ</direction><num>1</num>
<idstring/><payload>{payload}</payload><cltid>0x1</cltid><sessionid>0x0</sessionid><auth>3</auth><protocol>TCP</protocol>
{result}</rcp>"""


def reply(result: str, command: str = "0x0a07", kind: str = "T_DWORD") -> bytes:
    return FRAME.format(command=command, kind=kind, payload="<dec>99</dec>", result=result).encode()


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ("<result><hex>0x00000017</hex><dec>23</dec></result>", "23"),
        ("<result><hex>0x17</hex></result>", "23"),
        ("<result><str>07 e6 0b 17</str></result>", "07 e6 0b 17"),
        ("<result><str>7.87.0029</str></result>", "7.87.0029"),
        ("<result><flag>1</flag></result>", "1"),
        ("<result> 1 </result>", "1"),
    ],
)
def test_the_result_and_not_the_payload(told: str, wanted: str) -> None:
    assert rcp.result(reply(told)) == wanted


def test_an_unknown_command_is_said_with_http_200() -> None:
    with pytest.raises(UnsupportedError, match="0x40"):
        rcp.result(reply("<result><err>0x40</err></result>"))
    for odd in (b"<html/>", b"<rcp/>", b"<other><result><dec>1</dec></result></other>"):
        with pytest.raises(ProtocolError):
            rcp.result(odd)


def test_only_reading_can_be_asked() -> None:
    assert (
        rcp.path("0x0a07", "T_DWORD") == "/rcp.xml?command=0x0a07&type=T_DWORD&direction=READ&num=1"
    )
    for odd in (
        ("0xA07", "T_DWORD", 1),
        ("0x0a07&direction=WRITE", "T_DWORD", 1),
        ("0x0a07", "P_X", 1),
        ("0x0a07", "T_WORD", -1),
    ):
        with pytest.raises(ValueError, match="no RCP"):
            rcp.path(*odd)


def test_decoders() -> None:
    assert rcp.serial("00 01 02 03 09") == "01239"
    assert rcp.serial("41 42 31 32") == "AB12"
    assert rcp.plain("44 49 4e 49 4f 4e 00 00 ff") == "DINION"
    assert rcp.plain("AUTODOME IP") == "AUTODOME IP"
    assert (rcp.ratio("23"), rcp.ratio("101"), rcp.ratio("x")) == (0.23, None, None)
    assert rcp.octets("zz") is None


def test_the_clock_is_believed_where_its_day_fits_only() -> None:
    told = rcp.clock("07 ea 0b 17 15 00 05 01")
    assert told is not None
    assert told.isoformat() == "2026-11-23T21:00:05"
    for odd in ("07 ea 0b 17 15 00 05 05", "07 ea 0d 17 15 00 05 01", "07 ea 0b 17 15 00 05", "x"):
        assert rcp.clock(odd) is None


# The head of the published example: length, track 160, address 172.16.50.19 (least octet first),
# two octets, texts.
HEAD = bytes.fromhex("0080 00a0 1332 10ac 3001".replace(" ", ""))


def block(track: int, name: str, address: bytes = bytes((19, 50, 16, 172))) -> bytes:
    texts = b"".join(
        text.encode("utf-16-be") + b"\0\0" for text in (name, "Tree|VRM", "https://172.16.50.19")
    )
    return (
        (10 + len(texts)).to_bytes(2, "big")
        + track.to_bytes(2, "big")
        + address
        + b"\x30\x01"
        + texts
    )


def test_the_published_track_list() -> None:
    texts = "CameraUnderTestOne", "Logischer Baum|VRM", "https://172.16.50.19"
    body = HEAD + b"".join(text.encode("utf-16-be") + b"\0\0" for text in texts)
    assert len(body) == 128
    assert rcp.tracks(body.hex(" ")) == (rcp.Track(160, "172.16.50.19", *texts),)


def test_a_track_list_that_is_cut_or_odd() -> None:
    whole = block(1, "One") + block(2, "Zw\u00f6lf")
    assert [one.name for one in rcp.tracks(whole.hex(" "))] == ["One", "Zw\u00f6lf"]
    assert [one.number for one in rcp.tracks((whole + block(3, "x")[:-4]).hex(" "))] == [1, 2]
    assert rcp.tracks((whole + b"\0\3abc" + b"\0" * 20).hex(" "))[1].number == 2
    with pytest.raises(ProtocolError):
        rcp.tracks("no octets")
