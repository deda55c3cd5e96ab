"""A relayed stream beside its camera in the simulated estate: every fault of the relay by its name,
and its delay.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from helpers.results import observed

from healthmon.checks.evaluation.relay import evaluate
from healthmon.checks.probes import relay, stream
from healthmon.checks.probes.context import ProbeContext
from healthmon.demo.estate import Estate
from healthmon.demo.state import RTSP, SimDevice
from healthmon.model.device import Access, Check, Device, Limits, RelaySpec, StreamSpec
from healthmon.model.enums import CheckName, Kind, State
from healthmon.model.links import Relay
from healthmon.model.results import Observation, Verdict
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret

CAMERA, RELAY = "127.35.1.2", "127.35.5.2"
SOURCE = Device(
    "C1", "North", Kind.CAMERA, "s", CAMERA, access=Access(rtsp_port=RTSP, credential="v"), streams=(StreamSpec(path="/stream1"),)
)  # fmt: skip
POLICE = Device(
    "POL", "Police", Kind.LINK, "s", RELAY, access=Access(rtsp_port=RTSP, credential="v"),
    relays=(RelaySpec("C1", "/police/C1", "main"),), limits=Limits(relay_delay=(2.0, 6.0)),
)  # fmt: skip


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(stream, "LONGEST_SILENCE", 2.0)


@pytest.fixture
async def estate():
    camera = SimDevice("C1", "North", "camera", CAMERA, "s")
    police = SimDevice("POL", "Police", "relay", RELAY, "s", paths=("/police/C1",))
    started = Estate([camera, police])
    await started.start()
    yield started
    await started.stop()


class Looks:
    """Both looks as the schedule makes them: side by side, the relay's a moment later."""

    def __init__(self) -> None:
        self.context = ProbeContext(
            Connector.of([CAMERA, RELAY]),
            LockoutGuard(),
            lambda _: Credential("v", "healthmon", Secret("view only")),
        )

    async def source(self) -> Observation:
        check = Check("C1", CheckName.STREAM, "main", watch=1.5, timeout=10)
        return await observed(lambda: stream.probe(SOURCE, check, self.context), SOURCE, check)

    async def relayed(self, police: Device = POLICE) -> Observation:
        check = Check("POL", CheckName.RELAY, "C1", watch=1.5, timeout=20)
        return await observed(lambda: relay.probe(police, check, self.context), police, check)

    async def both(self, police: Device = POLICE) -> tuple[Observation, dict[str, Verdict]]:
        _, found = await asyncio.gather(self.source(), self.relayed(police))
        return found, {one.aspect: one for one in evaluate(found, police)}


def told(verdicts: dict[str, Verdict]) -> dict[str, tuple[State, str]]:
    return {aspect: (one.state, one.code) for aspect, one in verdicts.items()}


WELL = {"pictures": (State.OK, "ok"), "same": (State.OK, "ok"), "delay": (State.OK, "ok")}


@pytest.mark.parametrize(("late", "code"), [(0.4, "ok"), (3.0, "relay_delay")])
async def test_the_delay_is_measured_by_equal_key_frames(estate, late, code):
    await estate.set_fault("POL", "delay", late)
    found, verdicts = await Looks().both()
    assert isinstance(found.value, Relay)
    assert found.value.delay is not None
    assert (found.value.delay_by, found.value.same_pictures) == ("pictures", True)
    assert found.value.delay.low - 0.3 <= late <= found.value.delay.high + 0.3, (
        "a busy machine may be late"
    )
    assert found.value.delay.error < 0.5
    assert verdicts["delay"].code == code
    for counters in (estate.counters("C1"), estate.counters("POL")):
        assert (counters.sessions_most, counters.lost_sessions) == (1, 0)
    assert estate.counters("C1").sessions == 1, "the camera is not asked by the relay's look"


async def test_frozen_small_off_and_silent_relays_have_their_names(estate):
    looks = Looks()
    await estate.set_fault("POL", "small")
    _, verdicts = await looks.both()
    assert told(verdicts)["same"] == (State.DEGRADED, "relay_differs")
    assert "size 320x180 instead of 640x360" in verdicts["same"].sentence
    other = replace(
        POLICE, relays=(RelaySpec("C1", "/police/C1", "main", codec="h264", width=320, height=180),)
    )
    found, verdicts = await looks.both(other)
    assert told(verdicts)["same"] == (State.OK, "ok"), "as it was agreed with the police"
    assert isinstance(found.value, Relay)
    assert (found.value.delay, found.value.delay_note) == (None, "the relay encodes pictures anew")
    await estate.set_fault("POL", "small", None)
    for fault, code in (
        ("no_media", "relay_down"),
        ("frozen_clock", "relay_stale"),
        ("off", "relay_down"),
    ):
        await estate.set_fault("POL", fault)
        _, verdicts = await looks.both()
        assert told(verdicts) == {"pictures": (State.FAULT, code)}, fault
        await estate.set_fault("POL", fault, None)


async def test_a_picture_frozen_by_the_relay_is_not_the_cameras(estate):
    looks = Looks()
    await estate.set_fault("POL", "frozen_picture")
    for _ in range(6):
        _, verdicts = await looks.both()
        if verdicts["pictures"].state is State.FAULT:
            break
    assert told(verdicts) == {"pictures": (State.FAULT, "relay_stale")}
    await estate.set_fault("C1", "frozen_picture")
    for _ in range(6):
        found, verdicts = await looks.both()
        if verdicts["pictures"].state is State.OK:
            break
    assert told(verdicts)["pictures"] == (State.OK, "ok"), "the camera's own picture stands still"
    assert isinstance(found.value, Relay)
    assert found.value.delay is None


async def test_what_the_camera_lacks_is_no_fault_of_the_relay(estate):
    looks = Looks()
    for device in ("C1", "POL"):
        await estate.set_fault(device, "no_media")
    _, verdicts = await looks.both()
    assert verdicts["pictures"].state is State.UNKNOWN
    assert "camera C1 gives no pictures itself" in verdicts["pictures"].sentence
    for device in ("C1", "POL"):
        await estate.set_fault(device, "no_media", None)
        await estate.set_fault(device, "off")
    _, verdicts = await looks.both()
    assert verdicts["pictures"].state is State.UNKNOWN
    assert "camera C1 gives no pictures itself" in verdicts["pictures"].sentence


async def test_a_relay_without_a_look_at_its_camera_is_judged_by_itself(estate, monkeypatch):
    monkeypatch.setattr(relay, "SOURCE_WAIT", 0.2)
    found = await Looks().relayed()
    assert told({one.aspect: one for one in evaluate(found, POLICE)}) == {
        "pictures": (State.OK, "ok")
    }
    assert isinstance(found.value, Relay)
    assert (found.value.source, found.value.source_age) == (None, None)
