"""``python -m healthmon.makes``: docs/makes.md on standard output."""

from __future__ import annotations

import sys

from healthmon.makes.page import page

if __name__ == "__main__":
    sys.stdout.write(page())
