"""Syslog times stand among the lines of other programs: FF-E3."""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from helpers.product import Product
from helpers.support import Peers, faked, free_port, need

pytestmark = pytest.mark.peer

# The traditional format and the full one of the message's own time, and of its arrival.
RSYSLOG = """
module(load="im{way}")
template(name="both" type="string" string="%timestamp%|%timestamp:::date-rfc3339%|%timegenerated%\\n")
ruleset(name="keep") {{ action(type="omfile" file="{out}" template="both" asyncWriting="off") }}
input(type="im{way}" address="127.0.0.1" port="{port}" ruleset="keep")
"""


class Rsyslog:
    """Debian's rsyslog on a machine in `zone`; `clock` is the environment that moves its clock."""

    def __init__(
        self, peers: Peers, folder: Path, way: str, zone: str, clock: dict[str, str]
    ) -> None:
        need("rsyslogd")
        kind = socket.SOCK_DGRAM if way == "udp" else socket.SOCK_STREAM
        self.port, self.out = free_port(kind), folder / "messages"
        conf = folder / "rsyslog.conf"
        conf.write_text(RSYSLOG.format(way=way, out=self.out, port=self.port))
        peers.start("rsyslogd", "-n", "-iNONE", "-C", "-f", conf, env={"TZ": zone} | clock)
        table = Path("/proc/net") / way
        end = time.monotonic() + 60
        while f":{self.port:04X} " not in table.read_text():
            assert time.monotonic() < end, peers.log()
            time.sleep(0.05)

    def line(self) -> tuple[str, str, str]:
        """What it has written of the first message."""
        end = time.monotonic() + 60
        while not (self.out.exists() and self.out.read_text().endswith("\n")):
            assert time.monotonic() < end, "no message"
            time.sleep(0.05)
        told, full, arrived = self.out.read_text().splitlines()[0].split("|")
        return told, full, arrived


def traditional(text: str) -> datetime:
    """``Jul 15 13:00:02``; the year is left out."""
    return datetime.strptime(f"2026 {text}", "%Y %b %d %H:%M:%S")


# The last one is the hour before it comes again.
@pytest.mark.parametrize(
    ("zone", "utc", "offset"),
    [
        ("Europe/London", "2026-07-15 12:00", 1.0),
        ("Asia/Kolkata", "2026-03-02 21:00", 5.5),
        ("America/St_Johns", "2026-01-01 01:00", -3.5),
        ("Europe/London", "2026-10-25 00:30", 1.0),
    ],
)
@pytest.mark.parametrize("way", ["tcp", "udp"])
def test_ff_e3_a_message_has_the_time_of_the_lines_around_it(
    tmp_path: Path, peers: Peers, way: str, zone: str, utc: str, offset: float
) -> None:
    began = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    clock = faked(f"{(began - datetime.now(UTC)).total_seconds():+.0f}s")
    log = Rsyslog(peers, tmp_path, way, zone, clock)
    target = {"server": "127.0.0.1", "port": log.port, "transport": way}
    camera = {"id": "C001", "name": "North", "site": "s", "address": "127.0.15.1", "kind": "fixed"}
    product = Product(
        tmp_path,
        {
            "estate": {"name": "Field", "time_zone": zone},
            "cameras": [camera],
            "notify": {"log": {"syslog": target}},
            "routes": [{"to": "log"}],
        },
        environment=clock,
    )
    done = product.run("notify", "test", "log")
    assert done.code == 0, done.text
    told, full, arrived = log.line()
    apart = abs(traditional(told) - traditional(arrived))
    assert apart < timedelta(minutes=10), f"told {told}, arrived {arrived}"
    moment = datetime.fromisoformat(full)
    assert moment.utcoffset() == timedelta(hours=offset)
    assert abs(moment - began) < timedelta(minutes=10), "the moment is right, not only its label"
    assert moment.utcoffset() == moment.astimezone(ZoneInfo(zone)).utcoffset()
