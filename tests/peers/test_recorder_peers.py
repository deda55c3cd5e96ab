"""Makes of recorders over servers that nobody here wrote: lighttpd with Digest, net-snmp's agent by
v1, v2c and v3.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import socket
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from helpers.recorder_rig import HOST, REPLIES, Rig, configured, simulated, watched
from helpers.support import Peers, free_port, need

from healthmon.checks.probes import ups
from healthmon.demo.listener import Listener
from healthmon.demo.recorders import bosch, generic
from healthmon.demo.recorders.dahua import ZONE, _local
from healthmon.demo.recorders.engine import Asked, RecorderSim, SimRecorder
from healthmon.demo.recorders.hikvision import _stamp
from healthmon.model.device import Access, SnmpAccess
from healthmon.model.enums import State
from healthmon.model.footage import Footage, RecorderMeasurement
from healthmon.model.readings import Readings
from healthmon.model.results import Verdict
from healthmon.protocols.vendor.isapi_search import search_id, search_request
from healthmon.secret import Credential, Secret

pytestmark = pytest.mark.peer
LIGHTTPD = "/usr/sbin/lighttpd"
REALM = "recorder"
Pages = dict[str, str]
GETS: dict[str, tuple[str, ...]] = {
    "hikvision": ("/ISAPI/System/deviceInfo", "/ISAPI/System/time", "/ISAPI/System/status", "/ISAPI/ContentMgmt/Storage",
                  "/ISAPI/ContentMgmt/record/tracks", "/ISAPI/System/workingstatus/chanStatus"),
    "axis": ("/axis-cgi/disks/list.cgi", "/axis-cgi/disks/gethealth.cgi"),
    "http": ("/api/status", "/api/storages", "/api/cameras/1/range"),
}  # fmt: skip
# Where one path answers many questions, lighttpd is told to look at the query.
REWRITES = {
    "dahua": r'"^/cgi-bin/[A-Za-z/]+\.cgi\?action=([A-Za-z.]+)(&name=([A-Za-z]+))?" => "/dahua/$1$3"',
    "bosch": r'"^/rcp\.xml\?command=(0x[0-9a-f]{4})&type=[A-Z_]+&direction=READ(&num=\d+)?$" => "/rcp/$1"',
}


def said(sim: SimRecorder, make: str, method: str, path: str, body: str = "", **query: str) -> str:
    found = REPLIES[make](sim, Asked(method, path, query, body))
    assert found is not None, path
    return found.body


def pages(sim: SimRecorder, make: str) -> Pages:
    """The files that answer a look at one channel: the simulator's replies, one long recording."""
    found = {path: said(sim, make, "GET", path) for path in GETS.get(make, ())}
    now = sim.device.now()
    first = now - 31.5 * 86400
    if make == "hikvision":
        span = f"<timeSpan><startTime>{_stamp(sim, first)}</startTime><endTime>{_stamp(sim, now)}</endTime></timeSpan>"
        row = f"<matchList><searchMatchItem><trackID>101</trackID>{span}</searchMatchItem></matchList>"
        found["/ISAPI/ContentMgmt/search"] = (
            f"<CMSearchResult><responseStatus>true</responseStatus><responseStatusStrg>OK</responseStatusStrg>{row}</CMSearchResult>"
        )
    elif make == "axis":
        for path, method in (("time", "getDateTimeInfo"), ("ntp", "getNTPInfo"), ("basicdeviceinfo", "getAllProperties"),
                             ("systemready", "systemready")):  # fmt: skip
            path = f"/axis-cgi/{path}.cgi"
            found[path] = said(sim, make, "POST", path, f'{{"method": "{method}"}}')
        row = said(
            sim,
            make,
            "GET",
            "/axis-cgi/record/list.cgi",
            maxnumberofresults="1",
            sortorder="ascending",
        )
        found["/axis-cgi/record/list.cgi"] = row.replace(
            'recordingstatus="completed"', 'recordingstatus="recording"'
        )
    elif make == "dahua":
        for path, action in (("global", "getCurrentTime"), ("magicBox", "getSystemInfo"), ("magicBox", "getSoftwareVersion"),
                             ("storageDevice", "getDeviceAllInfo"), ("eventManager", "getEventIndexes")):  # fmt: skip
            found[f"/dahua/{action}"] = said(
                sim, make, "GET", f"/cgi-bin/{path}.cgi", action=action
            )
        for name in ("NTP", "RecordMode", "ChannelTitle", "BlindDetect"):
            found[f"/dahua/getConfig{name}"] = said(
                sim, make, "GET", "/cgi-bin/configManager.cgi", action="getConfig", name=name
            )
        found |= {"/dahua/factory.create": "result=1\r\n"} | {
            f"/dahua/{a}": "OK\r\n" for a in ("findFile", "close", "destroy")
        }
        when = [_local(moment) for moment in (first, now)]
        found["/dahua/findNextFile"] = (
            f"found=1\r\nitems[0].StartTime={when[0]}\r\nitems[0].EndTime={when[1]}\r\n"
        )
        found["/cgi-bin/api/recordManager/getStateAll"] = said(
            sim, make, "POST", "/cgi-bin/api/recordManager/getStateAll"
        )
    elif make == "bosch":
        for command in ("0x0a07", "0x0ae7", "0x0aea", "0x0cd4", "0x01d6", "0x0a0f", "0x0b0e"):
            query = {"command": command, "type": "x", "direction": "READ", "num": "1"}
            found[f"/rcp/{command}"] = said(sim, make, "GET", "/rcp.xml", **query)
    elif make == "http":
        found["/api/query/cameras"] = said(sim, make, "POST", "/api/query/cameras", "fields")
    return found


