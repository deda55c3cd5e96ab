"""A control room: the simulated estate and a real agent, both at a time of our own, and the people who
work there. One shift after another: the record stays.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from healthmon.access import passwords
from healthmon.access.roles import Role
from healthmon.access.users import User
from helpers.live_estate import environment
from helpers.open_agent import WORD
from helpers.support import Peers, faked, free_port

PEOPLE = {"smith": Role.OPERATOR, "jones": Role.OPERATOR, "visitor": Role.VIEWER}


def later(seconds: float) -> dict[str, str]:
    """The environment of programs that are so many seconds ahead by every clock: where the monotonic one
    is left alone, libfaketime 0.9.10 has Python's `time.sleep` fail, and no PDF is made.
    """
    found = faked(f"{seconds:+.0f}s")
    return {name: value for name, value in found.items() if "MONOTONIC" not in name}


@dataclass
class SimulatedRoom:
    """Of an estate with `cameras` and no switches, in `folder`; `change` is put into its configuration."""

    folder: Path
    peers: Peers
    cameras: int
    change: dict[str, Any] = field(default_factory=dict)
    port: int = field(default_factory=free_port)

    @property
    def root(self) -> str:
        """The address of the pages."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The record."""
        return f"sqlite:///{self.folder / 'state' / 'healthmon.db'}"

    @contextmanager
    def opened(self, moment: datetime) -> Iterator[subprocess.Popen[bytes]]:
        """The estate and the agent from `moment` on; the agent's process."""
        ahead = (moment - datetime.now(UTC)).total_seconds()
        env = environment() | later(ahead)
        control = free_port()
        where = ("--folder", self.folder, "--control", str(control))
        few = ("--cameras", str(self.cameras), "--agent-port", str(self.port))
        estate = self.peers.start(sys.executable, "-m", "healthmon.demo", *where, *few, env=env)
        self.peers.wait_tcp("127.0.0.1", control, 60)
        self._configure()
        config = ("--config", self.folder / "config.yaml")
        agent = self.peers.start(sys.executable, "-m", "healthmon", "run", *config, env=env)
        self.peers.wait_tcp("127.0.0.1", self.port, 60)
        try:
            yield agent
        finally:
            self.peers.stop(agent)
            self.peers.stop(estate)

    def _configure(self) -> None:
        users = self.folder / "users"
        if not users.exists():
            known = passwords.hash_password(WORD)
            users.write_text("".join(f"{User(n, known, r).line()}\n" for n, r in PEOPLE.items()))
            users.chmod(0o600)
        path = self.folder / "config.yaml"
        tree = yaml.safe_load(path.read_text())
        tree["agent"]["users_file"] = str(users)
        del tree["links"]
        for row in tree["cameras"]:
            row.pop("parent"), row.pop("port")
        for section, values in self.change.items():
            tree[section] = tree.get(section, {}) | values
        path.write_text(yaml.safe_dump(tree, sort_keys=False))
