"""A throw-away Debian root: this machine's own packages below, what is changed in a folder, no network.

Nothing of what somebody has put beside Debian's packages is in it: no /usr/local, /opt, /home, /root.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from helpers.support import IN_CI, need

# Each run has namespaces of its own, so that no mount, process or address stays.
SETUP = """
set -e
cd "$FOLDER"
mkdir -p root/dev root/proc root/sys root/run root/tmp root/root root/home
for tree in usr etc var opt; do
    mkdir -p "root/$tree" "changed/$tree" "work/$tree" empty
    lower=/$tree
    [ "$tree" != opt ] || lower=$FOLDER/empty
    mount -t overlay overlay -o "lowerdir=$lower,upperdir=changed/$tree,workdir=work/$tree" "root/$tree"
done
for link in bin sbin lib lib64; do [ -e "root/$link" ] || ln -s "usr/$link" "root/$link"; done
mount -t tmpfs tmpfs root/usr/local
mount -t tmpfs tmpfs root/run
mount -t tmpfs -o mode=1777 tmpfs root/tmp
mount --rbind /dev root/dev
mount -t proc proc root/proc
ip link set lo up
[ -z "$GIVEN" ] || { mkdir root/run/given; mount --bind "$GIVEN" root/run/given; }
exec chroot root /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \\
    DEBIAN_FRONTEND=noninteractive /bin/sh -ec "$SCRIPT"
"""


class DebianRoot:
    """What is in `given` is seen as /run/given."""

    def __init__(self, folder: Path, given: Path) -> None:
        need("unshare", "ip", "dpkg")
        if os.geteuid() != 0:
            if IN_CI:
                pytest.fail("a Debian root needs root")
            pytest.skip("a Debian root needs root")
        self.folder, self.given = folder, given

    def run(self, script: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """What `sh -e` says to `script` in there, as root."""
        words = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--ipc"]
        env = {"FOLDER": str(self.folder), "GIVEN": str(self.given), "SCRIPT": script}
        return subprocess.run(
            [*words, "sh", "-c", SETUP],
            env=os.environ | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=timeout,
        )

    def well(self, script: str, timeout: float = 600) -> str:
        """What `script` prints; it must end well."""
        done = self.run(script, timeout)
        assert done.returncode == 0, done.stdout
        return done.stdout
