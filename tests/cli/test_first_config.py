"""``healthmon init``: at a real terminal, and from a file of answers."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from healthmon.config import loading, secrets
from healthmon.demo.state import SimDevice
from healthmon.demo.udp_sim import NtpSim

INIT = [sys.executable, "-m", "healthmon", "init"]
ANSWERS = """\
estate: "Example: CCTV"
time_zone: Europe/London
sites:
  - Market Place
  - "River #1"
contractor: Acme
contractor_email: faults@example.com
"""


@pytest.fixture
def time_server() -> Iterator[int]:
    """The port of a time server on 127.0.0.1."""
    loop = asyncio.new_event_loop()
    device = SimDevice("N1", "Time", "ntp", "127.0.0.1", "a")
    opening = loop.create_datagram_endpoint(lambda: NtpSim(device), ("127.0.0.1", 0))
    transport, _ = loop.run_until_complete(opening)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield transport.get_extra_info("sockname")[1]
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    transport.close()
    loop.run_until_complete(asyncio.sleep(0.01))
    loop.close()


class Terminal:
    """The command at a pseudo-terminal of its own, as a person sees it."""

    def __init__(self, folder: Path) -> None:
        self.shown = ""
        self._own, other = pty.openpty()
        self._child = subprocess.Popen(
            INIT, stdin=other, stdout=other, stderr=other, cwd=folder, start_new_session=True
        )
        os.close(other)

    def until(self, words: str) -> None:
        """Read until `words` are on the screen behind what was typed last."""
        while words not in self.shown:
            assert select.select([self._own], [], [], 60)[0], self.shown
            self.shown += os.read(self._own, 4096).decode()

    def type(self, line: str) -> None:
        self.shown = ""
        os.write(self._own, f"{line}\n".encode())

    def end(self) -> int:
        """The exit code, when the command has ended; what it said last is in `shown`."""
        try:
            while more := os.read(self._own, 4096):
                self.shown += more.decode()
        except OSError:  # the other side is closed
            pass
        os.close(self._own)
        return self._child.wait()


def test_questions_at_a_terminal(tmp_path: Path, time_server: int) -> None:
    terminal = Terminal(tmp_path)
    for prompt, line in (
        ("Name of the estate [CCTV]: ", "Example: CCTV"),
        ("Time zone [", "Europe/Lundon"),
        ("'Europe/Lundon' is not a time zone; write for example Europe/London", "Europe/London"),
        ("Time server (address; empty: no more): ", f"127.0.0.1:{time_server}"),
        ("Time server (address; empty: no more): ", "127.0.0.1:1"),
        ("Time server (address; empty: no more): ", ""),
        ("Site (name; empty: no more): ", "Market Place"),
        ("Site (name; empty: no more): ", "market place"),
        ("'market place' was given already; give another one", "Market-Place"),
        ("Site (name; empty: no more): ", ""),
        ("Contractor who repairs (name; empty: none): ", "Acme"),
        ("Telephone of the contractor: ", ""),
        ("E-mail of the contractor: ", "acme"),
        ("is not an e-mail address; write for example", "faults@example.com"),
        ("Account of the cameras, view only (user; empty: none): ", "viewer"),
        ("Its password: ", "s3cret"),
        ("SNMP community (empty: none): ", "publ1c"),
    ):
        terminal.until(prompt)
        assert not {"s3cret", "publ1c"} & set(terminal.shown.split()), "a secret is not shown"
        terminal.type(line)
    assert terminal.end() == 0
    assert not {"s3cret", "publ1c"} & set(terminal.shown.split()), "a secret is not shown"
    assert "time server 127.0.0.1: answers, stratum 2, this machine's clock is" in terminal.shown
    assert "time server 127.0.0.1: port closed" in terminal.shown
    assert "config.yaml: written" in terminal.shown
    found = loading.load(tmp_path / "config.yaml")
    assert (found.estate.name, found.estate.time_zone) == ("Example: CCTV", "Europe/London")
    assert [one.port for one in found.time_servers] == [time_server, 1]
    assert [(one.id, one.name) for one in found.sites] == [
        ("market-place", "Market Place"),
        ("market-place-2", "Market-Place"),
    ]
    assert found.contractors[0].email == "faults@example.com"
    assert found.credentials["camera-view"].username == "viewer"
    for name, secret in (("camera-view", "s3cret"), ("snmp-read", "publ1c")):
        path = tmp_path / "secrets" / name
        assert path.read_text() == f"{secret}\n"
        assert path.stat().st_mode & 0o777 == 0o600
        assert secrets.resolve(found, name).password.reveal() == secret


def test_an_end_in_between_writes_nothing(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    terminal.until("Name of the estate")
    terminal.type("Example")
    terminal.until("Time zone")
    terminal.type("\x04")  # Ctrl-D
    assert terminal.end() == 3
    assert "the answers ended; nothing is written" in terminal.shown
    assert list(tmp_path.iterdir()) == []


def init(folder: Path, text: str | None, *more: str) -> subprocess.CompletedProcess[str]:
    answers = ["--answers", "answers.yaml"] if text is not None else []
    if text is not None:
        (folder / "answers.yaml").write_text(text)
    argv = [*INIT, *answers, *more]
    return subprocess.run(
        argv, capture_output=True, text=True, check=False, cwd=folder, stdin=subprocess.DEVNULL
    )


def test_answers_from_a_file_without_a_terminal(tmp_path: Path) -> None:
    assert init(tmp_path, ANSWERS).returncode == 0
    found = loading.load(tmp_path / "config.yaml")
    assert [(one.id, one.name) for one in found.sites] == [
        ("market-place", "Market Place"),
        ("river-1", "River #1"),
    ]
    check = [sys.executable, "-m", "healthmon", "check-config"]
    done = subprocess.run(check, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_id_of_a_name_with_accents_keeps_its_letters(tmp_path: Path) -> None:
    assert init(tmp_path, "sites: [Südstraße, 'Île 2']\n").returncode == 0
    found = loading.load(tmp_path / "config.yaml")
    assert [one.id for one in found.sites] == ["sudstrasse", "ile-2"]
    assert [one.name for one in found.sites] == ["Südstraße", "Île 2"]


def test_a_file_is_overwritten_only_by_force(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("# mine\n")
    path.chmod(0o600)
    done = init(tmp_path, ANSWERS)
    words = "config.yaml: is there already; write another file (--output) or add --force\n"
    assert (done.returncode, done.stderr) == (3, words)
    assert path.read_text() == "# mine\n"
    assert init(tmp_path, ANSWERS, "--force").returncode == 0
    assert loading.load(path).estate.name == "Example: CCTV"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "no terminal to ask at: give --answers FILE with, for example, {estate: "),
        ("estat: x\n", "answers.yaml:1: unknown key 'estat' (did you mean 'estate'?); the keys are "),
        ("time_zone: London\n", "answers.yaml:1: 'time_zone': 'London' is not a time zone; write "),
        ("a: b\n---\n", "answers.yaml:2: a second document begins"),
        ("sites: ['?']\n", "answers.yaml:1: 'sites': '?' has no letter or digit"),
        ("estate: [a]\n", "answers.yaml:1: 'estate': a text must stand here"),
        ("time_servers: 127.0.0.1:0\n", "answers.yaml:1: 'time_servers': port 0 is not one of "),
        ("sites: [A b, a B]\n", "answers.yaml:1: 'sites': 'a B' was given already; give another one"),
        ("time_servers: [192.0.2.1, 192.0.2.1]\n", "answers.yaml:1: 'time_servers': '192.0.2.1' was given already"),
    ],
)  # fmt: skip
def test_wrong_answers_are_named_and_nothing_is_written(
    tmp_path: Path, text: str | None, told: str
) -> None:
    done = init(tmp_path, text)
    assert done.returncode == 3
    assert done.stderr.startswith(told)
    assert not (tmp_path / "config.yaml").exists()
