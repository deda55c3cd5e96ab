"""The audit chain verified by the agent itself, once a day, in a thread that reads a page at a time
and rests after each, so that no check waits for it.

The head of the chain is noted beside the store. The next verification, also after a restart,
compares with it: so a backup that was restored beside healthmon is found.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from healthmon.protocols.host import state_files
from healthmon.store import Store, StoreError
from healthmon.store.audit import Head
from healthmon.store.verification import Anchor, Verified

log = logging.getLogger("healthmon.audit")

FIRST_SECONDS: Final = 300.0
DAY_SECONDS: Final = 86_400.0
REST_SECONDS: Final = 0.05
NOTE_SECONDS: Final = 60.0
FILE: Final = "audit-head.json"


class _EndedError(Exception):
    """The agent ends."""


@dataclass(slots=True)
class AuditWatch:
    """`reader` opens the store for reading, `folder` is the state directory, None for none.

    `head` is the last entry that is known; `problem` says what the last verification has found, which
    was at `verified_at` (Unix seconds).
    """

    reader: Callable[[], Store]
    folder: Path | None = None
    head: Head = field(default_factory=Head)
    problem: str = ""
    verified_at: float | None = None
    _anchor: Anchor | None = None
    _noted: tuple[float, Head] = (0.0, Head())
    _end: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """The head that the last run has noted is what the chain must go on from."""
        self._anchor = noted_head(self.folder)

    async def watch(self) -> None:
        """Verify soon after the start, then once a day."""
        try:
            await asyncio.sleep(FIRST_SECONDS)
            while True:
                await self.verify()
                await asyncio.sleep(DAY_SECONDS)
        finally:
            self._end.set()

    async def verify(self) -> None:
        """Verify the whole chain now."""
        try:
            found = await asyncio.to_thread(self._verified)
        except (StoreError, _EndedError) as error:
            log.debug("the audit chain was not verified: %s", error)
            return
        self.verified_at, self.problem = time.time(), found.words
        for one in found.findings[:20]:
            log.critical("the record was changed: %s", one.words)
        log.info("audit chain: %d entries, %d findings", found.head.entries, len(found.findings))
        self._anchor = Anchor(found.head.entries, found.head.hash) if found.head.entries else None

    def _verified(self) -> Verified:
        store = self.reader()
        try:
            return store.verify(self._anchor, self._rest)
        finally:
            store.close()

    def _rest(self, _done: int, _all: int) -> None:
        if self._end.wait(REST_SECONDS):
            raise _EndedError

    def moved_on(self, head: Head) -> None:
        """Take over the last entry; it is noted beside the store once a minute, but not before what
        the last run has noted was compared.
        """
        self.head = head
        now = time.monotonic()
        late = now - self._noted[0] > NOTE_SECONDS and head != self._noted[1]
        if self.folder is None or self.verified_at is None or not late:
            return
        self._noted = now, head
        try:
            note_head(self.folder, head)
        except OSError as error:
            log.warning("%s cannot be written: %s", self.folder / FILE, error.strerror)


def note_head(folder: Path, head: Head) -> None:
    """Note the head of the chain beside the store. Raises OSError."""
    text = {"entries": head.entries, "hash": head.hash, "at": time.time()}
    state_files.write(folder / FILE, json.dumps(text) + "\n")


def noted_head(folder: Path | None) -> Anchor | None:
    """The head that was noted last; None where there is none."""
    if folder is None:
        return None
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return Anchor.of(f"{found['entries']}:{found['hash']}")
    except (OSError, ValueError, KeyError, TypeError):
        return None
