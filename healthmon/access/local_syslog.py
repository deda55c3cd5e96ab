"""The syslog of this machine: access events as messages of ``authpriv`` by /dev/log.

A message is the priority of RFC 5424, 6.2.1, the program and one line, as syslog(3) writes it. The
functions for it in the standard library wait while the receiver is stuck; this one must not.
"""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass
from pathlib import Path

from healthmon.access.events import AccessEvent
from healthmon.model.plain_text import one_line

SOCKET = Path("/dev/log")
MOST_CHARACTERS = 800
_AUTHPRIV = 10
_WARNING, _INFORMATIONAL = 4, 6


@dataclass(frozen=True, slots=True)
class LocalSyslog:
    """Sends to the socket at `path`. Where there is none, `send` does nothing."""

    path: Path = SOCKET

    def send(self, event: AccessEvent) -> None:
        """Send at once, or drop it where nobody takes it at once."""
        severity = _WARNING if event.failed else _INFORMATIONAL
        text = one_line(f"access {event.kind}: {event.text}")[:MOST_CHARACTERS]
        message = f"<{_AUTHPRIV * 8 + severity}>healthmon: {text}".encode("utf-8", "replace")
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender,
        ):
            sender.setblocking(False)
            sender.connect(str(self.path))
            sender.send(message)
