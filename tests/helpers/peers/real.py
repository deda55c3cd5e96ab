"""Real peers on loopback, each started the way its manual says: chronyd, snmpd, NUT's upsd,
GStreamer's RTSP server.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from pathlib import Path

from helpers.support import Peers, faked, need

HERE = Path(__file__).parent
UPS = "1.3.6.1.2.1.33.1"


def chronyd(
    peers: Peers, address: str, port: int = 11123, *, synchronised: bool = True, skew: str = ""
) -> subprocess.Popen[bytes]:
    """A chronyd that serves time on `address` and never touches the clock; `skew` like ``+3600s``
    by faketime.
    """
    need("chronyd")
    folder = peers.folder / f"chrony-{address}-{port}"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o700)
    lines = [
        f"port {port}",
        f"bindaddress {address}",
        "allow 127.0.0.0/8",
        "cmdport 0",
        f"bindcmdaddress {folder}/sock",
    ]
    lines += [f"pidfile {folder}/pid", "user root", *(["local stratum 2"] if synchronised else [])]
    (folder / "c.conf").write_text("\n".join(lines) + "\n")
    argv = ["chronyd", "-x", "-d", "-f", str(folder / "c.conf")]
    return peers.start(*argv, env=faked(skew))


def wait_time(peers: Peers, address: str, port: int, seconds: float = 60.0) -> None:
    """Until a time server answers, whatever it says."""
    end = time.monotonic() + seconds
    while not _answers(address, port):
        assert time.monotonic() < end, peers.log()[-2000:]


def _answers(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.2)
        try:
            sock.connect((address, port))
            sock.send(b"\x23" + bytes(47))
            return len(sock.recv(100)) >= 48
        except OSError:
            return False


def snmpd(peers: Peers, address: str, port: int, values: dict[str, str]) -> subprocess.Popen[bytes]:
    """net-snmp's agent with UPS-MIB objects set by ``override`` (``{"4.1.0": "integer 3"}``);
    community ``public``.
    """
    objects = (f"override {UPS}.{oid} {value}" for oid, value in values.items())
    return snmpd_of(peers, address, port, "rocommunity public 127.0.0.0/8", *objects)


def snmpd_of(peers: Peers, address: str, port: int, *lines: str) -> subprocess.Popen[bytes]:
    """net-snmp's agent with these lines of configuration."""
    need("snmpd")
    folder = peers.folder / f"snmpd-{address}-{port}-{len(peers.running)}"
    folder.mkdir()
    (folder / "snmpd.conf").write_text("\n".join(lines) + "\n")
    argv = ["-f", "-Lo", "-C", "-c", folder / "snmpd.conf", "-p", folder / "pid"]
    env = {"SNMP_PERSISTENT_DIR": str(folder), "MIBS": ""}
    return peers.start("snmpd", *argv, f"udp:{address}:{port}", env=env)


ON_MAINS = {
    "1.1.0": "octet_str Example",
    "1.2.0": "octet_str Example 3000",
    "2.1.0": "integer 2",
    "2.2.0": "integer 0",
    "2.3.0": "integer 41",
    "2.4.0": "integer 100",
    "4.1.0": "integer 3",
    "4.4.1.5.1": "integer 38",
}
ON_BATTERY = {**ON_MAINS, "2.2.0": "integer 190", "4.1.0": "integer 5"}


class Nut:
    """NUT's upsd with one dummy UPS ``cctv`` whose status a file gives, or which repeats the UPS
    `mirror_of` (``cctv@127.0.0.1:3493``). ``monitor``, password ``pass``, may order a shutdown.
    """

    def __init__(self, peers: Peers, address: str, port: int, mirror_of: str = "") -> None:
        need("/lib/nut/upsd", "/lib/nut/dummy-ups")
        self.peers = peers
        self.folder = peers.folder / f"nut-{port}"
        for name in ("state", "run"):
            (self.folder / name).mkdir(parents=True)
        self.env = {
            "NUT_CONFPATH": str(self.folder),
            "NUT_STATEPATH": str(self.folder / "state"),
            "NUT_ALTPIDPATH": str(self.folder / "run"),
        }
        device = self.folder / "cctv.dev"
        mode = "repeater" if mirror_of else "dummy-once"
        (self.folder / "ups.conf").write_text(
            f"[cctv]\ndriver=dummy-ups\nport={mirror_of or device}\nmode={mode}\n"
        )
        (self.folder / "upsd.conf").write_text(f"LISTEN {address} {port}\nMAXAGE 3\n")
        (self.folder / "upsd.users").write_text("[monitor]\npassword=pass\nupsmon primary\n")
        for path in self.folder.glob("upsd.*"):
            path.chmod(0o600)
        self.status("OL CHRG")
        self.driver = peers.start(
            "/lib/nut/dummy-ups", "-a", "cctv", "-u", "root", "-D", env=self.env
        )
        time.sleep(0.5)
        self.server = peers.start("/lib/nut/upsd", "-u", "root", "-F", env=self.env)
        peers.wait_tcp(address, port)
        self._wait_status(address, port)

    @staticmethod
    def _wait_status(address: str, port: int) -> None:
        """Until the driver's first status has come through (it begins with WAIT)."""
        for _ in range(60):
            with socket.create_connection((address, port), 2) as sock:
                sock.sendall(b"GET VAR cctv ups.status\n")
                if b"OL" in sock.recv(200):
                    return
            time.sleep(0.2)
        raise AssertionError("NUT's driver gives no status")

    def status(self, status: str, runtime: int = 2460) -> None:
        """What the UPS says; the driver reads the file again within 4 s."""
        text = f"ups.status: {status}\nbattery.charge: 98\nbattery.runtime: {runtime}\nups.load: 38\nups.model: Example\n"
        (self.folder / "cctv.dev").write_text(text)

    def force_shutdown(self, address: str, port: int) -> None:
        """Order a forced shutdown, as upsmon does when the battery is low."""
        with socket.create_connection((address, port), 5) as sock, sock.makefile("rw") as talk:
            for words in (
                "USERNAME monitor",
                "PASSWORD pass",
                "LOGIN cctv",
                "PRIMARY cctv",
                "FSD cctv",
            ):
                talk.write(words + "\n")
                talk.flush()
                assert talk.readline().startswith("OK"), words

    def stop_driver(self) -> None:
        """End the driver, as when its cable is pulled and it gives up."""
        self.driver.send_signal(signal.SIGKILL)
        self.driver.wait(60)
