"""A network namespace for searches: 10.8.0.1 on a cable to nowhere, which is also the way to every
foreign address, and 10.9.0.0/16 as addresses of this machine.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from helpers.peers.namespaces import ip

ROOT = Path(__file__).parents[2]
FOREIGN = "198.51.100.7"


def make() -> None:
    """Call it in a namespace of its own (`namespaces.inside`)."""
    ip("link", "add", "hm0", "type", "veth", "peer", "name", "hm1")
    ip("link", "set", "hm1", "up")
    ip("addr", "add", "10.8.0.1/24", "dev", "hm0")
    ip("link", "set", "hm0", "up", "multicast", "on")
    ip("route", "add", "local", "10.9.0.0/16", "dev", "lo")
    ip("neigh", "add", "10.8.0.254", "lladdr", "02:00:00:00:00:fe", "dev", "hm0")
    ip("route", "add", "default", "via", "10.8.0.254")


def command(*argv: str) -> tuple[int, str, str]:
    """``healthmon discover`` as a process of the calling thread's namespace: code, output, errors."""
    code = "from healthmon.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "discover", *argv],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr
