"""The rules on Debian's Prometheus and Alertmanager: every expression runs, a storm is one notice,
the dead agent no peace.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml
from helpers.fakes.hook_server import Receiver, receiver
from helpers.results import result_of
from helpers.support import Peers, free_port, need

from healthmon.config import loading
from healthmon.config.schema import Config
from healthmon.incidents.confirmation import Fault
from healthmon.incidents.incident import Incident
from healthmon.model.device import Check, Device
from healthmon.model.enums import CheckName, Kind, Reason, State
from healthmon.model.measurements import Port, Reach
from healthmon.model.results import Observation, Verdict
from healthmon.runtime import agent_metrics as figures
from healthmon_exporters.metrics.exposition import Metrics
from healthmon_exporters.reports import alertmanager_config
from healthmon_exporters.web import app as web
from healthmon_exporters.web import listener

pytestmark = [pytest.mark.peer, pytest.mark.long]
RULES = Path(__file__).parents[2] / "dashboards" / "rules"
CAMERAS = [
    Device(f"C{n:02}", f"Camera {n}", Kind.CAMERA, "market", f"192.0.2.{n + 1}") for n in range(40)
]
DEVICES = {device.id: device for device in CAMERAS}


@dataclass
class Estate:
    """An agent's page with as many lost cameras as wanted, on one port, on and off."""

    port: int
    running: listener.OpenListener | None = None
    metrics: Metrics | None = None

    async def start(self, lost: Iterable[Device] = ()) -> None:
        checks = [Check(device.id, CheckName.REACH) for device in CAMERAS]
        self.metrics = Metrics(CAMERAS, checks, version="0")
        self.show(lost)

        async def nothing(*_: str) -> None:
            return None

        async def accepted() -> str:
            return ""

        site = web.Site(self.metrics, nothing, lambda: True, accepted, list)
        self.running = await listener.serve(web.application(site), "127.0.0.1", self.port)

    def show(self, lost: Iterable[Device]) -> None:
        """What a look at every camera and the desk give when `lost` cannot be reached."""
        assert self.metrics is not None
        now, incidents = time.time(), []
        gone = {device.id for device in lost}
        for device in CAMERAS:
            state, reason = (State.FAULT, Reason.REFUSED) if device.id in gone else (State.OK, None)
            seen = Observation(
                device.id, CheckName.REACH, "", now, 0.1, Reach((Port("rtsp", 554, 0.01, reason),))
            )
            code = "unreachable" if reason else "ok"
            self.metrics.apply(
                result_of(
                    seen, (Verdict(device.id, CheckName.REACH, "", "reach", state, code, "-", now),)
                )
            )
            if reason:
                fault = Fault(device.id, "reach", "", "reach", code, state, "no answer", now, now)
                incidents.append(
                    Incident(len(incidents) + 1, device.id, "market", (fault,), now, now, told=now)
                )
        for table in figures.fault_tables(incidents, DEVICES, {}, []):
            self.metrics.table(*table)
        for table in figures.outbox_tables({"mail": 0}, {("mail", "sent"): 1}, {}):
            self.metrics.table(*table)
        for name, value in (
            ("store_ok", 1),
            ("own_network_ok", 1),
            ("config_reload_success", 1),
            ("loop_lag_seconds", 0),
        ):
            self.metrics.set_agent(f"healthmon_{name}", value)

    async def stop(self) -> None:
        if self.running is not None:
            await self.running.close()
            self.running = None


@dataclass
class Stack:
    """A running Prometheus and what Alertmanager has told so far."""

    http: httpx.AsyncClient
    reducer: Receiver
    estate: Estate

    async def query(self, expr: str) -> list[dict]:
        answer = await self.http.get("/api/v1/query", params={"query": expr})
        return list(answer.json()["data"]["result"])

    def told(self, alert: str) -> list[Counter[str]]:
        """How many alerts of this name fired and were over, in each notice that holds one."""
        groups = [json.loads(got.body)["alerts"] for got in self.reducer.got]
        counts = [
            Counter(a["status"] for a in group if a["labels"]["alertname"] == alert)
            for group in groups
        ]
        return [count for count in counts if count]


