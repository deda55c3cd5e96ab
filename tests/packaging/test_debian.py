"""The Debian package: installed without a network, used, upgraded, removed and purged in a throw-away root."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from helpers.built_packages import built
from helpers.debian_root import DebianRoot
from helpers.support import need

ROOT = Path(__file__).parents[2]
# Unpacking waits for a busy disk.
pytestmark = [pytest.mark.long(100), pytest.mark.timeout(1200)]

ANSWERS = """\
estate: Example District CCTV
time_zone: Europe/London
time_servers: [127.0.0.1]
sites: [High Street]
"""
INSTALL = "dpkg --force-unsafe-io --no-triggers -i /run/given/"
LIBRARIES = "./opt/healthmon/lib/python3*/site-packages/"
NOT_FOR_THE_AGENT = (
    "av",
    "av.libs",
    "numpy",
    "numpy.libs",
    "typst",
    "psycopg_binary*",
    "lxml",
    "apprise",
)
# As systemd starts it: the unit's own command line, user and folders.
SERVICE = """
mkdir -p /run/healthmon && chown healthmon: /run/healthmon
start=$(sed -n 's/^ExecStart=//p' /lib/systemd/system/healthmon.service)
export STATE_DIRECTORY=/var/lib/healthmon
setpriv --reuid healthmon --regid healthmon --clear-groups --no-new-privs $start >/tmp/agent.log 2>&1 &
agent=$!
/usr/bin/python3 - <<'END' || { cat /tmp/agent.log; exit 1; }
import time, urllib.request
for turn in range(300):
    try:
        print("healthy:", urllib.request.urlopen("http://127.0.0.1:9877/-/healthy", timeout=20).status)
        break
    except OSError:
        time.sleep(0.2)
else:
    raise SystemExit("the agent does not answer")
END
%s
kill -TERM $agent
wait $agent
"""


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package that `make deb` has built, the same with the next version, and answers for `init`."""
    need("/usr/bin/python3", "dpkg-deb", "unshare")
    folder = tmp_path_factory.mktemp("packages")
    os.link(built("healthmon_*.deb"), folder / "this.deb")
    unpack(folder / "this.deb", folder / "next", NOT_FOR_THE_AGENT)
    control = folder / "next" / "DEBIAN" / "control"
    control.write_text(re.sub("(?m)^Version: .*", "Version: 99.0", control.read_text()))
    pack(folder / "next", folder / "next.deb")
    shutil.rmtree(folder / "next")
    (folder / "answers.yaml").write_text(ANSWERS)
    return folder


def unpack(deb: Path, tree: Path, leave_out: tuple[str, ...]) -> None:
    """What is in a package, without some of the libraries: they are most of it."""
    tree.mkdir()
    subprocess.run(["dpkg-deb", "--control", deb, tree / "DEBIAN"], check=True, timeout=60)
    content = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE)
    argv = ["tar", "-x", "-C", str(tree), *(f"--exclude={LIBRARIES}{name}" for name in leave_out)]
    subprocess.run(argv, stdin=content.stdout, check=True, timeout=600)
    assert content.stdout is not None
    content.stdout.close()
    assert content.wait() == 0


def pack(tree: Path, deb: Path) -> None:
    argv = ["dpkg-deb", "--root-owner-group", "-Zxz", "-z0", "-b", tree, deb]
    subprocess.run(argv, check=True, capture_output=True, timeout=600)


@pytest.fixture(scope="module")
def root(given: Path, tmp_path_factory: pytest.TempPathFactory) -> DebianRoot:
    """The package is installed and has its first configuration."""
    root = DebianRoot(tmp_path_factory.mktemp("root"), given)
    said = root.well(f"{INSTALL}this.deb")
    assert "healthmon init --output /etc/healthmon/config.yaml" in said
    root.well(
        "healthmon init --answers /run/given/answers.yaml --output /etc/healthmon/config.yaml"
    )
    return root


def test_it_belongs_to_whom_it_should_and_names_no_folder_of_its_builder(root):
    said = root.well(
        """
        healthmon --version
        systemctl is-enabled healthmon
        for path in /etc/healthmon /etc/healthmon/secrets /var/lib/healthmon /var/backups/healthmon; do
            stat -c '%n %a %U:%G' $path
        done
        head -n 1 /opt/healthmon/bin/healthmon
        cat /opt/healthmon/pyvenv.cfg
        readlink /opt/healthmon/bin/python3
        grep -rlE '/opt/healthmon/lib/.*healthmon/cli/main.py' /opt/healthmon/lib/python3*/site-packages/healthmon/cli/__pycache__
        ! grep -rIl 'pytest-of\\|/tmp/tmp\\.' /opt/healthmon/bin /opt/healthmon/pyvenv.cfg
        ! grep -rl --include=*.pyc '/tmp/tmp\\.' /opt/healthmon/lib
        cd / && ! md5sum --quiet -c /var/lib/dpkg/info/healthmon.md5sums | grep .
        """
    )
    assert re.search(r"^healthmon \d+\.\d+\.\d+\nenabled$", said, re.MULTILINE), said
    for line in (
        "/etc/healthmon 750 root:healthmon",
        "/etc/healthmon/secrets 700 root:root",
        "/var/lib/healthmon 750 healthmon:healthmon",
        "/var/backups/healthmon 750 healthmon:healthmon",
        "#!/opt/healthmon/bin/python",
        "home = /usr/bin",
    ):
        assert line in said.splitlines(), said


