"""Discovery of devices that nobody here wrote: node-soap with the official WSDLs, GStreamer's RTSP
server, snmpsim, net-snmp, NUT and
apcupsd.
"""

from __future__ import annotations

import socket
import time
from pathlib import Path

import httpx
import pytest
from helpers.peers import node_onvif, real, ups_peers
from helpers.peers.rtsp_peers import gstreamer
from helpers.support import Peers, free_port, need, wait_udp

from healthmon.config import loading
from healthmon.discovery.found import Found, OnvifDevice, SnmpUser
from healthmon.discovery.known import KnownDevices
from healthmon.discovery.onvif_messages import Job
from healthmon.discovery.onvif_process import OnvifReaders
from healthmon.discovery.output import as_yaml
from healthmon.discovery.ports import ports
from healthmon.discovery.proposal import Proposal, Setting, proposals
from healthmon.discovery.run import Plan, discover
from healthmon.secret import Credential, Secret

pytestmark = pytest.mark.peer
HERE = Path(__file__).parent
HOST = "127.0.0.1"
RIGHT = Credential("view", "healthmon", Secret("s3cret"))
WRONG = Credential("view", "healthmon", Secret("guess"))


async def searched(given: str, credential: Credential | None = None, **more: object) -> Found:
    plan = Plan((HOST,), ports(given), credential=credential, **more)
    (found,) = (await discover(plan, lambda _done, _of: None)).found
    return found


def proposed(found: Found) -> Proposal:
    return proposals([found], KnownDevices(), Setting(credential="view"))[0]


@pytest.fixture(scope="module")
def onvif(module_peers: Peers) -> int:
    return node_onvif.started(module_peers)


async def refused(port: int) -> int:
    async with httpx.AsyncClient(trust_env=False) as http:
        return int((await http.get(f"http://{HOST}:{port}/counters")).json()["refused"])


async def test_an_onvif_device_is_a_camera_with_its_profile(onvif: int) -> None:
    """It answers in SOAP 1.1 with what it puts into the wrong namespace, and names a foreign host."""
    found = await searched(str(onvif), RIGHT)
    one = proposed(found)
    assert (one.section, one.sure, found.login) == ("cameras", "sure", "accepted")
    assert found.onvif is not None
    assert "http://192.0.2.9/onvif/media?unit=1" in found.onvif.elsewhere
    assert one.entry["streams"] == [
        {"name": "main", "profile": "main&1", "codec": "h264", "size": "1920x1080"}
    ]
    assert one.entry["commissioned"]["serial"] == "NODE-1"
    assert one.entry["http"] == {"port": str(onvif)}


async def test_profiles_of_media2_only(onvif: int) -> None:
    """The second device runs an hour ahead and takes fresh tokens only."""
    readers = OnvifReaders()
    try:
        job = Job(HOST, onvif, "/second/device", skew=3600.0, credential=RIGHT)
        answer = await readers.read(job)
    finally:
        await readers.close()
    assert (answer.login, answer.complete) == ("accepted", True)
    assert [(one.token, one.name, one.path, one.ptz) for one in answer.device.profiles] == [
        ("p0", "main", "/second/RTSP/p0", False),
        ("p1", "sub", "/second/RTSP/p1", True),
    ]


async def test_a_wrong_login_is_refused_once(onvif: int) -> None:
    before = await refused(onvif)
    found = await searched(str(onvif), WRONG)
    assert found.login == "refused"
    assert await refused(onvif) == before + 1
    assert proposed(found).sure == "likely"
    assert "credential" not in proposed(found).entry


@pytest.fixture(scope="module")
def rtsp(module_peers: Peers) -> int:
    return gstreamer(module_peers)


async def test_an_rtsp_server_without_onvif_is_a_camera_by_a_path(rtsp: int) -> None:
    found = await searched(f"{rtsp}:rtsp", rtsp_paths=("/nothing", "/h265"))
    one = proposed(found)
    assert [stream.path for stream in found.streams][:1] == ["/h265"]
    assert (one.section, one.sure) == ("cameras", "likely")
    assert one.entry["streams"][0] == {"name": "main", "path": "/h265", "codec": "h265"}
    assert any(hint.startswith("Server: GStreamer") for hint in found.hints)


async def test_an_rtsp_login_is_refused_once_and_no_path_is_tried_after_it(
    peers: Peers,
) -> None:
    port = gstreamer(peers, "healthmon", "s3cret")
    found = await searched(f"{port}:rtsp", WRONG, rtsp_paths=("/h264", "/h265"))
    assert (found.login, found.streams) == ("refused", ())
    assert [note.partition(":")[0] for note in found.notes] == ["RTSP /h264"]
    found = await searched(f"{port}:rtsp", RIGHT, rtsp_paths=("/h264", "/h265"))
    assert found.login == "accepted"
    assert [stream.path for stream in found.streams] == ["/h264", "/h265"]


