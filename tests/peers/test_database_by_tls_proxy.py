"""The agent and its database through one TCP port of Debian's stunnel, with a client certificate, by a role that
may do no more than it needs (docs/agents.md).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psycopg
import pytest
from helpers import certificates
from helpers.certificates import Pair
from helpers.databases import installed, postgres
from helpers.product import PASSWORD, Product
from helpers.room import ROOT
from helpers.support import Peers, free_port, need

from healthmon.store import role_sql

pytestmark = [pytest.mark.peer, pytest.mark.long]
ROLE = "healthmon_agent"
FAKES = ROOT / "tests/helpers/fakes"
OPEN = "SELECT code FROM cases WHERE device = 'C001'"
# By TLS with a certificate of its name, or from a proxy on the same machine with a password.
LOGINS = f"""\
hostssl   postgres {ROLE} 127.0.0.1/32 cert
hostnossl postgres {ROLE} 127.0.0.1/32 scram-sha-256
host      all healthmon 127.0.0.1/32 trust
"""


@dataclass(frozen=True)
class Database:
    """A PostgreSQL with the role of the agents; `admin` is the URL of its administrator."""

    admin: str
    server: Pair
    client: Pair

    @property
    def port(self) -> int:
        return int(urlsplit(self.admin).port or 0)

    def url(self, port: int, *, certificate: bool = True) -> str:
        """What config.yaml says of the database that is reached at `port`."""
        options = {"sslmode": "verify-full", "sslrootcert": self.server.certificate}
        if certificate:
            options |= {"sslcert": self.client.certificate, "sslkey": self.client.key}
        return f"postgresql://127.0.0.1:{port}/postgres?{urlencode(options)}"

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        """What the administrator finds."""
        with psycopg.connect(self.admin, autocommit=True) as connection:
            return connection.execute(statement).fetchall()


@pytest.fixture
def database(peers: Peers, tmp_path: Path) -> Database:
    need("stunnel4")
    _process, admin = postgres(peers)
    data = peers.folders[-1] / "data"
    server, client = (certificates.made(tmp_path, name) for name in ("server", ROLE))
    owner = (data / "postgresql.conf").stat().st_uid
    for file, name in (
        (server.certificate, "server.pem"),
        (server.key, "server.key"),
        (client.certificate, "clients.pem"),
    ):
        shutil.copyfile(file, data / name)
        (data / name).chmod(0o600)
        shutil.chown(data / name, owner)
    (data / "pg_hba.conf").write_text(LOGINS)
    settings = {
        "ssl_cert_file": "server.pem",
        "ssl_key_file": "server.key",
        "ssl_ca_file": "clients.pem",
        "ssl": "on",
    }
    with psycopg.connect(admin, autocommit=True) as connection:
        for name, value in settings.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        connection.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'")
        connection.execute("SELECT pg_reload_conf()")
    argv = [installed()[-1].parent / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", admin]
    subprocess.run(argv, input=role_sql.text(ROLE), text=True, check=True, capture_output=True)
    return Database(admin, server, client)


def stunnel(peers: Peers, file: Path, *lines: str) -> subprocess.Popen[bytes]:
    """Debian's, with one service."""
    file.write_text("\n".join(["foreground = yes", "pid =", "[database]", *lines]) + "\n")
    return peers.start("stunnel4", file)


def product(folder: Path, url: str, port: int) -> Product:
    """An agent of one device, which is well while somebody listens at `port`."""
    camera = {"id": "C001", "name": "Quay", "site": "s", "kind": "fixed", "address": "127.0.0.1"}
    camera |= {"ports": [port], "rtsp": "no", "http": "no"}
    tree = {
        "cameras": [camera],
        "credentials": {"database": {"username": ROLE, "secret": {"file": "secret"}}},
        "database": {"url": url, "credential": "database", "takeover": "6 s"},
        "defaults": {
            "interval": "2 s",
            "cause": {"hold": "1 s", "quiet": "1 s", "longest": "2 s"},
        },
    }
    return Product(folder, tree)


def test_a_tunnel_carries_the_agents_own_tls_and_what_was_found_while_it_was_cut(
    database: Database, peers: Peers, tmp_path: Path
) -> None:
    """Agent -> stunnel -> one port -> stunnel -> PostgreSQL: certificates of the tunnel, and of the role in it."""
    near, far = free_port(), free_port()
    pair = certificates.made(tmp_path, "site")
    ours = [f"cert = {pair.certificate}", f"key = {pair.key}", f"CAfile = {pair.certificate}"]
    end = [f"accept = 127.0.0.1:{far}", f"connect = 127.0.0.1:{database.port}", *ours]
    far_end = stunnel(peers, tmp_path / "far.conf", *end, "verifyPeer = yes")
    begin = [f"accept = 127.0.0.1:{near}", f"connect = 127.0.0.1:{far}", *ours]
    stunnel(peers, tmp_path / "near.conf", "client = yes", *begin, "verifyPeer = yes")
    for port in (near, far):
        peers.wait_tcp("127.0.0.1", port)
    door = free_port()
    device = peers.start(sys.executable, FAKES / "door.py", str(door), tmp_path / "visits")
    peers.wait_tcp("127.0.0.1", door)
    made = product(tmp_path, database.url(near), door)
    with made.agent(peers) as agent:
        agent.until(lambda: agent.value("healthmon_store_ok") == 1, 60)
        used = f"""
            SELECT DISTINCT ssl, client_dn FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
            WHERE usename = '{ROLE}'"""
        assert database.ask(used) == [(True, f"/CN={ROLE}")]
        peers.stop(far_end)
        peers.stop(device)
        agent.until(lambda: agent.value("healthmon_store_ok") == 0, 60)
        agent.until(lambda: agent.faults("C001"), 60)
        assert database.ask(OPEN) == []
        stunnel(peers, tmp_path / "far.conf", *end, "verifyPeer = yes")
        agent.until(lambda: agent.value("healthmon_store_ok") == 1, 60)
        agent.until(lambda: len(database.ask(OPEN)) == 1, 30)
        listed = made.run("agents")
        assert (listed.code, "has the estate" in listed.out) == (0, True)
    made.write(
        made.tree
        | {"database": made.tree["database"] | {"url": database.url(near, certificate=False)}}
    )
    refused = made.run("agents")
    assert refused.code != 0
    assert "certificate" in refused.text


def test_a_proxy_that_ends_the_tls_itself_asks_for_the_certificate(
    database: Database, peers: Peers, tmp_path: Path
) -> None:
    """Agent -> TLS with its certificate -> stunnel, which speaks PostgreSQL's start of TLS -> PostgreSQL."""
    port = free_port()
    stunnel(
        peers,
        tmp_path / "proxy.conf",
        "protocol = pgsql",
        f"accept = 127.0.0.1:{port}",
        f"connect = 127.0.0.1:{database.port}",
        f"cert = {database.server.certificate}",
        f"key = {database.server.key}",
        f"CAfile = {database.client.certificate}",
        "verifyChain = yes",
    )
    peers.wait_tcp("127.0.0.1", port)
    made = product(tmp_path, database.url(port), free_port())
    with made.agent(peers) as agent:
        agent.until(lambda: len(database.ask(OPEN)) == 1, 60)
        assert agent.value("healthmon_store_ok") == 1
    with pytest.raises(psycopg.OperationalError):
        bare = database.url(port, certificate=False).replace("//", f"//{ROLE}@")
        psycopg.connect(bare, password=PASSWORD, connect_timeout=10)
