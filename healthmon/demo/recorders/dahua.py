"""Replies of a simulated Dahua recorder. Variant ``old``: no call for the state of all channels.

Finders are counted: `objects` holds those that nobody has destroyed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from healthmon.demo import footage
from healthmon.demo.recorders.engine import Answer, Asked, SimRecorder

ZONE = ZoneInfo("Europe/London")
_FIND = "/cgi-bin/mediaFileFind.cgi"
_TEXT = "text/plain"


def replies(recorder: SimRecorder, asked: Asked) -> Answer | None:
    """The reply to one request; None for what this device does not have."""
    device, action = recorder.device, asked.query.get("action", "")
    if asked.path == _FIND:
        return _find(recorder, action, asked.query)
    if asked.method == "POST":
        known = asked.path == "/cgi-bin/api/recordManager/getStateAll" and device.variant != "old"
        return _states(recorder) if known else None
    answers: dict[str, Callable[[], str]] = {
        "global.cgi getCurrentTime": lambda: f"result={_local(device.now())}",
        "magicBox.cgi getMachineName": lambda: f"name={device.name}",
        "magicBox.cgi getSerialNo": lambda: f"sn={device.serial}",
        "magicBox.cgi getSystemInfo": lambda: (
            f"deviceType=31\nserialNumber={device.serial}\nupdateSerial=DHI-NVR5464"
        ),
        "magicBox.cgi getSoftwareVersion": lambda: "version=4.001.0000000.1,build:2021-05-12",
        "storageDevice.cgi getDeviceAllInfo": lambda: _storage(recorder),
        "eventManager.cgi getEventIndexes": lambda: _event(recorder, asked.query.get("code", "")),
        "configManager.cgi getConfig": lambda: _config(recorder, asked.query.get("name", "")),
    }
    name = f"{asked.path.removeprefix('/cgi-bin/')} {action}"
    return Answer(answers[name]() + "\r\n", _TEXT) if name in answers else None


def _local(moment: float) -> str:
    return datetime.fromtimestamp(moment, ZONE).strftime("%Y-%m-%d %H:%M:%S")


def _storage(recorder: SimRecorder) -> str:
    bad = recorder.device.has("disk_failed")
    lines = []
    for n, name in enumerate(("sda", "sdb")):
        failed = bad and n == 1
        lines += [
            f"list.info[{n}].Name=/dev/{name}",
            f"list.info[{n}].State={'Failure' if failed else 'Success'}",
            f"list.info[{n}].Detail[0].IsError={str(failed).lower()}",
            f"list.info[{n}].Detail[0].TotalBytes=4000787030016.000000",
            f"list.info[{n}].Detail[0].UsedBytes=4000787030016.000000",
        ]
    return "\n".join(lines)


def _event(recorder: SimRecorder, code: str) -> str:
    fault = {"VideoLoss": "channel_lost", "VideoBlind": "view_covered"}.get(code, code)
    having = [
        int(name) - 1 for name in recorder.channels if footage.hit(recorder.device, fault, name)
    ]
    return (
        "\n".join(f"channels[{n}]={index}" for n, index in enumerate(having)) or "Error: No Events"
    )


def _config(recorder: SimRecorder, name: str) -> str:
    channels = enumerate(recorder.channels.items())
    if name == "NTP":
        return f"table.NTP.Address=ntp\ntable.NTP.Enable={str(not recorder.device.has('clock_manual')).lower()}"
    if name == "RecordMode":
        return "\n".join(f"table.RecordMode[{n}].Mode=1" for n, _ in channels)
    if name == "BlindDetect":
        off = recorder.device.has("blind_detection_off")
        return "\n".join(
            f"table.BlindDetect[{n}].Enable={str(not off).lower()}" for n, _ in channels
        )
    return "\n".join(f"table.ChannelTitle[{n}].Name={title}" for n, (_, title) in channels)


def _states(recorder: SimRecorder) -> Answer:
    rows = [
        {"Main": {"State": int(footage.recording(recorder.device, name))}, "Extra1": {"State": 0}}
        for name in recorder.channels
    ]
    return Answer(json.dumps({"state": rows}), "application/json")


def _find(recorder: SimRecorder, action: str, query: dict[str, str]) -> Answer | None:
    made = query.get("object", "")
    if action == "factory.create":
        recorder.objects_made += 1
        made = f"{recorder.objects_made:05d}"
        recorder.objects[made] = []
        return Answer(f"result={made}\r\n", _TEXT)
    if made not in recorder.objects:
        return Answer("Error\r\nBad Request!\r\n", _TEXT, "400 Bad Request")
    if action == "findFile":
        start, end = (_moment(query[f"condition.{name}Time"]) for name in ("Start", "End"))
        recorder.objects[made] = footage.files(
            recorder.device, query["condition.Channel"], start, end
        )
        return Answer("OK\r\n", _TEXT, search=True)
    if action == "findNextFile":
        return _next(recorder, made, int(query["count"]))
    action = action.removeprefix(
        "factory."
    )  # python-amcrest says factory.close, the document close
    if action == "destroy":
        del recorder.objects[made]
    return Answer("OK\r\n", _TEXT) if action in {"close", "destroy"} else None


def _next(recorder: SimRecorder, made: str, count: int) -> Answer:
    page, recorder.objects[made] = recorder.objects[made][:count], recorder.objects[made][count:]
    lines = [f"found={len(page)}"]
    for n, (start, end) in enumerate(page):
        lines += [
            f"items[{n}].StartTime={_local(start)}",
            f"items[{n}].EndTime={_local(end)}",
            f"items[{n}].Type=dav",
        ]
    return Answer("\r\n".join(lines) + "\r\n", _TEXT, search=True)


def _moment(text: str) -> float:
    found = datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - its zone comes next
    return found.replace(tzinfo=ZONE).timestamp()
