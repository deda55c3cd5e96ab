"""A pruned WSDL makes the same requests as the whole one, and is a fraction of it."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from healthmon.wire import onvif_docs, onvif_prune
from healthmon.wire.http import Place

SETUP = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("devicemgmt", "GetDeviceInformation", {}),
    ("devicemgmt", "GetNetworkInterfaces", {}),
    ("devicemgmt", "GetCapabilities", {"Category": "All"}),
    ("devicemgmt", "GetServices", {"IncludeCapability": False}),
    ("media", "GetProfiles", {}),
    ("media", "GetStreamUri", {"StreamSetup": SETUP, "ProfileToken": "p"}),
    ("media", "GetOSDs", {"ConfigurationToken": "c"}),
    ("ptz", "GetStatus", {"ProfileToken": "p"}),
    ("imaging", "GetImagingSettings", {"VideoSourceToken": "v"}),
    (
        "search",
        "FindRecordings",
        {"Scope": {"IncludedRecordings": ["r"]}, "KeepAliveTime": "PT10S"},
    ),
    ("recording", "GetRecordings", {}),
    ("replay", "GetReplayUri", {"StreamSetup": SETUP, "RecordingToken": "r"}),
]


def message(document: Any, service: str, operation: str, arguments: dict[str, Any]) -> bytes:
    binding = document.bindings[
        f"{{{onvif_docs.SERVICES[service]['ns']}}}{onvif_docs.SERVICES[service]['binding']}"
    ]
    content = binding.get(operation).create(**arguments).content
    return etree.tostring(content, method="c14n")


def whole(service: str) -> Any:
    path = onvif_docs._FOLDER / onvif_docs.SERVICES[service]["wsdl"]
    transport = onvif_docs._zeep.transports.Transport()
    return onvif_docs._zeep.wsdl.Document(str(path), transport, settings=onvif_docs._SETTINGS)


@pytest.fixture(scope="module")
def wholes() -> dict[str, Any]:
    return {service: whole(service) for service in {service for service, _, _ in REQUESTS}}


@pytest.mark.parametrize(("service", "operation", "arguments"), REQUESTS)
def test_the_request_is_that_of_the_whole_wsdl(
    service: str, operation: str, arguments: dict[str, Any], wholes: dict[str, Any]
) -> None:
    small = onvif_docs.document(service, operation)
    assert message(small, service, operation, arguments) == message(
        wholes[service], service, operation, arguments
    )


def test_what_is_not_needed_is_not_there() -> None:
    wsdl = onvif_docs._FOLDER / "devicemgmt.wsdl"
    small = onvif_prune.pruned(wsdl, {"GetDeviceInformation"})
    assert b"SetUser" not in small["devicemgmt.wsdl"]
    assert sum(map(len, small.values())) < 0.05 * sum(
        wsdl.with_name(name).stat().st_size for name in small
    )


def test_an_operation_asked_for_later_joins_the_others() -> None:
    async def send(*_: object) -> Any:
        raise AssertionError

    onvif_docs.document("ptz", "GetStatus")
    onvif_docs.proxy("ptz", "GetNodes", Place("127.0.0.1", 80), "/ptz", send)
    assert onvif_docs.ready("ptz", "GetStatus")
    assert onvif_docs.ready("ptz", "GetNodes")
    assert not onvif_docs.ready("ptz", "GetPresets")
