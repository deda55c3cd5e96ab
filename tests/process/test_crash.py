"""kill -9 at random moments, with the outbox running, on both databases: nothing acknowledged is
lost.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from helpers import crash_people
from helpers.crash_driver import FEWEST
from helpers.databases import installed, postgres
from helpers.support import IN_CI, Peers, free_port

from healthmon.store import Store

pytestmark = pytest.mark.long(90)
ROOT = Path(__file__).parents[2]
LIVES = int(os.environ.get("CRASH_LIVES", "200"))
PATH = {
    "PYTHONPATH": os.pathsep.join(str(ROOT / instance) for instance in (".", "exporters", "tests"))
}


@pytest.fixture(scope="module")
def runs(
    module_peers: Peers, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[str, dict, list[dict]]]:
    """Both databases side by side: (URL, what the killer found, what the receiver got)."""
    urls = {"sqlite": f"sqlite:///{tmp_path_factory.mktemp('crash')}/history.db"}
    if IN_CI or installed():
        urls["postgresql"] = postgres(module_peers)[1]
    started = {}
    for name, url in urls.items():
        folder, port = tmp_path_factory.mktemp(name), free_port()
        (folder / "mode").write_text("ok")
        hook = ROOT / "tests/helpers/fakes/file_hook.py"
        module_peers.start(sys.executable, hook, str(port), folder / "got", folder / "mode")
        module_peers.wait_tcp("127.0.0.1", port)
        argv = [
            sys.executable,
            "-m",
            "helpers.crash_driver",
            url,
            str(port),
            str(LIVES),
            folder,
        ]
        with (folder / "log").open("wb") as log:
            driver = subprocess.Popen(
                [str(a) for a in argv],
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **PATH},
            )
        started[name] = (url, driver, folder)
    found = {}
    for name, (url, driver, folder) in started.items():
        out, _ = driver.communicate(timeout=400)
        assert driver.returncode == 0, (folder / "log").read_text()[-3000:]
        got = [json.loads(line) for line in (folder / "got").read_text().splitlines()]
        found[name] = (url, json.loads(out), got)
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
def crashed(request: pytest.FixtureRequest, runs: dict) -> tuple[str, dict, list[dict]]:
    if request.param not in runs:
        pytest.skip("PostgreSQL is not installed")
    return runs[request.param]


def test_a5_g9_kill_9_loses_nothing_acknowledged_and_corrupts_nothing(
    crashed: tuple[str, dict, list[dict]],
) -> None:
    url, report, _ = crashed
    assert report["lost"] == []
    assert report["lives"] >= min(LIVES, FEWEST)
    assert len(report["intended"]) > report["lives"]
    store = Store.open(url)  # its integrity check runs here
    assert store.broken_links() == []
    kept = {incident.number for incident in store.incidents()}
    store.close()
    assert {int(name[1:7]) for name in report["told"]} <= kept


def test_what_people_entered_is_there_once_after_kill_9(
    crashed: tuple[str, dict, list[dict]],
) -> None:
    url, report, _ = crashed
    store = Store.open(url)
    assert crash_people.problems(store, report["entered"], report["sent"]) == []
    store.close()
    kinds = Counter(one["kind"] for one in report["entered"])
    assert set(kinds) == set(crash_people.KINDS), "every kind was entered"
    print(f"{report['lives']} lives, {dict(kinds)} acknowledged of {len(report['sent'])} sent")


def test_g9_every_notice_is_sent_at_least_once_and_only_with_the_same_id_twice(
    crashed: tuple[str, dict, list[dict]],
) -> None:
    _, report, got = crashed
    assert report["left"] == {"desk": 0}
    bodies: dict[str, set[str]] = {}
    for one in got:
        bodies.setdefault(one["id"], set()).add(json.dumps(one["body"], sort_keys=True))
    assert {len(found) for found in bodies.values()} == {1}
    merged = {one["body"]["number"] for one in got if one["body"]["what"] == "merged"}
    missing = {
        name for name in report["told"] if name not in bodies and int(name[1:7]) not in merged
    }
    assert missing == set()


def test_g9_no_recovery_is_told_that_was_none(crashed: tuple[str, dict, list[dict]]) -> None:
    _, report, got = crashed
    closes = Counter(device for device, what in report["intended"] if what == "closed")
    once = {one["id"]: one["body"] for one in got}
    told = Counter(body["device"] for body in once.values() if body["what"] in ("closed", "merged"))
    assert told, "nothing was told at all"
    assert all(told[device] <= closes[device] for device in told)
    first: dict[str, int] = {}
    for place, one in enumerate(got):
        first.setdefault(one["id"], place)
    for number, ids in _by_number(once).items():
        assert [first[name] for name in ids] == sorted(first[name] for name in ids), (
            f"F{number:06d} out of order"
        )


def _by_number(once: dict[str, dict]) -> dict[int, list[str]]:
    """The ids of each fault in the order in which they were made."""
    found: dict[int, list[str]] = {}
    for name in sorted(once, key=lambda name: int(name.rpartition("-")[2])):
        found.setdefault(once[name]["number"], []).append(name)
    return found
