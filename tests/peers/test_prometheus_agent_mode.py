"""Debian's Prometheus in agent mode finds the agents by `/sd/agents` and hands their figures over to Debian's
VictoriaMetrics (remote write), where the rules count each camera once.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from helpers import certificates, exporter_estate
from helpers.support import Peers, free_port, need

from dashboards.rules import build
from healthmon.access import passwords, users
from healthmon.access.roles import Role
from healthmon.access.users import User
from healthmon.runtime import agent_metrics
from healthmon.store.lease import Claim, Lease
from healthmon_exporters.web import app as web
from healthmon_exporters.web import listener, server_tls, standby_pages
from healthmon_exporters.web.agent_pages import AgentPages

pytestmark = pytest.mark.peer
RULES = Path(__file__).parents[2] / "dashboards" / "rules" / "vmalert" / build.RECORDING
WORD = "a long word for it"


async def nothing(*_: str) -> None:
    return None


async def accepted() -> str:
    return ""


class Agents:
    """The pages of three agents of one estate: `south` has it by lease 7, `north` stands by, and `west` goes on
    by the older lease 6, as one does that is cut off from the others.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pair = certificates.made(folder, "healthmon-ca")
        (folder / "word").write_text(WORD)
        self.users = folder / "users"
        prometheus = User("prometheus", passwords.hash_password(WORD), Role.SCRAPER)
        users.put(self.users, prometheus)
        self.pages = AgentPages(addresses=lambda: [f"https://{one}" for one in self.at.values()])
        self.at: dict[str, str] = {}
        self._running: list[listener.OpenListener] = []

    async def start(self) -> None:
        """Each on a port of its own."""
        stands_by = standby_pages.application(lambda: "", self.pages, lambda: self.users, tuple)
        tls = server_tls.tls_context(self.pair.certificate, self.pair.key)
        for name, pages in {
            "north": stands_by,
            "south": self._leading(7),
            "west": self._leading(6),
        }.items():
            running = await listener.serve(pages, "127.0.0.1", 0, tls=tls, guarded=True)
            self._running.append(running)
            self.at[name] = f"127.0.0.1:{running.port}"

    def _leading(self, epoch: int) -> Any:
        metrics = exporter_estate.made(time.time)
        claim = Claim("north", 30.0, lease=Lease(epoch, "a1", "north"))
        for table in agent_metrics.lease_tables("CCTV", claim):
            metrics.table(*table)
        site = web.Site(metrics, nothing, lambda: True, accepted, list, agent_pages=self.pages)
        return web.application(site, lambda: self.users)

    def access(self) -> dict[str, Any]:
        """What Prometheus needs to read the pages."""
        return {
            "tls_config": {"ca_file": str(self.pair.certificate)},
            "basic_auth": {"username": "prometheus", "password_file": str(self.folder / "word")},
        }

    async def close(self) -> None:
        for one in self._running:
            await one.close()


async def asked(store: httpx.AsyncClient, query: str) -> list[dict[str, str]]:
    """The labels of each series that VictoriaMetrics finds."""
    answer = await store.get("/api/v1/query", params={"query": query})
    return [row["metric"] for row in answer.raise_for_status().json()["data"]["result"]]


async def until(store: httpx.AsyncClient, query: str, instances: set[str]) -> int:
    """Wait until these agents have such series, and no other; how many there are."""
    async with asyncio.timeout(90):
        while True:
            found = [one["instance"] for one in await asked(store, query)]
            if set(found) == instances:
                return len(found)
            await asyncio.sleep(0.3)


async def test_the_figures_of_every_agent_arrive_and_each_camera_counts_once(peers: Peers) -> None:
    need("prometheus", "victoria-metrics", "vmalert")
    store, prometheus = free_port(), free_port()
    url = f"http://127.0.0.1:{store}"
    peers.start(
        "victoria-metrics",
        f"-storageDataPath={peers.folder / 'victoria'}",
        f"-httpListenAddr=127.0.0.1:{store}",
        "-search.latencyOffset=0s",
    )
    agents = Agents(peers.folder)
    await agents.start()
    found_by = [
        {"url": f"https://{agents.at['north']}/sd/agents", "refresh_interval": "5s"}
        | agents.access()
    ]
    tree = {
        "global": {"scrape_interval": "2s"},
        "scrape_configs": [
            {"job_name": "healthmon", "http_sd_configs": found_by, **agents.access()}
        ],
        "remote_write": [
            {"url": f"{url}/api/v1/write", "queue_config": {"batch_send_deadline": "500ms"}}
        ],
    }
    config = peers.folder / "agent.yml"
    config.write_text(yaml.safe_dump(tree))
    peers.start(
        "prometheus",
        "--enable-feature=agent",
        f"--config.file={config}",
        f"--storage.agent.path={peers.folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{prometheus}",
    )
    peers.start(
        "vmalert",
        f"-rule={RULES}",
        f"-datasource.url={url}",
        f"-remoteWrite.url={url}",
        f"-notifier.url={url}",
        "-remoteWrite.flushInterval=200ms",
        "-evaluationInterval=1s",
        f"-httpListenAddr=127.0.0.1:{free_port()}",
    )
    await asyncio.to_thread(peers.wait_tcp, "127.0.0.1", store)
    try:
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            await until(http, "up == 1", set(agents.at.values()))
            await until(http, "healthmon_standing_by", {agents.at["north"]})
            south, west = agents.at["south"], agents.at["west"]
            for raw, recorded in (
                ('healthmon_device_up{kind="camera"}', "healthmon:camera:working"),
                ("healthmon_fault_active", "healthmon:fault_active:named"),
            ):
                twice = await until(http, raw, {south, west})
                assert 2 * await until(http, recorded, {south}) == twice
    finally:
        await agents.close()
        await asyncio.get_running_loop().shutdown_default_executor()
