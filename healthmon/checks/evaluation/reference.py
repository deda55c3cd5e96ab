"""Do we know the time ourselves? One agent fault when not, instead of a fault at every camera."""

from __future__ import annotations

from healthmon.checks.evaluation.durations import duration
from healthmon.checks.evaluation.wording import not_seen, verdict
from healthmon.model.count_words import count_of
from healthmon.model.device import Device
from healthmon.model.enums import State
from healthmon.model.measurements import Reference, TimeServer
from healthmon.model.results import Observation, Verdict

HOST_LIMIT = 0.5
_WORDS = {
    "false": "wrong",
    "unsynchronised": "not synchronised",
    "silent": "does not answer",
    "bad": "unusable",
}


def evaluate(observation: Observation, device: Device) -> tuple[Verdict, ...]:
    """Aspects: reference (a bad time server weakens it, the loss of all ends it: one fault that
    grows), host.
    """
    del device
    seen = observation.value
    if not isinstance(seen, Reference):
        return (not_seen(observation, "reference", "clock reference"),)
    wrong = "; ".join(_said(member) for member in seen.members if member.state != "good")
    if seen.offset is None:
        named = f" ({wrong})" if wrong else ""
        sentence = f"no trustworthy time: {seen.reason_text}{named}; no camera clock can be checked"
        return (verdict(observation, "reference", State.FAULT, "no_reference", sentence),)
    state = State.DEGRADED if wrong or seen.reason_text else State.OK
    sentence = _known(observation, seen, seen.offset.error, wrong)
    found = verdict(
        observation, "reference", state, "time_server", sentence, value=seen.offset.error
    )
    return (found, _host(observation, seen))


def _known(observation: Observation, seen: Reference, error: float, wrong: str) -> str:
    size = f"+-{error * 1000:.0f} ms" if error < 1 else f"+-{duration(error)}"
    if seen.reason_text:
        age = max(0.0, observation.at - seen.at) / 60
        named = f" ({wrong})" if wrong else ""
        return f"{seen.reason_text}{named}; the last good answer, {age:.0f} min old, serves for now ({size})"
    servers = count_of(seen.servers, "server")
    source = servers if seen.servers else "the synchronised clock of this machine"
    return "; ".join(filter(None, (wrong, f"clock reference {size} ({source})")))


def _host(observation: Observation, seen: Reference) -> Verdict:
    offset = seen.offset.middle if seen.offset else 0.0
    off = abs(offset) > HOST_LIMIT
    side = "behind" if offset > 0 else "ahead"
    sentence = (
        f"the clock of the healthmon machine is {duration(offset)} {side} (limit {HOST_LIMIT} s)"
    )
    return verdict(
        observation,
        "host",
        State.DEGRADED if off else State.OK,
        "host_clock",
        sentence,
        value=-offset,
    )


def _said(member: TimeServer) -> str:
    if member.state == "unsynchronised" and member.detail:
        return f"time server {member.address} {member.detail}"
    detail = f" ({member.detail})" if member.detail not in {"", "no answer"} else ""
    return f"time server {member.address} {_WORDS.get(member.state, member.state)}{detail}"
