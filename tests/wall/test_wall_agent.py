"""The whole way, in a real browser: a fault planted in the simulated estate, seen by the agent,
shown on the wall; its end.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from helpers.browser import Browser, started, wait
from helpers.support import Peers, free_port

pytestmark = [pytest.mark.peer, pytest.mark.long]
ROOT = Path(__file__).parents[2]
INTERVAL = 11.0
PLANTED = (("C003", "off", True), ("C005", "clock_offset", 3600), ("UPS1", "ups_on_battery", 190))


@pytest.fixture
def chromium(tmp_path: Path) -> Iterator[Browser]:
    with started(tmp_path / "chromium") as browser:
        browser.size(1920, 1080)
        yield browser


def environment() -> dict[str, str]:
    return {"PYTHONPATH": f"{ROOT}:{ROOT / 'exporters'}", "TZ": "UTC"}


def estate(peers: Peers, folder: Path) -> tuple[int, int]:
    """A well estate of 12 cameras that is asked everything every 11 s; the ports of its control and
    of the agent.
    """
    control, port = free_port(), free_port()
    argv = [sys.executable, "-m", "healthmon.demo", "--well", "--cameras", "12", "--folder", folder]
    peers.start(*argv, "--control", str(control), "--agent-port", str(port), env=environment())
    peers.wait_tcp("127.0.0.1", control, 30)
    path = folder / "config.yaml"
    config = yaml.safe_load(path.read_text())
    names = (
        "interval",
        "clock_interval",
        "identity_interval",
        "ups_interval",
        "recording_interval",
        "reference_interval",
    )
    config["defaults"] = {
        **config.get("defaults", {}),
        **dict.fromkeys(names, f"{INTERVAL:.0f} s"),
        "watch": "0.5 s",
    }
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return control, port


def agent(peers: Peers, folder: Path) -> subprocess.Popen[bytes]:
    argv = (sys.executable, "-m", "healthmon", "run", "--config", folder / "config.yaml")
    return peers.start(*argv, env=environment())


def set_fault(control: int, device: str, name: str, value: object, method: str) -> None:
    body = json.dumps({"name": name, "value": value}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{control}/devices/{device}/fault", body, method=method
    )
    urllib.request.urlopen(request, timeout=60).close()


def shown(browser: Browser) -> dict[str, str]:
    """The figures of the wall by name."""
    return browser.run(
        "return Object.fromEntries([...document.querySelectorAll('#number-list li')]"
        ".map((one) => [one.dataset.id, one.querySelector('.value').textContent]))"
    )


def cards(browser: Browser) -> set[str]:
    """The devices that have a card among the faults."""
    return set(
        browser.run(
            "return [...document.querySelectorAll('a.card')].map((one) => one.hash.slice(8))"
        )
    )


def test_planted_faults_come_and_go_within_two_intervals_and_all_is_grey_when_the_agent_dies(
    chromium, peers, tmp_path
):
    control, port = estate(peers, tmp_path)
    running = agent(peers, tmp_path)
    peers.wait_tcp("127.0.0.1", port, 30)
    chromium.open(f"http://127.0.0.1:{port}/wall")
    well = {"at_fault": "0", "clock_wrong": "0", "on_battery": "0", "not_checked": "0"}
    wait(lambda: well.items() <= shown(chromium).items(), 3 * INTERVAL)
    assert chromium.run(
        "return document.getElementById('data-age').lastElementChild.textContent"
    ).endswith(" s old")

    for device, name, value in PLANTED:
        set_fault(control, device, name, value, "POST")
    began = time.monotonic()
    wait(lambda: cards(chromium) == {device for device, _, _ in PLANTED}, 2 * INTERVAL)
    appeared = time.monotonic() - began
    assert {"at_fault": "2", "clock_wrong": "1", "on_battery": "1"}.items() <= shown(
        chromium
    ).items()
    assert "F00000" in chromium.run("return document.querySelector('.card .about').textContent")

    rows = (
        "return [...document.querySelectorAll('#details-checks tr')].map((one) => one.textContent)"
    )
    chromium.run("location.hash = 'device=C003'")
    answers = wait(lambda: [row for row in chromium.run(rows) if row.startswith("FAULTAnswers")])
    assert "refused" in answers[0]
    chromium.run("document.getElementById('details').close()")

    for device, name, value in PLANTED:
        set_fault(control, device, name, value, "DELETE")
    began = time.monotonic()
    wait(lambda: not cards(chromium), 2 * INTERVAL)
    assert well.items() <= shown(chromium).items()
    print(
        f"appeared after {appeared:.1f} s, gone after {time.monotonic() - began:.1f} s of {2 * INTERVAL:.0f} s"
    )
    assert chromium.console() == []

    os.kill(running.pid, signal.SIGKILL)
    began = time.monotonic()
    wait(lambda: set(shown(chromium).values()) == {"NO DATA"}, 10)
    print(f"grey after {time.monotonic() - began:.1f} s of 10 s")
    assert chromium.run("return document.title").startswith("NO DATA")
    states = "return [...new Set([...document.querySelectorAll('.tile,.chip')].map((one) => getComputedStyle(one).backgroundColor))]"
    assert chromium.run(states) == ["rgb(110, 110, 110)"]
    running.wait(60)

    agent(peers, tmp_path)
    wait(lambda: "NO DATA" not in shown(chromium).values(), 30)
    chromium.driver.get("about:blank")
