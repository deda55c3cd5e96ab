"""``python -m healthmon.vendors``: docs/makes.md on standard output."""

from __future__ import annotations

import sys

from healthmon.vendors.docs import page

if __name__ == "__main__":
    sys.stdout.write(page())
