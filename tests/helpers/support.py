"""Helpers of the tests: real peers started by process id, free ports, what must be installed."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

IN_CI = bool(os.environ.get("CI"))
# Beside those that the kernel gives to connections (EPHEMERAL_PORTS in a network of our own).
LISTEN_PORTS = range(33_000, 42_000)
EPHEMERAL_PORTS = range(42_000, 61_000)


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def children() -> set[int]:
    path = Path(f"/proc/self/task/{os.getpid()}/children")
    return {int(pid) for pid in path.read_text().split()} if path.exists() else set()


def memory(name: str) -> int:
    """Bytes of this process's memory: VmRSS has it now, VmHWM had it at most since
    `forget_peak`.
    """
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


def forget_peak() -> int:
    """Let VmHWM begin again (proc(5), clear_refs); what this process has now."""
    Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


def need(*programs: str) -> None:
    """Skip on a laptop, fail in CI, when a real peer is not installed."""
    for program in programs:
        if not (shutil.which(program) or Path(program).exists()):
            if IN_CI:
                pytest.fail(f"real peer {program} is not installed; .ci/run must install it")
            pytest.skip(f"real peer {program} is not installed")


def library(name: str) -> str:
    """The path of a file of a shared library's package, whatever the machine's architecture."""
    return str(next(Path("/usr/lib").glob(f"*-linux-gnu/{name}"), name))


def faked(ahead: str) -> dict[str, str]:
    """The environment of a program whose clock is `ahead` (``+3600s``, ``@2000-01-01 00:00:00``);
    none for "".

    The wrapper ``faketime`` does the same with semaphores named by process id, which outlive a
    process that is killed and stop the next one of that id. The monotonic clock is left alone:
    programs pace themselves by it.
    """
    if not ahead:
        return {}
    preload = library("faketime/libfaketime.so.1")
    need(preload)
    once = {
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_RESET": "1",
    }
    return {"LD_PRELOAD": preload, "FAKETIME": ahead, **once}


def made_by(*argv: str | Path) -> None:
    """Run a program that makes a file and ends. The time only bounds a hang: a busy machine needs
    minutes for a film.
    """
    subprocess.run(argv, check=True, timeout=600, stdin=subprocess.DEVNULL)


def free_port(kind: int = socket.SOCK_STREAM, host: str = "127.0.0.1") -> int:
    """A port where nobody listens, given once by this process.

    In a network of our own (`own_loopback`) no connection takes it in the meantime either.
    """
    for port in _PORTS:
        with socket.socket(socket.AF_INET, kind) as sock, contextlib.suppress(OSError):
            sock.bind((host, port))
            return port
    raise AssertionError("no free port")


def _ports() -> Iterator[int]:
    """All ports for listening, each once, beginning anywhere."""
    begin = random.randrange(LISTEN_PORTS.start, LISTEN_PORTS.stop)
    yield from range(begin, LISTEN_PORTS.stop)
    yield from range(LISTEN_PORTS.start, begin)


_PORTS = _ports()


def wait_udp(host: str, port: int, seconds: float = 60.0) -> None:
    """Until the port is bound: the kernel refuses no datagram any more."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.2)
            sock.connect((host, port))
            try:
                sock.send(b"\x30\x00")
                sock.recv(10)
            except TimeoutError:
                return
            except ConnectionRefusedError:
                time.sleep(0.05)
            else:
                return
    raise AssertionError(f"nothing on UDP port {port} of {host} after {seconds} s")


class Peers:
    """Real programs started for one test; each is ended by its own process id."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []
        self.folders: list[Path] = []

    def start(
        self, *argv: str | Path, env: dict[str, str] | None = None, **more: object
    ) -> subprocess.Popen[bytes]:
        log = (self.folder / f"peer{len(self.running)}.log").open("wb")
        with log:
            process = subprocess.Popen(
                [str(a) for a in argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                start_new_session=True,
                **more,  # type: ignore[arg-type]
            )
        self.running.append(process)
        return process

    def log_of(self, process: subprocess.Popen[bytes]) -> Path:
        """Where a program that was started here writes."""
        return self.folder / f"peer{self.running.index(process)}.log"

    def log(self) -> str:
        return "\n".join(
            p.read_text(errors="replace") for p in sorted(self.folder.glob("peer*.log"))
        )

    def wait_tcp(self, host: str, port: int, seconds: float = 60.0) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with socket.socket() as sock:
                sock.settimeout(0.5)
                if sock.connect_ex((host, port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError(f"no peer on {host}:{port} after {seconds} s\n{self.log()[-3000:]}")

    def wait_ready(self, port: int, seconds: float = 60) -> None:
        """Until Prometheus or Alertmanager on `port` of 127.0.0.1 says that it is ready.

        It listens before that, and answers every question with the words "Service Unavailable".
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(OSError, http.client.HTTPException):
                link = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                with contextlib.closing(link):
                    link.request("GET", "/-/ready")
                    if link.getresponse().status == 200:
                        return
            time.sleep(0.05)
        raise AssertionError(f"not ready on port {port} after {seconds} s\n{self.log()[-3000:]}")

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            try:
                os.killpg(process.pid, signal.SIGCONT)
                os.killpg(process.pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(60)

    def close(self) -> None:
        for process in reversed(self.running):
            self.stop(process)
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)
