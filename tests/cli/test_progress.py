"""What a terminal shows of a long command: one line, taken away at the end, without an escape sequence; and
nothing of it on a pipe.
"""

from __future__ import annotations

import os
import pty
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
COMMAND = str(Path(sys.executable).with_name("healthmon"))
HANG_SECONDS = 60


def on_terminal(*argv: str, **environment: str) -> tuple[str, str]:
    """(standard output, what the terminal of standard error got) of a command."""
    ours, theirs = pty.openpty()
    shown = bytearray()
    with subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", **environment},
    ) as process:
        os.close(theirs)
        assert process.stdout is not None
        while part := _part(ours):
            shown += part
        out = process.stdout.read()
        process.wait(HANG_SECONDS)
    os.close(ours)
    return out.decode(), shown.decode()


def _part(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the last program has closed it
        return b""


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    """A camera that takes connections and never answers."""
    path = tmp_path / "config.yaml"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        camera = f"{{id: C001, name: Slipway, site: s, address: 127.0.0.1, kind: fixed, http: no, rtsp: {{port: {port}}}}}"
        path.write_text(
            f"agent: {{state_directory: {tmp_path}}}\ndefaults: {{timeout: 2 s}}\n"
            f"sites: [{{id: s}}]\ncameras: [{camera}]\n"
        )
        yield path


@pytest.mark.parametrize("command", ["sweep", "probe"])
def test_one_line_says_how_far_it_is_and_goes_at_the_end(command: str, config: Path) -> None:
    more = {"probe": ["C001"]}
    argv = [COMMAND, *command.split(), *more.get(command, []), "--config", str(config)]
    out, shown = on_terminal(*argv)
    assert re.search(r"\rchecking( [\d,]+ of [\d,]+)?, \d+ s", shown)
    assert "\x1b" not in shown
    assert "\x1b" not in out
    last = shown.rpartition("\n")[2].rpartition("\r")
    assert last[2] == "", "the line is taken away"
    assert not re.search(r"of [\d,]+, \d+ s", out)


def test_nothing_of_it_comes_on_a_pipe(config: Path) -> None:
    argv = [COMMAND, "probe", "C001", "--config", str(config)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=HANG_SECONDS)
    assert "checking" not in done.stderr
    assert "\r" not in done.stderr + done.stdout
    assert "\x1b" not in done.stderr + done.stdout


STEPS = """
import sys, time
from healthmon.cli.console import say
from healthmon.cli.progress import shown_progress
with shown_progress("working") as tell:
    for number in range(1, 4):
        time.sleep(SECONDS)
        tell(number, 1200)
    say("warning: something")
    print("result")
"""


def test_a_warning_stands_above_the_line() -> None:
    out, shown = on_terminal(sys.executable, "-c", STEPS.replace("SECONDS", "0.25"))
    assert re.search(r"\rworking 2 of 1,200, \d s\r", shown)
    assert re.search(r"\r +\rwarning: something\r\n", shown)
    assert out == "result\n"


def test_a_terminal_that_cannot_go_back_gets_lines() -> None:
    program = STEPS.replace("SECONDS", "0.8")
    _, shown = on_terminal(sys.executable, "-c", program, TERM="dumb")
    assert re.search(r"^working [23] of 1,200, \d s\r\n", shown)
    assert not re.search(r"\r[^\n]", shown)
    assert "\x1b" not in shown
