"""An agent whose PTZ cameras need no minutes of rest before they are moved.

python -m helpers.ptz_agent CONFIG
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from healthmon.config import loading
from healthmon.runtime.estate import Estate
from healthmon.runtime.server import serve


def hasty(estate: Estate) -> Estate:
    """`estate` with cameras that count as unused at once."""
    make, (config, devices, planned, contracts) = estate.__reduce__()
    found = tuple(
        replace(one, ptz=replace(one.ptz, quiet=0.0)) if one.ptz else one for one in devices
    )
    made: Estate = make(config, found, planned, contracts)
    return made


if __name__ == "__main__":
    path = Path(sys.argv[1])
    asyncio.run(serve(path, hasty(Estate.of(loading.load(path))), spread=False))
