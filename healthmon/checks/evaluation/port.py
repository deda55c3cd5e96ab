"""The switch port that a device hangs on: a port down and power that fails name the cause of the
device's fault.

What was switched off on purpose is said differently from what has failed.
"""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.checks.evaluation.durations import duration
from healthmon.checks.evaluation.wording import not_seen, plain, verdict
from healthmon.model.count_words import count_of
from healthmon.model.device import Device
from healthmon.model.enums import State
from healthmon.model.links import Poe, SwitchPort
from healthmon.model.results import Observation, Verdict

LEAST_ERRORS = 3
SLOWEST_LINK = 100e6
_DOWN = {"down", "not_present", "lower_layer_down"}
_POWER_FAULTS = {"fault", "other_fault"}


def evaluate(observation: Observation, device: Device) -> tuple[Verdict, ...]:
    """Aspects: port, and where the switch tells of them poe, speed, errors."""
    port = observation.value
    if not isinstance(port, SwitchPort):
        return (not_seen(observation, "port", "switch port"),)
    return tuple(_aspects(observation, port, device))


def _aspects(observation: Observation, port: SwitchPort, device: Device) -> Iterator[Verdict]:
    yield _port(observation, port, device)
    if port.poe is not None:
        yield _poe(observation, port, port.poe, device)
    if port.speed is not None:
        yield _speed(observation, port, device)
    if port.new_errors is not None and port.new_packets is not None:
        yield _errors(observation, port, device)


def cause(port: SwitchPort, device: Device) -> str:
    """Why the device cannot be reached, as far as its port tells; "" when the port gives
    no reason.
    """
    name, poe = _name(port, device), port.poe
    if port.admin == "down":
        return f"{name} is switched off on purpose"
    if poe is not None and poe.status in _POWER_FAULTS:
        return f"PoE fault: {name} gives the device no power"
    if port.oper not in _DOWN:
        return ""
    if poe is None:
        return f"{name} is down"
    if poe.denied:
        return f"{name} is down: the switch has refused it power"
    if poe.enabled is False:
        return f"{name} is down and its power (PoE) is switched off on purpose"
    if poe.status == "delivering":
        return f"{name} is down although the device draws power"
    return f"{name} is down and finds no device to power: cable or device"


def _name(port: SwitchPort, device: Device) -> str:
    switch = f"{device.port.switch_name} {port.switch}" if device.port else port.switch
    return f"port {plain(port.port, 40)} of {plain(switch, 60)}"


def _port(observation: Observation, port: SwitchPort, device: Device) -> Verdict:
    name = _name(port, device)
    if port.admin == "down":
        sentence = f"{name} is switched off on purpose{_since(observation, port)}"
        return verdict(
            observation, "port", State.DEGRADED, "port_off", sentence, value=0.0, began=port.changed
        )
    if port.oper in _DOWN:
        since = _since(observation, port).strip()
        words = cause(port, device) or f"{name} is down"
        sentence = f"{words} ({since})" if since else words
        return verdict(
            observation, "port", State.FAULT, "port_down", sentence, value=0.0, began=port.changed
        )
    if port.oper is None or port.oper == "unknown":
        return verdict(
            observation, "port", State.UNKNOWN, "not_reported", f"{name}: its state is not reported"
        )
    if port.oper != "up":
        sentence = f"{name} passes no traffic: it is {port.oper}{_since(observation, port)}"
        return verdict(observation, "port", State.DEGRADED, "port_blocked", sentence, value=0.0)
    speed = f" at {_rate(port.speed)}" if port.speed else ""
    return verdict(observation, "port", State.OK, "ok", f"{name} is up{speed}", value=1.0)


def _since(observation: Observation, port: SwitchPort) -> str:
    """As in `` for 3 min``; nothing where the switch does not say."""
    if port.changed is None:
        return ""
    return f" for {duration(max(0.0, observation.at - port.changed))}"


def _poe(observation: Observation, port: SwitchPort, poe: Poe, device: Device) -> Verdict:
    name = _name(port, device)
    if poe.status in _POWER_FAULTS:
        sentence = f"PoE fault on {name}: the switch gives the device no power"
        state = (
            State.DEGRADED if port.oper == "up" else State.FAULT
        )  # up: the device has power from elsewhere
        return verdict(observation, "poe", state, "poe_fault", sentence)
    if poe.denied:
        sentence = f"PoE refused on {name}: {count_of(poe.denied, 'time')} since the last check (power budget or class)"
        return verdict(
            observation, "poe", State.FAULT, "poe_denied", sentence, value=float(poe.denied)
        )
    words = {
        "delivering": "gives power",
        "searching": "gives no power",
        "disabled": "is switched off",
    }
    return verdict(
        observation,
        "poe",
        State.OK,
        "ok",
        f"PoE of {name} {words.get(poe.status or '', 'is well')}",
    )


def _speed(observation: Observation, port: SwitchPort, device: Device) -> Verdict:
    """A link that fell back to a lower speed has a bad pair or connector; a configured speed
    settles what is right.
    """
    name, now = _name(port, device), port.speed or 0.0
    wanted = device.limits.port_speed
    least = wanted if wanted is not None else max(SLOWEST_LINK, port.best_speed or 0.0)
    if port.half_duplex:
        sentence = f"{name} runs at half duplex, {_rate(now)}: one side does not negotiate"
        return verdict(
            observation, "speed", State.DEGRADED, "port_half_duplex", sentence, value=now
        )
    if now < least:
        was = "limit" if wanted is not None or least > (port.best_speed or 0.0) else "it was"
        sentence = f"{name} runs at {_rate(now)} only ({was} {_rate(least)}): cable or connector"
        return verdict(observation, "speed", State.DEGRADED, "port_slow", sentence, value=now)
    return verdict(observation, "speed", State.OK, "ok", f"{name} runs at {_rate(now)}", value=now)


def _errors(observation: Observation, port: SwitchPort, device: Device) -> Verdict:
    errors, packets = port.new_errors or 0, port.new_packets or 0
    share = errors / max(1, errors + packets)
    limit = device.limits.port_errors
    bad = errors >= LEAST_ERRORS and share > limit
    sentence = f"{_name(port, device)}: {errors} receive errors, {share * 100:.2g} % (limit {limit * 100:g} %)"
    return verdict(
        observation,
        "errors",
        State.DEGRADED if bad else State.OK,
        "port_errors",
        sentence,
        value=share,
    )


def _rate(bits: float | None) -> str:
    """``100 Mbit/s``, ``1 Gbit/s``."""
    million = (bits or 0.0) / 1e6
    return f"{million / 1000:g} Gbit/s" if million >= 1000 else f"{million:g} Mbit/s"
