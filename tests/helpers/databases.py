"""The databases the store is tried on: SQLite files and Debian's real PostgreSQL on loopback."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from helpers.support import Peers, free_port, need

START_SECONDS = 60.0


def installed() -> list[Path]:
    """The initdb of every version that is installed."""
    return sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


def postgres(peers: Peers) -> tuple[subprocess.Popen[bytes], str]:
    """Start a PostgreSQL of our own; (its process, the URL of its empty database). PostgreSQL
    refuses to run as root.
    """
    found = installed()
    need(str(found[-1]) if found else "postgresql")
    context = found[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="healthmon-pg-"))
    peers.folders.append(folder)
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    become = ["runuser", "-u", user, "--"] if os.geteuid() == 0 else []
    if become:
        shutil.chown(folder, user)
    data, port = folder / "data", free_port()
    init = [
        *become,
        context / "initdb",
        "-D",
        data,
        "-U",
        "healthmon",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-sync",
    ]
    subprocess.run([str(a) for a in init], check=True, capture_output=True, cwd="/")
    options = ["-D", data, "-h", "127.0.0.1", "-p", port, "-k", folder]
    server = peers.start(*become, context / "postgres", *(str(o) for o in options), cwd="/")
    peers.wait_tcp("127.0.0.1", port)
    url = f"postgresql://healthmon@127.0.0.1:{port}/postgres"
    _until_it_answers(url)
    return server, url


def _until_it_answers(url: str) -> None:
    """Its port is open a moment before it has started up."""
    import psycopg

    end = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return


def empty(url: str) -> None:
    """Take every table out of a server's database."""
    import psycopg

    with psycopg.connect(url) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
