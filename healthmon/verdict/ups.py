"""Is there power, and for how long? A UPS that says nothing is unknown, never well."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.model import Device, Observation, Reason, State, Ups, Verdict
from healthmon.verdict.words import duration, not_seen, verdict

_FINE = {
    "normal": "on mains",
    "boost": "on mains, boosting",
    "trim": "on mains, trimming",
    "eco": "on mains, eco mode",
}

_TESTS = {"failed": State.FAULT, "warning": State.DEGRADED}


def judge(observation: Observation, device: Device) -> tuple[Verdict, ...]:
    """Aspects: power, runtime, battery, load, temperature, test, alarms."""
    ups = observation.value
    if not isinstance(ups, Ups):
        return (not_seen(observation, "power", "UPS"),)
    if ups.communication is False:
        why = f": {ups.conflicts[0]}" if ups.conflicts else ""
        sentence = f"UPS not checked: its management card or driver has lost it{why}"
        reason = Reason.NOT_REPORTED
        return (
            verdict(observation, "power", State.UNKNOWN, "ups_comms_lost", sentence, reason=reason),
        )
    return (_power(observation, ups), *_rest(observation, ups, device))


def _power(observation: Observation, ups: Ups) -> Verdict:
    if ups.source == "battery":
        since = ups.on_battery_seconds
        words = [f"on battery {duration(since)}" if since else "on battery"]
        load = f" at {ups.load_ratio * 100:.0f} % load" if ups.load_ratio is not None else ""
        if ups.runtime_seconds is not None:
            words.append(f"{_minutes(ups.runtime_seconds)} left{load}")
        began = observation.at - since if since else None
        return verdict(
            observation,
            "power",
            State.FAULT,
            "on_battery",
            ", ".join(words),
            value=since,
            began=began,
        )
    if ups.source in ("bypass", "off"):
        state = "output is off" if ups.source == "off" else "on bypass: the load is not protected"
        return verdict(observation, "power", State.FAULT, "not_protecting", state)
    if ups.source == "test":
        return verdict(observation, "power", State.OK, "ok", "self-test or calibration under way")
    if ups.source in _FINE:
        charge = f", charge {ups.charge_ratio * 100:.0f} %" if ups.charge_ratio is not None else ""
        return verdict(observation, "power", State.OK, "ok", _FINE[ups.source] + charge)
    why = f": {ups.conflicts[0]}" if ups.conflicts else ""
    sentence = f"UPS not checked: it does not say where its output comes from{why}"
    return verdict(
        observation, "power", State.UNKNOWN, "not_reported", sentence, reason=Reason.NOT_REPORTED
    )


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"


def _rest(observation: Observation, ups: Ups, device: Device) -> Iterator[Verdict]:
    limits = device.limits
    if ups.source == "battery" and ups.runtime_seconds is not None:
        warn, fault = limits.ups_runtime
        sentence = f"{_minutes(ups.runtime_seconds)} of battery left (limits {_minutes(warn)} / {_minutes(fault)})"
        yield _above(
            observation, "runtime", "runtime_low", sentence, -ups.runtime_seconds, (-warn, -fault)
        )
    if ups.battery_replace is not None or ups.battery_low is not None:
        yield _battery(observation, ups)
    if ups.source != "battery" and ups.charge_ratio is not None:
        low = ups.charge_ratio < limits.ups_charge
        sentence = f"battery charge {ups.charge_ratio * 100:.0f} % on mains (limit {limits.ups_charge * 100:.0f} %)"
        state = State.DEGRADED if low else State.OK
        yield verdict(observation, "charge", state, "charge_low", sentence, value=ups.charge_ratio)
    if ups.overload:
        load = f": {ups.load_ratio * 100:.0f} %" if ups.load_ratio is not None else ""
        yield verdict(
            observation, "load", State.FAULT, "overload", f"overloaded{load}", value=ups.load_ratio
        )
    elif ups.load_ratio is not None:
        warn, fault = limits.ups_load
        sentence = (
            f"load {ups.load_ratio * 100:.0f} % (limits {warn * 100:.0f} % / {fault * 100:.0f} %)"
        )
        yield _above(observation, "load", "overload", sentence, ups.load_ratio, limits.ups_load)
    if ups.temperature_celsius is not None:
        hot = ups.temperature_celsius > limits.ups_temperature
        sentence = f"battery {ups.temperature_celsius:.0f} C (limit {limits.ups_temperature:.0f} C)"
        state = State.DEGRADED if hot else State.OK
        yield verdict(
            observation,
            "temperature",
            state,
            "battery_hot",
            sentence,
            value=ups.temperature_celsius,
        )
    if ups.test_result not in (None, "none"):
        yield _test(observation, ups, limits.ups_test_days)
    if ups.alarms:
        yield verdict(
            observation, "alarms", State.DEGRADED, "ups_alarm", f"alarms: {', '.join(ups.alarms)}"
        )
    else:
        yield verdict(observation, "alarms", State.OK, "ok", "no alarms")


def _above(
    observation: Observation,
    aspect: str,
    code: str,
    sentence: str,
    value: float,
    limits: tuple[float, float],
) -> Verdict:
    state = State.FAULT if value > limits[1] else State.DEGRADED if value > limits[0] else State.OK
    return verdict(observation, aspect, state, code, sentence, value=abs(value))


def _test(observation: Observation, ups: Ups, longest: float) -> Verdict:
    """A test that was passed long ago says little; one without a date is judged by its result alone."""
    state, code, sentence = (
        _TESTS.get(ups.test_result or "", State.OK),
        "self_test_failed",
        "last self-test: ",
    )
    sentence += str(ups.test_result)
    days = (observation.at - ups.test_at) / 86400 if ups.test_at is not None else 0.0
    if state is State.OK and days > longest:
        state, code, sentence = (
            State.DEGRADED,
            "self_test_old",
            f"{sentence}, {days:.0f} d ago (limit {longest:.0f} d)",
        )
    return verdict(observation, "test", state, code, sentence)


def _battery(observation: Observation, ups: Ups) -> Verdict:
    if ups.battery_replace:
        return verdict(
            observation, "battery", State.FAULT, "battery_replace", "battery must be replaced"
        )
    if ups.battery_low:
        return verdict(observation, "battery", State.FAULT, "battery_low", "battery is low")
    return verdict(observation, "battery", State.OK, "ok", "battery is well")
