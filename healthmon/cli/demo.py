"""``healthmon demo``: a simulated estate in a process of its own, one sweep in the terminal, then
the agent.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import webbrowser
from collections.abc import Iterator
from pathlib import Path

from healthmon.cli import extras
from healthmon.config import loading
from healthmon.runtime import extensions, sweep
from healthmon.runtime.agent import Agent
from healthmon.runtime.estate import Estate
from healthmon.runtime.server import serve
from healthmon_exporters.reports import shift_sheet

START_SECONDS = 60.0
CONTROL_PORT = 9878


def run(cameras: int, port: int, *, once: bool, browser: bool = False) -> int:
    """Run the demo; the exit code is 0 when it ends by Ctrl-C, else the sweep's. `browser` opens
    the wall in one.
    """
    if lacking := extras.without_the_demo():
        raise OSError(lacking)
    with (
        tempfile.TemporaryDirectory(prefix="healthmon-demo-") as folder,
        contextlib.ExitStack() as held,
    ):
        sys.stdout.write(
            "SIMULATED ESTATE: real protocols on loopback addresses, no real device.\n"
        )
        sys.stdout.flush()
        held.enter_context(estate(Path(folder), cameras, port))
        try:
            return asyncio.run(_show(Path(folder) / "config.yaml", once=once, browser=browser))
        except KeyboardInterrupt:
            return 0


@contextlib.contextmanager
def estate(folder: Path, cameras: int, port: int) -> Iterator[subprocess.Popen[str]]:
    """The simulated estate as a child process, ended with the block."""
    argv = [
        sys.executable,
        "-m",
        "healthmon.demo",
        "--cameras",
        str(cameras),
        "--folder",
        str(folder),
    ]
    argv += ["--control", str(CONTROL_PORT), "--agent-port", str(port)]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)  # noqa: S603 - our own module
    try:
        _wait_ready(child)
        yield child
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _wait_ready(child: subprocess.Popen[str]) -> None:
    end = time.monotonic() + START_SECONDS
    assert child.stdout is not None  # noqa: S101 - opened with a pipe above
    for line in child.stdout:
        if "ready" in line:
            return
        sys.stdout.write(line)
        if time.monotonic() > end:
            break
    raise OSError("the simulated estate did not start")


async def _show(path: Path, *, once: bool, browser: bool) -> int:
    config = loading.load(path, extensions.installed())
    estate = Estate.of(config)
    agent = Agent.of(path, estate)
    selection = sweep.Selection()
    total = len(selection.checks(agent.engine))
    sys.stdout.write(
        f"Checking {len(agent.engine.estate.devices) - 1} devices, {total} checks ...\n"
    )
    sheet = await sweep.run(agent.engine, selection, lambda _done, _total: None, also=agent.deliver)
    sweep.keep(agent.engine, sheet)
    sys.stdout.write("\n" + shift_sheet.text(sheet) + "\n")
    if once:
        await agent.engine.close()
        return sheet.exit_code
    base = f"http://{config.agent.listen}:{config.agent.port}"

    def serving() -> None:
        line = "=" * (len(base) + 30)
        sys.stdout.write(
            f"{line}\n  The wall:   {base}/wall\n  Metrics:    {base}/metrics\n  Ctrl-C ends.\n{line}\n"
        )
        sys.stdout.flush()
        if browser and has_display():
            threading.Thread(target=webbrowser.open, args=(f"{base}/wall",), daemon=True).start()

    await serve(path, estate, agent=agent, serving=serving)
    return 0


def has_display() -> bool:
    """Whether a browser would have a screen to open on; a text browser in the terminal is none."""
    return sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
