"""What commands that change something print with ``--json``: what was recorded, and in `done` the
sentence that they print without it. Times are ISO 8601 with the offset of the estate's zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Recorded:
    """A change that its sentence says."""

    done: str


@dataclass(frozen=True)
class FaultActDone:
    """An act on a fault, with the `stage` of the fault after it. `id` and `fault` are null where the
    agent has not given the raised fault its number yet.
    """

    done: str
    fault: str | None
    id: int | None
    act: str
    by: str
    at: str
    happened: str
    details: dict[str, str]
    stage: str | None


@dataclass(frozen=True)
class ImportDone:
    """What a file has brought: `recorded` by kind, and how much was `known` already."""

    done: str
    file: str
    recorded: dict[str, int]
    known: int


@dataclass(frozen=True)
class SheetSigned:
    """A signature under the shift check of the time `sheet`: new ("signed"), beside another one
    ("added"), or there before ("already").
    """

    done: str
    sheet: str
    how: str
    by: str
    note: str


@dataclass(frozen=True)
class NoteWritten:
    """A note for the next shift."""

    done: str
    by: str
    text: str


@dataclass(frozen=True)
class OperationDone:
    """What the agent has done to a site or device, with the values that it was given."""

    done: str
    operation: str
    given: dict[str, str]


@dataclass(frozen=True)
class VisitLeft:
    """The end of a visit. `checked` says whether every check of the site has ended since."""

    done: str
    site: str
    checked: bool
    not_well: tuple[str, ...]


@dataclass(frozen=True)
class IdentityPart:
    """A part of an identity, as it was written down and as it answered."""

    part: str
    written_down: str
    answered: str
    differs: bool


@dataclass(frozen=True)
class DeviceReplaced:
    """Both identities of a device; `accepted` where what answers was taken over."""

    done: str
    device: str
    answered: str
    parts: tuple[IdentityPart, ...]
    accepted: bool


@dataclass(frozen=True)
class UserDone:
    """A user as it is now; of one that was taken out, as it was."""

    done: str
    file: str
    name: str
    role: str
    unix: str | None
    disabled_on: str | None


@dataclass(frozen=True)
class KioskAdded:
    """The one-time `code` of a wall screen, and for how many seconds it may be typed in."""

    done: str
    name: str
    code: str
    seconds: float


@dataclass(frozen=True)
class NotifyTested:
    """Whether the test notification was delivered."""

    done: str
    target: str
    sent: bool


@dataclass(frozen=True)
class EstateChange:
    """What a spreadsheet changes of a device."""

    device: str
    change: Literal["added", "changed", "removed"]
    words: str


@dataclass(frozen=True)
class EstateImported:
    """What a spreadsheet changes; `written` says whether config.yaml has it now. `missing` are the
    devices of config.yaml that the sheet does not have.
    """

    done: str
    file: str
    changes: tuple[EstateChange, ...]
    same: int
    missing: tuple[str, ...]
    written: bool


ACTS: dict[str, Any] = {
    **dict.fromkeys(
        (
            "ack",
            *(
                f"faults {act}"
                for act in (
                    "accept", "attend", "close", "confirm", "dismiss", "fix", "pause", "raise",
                    "report", "resume", "undo", "verify",
                )
            ),
        ),
        FaultActDone,
    ),
    "picture answer": list[FaultActDone],
    **dict.fromkeys(("faults import", "import-faults"), ImportDone),
    "sign": SheetSigned,
    "note": NoteWritten,
    **dict.fromkeys(
        (
            "device moved", "device retired", "device returned", "maintenance change",
            "maintenance end", "maintenance make", "ptz send", "visit arrived",
        ),
        OperationDone,
    ),
    "visit left": VisitLeft,
    "device replaced": DeviceReplaced,
    **dict.fromkeys(("user password", "user remove", "user set"), UserDone),
    "user kiosk add": KioskAdded,
    **dict.fromkeys(("erase-person", "picture forget", "user kiosk revoke"), Recorded),
    "notify test": NotifyTested,
    "import": EstateImported,
}  # fmt: skip
