"""Words of the sentences: reasons, and the verdicts that every check shares."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from healthmon.model.device import Device
from healthmon.model.enums import Reason, State
from healthmon.model.footage import Unread
from healthmon.model.plain_text import one_line, shared
from healthmon.model.results import Observation, Verdict

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
    Reason.FORBIDDEN: "refused to this account",
    Reason.BASIC_REFUSED: "only an unencrypted password login (Basic) is offered, which is not allowed",
    Reason.NO_CREDENTIAL: "a login is needed and none is configured",
    Reason.BUSY: "all its sessions are in use",
    Reason.NOT_FOUND: "path or profile not known to the device",
    Reason.REJECTED: "refused",
    Reason.NO_SOURCE: "the relay has no picture from its camera",
    Reason.UNSUPPORTED: "not offered by the device",
    Reason.NO_VIDEO_TRACK: "no video in the session description",
    Reason.ADDRESS_MISMATCH: "it named an address that is not configured; not contacted",
    Reason.NO_REFERENCE: "no trustworthy time reference",
    Reason.NOT_REPORTED: "not reported by the device",
    Reason.BEHIND_PARENT: "behind a device that is down",
    Reason.NOT_REACHED: "the device could not be reached",
    Reason.DATA_BUDGET: "today's data budget is used",
    Reason.AGENT_RESOURCE: "healthmon ran out of file handles or memory",
    Reason.AGENT_NETWORK: "healthmon's own network is down",
    Reason.AGENT_STALLED: "healthmon was delayed; result discarded",
    Reason.AGENT_BUSY: "another healthmon is using the device",
    Reason.NO_AGENT: "no agent that reaches the site is there",
    Reason.BUG: "error inside healthmon, see its log",
}


def plain(text: str, longest: int = 128) -> str:
    """`text` from a device as one printable line of at most `longest` characters."""
    line = " ".join(one_line(text).split())
    return shared(line if len(line) <= longest else line[: longest - 1] + "…")


def reason_words(observation: Observation) -> str:
    """Why a check gave nothing. A login that this service refused is told as that, also while no
    further try is made: holding back is what we do about it.
    """
    if observation.since is not None:
        return REASON_WORDS[Reason.AUTH_FAILED]
    return REASON_WORDS[observation.reason or Reason.NOT_REPORTED]


def not_seen(observation: Observation, aspect: str, what: str) -> Verdict:
    """The UNKNOWN verdict of a check that gave nothing: "`what` not checked: <reason in words>
    (detail)".
    """
    reason = observation.reason or Reason.NOT_REPORTED
    detail = f" ({plain(observation.detail)})" if observation.detail else ""
    return verdict(
        observation,
        aspect,
        State.UNKNOWN,
        reason.value,
        f"{what} not checked: {reason_words(observation)}{detail}",
        reason=reason,
    )


def unread_words(unread: Unread) -> str:
    """Why a recorder has not told something: "refused to this account (HTTP 403)"."""
    why = REASON_WORDS[unread.reason]
    return f"{why} ({plain(unread.detail)})" if unread.detail else why


def refused_login(observation: Observation) -> Verdict | None:
    """The fault of an account that the device refuses or has locked, with its age; it stays one
    while tries are held back. None where only other services refuse it: that says nothing here.
    """
    if observation.reason is Reason.LOCKED_OUT:
        code, words = "locked_out", REASON_WORDS[Reason.LOCKED_OUT]
    elif observation.reason is Reason.AUTH_FAILED or observation.since is not None:
        code, words = "login_refused", REASON_WORDS[Reason.AUTH_FAILED]
    else:
        return None
    detail = f" ({plain(observation.detail)})" if observation.detail else ""
    return verdict(
        observation, "login", State.FAULT, code, f"{words}{detail}", began=observation.since
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
        check_type=observation.check_type,
        instance=observation.instance,
        aspect=aspect,
        state=state,
        code="ok" if state is State.OK else code,
        sentence=shared(one_line(sentence)),
        at=observation.at,
        value=value,
        reason=reason,
        began=began,
    )


def time_of_day(at: float, now: float, device: Device) -> str:
    """The time of day where the camera stands, with the date where it was another day."""
    zone = ZoneInfo(device.time_zone)
    then, today = (datetime.fromtimestamp(one, zone) for one in (at, now))
    return f"{then:%H:%M}" if then.date() == today.date() else f"{then:%d %b %H:%M}"
