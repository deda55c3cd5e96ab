"""The HTTP side of a simulated recorder: kept connections, Digest really verified, faults, and what
was asked counted.

Faults of every make: ``silence``, ``garbage``, ``huge_reply``, ``redirect_elsewhere``, ``lockout``,
``slow_search`` (seconds for each reply of a search), ``login_firewall`` (locks after so many
refused logins) and those of `footage`.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from healthmon.demo import login
from healthmon.demo.state import SimDevice, Visitor

CAP, HUGE = 64 * 1024, 4 * 1024 * 1024
LOCKED = (
    "<userCheck><statusValue>401</statusValue><lockStatus>lock</lockStatus>"
    "<unlockTime>1800</unlockTime></userCheck>"
)
_HEAD = re.compile(rb"(?i)content-length:\s*(\d+)")
_AUTHORIZATION = re.compile(r"(?im)^authorization:\s*(.+?)\s*$")
_WRITES = re.compile(
    r"(?i)['\"](action|direction|method)['\"]: *['\"](set|write|add|remove|delete)|reboot|restart|format=|upgrade"
)
_URI = re.compile(r'uri="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: `path` without its `query`."""

    method: str
    path: str
    query: dict[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply. `search`: it costs the recorder a search through its footage."""

    body: str
    kind: str = "application/xml"
    status: str = "200 OK"
    search: bool = False


@dataclass(slots=True)
class SimRecorder:
    """A simulated recorder of a make: its channels' names by number, open search objects, and what
    it was asked.
    """

    device: SimDevice
    replies: Callable[[SimRecorder, Asked], Answer | None]
    channels: dict[str, str] = field(default_factory=dict)
    objects: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    objects_made: int = 0
    asked: Counter[str] = field(default_factory=Counter)

    def answer(self, asked: Asked) -> Answer:
        """The make's reply; anything that it does not know is 404, and what could change something
        is counted.
        """
        self.asked[f"{asked.method} {asked.path}"] += 1
        found = self.replies(self, asked) if asked.method in {"GET", "POST"} else None
        if asked.method not in {"GET", "POST"} or _WRITES.search(
            f"{asked.path} {asked.query} {asked.body[:500]}"
        ):
            self.device.counters.writes_attempted += 1
        return found or Answer(
            "<html><body>404 Not Found</body></html>", "text/html", "404 Not Found"
        )


class RecorderSim(Visitor):
    """One HTTP connection to a simulated recorder."""

    def __init__(self, recorder: SimRecorder) -> None:
        super().__init__(recorder.device)
        self._recorder = recorder
        self._nonce = login.fresh_nonce()

    def data_received(self, data: bytes) -> None:
        """Take whole requests, one after another."""
        self._buffer = (self._buffer + data)[:CAP]
        while not self._device.has("silence") and self._answer_one():
            pass

    def _answer_one(self) -> bool:
        head, mark, rest = self._buffer.partition(b"\r\n\r\n")
        match = _HEAD.search(head)
        size = int(match[1]) if match else 0
        if not mark or len(rest) < size:
            return False
        self._buffer = rest[size:]
        self._request(head.decode("utf-8", "replace"), rest[:size].decode("utf-8", "replace"))
        return True

    def _request(self, head: str, body: str) -> None:
        method, target = (*head.split("\r\n", 1)[0].split(" "), "", "")[:2]
        given = _AUTHORIZATION.search(head)
        if self._device.has("garbage"):
            self._transport.write(bytes(range(128, 256)))
        elif self._device.has("huge_reply"):
            self._send(Answer("<a>" + "x" * HUGE))
        elif self._device.has("redirect_elsewhere"):
            self._send(
                Answer("", status="307 Temporary Redirect"),
                f"Location: http://127.0.0.2:8080{target}",
            )
        elif self._known(method, target, given[1] if given else None):
            path, _, query = target.partition("?")
            answer = self._recorder.answer(
                Asked(method, path, dict(parse_qsl(query, keep_blank_values=True)), body)
            )
            pause = float(self._device.faults.get("slow_search") or 0.0) if answer.search else 0.0
            if pause:
                asyncio.get_running_loop().call_later(pause, self._send, answer)
            else:
                self._send(answer)

    def _known(self, method: str, target: str, given: str | None) -> bool:
        """Whether the login is right; if not, it has been answered."""
        device, told = self._device, _URI.search(given or "")
        if given is not None and told is not None and told[1] == target and not self._locked():
            if login.digest_ok(device, method, given):
                return True
        elif given is not None and not self._locked():
            device.counters.logins_rejected += 1
        words = LOCKED if self._locked() else ""
        self._send(
            Answer(words, status="401 Unauthorized"),
            f"WWW-Authenticate: {login.challenge(device, self._nonce)}",
        )
        return False

    def _locked(self) -> bool:
        most = self._device.faults.get("login_firewall")
        return self._device.has("lockout") or (
            bool(most) and self._device.counters.logins_rejected >= int(most or 0)
        )

    def _send(self, answer: Answer, *more: str) -> None:
        body = answer.body.encode()
        fields = [
            f"Content-Type: {answer.kind}",
            f"Content-Length: {len(body)}",
            "Connection: keep-alive",
            *more,
        ]
        data = "\r\n".join([f"HTTP/1.1 {answer.status}", *fields]).encode() + b"\r\n\r\n" + body
        self._device.counters.bytes_out += len(data)
        if not self._transport.is_closing():
            self._transport.write(data)
