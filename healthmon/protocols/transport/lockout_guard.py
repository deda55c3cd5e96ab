"""The login guard: at most two rejected logins per (host, account) in half an hour, and a latch for
each service that refuses, so that no device is locked out.

Shared by ONVIF, RTSP, HTTP and SNMPv3 and by all channels of one recorder, and kept in a small file
across restarts and between the agent and the sweep. Smallest vendor limit found is 3 (reliability
notes); a second try waits 60 s.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from healthmon.protocols.errors import (
    AuthLatchedError,
    LockedOutError,
    ProtocolError,
    reading,
)
from healthmon.protocols.host.shared_file import SharedFile
from healthmon.protocols.host.steady_clock import SteadyClock
from healthmon.secret import Credential

SECOND_TRY_SECONDS = 60.0
LATCH_SECONDS = 24 * 3600.0
WINDOW_SECONDS = 30 * 60.0
LOCKED_SECONDS = 30 * 60.0
MOST_REJECTIONS = 2
FUTURE_SECONDS = 1.0
TAKEN_SECONDS = 1.0
ANY = ""
# "You still have 2 attempts", "after 2 more failed attempts"; "remaining attempts: 2", "attempts
# left: 2"; ISAPI XML_userCheck and its JSON: <retryLoginTime>3<, "retryLoginTime": 3.
_ATTEMPTS = re.compile(
    r"""(\d{1,4})\s{1,4}(?:more\s{1,4}(?:(?:failed|wrong|invalid|login)\s{1,4})?)?(?:attempt|tries|try)
    | \b(?:attempts?|tries|retries)\s{1,4}(?:left|remaining)\W{1,4}(\d{1,4})\b
    | \b(?:remaining|left)\s{1,4}(?:login\s{1,4})?(?:attempts?|tries|retries)\W{1,4}(\d{1,4})\b
    | \bretryLoginTime\W{1,6}(\d{1,4})\b""",
    re.IGNORECASE | re.VERBOSE,
)
# ISAPI XML_userCheck: <lockStatus>lock</lockStatus>, and its JSON.
_LOCK_STATUS = re.compile(r"\blockStatus\W{1,6}lock(?:ed)?\b", re.IGNORECASE)
_PAGE = re.compile(r"<\s*(?:!doctype html|html|head|title|body|h[1-6]|p)\b", re.IGNORECASE)
# It is the account, or our address, that is locked: of a page or a browser prose says so too.
_LOCKED = re.compile(
    r"""\b(?:account|user|login|ip|address|client|host|you\b)
        (?:(?!\bnot\b|[.!?<>{};\n]).){0,40}(?<!un)(?:lock(?:ed|out)|blocked|banned)
    | \b(?:locked|blocked|banned)\s{1,4}(?:account|user|ip|client)
    | too\ many\ (?:failed|wrong|invalid|login\ (?:attempt|tr|fail))
    | maximum\ (?:number\ of\ )?(?:login\ )?(?:attempts|retries)\ (?:was\ )?(?:reached|exceeded)""",
    re.IGNORECASE | re.VERBOSE,
)
MOST_REMEMBERED = 5  # the first and the last


@dataclass(slots=True)
class _Service:
    """Rejections of one account by one service (rtsp, onvif, http, snmp). `why` is what the device
    said; `accepted` is when its login was accepted last. All times are those of the guard's clock.
    """

    rejected: list[float] = field(default_factory=list)
    silent_until: float = 0.0
    why: str = ""
    accepted: float = 0.0

    @classmethod
    def of(cls, stored: Any) -> _Service:
        """From the file. Raises ValueError and what Python raises where it is no service."""
        return cls(
            [_moment(one) for one in stored["rejected"]],
            _moment(stored["silent_until"]),
            str(stored.get("why", "")),
            _moment(stored.get("accepted", 0.0)),
        )

    def moved(self, by: float) -> _Service:
        """The same with all times `by` seconds later."""
        return _Service(
            [at + by for at in self.rejected],
            _moved(self.silent_until, by),
            self.why,
            _moved(self.accepted, by),
        )


def _moment(stored: Any) -> float:
    """A time from the file. Raises TypeError, ValueError, OverflowError where it is none."""
    if isinstance(stored, bool) or not isinstance(stored, int | float):
        raise TypeError("no time")
    if not math.isfinite(stored):
        raise ValueError("no time")
    return float(stored)


def _moved(at: float, by: float) -> float:
    return at + by if at else 0.0


@dataclass(slots=True)
class _Account:
    """One (host, account, secret): what each of its services has refused, and until when the device
    wants silence on all of them.
    """

    services: dict[str, _Service] = field(default_factory=dict)
    silent_until: float = 0.0
    locked: bool = False

    @classmethod
    def of(cls, stored: Any) -> _Account:
        """From the file; an older version knew no services: its latch holds for all of them. Raises
        ProtocolError where it is no account.
        """
        with reading("entry of logins.json"):
            known = stored.get("services", {ANY: stored | {"silent_until": 0.0}})
            services = {str(name): _Service.of(one) for name, one in known.items()}
            return cls(services, _moment(stored["silent_until"]), stored["locked"] is True)

    def moved(self, by: float) -> _Account:
        """The same with all times `by` seconds later."""
        services = {name: one.moved(by) for name, one in self.services.items()}
        return _Account(services, _moved(self.silent_until, by), self.locked)

    @property
    def newest(self) -> float:
        """When something was noted last."""
        known = [*self.rejections(0.0), *(one.accepted for one in self.services.values())]
        return max(known, default=self.silent_until - LATCH_SECONDS)

    def rejections(self, since: float) -> list[float]:
        """When any service refused the account after `since`."""
        return sorted(at for one in self.services.values() for at in one.rejected if at > since)

    def refused_since(self, service: str) -> float | None:
        """Since when `service` refuses the account (what an older version knew counts for each);
        None where it does not.
        """
        own = [*self.service(service).rejected, *self.service(ANY).rejected]
        return min(own, default=None)

    @property
    def worth_keeping(self) -> bool:
        """Whether it holds more than acceptances."""
        return self.silent_until > 0 or bool(self.rejections(0.0))

    def service(self, name: str) -> _Service:
        """What is known of one service."""
        return self.services.get(name) or _Service()


@dataclass(slots=True)
class LockoutGuard:
    """Says whether a login may be sent, and learns how it went. `path` None keeps the memory in
    the process only.

    What one service refuses says nothing against another that accepts the same account. All of them
    share one cap: after `MOST_REJECTIONS` there is silence for `LATCH_SECONDS`, which an acceptance
    elsewhere does not end, and which holds for every service whose last login was not accepted. What
    the device says of attempts that are left or of a lock holds for all.

    `revision` is another number whenever there is something new to `hand_over`; `on_change` is called
    when that is of this process.
    """

    path: Path | None = None
    now: SteadyClock = field(default_factory=SteadyClock)
    revision: int = 0
    on_change: Callable[[], None] = lambda: None
    _accounts: dict[str, _Account] = field(default_factory=dict)
    # By the key of `_handed_key`: of an account that was not asked for since.
    _handed: dict[str, _Account] = field(default_factory=dict)
    _file: SharedFile = field(init=False)

    def __post_init__(self) -> None:
        self._file = SharedFile(self.path, mode=0o600)

    def permit(self, host: str, credential: Credential, service: str = ANY) -> None:
        """Raise AuthLatchedError or LockedOutError when no login of `credential` may go to
        `service` of `host` now.
        """
        account = self._known(host, credential)
        if account is None:
            return
        left = self._silence(account, service) - self.now()
        if left <= 0:
            return
        if account.locked:
            raise LockedOutError(
                f"account locked by the device; no login is tried for {_span(left)}"
            )
        own = account.service(service)
        tried = len(own.rejected) or len(account.rejections(0.0))
        why = f"{own.why}; " if own.why else ""
        since = account.refused_since(service)
        raise AuthLatchedError(
            f"{why}login refused {tried} x; no login is tried for {_span(left)}",
            self.now.shown(since) if since is not None else None,
        )

    def _silence(self, account: _Account, service: str) -> float:
        """Until when `service` gets no login."""
        own = account.service(service)
        recent = account.rejections(self.now() - LATCH_SECONDS)
        capped = len(recent) >= MOST_REJECTIONS and not own.accepted
        cap = recent[-1] + LATCH_SECONDS if capped else 0.0
        return max(account.silent_until, own.silent_until, cap)

    def rejected(
        self,
        host: str,
        credential: Credential,
        service: str = ANY,
        *,
        attempts_left: int | None = None,
        why: str = "",
    ) -> float | None:
        """A correct answer to a fresh challenge was refused. `attempts_left` and `why` are what the
        device said, if it did. Returns since when (Unix seconds), where it was refused before.
        """
        account = self._noted(host, credential)
        own = account.services.setdefault(service, _Service())
        now = self.now()
        own.rejected = [*own.rejected[:1], *own.rejected[1:][2 - MOST_REMEMBERED :], now]
        own.why, own.accepted = why, 0.0
        recent = [at for at in own.rejected if now - at < LATCH_SECONDS + WINDOW_SECONDS]
        own.silent_until = now + (LATCH_SECONDS if len(recent) >= 2 else SECOND_TRY_SECONDS)
        if attempts_left is not None and attempts_left < 3:
            account.silent_until = now + LATCH_SECONDS
        self._write()
        since = account.refused_since(service)
        return self.now.shown(since) if since is not None and since < now else None

    def locked(self, host: str, credential: Credential, seconds: float = LOCKED_SECONDS) -> None:
        """The device says that the account is locked: silence for at least 30 minutes."""
        account = self._noted(host, credential)
        account.locked = True
        account.silent_until = self.now() + max(seconds, LOCKED_SECONDS)
        self._write()

    def accepted(self, host: str, credential: Credential, service: str = ANY) -> None:
        """`service` has accepted the login: forget what it refused before, and nothing else. An
        acceptance alone stays in memory: it is written with the next rejection.
        """
        account = self._noted(host, credential)
        before = account.worth_keeping
        if account.silent_until <= self.now():
            account.silent_until, account.locked = 0.0, False
            account.services.pop(ANY, None)
        new = account.service(service).accepted == 0.0
        account.services[service] = _Service(accepted=self.now())
        if before and (new or not account.worth_keeping):
            self._write()

    def latched(self, host: str, credential: Credential, service: str = ANY) -> bool:
        """Whether logins to `service` are being held back now; without one: to any of those known."""
        account = self._known(host, credential) or _Account()
        asked = [ANY, *account.services] if service == ANY else [service]
        return any(self._held_back(host, credential, one) for one in asked)

    def _held_back(self, host: str, credential: Credential, service: str) -> bool:
        try:
            self.permit(host, credential, service)
        except (AuthLatchedError, LockedOutError):
            return True
        return False

    def _noted(self, host: str, credential: Credential) -> _Account:
        """The account to note something of, with what other processes have noted."""
        found = self._known(host, credential)
        return found or self._accounts.setdefault(self._key(host, credential), _Account())

    def _known(self, host: str, credential: Credential) -> _Account | None:
        """What is known of an account, with what other processes and another agent have noted."""
        self._read()
        key = self._key(host, credential)
        known, handed = self._accounts.get(key), self._handed.pop(_handed_key(key), None)
        if handed is not None and (known is None or known.newest < handed.newest):
            known = self._accounts[key] = handed
            self._write()
        return known

    def hand_over(self) -> str:
        """What another agent must know that goes on from here, for `take_over`, as JSON."""
        self._read()
        own = {_handed_key(key): one for key, one in self._accounts.items() if one.worth_keeping}
        for key, one in self._handed.items():
            if key not in own or own[key].newest < one.newest:
                own[key] = one
        since = self.now() - LATCH_SECONDS - WINDOW_SECONDS
        accounts = {key: asdict(one) for key, one in own.items() if one.newest > since}
        return json.dumps({"now": self.now(), "accounts": accounts})

    def take_over(self, said: str, age: float) -> None:
        """Know what another agent has handed over `age` seconds ago. Of what both know the newer note
        counts. Whatever is not well formed is left out.
        """
        with contextlib.suppress(ValueError, TypeError, KeyError, OverflowError, RecursionError):
            stored = json.loads(said)
            by = self.now() - max(0.0, age) - _moment(stored["now"])
            for key, one in _accounts_of(stored["accounts"]).items():
                self._remember(key, one.moved(by))

    def _remember(self, key: str, account: _Account) -> None:
        known = self._handed.get(key)
        # A note that goes round between agents is a little later each time.
        if known is None or account.newest > known.newest + TAKEN_SECONDS:
            self._handed[key] = account
            self.revision += 1

    @staticmethod
    def _key(host: str, credential: Credential) -> str:
        place = hashlib.blake2b(
            f"{host}\0{credential.username}".encode(), digest_size=8
        ).hexdigest()
        return f"{place}-{credential.fingerprint()}"

    def _read(self) -> None:
        """Take over what another process (the agent, a sweep) has written since."""
        data = self._file.news()
        if data is None:
            return
        self.revision += 1
        known = {key: one for key, one in self._accounts.items() if not one.worth_keeping}
        kept = _accounts_of(data)
        moves = {key: self._correction(key, data, account) for key, account in kept.items()}
        self._accounts = known | {key: one.moved(moves[key]) for key, one in kept.items()}
        if min(moves.values(), default=0.0) < -FUTURE_SECONDS:
            self._write()

    def _correction(self, key: str, data: Any, account: _Account) -> float:
        """What is to be added to the times of an account that the file holds."""
        with contextlib.suppress(KeyError, TypeError, ValueError, OverflowError):
            found = self.now.correction(data[key].get("clock"), account.newest)
            if math.isfinite(found):
                return found
        return self.now.correction(None, account.newest)

    def _write(self) -> None:
        kept = {key: one for key, one in self._accounts.items() if one.worth_keeping}
        clock = {"clock": self.now.stamp()}
        self._file.write({key: asdict(one) | clock for key, one in kept.items()})
        self.revision += 1
        self.on_change()


def _handed_key(key: str) -> str:
    """The key of an account for another agent: two digits of what its secret gives tell that it was changed,
    and not which it is.
    """
    place, _, secret = key.partition("-")
    return f"{place}-{secret[:2]}"


def _accounts_of(data: Any) -> dict[str, _Account]:
    """The accounts of the file; what is no account there is left out."""
    found: dict[str, _Account] = {}
    for key, stored in data.items() if isinstance(data, dict) else ():
        with contextlib.suppress(ProtocolError):
            found[key] = _Account.of(stored)
    return found


def attempts_left(said: str) -> int | None:
    """The remaining budget in "You still have N attempt(s)", or None where nothing of the kind is
    said.
    """
    found = _ATTEMPTS.search(said)
    return int(found[found.lastindex or 0]) if found else None


def says_locked(said: str, *, answered: bool) -> bool:
    """Whether a refusal says that the account or our address is locked.

    A field made for that counts always, words only where a login was `answered` so: before one, and
    in a page for people (HTML), prose may speak of locks and blocks of anything. While attempts are
    left, words of a lock warn of one.
    """
    if _LOCK_STATUS.search(said):
        return True
    if attempts_left(said):
        return False
    return answered and not _PAGE.search(said) and bool(_LOCKED.search(said))


def _span(seconds: float) -> str:
    return f"{seconds / 3600:.0f} h" if seconds >= 5400 else f"{max(1, round(seconds / 60))} min"
