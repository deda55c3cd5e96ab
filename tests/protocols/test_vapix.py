"""VAPIX replies as the VAPIX library shows them."""

from __future__ import annotations

import json

import pytest

from healthmon.protocols.errors import ProtocolError, RejectedError, UnsupportedError
from healthmon.protocols.values import dates
from healthmon.protocols.vendor import vapix
from healthmon.protocols.vendor.vapix import DiskHealth, DiskRow

DISKS = b"""<?xml version="1.0" encoding="UTF-8"?>
<root xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:noNamespaceSchemaLocation="http://www.axis.com/vapix/http_cgi/disk/list1.xsd"><disks numberofdisks="2">
<disk diskid="SD_DISK" name="" totalsize="64000" freesize="32000" cleanuplevel="90" cleanupmaxage="31" cleanuppolicy="fifo"
 locked="no" full="no" readonly="no" status="OK" filesystem="ext4" group="S0" requiredfilesystem="none"/>
<disk diskid="NetworkShare" name="share" totalsize="-1" freesize="" cleanuplevel="90" cleanupmaxage="0"
 cleanuppolicy="none" locked="" full="yes" readonly="no" status="disconnected"/></disks></root>"""
RECORDINGS = b"""<?xml version="1.0" encoding="UTF-8"?>
<root><recordings totalnumberofrecordings="3" numberofrecordings="3">
<recording diskid="SD_DISK" recordingid="1" starttime="2026-11-23T20:00:00.123456Z" starttimelocal="2026-11-23T21:00:00+01:00"
 stoptime="" recordingtype="continuous" eventid="continuous" recordingstatus="recording" source="1" locked="No">
 <video mimetype="video/x-h264" width="1920" height="1080" framerate="25:1" resolution="1920x1080"/></recording>
<recording diskid="SD_DISK" recordingid="2" starttime="2026-11-23T18:00:00Z" stoptime="2026-11-23T19:00:00Z"
 recordingtype="triggered" recordingstatus="completed" source="2"/>
<recording diskid="SD_DISK" recordingid="3" starttime="2026-11-23T19:00:00Z" stoptime="2026-11-23T18:00:00Z"
 recordingstatus="completed"/></recordings></root>"""


def test_disks() -> None:
    first, second = vapix.disks(DISKS)
    assert first == DiskRow(
        "SD_DISK", None, "ok", 65536000.0, 32768000.0, False, False, False, True, 31 * 86400.0
    )
    assert second == DiskRow(
        "NetworkShare", "share", "disconnected", None, None, True, False, None, False, None
    )


def test_no_list_is_no_empty_list() -> None:
    assert vapix.disks(b'<root><disks numberofdisks="0"/></root>') == ()
    with pytest.raises(RejectedError, match="the recorder answers: Disk not found"):
        vapix.disks(b'<root><error errorcode="1" errormsg="Disk not found"/></root>')
    with pytest.raises(ProtocolError, match="no recordings"):
        vapix.recordings(b"<html><body>login</body></html>")


def test_recordings() -> None:
    told = vapix.recordings(RECORDINGS)
    assert told.matched == 3
    going, done = told.rows
    assert (going.source, going.disk, going.stop, going.going_on, going.kind) == (
        "1",
        "SD_DISK",
        None,
        True,
        "continuous",
    )
    assert going.start == dates.unix("2026-11-23T20:00:00.123456Z")
    assert (done.source, done.going_on, done.kind) == ("2", False, "triggered")
    assert done.stop is not None
    assert done.stop - done.start == 3600


def test_a_page_of_recordings_is_asked_for_in_order() -> None:
    path = vapix.recordings_path("recordingid=all", newest_first=True, most=200, start=400)
    assert path == (
        "/axis-cgi/record/list.cgi?recordingid=all&sortorder=descending&maxnumberofresults=200&startatresultnumber=400"
    )


def test_disk_health() -> None:
    body = (
        b'<root><DiskHealthResponse><Success><HealthStatusSuccess><HealthStatus diskid="SD_DISK" wear="12" temperature="318" '
        b'overallhealth="1"/><HealthStatus diskid="b" wear="-2" temperature="-1" overallhealth="0"/><HealthStatus diskid="c" '
        b'overallhealth="-1"/></HealthStatusSuccess></Success></DiskHealthResponse></root>'
    )
    assert vapix.disk_health(body) == {
        "SD_DISK": DiskHealth(0.12, pytest.approx(44.85), True),
        "b": DiskHealth(None, None, False),
        "c": DiskHealth(None, None, None),
    }


def answer(**data: object) -> bytes:
    return json.dumps(
        {"apiVersion": "1.0", "context": "healthmon", "method": "x", "data": data}
    ).encode()


def test_json_services() -> None:
    told = vapix.date_time(
        answer(dateTime="2026-11-23T21:00:00Z", timeZone="Europe/London", posixTimeZone="GMT0BST")
    )
    assert told == dates.unix("2026-11-23T21:00:00Z")
    told_info = vapix.device_info(
        answer(propertyList={"ProdShortName": "AXIS S3008", "SerialNumber": "AC", "Version": "11"})
    )
    assert told_info == vapix.DeviceInfo("AXIS S3008", "AC", "11")
    assert vapix.uptime(answer(systemready="yes", uptime="12345")) == 12345.0
    assert vapix.uptime(answer(systemready="yes")) is None
    client = {"enabled": True, "synced": True, "serversSource": "static", "staticServers": ["10.0.0.1"],
              "advertisedServers": ["10.0.0.9"]}  # fmt: skip
    assert vapix.ntp_info(answer(client=client)) == vapix.NtpInfo(True, True, "10.0.0.1")
    assert vapix.ntp_info(answer(client={**client, "serversSource": "DHCP"})).server == "10.0.0.9"
    assert vapix.ntp_info(answer(client=7)) == vapix.NtpInfo(None, None, None)


def test_the_devices_own_error() -> None:
    body = b'{"apiVersion":"1.0","error":{"code":2004,"message":"Method not supported"}}'
    with pytest.raises(UnsupportedError, match="Method not supported"):
        vapix.date_time(body)
    for odd in (b"[]", b'{"data": 7}'):
        with pytest.raises(ProtocolError):
            vapix.data(odd)


def test_only_reading_methods_can_be_called() -> None:
    assert json.loads(vapix.call("systemready", timeout=1))["params"] == {"timeout": 1}
    assert "params" not in json.loads(vapix.call("getNTPInfo"))
    for method in ("setDateTime", "restart", "format"):
        with pytest.raises(ValueError, match=method):
            vapix.call(method)
