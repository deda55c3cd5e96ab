"""ISAPI replies as the developer guides show them, and as firmwares differ from the guides."""

from __future__ import annotations

import json

import pytest
from lxml import etree

from healthmon.protocols.errors import ProtocolError, UnsupportedError
from healthmon.protocols.vendor import isapi, isapi_search
from healthmon.protocols.vendor.isapi import ChannelState, Hdd, Track

STD = "http://www.std-cgi.com/ver20/XMLSchema"
HIK = "http://www.hikvision.com/ver20/XMLSchema"


def xml(root: str, inside: str, namespace: str = HIK) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} version="2.0" xmlns="{namespace}">{inside}</{root}>'.encode()


@pytest.mark.parametrize("namespace", [STD, HIK, "urn:psialliance-org", ""])
def test_the_namespace_does_not_matter(namespace: str) -> None:
    body = xml("DeviceInfo", "<model>DS-7716</model><serialNumber>DS1</serialNumber><firmwareVersion>V4.1</firmwareVersion>",
               namespace)  # fmt: skip
    assert isapi.device_info(body) == isapi.DeviceInfo("DS-7716", "DS1", "V4.1")


def test_time_with_a_posix_zone() -> None:
    body = xml("Time", "<timeMode>NTP</timeMode><localTime>2026-11-23T21:00:00+00:00</localTime>"
               "<timeZone>GMT+0:00:00DST01:00:00,M3.5.0/01:00:00,M10.5.0/02:00:00</timeZone>")  # fmt: skip
    told = isapi.device_time(body)
    assert (told.local, told.mode) == ("2026-11-23T21:00:00+00:00", "ntp")
    assert told.zone
    assert told.zone.startswith("GMT+0")
    assert isapi.device_time(xml("Time", "<timeMode>satellite</timeMode>")) == isapi.DeviceTime(
        None, None, None
    )


@pytest.mark.parametrize(
    ("cpus", "cpu"),
    [((12, 40), 0.4), ((0,), None), ((), None), ((300,), None), (("-",), None)],
)
def test_status_takes_the_busiest_cpu_and_zero_for_not_reported(
    cpus: tuple[object, ...], cpu: float | None
) -> None:
    rows = "".join(
        f"<CPU><cpuDescription>x</cpuDescription><cpuUtilization>{load}</cpuUtilization></CPU>"
        for load in cpus
    )
    body = xml("DeviceStatus", f"<deviceUpTime>86400</deviceUpTime><CPUList>{rows}</CPUList>")
    assert isapi.status(body) == isapi.Status(86400.0, cpu)


def test_storage_in_bytes() -> None:
    body = xml(
        "storage",
        "<hddList><hdd><id>1</id><hddName>hdd1</hddName><status>ok</status><capacity>3815447</capacity>"
        "<freeSpace>0</freeSpace></hdd><hdd><id>2</id><status>Error</status><capacity>0</capacity></hdd></hddList>"
        "<nasList><nas><id>9</id><nasName>nas9</nasName><status>offline</status></nas></nasList>",
    )
    mib = 1024 * 1024
    assert isapi.storage(body) == (
        Hdd("hdd1", "ok", 3815447.0 * mib, 0.0), Hdd("hdd 2", "error", 0.0, None), Hdd("nas9", "offline", None, None),
    )  # fmt: skip
    assert isapi.storage(xml("storage", "<hddList/>")) == ()


def test_tracks_of_the_main_streams() -> None:
    one = (
        "<Track><id>{id}</id><Channel>{id}</Channel><Enable>{on}</Enable><Duration>P31DT0H</Duration>"
        "<CustomExtensionList><CustomExtension><CustomExtensionName>x</CustomExtensionName><enableSchedule>true</enableSchedule>"
        "<SaveAudio>true</SaveAudio><durationEnabled>{keep}</durationEnabled></CustomExtension></CustomExtensionList>"
        "<DefaultRecordingMode>CMR</DefaultRecordingMode><LoopEnable>true</LoopEnable></Track>"
    )
    rows = one.format(id=101, on="true", keep="true") + one.format(id=102, on="true", keep="true")
    rows += one.format(id=3301, on="false", keep="false") + "<Track><id>x</id></Track>"
    assert isapi.tracks(xml("TrackList", rows)) == (
        Track("101", "1", True, "CMR", True, 31 * 86400.0), Track("3301", "33", False, "CMR", True, None),
    )  # fmt: skip


def test_inputs() -> None:
    row = "<InputProxyChannelStatus><id>{}</id><online>{}</online></InputProxyChannelStatus>"
    body = xml(
        "InputProxyChannelStatusList",
        row.format(1, "true") + row.format(2, "false") + row.format("", "true"),
    )
    assert [(one.channel, one.online) for one in isapi.inputs(body)] == [("1", True), ("2", False)]


