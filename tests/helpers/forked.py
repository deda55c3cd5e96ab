"""Commands of the installed product by `helpers.fork_server`: one server for each process of the tests."""

from __future__ import annotations

import functools
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

SERVER = Path(__file__).with_name("fork_server.py")
# What Python has read before the first line of a program runs.
_EARLY = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC", "GLIBC")


def usable(environment: Mapping[str, str]) -> bool:
    """Whether the server's interpreter is what a new one would be in this environment."""
    names = {*environment, *os.environ}
    return all(
        environment.get(name) == os.environ.get(name) for name in names if name.startswith(_EARLY)
    )


def run(
    argv: Sequence[str], environment: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """As `subprocess.run`, output captured, nothing to read; `subprocess.TimeoutExpired` after `timeout`."""
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        open(os.devnull) as nothing,
    ):
        link.connect(str(_server()))
        request = {"argv": list(argv), "environment": dict(environment), "folder": os.getcwd()}
        files = [nothing.fileno(), out.fileno(), err.fileno()]
        socket.send_fds(link, [json.dumps(request).encode()], files)
        process = int(link.recv(16))
        link.settimeout(timeout)
        try:
            code = int(link.recv(16))
        except TimeoutError:
            os.kill(process, signal.SIGKILL)
            link.settimeout(None)
            link.recv(16)
            raise subprocess.TimeoutExpired(list(argv), timeout) from None
        texts = [_text(file.fileno()) for file in (out, err)]
    return subprocess.CompletedProcess(list(argv), code, *texts)


def _text(file: int) -> str:
    """The whole of a file, with the line ends of `subprocess` in text mode."""
    raw = os.pread(file, os.fstat(file).st_size, 0)
    return io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8").read()


@functools.cache
def _server() -> Path:
    """The socket of this process's server. It is nobody's child and leaves no file open here."""
    folder = tempfile.mkdtemp(prefix="healthmon-tests-")
    path = Path(folder, "socket")
    argv = [sys.executable, str(SERVER), str(path), str(os.getpid())]
    script = "import os, sys; os.fork() or (os.setsid(), os.execv(sys.argv[1], sys.argv[1:]))"
    nowhere = subprocess.DEVNULL
    subprocess.run(
        [sys.executable, "-S", "-c", script, *argv],
        check=True,
        stdin=nowhere,
        stdout=nowhere,
        stderr=nowhere,
    )
    end = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < end, "the fork server has not started"
        time.sleep(0.02)
    return path