def lighttpd(peers: Peers, folder: Path, make: str, found: Pages, algorithm: str = "MD5") -> int:
    """lighttpd on loopback that asks for Digest and serves `found`; its port."""
    need(LIGHTTPD)
    port, root = free_port(), folder / make
    for path, text in found.items():
        file = root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    name = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}[algorithm]
    hashed = hashlib.new(name, f"healthmon:{REALM}:view only".encode()).hexdigest()
    (folder / "users").write_text(f"healthmon:{REALM}:{hashed}\n")
    lines = [
        'server.modules = ("mod_auth", "mod_authn_file", "mod_rewrite", "mod_accesslog")',
        f'server.document-root = "{root}"', f"server.port = {port}", f'server.bind = "{HOST}"',
        f'accesslog.filename = "{folder}/access"', 'accesslog.format = "%s %m %U"',
        'auth.backend = "htdigest"', f'auth.backend.htdigest.userfile = "{folder}/users"',
        f'auth.require = ("" => ("method" => "digest", "algorithm" => "{algorithm}", "realm" => "{REALM}", "require" => "valid-user"))',
        'mimetype.assign = ("" => "text/plain")', f"url.rewrite-once = ({REWRITES.get(make, '')})",
    ]  # fmt: skip
    (folder / "lighttpd.conf").write_text("\n".join(lines) + "\n")
    peers.start(LIGHTTPD, "-D", "-f", folder / "lighttpd.conf")
    peers.wait_tcp(HOST, port)
    return port


@pytest.mark.parametrize(("make", "algorithm"), [("hikvision", "MD5"), ("axis", "SHA-256"), ("dahua", "SHA-512-256"),
                                                 ("bosch", "MD5"), ("http", "SHA-256")])  # fmt: skip
async def test_a_make_over_lighttpds_framing_and_digest(
    make: str, algorithm: str, peers: Peers, tmp_path: Path
) -> None:
    sim = simulated(make, channels=1)
    made = watched(sim, make, lighttpd(peers, tmp_path, make, pages(sim, make), algorithm))
    found = await made.look()
    assert {key: v.code for key, v in found.items() if v.state is not State.OK} == (
        {("C1", "retention"): "not_reported"} if make == "bosch" else {}
    )
    seen, camera = made.seen["R1"].value, made.seen["C1"].value
    assert isinstance(seen, RecorderMeasurement)
    assert isinstance(camera, Footage)
    assert seen.health.serial == "SIM-R00001"
    assert camera.recording.recording is True
    peers.close()
    statuses = [line.split(" ", 1)[0] for line in (tmp_path / "access").read_text().splitlines()]
    assert (statuses.count("401"), statuses.count("200"), len(statuses)) == (
        1,
        seen.calls,
        seen.calls + 1,
    )


async def test_a_wrong_password_is_shown_to_lighttpd_once(peers: Peers, tmp_path: Path) -> None:
    sim = simulated("hikvision", channels=1)
    port = lighttpd(peers, tmp_path, "hikvision", pages(sim, "hikvision"))
    made = watched(sim, "hikvision", port, password="wrong")
    for _ in range(3):
        assert (await made.look())["R1", "login"].code == "login_refused"
    peers.close()
    assert (tmp_path / "access").read_text().splitlines().count("401 GET /ISAPI/System/time") <= 4


