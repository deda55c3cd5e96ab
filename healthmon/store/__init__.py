"""What must survive: faults, incidents, changes, the outbox, timelines, sweeps and sign-offs, in
SQLite or PostgreSQL.
"""

from healthmon.store.database import Store
from healthmon.store.engine import AloneError, CorruptError, StoreError, TroubleError
from healthmon.store.rows import (
    AccessRow,
    Author,
    Batch,
    BatteryRow,
    BegunCheck,
    ClockRow,
    Deleted,
    Extent,
    Outgoing,
    Saved,
    Segment,
    Settled,
    ShiftNote,
    Signature,
    Stay,
    Wanted,
)

__all__ = [
    "AccessRow",
    "AloneError",
    "Author",
    "Batch",
    "BatteryRow",
    "BegunCheck",
    "ClockRow",
    "CorruptError",
    "Deleted",
    "Extent",
    "Outgoing",
    "Saved",
    "Segment",
    "Settled",
    "ShiftNote",
    "Signature",
    "Stay",
    "Store",
    "StoreError",
    "TroubleError",
    "Wanted",
]
