"""Do we know the time ourselves? One agent fault when not, instead of a fault at every camera."""

from __future__ import annotations

from healthmon.model import Device, Observation, Reference, State, TimeServer, Verdict
from healthmon.verdict.words import duration, not_seen, verdict

HOST_LIMIT = 0.5
_WORDS = {"false": "wrong", "unsynchronised": "not synchronised", "silent": "does not answer", "bad": "unusable"}


def judge(observation: Observation, device: Device) -> tuple[Verdict, ...]:
    """Aspects: reference, host (our own clock), servers."""
    del device
    seen = observation.value
    if not isinstance(seen, Reference):
        return (not_seen(observation, "reference", "clock reference"),)
    if seen.offset is None:
        sentence = f"no trustworthy time: {seen.reason_text}; no camera clock can be checked"
        found = [verdict(observation, "reference", State.FAULT, "no_reference", sentence)]
    else:
        error = seen.offset.error
        size = f"{error * 1000:.0f} ms" if error < 1 else duration(error)
        servers = f"{seen.servers} server{'' if seen.servers == 1 else 's'}"
        source = servers if seen.servers else "the synchronised clock of this machine"
        sentence = f"clock reference +-{size} ({source})"
        found = [verdict(observation, "reference", State.OK, "ok", sentence, value=error), _host(observation, seen)]
    wrong = [member for member in seen.members if member.state != "good"]
    sentence = "; ".join(_said(member) for member in wrong) or "every time server agrees"
    found.append(verdict(observation, "servers", State.DEGRADED if wrong else State.OK, "time_server", sentence))
    return tuple(found)


def _host(observation: Observation, seen: Reference) -> Verdict:
    offset = seen.offset.middle if seen.offset else 0.0
    off = abs(offset) > HOST_LIMIT
    side = "behind" if offset > 0 else "ahead"
    sentence = f"the clock of the healthmon machine is {duration(offset)} {side} (limit {HOST_LIMIT} s)"
    return verdict(observation, "host", State.DEGRADED if off else State.OK, "host_clock", sentence, value=-offset)


def _said(member: TimeServer) -> str:
    detail = f" ({member.detail})" if member.detail else ""
    return f"time server {member.address} {_WORDS.get(member.state, member.state)}{detail}"