# ------------------------------------------------------------------------------------------------ clients

CLIENTS = Path(__file__).parents[2] / ".venv-peers/bin/python"
HIKVISION = """
import json, sys, hikvisionapi
client = hikvisionapi.Client(f"http://127.0.0.1:{sys.argv[1]}", "healthmon", "view only")
search = client.ContentMgmt.search(method="post", data=sys.argv[2])["CMSearchResult"]
tracks = client.ContentMgmt.record.tracks(method="get")["TrackList"]["Track"]
disks = client.ContentMgmt.Storage(method="get")["storage"]["hddList"]["hdd"]
info = client.System.deviceInfo(method="get")["DeviceInfo"]
print(json.dumps([info["serialNumber"], [d["status"] for d in disks], [t["id"] for t in tracks], search["numOfMatches"],
                  search["matchList"]["searchMatchItem"][0]["trackID"]]))
"""
DAHUA = """
import datetime, json, sys, amcrest
camera = amcrest.AmcrestCamera("127.0.0.1", int(sys.argv[1]), "healthmon", "view only").camera
end = camera.current_time
pages = list(camera.find_files(end - datetime.timedelta(hours=6), end, channel=1, types=("dav",)))
print(json.dumps([camera.software_information, camera.storage_all["used_percent"], camera.record_mode, end.isoformat(),
                  sum(page.count("StartTime") for page in pages)]))
"""


async def asked_by(script: str, sim: SimRecorder, *more: str) -> Any:
    """What `script` prints as JSON, run on the peers' own packages against `sim`."""
    need(str(CLIENTS))
    with Listener(lambda: RecorderSim(sim), HOST) as at:
        process = await asyncio.create_subprocess_exec(
            str(CLIENTS), "-c", script, str(at.port), *more, stdout=PIPE, stderr=PIPE, stdin=DEVNULL
        )
        out, wrong = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, wrong.decode()[-2000:]
    return json.loads(out)


async def test_hikvisionapi_reads_the_simulator_and_takes_our_search_for_its_own() -> None:
    sim = simulated("hikvision", channels=2, disk_failed=True)
    now = time.time()
    asked = search_request(search_id(), "201", (_stamp(sim, now - 7200), _stamp(sim, now))).decode()
    told = await asked_by(HIKVISION, sim, asked)
    assert told[:3] == ["SIM-R00001", ["ok", "error", "ok", "ok"], ["101", "102", "201", "202"]]
    assert (int(told[3]) in {2, 3}, told[4]) == (True, "201")


async def test_amcrest_reads_the_simulator() -> None:
    sim = simulated("dahua", channels=2)
    version, used, mode, moment, found = await asked_by(DAHUA, sim)
    assert version[0] == "4.001.0000000.1"
    assert float(used) == 100.0
    assert mode == "Manual"
    assert abs(datetime.fromisoformat(moment).replace(tzinfo=ZONE).timestamp() - time.time()) < 5
    assert found in {6, 7}


# ------------------------------------------------------------------------------------------------ SNMP

HR_SYSTEM_UPTIME = (
    "1.3.6.1.2.1.25.1.1.0"  # RFC 2790; snmpd tells the uptime of the machine it runs on
)
UP_SECONDS = 30 * 86400
SNMP_USER = Credential("snmp", "healthmon", Secret("authpass12345"), Secret("privpass12345"))


@pytest.fixture(autouse=True)
async def engines_closed(nothing_left: None) -> AsyncIterator[None]:
    """The engines of SNMPv3 end with the test, as they do with the agent."""
    yield
    await ups.close()