@pytest.mark.parametrize("wrapper", ["ChanStatus", "JSON_ChanStatus", "ChanStatusList", "bare"])
def test_channel_states_in_every_wrapper(wrapper: str) -> None:
    rows = [
        {"chanNo": 1, "name": "Gate", "online": 1, "record": 1, "recordStatus": 0, "signal": 0},
        {"chanNo": 2, "online": 0, "record": 0, "recordStatus": 2, "signal": 1},
        {"chanNo": 3, "record": 0, "recordStatus": 1},
        {"chanNo": "x"},
        7,
    ]
    told = {"ChanStatus": rows} if wrapper == "bare" else {wrapper: {"ChanStatus": rows}}
    assert isapi.channel_states(json.dumps(told).encode()) == (
        ChannelState("1", "Gate", True, True, True, None),
        ChannelState("2", None, False, False, False, "network camera offline"),
        ChannelState("3", None, None, False, None, "disk exception"),
    )


def test_one_channel_without_a_list() -> None:
    assert [
        one.channel for one in isapi.channel_states(b'{"ChanStatus": {"chanNo": 1, "record": 1}}')
    ] == ["1"]


def test_the_devices_own_refusal_is_no_fault_of_the_reply() -> None:
    body = xml("ResponseStatus", "<statusCode>4</statusCode><statusString>Invalid Operation</statusString>"
               "<subStatusCode>notSupport</subStatusCode>")  # fmt: skip
    for parse in (isapi.device_info, isapi.storage, isapi.tracks, isapi.inputs):
        with pytest.raises(UnsupportedError, match="notSupport"):
            parse(body)
    with pytest.raises(ProtocolError, match="no DeviceInfo"):
        isapi.device_info(xml("Time", ""))
    with pytest.raises(ProtocolError, match="no channels"):
        isapi.channel_states(b"{}")


# ------------------------------------------------------------------------------------------------ searches

SPAN = ("2026-11-22T21:00:00Z", "2026-11-23T22:00:00Z")


def test_a_search_is_asked_as_the_guide_writes_it() -> None:
    identity = isapi_search.search_id()
    root = etree.fromstring(isapi_search.search_request(identity, "101", SPAN, 80))
    told = [(one.tag, one.text) for one in root.iter() if one.text]
    assert told == [
        ("searchID", identity), ("trackID", "101"), ("startTime", SPAN[0]), ("endTime", SPAN[1]), ("maxResults", "40"),
        ("searchResultPostion", "80"), ("metadataDescriptor", "//recordType.meta.std-cgi.com"),
    ]  # fmt: skip
    assert len(identity) == 36


def item(track: str, start: str, end: str, lock: str = "unlock") -> str:
    return (
        f"<searchMatchItem><sourceID>x</sourceID><trackID>{track}</trackID><timeSpan><startTime>{start}</startTime>"
        f"<endTime>{end}</endTime></timeSpan><mediaSegmentDescriptor><contentType>video</contentType>"
        f"<lockStatus>{lock}</lockStatus></mediaSegmentDescriptor>"
        "</searchMatchItem>"
    )


def result(said: str, *items: str) -> bytes:
    return xml(
        "CMSearchResult",
        f"<searchID>X</searchID><responseStatus>true</responseStatus><responseStatusStrg>{said}</responseStatusStrg>"
        f"<numOfMatches>{len(items)}</numOfMatches><matchList>{''.join(items)}</matchList>",
    )


def test_pages_of_a_search() -> None:
    page = isapi_search.search_page(
        result("MORE", item("101", "a", "b"), item("201", "c", "d")), "101"
    )
    assert (page.spans, page.matches, page.more) == ((("a", "b"),), 2, True)
    page = isapi_search.search_page(result("OK", item("101", "a", "b")), "101")
    assert (page.matches, page.more) == (1, False)
    page = isapi_search.search_page(
        result("OK", item("101", "a", "b", "lock"), item("101", "c", "d")), "101"
    )
    assert (page.spans, page.locked) == ((("a", "b"), ("c", "d")), (("a", "b"),))
    page = isapi_search.search_page(result("NO MATCHES"), "101")
    assert (page.spans, page.more) == ((), False)
    assert not isapi_search.search_page(result("MORE"), "101").more
    with pytest.raises(ProtocolError, match="INVALID"):
        isapi_search.search_page(result("INVALID SEARCH"), "101")


def test_days_with_footage() -> None:
    row = "<day><id>{0}</id><dayOfMonth>{0}</dayOfMonth><record>{1}</record><recordType>time</recordType></day>"
    rows = (
        row.format(1, "true")
        + row.format(2, "false")
        + row.format(32, "true")
        + row.format(3, "perhaps")
    )
    assert isapi_search.daily(xml("trackDailyDistribution", f"<dayList>{rows}</dayList>")) == {
        1: True,
        2: False,
    }
    assert (
        isapi_search.daily_path("101") == "/ISAPI/ContentMgmt/record/tracks/101/dailyDistribution"
    )
    root = etree.fromstring(isapi_search.daily_request(2026, 11))
    assert [(one.tag, one.text) for one in root] == [("year", "2026"), ("monthOfYear", "11")]
