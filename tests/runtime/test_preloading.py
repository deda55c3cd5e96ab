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
preloading.load_for([Check("D1", name) for name in sys.argv[2:]], sys.argv[1].split(","))
new = set(sys.modules) - before
makes = [name for name in ("axis", "bosch", "dahua", "hikvision", "onvif") if f"healthmon.vendors.recorders.{name}" in new]
parts = [name for name in ("picture", "port", "reach") if f"healthmon.checks.evaluation.{name}" in new]
print(*makes, *parts, "cryptography.x509" in new)
"""


@pytest.mark.parametrize(
    ("makes", "checks", "loaded"),
    [
        ("onvif", ["reach", "stream", "clock"], "reach False"),
        ("onvif", ["recording"], "onvif False"),
        ("hikvision,dahua,unheard-of", ["recorder"], "dahua hikvision False"),
        ("bosch", ["playback"], "bosch onvif False"),  # which is asked by ONVIF too
        ("onvif", ["certificate"], "True"),
        ("", ["picture"], "picture False"),
    ],
)
def test_what_the_checks_need_is_loaded(makes: str, checks: list[str], loaded: str):
    argv = [sys.executable, "-c", SCRIPT, makes, *checks]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == loaded
