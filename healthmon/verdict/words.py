"""Words and figures of the sentences: durations, reasons, and the verdicts that every question shares."""

from __future__ import annotations

from healthmon.model import Observation, Reason, State, Verdict

REASON_WORDS: dict[Reason, str] = {
    Reason.TIMEOUT: "connected, no answer in time",
    Reason.CONNECT_TIMEOUT: "no answer",
    Reason.REFUSED: "connection refused",
    Reason.RESET: "connection dropped by the device",
    Reason.UNREACHABLE: "no route to it",
    Reason.DNS: "its name has no address (DNS)",
    Reason.PROTOCOL: "answer not understood",
    Reason.TOO_LARGE: "answer too large, not read",
    Reason.TLS: "TLS failed",
    Reason.TLS_TIMEOUT: "connected, but the TLS handshake does not finish",
    Reason.AUTH_FAILED: "login refused: account or password not accepted",
    Reason.AUTH_LATCHED: "login held back after refusals, to avoid a lock-out",
    Reason.LOCKED_OUT: "account locked by the device",
    Reason.FORBIDDEN: "refused: the account has no right to it",
    Reason.BASIC_REFUSED: "only an unencrypted password login (Basic) is offered, which is not allowed",
    Reason.NO_CREDENTIAL: "a login is needed and none is configured",
    Reason.BUSY: "all its sessions are in use",
    Reason.NOT_FOUND: "path or profile not known to the device",
    Reason.UNSUPPORTED: "not offered by the device",
    Reason.NO_VIDEO_TRACK: "no video in the session description",
    Reason.ADDRESS_MISMATCH: "it named an address that is not configured; not contacted",
    Reason.NO_REFERENCE: "no trustworthy time reference",
    Reason.NOT_REPORTED: "not reported by the device",
    Reason.BEHIND_PARENT: "behind a device that is down",
    Reason.NOT_REACHED: "not asked: the device could not be reached",
    Reason.DATA_BUDGET: "today's data budget is used",
    Reason.AGENT_RESOURCE: "healthmon ran out of file handles or memory",
    Reason.AGENT_NETWORK: "healthmon's own network is down",
    Reason.AGENT_STALLED: "healthmon was held up; result discarded",
    Reason.AGENT_BUSY: "another healthmon keeps the device to itself",
    Reason.BUG: "error inside healthmon, see its log",
}


def duration(seconds: float, *, fine: bool = False) -> str:
    """`seconds` as people say it: ``0.4 s``, ``12.4 s``, ``3 min 10 s``, ``2 h 46 min``, ``9 d 4 h``; `fine` keeps
    seconds and tenths behind hours (``1 h 00 min 00.2 s``).
    """
    size = abs(seconds)
    if size < 59.95:
        return f"{size:.1f} s" if size < 20 and round(size, 1) % 1 else f"{size:.0f} s"
    if fine and size < 86400:
        hours, rest = divmod(size, 3600)
        minutes, left = divmod(rest, 60)
        text = f"{left:.1f}" if left < 59.95 else "59.9"
        return (
            f"{hours:.0f} h {minutes:02.0f} min {text.zfill(4)} s"
            if hours
            else f"{minutes:.0f} min {text} s"
        )
    whole = round(size)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    if whole < 48 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    days, hours = divmod(whole // 3600, 24)
    return f"{days} d {hours} h" if days < 10 else f"{days} d"


def plain(text: str, longest: int = 128) -> str:
    """`text` from a device as one printable line of at most `longest` characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def not_seen(observation: Observation, aspect: str, what: str) -> Verdict:
    """The UNKNOWN verdict of a look that gave nothing: "`what` not checked: <reason in words> (detail)"."""
    reason = observation.reason or Reason.NOT_REPORTED
    detail = f" ({plain(observation.detail)})" if observation.detail else ""
    return verdict(
        observation,
        aspect,
        State.UNKNOWN,
        reason.value,
        f"{what} not checked: {REASON_WORDS[reason]}{detail}",
        reason=reason,
    )


def verdict(
    observation: Observation,
    aspect: str,
    state: State,
    code: str,
    sentence: str,
    *,
    value: float | None = None,
    reason: Reason | None = None,
    began: float | None = None,
) -> Verdict:
    """A verdict about `aspect` of `observation`; an OK state carries the code "ok"."""
    return Verdict(
        device=observation.device,
        question=observation.question,
        part=observation.part,
        aspect=aspect,
        state=state,
        code="ok" if state is State.OK else code,
        sentence=sentence,
        at=observation.at,
        value=value,
        reason=reason,
        began=began,
    )
