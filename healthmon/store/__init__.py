"""What must survive: faults, cases, changes, the outbox, timelines, sweeps and sign-offs, in SQLite or PostgreSQL."""

from healthmon.store.database import Store
from healthmon.store.engine import AloneError, CorruptError, StoreError, TroubleError
from healthmon.store.rows import Batch, Outgoing, Saved, Segment, Settled, Stay

__all__ = [
    "AloneError",
    "Batch",
    "CorruptError",
    "Outgoing",
    "Saved",
    "Segment",
    "Settled",
    "Stay",
    "Store",
    "StoreError",
    "TroubleError",
]