COMMUNITY = Credential("snmp", "", Secret("public"))
CONFIG = """
sites: [{id: discovered, name: Discovered}]
credentials:
  view: {username: healthmon, secret: {environment: VIEW}}
  snmp: {secret: {environment: SNMP}}
"""


async def test_a_switch_names_the_port_of_a_camera(peers: Peers, tmp_path: Path) -> None:
    """snmpsim plays BRIDGE-MIB and LLDP-MIB; the port's three numbers are all different."""
    port = ups_peers.snmpsim(peers, "access", recordings="switches")["access"]
    found = await searched(
        "1", community=COMMUNITY, snmp_ports=(free_port(socket.SOCK_DGRAM), port)
    )
    assert found.snmp is not None
    bridge = found.snmp.bridge
    assert bridge is not None
    assert bridge.learned["020000000001"] == "Gi0/1"
    assert "020000000003" not in bridge.learned
    assert bridge.crowd("Gi0/3") == 8
    assert [(one.port, one.mac, one.name, one.address) for one in bridge.neighbours] == [
        ("Gi0/3", "537769746368", "core", "10.9.0.250"),
        ("Gi0/2", "020000000002", "", ""),
    ]
    cameras = [
        Found(
            f"127.0.0.{n}", onvif=OnvifDevice(80, "/onvif/device_service", model="X", macs=(mac,))
        )
        for n, mac in ((2, "02-00-00-00-00-01"), (3, "02:00:00:00:00:02"))
    ]
    told = proposals([found, *cameras], KnownDevices(), Setting("", "view", "snmp"))
    assert (told[0].section, told[0].sure) == ("links", "sure")
    assert [one.entry["name"] for one in told] == ["access-1", "X 127.0.0.2", "X 127.0.0.3"]
    assert [(one.entry["parent"], one.entry["port"]) for one in told[1:]] == [
        ("link-127.0.0.1", "Gi0/1"),
        ("link-127.0.0.1", "Gi0/2"),
    ]
    assert told[0].entry["location"] == "cabinet 4"
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG + as_yaml(told).partition("name: Discovered}\n")[2])
    loaded = loading.load(file)
    assert [one.port for one in loaded.cameras] == ["Gi0/1", "Gi0/2"]


async def test_a_wrong_community_is_one_datagram_and_nothing_is_found(peers: Peers) -> None:
    port = ups_peers.snmpsim(peers, "access", recordings="switches")["access"]
    plan = Plan(
        (HOST,), ports("1"), community=Credential("s", "", Secret("guess")), snmp_ports=(port,)
    )
    outcome = await discover(plan, lambda _done, _of: None)
    assert (outcome.found, outcome.connections) == ([], 2)


async def test_an_agent_that_is_neither_switch_nor_ups_is_not_proposed(peers: Peers) -> None:
    """net-snmp's own agent."""
    port = snmpd(peers)
    found = await searched("1", community=COMMUNITY, snmp_ports=(port,))
    assert (proposed(found).section, found.ups) == ("", {})
    assert "it answers SNMP: Linux" in proposed(found).reasons[0]


@pytest.mark.parametrize(
    ("name", "model"), [("rfc1628", "EX 6000 RT"), ("powernet", "Smart-UPS 3000")]
)
async def test_a_ups_by_snmp(peers: Peers, name: str, model: str) -> None:
    port = ups_peers.snmpsim(peers, name)[name]
    found = await searched("1", community=COMMUNITY, snmp_ports=(port,))
    (one,) = proposals([found], KnownDevices(), Setting("", "", "snmp"))
    assert (one.section, one.sure, one.entry["name"]) == ("ups", "sure", model)
    assert one.entry["snmp"] == {"credential": "snmp", "port": str(port)}


async def test_a_ups_by_apcupsd(peers: Peers) -> None:
    port = ups_peers.apcupsd(peers, ups_peers.snmpsim(peers, "powernet")["powernet"])
    found = await searched(f"{port}:apcupsd")
    (one,) = proposals([found], KnownDevices(), Setting())
    assert (one.section, one.entry["apcupsd"]) == ("ups", {"port": str(port)})
    assert one.sure == "sure"


async def test_the_upses_of_nut_by_their_names(peers: Peers, tmp_path: Path) -> None:
    """upsd with two UPSes of the driver dummy-ups."""
    port = nut_with(peers, "cctv", "room-2")
    end = time.monotonic() + 30
    while True:  # upsd learns of its drivers one by one
        found = await searched(f"{port}:nut")
        if all(one.model for one in found.ups.values()) or time.monotonic() > end:
            break
    told = proposals([found], KnownDevices(), Setting())
    assert [one.entry["nut"] for one in told] == [
        {"ups": "cctv", "port": str(port)},
        {"ups": "room-2", "port": str(port)},
    ]
    assert [one.entry["id"] for one in told] == ["ups-127.0.0.1-cctv", "ups-127.0.0.1-room-2"]
    assert told[0].entry["name"] == "Dummy 3000 (cctv)"
    file = tmp_path / "config.yaml"
    file.write_text(as_yaml(told))
    assert [one.nut.ups for one in loading.load(file).ups if one.nut] == ["cctv", "room-2"]


