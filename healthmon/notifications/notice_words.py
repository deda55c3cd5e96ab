"""How a message about a fault fared, in words. Pure."""

from __future__ import annotations

from collections.abc import Callable

from healthmon.store.rows import Notice

_ENDED = {
    "sent": "accepted by the server {at}",
    "merged": "became part of a later message {at}",
    "digested": "became part of a digest {at}",
    "dropped": "given up {at}",
    "failed": "refused for good {at}",
}


def fared(notice: Notice, clock: Callable[[float], str], trouble: str = "") -> str:
    """As in "accepted by the server 30 Nov 2026 06:51"; `clock` writes a time. `trouble` is what keeps
    the target from being reached now, "" for nothing.
    """
    if notice.state == "held":
        return f"waits for the digest of {clock(notice.due)}"
    if notice.state == "pending":
        return _waits(notice, clock, trouble)
    words = _ENDED.get(notice.state, f"{notice.state} {{at}}")
    found = words.format(at=clock(notice.ended or notice.queued))
    return f"{found}: {notice.error}" if notice.error and notice.state != "sent" else found


def _waits(notice: Notice, clock: Callable[[float], str], trouble: str) -> str:
    error = notice.error or trouble
    waits = f"waiting since {clock(notice.queued)}{f', because {error}' if error else ''}"
    if not notice.attempts:
        return waits
    times = "once" if notice.attempts == 1 else f"{notice.attempts} times"
    return f"{waits}; tried {times} in vain, next try {clock(notice.due)}"
