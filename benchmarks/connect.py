"""TCP and OPTIONS checks against blackbox_exporter doing the same to the same cameras."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks._application import build
from benchmarks._measure import Row, cpu_of, estate, ms_each, pin_child
from healthmon.protocols.http.exchange import Endpoint
from healthmon.protocols.rtsp import connection as rtsp

COUNT, RTSP, PORT = 1500, 8554, 19115
MODULES = """
modules:
  tcp: {prober: tcp, timeout: 5s}
  options:
    prober: tcp
    timeout: 5s
    tcp:
      query_response:
        - send: "OPTIONS * RTSP/1.0\\r"
        - send: "CSeq: 1\\r"
        - send: "\\r"
        - expect: "^RTSP/1.0 200"
"""


@contextlib.contextmanager
def blackbox(tool: str) -> Iterator[int]:
    """A blackbox_exporter on loopback; gives its process id."""
    with tempfile.TemporaryDirectory() as folder:
        modules = Path(folder) / "modules.yaml"
        modules.write_text(MODULES)
        argv = [
            tool,
            f"--config.file={modules}",
            f"--web.listen-address=127.0.0.1:{PORT}",
            "--log.level=error",
        ]
        child = subprocess.Popen(
            argv,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=pin_child(0),  # noqa: PLW1509 - no threads here
        )
        try:
            for _ in range(100):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", PORT), 1):
                    break
                time.sleep(0.1)
            yield child.pid
        finally:
            child.terminate()
            child.wait(10)


def theirs(pid: int, module: str, addresses: list[str]) -> float:
    """CPU-ms of blackbox_exporter per probe; what our HTTP client costs is not counted."""
    client = http.client.HTTPConnection("127.0.0.1", PORT)
    began = 0.0
    for n in range(COUNT + 100):
        if n == 100:
            began = cpu_of(pid)
        client.request(
            "GET", f"/probe?module={module}&target={addresses[n % len(addresses)]}:{RTSP}"
        )
        if "\nprobe_success 1" not in client.getresponse().read().decode():
            raise AssertionError(f"blackbox_exporter did not succeed with {module}")
    client.close()
    return (cpu_of(pid) - began) * 1000 / COUNT


def rows() -> list[Row]:
    with estate(50) as path:
        application = build(path)
        addresses = [d.address for d in application.estate.devices.values() if d.id.startswith("C")]
        connector, turn = application.context.connector, iter(range(10**9))

        async def tcp() -> None:
            connection = await rtsp.connect(
                connector, Endpoint(addresses[next(turn) % len(addresses)], RTSP)
            )
            connection.close()

        async def options() -> None:
            reply = await rtsp.options(
                connector, Endpoint(addresses[next(turn) % len(addresses)], RTSP)
            )
            assert reply.status == 200

        ours = {"tcp": ms_each(tcp, COUNT), "options": ms_each(options, COUNT)}
        tool = shutil.which("prometheus-blackbox-exporter") or shutil.which("blackbox_exporter")
        names = {
            "tcp": "TCP check against blackbox_exporter",
            "options": "OPTIONS check against blackbox_exporter",
        }
        if tool is None:
            return [Row(names[m], ours[m], gate=1, absent="blackbox_exporter") for m in ours]
        with blackbox(tool) as pid:
            return [Row(names[m], ours[m], theirs(pid, m, addresses), gate=1) for m in ours]
