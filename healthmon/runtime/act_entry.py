"""What commands on this machine enter, written to the store with the account by which it came, and
known to the running agent at once.
"""

from __future__ import annotations

import logging
import math
import os
import pwd
from collections.abc import Callable
from pathlib import Path
from typing import Any

from healthmon.access import users
from healthmon.access.roles import MEANING, Permission, Person
from healthmon.access.signing import actor, signer
from healthmon.model.plain_text import one_line
from healthmon.runtime import field_entry, record_entry
from healthmon.runtime.agent import Agent
from healthmon.runtime.field_entry import FieldEntry
from healthmon.runtime.field_work import FieldWork
from healthmon.runtime.listener_config import WebListener
from healthmon.runtime.record_entry import RecordEntry
from healthmon.runtime.shift_check import ShiftCheck
from healthmon.store import Author, Store, StoreError, location
from healthmon.store.entered import ACTS, Entry
from healthmon_exporters.web.acts import Answered
from healthmon_exporters.web.password_check import BusyError

log = logging.getLogger("healthmon")

PERMISSIONS = {
    "act": Permission.ACKNOWLEDGE,
    "raise": Permission.ACKNOWLEDGE,
    "import": Permission.ACKNOWLEDGE,
    "sign": Permission.SIGN,
    "note": Permission.NOTE,
    **field_entry.PERMISSIONS,
    **record_entry.PERMISSIONS,
}
# What only a user does: an account that is bound to none cannot.
_BY_USERS = ("sign", "note")
# What the kernel says of a user that this user namespace does not have (user_namespaces(7)).
_OVERFLOW = Path("/proc/sys/kernel/overflowuid")


