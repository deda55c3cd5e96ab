"""The commands in this process, by the entry point that the shell calls: nothing but the start of
Python is saved.
"""

from __future__ import annotations

import contextlib
import io
import sys
from unittest import mock

from healthmon.cli import main as cli


def healthmon(*argv: str) -> tuple[int, str, str]:
    """Run `healthmon` with `argv`: (exit code, standard output, standard error). An error that
    escapes is raised.
    """
    out, err, code = io.StringIO(), io.StringIO(), None
    with mock.patch.object(sys, "argv", ["healthmon", *argv]):
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                cli.main()
            except SystemExit as end:
                code = end.code
    assert isinstance(code, int), f"ended with {code!r}"
    return code, out.getvalue(), err.getvalue()
