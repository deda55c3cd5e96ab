"""The rules for vmalert: Debian's refuses none of them, and on VictoriaMetrics they find what they
find on Prometheus.

vmalert replays the rules over history, so that an hour takes a second.
"""

from __future__ import annotations

import json
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.support import Peers, free_port, need

from dashboards.rules import build

RULES = Path(__file__).parents[2] / "dashboards" / "rules" / "vmalert"
# What is recorded must be there before the alerts are replayed over it.
FILES = [RULES / build.RECORDING, RULES / build.ALERTS]
STEP, START = 30, int(time.time()) // 3600 * 3600 - 7200
AGENT = 'job="healthmon",instance="desk:9877"'
CAMERA = f'{AGENT},device="C1",kind="camera",site="market"'
pytestmark = pytest.mark.peer


def test_debians_vmalert_takes_every_file():
    need("vmalert")
    assert len(FILES) == 2
    done = subprocess.run(
        ["vmalert", *(f"-rule={path}" for path in FILES), "-dryRun"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr[-2000:]


class Store:
    """A VictoriaMetrics of its own, and vmalert over what was put into it."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self.port = free_port()
        folder = peers.folder / "victoria"
        peers.start(
            "victoria-metrics",
            f"-storageDataPath={folder}",
            f"-httpListenAddr=127.0.0.1:{self.port}",
            "-retentionPeriod=1",
            "-search.latencyOffset=0s",
        )
        peers.wait_tcp("127.0.0.1", self.port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def put(self, series: str, values: Sequence[float | None], start: int = START) -> None:
        """One value each 30 s from `start` on; None is a scrape that did not have it."""
        lines = [
            f"{series} {value} {(start + n * STEP) * 1000}"
            for n, value in enumerate(values)
            if value is not None
        ]
        body = "\n".join(lines).encode() + b"\n"
        urllib.request.urlopen(f"{self.url}/api/v1/import/prometheus", body, timeout=30).close()

    def replay(self, minutes: int) -> None:
        """Evaluate the rules over the first `minutes`."""
        for path in FILES:
            self._flush()
            self._replay(self._without_words(path), minutes)
        self._flush()

    def _flush(self) -> None:
        urllib.request.urlopen(f"{self.url}/internal/force_flush", timeout=30).close()

    def _without_words(self, path: Path) -> Path:
        """The rules without annotations: a replay knows no ``query`` in them."""
        tree = yaml.safe_load(path.read_text())
        for group in tree["groups"]:
            for rule in group["rules"]:
                rule.pop("annotations", None)
        bare = self._peers.folder / path.name
        bare.write_text(yaml.safe_dump(tree))
        return bare

    def _replay(self, file: Path, minutes: int) -> None:
        moments = [START, START + minutes * 60]
        since, until = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)) for at in moments)
        argv = [
            "vmalert",
            f"-rule={file}",
            f"-datasource.url={self.url}",
            f"-remoteWrite.url={self.url}",
            "-evaluationInterval=30s",
            f"-replay.timeFrom={since}",
            f"-replay.timeTo={until}",
            "-replay.rulesDelay=0s",
            f"-httpListenAddr=127.0.0.1:{free_port()}",
        ]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=240)
        assert done.returncode == 0, done.stderr[-3000:]

    def firing(self, minute: float) -> set[tuple[str, str]]:
        """(alert, code) of what fires `minute` minutes after START."""
        query = {"query": 'ALERTS{alertstate="firing"}', "time": START + minute * 60}
        url = f"{self.url}/api/v1/query?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            rows = json.load(answer)["data"]["result"]
        return {(row["metric"]["alertname"], row["metric"].get("code", "")) for row in rows}


def test_victoriametrics_counts_as_prometheus_does(peers):
    """A process that is seen for the first time has not restarted; a count that begins above zero
    was not counted within the hour.
    """
    need("victoria-metrics", "vmalert")
    store = Store(peers)
    store.put(f"up{{{AGENT}}}", [1] * 120)
    store.put(
        f"process_start_time_seconds{{{AGENT}}}",
        [START - 60] * 40 + [START] * 40 + [START + 9] * 40,
    )
    store.put(f"healthmon_bugs_total{{{AGENT}}}", [7] * 120)
    fault = f'{CAMERA},code="no_pictures",severity="fault",priority="P3"'
    store.put(f"healthmon_fault_active{{{fault}}}", [None] * 20 + [1] * 20 + [None] * 80)
    store.replay(59)
    assert store.firing(15) == {("Watchdog", ""), ("HealthmonPicturesFault", "no_pictures")}
    assert store.firing(58) == {("Watchdog", "")}, "two restarts in an hour, no new bug"


def test_a_real_restart_loop_and_a_new_bug_are_told(peers):
    need("victoria-metrics", "vmalert")
    store = Store(peers)
    store.put(f"up{{{AGENT}}}", [1] * 120)
    starts = [START + 300 * (n // 20) for n in range(120)]
    store.put(f"process_start_time_seconds{{{AGENT}}}", starts)
    store.put(f"healthmon_bugs_total{{{AGENT}}}", [7] * 60 + [8] * 60)
    store.replay(59)
    assert store.firing(58) == {
        ("Watchdog", ""),
        ("HealthmonAgentRestarting", ""),
        ("HealthmonBug", ""),
    }


def test_the_words_of_an_alert_are_filled_in_by_vmalert_too(peers):
    """Live, with the figure that the template asks the store for."""
    need("victoria-metrics", "vmalert")
    store = Store(peers)
    now = int(time.time())
    fault = f'{CAMERA},code="retention_short",severity="fault",priority="P2"'
    kept = f'{CAMERA},recorder="R1",channel="7"'
    for series, value in (
        (f"up{{{AGENT}}}", 1),
        (f'healthmon_device_info{{{CAMERA},name="Market Place",contractor="acme"}}', 1),
        (f"healthmon_fault_active{{{fault}}}", 1),
        (f"healthmon_recording_retention_seconds{{{kept}}}", 27.5 * 86400),
    ):
        store.put(series, [value] * 12, now - 6 * STEP)
    port = free_port()
    peers.start(
        "vmalert",
        *(f"-rule={path}" for path in FILES),
        f"-datasource.url={store.url}",
        f"-remoteWrite.url={store.url}",
        f"-notifier.url={store.url}",  # it takes none; they are asked for below
        "-remoteWrite.flushInterval=200ms",
        "-evaluationInterval=1s",
        f"-httpListenAddr=127.0.0.1:{port}",
    )
    peers.wait_tcp("127.0.0.1", port)
    found: list[dict[str, Any]] = []
    end = time.monotonic() + 60
    while not found:
        assert time.monotonic() < end, peers.log()[-3000:]
        time.sleep(0.3)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/alerts", timeout=60) as answer:
            alerts = json.load(answer)["data"]["alerts"] or []
        found = [one for one in alerts if one["name"] == "HealthmonRetentionShort"]
    words = found[0]["annotations"]
    assert words["summary"] == "Market Place (C1): Footage too short: 27.5 days kept"
    assert "\nWhat to do:\n1. " in words["description"]