class ActEntry:
    """The acts of `agent`; `pages` knows the users file. `check` and `work` are those of the pages."""

    def __init__(
        self,
        agent: Agent,
        pages: WebListener,
        check: ShiftCheck | None = None,
        work: FieldWork | None = None,
    ) -> None:
        self._agent, self._pages = agent, pages
        self._field = FieldEntry(work or FieldWork(agent))
        self._record = RecordEntry(agent)
        self._check = check or ShiftCheck(agent)

    async def enter(self, kind: str, values: dict[str, Any], uid: int) -> Answered:
        """Write one act of the user `uid` to the store, and have the agent know it at once."""
        author = Author(uid, account_of(uid))
        password = values.pop("password", "")
        if kind == "sweep":
            return self._swept(author, values)
        if kind not in PERMISSIONS:
            return Answered(404, {"problem": f"{one_line(kind)}: there is no such act"})
        if unknown := self._unknown(values.get("details")):
            return Answered(409, {"problem": unknown})
        if refusal := self._refusal(author, PERMISSIONS[kind]):
            log.warning("refused: %s by %s (user %d): %s", kind, author.account, uid, refusal)
            return Answered(403, {"problem": refusal})
        if unproved := await self._in_own_name(kind, values, author, password):
            return unproved
        try:
            done = await self._done(kind, values, author)
        except (StoreError, ValueError) as error:
            return Answered(409, {"problem": str(error)})
        what = values.get("kind") or kind
        log.info("%s by %s (user %d): %s", one_line(str(what)), author.account, uid, done)
        return Answered(200, {"store": location.shown(self._agent.estate.config), "done": done})

    async def _done(self, kind: str, values: dict[str, Any], author: Author) -> dict[str, Any]:
        """What came of an act, which the agent knows by then. Raises StoreError, ValueError."""
        if kind in field_entry.PERMISSIONS:
            return await self._field.enter(kind, values, author, self._may(author))
        if kind in record_entry.PERMISSIONS:
            return await self._record.enter(kind, values, author)
        entry = Entry(values, author, self._agent.estate.config.estate.shift_check.sign)

        def write(store: Store) -> dict[str, Any]:
            return ACTS[kind](store, entry)

        service = self._agent.incident_service
        done: Any = await service.store_writer.query(write)
        await service.take_over()
        return dict(done)

    def _may(self, author: Author) -> Callable[[Permission], bool]:
        """Whether an account may do something; one that is bound to a user what that user may."""

        def may(permission: Permission) -> bool:
            file = self._pages.users()
            known = {} if file is None else users.read(file).users
            user = users.bound(known, author.account, self._pages.today())
            if user is not None:
                return user.person.may(permission)
            return not self._refusal(author, permission)

        return may

    def _swept(self, author: Author, values: dict[str, Any]) -> Answered:
        """How far the shift check is that the agent makes; one is begun unless somebody only watches
        (`watch`). `config` is the digest of the file that is meant.
        """
        watch, meant = bool(values.get("watch")), values.get("config", "")
        if refusal := self._refusal(author, Permission.SWEEP):
            log.warning("refused: sweep by %s (user %d): %s", author.account, author.uid, refusal)
            return Answered(403, {"problem": refusal})
        if meant and meant != self._agent.estate.config.digest:
            words = "config.yaml has changed since the agent read it; have it read again"
            return Answered(409, {"problem": words})
        if not watch and (problem := self._check.start(author.account)):
            return Answered(409, {"problem": problem})
        found = self._check.progress
        if found is None:
            return Answered(409, {"problem": "the agent makes no shift check now"})
        state = {"running": found.running, "made": found.done, "total": found.total}
        return Answered(200, {"done": state | {"problem": found.problem}})

    def _unknown(self, details: object) -> str:
        """What a fault that is raised cannot be about; "" for none."""
        estate = self._agent.estate
        known = {"device": estate.devices, "site": {one.id for one in estate.config.sites}}
        for name, all_known in known.items():
            value = details.get(name, "") if isinstance(details, dict) else ""
            if value and (not isinstance(value, str) or value not in all_known):
                return f"{one_line(str(value))}: no such {name} in the configuration"
        return ""

    def _refusal(self, author: Author, permission: Permission) -> str:
        """Why this account may not do that; "" where it may."""
        if author.uid == overflow_uid():
            return f"the agent cannot see who you are (user {author.uid}); nothing was entered"
        try:
            person = self._person(author)
        except OSError as error:
            words = (error.strerror or "error").lower()
            return f"{self._pages.users()}: the users file cannot be read: {words}"
        if permission is Permission.ERASE and person is None and not _has_the_store(author):
            return (
                f"without a users file only root and the agent's account may {MEANING[permission]}"
            )
        return "" if person is None or person.may(permission) else person.refusal(permission)

    def _person(self, author: Author) -> Person | None:
        """Who acts; None without a users file, and for who can write the store anyway. Raises
        OSError.
        """
        file = self._pages.users()
        if file is None or _has_the_store(author):
            return None
        return users.of_account(users.read(file).users, author.account, self._pages.today())

    async def _in_own_name(
        self, kind: str, values: dict[str, Any], author: Author, password: object
    ) -> Answered | None:
        """Put the name of the bound user into `values`. The answer to what may not be done in it, None
        where it may: a signature needs the user's password, for an unlocked terminal is none.
        """
        file = self._pages.users()
        if file is None:
            return None
        typed = str(values.get("name") or "")
        try:
            known = users.read(file).users
            named = signer if kind in _BY_USERS else actor
            user = named(known, author.account, self._pages.today(), PERMISSIONS[kind], typed)
        except (OSError, ValueError) as error:
            return Answered(403, {"problem": str(error)})
        if user is None:
            return None
        values["name"] = user.name
        return await self._unproved(user.name, author, password) if kind == "sign" else None

    async def _unproved(self, name: str, author: Author, password: object) -> Answered | None:
        """The answer to a signature without the password of user `name`."""
        if not isinstance(password, str) or not password:
            words = f"the password of user {name} is needed to sign"
            return Answered(401, {"problem": words, "user": name})
        try:
            user = await self._pages.control.confirmed(f"uid {author.uid}", name, password)
        except BusyError as busy:
            words = f"too many wrong passwords; try again in {math.ceil(busy.seconds)} s"
            return Answered(429, {"problem": words})
        if user is None:
            words = f"the password of user {name} is wrong; nothing was signed"
            return Answered(403, {"problem": words})
        return None


def _has_the_store(author: Author) -> bool:
    """Whether an account can write the store without the agent."""
    return author.uid in (0, os.getuid())


def overflow_uid() -> int:
    """The number that stands for users who are not known here."""
    try:
        return int(_OVERFLOW.read_text())
    except (OSError, ValueError):  # ProcSubset=pid of the unit
        return 65534


def account_of(uid: int) -> str:
    """The account of a user; its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
