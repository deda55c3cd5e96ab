"""``python -m healthmon.protocols``: docs/quirks.md on standard output."""

from __future__ import annotations

import sys

from healthmon.protocols.quirks import page

if __name__ == "__main__":
    sys.stdout.write(page())
