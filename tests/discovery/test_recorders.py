"""A recorder is recognised, and read once by the vendor module of its make."""

from __future__ import annotations

import pytest
from helpers.recorder_rig import HOST, simulated

from healthmon.demo.listener import Listener
from healthmon.demo.recorders.engine import RecorderSim
from healthmon.discovery.channels import ChannelReader
from healthmon.discovery.found import Found, FoundProfile, OnvifDevice
from healthmon.discovery.known import KnownDevices
from healthmon.discovery.output import as_yaml
from healthmon.discovery.ports import KnownPort
from healthmon.discovery.proposal import Setting, classified, proposals
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret


async def read(make: str, password: str) -> tuple[Found, int]:
    """What is found of a simulated recorder, and how many logins it has refused."""
    sim = simulated(make)
    credential = Credential("view", "healthmon", Secret(password))
    guard = LockoutGuard()
    with Listener(lambda: RecorderSim(sim), HOST) as at:
        found = Found(HOST, (KnownPort(at.port, "http", ""),), hints=(f"Server: {make} NVR",))
        await ChannelReader(Connector.of([HOST]), guard, credential).query(found, make)
        await ChannelReader(Connector.of([HOST]), guard, credential).query(found, make)
    return found, sim.device.counters.logins_rejected


@pytest.mark.parametrize("make", ["hikvision", "dahua"])
async def test_its_channels_stand_below_its_entry(make):
    found, _ = await read(make, "view only")
    assert found.channels == ("1", "2", "3", "4")
    (one,) = proposals([found], KnownDevices(), Setting(credential="view"))
    assert (one.section, one.entry["make"], found.login) == ("recorders", make, "accepted")
    assert one.entry["commissioned"]["serial"]
    assert "    # its channels: 1, 2, 3, 4\n" in as_yaml([one])


@pytest.mark.parametrize("make", ["hikvision", "dahua"])
async def test_a_wrong_login_is_refused_once_and_not_sent_again(make):
    found, refused = await read(make, "guess")
    assert (found.login, found.channels, refused) == ("refused", (), 1)
    assert found.incomplete


def profile(source: str) -> FoundProfile:
    return FoundProfile(f"p{source}", codec="h264", source=source)


@pytest.mark.parametrize(
    ("device", "section", "sure"),
    [
        (OnvifDevice(80, "/", model="X", profiles=(profile("1"),)), "cameras", "sure"),
        (OnvifDevice(80, "/", profiles=(profile("1"),)), "cameras", "likely"),
        (OnvifDevice(80, "/", model="DS-7616NI NVR"), "recorders", "likely"),
        (
            OnvifDevice(
                80, "/", model="X", services=("replay",), profiles=(profile("1"), profile("2"))
            ),
            "recorders",
            "sure",
        ),
        # A camera with a memory card records itself.
        (
            OnvifDevice(80, "/", model="X", services=("replay",), profiles=(profile("1"),) * 2),
            "cameras",
            "sure",
        ),
        (OnvifDevice(80, "/"), "cameras", "likely"),
    ],
)
def test_what_onvif_tells_decides(device, section, sure):
    assert classified(Found("10.0.0.1", onvif=device))[:2] == (section, sure)


@pytest.mark.parametrize(
    ("hints", "port", "section", "reason"),
    [
        (("Server: App-webs/",), KnownPort(554, "rtsp", ""), "cameras", "hikvision"),
        (("realm: Login to 6K0123ABCD",), KnownPort(80, "http", ""), "cameras", "dahua"),
        ((), KnownPort(37777, "vendor", ""), "cameras", "dahua"),
        (("title: Network Video Recorder",), KnownPort(80, "http", ""), "recorders", "recorder"),
        (("Server: nginx",), KnownPort(80, "http", ""), "", "web server only"),
        ((), KnownPort(554, "rtsp", ""), "cameras", "RTSP is open"),
    ],
)
def test_without_onvif_it_is_a_guess_with_its_reason(hints, port, section, reason):
    found, sure, reasons = classified(Found("10.0.0.1", (port,), hints=hints))
    assert (found, sure) == (section, "guess")
    assert reason in "; ".join(reasons)
