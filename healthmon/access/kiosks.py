"""Wall screens: each has a token that sees the wall only. Only hashes are kept.

A line of the users file is ``kiosk NAME:code=HASH:until=TIME`` while a one-time code waits for the
screen, and ``kiosk NAME:token=HASH`` once it is connected. HASH is the SHA-256 in hex: code and
token are random and long enough (80 and 256 bits) that no slow hash is needed. TIME is Unix seconds.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

PREFIX = "kiosk "
CODE_SECONDS = 900.0
CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_GROUPS, _GROUP = 4, 4
_LINE = re.compile(
    r"kiosk (?P<name>[A-Za-z0-9][A-Za-z0-9._@-]{0,63})"
    r"(?::code=(?P<code>[0-9a-f]{64}):until=(?P<until>[0-9]{1,12})|:token=(?P<token>[0-9a-f]{64}))"
)


@dataclass(frozen=True, slots=True)
class Kiosk:
    """One wall screen. `code` and `token` are hashes, "" where there is none."""

    name: str
    code: str = ""
    until: float = 0.0
    token: str = ""

    def takes(self, code: str, now: float) -> bool:
        """Whether this is the code that the screen waits for at `now` (Unix seconds). Case,
        spaces and hyphens do not matter.
        """
        typed = "".join(letter for letter in code.upper() if letter.isalnum())
        return bool(self.code) and now < self.until and hmac.compare_digest(self.code, _hash(typed))

    def knows(self, token: str) -> bool:
        """Whether this is the token of the screen."""
        return bool(self.token) and hmac.compare_digest(self.token, _hash(token))

    def line(self) -> str:
        """The screen's line in the users file."""
        kept = f"token={self.token}" if self.token else f"code={self.code}:until={self.until:.0f}"
        return f"{PREFIX}{self.name}:{kept}"


def parse(line: str) -> Kiosk:
    """The screen of a line. Raises ValueError in words."""
    found = _LINE.fullmatch(line)
    if found is None:
        raise ValueError("is not a line 'kiosk NAME:token=HASH'")
    until = float(found["until"] or 0)
    return Kiosk(found["name"], found["code"] or "", until, found["token"] or "")


def waiting(name: str, now: float) -> tuple[Kiosk, str]:
    """A screen that waits for a new code, and the code."""
    groups = ("".join(secrets.choice(CODE_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    code = "-".join(groups)
    return Kiosk(name, _hash(code.replace("-", "")), now + CODE_SECONDS), code


def connected(name: str) -> tuple[Kiosk, str]:
    """A screen with a new token, and the token."""
    token = secrets.token_urlsafe(32)
    return Kiosk(name, token=_hash(token)), token


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
