"""Each prepared envelope says, as XML, what onvif-zeep sends for the same call by the WSDL.

onvif-zeep calls a loopback server that keeps the bodies. It has no WSDL of Media2, whose calls are
therefore not compared: the peer of node-soap answers them by the official one.
"""

from __future__ import annotations

import asyncio
import re
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from helpers.fakes.onvif_camera import PATH, REFUSAL, RIGHT, Camera
from helpers.loopback import served

from healthmon.protocols.errors import ExchangeError
from healthmon.protocols.http.exchange import Endpoint
from healthmon.protocols.onvif import device, media, osd, profile_g_requests, ptz, soap
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:::(onvif|zeep)")]

SOURCES = Path(media.__file__).parent
START, END = 1_795_467_600.0, 1_795_471_200.0
TOPICS = f"tns1:{profile_g_requests.TRACK_STATE}"
WSDL = {
    soap.NS_DEVICE: ("devicemgmt", "Device"),
    media.MEDIA: ("media", "Media"),
    ptz.PTZ: ("ptz", "PTZ"),
    profile_g_requests.NS_SEARCH: ("search", "Search"),
    profile_g_requests.NS_RECORDING: ("recording", "Recording"),
    profile_g_requests.NS_REPLAY: ("replay", "Replay"),
}
RTSP = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
TEN_SECONDS = timedelta(seconds=10)


def topic_expression() -> Any:
    """The content of a FilterType, which the WSDL leaves open."""
    from lxml import etree

    names = {
        "wsnt": "http://docs.oasis-open.org/wsn/b-2",
        "tns1": "http://www.onvif.org/ver10/topics",
    }
    element = etree.Element(f"{{{names['wsnt']}}}TopicExpression", nsmap=names)
    element.set("Dialect", profile_g_requests.CONCRETE_SET)
    element.text = TOPICS
    return element


def profile_g() -> list[tuple[str, bytes, dict[str, Any]]]:
    """(operation, our envelope, the arguments for onvif-zeep)."""
    r = profile_g_requests
    found = {"SearchToken": "S&1", "MaxResults": 7, "WaitTime": timedelta(seconds=5)}
    events = {
        "StartPoint": datetime.fromtimestamp(START, UTC),
        "EndPoint": datetime.fromtimestamp(END, UTC),
        "Scope": {},
        "SearchFilter": {"_value_1": [topic_expression()]},
        "IncludeStartState": True,
        "KeepAliveTime": TEN_SECONDS,
    }
    return [
        ("GetServices", r.GET_SERVICES, {"IncludeCapability": True}),
        ("GetCapabilities", r.GET_CAPABILITIES, {"Category": ["All"]}),
        ("GetNTP", r.GET_NTP, {}),
        ("GetDeviceInformation", r.GET_DEVICE_INFORMATION, {}),
        ("GetRecordingSummary", r.GET_RECORDING_SUMMARY, {}),
        ("FindRecordings", r.FIND_RECORDINGS, {"Scope": {}, "KeepAliveTime": TEN_SECONDS}),
        ("GetRecordings", r.GET_RECORDINGS, {}),
        ("GetRecordingJobs", r.GET_RECORDING_JOBS, {}),
        (
            "GetRecordingInformation",
            r.get_recording_information("R<1"),
            {"RecordingToken": "R<1"},
        ),
        (
            "GetRecordingSearchResults",
            r.get_results("GetRecordingSearchResults", "S&1", 7, 5),
            found,
        ),
        ("GetEventSearchResults", r.get_results("GetEventSearchResults", "S&1", 7, 5), found),
        ("FindEvents", r.find_events(START, END, TOPICS), events),
        ("EndSearch", r.end_search("S&1"), {"SearchToken": "S&1"}),
        ("GetRecordingJobState", r.get_recording_job_state("J1"), {"JobToken": "J1"}),
        ("GetReplayUri", r.get_replay_uri("R1"), {"StreamSetup": RTSP, "RecordingToken": "R1"}),
    ]


# What healthmon sends to a camera, with the arguments for onvif-zeep.
OF_A_CAMERA: dict[str, dict[str, Any]] = {
    "GetSystemDateAndTime": {},
    "GetDeviceInformation": {},
    "GetNetworkInterfaces": {},
    "GetCapabilities": {"Category": ["All"]},
    "GetServices": {"IncludeCapability": False},
    "GetProfiles": {},
    "GetStreamUri": {"StreamSetup": RTSP, "ProfileToken": "p0"},
    "GetSnapshotUri": {"ProfileToken": "p0"},
    "GetOSDs": {},
    "GetPresets": {"ProfileToken": "p&0"},
    "GetStatus": {"ProfileToken": "p&0"},
    "GotoPreset": {"ProfileToken": "p&0", "PresetToken": "1<2"},
}


