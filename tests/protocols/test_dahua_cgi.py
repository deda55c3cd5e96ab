"""Dahua's ``key=value`` tables as the HTTP API document shows them."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import parse_qs

import pytest

from healthmon.protocols.errors import ForbiddenError, ProtocolError, RejectedError
from healthmon.protocols.vendor import dahua_cgi as wire


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_tables() -> None:
    body = "\ufefftable.RecordMode[0].Mode=0\r\ntable.RecordMode[1].Mode=2\r\ntable.RecordMode[2].Mode=9\r\n".encode()
    assert wire.record_modes(body) == {"1": 0, "2": 2}
    assert wire.titles(
        b"table.ChannelTitle[0].Name=Gate = north\ntable.ChannelTitle[3].Name=\n"
    ) == {"1": "Gate = north"}
    assert wire.ntp(b"table.NTP.Address=10.0.0.1\ntable.NTP.Enable=true\n") == (True, "10.0.0.1")
    assert wire.system(
        b"deviceType=NVR608-64-4KS2\nserialNumber=3K0\nupdateSerial=DHI-NVR608\n"
    ) == (
        "DHI-NVR608",
        "3K0",
    )
    assert wire.software(b"version=4.001.0000000.1,build:2021-05-12") == "4.001.0000000.1"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"result=2026-11-23 21:00:00", "2026-11-23 21:00:00"),
        (b"result = 2026-11-3 9:05:00\r\n", "2026-11-03 09:05:00"),
        (b"result=yesterday", None),
    ],
)
def test_time(body: bytes, told: str | None) -> None:
    assert wire.current_time(body) == (at(told) if told else None)


def test_what_is_no_table() -> None:
    for body in (b"Error\r\nBad Request!\r\n", b"Error: No Events"):
        with pytest.raises(RejectedError, match="Error"):
            wire.table(body)
    for body in (b"", b"<html>login</html>", b"\xff\xfe\x00"):
        with pytest.raises(ProtocolError):
            wire.table(body)
    assert wire.table(b"OK\r\n") == {}


def test_disks_over_their_partitions() -> None:
    body = b"""list.info[0].Name=/dev/sda
list.info[0].State=Success
list.info[0].Detail[0].IsError=false
list.info[0].Detail[0].Path=/mnt/dvr/sda0
list.info[0].Detail[0].TotalBytes=1000.0
list.info[0].Detail[0].UsedBytes=400.0
list.info[0].Detail[1].IsError=false
list.info[0].Detail[1].TotalBytes=500
list.info[0].Detail[1].UsedBytes=500
list.info[1].Name=/dev/sdb
list.info[1].State=Success
list.info[1].Detail[0].IsError=true
list.info[1].Detail[0].TotalBytes=0
list.info[2].State=Failure
"""
    assert wire.disks(body) == (
        wire.DiskRow("/dev/sda", "success", 1500.0, 600.0, False),
        wire.DiskRow("/dev/sdb", "success", None, None, True),
        wire.DiskRow("disk 3", "failure", None, None, None),
    )


def test_lost_channels_count_from_one() -> None:
    assert wire.having(b"channels[0]=0\r\nchannels[1]=4\r\n") == {"1", "5"}
    assert wire.having(b"Error: No Events\r\n") == frozenset()
    with pytest.raises(ForbiddenError):
        wire.having(b"Error: Authority check failed")


def test_which_channels_look_for_a_covered_view() -> None:
    body = b"table.BlindDetect[0].Enable=true\r\ntable.BlindDetect[0].Level=3\r\ntable.BlindDetect[4].Enable=false\r\n"
    assert wire.blind_detection(body) == {"1": True, "5": False}
    assert wire.blind_detection(b"table.BlindDetect[0].Level=3\r\n") == {}


def test_states() -> None:
    body = b'{"state":[{"Main":{"State":1},"Extra1":{"State":0}},{"Main":{"State":0}},{"Main":{"State":7}},5]}'
    assert wire.states(body) == {"1": True, "2": False}
    with pytest.raises(ProtocolError):
        wire.states(b"{}")


def test_a_finder_and_its_files() -> None:
    assert wire.finder(b"result=08137\r\n") == "08137"
    for odd in (b"result=", b"result=1&action=reboot", b"OK"):
        with pytest.raises(ProtocolError):
            wire.finder(odd)
    asked = parse_qs(
        wire.find_path("7", "3", "2026-11-22 21:00:00", "2026-11-23 21:00:00").partition("?")[2]
    )
    assert {key: value[0] for key, value in asked.items()} == {
        "action": "findFile", "object": "7", "condition.Channel": "3", "condition.StartTime": "2026-11-22 21:00:00",
        "condition.EndTime": "2026-11-23 21:00:00", "condition.Types[0]": "dav",
    }  # fmt: skip
    body = b"""found=2
items[0].Channel=0
items[0].StartTime=2026-11-23 20:00:00
items[0].EndTime=2026-11-23 21:00:00
items[0].Events[0]=VideoMotion
items[1].StartTime=2026-11-23 21:00:00
items[1].EndTime=x
"""
    page = wire.files(body)
    assert (page.spans, page.found) == (
        ((at("2026-11-23 20:00:00"), at("2026-11-23 21:00:00")),),
        2,
    )
    assert wire.files(b"found=0") == wire.FilePage((), 0)
