"""Can the device be reached? The only check that says FAULT when it cannot."""

from __future__ import annotations

from collections.abc import Sequence

from healthmon.checks.evaluation.durations import duration
from healthmon.checks.evaluation.wording import REASON_WORDS, not_seen, plain, verdict
from healthmon.model.device import Device
from healthmon.model.enums import OUR_TROUBLE, Reason, State
from healthmon.model.measurements import Port, Reach
from healthmon.model.results import Observation, Verdict

ASPECT = "reach"
_SPEAKING = {"rtsp", "http", "https", "nut", "apcupsd"}
# A check that was cut or found no address is an answer to this check; these are not.
_NO_ANSWER_TO_IT = OUR_TROUBLE | {
    Reason.BEHIND_PARENT,
    Reason.UNSUPPORTED,
    Reason.ADDRESS_MISMATCH,
    Reason.DATA_BUDGET,
}
_NAMES = {
    "rtsp": "RTSP",
    "http": "HTTP",
    "https": "HTTPS",
    "snmp": "SNMP",
    "nut": "NUT",
    "apcupsd": "apcupsd",
    "icmp": "ping",
    "tcp": "TCP",
}


def evaluate(observation: Observation, device: Device) -> tuple[Verdict, ...]:
    """One verdict, aspect "reach": unreachable, part_unreachable, slow, or OK with the time of the
    slowest port.
    """
    seen = observation.value
    if not isinstance(seen, Reach):
        return (_without_ports(observation),)
    ports = [port for port in seen.ports if port.name != "icmp"]
    ping = next((port for port in seen.ports if port.name == "icmp"), None)
    if not ports:
        return (_by_ping(observation, ping),)
    return (_by_ports(observation, ports, ping, device),)


def _by_ports(
    observation: Observation, ports: Sequence[Port], ping: Port | None, device: Device
) -> Verdict:
    answered = [port for port in ports if port.reason is None]
    failed = [port for port in ports if port.reason is not None]
    ours = next((port for port in failed if port.reason in OUR_TROUBLE), None)
    if ours is not None:
        return _ours(observation, ours)
    if not answered:
        return _unreachable(observation, failed, ping)
    if failed:
        sentence = f"{_names(answered)} {_answer(answered)}, but {_causes(failed)}"
        value = _slowest(answered)
        return verdict(
            observation, ASPECT, State.DEGRADED, "part_unreachable", sentence, value=value
        )
    return _by_time(observation, answered, device.limits.latency)


def _without_ports(observation: Observation) -> Verdict:
    reason = observation.reason or Reason.NOT_REPORTED
    if reason in _NO_ANSWER_TO_IT:
        return not_seen(observation, ASPECT, "reachability")
    detail = f" ({plain(observation.detail)})" if observation.detail else ""
    sentence = f"cannot be reached: {REASON_WORDS[reason]}{detail}"
    return verdict(observation, ASPECT, State.FAULT, "unreachable", sentence)


def _by_ping(observation: Observation, ping: Port | None) -> Verdict:
    """No port is configured: an answered ping is good news, a missing one proves nothing."""
    if ping is not None and ping.seconds is not None:
        return verdict(
            observation,
            ASPECT,
            State.OK,
            "ok",
            f"answers ping in {milliseconds(ping.seconds)}",
            value=ping.seconds,
        )
    sentence = "reachability not checked: no port is configured" + (
        " and ping is not answered" if ping else ""
    )
    return verdict(
        observation, ASPECT, State.UNKNOWN, "unsupported", sentence, reason=Reason.UNSUPPORTED
    )


def _ours(observation: Observation, port: Port) -> Verdict:
    reason = port.reason or Reason.BUG
    sentence = f"reachability not checked: {REASON_WORDS[reason]}"
    return verdict(observation, ASPECT, State.UNKNOWN, reason.value, sentence, reason=reason)


def _unreachable(observation: Observation, failed: Sequence[Port], ping: Port | None) -> Verdict:
    if all(_is_silent(port) for port in failed):
        sentence = f"connected, but answers nothing: {_names(failed)}{_in_time(failed)}"
        return verdict(observation, ASPECT, State.FAULT, "unreachable", sentence)
    if all(_is_silent(port) or _hangs_up(port) for port in failed):
        sentence = f"connected, but answers nothing: {_causes(failed)}"
        return verdict(observation, ASPECT, State.FAULT, "unreachable", sentence)
    silent = all(port.reason in {Reason.CONNECT_TIMEOUT, Reason.TIMEOUT} for port in failed)
    sentence = f"no answer on {_names(failed)}{_in_time(failed)}" if silent else _causes(failed)
    if ping is not None and ping.seconds is not None:
        sentence = f"answers ping, but {sentence}"
    return verdict(observation, ASPECT, State.FAULT, "unreachable", sentence)


def _is_silent(port: Port) -> bool:
    """Whether it took the connection and said nothing."""
    return port.name in _SPEAKING and port.reason is Reason.TIMEOUT


def _hangs_up(port: Port) -> bool:
    """Whether it took the connection and dropped it upon our request."""
    return port.name in _SPEAKING and port.reason is Reason.RESET and port.seconds is not None


def _by_time(observation: Observation, ports: Sequence[Port], limit: float) -> Verdict:
    slowest = _slowest(ports)
    if slowest > limit:
        sentence = f"slow: {_names(ports)} {_answer(ports)} in {duration(slowest)} (limit {duration(limit)})"
        return verdict(observation, ASPECT, State.DEGRADED, "slow", sentence, value=slowest)
    sentence = f"{_names(ports)} {_answer(ports)} in {milliseconds(slowest)}"
    return verdict(observation, ASPECT, State.OK, "ok", sentence, value=slowest)


def _slowest(ports: Sequence[Port]) -> float:
    return max(port.seconds or 0.0 for port in ports)


def _name(port: Port) -> str:
    return f"{_NAMES.get(port.name, port.name)} {port.number}"


def _names(ports: Sequence[Port]) -> str:
    return " and ".join(_name(port) for port in ports)


def _answer(ports: Sequence[Port]) -> str:
    return "answers" if len(ports) == 1 else "answer"


def _causes(ports: Sequence[Port]) -> str:
    short = {
        Reason.REFUSED: "refused",
        Reason.RESET: "dropped",
        Reason.CONNECT_TIMEOUT: "gives no answer",
        Reason.TIMEOUT: "answers nothing",
    }
    return ", ".join(
        f"{_name(p)} {short.get(p.reason, REASON_WORDS[p.reason])}" for p in ports if p.reason
    )


def _in_time(ports: Sequence[Port]) -> str:
    """The time that was waited, as the detail of the port ends with it; empty where it does not."""
    tail = ports[0].detail.rpartition(" in ")[2]
    return f" in {tail}" if tail.endswith(" s") and tail != ports[0].detail else ""


def milliseconds(seconds: float) -> str:
    """`seconds` of a network answer: ``0.4 ms``, ``12 ms``, ``1.2 s``."""
    if seconds >= 1:
        return duration(seconds)
    return f"{seconds * 1000:.1f} ms" if seconds < 0.01 else f"{seconds * 1000:.0f} ms"
