"""``healthmon demo``: a simulated estate in a process of its own, one sweep in the terminal, then
the agent.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
import webbrowser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from healthmon.access import passwords, users
from healthmon.access.roles import Role
from healthmon.access.users import User
from healthmon.cli import extras
from healthmon.cli.progress import shown_progress
from healthmon.config import loading
from healthmon.runtime import extensions, sweep
from healthmon.runtime.agent import Agent
from healthmon.runtime.estate import Estate
from healthmon.runtime.server import serve
from healthmon_exporters.reports import shift_sheet

START_SECONDS = 60.0
CONTROL_PORT = 9878
# Who may log in with `login`. Commands of the account that runs the demo are those of the first.
PEOPLE = {"mary": Role.MANAGER, "anna": Role.OPERATOR, "ben": Role.OPERATOR, "ivan": Role.ADMIN}
_AGENT = "agent:\n"


@dataclass(frozen=True, slots=True)
class Wanted:
    """How the demo is shown: `once` ends it after the sweep, `browser` opens the wall in one, `login`
    gives it users.
    """

    once: bool = False
    browser: bool = False
    login: bool = False


def run(cameras: int, port: int, wanted: Wanted) -> int:
    """Run the demo; the exit code is 0 when it ends by Ctrl-C, else the sweep's."""
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
        with shown_progress("starting the simulated estate"):
            held.enter_context(estate(Path(folder), cameras, port))
        try:
            config = Path(folder) / "config.yaml"
            hint = give_login(config) if wanted.login else ""
            return asyncio.run(_show(config, wanted, hint))
        except KeyboardInterrupt:
            return 0


def give_login(config: Path) -> str:
    """Write a users file beside `config`, which names it from now on; the words that tell the users.

    All have one password, made for this demo. The account that runs it is bound to the first.
    """
    path, password = config.with_name("users"), secrets.token_urlsafe(9)
    stored, account = passwords.hash_password(password), pwd.getpwuid(os.getuid()).pw_name
    for name, role in PEOPLE.items():
        users.put(path, User(name, stored, role, unix=account))
        account = ""
    text = config.read_text(encoding="utf-8")
    named = f"{_AGENT}  users_file: {path.name}\n"
    config.write_text(text.replace(_AGENT, named, 1), encoding="utf-8")
    told = ", ".join(f"{name} ({role})" for name, role in PEOPLE.items())
    return f"  Log in as:  {told}; password: {password}\n"


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


async def _show(path: Path, wanted: Wanted, hint: str) -> int:
    config = loading.load(path, extensions.installed())
    estate = Estate.of(config)
    agent = Agent.of(path, estate)
    selection = sweep.Selection()
    total = len(selection.checks(agent.engine))
    sys.stdout.write(
        f"Checking {len(agent.engine.estate.devices) - 1} devices, {total} checks ...\n"
    )
    with shown_progress("checking") as progress:
        sheet = await sweep.run(agent.engine, selection, progress, also=agent.deliver)
    sweep.keep(agent.engine, sheet)
    sys.stdout.write("\n" + shift_sheet.text(sheet) + "\n")
    if wanted.once:
        await agent.engine.close()
        return sheet.exit_code
    base = f"http://{config.agent.listen}:{config.agent.port}"

    def serving() -> None:
        line = "=" * (len(base) + 30)
        sys.stdout.write(
            f"{line}\n  The wall:   {base}/wall\n  The desk:   {base}/desk\n  Metrics:    {base}/metrics\n{hint}"
            f"  Commands:   in another terminal, after: export HEALTHMON_CONFIG={path}\n"
            f"  Ctrl-C ends.\n{line}\n"
        )
        sys.stdout.flush()
        if wanted.browser and has_display():
            threading.Thread(target=webbrowser.open, args=(f"{base}/wall",), daemon=True).start()

    await serve(path, estate, agent=agent, serving=serving)
    return 0


def has_display() -> bool:
    """Whether a browser would have a screen to open on; a text browser in the terminal is none."""
    return sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
