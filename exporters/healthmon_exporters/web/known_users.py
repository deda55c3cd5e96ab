"""The users file in force, read again whenever it has changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from healthmon.access import events, users
from healthmon.access.events import AccessEvent
from healthmon.access.roles import Person, Role
from healthmon.access.users import User, UsersFile

log = logging.getLogger("healthmon.web")

WATCH_SECONDS = 10.0
Stamp = tuple[Path, int, int, int]


def utc_today() -> date:
    """The day by UTC, where no estate tells its time zone."""
    return datetime.now(UTC).date()


class KnownUsers:
    """`path` gives the users file of the moment, None where there is none; `today` the day by which
    users are disabled; `report` gets what was changed.
    """

    def __init__(
        self,
        path: Callable[[], Path | None],
        today: Callable[[], date] = utc_today,
        report: Callable[[AccessEvent], None] = lambda _event: None,
    ) -> None:
        self._path, self._today, self.report = path, today, report
        self._found = UsersFile()
        # The last one that could be read.
        self._before: UsersFile | None = None
        # What tells the state of the file that was read; None where it cannot be read.
        self.stamp: Stamp | None = None

    def file(self) -> Path | None:
        """The users file, taken over if it has changed. One that cannot be read holds nobody."""
        path = self._path()
        if path is None:
            return None
        try:
            stat = path.stat()
            stamp = (path, stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if stamp != self.stamp:
                self._found = users.read(path)
                self.stamp = stamp
                self._tell()
        except OSError:
            self.stamp, self._found = None, UsersFile()
        return path

    async def watch(self) -> None:
        """Take changes over, and report them, also while nobody asks for a page; for ever."""
        while True:
            self.file()
            await asyncio.sleep(WATCH_SECONDS)

    def _tell(self) -> None:
        for problem in self._found.problems:
            log.warning("%s", problem)
        if self._before is None:
            self.report(events.users_at_start(self._found))
        else:
            for event in events.changes(self._before, self._found):
                self.report(event)
        self._before = self._found

    def user(self, name: str) -> User | None:
        """The user of that name who may log in today, by the file as `file` has last found it."""
        user = self._found.users.get(name)
        return user if user is not None and user.enabled(self._today()) else None

    def kiosk(self, token: str) -> Person | None:
        """The wall screen that has this token, by the file as `file` has last found it."""
        for kiosk in self._found.kiosks.values():
            if kiosk.knows(token):
                return Person.of(kiosk.name, Role.KIOSK)
        return None
