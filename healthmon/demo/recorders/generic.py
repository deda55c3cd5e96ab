"""A recorder of no known make: a small JSON and XML service, and an SNMP agent of its own, for
checks that are data.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

from healthmon.demo import footage
from healthmon.demo.recorders.engine import Answer, Asked, SimRecorder

ENTERPRISE = "1.3.6.1.4.1.8072.9999.9999"
JSON = "application/json"


def replies(recorder: SimRecorder, asked: Asked) -> Answer | None:
    """The reply to one request; None for what this service does not have."""
    if asked.method == "POST":
        known = asked.path == "/api/query/cameras" and "fields" in asked.body
        return _cameras(recorder) if known else None
    if asked.path == "/api/status":
        return _status(recorder)
    if asked.path == "/api/storages":
        return _storages(recorder)
    found = re.fullmatch(r"/api/cameras/([^/]+)/range", asked.path)
    return _range(recorder, found[1]) if found and found[1] in recorder.channels else None


def _status(recorder: SimRecorder) -> Answer:
    device = recorder.device
    status = {
        "product": {"version": "24.2", "serial": device.serial},
        "time": _stamp(device.now()),
        "clock": "manual" if device.has("clock_manual") else "NTP",
        "cpu": 23.0,
        "uptime": 864000,
        "overwrite": True,
        "alarms": [],
        "openAlarms": 1 if device.has("hot") else 0,
    }
    return Answer(json.dumps(status), JSON)


def _storages(recorder: SimRecorder) -> Answer:
    word = "Faulted" if recorder.device.has("disk_failed") else "Healthy"
    row = f'<storage name="Archive 1" health="{word}"><size unit="GB">4000</size><free>120</free></storage>'
    return Answer(f'<?xml version="1.0"?><list xmlns="urn:example:vms">{row}</list>')


def _cameras(recorder: SimRecorder) -> Answer:
    rows = [
        {
            "id": int(number),
            "displayName": name,
            "state": "Recording" if footage.recording(recorder.device, number) else "Idle",
            "video": not footage.hit(recorder.device, "channel_lost", number),
            "mode": "continuous",
        }
        for number, name in recorder.channels.items()
    ]
    return Answer(json.dumps({"cameras": rows}), JSON)


def _range(recorder: SimRecorder, channel: str) -> Answer:
    device = recorder.device
    first, now = footage.oldest(device), device.now()
    files = footage.files(device, channel, now - footage.DAY, now)
    return Answer(
        json.dumps({"first": _stamp(first), "last": files[-1][1] * 1000 if files else None}),
        JSON,
        search=True,
    )


def _stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


def objects(recorder: SimRecorder) -> dict[str, int | str | bytes]:
    """What its SNMP agent tells."""
    device = recorder.device
    utc = datetime.fromtimestamp(device.now(), UTC)
    stamp = (
        utc.year.to_bytes(2, "big")
        + bytes((utc.month, utc.day, utc.hour, utc.minute, utc.second, 0))
        + b"+\0\0"
    )
    table: dict[str, int | str | bytes] = {
        f"{ENTERPRISE}.1.0": device.serial,
        f"{ENTERPRISE}.2.0": stamp,
        f"{ENTERPRISE}.3.0": 915 if device.has("hot") else 441,
        f"{ENTERPRISE}.4.0": "FAULT" if device.has("disk_failed") else "OK",
    }
    for number in recorder.channels:
        running = footage.recording(device, number)
        newest = device.now() - (0 if running else footage.STOPPED_SECONDS)
        table |= {
            f"{ENTERPRISE}.5.{number}": 1 if running else 2,
            f"{ENTERPRISE}.6.{number}": 0 if footage.hit(device, "channel_lost", number) else 1,
            f"{ENTERPRISE}.7.{number}": int(newest),
            f"{ENTERPRISE}.8.{number}": int(footage.oldest(device)),
        }
    return table
