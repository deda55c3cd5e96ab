"""Is it the device, or is it us: looks that our own network has spoilt, by tables and a clock that
the test sets.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from healthmon.config import loading
from healthmon.model.device import Check
from healthmon.model.enums import CheckName, Reason, Span, State
from healthmon.model.links import Link, Service
from healthmon.model.measurements import Clock, Port, Reach, Reference, Stream, TimeServer
from healthmon.model.results import CheckResult, Observation, Verdict
from healthmon.protocols.host.routes import HostRoutes, Route, Table
from healthmon.runtime.agent import Agent
from healthmon.runtime.engine import CheckEngine, build, worth_again
from healthmon.runtime.estate import Estate
from healthmon.scheduling.locks import AddressLocks
from healthmon.scheduling.pace import Pace

CONFIG = """
agent: {{state_directory: "{state}"}}
time_servers: [{{address: 192.0.2.250}}]
sites: [{{id: market}}]
links: [{{id: POL, name: Relay, site: market, address: 192.0.2.20, rtsp: {{port: 8554}}, http: {{port: 8080}}}}]
recorders: [{{id: R1, name: Recorder, site: market, address: 192.0.2.30}}]
cameras:
  - {{id: C001, name: One, site: market, address: 192.0.2.1, kind: fixed, recorder: R1, channel: "1"}}
  - {{id: C002, name: Two, site: market, address: camera.example.com, kind: fixed}}
