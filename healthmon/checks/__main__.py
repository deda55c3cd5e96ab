"""``python -m healthmon.checks``: docs/checks.md on standard output."""

from __future__ import annotations

import sys

from healthmon.checks.docs import page

if __name__ == "__main__":
    sys.stdout.write(page())
