"""Prometheus itself: promtool's lint, and a server that scrapes the agent's page and answers
queries.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from helpers import certificates
from helpers.exporter_estate import made
from helpers.support import Peers, free_port, need

from healthmon.access import passwords, users
from healthmon.access.roles import Role
from healthmon.access.users import User
from healthmon_exporters.web import app as web
from healthmon_exporters.web import listener, server_tls, standby_pages
from healthmon_exporters.web.agent_pages import AgentPages

pytestmark = pytest.mark.peer
ROOT = Path(__file__).parents[2]


def test_promtool_finds_nothing_to_say() -> None:
    need("promtool")
    text = made().text(openmetrics=False)
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout.decode() + done.stderr.decode()) == (0, "")


async def nothing(*_: str) -> None:
    return None


async def accepted() -> str:
    return ""


@asynccontextmanager
async def prometheus(peers: Peers, jobs: list[dict[str, Any]]) -> AsyncIterator[httpx.AsyncClient]:
    """Prometheus with these jobs; its API."""
    need("prometheus")
    port, config = free_port(), peers.folder / "prometheus.yml"
    config.write_text(yaml.safe_dump({"global": {"scrape_interval": "6s"}, "scrape_configs": jobs}))
    argv = [f"--config.file={config}", f"--storage.tsdb.path={peers.folder / 'data'}"]
    peers.start("prometheus", *argv, f"--web.listen-address=127.0.0.1:{port}")
    await asyncio.to_thread(peers.wait_ready, port)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        yield http


async def check(http: httpx.AsyncClient, query: str, rows: int) -> list[dict[str, Any]]:
    """The result of a query once it has so many rows."""
    async with asyncio.timeout(90):
        while True:
            answer = await http.get("/api/v1/query", params={"query": query})
            found = answer.json().get("data", {}).get("result", [])
            if len(found) >= rows:
                return list(found)
            await asyncio.sleep(0.3)


async def test_prometheus_scrapes_and_finds_the_series(peers: Peers) -> None:
    site = web.Site(made(time.time), nothing, lambda: True, accepted, list)
    running = await listener.serve(web.application(site), "127.0.0.1", 0)
    jobs = [
        {"job_name": "healthmon", "static_configs": [{"targets": [f"127.0.0.1:{running.port}"]}]}
    ]
    try:
        async with prometheus(peers, jobs) as http:
            rows = await check(http, 'healthmon_device_state{state="unknown"}', 4)
            assert {row["metric"]["device"] for row in rows} == {
                "cam-1",
                "nvr-1",
                "ups-1",
                "link-1",
            }
            (up,) = await check(http, 'up{job="healthmon"}', 1)
            assert up["value"][1] == "1"
    finally:
        await running.close()
        await asyncio.get_running_loop().shutdown_default_executor()


async def test_prometheus_scrapes_by_tls_with_a_login_and_by_a_name_of_ours_only(
    peers: Peers,
) -> None:
    """`scheme`, `tls_config` and `basic_auth` as dashboards/prometheus.yml has them; one job wrong
    in each way.
    """
    folder = peers.folder
    pair, file = certificates.made(folder, "healthmon-ca"), folder / "users"
    users.put(file, User("prometheus", passwords.hash_password("a long word for it"), Role.SCRAPER))
    (folder / "right").write_text("a long word for it")
    (folder / "wrong").write_text("another word")
    site = web.Site(made(time.time), nothing, lambda: True, accepted, list)
    engine = web.application(site, lambda: file)
    tls = server_tls.tls_context(pair.certificate, pair.key)
    running = await listener.serve(engine, "127.0.0.1", 0, tls=tls, guarded=True)
    commented = (
        (ROOT / "dashboards" / "prometheus.yml")
        .read_text()
        .partition("users_file in config.yaml:\n")[2]
    )
    way = yaml.safe_load(
        "".join(line.replace("    # ", "") + "\n" for line in commented.splitlines()[:3])
    )
    assert set(way) == {"scheme", "tls_config", "basic_auth"}
    way["tls_config"]["ca_file"] = str(pair.certificate)
    way["basic_auth"]["password_file"] = str(folder / "right")
    here = [{"targets": [f"localhost:{running.port}"]}]

    def job(name: str, **more: Any) -> dict[str, Any]:
        return {"job_name": name, "static_configs": here, **way, **more}

    strange = certificates.made(folder, "strange").certificate
    jobs = [
        job("right"),
        job(
            "wrong_password",
            basic_auth={**way["basic_auth"], "password_file": str(folder / "wrong")},
        ),
        job("no_login", basic_auth=None),
        job("plain", scheme="http"),
        job("other_ca", tls_config={"ca_file": str(strange)}),
    ]
    jobs[2].pop("basic_auth")
    try:
        async with prometheus(peers, jobs) as http:
            rows = await check(http, 'healthmon_device_state{job="right",state="unknown"}', 4)
            assert {row["metric"]["device"] for row in rows} == {
                "cam-1",
                "nvr-1",
                "ups-1",
                "link-1",
            }
            ups = {
                row["metric"]["job"]: row["value"][1] for row in await check(http, "up", len(jobs))
            }
            assert ups == {**{one["job_name"]: "0" for one in jobs}, "right": "1"}
            targets = (await http.get("/api/v1/targets")).json()["data"]["activeTargets"]
            errors = {one["labels"]["job"]: one["lastError"] for one in targets}
            assert errors["right"] == ""
            for name, words in (
                ("wrong_password", "401|429"),
                ("no_login", "401"),
                ("other_ca", "certificate"),
            ):
                assert re.search(words, errors[name]), (name, errors[name])
    finally:
        await running.close()
        await asyncio.get_running_loop().shutdown_default_executor()


async def test_prometheus_finds_every_agent_by_the_page_of_one_and_keeps_one_that_is_away(
    peers: Peers,
) -> None:
    folder = peers.folder
    pair, file = certificates.made(folder, "healthmon-ca"), folder / "users"
    users.put(file, User("prometheus", passwords.hash_password("a long word for it"), Role.SCRAPER))
    (folder / "right").write_text("a long word for it")
    known: list[str] = []
    pages = AgentPages(addresses=lambda: known)
    stands_by = standby_pages.application(lambda: "", pages, lambda: file, tuple)
    tls = server_tls.tls_context(pair.certificate, pair.key)
    running = await listener.serve(stands_by, "127.0.0.1", 0, tls=tls, guarded=True)
    here, away = f"127.0.0.1:{running.port}", f"127.0.0.1:{free_port()}"
    known += [f"https://{here}", f"https://{away}"]
    access = {
        "tls_config": {"ca_file": str(pair.certificate)},
        "basic_auth": {"username": "prometheus", "password_file": str(folder / "right")},
    }
    found_by = [
        {"url": f"https://{one}/sd/agents", "refresh_interval": "5s", **access}
        for one in (here, here.replace("127.0.0.1", "localhost"), away)
    ]
    job = {"job_name": "healthmon", "http_sd_configs": found_by, **access}
    try:
        async with prometheus(peers, [job]) as http:
            rows = await check(http, "up", 2)
            ups = sorted((row["metric"]["instance"], row["value"][1]) for row in rows)
            assert ups == sorted([(here, "1"), (away, "0")])
            (one,) = await check(http, "healthmon_standing_by", 1)
            assert one["metric"]["instance"] == here
    finally:
        await running.close()
        await asyncio.get_running_loop().shutdown_default_executor()
