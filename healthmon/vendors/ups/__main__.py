"""``python -m healthmon.vendors.ups``: docs/ups.md on standard output."""

from __future__ import annotations

import sys

from healthmon.vendors.ups.docs import page

if __name__ == "__main__":
    sys.stdout.write(page())
