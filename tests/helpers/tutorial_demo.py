"""The simulated estate that the tutorials start, as a reader starts it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from helpers.product import COMMAND
from helpers.support import free_port

CAMERAS = "20"


@dataclass(frozen=True)
class Demo:
    """A demo whose faults are there: its pages, the one password, what its second terminal exports."""

    root: str
    password: str
    environment: dict[str, str]


@contextmanager
def started(folder: Path) -> Iterator[Demo]:
    log, port = folder / "log", free_port()
    argv = [str(COMMAND), "demo", "--login", "--cameras", CAMERAS, "--port", str(port)]
    environment = {**os.environ, "TZ": "UTC", "PYTHONUNBUFFERED": "1"}
    with log.open("w") as out:
        demo = subprocess.Popen(argv, stdout=out, stderr=out, env=environment)
    try:
        end = time.monotonic() + 300
        while not ("Ctrl-C ends" in (text := log.read_text()) and ": UPS1: on battery" in text):
            assert demo.poll() is None, text
            assert time.monotonic() < end, text
            time.sleep(0.2)
        config = re.search(r"export HEALTHMON_CONFIG=(\S+)", text)
        password = re.search(r"password: (\S+)", text)
        assert config, text
        assert password, text
        told = {**environment, "HEALTHMON_CONFIG": config[1]}
        yield Demo(f"http://127.0.0.1:{port}", password[1], told)
    finally:
        demo.send_signal(signal.SIGINT)
        assert demo.wait(60) == 0