def test_its_units_are_understood_with_the_program_that_is_there(root):
    need("systemd-analyze")
    said = root.well(
        "systemd-analyze verify --man=no /lib/systemd/system/healthmon*.service "
        "/lib/systemd/system/healthmon*.timer 2>&1 | grep healthmon || true"
    )
    assert said == ""


def test_the_service_account_checks_a_simulated_estate(root):
    """With decoded pictures and every library of the lock, as somebody who may write nowhere."""
    said = root.well(
        "cd /tmp && setpriv --reuid healthmon --regid healthmon --clear-groups "
        "healthmon demo --once --cameras 2 || test $? = 1"
    )
    assert "live 2 of 2; recorded 2 of 2; date and time right 2 of 2" in said
    imports = "apprise, av, holidays, numpy, onvif, psycopg, pyrage, pysnmp, typst, uvloop, zeep"
    root.well(f"cd /tmp && /opt/healthmon/bin/python -c 'import {imports}'")


def test_the_agent_runs_as_its_unit_says_and_an_upgrade_keeps_what_is_there(root):
    """Configuration, record, and that an administrator has disabled the agent."""
    checks = "healthmon check-config --config /etc/healthmon/config.yaml; stat -c '%U %a' /var/lib/healthmon/healthmon.db"
    said = root.well(SERVICE % checks)
    assert "healthy: 200" in said
    assert "well formed: 0 cameras" in said
    assert "healthmon 640" in said
    kept = "md5sum /etc/healthmon/config.yaml; stat -c '%U:%G %a %n' /etc/healthmon/* /var/lib/healthmon/*"
    root.well("echo '# ours' >> /etc/healthmon/config.yaml; systemctl disable healthmon 2>&1")
    before = root.well(kept)
    said = root.well(f"{INSTALL}next.deb; dpkg-query -W -f '${{Version}}\\n' healthmon")
    assert "Unpacking healthmon (99.0) over" in said
    assert "check-config says" not in said
    assert root.well(kept) == before
    assert "disabled" in root.run("systemctl is-enabled healthmon").stdout
    assert "healthy: 200" in root.well(SERVICE % "true")


def test_an_upgrade_tells_what_the_configuration_has_to_change(root):
    root.well("sed -i 's/^time_servers:/tyme_servers:/' /etc/healthmon/config.yaml")
    said = root.well("dpkg-reconfigure -f noninteractive healthmon 2>&1")
    root.well("sed -i 's/^tyme_servers:/time_servers:/' /etc/healthmon/config.yaml")
    assert "healthmon: check-config says of /etc/healthmon/config.yaml:" in said
    assert "tyme_servers" in said


def test_an_agent_of_several_is_looked_after_as_the_only_one_is(root):
    """Its configuration is checked at an upgrade, and it can be enabled."""
    root.well(
        "install -d /etc/healthmon/north && cp /etc/healthmon/config.yaml /etc/healthmon/north/; "
        "systemctl enable healthmon@north 2>&1; systemctl is-enabled healthmon@north; "
        "sed -i 's/^time_servers:/tyme_servers:/' /etc/healthmon/north/config.yaml"
    )
    said = root.well("dpkg-reconfigure -f noninteractive healthmon 2>&1")
    assert "check-config says of /etc/healthmon/north/config.yaml:" in said
    assert "check-config says of /etc/healthmon/config.yaml:" not in said


def test_removed_it_leaves_configuration_and_record_and_purged_the_record_only(root):
    said = root.well("dpkg --no-triggers -r healthmon; ls /etc/healthmon /var/lib/healthmon")
    assert {"config.yaml", "healthmon.db"} <= set(said.splitlines())
    assert (
        root.run(
            "ls /opt/healthmon /usr/bin/healthmon /lib/systemd/system/healthmon.service"
        ).stdout.count("No such file")
        == 3
    )
    said = root.well("dpkg --no-triggers -P healthmon")
    assert "the record stays in /var/lib/healthmon" in said
    root.well("test -e /var/lib/healthmon/healthmon.db; test ! -e /etc/healthmon; id healthmon")
    left = root.well("find /etc /lib/systemd /var/lib/systemd /var/lib/dpkg -name '*healthmon*'")
    assert left == ""


def test_a_hand_made_environment_is_not_overwritten(given, tmp_path):
    root = DebianRoot(tmp_path, given)
    done = root.run(f"mkdir /opt/healthmon; touch /opt/healthmon/pyvenv.cfg; {INSTALL}this.deb")
    assert done.returncode != 0
    assert "was installed by hand. Move it away first" in done.stdout
    assert root.well("ls /opt/healthmon") == "pyvenv.cfg\n"


def test_the_linter_of_debian_packages_has_nothing_to_say(given):
    """Of all but the libraries themselves, which are as their makers have packed them."""
    need("lintian")
    tree = given / "lint"
    unpack(given / "this.deb", tree, ("*",))
    sums = (tree / "DEBIAN" / "md5sums").read_text().splitlines(keepends=True)
    (tree / "DEBIAN" / "md5sums").write_text(
        "".join(line for line in sums if "/site-packages/" not in line)
    )
    pack(tree, given / "lint.deb")
    argv = ["lintian", "--allow-root", "--fail-on", "error,warning", str(given / "lint.deb")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=200)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
