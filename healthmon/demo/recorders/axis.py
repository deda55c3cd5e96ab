"""VAPIX replies of a simulated recorder: its list of recordings, disks, clock."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from healthmon.demo import footage
from healthmon.demo.recorders.engine import Answer, Asked, SimRecorder

KILOBYTES = 3_900_000_000
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n<root xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'


def replies(recorder: SimRecorder, asked: Asked) -> Answer | None:
    """The reply to one request; None for what this device does not have."""
    if asked.method == "POST":
        return _json(recorder, asked)
    if asked.path == "/axis-cgi/disks/list.cgi":
        return _disks(recorder)
    if asked.path == "/axis-cgi/disks/gethealth.cgi":
        bad = recorder.device.has("disk_failed")
        row = f'<HealthStatus diskid="sata1" wear="-1" temperature="311" overallhealth="{0 if bad else 1}"/>'
        return Answer(
            f"{_XML}<DiskHealthResponse><Success><HealthStatusSuccess>{row}</HealthStatusSuccess></Success></DiskHealthResponse></root>"
        )
    return _recordings(recorder, asked) if asked.path == "/axis-cgi/record/list.cgi" else None


def _disks(recorder: SimRecorder) -> Answer:
    word = "failed" if recorder.device.has("disk_failed") else "OK"
    rows = (
        f'<disk diskid="sata1" name="" totalsize="{KILOBYTES}" freesize="0" cleanuplevel="90" cleanupmaxage="31" '
        f'cleanuppolicy="fifo" locked="no" full="yes" readonly="no" status="{word}" filesystem="ext4"/>'
        '<disk diskid="NetworkShare" name="" totalsize="0" freesize="0" cleanuppolicy="none" status="disconnected"/>'
    )
    return Answer(f'{_XML}<disks numberofdisks="2">{rows}</disks></root>')


def _recordings(recorder: SimRecorder, asked: Asked) -> Answer:
    query, device = asked.query, recorder.device
    since = datetime.fromisoformat(query["starttime"]).timestamp() if "starttime" in query else 0.0
    rows = [
        (start, stop, channel)
        for channel in recorder.channels
        if query.get("source", channel) == channel
        for start, stop in footage.files(
            device, channel, max(since, footage.oldest(device)), device.now()
        )
    ]
    rows.sort(reverse=query.get("sortorder") == "descending")
    at, most = (
        int(query.get("startatresultnumber", "0")),
        int(query.get("maxnumberofresults", "-1")),
    )
    page = rows[at : at + most] if most >= 0 else rows[at:]
    told = "".join(_recording(recorder, row) for row in page)
    head = f'totalnumberofrecordings="{len(rows)}" numberofrecordings="{len(rows)}"'
    return Answer(f"{_XML}<recordings {head}>{told}</recordings></root>", search=True)


def _recording(recorder: SimRecorder, row: tuple[float, float, str]) -> str:
    start, stop, channel = row
    locked = "Yes" if _locked(recorder, start) else "No"
    going = footage.recording(recorder.device, channel) and stop > recorder.device.now() - 1
    return (
        f'<recording diskid="sata1" recordingid="{channel}-{start:.0f}" starttime="{_stamp(start)}" '
        f'stoptime="{"" if going else _stamp(stop)}" recordingtype="continuous" eventid="continuous" '
        f'recordingstatus="{"recording" if going else "completed"}" source="{channel}" locked="{locked}"/>'
    )


def _locked(recorder: SimRecorder, start: float) -> bool:
    return recorder.device.has("locked") and start < footage.oldest(recorder.device) + footage.DAY


def _stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _json(recorder: SimRecorder, asked: Asked) -> Answer | None:
    try:
        method = json.loads(asked.body)["method"]
    except (ValueError, KeyError, TypeError):
        return Answer('{"error": {"code": 4000, "message": "Invalid JSON"}}', "application/json")
    device = recorder.device
    client = {
        "enabled": not device.has("clock_manual"),
        "synced": not device.has("ntp_lost"),
        "serversSource": "static",
        "staticServers": ["ntp"],
    }
    answers: dict[str, dict[str, object]] = {
        "/axis-cgi/time.cgi getDateTimeInfo": {
            "dateTime": datetime.fromtimestamp(device.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "timeZone": "Europe/London",
        },
        "/axis-cgi/ntp.cgi getNTPInfo": {"client": client},
        "/axis-cgi/basicdeviceinfo.cgi getAllProperties": {
            "propertyList": {
                "ProdShortName": "AXIS S3008",
                "SerialNumber": device.serial,
                "Version": "11.11.73",
            }
        },
        "/axis-cgi/systemready.cgi systemready": {
            "systemready": "yes",
            "needsetup": "no",
            "uptime": "864000",
        },
    }
    found = answers.get(f"{asked.path} {method}")
    if found is None:
        return None
    return Answer(
        json.dumps({"apiVersion": "1.0", "context": "sim", "method": method, "data": found}),
        "application/json",
    )
