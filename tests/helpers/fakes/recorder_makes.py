"""What a well recorder of each make answers: one channel "1", recorded without gaps for 31.5 days.

The formats are those of the makers' documents; nothing here is shared with the product.
"""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from helpers.fakes.recorder_web import Answer, Asked

DAY = 86400.0
LENGTH, AGE = DAY / 2, 31.5 * DAY
Span = tuple[float, float]


def footage(gaps: tuple[Span, ...] = (), age: float = AGE) -> list[Span]:
    """Files of half a day from `age` ago until now, without `gaps` (seconds ago: from, to)."""
    now = time.time()
    edges = [now - age + n * LENGTH for n in range(int(age / LENGTH) + 1)]
    files = [(start, min(start + LENGTH, now)) for start in edges if start < now]
    for begin, end in gaps:
        low, high = now - begin, now - end
        cut = [(a, min(b, low)) for a, b in files] + [(max(a, high), b) for a, b in files]
        files = sorted({(a, b) for a, b in cut if b > a})
    return files


@dataclass
class Well:
    """What the recorder tells; `disks` are (name, state in the maker's word, megabytes).

    `general`: an ONVIF recorder's search gives the state of its hardware (GeneralStartEvents).
    """

    disks: list[tuple[str, str, int]] = field(default_factory=list)
    files: Callable[[], list[Span]] = footage
    found: dict[str, list[Span]] = field(default_factory=dict)
    mode: str = "NTP"
    general: bool = False

    def between(self, start: float, end: float) -> list[Span]:
        """The files with a part between two moments."""
        return [(a, b) for a, b in self.files() if b > start and a < end]


# ---------------------------------------------------------------------------------------- Hikvision


def hikvision(well: Well) -> Callable[[Asked], Answer | None]:
    """ISAPI."""
    well.disks = well.disks or [("hdd1", "ok", 4_000_000)]

    def answer(asked: Asked) -> Answer | None:
        path = asked.target.partition("?")[0].removeprefix("/ISAPI")
        if path == "/ContentMgmt/search":
            return _isapi("CMSearchResult", _isapi_search(well, asked.body))
        if path == "/System/workingstatus/chanStatus":
            state = {"chanNo": 1, "name": "Gate", "online": 1, "record": 1, "signal": 0}
            return Answer(json.dumps({"ChanStatus": [state]}), kind="application/json")
        tables = {
            "/System/deviceInfo": (
                "DeviceInfo",
                "<model>DS-96</model><serialNumber>1</serialNumber>",
            ),
            "/System/time": ("Time", _isapi_time(well)),
            "/System/status": ("DeviceStatus", "<deviceUpTime>864000</deviceUpTime>"),
            "/ContentMgmt/Storage": ("storage", _isapi_disks(well)),
            "/ContentMgmt/record/tracks": ("TrackList", _TRACK),
            "/ContentMgmt/InputProxy/channels/status": ("InputProxyChannelStatusList", _INPUT),
        }
        return _isapi(*tables[path]) if path in tables else None

    return answer


_TRACK = (
    "<Track><id>101</id><Channel>1</Channel><Enable>true</Enable><Duration>P0DT0H</Duration>"
    "<DefaultRecordingMode>CMR</DefaultRecordingMode><LoopEnable>true</LoopEnable></Track>"
)
_INPUT = "<InputProxyChannelStatus><id>1</id><online>true</online></InputProxyChannelStatus>"


def _isapi(root: str, inside: str) -> Answer:
    return Answer(f'<{root} xmlns="http://www.hikvision.com/ver20/XMLSchema">{inside}</{root}>')


def _isapi_time(well: Well) -> str:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    return f"<timeMode>{well.mode}</timeMode><localTime>{now}</localTime><timeZone>UTC0</timeZone>"


def _isapi_disks(well: Well) -> str:
    rows = "".join(
        f"<hdd><id>{n}</id><hddName>{name}</hddName><status>{state}</status>"
        f"<capacity>{size}</capacity><freeSpace>0</freeSpace></hdd>"
        for n, (name, state, size) in enumerate(well.disks, 1)
    )
    return f"<hddList>{rows}</hddList>"


def _isapi_search(well: Well, body: str) -> str:
    told = dict(re.findall(r"<(startTime|endTime|maxResults|searchResultPostion)>([^<]*)<", body))
    start, end = (
        datetime.fromisoformat(told[name]).timestamp() for name in ("startTime", "endTime")
    )
    files = well.between(start, end)
    at, most = int(told["searchResultPostion"]), int(told["maxResults"])
    page = files[at : at + most]
    said = "NO MATCHES" if not files else "MORE" if at + most < len(files) else "OK"
    rows = "".join(
        f"<searchMatchItem><trackID>101</trackID><timeSpan><startTime>{_z(a)}</startTime>"
        f"<endTime>{_z(b)}</endTime></timeSpan></searchMatchItem>"
        for a, b in page
    )
    return (
        f"<responseStatus>true</responseStatus><responseStatusStrg>{said}</responseStatusStrg>"
        f"<numOfMatches>{len(page)}</numOfMatches><matchList>{rows}</matchList>"
    )


