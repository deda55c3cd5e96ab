"""docs/supported.md, written from the recordings in tests/devices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from healthmon.device_recordings.recording import RECORDED, Recording, read

FOLDER = Path(__file__).parents[1] / "tests" / "devices"
HEAD = """# Devices that healthmon is tested with

Written by `python -m docs` from the recordings in `tests/devices`. Every test of healthmon replays them: its own checks
run against these answers. A device that is not here may work just as well: what healthmon needs is ONVIF, RTSP, SNMP or
one of the [interfaces of recorders](makes.md) and [UPSes](ups.md). [Send a recording](record.md) of yours.

"Recorded" was taken from a device by `healthmon record`. "Rebuilt" was written from published facts, and no device has
answered so here: it shows that healthmon reads answers of this kind, and no more. Its model and firmware stand for a
family of devices.

"""


def page() -> str:
    """The text of supported.md."""
    recordings = [read(folder) for folder in sorted(FOLDER.iterdir())]
    lines = [
        "| Maker | Model | Firmware | Answers | Checks |",
        "| --- | --- | --- | --- | --- |",
        *(_row(one) for one in recordings),
    ]
    sections = ("\n".join(_section(one)) for one in recordings)
    return HEAD + "\n".join([*lines, "", *sections]) + "\n"


def _row(one: Recording) -> str:
    checks = dict.fromkeys(answers.check for answers in one.checks)
    cells = (one.maker, one.model, one.firmware, one.origin, ", ".join(checks))
    return f"| {' | '.join(cells)} |"


def _section(one: Recording) -> Iterator[str]:
    yield f"## {one.maker} {one.model}, firmware {one.firmware}"
    yield ""
    folder = f"[{one.folder}](../tests/devices/{one.folder}/recording.yaml)"
    origin = "Recorded." if one.origin == RECORDED else ""
    yield " ".join(filter(None, (origin, one.note.strip(), f"Its answers: {folder}.")))
    yield ""
    for quirk in one.quirks:
        yield f"- It {quirk}." if quirk[0].islower() else f"- {quirk}."
    if one.quirks:
        yield ""
