"""compose.agents.yaml: two agents and PostgreSQL, as Compose reads it; Debian's PostgreSQL takes the files that it
is given, and healthmon the configuration on docs/agents.md.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from helpers import certificates
from helpers.databases import postgres
from helpers.product import Product
from helpers.support import Peers, need

from healthmon.access import passwords, users
from healthmon.access.roles import Role
from healthmon.access.users import User
from healthmon.config import loading
from healthmon.store import location

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / ".venv-peers" / "bin" / "docker-compose"
FILES = ROOT / "packaging" / "postgresql"
ROLE = "healthmon_agent"
pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def stack() -> dict[str, Any]:
    """The file as Docker Compose itself reads it."""
    need(str(COMPOSE))
    argv = [str(COMPOSE), "-f", str(ROOT / "compose.agents.yaml"), "config", "--format", "json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    return dict(json.loads(done.stdout))


def example() -> dict[str, Any]:
    """The configuration of the agents on the page."""
    page = (ROOT / "docs" / "agents.md").read_text()
    lines = page.split("<!-- agents in containers -->\n\n")[1].split("\n\n")[0].splitlines()
    return dict(yaml.safe_load("\n".join(line.removeprefix("    ") for line in lines)))


def test_every_container_is_closed_watched_and_listens_on_loopback_only(
    stack: dict[str, Any],
) -> None:
    services = stack["services"]
    assert set(services) == {"north", "south", "database"}
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["restart"] == "unless-stopped", name
        assert "healthcheck" in service, name
        assert "network_mode" not in service, name
        assert all(port["host_ip"] == "127.0.0.1" for port in service.get("ports", [])), name
        assert re.search(r":\d+\.\d+(\.\d+)?$", service["image"]), name
    assert set(services["database"]["networks"]) == {"estate"}
    assert "ports" not in services["database"]
    assert stack["networks"]["estate"]["internal"] is True
    published = [services[name]["ports"][0]["published"] for name in ("north", "south")]
    assert published == ["9877", "9878"]


def test_secrets_are_files_and_nothing_else_can_be_written_than_data(stack: dict[str, Any]) -> None:
    assert all(set(one) == {"name", "file"} for one in stack["secrets"].values())
    for name, service in stack["services"].items():
        words = json.dumps(service.get("environment", {})).lower()
        assert "password" not in words or "password_file" in words, name
        for mount in service["volumes"]:
            assert mount["type"] == "volume" or mount["read_only"] is True, (name, mount)
            ours = str(ROOT) in mount["source"]
            assert not ours or Path(mount["source"]).exists(), mount


def test_the_agents_are_asked_at_the_names_and_the_port_that_they_have(
    stack: dict[str, Any], tmp_path: Path
) -> None:
    """And to the database they speak TLS with a certificate that is checked, and show their own."""
    tree = example()
    agents = {name: one for name, one in stack["services"].items() if name != "database"}
    port = agents["north"]["ports"][0]["target"]
    assert tree["database"]["agents"] == [f"https://{name}:{port}" for name in agents]
    assert set(agents) < set(tree["agent"]["hosts"])
    assert all(one["hostname"] == name for name, one in agents.items())
    assert f"https://%s:{port}/" in agents["north"]["healthcheck"]["test"][-1]
    file = tmp_path / "config.yaml"
    rest = {"estate": {"name": "CCTV", "time_zone": "Europe/London"}}
    file.write_text(yaml.safe_dump(rest | tree))
    config = loading.load(file)
    url = location.place(config).url
    assert url.startswith(f"postgresql://database/healthmon?user={ROLE}&")
    assert "sslmode=verify-full" in url
    key = re.search(r"sslkey=%2Frun%2Fsecrets%2F([\w-]+)", url)
    assert key is not None
    assert key[1] in [one["source"] for one in agents["north"]["secrets"]]


def test_the_healthcheck_of_an_agent_needs_no_login_and_fails_without_an_agent(
    stack: dict[str, Any], peers: Peers, tmp_path: Path
) -> None:
    """As the container runs it, but for the name of the container and the place of the authority."""
    pair, file = certificates.made(tmp_path, "agent"), tmp_path / "users"
    users.put(file, User("ann", passwords.hash_password("a long word for it"), Role.VIEWER))
    tls = {"certificate": str(pair.certificate), "key": str(pair.key)}
    agent = {"hosts": ["localhost"], "tls": tls, "users_file": str(file)}
    made = Product(tmp_path, {"agent": agent})
    words = stack["services"]["north"]["healthcheck"]["test"][-1]
    for theirs, ours in (
        ("os.uname().nodename", "'localhost'"),
        (":9877", f":{made.port}"),
        ("/etc/healthmon/tls/ca.pem", str(pair.certificate)),
    ):
        assert words.count(theirs) == 1
        words = words.replace(theirs, ours)
    check = [sys.executable, "-c", words]
    assert subprocess.run(check, capture_output=True, timeout=60, check=False).returncode == 1
    peers.start(*made.argv("run"), env=made.env())
    peers.wait_tcp("127.0.0.1", made.port)
    done = subprocess.run(check, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_debians_postgresql_lets_the_role_in_by_its_certificate_alone(
    peers: Peers, tmp_path: Path
) -> None:
    _process, admin = postgres(peers)
    data = peers.folders[-1] / "data"
    server, client = (certificates.made(tmp_path, name) for name in ("database", ROLE))
    stranger = certificates.made(tmp_path, "stranger")
    owner = (data / "postgresql.conf").stat().st_uid
    copied = {
        "server.pem": server.certificate,
        "server.key": server.key,
        "ca.pem": client.certificate,
        "pg_hba.conf": FILES / "pg_hba.conf",
    }
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("CREATE DATABASE healthmon")
        connection.execute((FILES / "role.sql").read_text())
        for name, file in copied.items():
            shutil.copyfile(file, data / name)
            (data / name).chmod(0o600)
            shutil.chown(data / name, owner)
        for name, value in (
            ("ssl_cert_file", "server.pem"),
            ("ssl_key_file", "server.key"),
            ("ssl_ca_file", "ca.pem"),
            ("ssl", "on"),
        ):
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        connection.execute("SELECT pg_reload_conf()")
        while connection.execute("SHOW ssl").fetchone() != ("on",):
            time.sleep(0.05)
        wrong = "SELECT error FROM pg_hba_file_rules WHERE error IS NOT NULL"
        assert connection.execute(wrong).fetchall() == []
    here = admin.replace("//healthmon@", f"//{ROLE}@").replace("/postgres", "/healthmon")
    trust = f"{here}?sslmode=verify-full&sslrootcert={server.certificate}"
    login = f"{trust}&sslcert={client.certificate}&sslkey={client.key}"
    assert user_of(login) == ROLE
    for url in (
        f"{here}?sslmode=disable",
        trust,
        f"{trust}&sslcert={stranger.certificate}&sslkey={stranger.key}",
        login.replace(ROLE, "healthmon", 1),
    ):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url).close()


def user_of(url: str) -> str:
    """Who is logged in, once the server has read its files."""
    end = time.monotonic() + 30
    while True:
        try:
            with psycopg.connect(url) as connection:
                return connection.info.user
        except psycopg.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
