"""A recorder's web server as bytes on loopback: kept connections, Digest really verified, any
answer replaced by another.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from urllib.parse import unquote

from helpers.loopback import request
from helpers.product import PASSWORD

USER, REALM = "healthmon", "recorder"


@dataclass(frozen=True)
class Asked:
    """One request. `operation` is that of a SOAP body, `target` path and query decoded."""

    method: str
    target: str
    body: str = ""

    @property
    def operation(self) -> str:
        """The first element inside the SOAP body, "" without one."""
        found = re.search(r"Body[^>]*>\s*<(?:\w+:)?(\w+)", self.body)
        return found[1] if found else ""

    @property
    def words(self) -> str:
        """What is counted."""
        return f"{self.method} {self.target} {self.operation}"


@dataclass(frozen=True)
class Answer:
    """One reply. `how` is "cut": the connection ends in the middle of the right answer; "half": the
    right answer ends there; "hang": nothing comes.
    """

    body: str = ""
    status: str = "200 OK"
    kind: str = "text/xml"
    how: str = ""


@dataclass(frozen=True)
class Instead:
    """`answer` in place of the right one for every request in whose words and body `what` is found."""

    what: str
    answer: Answer

    def fits(self, asked: Asked) -> bool:
        """Whether it is about this request."""
        return re.search(self.what, f"{asked.words} {asked.body}", re.DOTALL) is not None


@dataclass
class RecorderWeb:
    """What the recorder answers, and how it treats the nonces of its Digest login.

    `nonces` is "kept" (as often as one likes), "once 401" or "once 403": a second use is answered
    with that status, 403 without a challenge. Each of `instead` replaces answers after the login;
    401 among them comes with a fresh challenge. `open` needs no login at all.
    """

    right: Callable[[Asked], Answer | None]
    instead: list[Instead] = field(default_factory=list)
    nonces: str = "kept"
    open: Callable[[Asked], bool] = lambda _asked: False
    asked: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    rejected: int = 0
    _fresh: dict[str, int] = field(default_factory=dict)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        while True:
            line, told, body = await request(reader)
            method, target, _ = line.split(" ", 2)
            asked = Asked(method, unquote(target), body.decode("utf-8", "replace"))
            self.asked[asked.words.strip()] += 1
            answer, fields = self._answer(asked, target, told.get("authorization", ""))
            await self._reply(writer, asked, answer, fields)
            if answer.how == "cut":
                return

    async def _reply(
        self, writer: asyncio.StreamWriter, asked: Asked, answer: Answer, fields: list[str]
    ) -> None:
        if answer.how == "hang":
            await asyncio.sleep(600)
        if answer.how:
            right = self.right(asked) or Answer()
            body = right.body[: len(right.body) // 2]
            whole, half = rendered(right, fields), rendered(replace(right, body=body), fields)
            writer.write(whole[: -len(right.body) // 2] if answer.how == "cut" else half)
        else:
            writer.write(rendered(answer, fields))
        await writer.drain()

    def _answer(self, asked: Asked, target: str, given: str) -> tuple[Answer, list[str]]:
        if not self.open(asked):
            if not given:
                return Answer(status="401 Unauthorized"), [self._challenge()]
            refusal = self._refusal(asked.method, target, given)
            if refusal is not None:
                return refusal
            self.accepted += 1
        for one in self.instead:
            if one.fits(asked):
                again = [self._challenge()] if one.answer.status.startswith("401") else []
                return one.answer, again
        return self.right(asked) or Answer("not here", "404 Not Found", "text/plain"), []

    def _challenge(self) -> str:
        nonce = secrets.token_hex(8)
        self._fresh[nonce] = 0
        return f'WWW-Authenticate: Digest realm="{REALM}", nonce="{nonce}", qop="auth"'

    def _refusal(self, method: str, target: str, given: str) -> tuple[Answer, list[str]] | None:
        told = dict(re.findall(r'(\w+)="?([^",]+)"?', given))
        nonce = told.get("nonce", "")
        if nonce not in self._fresh or not right_digest(told, method, target):
            self.rejected += 1
            return Answer(status="401 Unauthorized"), [self._challenge()]
        self._fresh[nonce] += 1
        if self._fresh[nonce] > 1 and self.nonces == "once 401":
            return Answer(status="401 Unauthorized"), [self._challenge()]
        if self._fresh[nonce] > 1 and self.nonces == "once 403":
            return Answer("Forbidden", "403 Forbidden", "text/plain"), []
        return None


def right_digest(told: dict[str, str], method: str, target: str) -> bool:
    """Whether an Authorization is right (RFC 7616, MD5, qop auth)."""

    def md5(*parts: str) -> str:
        return hashlib.md5(":".join(parts).encode()).hexdigest()

    if told.get("uri") != target or told.get("username") != USER:
        return False
    one, two = md5(USER, REALM, PASSWORD), md5(method, target)
    middle = (told.get("nonce", ""), told.get("nc", ""), told.get("cnonce", ""), "auth")
    return told.get("response") == md5(one, *middle, two)


def rendered(answer: Answer, fields: list[str]) -> bytes:
    """The reply's bytes, dated now."""
    body = answer.body.encode()
    head = [
        f"HTTP/1.1 {answer.status}",
        f"Date: {formatdate(usegmt=True)}",
        f"Content-Type: {answer.kind}",
        f"Content-Length: {len(body)}",
        *fields,
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body