def nut_with(peers: Peers, *names: str) -> int:
    """The port of an upsd that knows these UPSes."""
    need("/lib/nut/upsd", "/lib/nut/dummy-ups")
    folder, port = peers.folder / "nut", free_port()
    for name in ("state", "run"):
        (folder / name).mkdir(parents=True)
    (folder / "upsd.conf").write_text(f"LISTEN {HOST} {port}\n")
    (folder / "upsd.users").write_text("")
    parts = []
    for name in names:
        file = folder / f"{name}.dev"
        file.write_text("ups.status: OL\nups.model: Dummy 3000\nups.mfr: Example\n")
        parts.append(f"[{name}]\ndriver=dummy-ups\nport={file}\nmode=dummy-once\n")
    (folder / "ups.conf").write_text("".join(parts))
    for path in folder.glob("upsd.*"):
        path.chmod(0o600)
    env = {
        "NUT_CONFPATH": str(folder),
        "NUT_STATEPATH": str(folder / "state"),
        "NUT_ALTPIDPATH": str(folder / "run"),
    }
    for name in names:
        peers.start("/lib/nut/dummy-ups", "-a", name, "-u", "root", "-D", env=env)
    end = time.monotonic() + 60
    while len(list((folder / "state").glob("dummy-ups-*"))) < len(names):
        assert time.monotonic() < end, peers.log()[-2000:]
        time.sleep(0.05)
    peers.start("/lib/nut/upsd", "-u", "root", "-D", env=env)
    peers.wait_tcp(HOST, port)
    return port


def snmpd(peers: Peers) -> int:
    """The port of net-snmp's agent."""
    port = free_port(socket.SOCK_DGRAM)
    real.snmpd_of(peers, HOST, port, f"rocommunity public {HOST}")
    wait_udp(HOST, port)
    return port


# ------------------------------------------------------------------------------------------------ SNMPv3

AUTH, PRIVATE = "authpass12345", "privpass12345"


def snmpd_v3(peers: Peers, *views: str) -> int:
    """The port of net-snmp's agent that knows one SNMPv3 user and no community."""
    port = free_port(socket.SOCK_DGRAM)
    user = f"createUser healthmon SHA-256 {AUTH} AES {PRIVATE}"
    real.snmpd_of(peers, HOST, port, user, "rouser healthmon priv", *views)
    wait_udp(HOST, port)
    return port


def v3_user(password: str = AUTH, auth: str = "SHA-256") -> SnmpUser:
    return SnmpUser(Credential("v3", "healthmon", Secret(password), Secret(PRIVATE)), auth, "AES")


UPS = "override 1.3.6.1.2.1.33.1"
ON_MAINS = (f"{UPS}.1.2.0 octet_str Mast-700", f"{UPS}.4.1.0 integer 3", f"{UPS}.2.4.0 integer 98")
BRIDGE = ("override 1.3.6.1.2.1.17.1.2.0 integer 8",)


@pytest.mark.parametrize(
    ("values", "section"), [(ON_MAINS, "ups"), (BRIDGE, "links")], ids=["ups", "switch"]
)
async def test_a_device_of_snmp_version_3(
    peers: Peers, values: tuple[str, ...], section: str
) -> None:
    port = snmpd_v3(peers, *values)
    found = await searched("1", snmp_user=v3_user(), snmp_ports=(port,))
    (one,) = proposals([found], KnownDevices(), Setting())
    assert (one.section, one.sure, found.incomplete) == (section, "sure", False)
    assert one.entry["snmp"] == {
        "credential": "v3",
        "version": "3",
        "auth_protocol": "SHA-256",
        "priv_protocol": "AES",
        "port": str(port),
    }


async def test_of_another_password_one_login_is_refused_and_none_follows(
    peers: Peers, onvif: int
) -> None:
    """The account of ONVIF is not sent after it, though it would be taken."""
    port = snmpd_v3(peers)
    found = await searched(
        str(onvif), RIGHT, snmp_user=v3_user("wrongauth12345"), snmp_ports=(port,)
    )
    assert (found.snmp, found.incomplete, found.login) == (None, True, "held back")
    assert "wrong password or authentication protocol" in found.notes[0]
    assert found.onvif is not None
    assert found.onvif.serial == ""


async def test_an_agent_that_knows_no_version_3_gets_no_login(peers: Peers) -> None:
    plan = Plan(
        (HOST,), ports("1"), snmp_user=v3_user(), snmp_ports=(free_port(socket.SOCK_DGRAM),)
    )
    outcome = await discover(plan, lambda _done, _of: None)
    assert outcome.found == []
