"""Every recorded device: the probes of the product get from its answers what its `expected.yaml` says.

After a change that is meant, `python tests/device_recordings/test_devices.py` writes the files again;
the difference is to be read before it is committed.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "tests")]

from helpers import replay  # noqa: E402 - it is found by the line above

from healthmon.device_recordings import recording as form  # noqa: E402
from healthmon.device_recordings import scan  # noqa: E402
from healthmon.device_recordings.known import Known  # noqa: E402

pytestmark = pytest.mark.slow
FOLDERS = sorted((ROOT / "tests/devices").iterdir())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
async def test_a_recorded_device_gets_its_verdicts(folder: Path, tmp_path: Path) -> None:
    recording = form.read(folder)
    assert await replay.verdicts(recording, tmp_path) == recording.expected


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_recording_is_named_by_its_device_and_tells_of_nobody(folder: Path) -> None:
    recording = form.read(folder)
    assert recording.folder == folder.name
    assert recording.origin in (form.RECORDED, form.REBUILT)
    assert {one.name for one in folder.iterdir()} == {form.RECORDING, form.EXPECTED}
    told = (recording.maker, recording.model, recording.firmware, recording.hardware)
    kept = Known(kept=told)
    for name in (form.RECORDING, form.EXPECTED):
        assert list(scan.problems((folder / name).read_text(), kept)) == [], name


if __name__ == "__main__":
    for each in FOLDERS:
        with tempfile.TemporaryDirectory() as place:
            found = asyncio.run(replay.verdicts(form.read(each), Path(place)))
        (each / form.EXPECTED).write_text(form.dumped(found))
