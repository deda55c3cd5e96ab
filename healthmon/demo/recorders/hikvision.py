"""ISAPI replies of a simulated recorder.

Variants: ``local times`` (footage in local time with a Z, as many firmwares have it), ``old`` (no
call for the state of all channels). The fault ``zone`` names one of `RULES`; with ``locked`` the
first day is kept as evidence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from healthmon.demo import footage
from healthmon.demo.recorders.engine import Answer, Asked, SimRecorder

RULES = {
    "Europe/London": "GMT+0:00:00DST01:00:00,M3.5.0/01:00:00,M10.5.0/02:00:00",
    "Europe/Berlin": "CST-1:00:00DST01:00:00,M3.5.0/02:00:00,M10.5.0/03:00:00",
    "America/New_York": "CST+5:00:00DST01:00:00,M3.2.0/02:00:00,M11.1.0/02:00:00",
    "Asia/Kolkata": "CST-5:30:00",
}
MIB = 3_815_447
_NS = 'version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema"'


def replies(recorder: SimRecorder, asked: Asked) -> Answer | None:
    """The reply to one request; None for what this device does not have."""
    device = recorder.device
    if asked.method == "POST":
        return _search(recorder, asked)
    old = device.variant == "old"
    answers: dict[str, Callable[[], Answer | None]] = {
        "/ISAPI/System/deviceInfo": lambda: _xml(
            "DeviceInfo",
            f"<deviceName>{device.name}</deviceName><model>DS-9664NI-I8</model><serialNumber>{device.serial}</serialNumber>"
            "<firmwareVersion>V4.61.025</firmwareVersion>",
        ),
        "/ISAPI/System/time": lambda: _time(recorder),
        "/ISAPI/System/status": lambda: _xml(
            "DeviceStatus",
            "<CPUList><CPU><cpuUtilization>12</cpuUtilization></CPU></CPUList><deviceUpTime>864000</deviceUpTime>",
        ),
        "/ISAPI/ContentMgmt/Storage": lambda: _storage(recorder),
        "/ISAPI/ContentMgmt/record/tracks": lambda: _tracks(recorder),
        "/ISAPI/ContentMgmt/InputProxy/channels/status": lambda: _inputs(recorder),
        "/ISAPI/System/workingstatus/chanStatus": lambda: None if old else _states(recorder),
    }
    return answers[asked.path]() if asked.path in answers else None


def _xml(root: str, inside: str, *, search: bool = False) -> Answer:
    return Answer(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} {_NS}>{inside}</{root}>', search=search
    )


def _zone(recorder: SimRecorder) -> ZoneInfo:
    return ZoneInfo(str(recorder.device.faults.get("zone", "Europe/London")))


def _time(recorder: SimRecorder) -> Answer:
    """The offset behind localTime is the standard one, in summer too."""
    zone = _zone(recorder)
    local = datetime.fromtimestamp(recorder.device.now(), zone)
    dst = local.dst() or timedelta()
    standard = (local.utcoffset() or timedelta()) - dst
    mode = "manual" if recorder.device.has("clock_manual") else "NTP"
    text = local.replace(tzinfo=timezone(standard)).isoformat(timespec="seconds")
    return _xml(
        "Time",
        f"<timeMode>{mode}</timeMode><localTime>{text}</localTime><timeZone>{RULES[zone.key]}</timeZone>",
    )


def _storage(recorder: SimRecorder) -> Answer:
    disks = "".join(
        f"<hdd><id>{n}</id><hddName>hdd{n}</hddName><status>{'error' if n == 2 and failed else 'ok'}</status>"
        f"<capacity>{MIB}</capacity><freeSpace>0</freeSpace><property>RW</property></hdd>"
        for n in range(1, 5)
        for failed in [recorder.device.has("disk_failed")]
    )
    return _xml("storage", f"<hddList>{disks}</hddList><nasList/>")


def _tracks(recorder: SimRecorder) -> Answer:
    rows = "".join(
        f"<Track><id>{channel}0{stream}</id><Channel>{channel}0{stream}</Channel><Enable>true</Enable>"
        "<Duration>P31DT0H</Duration><DefaultRecordingMode>CMR</DefaultRecordingMode><LoopEnable>true</LoopEnable></Track>"
        for channel in recorder.channels
        for stream in (1, 2)
    )
    return _xml("TrackList", rows)


def _inputs(recorder: SimRecorder) -> Answer:
    rows = "".join(
        f"<InputProxyChannelStatus><id>{channel}</id><online>{str(not _lost(recorder, channel)).lower()}</online>"
        "</InputProxyChannelStatus>"
        for channel in recorder.channels
    )
    return _xml("InputProxyChannelStatusList", rows)


def _lost(recorder: SimRecorder, channel: str) -> bool:
    return footage.hit(recorder.device, "channel_lost", channel)


def _states(recorder: SimRecorder) -> Answer:
    rows = [
        {
            "chanNo": int(channel),
            "name": name,
            "online": int(not _lost(recorder, channel)),
            "record": int(footage.recording(recorder.device, channel)),
            "recordStatus": 2 if _lost(recorder, channel) else 0,
            "signal": int(_lost(recorder, channel)),
        }
        for channel, name in recorder.channels.items()
    ]
    return Answer(json.dumps({"ChanStatus": rows}), "application/json")


# ------------------------------------------------------------------------------------------------ searches


def _search(recorder: SimRecorder, asked: Asked) -> Answer | None:
    if found := re.fullmatch(
        r"/ISAPI/ContentMgmt/record/tracks/(\d+)01/dailyDistribution", asked.path
    ):
        return _daily(
            recorder, found[1], _field(asked.body, "year"), _field(asked.body, "monthOfYear")
        )
    if asked.path != "/ISAPI/ContentMgmt/search":
        return None
    track = _field(asked.body, "trackID")
    start, end = (_moment(recorder, _field(asked.body, name)) for name in ("startTime", "endTime"))
    files = footage.files(recorder.device, str(int(track) // 100), start, end)
    at, most = int(_field(asked.body, "searchResultPostion")), int(_field(asked.body, "maxResults"))
    page = files[at : at + most]
    said = "NO MATCHES" if not files else "MORE" if at + most < len(files) else "OK"
    rows = "".join(
        f"<searchMatchItem><trackID>{track}</trackID><timeSpan><startTime>{_stamp(recorder, a)}</startTime>"
        f"<endTime>{_stamp(recorder, b)}</endTime></timeSpan><mediaSegmentDescriptor><contentType>video</contentType>"
        f"<lockStatus>{_lock(recorder, a)}</lockStatus></mediaSegmentDescriptor></searchMatchItem>"
        for a, b in page
    )
    inside = f"<searchID>{_field(asked.body, 'searchID')}</searchID><responseStatus>true</responseStatus>"
    inside += (
        f"<responseStatusStrg>{said}</responseStatusStrg><numOfMatches>{len(page)}</numOfMatches>"
    )
    return _xml("CMSearchResult", f"{inside}<matchList>{rows}</matchList>", search=True)


def _lock(recorder: SimRecorder, start: float) -> str:
    """The first day is kept as evidence."""
    first_day = start < footage.oldest(recorder.device) + footage.DAY
    return "lock" if recorder.device.has("locked") and first_day else "unlock"


def _field(body: str, name: str) -> str:
    found = re.search(rf"<{name}>([^<]*)</{name}>", body)
    return found[1] if found else ""


def _moment(recorder: SimRecorder, text: str) -> float:
    found = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007 - its zone comes next
    return found.replace(
        tzinfo=_zone(recorder) if recorder.device.variant == "local times" else UTC
    ).timestamp()


def _stamp(recorder: SimRecorder, moment: float) -> str:
    zone = _zone(recorder) if recorder.device.variant == "local times" else UTC
    return datetime.fromtimestamp(moment, zone).strftime("%Y-%m-%dT%H:%M:%SZ")


def _daily(recorder: SimRecorder, channel: str, year: str, month: str) -> Answer:
    day = datetime(int(year), int(month), 1, tzinfo=_zone(recorder))
    rows = ""
    while day.month == int(month):
        has = bool(
            footage.files(
                recorder.device, channel, day.timestamp(), (day + timedelta(days=1)).timestamp()
            )
        )
        rows += f"<day><dayOfMonth>{day.day}</dayOfMonth><record>{str(has).lower()}</record></day>"
        day += timedelta(days=1)
    return _xml("trackDailyDistribution", f"<dayList>{rows}</dayList>", search=True)
