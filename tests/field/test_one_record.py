"""One configuration has one store, wherever a command is started: FF-F15."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from helpers.fakes.onvif_clock import row
from helpers.product import Product
from helpers.service import GROUP, STATE, USER, House, house
from helpers.support import Peers, free_port

pytestmark = pytest.mark.long
QUICK: dict[str, Any] = {"interval": "1 s", "timeout": "3 s"}
QUICK |= {"cause": {"hold": "1 s", "quiet": "1 s", "longest": "2 s"}}
ACTS = (
    ("ack", "F000001", "--name", "A. Smith", "--reason", "contractor called"),
    ("sign", "--name", "A. Smith"),
)
READS = (("faults",), ("faults", "--json"), ("history", "C001"))


def estate() -> dict[str, Any]:
    """One camera that refuses connections."""
    return {"cameras": [row(1, free_port(host="127.0.8.1"), "Gate")], "defaults": QUICK}


def logged(product: Product) -> dict[str, str]:
    """The fault of each device by the log of `product`, none where there is none."""
    done = product.run("faults", "--json")
    return {one["device"]: one["fault"] for one in json.loads(done.out)} if done.code == 0 else {}


def test_ff_f15_a_shell_has_the_record_of_the_service(tmp_path: Path, peers: Peers) -> None:
    """Only the service has systemd's environment. A member of its group reads, anybody else is
    refused in one sentence; while it runs, after it was stopped and after it was killed.
    """
    one = house(tmp_path, estate())
    with one.unit.agent(peers) as agent:
        agent.until(lambda: agent.faults("C001"), 60)
        agent.until(lambda: "C001" in logged(one.root), 15)
        number = logged(one.root)["C001"]
        acted = one.member.run("ack", number, *ACTS[0][2:])
        assert (acted.code, acted.out) == (
            0,
            f"{number}: acknowledged by A. Smith; open, acknowledged\n",
        ), acted.text
        assert acted.err == f"store: {STATE / 'healthmon.db'}\n"
        agent.until(lambda: agent.value("healthmon_fault_acknowledged", device="C001") == 1, 30)
        swept = one.member.sweep()
        assert swept.code == 1
        assert swept.err.endswith(
            "the running agent made these checks; no device was asked twice\n"
        )
        assert swept.rows("C001", "faults")[0]["fault"] == number
        refused = one.stranger.run("sweep")
        assert (refused.code, refused.out) == (3, "")
        assert "no device was asked: 5002 cannot keep its checks" in refused.err.splitlines()[-1]
        until = f"{datetime.now(ZoneInfo('Europe/London')) + timedelta(hours=1):%Y-%m-%d %H:%M}"
        window = ("--until", until, "--reason", "new mast", "--device", "C001")
        made = one.member.run("maintenance", "make", *window, "--name", "A. Smith")
        assert made.out.startswith("W000001 made: C001, "), made.text
        assert "new mast (A. Smith)" in one.root.run("maintenance", "list").out
        refused = one.stranger.run("maintenance", "end", "W000001", "--name", "A. Smith")
        assert (refused.code, refused.out, len(refused.err.splitlines())) == (3, "", 1)
        assert one.member.run("maintenance", "end", "W000001", "--name", "A. Smith").code == 0
        assert one.member.run(*ACTS[1]).code == 0
        assert "already" in one.root.run(*ACTS[1]).out
        read_by_members_only(one, number)
        log = agent.log.read_text()
        assert re.search(r"INFO acknowledge by 5001 \(user 5001\): ", log)
        assert re.search(r"INFO sign by 5001 \(user 5001\): ", log)
    read_by_members_only(one, number)
    for argv in ACTS:
        refused = one.member.run(*argv)
        assert (refused.code, refused.out) == (3, "")
        assert "5001 may not write /var/lib/healthmon/healthmon.db" in refused.err
    with one.unit.agent(peers) as agent:  # what root has made keeps it from nothing
        agent.process.send_signal(signal.SIGKILL)
        agent.process.wait(60)
    read_by_members_only(one, number)
    assert "already" in one.unit.run(*ACTS[1]).out
    assert [path for path in tmp_path.rglob("*.db") if path.parent != one.state] == []
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in one.state.iterdir()}
    assert (modes["healthmon.db"], modes["agent.lock"], modes["gates.lock"]) == (
        0o640,
        0o600,
        0o600,
    )
    made = [path for path in one.state.iterdir() if "-journal" not in path.name]
    assert {(path.stat().st_uid, path.stat().st_gid) for path in made} == {(USER, GROUP)}


def read_by_members_only(one: House, number: str) -> None:
    words = f"store: {STATE / 'healthmon.db'}\n"
    for person in (one.unit, one.root, one.member):
        told = person.run("faults")
        assert (told.code, told.err, number in told.out) == (0, words, True)
    for argv in (("faults",), ("history", "C001"), *ACTS):
        refused = one.stranger.run(*argv)
        assert (refused.code, refused.out) == (3, "")
        assert "5002 may not read /var/lib/healthmon/healthmon.db" in refused.err.splitlines()[-1]


def test_ff_f15_a_relative_folder_is_one_wherever_a_command_is_started(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("etc", "here", "there")]
    for folder in folders:
        folder.mkdir()
    etc, here, there = folders
    product = Product(etc, estate() | {"agent": {"state_directory": "state"}})
    link = tmp_path / "config.yaml"
    link.symlink_to(product.config)
    product.before = ("env", "-C", str(here))
    assert product.sweep().code == 1
    product.before = ("env", "-C", str(there), f"HEALTHMON_CONFIG={link}")
    done = Product.run(product, *ACTS[1])
    assert (done.code, "is signed" in done.out) == (0, True)
    assert [path.parent for path in tmp_path.rglob("*.db")] == [etc / "state"]


@pytest.mark.parametrize("argv", [*READS, *ACTS], ids=" ".join)
def test_ff_f15_reading_and_acting_make_no_store(argv: tuple[str, ...], tmp_path: Path) -> None:
    product = Product(tmp_path, estate())
    full = yaml.safe_load(product.config.read_text())
    del full["agent"]["state_directory"]
    product.config.write_text(yaml.safe_dump(full))
    home = tmp_path / "home"
    product.environment = {"XDG_STATE_HOME": str(home), "HOME": str(home)}
    done = product.run(*argv)
    assert done.code == 3
    assert done.err.startswith("no history yet: ")
    assert len(done.err.splitlines()) == 1
    assert not home.exists()


def test_ff_f15_every_command_says_which_store_it_uses(tmp_path: Path) -> None:
    product = Product(tmp_path, estate())
    words = f"store: {tmp_path / 'state' / 'healthmon.db'}"
    swept = product.sweep()
    assert words in swept.err.splitlines()
    for argv in (*READS, ACTS[1], ("check-config",)):
        done = product.run(*argv)
        assert done.code == 0, done.text
        assert words in done.err.splitlines()
        assert words not in done.out
    assert os.listdir(tmp_path / "state") != []


def test_ff_f15_an_account_that_the_agent_cannot_see_may_enter_nothing(
    tmp_path: Path, peers: Peers
) -> None:
    """The agent is in a user namespace of its own, as by PrivateUsers=yes of a unit."""
    one = house(tmp_path, estate())
    for folder in (one.state, tmp_path / "run" / "healthmon"):
        os.chown(folder, 0, 0)
    one.unit.before = (*one.root.before, "unshare", "--user", "--map-root-user")
    with one.unit.agent(peers) as agent:
        agent.until(lambda: agent.faults("C001"), 60)
        agent.until(lambda: "C001" in logged(one.root), 15)
        (file,) = (tmp_path / "run" / "healthmon").glob("*.sock")
        for path in (file, file.parent, one.state):
            path.chmod(0o777)
        (one.state / "healthmon.db").chmod(0o644)
        refused = one.stranger.run("ack", logged(one.root)["C001"], *ACTS[0][2:])
        assert (refused.code, refused.out) == (3, "")
        assert "the agent cannot see who you are (user 65534)" in refused.err
        assert agent.value("healthmon_fault_acknowledged", device="C001") != 1
        assert one.root.run("ack", logged(one.root)["C001"], *ACTS[0][2:]).code == 0
