"""A device that is recorded and then replayed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from healthmon.cli import record
from healthmon.config import loading
from healthmon.device_recordings import recording as form
from healthmon.device_recordings import scan
from healthmon.runtime import engine as composition
from helpers import replay


async def round_trip(config: Path, device: str, folder: Path) -> Mapping[str, Mapping[str, str]]:
    """Record `device` and replay it in `folder`; the verdicts, which are the same."""
    engine = composition.build(loading.load(config))
    made, known = await record.taken(engine, config, device)
    files = form.texts(made)
    for name, text in files.items():
        lines = text.splitlines()
        found = list(scan.problems(text, known))
        assert found == [], [lines[int(one.split()[1].rstrip(":")) - 1][:200] for one in found]
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    again = form.read(folder)
    assert form.texts(again) == files
    assert any(one.exchanges for one in again.checks)
    assert await replay.verdicts(again, folder) == again.expected, device
    return again.expected