"""
ROUTE = Route("eth0", ip_network("192.0.2.0/24"), "", 0)
WELL = Table((ROUTE,), frozenset((4,)), frozenset(), frozenset())
CUT = Table((ROUTE,), frozenset((4,)), frozenset(), frozenset(("eth0",)))
DOWN, WAS_DOWN = (
    "network interface eth0 is down or unplugged",
    "network interface eth0 was down or unplugged until just now",
)


class Rig:
    """An app whose machine has the tables and the clock that the test sets."""

    def __init__(self, folder: Path) -> None:
        (folder / "state").mkdir()
        self.path = folder / "config.yaml"
        self.path.write_text(CONFIG.format(state=folder / "state"))
        self.clock, self.table = 1000.0, WELL
        self.engine: CheckEngine = build(loading.load(self.path))
        host_routes = HostRoutes(now=lambda: self.clock, read=lambda: self.table)
        self.engine.own.host_routes = self.engine.runner.host_routes = host_routes
        host_routes.tick()

    def at(self, clock: float, table: Table) -> None:
        self.clock, self.table = clock, table
        self.engine.own.host_routes.tick()

    def excused(self, observation: Observation, began: float) -> Observation:
        """What is believed instead of `observation`, and remembered."""
        device = self.engine.estate.devices[observation.device]
        result = self.engine.evaluated(self.check_of(observation), observation)
        found = self.engine.own.excused(result, device, began)
        self.engine.own.apply(replace(result, observation=found), device)
        return found

    def check_of(self, observation: Observation) -> Check:
        known = (c for c in self.engine.estate.checks if c.device == observation.device)
        return next((c for c in known if c.key == key(observation)), None) or Check(
            *key(observation)
        )

    def result(self, observation: Observation) -> CheckResult:
        return CheckResult(self.check_of(observation), observation, ())

    def verdicts(self, observation: Observation) -> tuple[Verdict, ...]:
        return self.engine.evaluated(self.check_of(observation), observation).verdicts


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def seen(
    device: str, check_type: CheckName, value=None, reason: Reason | None = None
) -> Observation:
    return Observation(
        device,
        check_type,
        "",
        0.0,
        3.0,
        value,
        reason,
        "TCP port 8080: no answer in 3 s" if reason else "",
    )


def reach(*reasons: Reason | None) -> Reach:
    return Reach(
        tuple(Port("tcp", n, None if reason else 0.01, reason) for n, reason in enumerate(reasons))
    )


SPOILT = [
    pytest.param(seen("C001", CheckName.IDENTITY, reason=Reason.CONNECT_TIMEOUT), id="no answer"),
    pytest.param(
        seen("C001", CheckName.STREAM, reason=Reason.RESET), id="cut while it was answered"
    ),
    pytest.param(
        seen("C001", CheckName.REACH, reach(Reason.UNREACHABLE, Reason.UNREACHABLE)),
        id="no port answers",
    ),
    pytest.param(
        seen("C001", CheckName.REACH, reach(Reason.CONNECT_TIMEOUT, None)),
        id="the last port answers",
    ),
    pytest.param(
        seen(
            "C001",
            CheckName.STREAM,
            Stream("/", "tcp", 10.0, frames=9, packets=9, media_seconds=0.3, silence=9.0),
        ),
        id="pictures stop",
    ),
    pytest.param(
        seen("POL", CheckName.LINK, Link((Service("RTSP", 8554, None, Reason.CONNECT_TIMEOUT),))),
        id="a service of a link",
    ),
    pytest.param(
        seen(
            "healthmon",
            CheckName.REFERENCE,
            Reference(None, 0.0, 0, 1, "none", (TimeServer("192.0.2.250", "silent"),)),
        ),
        id="time servers",
    ),
    pytest.param(
        seen(
            "healthmon",
            CheckName.REFERENCE,
            Reference(Span(0, 0), 0.0, 0, 1, "", (TimeServer("192.0.2.250", "silent"),)),
        ),
        id="time servers, where this machine's own clock will do",
    ),
]


@pytest.mark.parametrize("observation", SPOILT)
def test_n3_what_failed_while_our_cable_was_out_or_came_back_is_unknown_by_our_own_network(
    rig, observation
):
    assert rig.excused(observation, 995.0) == observation, "our network is well"
    rig.at(1001.0, CUT)
    found = rig.excused(observation, 1000.0)
    assert (found.value, found.reason, found.detail) == (None, Reason.AGENT_NETWORK, DOWN)
    assert rig.engine.state.cut == {observation.device: DOWN}
    assert all(one.state is State.UNKNOWN for one in rig.verdicts(found))
    rig.at(1010.0, WELL)
    found = rig.excused(observation, 1001.0)
    assert (found.value, found.reason, found.detail) == (None, Reason.AGENT_NETWORK, WAS_DOWN)
    assert rig.engine.state.cut == {}, "there is a way again"
    assert rig.excused(observation, 1009.0) == observation, (
        "began after the cut: this is the device's own"
    )


def test_n3_what_is_well_is_believed_whatever_our_network_does(rig):
    rig.at(1001.0, CUT)
    for value in (
        reach(None),
        Reference(Span(0, 0), 0.0, 1, 1, members=(TimeServer("192.0.2.250", "good", Span(0, 0)),)),
    ):
        check_type = CheckName.REACH if isinstance(value, Reach) else CheckName.REFERENCE
        observation = seen(
            "C001" if check_type == CheckName.REACH else "healthmon", check_type, value
        )
        assert rig.excused(observation, 1000.0) == observation
    assert rig.engine.state.cut == {}


def test_n5_of_a_name_that_was_never_looked_up_nothing_is_known(rig):
    rig.at(1001.0, CUT)
    observation = seen("C002", CheckName.REACH, reason=Reason.DNS)
    assert rig.excused(observation, 1000.0) == observation, "its address was never known"


async def test_n5_a_name_that_was_looked_up_leads_to_the_way(rig):
    rig.engine.context.connector.resolver.resolve = lambda _name: ["192.0.2.2"]
    await rig.engine.context.connector.address_of("camera.example.com")
    rig.at(1001.0, CUT)
    found = rig.excused(seen("C002", CheckName.REACH, reason=Reason.DNS), 1000.0)
    assert (found.reason, found.detail) == (Reason.AGENT_NETWORK, DOWN)
    await rig.engine.close()


class Noted:
    """In the place of the schedule: what it was told to hasten."""

    def __init__(self) -> None:
        self.hastened: list[tuple[str, str]] = []
        self.address_locks = AddressLocks()
        self.pace = Pace(200)

    def run_soon(self, checks: Iterable[Check], *, over: float = 0.0) -> None:
        self.hastened += [(check.device, check.check_type) for check in checks]

    def taken(self) -> list[tuple[str, str]]:
        found, self.hastened = self.hastened, []
        return found


@pytest.fixture
async def agent(rig: Rig) -> AsyncIterator[Agent]:
    made = Agent.of(rig.path, Estate.of(loading.load(rig.path)))
    await made.engine.close()
    made.engine = rig.engine
    made.schedule = Noted()
    yield made
    await made.incident_service.store_writer.close()
    await made.engine.close()
    made.running.close()


def take(agent: Agent, observation: Observation) -> None:
    check = next(one for one in agent.estate.checks if one.key == key(observation))
    agent.deliver(agent.engine.evaluated(check, observation))


def key(observation: Observation) -> tuple[str, CheckName, str]:
    return observation.device, observation.check_type, observation.instance


async def test_n3_what_our_network_has_spoilt_is_looked_at_when_the_device_answers_again(
    rig, agent
):
    spoilt = seen("C001", CheckName.IDENTITY, reason=Reason.CONNECT_TIMEOUT)
    rig.at(1001.0, CUT)
    rig.at(1002.0, WELL)
    take(agent, rig.excused(spoilt, 1000.0))
    agent.schedule.taken()
    take(agent, seen("C001", CheckName.REACH, reach(None)))
    assert agent.schedule.taken() == [("C001", "identity")]


async def test_n3_devices_are_looked_at_as_soon_as_there_is_a_way_to_them_whatever_their_interval(
    rig, agent
):
    rig.at(1001.0, CUT)
    for observation in (
        seen("C001", CheckName.REACH, reach(Reason.CONNECT_TIMEOUT)),
        seen("healthmon", CheckName.REFERENCE, Reference(None, 0.0, 0, 1, "none")),
    ):
        take(agent, rig.excused(observation, 1000.0))
    agent._self()
    assert agent.schedule.taken() == []
    assert agent.cut == {"C001"}
    rig.at(1002.0, WELL)
    agent._self()
    assert sorted(agent.schedule.taken()) == [("C001", "reach"), ("healthmon", "reference")]


async def test_that_our_time_servers_alone_are_out_of_reach_is_said_of_the_time(rig):
    far = Table(
        (ROUTE, Route("eth1", ip_network("192.0.2.250/32"), "", 0)),
        frozenset((4,)),
        frozenset(),
        frozenset(),
    )
    silent = Reference(None, 0.0, 0, 1, "none", (TimeServer("192.0.2.250", "silent"),))
    rig.at(1001.0, replace(far, stopped=frozenset(("eth1",))))
    observation = seen("healthmon", CheckName.REFERENCE, silent)
    assert rig.excused(observation, 1000.0) == observation
    rig.at(1002.0, replace(far, stopped=frozenset(("eth0", "eth1"))))
    assert rig.excused(observation, 1001.0).reason is Reason.AGENT_NETWORK


async def test_a_reference_that_is_not_known_is_not_exposed_as_the_last_one_was(agent):
    take(agent, seen("healthmon", CheckName.REFERENCE, Reference(Span(-0.01, 0.01), 0.0, 3, 3)))
    assert b"healthmon_reference_clock_ok 1" in agent.metrics.text(openmetrics=False)
    take(agent, seen("healthmon", CheckName.REFERENCE, reason=Reason.AGENT_NETWORK))
    assert b"healthmon_reference_clock_ok" not in agent.metrics.text(openmetrics=False)


async def test_a1_clocks_that_could_not_be_compared_are_asked_again_once_the_time_is_known(agent):
    take(agent, seen("C001", CheckName.CLOCK, Clock((), None)))
    assert agent.schedule.taken() == []
    take(agent, seen("healthmon", CheckName.REFERENCE, Reference(None, 0.0, 0, 1, "none")))
    assert agent.schedule.taken() == []
    known = Reference(Span(-0.01, 0.01), 0.0, 3, 3)
    take(agent, seen("healthmon", CheckName.REFERENCE, known))
    assert agent.schedule.taken() == [("C001", "clock")]
    take(agent, seen("C001", CheckName.CLOCK, Clock((), known)))
    take(agent, seen("healthmon", CheckName.REFERENCE, known))
    assert agent.schedule.taken() == []


@pytest.mark.slow
async def test_a_reload_forgets_nothing_of_what_our_own_network_keeps_from_us(rig, agent):
    rig.at(1001.0, CUT)
    take(agent, rig.excused(seen("C001", CheckName.REACH, reach(Reason.CONNECT_TIMEOUT)), 1000.0))
    agent.schedule = None
    assert await agent.reload() == ""
    assert agent.engine.state.cut == {"C001": DOWN}


@pytest.mark.parametrize("check_type", [CheckName.STREAM, CheckName.IDENTITY])
def test_a_look_of_a_sweep_that_we_have_held_up_is_made_again_however_long_it_took(rig, check_type):
    slow = replace(seen("C001", check_type, reason=Reason.AGENT_STALLED), duration=12.0)
    assert worth_again(rig.result(slow))
    assert not worth_again(rig.result(replace(slow, reason=Reason.TIMEOUT))), (
        "a device that is slow has had its time"
    )
    assert not worth_again(rig.result(replace(slow, reason=Reason.AUTH_FAILED, duration=0.1))), (
        "a login is not tried twice"
    )
