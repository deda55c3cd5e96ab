"""A relay of GStreamer between its own camera and us: the delay is measured by pictures that both
show.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.peers.rtsp_peers import gstreamer, wait_serving
from helpers.results import observed
from helpers.support import Peers, free_port

from healthmon.checks.evaluation.relay import evaluate
from healthmon.checks.probes import relay, stream
from healthmon.checks.probes.context import ProbeContext
from healthmon.model.device import Access, Check, Device, RelaySpec, StreamSpec
from healthmon.model.enums import CheckName, Kind, Reason, State
from healthmon.model.links import Relay
from healthmon.model.results import Observation, Verdict
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret

pytestmark = pytest.mark.peer
HOST = "127.0.0.1"
LATE = 1.5


async def looks(camera: int, police: int, path: str) -> tuple[Observation, dict[str, Verdict]]:
    """The camera's look and the relay's side by side."""
    context = ProbeContext(
        Connector.of([HOST]), LockoutGuard(), lambda _: Credential("v", "", Secret(""))
    )
    source = Device(
        "C1",
        "C1",
        Kind.CAMERA,
        "s",
        HOST,
        access=Access(rtsp_port=camera),
        streams=(StreamSpec(path="/h264"),),
    )
    link = Device(
        "POL",
        "Police",
        Kind.LINK,
        "s",
        HOST,
        access=Access(rtsp_port=police),
        relays=(RelaySpec("C1", path, "main"),),
    )
    own = Check("C1", CheckName.STREAM, "main", watch=3, timeout=15)
    check = Check("POL", CheckName.RELAY, "C1", watch=3, timeout=30)
    _, found = await asyncio.gather(
        observed(lambda: stream.probe(source, own, context), source, own),
        observed(lambda: relay.probe(link, check, context), link, check),
    )
    return found, {one.aspect: one for one in evaluate(found, link)}


async def shown(
    camera: int, police: int, path: str, enough: Callable[[Observation], bool]
) -> tuple[Observation, dict[str, Verdict]]:
    """The looks that show `enough`, else the last ones: a server that begins to encode on a busy
    machine is slow.
    """
    end = time.monotonic() + 90
    while True:
        found, verdicts = await looks(camera, police, path)
        if enough(found) or time.monotonic() > end:
            return found, verdicts
        await asyncio.sleep(0.5)


@pytest.fixture(scope="module")
def camera(module_peers: Peers) -> int:
    return gstreamer(module_peers)


def relaying(peers: Peers, camera: int) -> int:
    port, before = free_port(), peers.log().count("serving")
    script = Path(__file__).parents[1] / "helpers/peers/gst_relay.py"
    peers.start(
        "/usr/bin/python3", script, HOST, str(port), f"rtsp://{HOST}:{camera}/h264", str(LATE)
    )
    wait_serving(peers, before)
    return port


async def test_the_delay_of_a_real_relay_is_measured_and_its_pictures_known_again(
    peers: Peers, camera: int
) -> None:
    police = relaying(peers, camera)
    found, verdicts = await shown(
        camera,
        police,
        "/relay",
        lambda found: isinstance(found.value, Relay) and found.value.delay is not None,
    )
    assert isinstance(found.value, Relay), f"{found}\n{peers.log()[-2000:]}"
    assert found.value.delay is not None, found.value
    assert (found.value.delay_by, found.value.same_pictures) == ("pictures", True)
    # What a busy machine holds up makes the span wider; the true delay is in it.
    assert found.value.delay.high > LATE - 0.2
    assert found.value.delay.low < LATE + 2
    assert found.value.delay.error < 1
    assert {aspect: one.state for aspect, one in verdicts.items()} == dict.fromkeys(
        ("pictures", "same", "delay"), State.OK
    )


async def test_another_stream_in_place_of_the_cameras_differs(camera: int) -> None:
    found, verdicts = await shown(
        camera,
        camera,
        "/h265",
        lambda found: isinstance(found.value, Relay) and found.value.source is not None,
    )
    assert verdicts["same"].code == "relay_differs"
    assert "codec h265 instead of h264" in verdicts["same"].sentence
    assert isinstance(found.value, Relay)
    assert not found.value.same_pictures
    found, verdicts = await shown(
        camera, camera, "/nothing", lambda found: found.reason is not Reason.BEHIND_PARENT
    )
    assert (verdicts["pictures"].state, verdicts["pictures"].code) == (State.FAULT, "relay_down")
