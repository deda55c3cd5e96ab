"""What the command says without a command, its version, and what the shell completes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from healthmon import __version__

COMMAND = Path(sys.executable).with_name("healthmon")


def run(*argv: str) -> tuple[int, str, str]:
    done = subprocess.run([COMMAND, *argv], capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("argv", [(), ("picture",)], ids=" ".join)
def test_alone_it_prints_its_help(argv: tuple[str, ...]) -> None:
    code, out, err = run(*argv)
    assert (code, err) == (0, "")
    assert out.startswith(" ".join(("Usage: healthmon", *argv, "[OPTIONS] COMMAND")))
    assert "\nCommands:\n" in out


@pytest.mark.parametrize("argv", [("--version",), ("version",), ("--version", "faults")])
def test_the_version(argv: tuple[str, ...]) -> None:
    assert run(*argv) == (0, f"healthmon {__version__}\n", "")


def test_a_warning_changes_the_exit_code_with_strict_only(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    camera = "{id: C1, name: Gate, site: s, address: 192.0.2.1, kind: fixed}"
    path.write_text(
        f"agent: {{state_directory: {tmp_path}}}\nsites: [{{id: s}}]\ncameras: [{camera}]\n"
    )
    code, out, err = run("check-config", "--config", str(path))
    assert (code, out) == (
        0,
        f"{path}: well formed: 1 camera, 0 recorders, 0 UPS, 0 links, 0 time servers\n",
    )
    warnings = err.count("warning: ")
    assert warnings >= 1
    code, again, err = run("check-config", "--strict", "--config", str(path))
    assert (code, again) == (3, out)
    assert err.endswith(f"{warnings} warnings, and --strict allows none\n")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("sh", {"sheet", "sheets"}), ("picture fo", {"forget"}), ("faults --un", {"--until"})],
)
def test_bash_completes_commands_and_options(typed: str, offered: set[str], tmp_path: Path) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    script = tmp_path / "healthmon.bash"
    script.write_text(run("completion", "bash")[1])
    words = ["healthmon", *typed.split()]
    line = (
        f'source {script}; PATH="{COMMAND.parent}:$PATH"; COMP_WORDS=({" ".join(words)}); '
        f'COMP_CWORD={len(words) - 1}; _healthmon_completion healthmon; echo "${{COMPREPLY[@]}}"'
    )
    done = subprocess.run([bash, "-c", line], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == offered


def test_a_shell_without_completion_is_named() -> None:
    code, out, err = run("completion", "tcsh")
    assert (code, out, err) == (3, "", "tcsh: no such shell; they are bash, zsh, fish\n")
