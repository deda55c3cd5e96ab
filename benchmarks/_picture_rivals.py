"""What others would say of the same pictures: absolute thresholds as tutorials give them, and the
package ``camera-health`` in an environment of its own.
"""

from __future__ import annotations

import contextlib
import json
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from healthmon.picture.decoding import Decoded

Judge = Callable[[Sequence[Decoded]], set[str]]
VERSION = "0.1.0"
FOUND = {
    "black": {"darkness"}, "white": {"overexposure"}, "frozen": {"frozen"},
    "frozen behind a clock": {"frozen"},
    "flat": {"obstruction", "tampering", "defocus"}, "slate": {"obstruction", "tampering", "defocus"},
    "moved": {"drift", "tampering"}, "preset": {"drift", "tampering"}, "zoom": {"drift", "tampering"},
    "covered": {"obstruction", "tampering"}, "defocus": {"defocus"},
}  # fmt: skip
_CHILD = """
import json, struct, sys
import numpy as np
from camera_health import check
take = sys.stdin.buffer.read
while head := take(12):
    count, height, width = struct.unpack(">III", head)
    shown = [np.frombuffer(take(height * width), np.uint8).reshape(height, width) for _ in range(count)]
    found = check(shown[-1], previous=shown[0] if count > 1 else None)
    print(json.dumps([one.kind for one in found.faults if one.severity in ("critical", "warning")]), flush=True)
"""


def absolute(pictures: Sequence[Decoded]) -> set[str]:
    """Variance of the Laplacian below 100, mean below 20 or above 235, two equal pictures."""
    luma = pictures[-1].luma.astype(np.float32)
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    found = set()
    if float((around - 4 * luma[1:-1, 1:-1]).var()) < 100:
        found.add("defocus")
    if luma.mean() < 20:
        found.add("darkness")
    if luma.mean() > 235:
        found.add("overexposure")
    if len(pictures) > 1 and np.array_equal(pictures[0].luma, pictures[-1].luma):
        found.add("frozen")
    return found


@contextlib.contextmanager
def camera_health() -> Iterator[Judge | None]:
    """The judge of the package; None where it cannot be installed."""
    with tempfile.TemporaryDirectory(prefix="healthmon-bench-") as folder:
        python = Path(folder) / "bin" / "python"
        install = ["-m", "pip", "install", "--quiet", f"camera-health=={VERSION}"]
        try:
            subprocess.run(
                [sys.executable, "-m", "venv", folder], check=True, timeout=120, capture_output=True
            )
            subprocess.run([python, *install], check=True, timeout=240, capture_output=True)
        except (OSError, subprocess.SubprocessError):
            yield None
            return
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen([python, "-c", _CHILD], **pipes) as child:
            yield lambda pictures: _asked(child, pictures)
            if child.stdin is not None:
                child.stdin.close()


def _asked(child: Any, pictures: Sequence[Decoded]) -> set[str]:
    height, width = pictures[-1].luma.shape
    child.stdin.write(struct.pack(">III", len(pictures), height, width))
    for one in pictures:
        child.stdin.write(one.luma.tobytes())
    child.stdin.flush()
    return set(json.loads(child.stdout.readline()))
