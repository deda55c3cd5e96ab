"""RCP+ replies and SNMP objects of a simulated Bosch recorder.

Variant ``vrm``: a Video Recording Manager with a list of tracks. Faults: ``disk_failed`` (volume D:
is gone), ``volumes_moved``, ``fan_stopped``, ``hot``, ``slow_link``.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from healthmon.demo import footage
from healthmon.demo.recorders.engine import Answer, Asked, SimRecorder

ZONE = ZoneInfo("Europe/London")
E, HR = "1.3.6.1.4.1.3967", "1.3.6.1.2.1.25"
GARBAGE = "\x00\x17\x80"


def replies(recorder: SimRecorder, asked: Asked) -> Answer | None:
    """The reply to one RCP+ request; an unknown command is HTTP 200 with an error in it."""
    if asked.path != "/rcp.xml" or asked.method != "GET" or asked.query.get("direction") != "READ":
        return None
    command = asked.query.get("command", "")
    answer = {
        "0x0a07": "<hex>0x00000017</hex><dec>23</dec>",
        "0x01d6": f"<hex>0x0</hex><dec>{len(recorder.channels)}</dec>",
        "0x0ae7": f"<str>{recorder.device.serial.encode().hex(' ')}</str>",
        "0x0aea": f"<str>{b'DIVAR network 5000'.hex(' ')} 00</str>",
        "0x0cd4": "<str>8.90.0037</str>",
        "0x0a0f": f"<str>{_clock(recorder.device.now()).hex(' ')}</str>",
        "0xd007": f"<str>{_tracks(recorder).hex(' ')}</str>"
        if recorder.device.variant == "vrm"
        else "",
        "0x0b0e": f"<dec>{_state(recorder, asked.query.get('num', ''))}</dec>",
    }.get(command)
    return Answer(
        f'<?xml version="1.0"?><rcp><command><hex>{command}</hex></command><type>{asked.query.get("type")}</type>'
        f"<direction>READ</direction><payload/><result>{answer or '<err>0x40</err>'}</result></rcp>"
    )


def _clock(moment: float) -> bytes:
    local = datetime.fromtimestamp(moment, ZONE)
    parts = (local.month, local.day, local.hour, local.minute, local.second, local.isoweekday() % 7)
    return local.year.to_bytes(2, "big") + bytes(parts)


def _tracks(recorder: SimRecorder) -> bytes:
    """Blocks of length, number, address (least octet first), two octets and three UTF-16 texts."""
    out = b""
    for number, name in recorder.channels.items():
        texts = (name, "Tree|VRM", "https://192.0.2.1")
        body = b"".join(text.encode("utf-16-be") + b"\0\0" for text in texts)
        head = int(number).to_bytes(2, "big") + bytes((1, 2, 0, 192, 0x30, 1))
        out += (len(body) + len(head) + 2).to_bytes(2, "big") + head + body
    return out


def _state(recorder: SimRecorder, channel: str) -> int:
    """A command that does not exist in this form: what config.yaml may name is data."""
    return int(footage.recording(recorder.device, channel))


def objects(recorder: SimRecorder) -> dict[str, int | str | bytes]:
    """What its SNMP agent tells: enterprise 3967 and HOST-RESOURCES-MIB."""
    device = recorder.device
    local = datetime.fromtimestamp(device.now(), ZONE)
    stamp = local.year.to_bytes(2, "big") + bytes(
        (local.month, local.day, local.hour, local.minute, local.second, 0)
    )
    table: dict[str, int | str | bytes] = {
        f"{E}.1.1.1.7.0": "Bosch" + GARBAGE,
        f"{E}.1.1.1.5.0": "8.90.0037" + GARBAGE,
        f"{E}.1.1.5.1.0": "DIVAR network 5000" + GARBAGE,
        f"{E}.1.1.7.1.1.1": 915 if device.has("hot") else 441,
        f"{E}.1.1.8.1.1.1": 0 if device.has("fan_stopped") else 2350,
        f"{E}.1.1.8.1.1.2": 0,
        f"{E}.1.1.9.1.1.1": 77,
        f"{E}.1.1.10.0": 47,
        f"{E}.1.5.1.8.1.1": 3 if device.has("slow_link") else 5,
        f"{E}.1.1.1.3.1.1.1": "Gate" + GARBAGE,
        f"{E}.1.3.1.1.1.1": 1,
        f"{HR}.1.1.0": 86_400_000,
        f"{HR}.1.2.0": stamp,
        f"{HR}.3.3.1.2.6": 40,
        f"{HR}.3.3.1.2.7": 60,
    }
    volumes = ["C:\\ Label:System", "D:\\ Label:Recordings  Serial Number 5c1f"]
    left = (
        volumes[:1]
        if device.has("disk_failed")
        else volumes[:: -1 if device.has("volumes_moved") else 1]
    )
    for number, name in enumerate(left, 1):
        table[f"{HR}.2.3.1.3.{number}"] = name
        for column, value in ((4, 65536), (5, 60_000_000), (6, 59_000_000)):
            table[f"{HR}.2.3.1.{column}.{number}"] = value
    return table
