"""snmpsim with recordings of our own making (``snmprec/``), and apcupsd that reads one of them."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path

from helpers.support import Peers, free_port, need

HERE = Path(__file__).parents[2] / "peers"
HOST = "127.0.0.1"
RECORDINGS = tuple(sorted(path.stem for path in (HERE / "snmprec").glob("*.snmprec")))
PROGRAM = HERE.parents[1] / ".venv-peers/bin/snmpsim-command-responder"
USER, AUTH, PRIVATE = "healthmon", "authpass12345", "privpass12345"
APCUPSD = """## apcupsd.conf v1.1 ##
UPSNAME cctv
UPSCABLE ether
UPSTYPE snmp
DEVICE {host}:{ups}:APC_NOTRAP:public
POLLTIME 1
LOCKFILE {folder}
SCRIPTDIR {folder}
PWRFAILDIR {folder}
NOLOGINDIR {folder}
ONBATTERYDELAY 1
BATTERYLEVEL -1
MINUTES -1
TIMEOUT 0
NOLOGON disable
NETSERVER on
NISIP {host}
NISPORT {port}
EVENTSFILE {folder}/events
UPSCLASS standalone
UPSMODE disable
STATTIME 0
LOGSTATS off
DATATIME 0
"""


def snmpsim(peers: Peers, *names: str, recordings: str = "snmprec") -> dict[str, int]:
    """One agent for each recording: its UDP port by name; v1 and v2c by community ``public``, v3 by
    USER.
    """
    need(str(PROGRAM))
    ports: dict[str, int] = {}
    argv: list[str] = ["--logging-method=null", f"--cache-dir={peers.folder / 'cache'}"]
    for number, name in enumerate(names):
        folder = peers.folder / f"recording-{name}"
        folder.mkdir()
        for community in ("public", "self"):  # "self" answers SNMPv3's empty context
            shutil.copy(HERE / recordings / f"{name}.snmprec", folder / f"{community}.snmprec")
        ports[name] = free_port(socket.SOCK_DGRAM)
        argv += [
            f"--v3-engine-id=80004fb8050000{number:02x}",
            f"--v3-user={USER}",
            "--v3-auth-proto=SHA256",
        ]
        argv += [f"--v3-auth-key={AUTH}", "--v3-priv-proto=AES", f"--v3-priv-key={PRIVATE}"]
        argv += [f"--data-dir={folder}", f"--agent-udpv4-endpoint={HOST}:{ports[name]}"]
    peers.start(PROGRAM, *argv, env={"SNMPSIM_ALLOW_ROOT": "true"})
    for port in ports.values():
        end = time.monotonic() + 60
        while not snmpget(port, "1.3.6.1.2.1.1.1.0"):
            assert time.monotonic() < end, peers.log()[-2000:]
            time.sleep(0.05)
    return ports


def snmpget(port: int, oid: str) -> str:
    """What net-snmp's own client reads, or an empty string."""
    need("snmpget")
    argv = [
        "snmpget",
        "-v2c",
        "-c",
        "public",
        "-t",
        "0.3",
        "-r",
        "0",
        "-Oqvn",
        f"{HOST}:{port}",
        oid,
    ]
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, env={"MIBS": "", "PATH": "/usr/bin"}
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def snmpset(port: int, oid: str, value: int) -> None:
    """Change a value that the recording marks ``writecache``."""
    need("snmpset")
    argv = ["snmpset", "-v2c", "-c", "public", f"{HOST}:{port}", oid, "i", str(value)]
    subprocess.run(
        argv, capture_output=True, check=True, timeout=10, env={"MIBS": "", "PATH": "/usr/bin"}
    )


def apcupsd(peers: Peers, ups: int) -> int:
    """The port of the information server of an apcupsd that reads the agent on port `ups`.

    Its event script is one of ours that does nothing: no test may shut a machine down.
    """
    need("apcupsd")
    folder, port = peers.folder / "apcupsd", free_port()
    folder.mkdir()
    script = folder / "apccontrol"
    script.write_text("#!/bin/sh\nexit 0\n")
    script.chmod(0o755)
    (folder / "apcupsd.conf").write_text(
        APCUPSD.format(host=HOST, ups=ups, folder=folder, port=port)
    )
    peers.start("apcupsd", "-b", "-f", folder / "apcupsd.conf", "-P", folder / "pid")
    peers.wait_tcp(HOST, port)
    return port
