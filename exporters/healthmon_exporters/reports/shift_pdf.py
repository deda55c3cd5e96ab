"""The shift check as a tagged PDF (A4, PDF/UA-1), made in a process of its own under limits of
memory and time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from healthmon_exporters.reports.shift_document import Document

SECONDS = 60.0
_CHILD = "healthmon_exporters.reports.pdf_child"


class PdfError(Exception):
    """The PDF could not be made; one line says why."""


def render(made: Document, *, seconds: float = SECONDS) -> bytes:
    """The PDF of `made`. Raises PdfError, at the latest after `seconds`."""
    path = os.pathsep.join(filter(None, sys.path))
    argv = [sys.executable, "-P", "-m", _CHILD]
    # One thread of the typesetter, no proxy and no home: nothing is fetched.
    environment = {"PYTHONUTF8": "1", "RAYON_NUM_THREADS": "1", "PYTHONPATH": path}
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            argv,
            input=json.dumps(made).encode(),
            capture_output=True,
            timeout=seconds,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PdfError(f"the PDF was not ready after {seconds:g} s") from None
    except OSError as error:
        raise PdfError(f"the PDF could not be made: {error.strerror}") from None
    if done.returncode or not done.stdout.startswith(b"%PDF-"):
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise PdfError(f"the PDF could not be made: {lines[-1] if lines else 'its process ended'}")
    return done.stdout
