"""Cameras that are configured by name: one sweep by the real program and the system's resolver,
with a name server of ours.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from helpers.fakes.dns_server import HANG, NXDOMAIN, SERVFAIL, DnsServer
from helpers.fakes.rtsp_server import Camera, pictures
from helpers.hostile_estate import Bed, Swept, Ward, undisturbed
from helpers.peers.namespaces import ip
from helpers.support import IN_CI, need

pytestmark = pytest.mark.long
HERE, GOOD, SILENT, INNER = "192.0.2.53", "192.0.2.7", "192.0.2.54", "127.0.0.9"
NAMES = {
    "good.cam.test": GOOD,
    "unknown.cam.test": NXDOMAIN,
    "broken.cam.test": SERVFAIL,
    "hanging.cam.test": HANG,
    "inner.cam.test": INNER,
    "metadata.cam.test": "169.254.169.254",
}


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Swept, Camera, int]:
    need("ip", "unshare", "mount")
    if os.geteuid() != 0 or not own_addresses():
        assert not IN_CI, "the tests must run as root in .ci/run"
        pytest.skip("needs root in a network namespace of its own")
    return undisturbed(lambda: seen(tmp_path_factory.mktemp("names")), lambda made: made[0])


def seen(folder: Path) -> tuple[Swept, Camera, int]:
    (folder / "resolv.conf").write_text(f"nameserver {HERE}\noptions timeout:5 attempts:1\n")
    camera = Camera(packets=pictures(4000))
    beds = [
        Bed(name.partition(".")[0], camera.talk if value == GOOD else None)
        for name, value in NAMES.items()
    ]
    ward = Ward(
        folder,
        beds,
        before=(
            "unshare",
            "-m",
            "sh",
            "-c",
            f'mount --bind {folder}/resolv.conf /etc/resolv.conf && exec "$@"',
            "sh",
        ),
    )
    beds[0].address = GOOD

    def by_name(tree: dict) -> None:
        port, tree["defaults"]["timeout"] = beds[0].counted["rtsp"].port, "5 s"
        for row, name in zip(tree["cameras"], NAMES, strict=True):
            row |= {"address": name, "rtsp": {"port": port}}

    with DnsServer(HERE, NAMES), ward.open(by_name), socket.socket() as inner:
        inner.bind((INNER, beds[0].counted["rtsp"].port))
        inner.listen()
        inner.setblocking(False)
        found = ward.sweep()
        try:
            inner.accept()[0].close()
        except BlockingIOError:
            return found, camera, 0
        return found, camera, 1


def own_addresses() -> bool:
    """Whether this process has a network of its own, which may be given addresses."""
    if len(ip("-o", "link", "show", "up").splitlines()) > 1:
        return False
    for address in (HERE, GOOD):
        if address not in ip("addr", "show", "dev", "lo"):
            ip("addr", "add", f"{address}/32", "dev", "lo")
    return True


@pytest.mark.parametrize("name", ["unknown", "broken", "hanging"])
def test_n5_a_name_without_an_address_is_dns_trouble(
    swept: tuple[Swept, Camera, int], name: str
) -> None:
    ((code, sentence),) = swept[0].said(name, "reach")
    assert code == "unreachable"
    assert "its name has no address (DNS)" in sentence


def test_n5_the_names_beside_them_are_seen_well(swept: tuple[Swept, Camera, int]) -> None:
    assert not swept[0].said("good", "reach", "stream")
    assert swept[1].methods.count("PLAY") == swept[1].methods.count("TEARDOWN") == 1
    assert swept[0].sheet["took_seconds"] < 60


@pytest.mark.parametrize("name", ["inner", "metadata"])
def test_n5_a_name_that_leads_to_an_inner_address_is_not_contacted(
    swept: tuple[Swept, Camera, int], name: str
) -> None:
    rows = swept[0].of(name)
    assert rows
    assert {row["code"] for row in rows} == {"address_mismatch"}
    assert swept[2] == 0