def snmpd(
    peers: Peers, folder: Path, sim: SimRecorder, objects: dict[str, int | str | bytes], *roots: str
) -> int:
    """net-snmp's agent with its own HOST-RESOURCES-MIB, and `objects` under `roots` by
    pass_persist; its port.

    The recorder has been up for UP_SECONDS, however long ago this machine was started.
    """
    need("snmpd")
    port, table = free_port(socket.SOCK_DGRAM), folder / "objects"
    rows = []
    for oid, value in objects.items():
        raw = value if isinstance(value, bytes) else str(value).encode("latin-1")
        rows.append(
            f".{oid} integer {value}" if isinstance(value, int) else f".{oid} octet {raw.hex(' ')}"
        )
    table.write_text("\n".join(rows))
    helper = Path(__file__).parents[1] / "helpers/peers/pse_pass.py"
    lines = [
        f"rocommunity public {HOST}",
        "createUser healthmon SHA-256 authpass12345 AES privpass12345",
    ]
    lines += [
        "rouser healthmon priv",
        f"override {HR_SYSTEM_UPTIME} timeticks {UP_SECONDS * 100}",
        *(f"pass_persist .{root} {sys.executable} {helper} {table}" for root in roots),
    ]
    (folder / "snmpd.conf").write_text("\n".join(lines) + "\n")
    argv = [
        "-f",
        "-Lo",
        "-C",
        "-c",
        str(folder / "snmpd.conf"),
        "-p",
        str(folder / "pid"),
        f"udp:{HOST}:{port}",
    ]
    peers.start("snmpd", *argv, env={"SNMP_PERSISTENT_DIR": str(folder), "MIBS": ""})
    return port


async def answering(made: Rig) -> dict[tuple[str, str], Verdict]:
    """The look once the agent, which is only just started, answers with all of its objects."""
    for _ in range(20):
        found = await made.look()
        seen = made.seen["R1"].value
        if isinstance(seen, RecorderMeasurement) and (seen.health.serial or seen.health.model):
            return found
        await asyncio.sleep(0.3)
    raise AssertionError(f"no answer: {made.seen['R1']}\n")


@pytest.mark.parametrize("version", ["1", "2c", "3"])
async def test_make_snmp_by_a_real_agent(version: str, peers: Peers, tmp_path: Path) -> None:
    sim = simulated("snmp", channels=2, disk_failed=True, recording_stopped="2")
    port = snmpd(peers, tmp_path, sim, generic.objects(sim), generic.ENTERPRISE)
    access = Access(snmp=SnmpAccess("snmp", port, version, "SHA-256", "AES"))
    made = watched(
        sim,
        "snmp",
        None,
        access=access,
        readings=replace(configured("snmp"), storage=("/", "/nowhere")),
    )
    if version == "3":
        made.context.credential = lambda _: SNMP_USER
    found = await answering(made)
    seen = made.seen["R1"].value
    assert isinstance(seen, RecorderMeasurement)
    disks = {disk.name: disk for disk in seen.health.disks}
    assert (disks["RAID"].state, disks["/"].state, disks["/nowhere"].state) == (
        "failed",
        "ok",
        "absent",
    )
    size = os.statvfs("/")
    assert disks["/"].capacity_bytes == pytest.approx(size.f_blocks * size.f_frsize, rel=0.01)
    assert seen.health.uptime_seconds == UP_SECONDS
    assert (
        seen.health.cpu_ratio is None or 0 <= seen.health.cpu_ratio <= 1
    )  # told from a minute after its start
    assert seen.health.temperature_celsius == pytest.approx(44.1)
    assert found["C2", "recording"].code == "not_recording"
    assert found["C1", "recording"].state is State.OK
    assert found["R1", "clock"].state is State.OK


async def test_make_bosch_by_a_real_agent_with_garbage_behind_its_texts(
    peers: Peers, tmp_path: Path
) -> None:
    sim = simulated("bosch", channels=1, hot=True, slow_link=True)
    port = snmpd(peers, tmp_path, sim, bosch.objects(sim), bosch.E)
    access = Access(snmp=SnmpAccess("snmp", port, "2c"))
    made = watched(sim, "bosch", None, access=access, readings=Readings(storage=("/",)))
    found = await answering(made)
    seen = made.seen["R1"].value
    assert isinstance(seen, RecorderMeasurement)
    told = seen.health
    assert (told.manufacturer, told.model, told.firmware) == (
        "Bosch",
        "DIVAR network 5000",
        "8.90.0037",
    )
    assert (told.temperature_celsius, told.power_watts, told.cpu_ratio) == (91.5, 4.7, 0.23)
    assert [(fan.rpm, fan.well) for fan in told.fans] == [(2350.0, True)]
    assert told.problems == ("network link 1: 100 Mbit/s half duplex",)
    assert "video analytics alarm: Gate" in seen.notes
    assert [disk.state for disk in told.disks] == ["ok"]
    codes = {
        key[1]: v.code for key, v in found.items() if key[0] == "R1" and v.state is not State.OK
    }
    assert codes == {"temperature": "recorder_hot", "alarms": "recorder_alarm"}
