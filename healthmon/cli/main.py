"""The entry point. It imports the commands only after it has seen which one is wanted, so that the short
ones are quick.
"""

from __future__ import annotations

import gc
import io
import sys
from pathlib import Path

from healthmon import __version__

_LONG = {"run", "sweep", "demo"}
# Libraries import them for answers without a text of our own, for pages about a crash, for folders that
# are removed, for a configuration of logging, for cookies, for lists of packages: 1.9 MB that an agent
# would keep for months.
_SELDOM = (
    "html",
    "http.client",
    "http.cookies",
    "logging.config",
    "pkgutil",
    "shutil",
    "anyio",
    "anyio.abc",
    "anyio.to_thread",
)


def main() -> None:
    """Entry point: usage errors end with 3, so that 2 always means "could not check something"."""
    # A terminal without a letter of a device's name shows "?" there; the output does not end.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    if sys.argv[1:] in (
        ["version"],
        ["--version"],
    ):  # typer would load pydantic first, to check no options
        sys.stdout.write(f"healthmon {__version__}\n")
        return
    if sys.argv[1:2] == ["run"] and (options := run_options(sys.argv[2:])):
        from healthmon_exporters.metrics.bare_package import postpone

        postpone(*_SELDOM)
        from healthmon.cli.run import run

        sys.exit(run(options[0], verbose=options[1]))
    if not _LONG & set(sys.argv[1:2]):
        gc.disable()  # it would only walk what imports have made: a tenth of the CPU
    from healthmon.cli.app import run_command

    sys.exit(run_command())


def run_options(words: list[str]) -> tuple[Path | None, bool] | None:
    """The file and ``--verbose`` of ``run``: an agent keeps what reads options in its memory for
    months. None for anything else, ``--help`` and mistakes included, which is for `healthmon.cli.app`.
    """
    config, verbose = None, False
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if word == "--verbose":
            verbose = True
        elif name == "--config" and (found := value if equals else next(rest, None)) is not None:
            config = Path(found)
        else:
            return None
    return config, verbose
