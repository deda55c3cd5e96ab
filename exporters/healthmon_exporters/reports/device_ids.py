"""Ids of devices as a sheet shows them. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence


def ids(devices: Sequence[str]) -> str:
    """``C101-C104, C110``: runs of ids that differ in a final number are folded."""
    runs: list[list[str]] = []
    for device in devices:
        if runs and _next_id(runs[-1][-1]) == device:
            runs[-1].append(device)
        else:
            runs.append([device])
    return ", ".join(run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _next_id(device: str) -> str | None:
    match = re.fullmatch(r"(.*?)(\d+)", device)
    return f"{match[1]}{int(match[2]) + 1:0{len(match[2])}d}" if match else None
