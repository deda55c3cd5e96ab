"""What a check needs is imported before the event loop serves, and nothing else is."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import sys
from healthmon.model.device import Check
from healthmon.runtime import preloading, server
before = set(sys.modules)
preloading.load_for([Check("D1", name) for name in sys.argv[1:]])
from healthmon.vendors.registry import all_vendors
print(all_vendors.cache_info().currsize, "cryptography.x509" in set(sys.modules) - before)
"""


@pytest.mark.parametrize(
    ("checks", "loaded"),
    [
        (["reach", "stream", "clock"], "0 False"),
        (["recording"], "1 False"),
        (["certificate"], "0 True"),
    ],
)
def test_what_the_checks_need_is_loaded(checks: list[str], loaded: str):
    argv = [sys.executable, "-c", SCRIPT, *checks]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == loaded