async def sent_to_a_camera() -> dict[str, bytes]:
    """Operation -> body of the requests of the reading functions."""
    connector, guard = Connector.of(["127.0.0.1"]), LockoutGuard()
    camera, other = Camera(login="none"), Camera(login="none")
    unsupported = REFUSAL.replace("ter:NotAuthorized", "ter:ActionNotSupported")
    other.replies = dict.fromkeys(
        ("GetCapabilities", "GetServices"), unsupported.format("not supported")
    )
    for scripted in (camera, other):
        async with served(scripted) as server:
            place = Endpoint("127.0.0.1", server.port)
            calls = device.calls(connector, place, PATH, RIGHT, guard)
            await device.device_time(connector, place)
            await device.device_information(calls)
            await device.network_interfaces(calls)
            with suppress(ExchangeError):
                await media.stream_address(connector, place, PATH, RIGHT, guard)
            views = calls.at(ptz.PTZ, PATH)
            await ptz.presets(views, "p&0")
            await ptz.status(views, "p&0")
            with suppress(ExchangeError):
                await media.snapshot_path(connector, place, PATH, RIGHT, guard)
            with suppress(ExchangeError):
                await osd.texts(calls.at(media.MEDIA, PATH))
            with suppress(ExchangeError):
                await ptz.goto(views, "p&0", "1<2")
    return {name: text.encode() for name, text in {**other.bodies, **camera.bodies}.items()}


class Keeper(BaseHTTPRequestHandler):
    """Keeps each body; its answer is no SOAP."""

    kept: list[bytes]

    def do_POST(self) -> None:
        self.kept.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_error(500)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def keeping() -> Iterator[tuple[str, list[bytes]]]:
    kept: list[bytes] = []
    server = HTTPServer(("127.0.0.1", 0), type("OneKeeper", (Keeper,), {"kept": kept}))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/onvif", kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def clients() -> dict[str, Any]:
    """The WSDL documents of onvif-zeep by namespace, read once."""
    import zeep

    settings = zeep.Settings(strict=False, xml_huge_tree=True)
    return {ns: zeep.Client(wsdl_of(ns), settings=settings) for ns in WSDL}


def wsdl_of(namespace: str) -> str:
    import onvif

    parents = Path(onvif.__file__).parents
    folder = next(one / "wsdl" for one in parents[:2] if (one / "wsdl").is_dir())
    return str(folder / f"{WSDL[namespace][0]}.wsdl")


def sent_by_onvif_zeep(
    clients: dict[str, Any], namespace: str, operation: str, arguments: dict[str, Any]
) -> bytes:
    import onvif
    from zeep.transports import Transport

    _, binding = WSDL[namespace]
    with keeping() as (address, kept):
        client = clients[namespace]
        client.transport = transport = Transport()
        service = onvif.ONVIFService(
            address,
            "",
            "",
            url=wsdl_of(namespace),
            zeep_client=client,
            binding_name=f"{{{namespace}}}{binding}Binding",
        )
        with suppress(Exception):  # the answer is none
            getattr(service.ws_client, operation)(**arguments)
        transport.session.close()
    assert len(kept) == 1, operation
    return kept[0]


Tree = tuple[str, tuple[tuple[str, str], ...], str, tuple[Any, ...]]


def tree(element: ET.Element) -> Tree:
    """Names with their namespaces, attributes, text, children; prefixes and white space say nothing."""
    children = tuple(tree(child) for child in element)
    return element.tag, tuple(sorted(element.items())), (element.text or "").strip(), children


def operation_of(envelope: bytes) -> ET.Element:
    body = ET.fromstring(envelope).find("{http://www.w3.org/2003/05/soap-envelope}Body")
    assert body is not None
    (operation,) = body
    return operation


def test_each_envelope_is_what_onvif_zeep_sends(clients: dict[str, Any]) -> None:
    ours = asyncio.run(sent_to_a_camera())
    table = [(name, ours[name], arguments) for name, arguments in OF_A_CAMERA.items()]
    for name, envelope, arguments in [*table, *profile_g()]:
        operation = operation_of(envelope)
        namespace, _, local = operation.tag[1:].partition("}")
        assert local == name
        theirs = operation_of(sent_by_onvif_zeep(clients, namespace, name, arguments))
        assert tree(operation) == tree(theirs), name


def test_every_operation_that_is_sent_is_compared() -> None:
    text = "\n".join(path.read_text() for path in sorted(SOURCES.glob("*.py")))
    named = set(re.findall(r'(?:envelope|call)\(\s*\w+,\s*"([A-Z]\w+)"', text))
    named |= {"GetRecordingSearchResults", "GetEventSearchResults"}  # by get_results
    assert named == {name for name, *_ in profile_g()} | set(OF_A_CAMERA) | {"GetMasks"}
