"""The agent's pages behind TLS and a login, with curl and openssl as the ones who come."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers import certificates, commands
from helpers.room import ENVIRONMENT, until
from helpers.support import Peers, free_port, need

pytestmark = [pytest.mark.peer, pytest.mark.long]
PASSWORD = "correct horse battery"
CONFIG = """
agent:
  listen: {listen}
  port: {port}
  hosts: agent.example
  state_directory: {folder}/state
  tls: {{certificate: server.pem, key: server.key}}
  users_file: users
sites: [{{id: market}}]
cameras:
  - {{id: C001, name: One, site: market, address: 127.0.0.1, kind: fixed, rtsp: {{port: 1}}, http: no}}
"""


def healthmon(*argv: str | Path, given: str = "") -> subprocess.CompletedProcess[str]:
    full = [sys.executable, "-m", "healthmon", *map(str, argv)]
    return subprocess.run(
        full, input=given, capture_output=True, text=True, env=ENVIRONMENT, timeout=60, check=False
    )


class House:
    """A folder with a configuration, a certificate, a user, and the agent that runs by them."""

    def __init__(self, folder: Path, peers: Peers) -> None:
        self.folder, self.peers, self.port = folder, peers, free_port()
        self.config, self.users = folder / "config.yaml", folder / "users"
        (folder / "state").mkdir()
        self.write("127.0.0.1")
        self.certify(certificates.made(folder, "first"))
        done = healthmon(
            "user", "shift", "--role", "admin", "--config", self.config, given=PASSWORD + "\n"
        )
        assert (done.returncode, done.stderr) == (0, "")
        self.agent: subprocess.Popen[bytes] | None = None

    def write(self, listen: str) -> None:
        self.config.write_text(CONFIG.format(folder=self.folder, listen=listen, port=self.port))

    def certify(self, pair: certificates.Pair) -> None:
        shutil.copy(pair.certificate, self.folder / "server.pem")
        shutil.copy(pair.key, self.folder / "server.key")

    def start(self) -> None:
        self.agent = self.peers.start(
            sys.executable, "-m", "healthmon", "run", "--config", self.config, env=ENVIRONMENT
        )
        until(lambda: self.curl("/-/healthy")[0] == 200, 60, self.agent)

    def curl(
        self,
        path: str,
        *more: str,
        login: str = f"shift:{PASSWORD}",
        base: str = "https://localhost",
        ca: str = "server.pem",
    ) -> tuple[int, str, int]:
        """(HTTP status, body, curl's exit code)."""
        argv = [
            "curl",
            "-sS",
            "--max-time",
            "20",
            "--noproxy",
            "*",
            "--cacert",
            str(self.folder / ca),
        ]
        argv += [
            "-w",
            "\n%{http_code}",
            *(["--user", login] if login else []),
            *more,
            f"{base}:{self.port}{path}",
        ]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
        body, _, status = done.stdout.rpartition("\n")
        return int(status or 0), body, done.returncode

    def reload(self) -> tuple[int, str, int]:
        return self.curl("/-/reload", "-X", "POST")

    def subject(self) -> str:
        """The common name of the certificate that is shown."""
        argv = [
            "openssl",
            "s_client",
            "-connect",
            f"127.0.0.1:{self.port}",
            "-servername",
            "localhost",
        ]
        done = subprocess.run(
            argv, input="", capture_output=True, text=True, timeout=20, check=False
        )
        return (
            next(line for line in done.stdout.splitlines() if line.startswith("subject="))
            .rpartition("=")[2]
            .strip()
        )


@pytest.fixture(scope="module")
def house(module_peers: Peers, tmp_path_factory: pytest.TempPathFactory) -> House:
    need("curl", "openssl")
    made = House(tmp_path_factory.mktemp("house"), module_peers)
    made.start()
    return made


def test_only_a_user_with_the_right_password_comes_in(house: House) -> None:
    assert house.curl("/metrics")[::2] == (200, 0)
    assert "healthmon_build_info" in house.curl("/metrics")[1]
    for path in (
        "/",
        "/metrics",
        "/sd",
        "/wall",
        "/wall.json",
        "/wall/events",
        "/probe?target=C001",
        "/-/healthy",
        "/nothing",
    ):
        assert house.curl(path, login="")[:2] == (401, "login needed\n"), path
    for login in ("shift:wrong password", f"nobody:{PASSWORD}", "shift:", ":", f"SHIFT:{PASSWORD}"):
        assert house.curl("/metrics", login=login)[:2] == (401, "login needed\n"), login
    assert house.curl("/-/reload", "-X", "POST", login="")[0] == 401
    assert house.reload() == (200, "reloaded\n", 0)
    log = house.peers.log()
    assert "a login as user shift was refused from 127.0.0.1" in log
    assert "a login as a name that may not log in was refused from 127.0.0.1" in log
    assert PASSWORD not in log
    assert "wrong password" not in log


def test_logins_and_changes_of_users_are_in_the_record(house: House) -> None:
    assert (
        healthmon("user", "clerk", "--file", house.users, given="another long word\n").returncode
        == 0
    )
    assert house.curl("/metrics", login="clerk:another long word")[0] == 200
    assert (
        healthmon("user", "set", "clerk", "--role", "scraper", "--file", house.users).returncode
        == 0
    )
    assert house.curl("/wall", login="clerk:another long word")[0] == 403
    assert healthmon("user", "remove", "clerk", "--file", house.users).returncode == 0
    expected = [
        "user clerk was added: viewer",
        "user clerk (viewer) logged in from 127.0.0.1",
        "user clerk was changed: viewer -> scraper",
        "clerk (scraper) may not see the wall and what its page loads;",
        "user clerk (scraper) was removed",
    ]

    def shown() -> str:
        return healthmon("user", "log", "--config", house.config).stdout

    # The last one is noticed without a request, too.
    until(lambda: expected[-1] in shown(), 40, house.agent)
    lines = shown()
    assert "users at the start: shift (admin)" in lines
    places = [lines.index(words) for words in expected]
    assert places == sorted(places)
    assert "another long word" not in lines


def test_it_is_tls_of_today_or_nothing(house: House) -> None:
    assert house.curl("/metrics", "--tls-max", "1.2")[0] == 200
    assert house.curl("/metrics", "--tlsv1.3")[0] == 200
    for version in ("1.0", "1.1"):
        # SECLEVEL=0: else this curl would not even offer it
        weak = ("--tlsv1.0", "--tls-max", version, "--ciphers", "DEFAULT@SECLEVEL=0")
        assert house.curl("/metrics", *weak)[::2] == (0, 35), version
    status, _, code = house.curl("/metrics", base="http://localhost")
    assert status == 0
    assert code in (52, 56)
    (house.folder / "other.pem").write_text(
        certificates.made(house.folder, "stranger").certificate.read_text()
    )
    assert house.curl("/metrics", ca="other.pem")[::2] == (0, 60)


def test_it_is_reached_by_its_names_only(house: House) -> None:
    assert house.curl("/metrics", base="https://127.0.0.1")[0] == 200
    resolve = ("--resolve", f"agent.example:{house.port}:127.0.0.1")
    assert house.curl("/metrics", *resolve, base="https://agent.example")[0] == 200
    status, words, _ = house.curl("/metrics", "-H", f"Host: evil.example:{house.port}")
    assert status == 421
    assert "`hosts` of `agent` in config.yaml" in words


def test_users_are_taken_over_while_it_runs(house: House) -> None:
    before = house.users.read_text()
    assert (
        healthmon("user", "desk", "--file", house.users, given="another long word\n").returncode
        == 0
    )
    assert house.curl("/metrics", login="desk:another long word")[0] == 200
    assert house.curl("/metrics")[0] == 200
    assert healthmon("user", "desk", "--config", house.config, "--remove").returncode == 0
    assert house.curl("/metrics", login="desk:another long word")[0] == 401
    assert house.users.read_text() == before
    assert house.users.stat().st_mode & 0o777 == 0o600


def test_a_renewed_certificate_is_taken_over_and_a_bad_one_is_not(
    house: House, peers: Peers
) -> None:
    assert house.agent is not None
    assert house.subject() == "first"
    second = certificates.made(house.folder, "second", key="rsa")
    # An answer that never ends goes on while the certificate changes: the door is not dropped.
    argv = [
        "curl",
        "-sSN",
        "--cacert",
        house.folder / "first.pem",
        "--user",
        f"shift:{PASSWORD}",
        "--max-time",
        "60",
    ]
    screen = peers.start(*argv, f"https://localhost:{house.port}/wall/events")
    until(lambda: "event: wall" in peers.log(), 20, house.agent)
    house.certify(second)
    house.agent.send_signal(signal.SIGHUP)
    until(lambda: house.subject() == "second", 20, house.agent)
    assert house.curl("/metrics")[0] == 200
    shutil.copy(house.folder / "first.key", house.folder / "server.key")
    status, words, _ = house.curl("/-/reload", "-X", "POST")
    assert status == 500
    assert "server.key does not belong to the certificate" in words
    assert house.subject() == "second"
    assert "healthmon_config_reload_success 0.0" in house.curl("/metrics")[1]
    house.certify(second)
    assert house.reload()[0] == 200
    assert "healthmon_config_reload_success 1.0" in house.curl("/metrics")[1]
    assert screen.poll() is None, "the open screen goes on"


def test_an_expired_certificate_is_said_and_mended_by_a_reload(house: House) -> None:
    good = certificates.made(house.folder, "third")
    house.certify(certificates.made(house.folder, "old", when="2020-01-01 12:00:00", days=1))
    done = healthmon("check-config", "--config", house.config)
    assert done.returncode == 0
    assert "server.pem ended on 02 Jan 2020: browsers and Prometheus refuse it" in done.stderr
    shutil.copy(good.certificate, house.folder / "good.pem")
    assert house.agent is not None
    house.agent.send_signal(signal.SIGHUP)
    until(lambda: house.subject() == "old", 20, house.agent)
    assert house.curl("/metrics")[::2] == (0, 60)
    house.certify(good)
    house.agent.send_signal(signal.SIGHUP)
    until(lambda: house.curl("/metrics")[0] == 200, 20, house.agent)


def test_a_users_file_that_cannot_be_read_is_told_at_a_reload(house: House) -> None:
    good = house.config.read_text()
    assert house.agent is not None
    house.config.write_text(good.replace("users_file: users", "users_file: people"))
    status, words, _ = house.reload()
    assert status == 500
    assert words.startswith(
        f"{house.folder}/people: the users file cannot be read: no such file or directory; run: "
    )
    assert house.curl("/metrics")[0] == 401, "nobody is let in by a file that is not there"
    house.config.write_text(good.replace("listen: 127.0.0.1", "listen: 127.0.0.2"))
    house.agent.send_signal(signal.SIGHUP)
    until(lambda: house.curl("/metrics")[0] == 200, 20, house.agent)
    assert "a change of listen of `agent` needs a restart of healthmon" in house.peers.log()
    house.config.write_text(good)
    assert house.reload()[0] == 200


def test_the_login_cannot_be_taken_away_by_a_reload(house: House) -> None:
    good = house.config.read_text()
    lines = [line for line in good.splitlines() if "users_file" not in line and "tls:" not in line]
    try:
        house.config.write_text("\n".join(lines))
        status, words, _ = house.reload()
        assert (status, words) == (
            500,
            "a change of tls and users_file of `agent` needs a restart of healthmon\n",
        )
        assert house.curl("/metrics", login="")[0] == 401
        assert house.curl("/metrics")[0] == 200
    finally:
        house.config.write_text(good)
    assert house.reload()[0] == 200


@pytest.fixture
def cold(tmp_path: Path, peers: Peers) -> House:
    """The same, not started."""
    return House(tmp_path, peers)


def refused(house: House) -> str:
    """The one line with which the agent ends when it cannot start."""
    done = healthmon("run", "--config", house.config)
    lines = [line for line in done.stderr.splitlines() if " INFO " not in line]
    assert (done.returncode, len(lines)) == (3, 1), done.stderr
    return lines[0]


def test_what_is_wrong_with_the_door_is_one_line_and_exit_code_3(cold: House) -> None:
    key, certificate = cold.folder / "server.key", cold.folder / "server.pem"
    tls = f"{cold.config}:7: agent: "
    good = key.read_bytes()
    key.unlink()
    assert (
        refused(cold)
        == f"{tls}the key {key} cannot be read: no such file or directory; healthmon's user must be able to"
    )
    key.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    assert refused(cold).startswith(
        f"{tls}the certificate {certificate} with the key {key} cannot be used: one of them is not PEM"
    )
    subprocess.run(
        [
            "openssl",
            "genpkey",
            "-algorithm",
            "RSA",
            "-aes128",
            "-pass",
            "pass:hush",
            "-out",
            str(key),
        ],
        check=True,
        capture_output=True,
        timeout=30,
    )
    assert "keep it without" in refused(cold)
    key.write_bytes(certificates.made(cold.folder, "other").key.read_bytes())
    assert refused(cold) == f"{tls}the key {key} does not belong to the certificate {certificate}"
    key.write_bytes(good)
    cold.users.write_text("shift:hush\n")
    told = refused(cold)
    assert told.startswith(
        f"{cold.config}:8: agent: {cold.users}:1: is not a line 'name:salt$hash:role=ROLE'; take the line out"
    )
    cold.users.unlink()
    assert refused(cold).endswith(
        f"no such file or directory; run: healthmon user NAME --file {cold.users}"
    )
    done = healthmon("check-config", "--config", cold.config)
    assert done.returncode == 0
    assert (
        f"warning: {cold.config}:8: agent: {cold.users}: the users file cannot be read"
        in done.stderr
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_key_of_somebody_else_is_one_line_and_exit_code_3(cold: House) -> None:
    need("setpriv")
    key = cold.folder / "server.key"
    os.chown(key, 65534, 65534)
    key.chmod(0o600)
    drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    argv = [*drop, sys.executable, "-m", "healthmon", "run", "--config", str(cold.config)]
    done = subprocess.run(
        argv, capture_output=True, text=True, env=ENVIRONMENT, timeout=60, check=False
    )
    words = f"the key {key} cannot be read: permission denied; healthmon's user must be able to"
    assert (done.returncode, done.stderr) == (3, f"{cold.config}:7: agent: {words}\n")


@pytest.mark.parametrize(
    "listen", ["0.0.0.0", "'::'", "192.0.2.1", "agent.example", "'::ffff:0.0.0.0'", "'2001:db8::1'"]
)
def test_law_8_a_wider_door_without_tls_and_login_is_refused(tmp_path: Path, listen: str) -> None:
    path = tmp_path / "config.yaml"
    whole = CONFIG.format(folder=tmp_path, listen=listen, port=9877)
    for missing in (("tls:",), ("users_file:",), ("tls:", "users_file:")):
        lines = [line for line in whole.splitlines() if line.strip().split(" ")[0] not in missing]
        path.write_text("\n".join(lines))
        words = (
            f"{path}:3: agent: anything wider than 127.0.0.1 needs both 'tls' and 'users_file'\n"
        )
        assert commands.healthmon("check-config", "--config", str(path)) == (3, "", words)
    path.write_text(whole)
    assert commands.healthmon("check-config", "--config", str(path))[0] == 0


def typed(*words: str, argv: list[str]) -> tuple[int, str]:
    """Run healthmon on a terminal and type; (exit code, everything that the terminal showed)."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, [sys.executable, "-m", "healthmon", *argv], ENVIRONMENT)
    shown, rest, end = b"", list(words), time.monotonic() + 60
    try:
        while time.monotonic() < end:
            try:
                shown += os.read(terminal, 4096)
            except OSError:
                break
            if rest and shown.count(b": ") + shown.count(b":\xc2\xa0") > len(words) - len(rest):
                time.sleep(0.1)
                os.write(terminal, rest.pop(0).encode() + b"\n")
    finally:
        os.close(terminal)
        _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), shown.decode()


def test_on_a_terminal_the_password_is_asked_twice_and_never_shown(tmp_path: Path) -> None:
    argv = ["user", "shift", "--file", str(tmp_path / "users")]
    code, shown = typed("a secret of the desk", "a secret of the desk", argv=argv)
    assert code == 0, shown
    assert shown.splitlines()[:2] == ["Password: ", "Again: "]
    assert "secret" not in shown
    before = (tmp_path / "users").read_text()
    code, shown = typed("a secret of the desk", "another secret", argv=argv)
    assert code == 3
    assert "the two passwords are not the same; nothing was changed" in shown
    assert (tmp_path / "users").read_text() == before


def test_what_the_agent_shows_of_itself_holds_no_secret(house: House) -> None:
    told = json.dumps(
        [
            house.curl(path)[1]
            for path in ("/", "/metrics", "/sd", "/wall.json", "/wall/device?id=C001")
        ]
    )
    stored = house.users.read_text().strip().split(":")[1]
    assert PASSWORD not in told
    assert stored not in told
