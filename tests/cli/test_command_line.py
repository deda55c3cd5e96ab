"""What the command says without a command, its version, and what the shell completes."""

from __future__ import annotations

import os
import pty
import select
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.core import TyperGroup

from healthmon import __version__
from healthmon.cli.app import cli
from healthmon.cli.command_group import RootGroup
from healthmon.cli.examples import EXAMPLES

COMMAND = Path(sys.executable).with_name("healthmon")


def run(*argv: str) -> tuple[int, str, str]:
    done = subprocess.run([COMMAND, *argv], capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("argv", [(), ("picture",)], ids=" ".join)
def test_alone_it_prints_its_help(argv: tuple[str, ...]) -> None:
    code, out, err = run(*argv)
    assert (code, err) == (0, "")
    assert out.startswith(" ".join(("Usage: healthmon", *argv, "[OPTIONS] COMMAND")))
    assert ("\nEach shift:\n" in out, "\nCommands:\n" in out) == (not argv, bool(argv))
    assert "..." not in out.replace("[ARGS]...", ""), "no sentence is cut off"


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


@pytest.mark.parametrize(
    ("shell", "argv"), [("bash", ["--norc", "--noprofile", "-i"]), ("zsh", ["-f", "-i"])]
)
def test_the_tab_key_completes_in_a_real_shell(shell: str, argv: list[str], tmp_path: Path) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / f"healthmon.{shell}"
    script.write_text(run("completion", shell)[1])
    setup = (
        f"autoload -U compinit; compinit -D; source {script}"
        if shell == "zsh"
        else f"source {script}"
    )
    ours, theirs = pty.openpty()
    environment = {
        "PATH": f"{COMMAND.parent}:{os.environ['PATH']}",
        "TERM": "dumb",
        "HOME": str(tmp_path),
    }
    with subprocess.Popen(
        [program, *argv],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        os.write(ours, f"{setup}; echo be''gin\n".encode())
        read_until(ours, b"begin\r\n")
        os.write(ours, b"healthmon clock-s\t--no-such\n")
        read_until(ours, b"No such option: --no-such (healthmon clock-statement --help)")
        os.write(ours, b"exit\n")
        read_until(ours, None)
        process.wait(60)
    os.close(ours)


def read_until(terminal: int, wanted: bytes | None) -> bytes:
    """What a terminal shows until it has `wanted`, or to its end. Fails where it says nothing for long."""
    shown = b""
    while wanted is None or wanted not in shown:
        assert select.select([terminal], [], [], 60)[0], shown
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the shell has ended
            part = b""
        if not part:
            assert wanted is None, shown
            break
        shown += part
    return shown


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_example_can_be_typed_as_it_stands(name: str) -> None:
    for line in EXAMPLES[name]:
        words = shlex.split(line.partition(" > ")[0])
        assert words[0] == "healthmon"
        command: Any = typer.main.get_command(cli)
        context = command.make_context("healthmon", words[1:])
        while isinstance(command, TyperGroup):
            rest = [*context._protected_args, *context.args]
            given, command, rest = command.resolve_command(context, rest)
            context = command.make_context(given, rest, parent=context)
        assert context.command_path == f"healthmon {name}"
        assert line in run(*name.split(), "--help")[1]


def test_the_program_lists_each_command_once() -> None:
    known = typer.main.get_command(cli).commands  # type: ignore[attr-defined]
    listed = [name for names in RootGroup.sections.values() for name in names]
    assert sorted(listed) == sorted(known)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("sweeep",), "No such command 'sweeep'. Did you mean 'sweep'? (healthmon --help)"),
        (
            ("faults", "shwo"),
            "No such command 'shwo'. Did you mean 'show'? (healthmon faults --help)",
        ),
        (("probe",), "Missing argument 'device'. (healthmon probe --help)"),
        (("demo", "--cameras", "0"), "greater than or equal to 1 (healthmon demo --help)"),
        (("demo", "--port", "70000"), "less than or equal to 65535 (healthmon demo --help)"),
        (("audit", "show", "--days", "-3"), "0.01 (healthmon audit show --help)"),
        (("audit", "show", "--days", "nan"), "0.01 (healthmon audit show --help)"),
        (("sheet", "--untill", "x"), "--until) (healthmon sheet --help)"),
    ],
    ids=" ".join,
)
def test_a_mistyped_command_says_what_was_meant(argv: tuple[str, ...], words: str) -> None:
    code, out, err = run(*argv)
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert err.startswith("healthmon: ")
    assert words in err


def test_a_word_that_is_none_of_few_is_answered_with_them(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    camera = "{id: C1, name: Gate, site: s, address: 192.0.2.1, kind: fixed}"
    path.write_text(f"sites: [{{id: s}}]\ncameras: [{camera}]\n")
    config = ("--config", str(path))
    assert "choose one of camera, deployable, fixed" in run("sweep", "--kind", "tree", *config)[2]
    assert "; choose one of clock, stream, " in run("probe", "C1", "--check", "colour", *config)[2]
    assert "it has none" in run("notify", "test", "night", *config)[2]


def test_nothing_is_coloured_on_a_terminal() -> None:
    for argv in (["--help"], ["faults", "raise", "--help"], ["sweeep"]):
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [COMMAND, *argv],
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm-256color", "FORCE_COLOR": "1"},
        ) as process:
            os.close(theirs)
            shown = read_until(ours, None)
            process.wait(60)
        os.close(ours)
        assert b"healthmon" in shown
        assert b"\x1b" not in shown


def test_a_shell_without_completion_is_named() -> None:
    code, out, err = run("completion", "tcsh")
    assert (code, out, err) == (3, "", "tcsh: no such shell; they are bash, zsh, fish\n")