@pytest.fixture
async def stack(peers: Peers) -> AsyncIterator[Stack]:
    need("prometheus", "prometheus-alertmanager")
    estate = Estate(free_port())
    async with receiver() as reducer:
        alerts, port = _alertmanager(peers, reducer.url, Config()), free_port()
        _prometheus(peers, port, estate.port, alerts)
        await estate.start()
        for one in (alerts, port):
            await asyncio.to_thread(peers.wait_ready, one)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            yield Stack(http, reducer, estate)
        await estate.stop()
        await asyncio.get_running_loop().shutdown_default_executor()


def _alertmanager(peers: Peers, hook: str, config: Config) -> int:
    """The configuration as it is made, with a webhook instead of mail and shorter waits."""
    tree = alertmanager_config.configuration(config)
    tree["receivers"][0]["webhook_configs"] = [{"url": hook, "send_resolved": True}]
    for route in (tree["route"], *tree["route"]["routes"]):
        route.update(group_wait="2s", group_interval="1s")
        route.pop("active_time_intervals", None)
    path, port = peers.folder / "alertmanager.yaml", free_port()
    path.write_text(yaml.safe_dump(tree))
    folder, address = (
        f"--storage.path={peers.folder / 'am'}",
        f"--web.listen-address=127.0.0.1:{port}",
    )
    peers.start(
        "prometheus-alertmanager",
        f"--config.file={path}",
        folder,
        address,
        "--cluster.listen-address=",
    )
    return port


