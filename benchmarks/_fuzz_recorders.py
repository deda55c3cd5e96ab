"""Whole sessions with recorders of every make, for the fuzz program: a well simulated recorder
answers, but for one answer that is damaged.

A file of the corpus has the path of its request in the first line (one that begins so, for ONVIF the
operation), then an empty line and the body of the answer.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import cache, lru_cache, partial
from typing import Any, cast
from urllib.parse import parse_qsl

from benchmarks._fuzz_wire import ADDRESS, MOST_WAITS, Peer, Transport, spoken
from healthmon.checks.evaluation import recorder as recorder_evaluation
from healthmon.checks.evaluation import recording as recording_evaluation
from healthmon.checks.evaluation.wording import plain
from healthmon.checks.probes.recording import recording_of
from healthmon.checks.probes.session_cache import Read
from healthmon.demo.onvif_sim import OnvifSim
from healthmon.demo.profile_g_sim import ProfileG, RefusedError
from healthmon.demo.recorders.engine import Asked
from healthmon.demo.recorders.vendors import recorder_of
from healthmon.demo.state import SimDevice
from healthmon.model.device import Check, Device
from healthmon.model.enums import Kind
from healthmon.model.footage import RecorderAnswer, RecorderMeasurement
from healthmon.model.results import Measurement, Observation
from healthmon.protocols.errors import ExchangeError, ResetError, TooLargeError
from healthmon.protocols.http.exchange import BODY_CAP, Endpoint, Enough, Reply, build_request
from healthmon.protocols.http.session import Fields, HttpSession
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.vendors.client import VendorClient
from healthmon.vendors.registry import make_of

BY_HTTP = ("hikvision", "axis", "dahua", "bosch")
MAKES = (*BY_HTTP, "onvif")
STATEFUL = ("dahua",)  # the same request is answered by the next part of a list
CHANNELS = ("1", "2")
BOTH = 8  # in one case of so many both are asked for: each costs as many requests as all the rest
KEPT_DAYS = (
    1.5  # little footage: the answers that are well are short, the damaged one is as long as ever
)
ENVELOPE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>{}</s:Body></s:Envelope>'
)
_OPERATION = re.compile(r"Body[^>]*>\s*<(?:\w+:)?(\w+)")
CAMERAS = tuple(
    Device(f"C{name}", f"Camera {name}", Kind.CAMERA, "s", ADDRESS, recorder="R1", channel=name)
    for name in CHANNELS
)


@cache
def simulated(make: str) -> Callable[[Asked], str]:
    """What a well recorder of a make answers."""
    device = SimDevice("R1", "Recorder 1", "recorder", ADDRESS, "s", channels=2)
    device.serial = "SIM-R00001"
    device.faults["retention_days"] = KEPT_DAYS
    if make == "onvif":
        return partial(_soap, device)
    device.make = make
    recorder = recorder_of(device)
    return lambda asked: recorder.answer(asked).body


def operation_of(body: str) -> str:
    """The ONVIF operation of a request, "" of one that is none."""
    match = _OPERATION.search(body)
    return match[1] if match else ""


def _soap(device: SimDevice, asked: Asked) -> str:
    sim, operation = OnvifSim(device), operation_of(asked.body)
    sim.connection_made(Transport())
    try:
        answers = ProfileG(device).answers
        known = operation in answers
        answer = answers[operation](asked.body) if known else sim._answer(operation, asked.body)
    except RefusedError as refused:
        answer = f"<Fault><Code><Value>{refused}</Value></Code></Fault>"
    finally:
        sim.connection_lost(None)
    return ENVELOPE.format(answer or "<Fault/>")


class RecorderSession(HttpSession):
    """The recorder of a `make`, whose answer to a request for `path` is `body`.

    Its HTTP is always well (`http` has a corpus of its own), so no bytes of it are made and read
    again: that took two fifths of a session's time.
    """

    def __init__(self, make: str, path: str, body: bytes) -> None:
        super().__init__(cast("Connector", None), Endpoint(ADDRESS, 80))
        self._make, self._path, self._body = make, path, body

    async def send(
        self,
        method: str,
        path: str,
        *,
        headers: Fields = (),
        body: bytes = b"",
        cap: int = BODY_CAP,
        enough: Enough | None = None,
    ) -> Reply:
        """What the recorder says to a request, or the damaged answer; nothing after many."""
        del enough
        build_request(self.place, method, path, headers, body, keep=True)
        self.requests += 1
        if self.requests > MOST_WAITS:
            raise ResetError("HTTP: connection closed by the device")
        answer = self._body_of(method, path, body.decode("utf-8", "replace"))
        if len(answer) > cap:
            raise TooLargeError(f"HTTP answer announces more than {cap // 1024} KiB, not read")
        now = time.time()
        return Reply(200, (), answer, now, now)

    def _body_of(self, method: str, target: str, body: str) -> bytes:
        if self._path and self._path in (target[: len(self._path)], operation_of(body)):
            return self._body
        if self._make in STATEFUL:
            return well_answer.__wrapped__(self._make, method, target, body, 0)
        return well_answer(self._make, method, target, body, int(time.time()))


class _Nobody(Peer):
    """Who waits for more than the answers of a session waits in vain."""

    def answer(self) -> None:
        """Nothing comes."""

    hang_up = answer


@lru_cache(maxsize=256)
def well_answer(make: str, method: str, target: str, body: str, _second: int) -> bytes:
    """What the simulated recorder answers in one second."""
    path, _, query = target.partition("?")
    asked = Asked(method, path, dict(parse_qsl(query, keep_blank_values=True)), body)
    return simulated(make)(asked).encode()


def recorder_session(make: str, data: bytes) -> None:
    """One session, and what it means for the recorder and its cameras."""
    head, _, body = data.partition(b"\n\n")
    session = RecorderSession(make, head.decode("latin-1").strip()[:200], body)
    device = Device("R1", "Recorder 1", Kind.RECORDER, "s", ADDRESS, make=make)
    nobody: Any = _Nobody(b"")
    client = VendorClient(device, nobody, LockoutGuard(), http=session.place, _session=session)
    wanted = CHANNELS if len(data) % BOTH == 0 else CHANNELS[:1]
    answer = spoken(make_of(make).read(client, frozenset(wanted)), nobody)
    if answer is not None:
        _evaluated(device, answer)


def _evaluated(device: Device, answer: RecorderAnswer) -> None:
    wall = time.time()
    cameras = tuple((camera.channel or "", camera.id) for camera in CAMERAS)
    health = RecorderMeasurement(answer.health, wall, answer.notes, cameras, None, 1)
    for verdict in recorder_evaluation.evaluate(_observed(device, "recorder", health), device):
        plain(verdict.sentence)
    read = Read(time.monotonic(), wall, answer)
    for camera in CAMERAS:
        try:
            found = recording_of(camera, device, read, (None, None))
        except ExchangeError:
            continue
        observation = _observed(camera, "recording", found)
        for verdict in recording_evaluation.evaluate(observation, camera):
            plain(verdict.sentence)


def _observed(device: Device, check_type: str, value: Measurement) -> Observation:
    check = Check(device.id, check_type, "R1")
    return Observation(check.device, check.check_type, check.instance, time.time(), 0.1, value)
