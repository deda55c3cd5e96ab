"""The product as a service beside people's shells: one /var/lib of our own, systemd's environment for
the agent alone, and commands as other users.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers.product import COMMAND, Product
from helpers.support import IN_CI, need

LIBRARY = Path("/var/lib")
STATE = LIBRARY / "healthmon"
# The user and the group of the service; nobody on this machine has them.
USER, GROUP = 4242, 4343
MEMBER, STRANGER = 5001, 5002
_MOUNTED = 'mount --bind {folder}/lib /var/lib && mount --bind {folder}/run /run && exec "$@"'


@dataclass
class Installed(Product):
    """The product with its configuration in /var/lib/etc, as its commands see it."""

    def argv(self, *argv: str | Path) -> list[str]:
        """The full command line."""
        file = str(LIBRARY / "etc" / "config.yaml")
        return [*self.before, str(COMMAND), *map(str, argv), "--config", file]

    def by(self, user: int, group: int, *more: int) -> Installed:
        """The same as another user has it, in `group` and in `more` groups."""
        groups = ",".join(map(str, (group, *more)))
        person = ("setpriv", f"--reuid={user}", f"--regid={group}", f"--groups={groups}")
        text = self.config.read_text()
        found = replace(self, before=(*self.before, *person))
        self.config.write_text(text)  # a new product writes its own
        return found


@dataclass(frozen=True)
class House:
    """The service and the shells of those who use it: root, a member of its group, anybody else.

    The service runs as root, because an interpreter in root's home cannot be started again by others;
    its folder is that of its user, as systemd makes it.
    """

    unit: Installed
    root: Installed
    member: Installed
    stranger: Installed

    @property
    def state(self) -> Path:
        """The folder in which the store is, as this process sees it."""
        return self.root.folder.parent / "healthmon"


def needs_root() -> None:
    """Skip where this machine does not let us show the product a /var/lib of its own."""
    need("unshare", "mount", "setpriv")
    if os.geteuid() != 0:
        assert not IN_CI, "the tests must run as root in .ci/run"
        pytest.skip("needs root for a mount namespace")


def house(folder: Path, tree: dict[str, Any]) -> House:
    """The product in `folder`/lib, which its commands see as /var/lib; systemd has made the state
    directory and the runtime directory.
    """
    needs_root()
    library, etc = folder / "lib", folder / "lib" / "etc"
    etc.mkdir(parents=True)
    before = ("unshare", "-m", "sh", "-c", _MOUNTED.format(folder=folder), "sh")
    root = Installed(etc, tree, before)
    full = yaml.safe_load(root.config.read_text())
    del full["agent"]["state_directory"]
    text = yaml.safe_dump(full, sort_keys=False)
    root.config.write_text(text)
    unit = root.by(0, GROUP)
    unit.environment = {"STATE_DIRECTORY": str(STATE), "RUNTIME_DIRECTORY": "/run/healthmon"}
    made = House(unit, root, root.by(MEMBER, MEMBER, GROUP), root.by(STRANGER, STRANGER))
    for path in (library, etc):
        path.chmod(0o755)
    root.config.chmod(0o644)
    os.chown(etc / "secret", USER, GROUP)
    for owned in (made.state, folder / "run" / "healthmon"):
        owned.mkdir(parents=True)
        os.chown(owned, USER, GROUP)
        owned.chmod(0o750)
    (folder / "run").chmod(0o755)
    return made
