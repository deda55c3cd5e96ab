"""A process that has imported the product once and forks for each command: the command's own process,
output, exit code and environment, without the half second of CPU that its imports take.

    python fork_server.py SOCKET OWNER

It ends with the process OWNER. `helpers.forked` is its client.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
import time
from pathlib import Path

from healthmon import cli

_MOST = 1 << 18  # bytes of a request


def main() -> None:
    """Serve; only the process of a command comes back from `served`, and runs it."""
    path, owner = Path(sys.argv[1]), int(sys.argv[2])
    for module in pkgutil.iter_modules(cli.__path__, "healthmon.cli."):
        importlib.import_module(module.name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that answer
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    fresh = path.with_suffix(".new")
    listener.bind(str(fresh))
    listener.listen(64)
    fresh.rename(path)  # it is there once it takes connections
    listener.settimeout(2)
    while Path(f"/proc/{owner}").exists():
        try:
            link, _ = listener.accept()
        except TimeoutError:
            continue
        if os.fork() == 0:
            listener.close()
            command = answered(link)
            runpy.run_path(command, run_name="__main__")
            return
        link.close()


def answered(link: socket.socket) -> str:
    """Answer one request with the process id and then the exit code (negative: the signal). Returns
    only in the process of the command: the program to run.
    """
    link.settimeout(None)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    body, files, _, _ = socket.recv_fds(link, _MOST, 3)
    request = json.loads(body)
    child = os.fork()
    if child:
        for file in files:
            os.close(file)
        link.send(str(child).encode())
        _, status = os.waitpid(child, 0)
        link.send(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    link.close()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    sys.argv = request["argv"]
    return sys.argv[0]


if __name__ == "__main__":
    main()