def _z(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# -------------------------------------------------------------------------------------------- Dahua


def dahua(well: Well) -> Callable[[Asked], Answer | None]:
    """The HTTP API of a recorder whose local time is UTC."""
    well.disks = well.disks or [("/dev/sda", "Success", 4_000_000)]

    def answer(asked: Asked) -> Answer | None:
        path, _, query = asked.target.partition("?")
        told = dict(parse_qsl(query, keep_blank_values=True))
        name = path.removeprefix("/cgi-bin/")
        if name == "api/recordManager/getStateAll":
            return Answer(json.dumps({"state": [{"Main": {"State": 1}}]}), kind="application/json")
        if name == "mediaFileFind.cgi":
            return _plain(_dahua_find(well, told))
        lines = {
            "global.cgi": lambda: f"result={_civil(time.time())}",
            "magicBox.cgi": lambda: "serialNumber=1\nupdateSerial=NVR\nversion=4.0",
            "storageDevice.cgi": lambda: _dahua_disks(well),
            "eventManager.cgi": lambda: "Error: No Events",
            "configManager.cgi": lambda: _dahua_config(told.get("name", "")),
        }
        return _plain(lines[name]()) if name in lines else None

    return answer


def _plain(text: str) -> Answer:
    return Answer(text.replace("\n", "\r\n") + "\r\n", kind="text/plain")


def _civil(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _dahua_disks(well: Well) -> str:
    return "\n".join(
        f"list.info[{n}].Name={name}\nlist.info[{n}].State={state}\n"
        f"list.info[{n}].Detail[0].IsError={str(state == 'Failure').lower()}\n"
        f"list.info[{n}].Detail[0].TotalBytes={size * 1e6:f}\n"
        f"list.info[{n}].Detail[0].UsedBytes={size * 1e6:f}"
        for n, (name, state, size) in enumerate(well.disks)
    )


def _dahua_config(name: str) -> str:
    return {
        "NTP": "table.NTP.Enable=true\ntable.NTP.Address=ntp",
        "RecordMode": "table.RecordMode[0].Mode=1",
    }.get(name, "table.ChannelTitle[0].Name=Gate")


def _dahua_find(well: Well, told: dict[str, str]) -> str:
    made, action = told.get("object", ""), told["action"]
    if action == "factory.create":
        return "result=7"
    if action == "findFile":
        ends = (told[f"condition.{name}Time"] for name in ("Start", "End"))
        start, end = (datetime.fromisoformat(f"{at}+00:00").timestamp() for at in ends)
        well.found[made] = well.between(start, end)
    if action != "findNextFile":
        return "OK"
    count = int(told["count"])
    page, well.found[made] = well.found[made][:count], well.found[made][count:]
    rows = (
        f"items[{n}].StartTime={_civil(a)}\nitems[{n}].EndTime={_civil(b)}"
        for n, (a, b) in enumerate(page)
    )
    return "\n".join([f"found={len(page)}", *rows])


# --------------------------------------------------------------------------------------------- Axis


def axis(well: Well) -> Callable[[Asked], Answer | None]:
    """VAPIX."""
    well.disks = well.disks or [("SD_DISK", "OK", 4_000_000)]

    def answer(asked: Asked) -> Answer | None:
        path, _, query = asked.target.partition("?")
        name = path.removeprefix("/axis-cgi/")
        found: dict[str, object] = {
            "time.cgi": {"dateTime": _z(time.time())},
            "ntp.cgi": {"client": {"enabled": True, "synced": True, "staticServers": ["ntp"]}},
            "basicdeviceinfo.cgi": {"propertyList": {"ProdShortName": "AXIS", "Version": "11"}},
            "systemready.cgi": {"systemready": "yes", "uptime": "864000"},
        }
        if name in found:
            return Answer(json.dumps({"data": found[name]}), kind="application/json")
        if name == "disks/list.cgi":
            return Answer(f"<root><disks>{_axis_disks(well)}</disks></root>")
        if name == "disks/gethealth.cgi":
            return Answer("<root><HealthStatusSuccess/></root>")
        if name == "record/list.cgi":
            return Answer(_axis_list(well, dict(parse_qsl(query))))
        return None

    return answer


def _axis_disks(well: Well) -> str:
    return "".join(
        f'<disk diskid="{name}" totalsize="{size * 1000}" freesize="0" cleanuppolicy="fifo" '
        f'full="no" readonly="no" locked="no" status="{state}"/>'
        for name, state, size in well.disks
    )


def _axis_list(well: Well, query: dict[str, str]) -> str:
    since = query.get("starttime")
    rows = well.between(
        datetime.fromisoformat(since).timestamp() if since else 0.0, time.time() + 1
    )
    rows.sort(reverse=query.get("sortorder") == "descending")
    at, most = int(query.get("startatresultnumber", 0)), int(query.get("maxnumberofresults", 1000))
    told = "".join(
        f'<recording diskid="SD_DISK" recordingid="{a:.0f}" starttime="{_z(a)}" stoptime="{_z(b)}" '
        f'recordingtype="continuous" recordingstatus="completed" source="1"/>'
        for a, b in rows[at : at + most]
    )
    return f'<root><recordings numberofrecordings="{len(rows)}">{told}</recordings></root>'


# ------------------------------------------------------------------------------- ONVIF Profile G


def onvif(well: Well) -> Callable[[Asked], Answer | None]:
    """Device, search, recording and replay service on one path each."""
    answers: dict[str, Callable[[str], str]] = {
        "GetSystemDateAndTime": lambda _: _onvif_time(),
        "GetDeviceInformation": lambda _: _ABOUT,
        "GetNetworkInterfaces": lambda _: _INTERFACES,
        "GetServices": lambda _: _onvif_services(well),
        "GetNTP": lambda _: _NTP,
        "FindRecordings": lambda _: _token("FindRecordings"),
        "GetRecordingSearchResults": lambda _: _onvif_recordings(well),
        "FindEvents": lambda body: _onvif_find(well, body),
        "GetEventSearchResults": lambda body: _onvif_events(well, body),
        "EndSearch": lambda _: "<tse:EndSearchResponse/>",
        "GetRecordings": lambda _: "<trc:GetRecordingsResponse/>",
        "GetRecordingJobs": lambda _: "<trc:GetRecordingJobsResponse/>",
    }

    def answer(asked: Asked) -> Answer | None:
        if asked.operation not in answers:
            return None
        inside = answers[asked.operation](asked.body)
        return Answer(f"<s:Envelope{_NAMESPACES}><s:Body>{inside}</s:Body></s:Envelope>")

    return answer


_NAMESPACES = (
    ' xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tt="http://www.onvif.org/ver10/schema"'
    ' xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:tse="http://www.onvif.org/ver10/search/wsdl"'
    ' xmlns:trc="http://www.onvif.org/ver10/recording/wsdl" xmlns:ter="http://www.onvif.org/ver10/error"'
    ' xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2"'
)
_ABOUT = (
    "<tds:GetDeviceInformationResponse><tds:Manufacturer>Acme</tds:Manufacturer><tds:Model>N1</tds:Model>"
    "<tds:FirmwareVersion>1</tds:FirmwareVersion><tds:SerialNumber>1</tds:SerialNumber>"
    "<tds:HardwareId>1</tds:HardwareId></tds:GetDeviceInformationResponse>"
)
_INTERFACES = (
    '<tds:GetNetworkInterfacesResponse><tds:NetworkInterfaces token="e"><tt:Enabled>true</tt:Enabled>'
    "</tds:NetworkInterfaces></tds:GetNetworkInterfacesResponse>"
)
_NTP = (
    "<tds:GetNTPResponse><tds:NTPInformation><tt:FromDHCP>false</tt:FromDHCP><tt:NTPManual>"
    "<tt:Type>DNS</tt:Type><tt:DNSname>ntp</tt:DNSname></tt:NTPManual></tds:NTPInformation></tds:GetNTPResponse>"
)


def _onvif_services(well: Well) -> str:
    general = f'<tse:Capabilities GeneralStartEvents="{str(well.general).lower()}"/>'
    rows = "".join(
        f"<tds:Service><tds:Namespace>http://www.onvif.org/ver10/{name}/wsdl</tds:Namespace>"
        f"<tds:XAddr>http://127.0.0.1/onvif/{name}</tds:XAddr>"
        f"<tds:Capabilities>{general if name == 'search' else ''}</tds:Capabilities></tds:Service>"
        for name in ("search", "recording", "replay")
    )
    return f"<tds:GetServicesResponse>{rows}</tds:GetServicesResponse>"


def fault(subcode: str, reason: str = "refused") -> str:
    """A SOAP fault."""
    return (
        f"<s:Envelope{_NAMESPACES}><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode>"
        f"<s:Value>ter:{subcode}</s:Value></s:Subcode></s:Code><s:Reason>"
        f'<s:Text xml:lang="en">{reason}</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>'
    )


def _onvif_time() -> str:
    now = datetime.now(UTC)
    clock = f"<tt:Hour>{now.hour}</tt:Hour><tt:Minute>{now.minute}</tt:Minute>"
    clock += f"<tt:Second>{now.second}</tt:Second>"
    day = f"<tt:Year>{now.year}</tt:Year><tt:Month>{now.month}</tt:Month><tt:Day>{now.day}</tt:Day>"
    utc = f"<tt:UTCDateTime><tt:Time>{clock}</tt:Time><tt:Date>{day}</tt:Date></tt:UTCDateTime>"
    inside = (
        "<tt:DateTimeType>NTP</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings>"
        f"<tt:TimeZone><tt:TZ>GMT0</tt:TZ></tt:TimeZone>{utc}"
    )
    return (
        f"<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime>{inside}"
        "</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
    )


def _token(operation: str) -> str:
    made = f"<tse:SearchToken>{operation}</tse:SearchToken>"
    return f"<tse:{operation}Response>{made}</tse:{operation}Response>"


def _results(operation: str, rows: str) -> str:
    inside = f"<tt:SearchState>Completed</tt:SearchState>{rows}"
    return f"<tse:{operation}Response><tse:ResultList>{inside}</tse:ResultList></tse:{operation}Response>"


def _onvif_recordings(well: Well) -> str:
    files = well.files()
    first, last = _z(files[0][0]), _z(files[-1][1])
    row = (
        "<tt:RecordingInformation><tt:RecordingToken>R1</tt:RecordingToken><tt:Source>"
        "<tt:SourceId>1</tt:SourceId><tt:Name>1</tt:Name></tt:Source>"
        f"<tt:EarliestRecording>{first}</tt:EarliestRecording><tt:LatestRecording>{last}</tt:LatestRecording>"
        "<tt:Content>Video</tt:Content><tt:Track><tt:TrackToken>V1</tt:TrackToken>"
        f"<tt:TrackType>Video</tt:TrackType><tt:DataFrom>{first}</tt:DataFrom><tt:DataTo>{last}</tt:DataTo>"
        "</tt:Track><tt:RecordingStatus>Recording</tt:RecordingStatus></tt:RecordingInformation>"
    )
    return _results("GetRecordingSearchResults", row)


def _onvif_find(well: Well, body: str) -> str:
    found = re.search(r"StartPoint>([^<]*)<", body)
    start = datetime.fromisoformat(found[1]).timestamp() if found else 0.0
    well.found["events"] = [(start, time.time())]
    well.found["hardware"] = [(0.0, 0.0)] if "HardwareFailure" in body else []
    return _token("FindEvents")


def _onvif_hardware(at: float) -> str:
    row = (
        f"<tt:Result><tt:RecordingToken/><tt:TrackToken/><tt:Time>{_z(at)}</tt:Time><tt:Event>"
        "<wsnt:Topic>tns1:Device/HardwareFailure/StorageFailure</wsnt:Topic><wsnt:Message>"
        f'<tt:Message UtcTime="{_z(at)}"><tt:Source><tt:SimpleItem Name="Token" Value="Disk 1"/></tt:Source>'
        '<tt:Data><tt:SimpleItem Name="Failed" Value="false"/></tt:Data></tt:Message></wsnt:Message>'
        "</tt:Event><tt:StartStateEvent>true</tt:StartStateEvent></tt:Result>"
    )
    return _results("GetEventSearchResults", row)


def _onvif_events(well: Well, _: str) -> str:
    start, now = well.found["events"][0]
    if well.found["hardware"]:
        return _onvif_hardware(start)
    files = well.between(start, now)
    present = any(a <= start for a, _ in files)
    marks = [(start, present, True)]
    for (_, end), (begin, _) in itertools.pairwise(files):
        if begin - end > 1:
            marks += [(end, False, False), (begin, True, False)]
    rows = "".join(
        f"<tt:Result><tt:RecordingToken>R1</tt:RecordingToken><tt:TrackToken>V1</tt:TrackToken>"
        f"<tt:Time>{_z(at)}</tt:Time><tt:Event><wsnt:Topic>tns1:RecordingHistory/Track/State</wsnt:Topic>"
        f'<wsnt:Message><tt:Message UtcTime="{_z(at)}"><tt:Source>'
        '<tt:SimpleItem Name="RecordingToken" Value="R1"/><tt:SimpleItem Name="Track" Value="V1"/></tt:Source>'
        f'<tt:Data><tt:SimpleItem Name="IsDataPresent" Value="{str(there).lower()}"/></tt:Data>'
        f"</tt:Message></wsnt:Message></tt:Event><tt:StartStateEvent>{str(first).lower()}</tt:StartStateEvent>"
        "</tt:Result>"
        for at, there, first in marks
    )
    return _results("GetEventSearchResults", rows)


MAKES = {"hikvision": hikvision, "dahua": dahua, "axis": axis, "onvif": onvif}
