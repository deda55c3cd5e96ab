"""Prometheus itself: promtool's lint, and a server that scrapes the agent's page and answers queries."""

from __future__ import annotations

import asyncio
import subprocess
import time

import httpx
import pytest
from exporter_estate import made
from support import Peers, free_port, need

from healthmon_exporters import listener, web

pytestmark = pytest.mark.peer


def test_promtool_finds_nothing_to_say() -> None:
    need("promtool")
    text = made().text(openmetrics=False)
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stdout.decode() + done.stderr.decode()) == (0, "")


async def test_prometheus_scrapes_and_finds_the_series(peers: Peers) -> None:
    need("prometheus")

    async def nothing(*_: str) -> None:
        return None

    async def accepted() -> str:
        return ""

    metrics = made(time.time)
    site = web.Site(metrics, nothing, lambda: True, accepted, list)
    running = await listener.serve(web.application(site), "127.0.0.1", 0)
    port = free_port()
    config = peers.folder / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s}\nscrape_configs: [{job_name: healthmon, "
        f"static_configs: [{{targets: ['127.0.0.1:{running.port}']}}]}}]\n"
    )
    peers.start(
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={peers.folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    )
    try:
        await asyncio.to_thread(peers.wait_tcp, "127.0.0.1", port)
        found: dict[str, str] = {}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http, asyncio.timeout(20):
            while len(found) < 4:
                await asyncio.sleep(0.3)
                answer = await http.get("/api/v1/query", params={"query": 'healthmon_device_state{state="unknown"}'})
                rows = answer.json().get("data", {}).get("result", [])
                found = {row["metric"]["device"]: row["value"][1] for row in rows}
            up = await http.get("/api/v1/query", params={"query": 'up{job="healthmon"}'})
        assert set(found) == {"cam-1", "nvr-1", "ups-1", "link-1"}
        assert up.json()["data"]["result"][0]["value"][1] == "1"
    finally:
        await running.close()
        await asyncio.get_running_loop().shutdown_default_executor()
