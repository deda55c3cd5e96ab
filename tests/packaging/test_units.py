"""The systemd units: accepted by systemd-analyze, closed as far as they can be, and no more than
the agent can bear.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from helpers.live_estate import environment, quick
from helpers.shift_estate import sheet
from helpers.support import Peers, free_port, need

from healthmon_exporters.reports import shift_document

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "packaging" / "systemd"
INSTANCE = "healthmon@north.service"
SERVICES = (
    "healthmon.service",
    "healthmon-sweep.service",
    "healthmon-backup.service",
    "healthmon@.service",
)
# What the instances have of their own.
OF_ITS_OWN = (
    ("/etc/healthmon/config.yaml", "/etc/healthmon/%i/config.yaml"),
    ("secret:/etc/healthmon/secrets", "secret:/etc/healthmon/%i/secrets"),
    ("StateDirectory=healthmon", "StateDirectory=healthmon/%i"),
    ("Type=notify", "Type=notify Environment=HEALTHMON_AGENT=%i"),
)
# What SQLite does only as root, and a service is not.
ONLY_AS_ROOT = {"fchown"}

pytestmark = pytest.mark.peer


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    need("systemd-analyze")
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("unit", SERVICES)
def test_the_exposure_of_a_service_is_small(unit):
    done = analyze("security", "--offline=yes", "--threshold=15", str(UNITS / unit))
    exposure = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert exposure is not None, done.stderr
    assert float(exposure[1]) <= 1.5
    assert done.returncode == 0


@pytest.mark.parametrize(
    "unit", [*SERVICES, INSTANCE, "healthmon-sweep.timer", "healthmon-backup.timer"]
)
def test_every_line_of_a_unit_is_understood(tmp_path, unit):
    """Copies whose program exists, so that only the unit itself can be found fault with."""
    for path in UNITS.iterdir():
        (tmp_path / path.name).write_text(
            path.read_text().replace("/opt/healthmon/bin/healthmon", "/bin/true")
        )
    done = analyze("verify", "--man=no", str(tmp_path / unit))
    assert (done.returncode, done.stderr) == (0, "")


def test_all_services_are_closed_alike():
    """But the agent has to see who sends an act by its socket."""
    agent, sweep, backup, instance = (
        set(restrictions((UNITS / name).read_text())) for name in SERVICES
    )
    for other in (sweep, backup):
        assert agent ^ other == {"PrivateUsers=no", "PrivateUsers=yes"}
        assert "PrivateUsers=no" in agent
    assert instance == agent


def test_an_instance_is_the_agent_with_a_name_configuration_secrets_and_state_of_its_own():
    agent, instance = (
        (UNITS / name).read_text().split("[Service]\n")[-1].splitlines()
        for name in ("healthmon.service", "healthmon@.service")
    )
    expected = "\n".join(line for line in agent if not line.startswith("#"))
    for ours, its_own in OF_ITS_OWN:
        assert expected.count(f"{ours}\n") == 1
        expected = expected.replace(f"{ours}\n", its_own.replace(" ", "\n") + "\n")
    assert [line for line in instance if not line.startswith("#")] == expected.splitlines()


def restrictions(unit: str) -> list[str]:
    lines = unit.split("# Restrictions.")[1].split("[Install]", maxsplit=1)[0].splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def allowed() -> set[str]:
    """The calls that the unit's filters leave, worked out in the order of its lines."""
    found: set[str] = set()
    for line in re.findall(
        r"^SystemCallFilter=(.+)$", (UNITS / SERVICES[0]).read_text(), re.MULTILINE
    ):
        names = set().union(*(expanded(word) for word in line.removeprefix("~").split()))
        found = found - names if line.startswith("~") else found | names
    return found


def expanded(word: str) -> set[str]:
    if not word.startswith("@"):
        return {word}
    lines = [line.strip() for line in analyze("syscall-filter", word).stdout.splitlines()[1:]]
    return set().union(*(expanded(line) for line in lines if line and not line.startswith("#")))


def test_the_agent_makes_no_call_that_its_unit_forbids(peers: Peers, tmp_path):
    """Traced while it asks the simulated estate by every protocol and answers a scrape."""
    need("strace", "systemd-analyze")
    control, port, trace = free_port(), free_port(), tmp_path / "trace"
    argv = [
        sys.executable,
        "-m",
        "healthmon.demo",
        "--folder",
        str(tmp_path),
        "--control",
        str(control),
    ]
    peers.start(*argv, "--agent-port", str(port), env=environment())
    peers.wait_tcp("127.0.0.1", control, 60)
    quick(tmp_path)
    strace = ["strace", "-f", "-qq", "-o", trace, "-e", "signal=none"]
    run = [sys.executable, "-m", "healthmon", "run", "--config", tmp_path / "config.yaml"]
    env = environment() | {
        "STATE_DIRECTORY": str(tmp_path / "state"),
        "NOTIFY_SOCKET": str(tmp_path / "nobody"),
    }
    agent = peers.start(*strace, *run, env=env)
    peers.wait_tcp("127.0.0.1", port, 60)
    end = time.monotonic() + 90
    while "on_battery" not in (page := scraped(port)) or "healthmon_stream_up" not in page:
        assert time.monotonic() < end, peers.log()[-2000:]
        time.sleep(0.5)
    os.killpg(agent.pid, signal.SIGTERM)
    agent.wait(30)
    text = trace.read_text(errors="replace")
    calls = set(re.findall(r"^\d+ +(\w+)\(", text, re.MULTILINE))
    assert {"sendto", "fdatasync", "epoll_wait"} & calls
    assert calls - allowed() - ONLY_AS_ROOT == set()
    assert not re.search(r"(mmap|mprotect)\(.*PROT_WRITE\|PROT_EXEC", text)
    families = set(re.findall(r"socket\((AF_\w+)", text))
    assert families <= {"AF_INET", "AF_INET6", "AF_UNIX"}


def test_a_sheet_as_pdf_makes_no_call_that_the_unit_forbids(tmp_path):
    need("strace", "systemd-analyze")
    trace = tmp_path / "trace"
    strace = ["strace", "-f", "-qq", "-o", str(trace), "-e", "signal=none"]
    child = [sys.executable, "-m", "healthmon_exporters.reports.pdf_child"]
    made = json.dumps(shift_document.document(sheet(20))).encode()
    done = subprocess.run(
        [*strace, *child], input=made, capture_output=True, check=True, timeout=60
    )
    assert done.stdout.startswith(b"%PDF-")
    text = trace.read_text(errors="replace")
    calls = set(re.findall(r"^\d+ +(\w+)\(", text, re.MULTILINE))
    assert "prlimit64" in calls
    assert calls - allowed() - ONLY_AS_ROOT == set()
    assert not re.search(r"(mmap|mprotect)\(.*PROT_WRITE\|PROT_EXEC", text)
    assert "socket(" not in text


def scraped(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        return answer.read().decode()