def _prometheus(peers: Peers, port: int, agent: int, alerts: int) -> None:
    for path in RULES.glob("*.rules.yaml"):
        text = (
            path.read_text()
            .replace("keep_firing_for: 2m", "keep_firing_for: 2s")
            .replace("for: 1m", "for: 2s")
        )
        (peers.folder / path.name).write_text(text)
    tree = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(peers.folder / "*.rules.yaml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alerts}"]}]}]},
        "scrape_configs": [
            {"job_name": "healthmon", "static_configs": [{"targets": [f"127.0.0.1:{agent}"]}]}
        ],
    }
    config = peers.folder / "prometheus.yaml"
    config.write_text(yaml.safe_dump(tree))
    folder, address = (
        f"--storage.tsdb.path={peers.folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    )
    peers.start("prometheus", f"--config.file={config}", folder, address)


async def until(found: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, "it did not come in time"
        await asyncio.sleep(0.2)


async def becomes(stack: Stack, expr: str, wanted: list[str], seconds: float = 60) -> None:
    """Until the values of `expr` are `wanted`."""
    end, seen = time.monotonic() + seconds, None
    while seen != wanted:
        assert time.monotonic() < end, (expr, seen)
        await asyncio.sleep(0.3)
        seen = [row["value"][1] for row in await stack.query(expr)]


async def test_a_storm_is_one_notice_and_a_dead_agent_ends_nothing(stack: Stack) -> None:
    await becomes(stack, "healthmon:cameras_failed:ratio", ["0"])
    stack.estate.show(CAMERAS)
    await until(lambda: stack.told("HealthmonReachFault") != [])
    assert stack.told("HealthmonReachFault") == [Counter(firing=40)]
    await becomes(stack, "healthmon:cameras_failed:ratio", ["1"])

    await stack.estate.stop()
    await until(lambda: stack.told("HealthmonAgentDown") != [])
    assert await stack.query("healthmon_fault_active") == []
    await becomes(stack, "count(healthmon:fault_active:named)", ["40"])
    assert await stack.query("healthmon:cameras_failed:ratio") == []
    assert stack.told("HealthmonReachFault") == [Counter(firing=40)]

    await stack.estate.start()
    await until(lambda: stack.told("HealthmonReachFault")[1:] != [])
    ends = stack.told("HealthmonReachFault")[1:]
    assert sum(end["resolved"] for end in ends) == 40
    assert len(ends) <= 2


async def test_every_expression_runs(stack: Stack) -> None:
    async def groups() -> list[dict]:
        answer = await stack.http.get("/api/v1/rules")
        return list(answer.json()["data"]["groups"])

    end = time.monotonic() + 60
    while not (rules := [rule for group in await groups() for rule in group["rules"]]) or any(
        rule["health"] == "unknown" for rule in rules
    ):
        assert time.monotonic() < end
        await asyncio.sleep(0.3)
    assert len(rules) == sum(
        text.count("- alert:") + text.count("- record:")
        for text in map(Path.read_text, RULES.glob("*.rules.yaml"))
    )
    assert [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"] == []
    await becomes(stack, 'count by (alertname) (ALERTS{alertname!="Watchdog"})', [])
    await becomes(stack, 'ALERTS{alertname="Watchdog",alertstate="firing"}', ["1"])


BY_ALERTMANAGER = """
estate: {name: Example District CCTV}
notify: {alerts: {alertmanager: {url: "http://127.0.0.1:9093"}}}
routes: [{to: alerts}]
"""
FAULT = {
    "alertname": "HealthmonFault",
    "site": "market",
    "severity": "critical",
    "estate": "Example District CCTV",
}
DOWN = {
    "alertname": "HealthmonAgentDown",
    "class": "agent",
    "instance": "desk:9877",
    "priority": "P1",
}


async def test_a_cause_mutes_what_it_explains_and_a_dead_agent_says_of_nothing_that_it_is_over(
    peers: Peers,
) -> None:
    need("prometheus-alertmanager")
    (peers.folder / "config.yaml").write_text(BY_ALERTMANAGER)
    config = loading.load(peers.folder / "config.yaml")
    async with receiver() as reducer:
        port = _alertmanager(peers, reducer.url, config)
        await asyncio.to_thread(peers.wait_ready, port)

        def heard() -> set[tuple[str, str, str]]:
            alerts = [alert for got in reducer.got for alert in json.loads(got.body)["alerts"]]
            names = [
                (
                    a["labels"]["alertname"],
                    a["labels"].get("device", ""),
                    a["labels"].get("code", ""),
                )
                for a in alerts
            ]
            return {
                (a["status"], *name[1:])
                for a, name in zip(alerts, names, strict=True)
                if name[0] == "HealthmonFault"
            }

        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:

            async def post(labels: dict[str, str], **more: str) -> None:
                answer = await http.post("/api/v2/alerts", json=[{"labels": labels, **more}])
                assert answer.is_success, answer.text

            await post(
                FAULT
                | {
                    "device": "site:market",
                    "kind": "site",
                    "code": "common_cause",
                    "priority": "P1",
                }
            )
            await post(
                FAULT | {"device": "C1", "kind": "camera", "code": "no_pictures", "priority": "P2"}
            )
            lost = FAULT | {"site": "river", "device": "C9", "kind": "camera", "priority": "P2"}
            await post(lost | {"code": "unreachable"})
            await post(lost | {"code": "clock_drift"})
            told = {("firing", "site:market", "common_cause"), ("firing", "C9", "unreachable")}
            await until(lambda: heard() == told, 20)

            await post(DOWN)
            await until(lambda: any(b"HealthmonAgentDown" in got.body for got in reducer.got), 20)
            await post(
                lost | {"code": "unreachable"},
                endsAt="2020-01-02T00:00:00Z",
                startsAt="2020-01-01T00:00:00Z",
            )
            await asyncio.sleep(4)
            assert heard() == told
            await post(DOWN, endsAt="2020-01-02T00:00:00Z", startsAt="2020-01-01T00:00:00Z")
            await post(lost | {"code": "unreachable"})
            await asyncio.sleep(3)
            assert heard() == told
