"""Is there power, and for how long? A UPS that says nothing is unknown, never well: of each part
only what it said is judged, and a part of which it said nothing has no line.
"""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.checks.evaluation.durations import duration
from healthmon.checks.evaluation.wording import not_seen as _not_seen
from healthmon.checks.evaluation.wording import verdict
from healthmon.model import ups as says
from healthmon.model.device import Device, Limits
from healthmon.model.enums import Reason, State
from healthmon.model.results import Observation, Verdict
from healthmon.model.ups import Ups, UpsCondition

_FINE = {
    "normal": "on mains",
    "boost": "on mains, boosting",
    "trim": "on mains, trimming",
    "eco": "on mains, eco mode",
}
_ON_MAINS = (*_FINE, "bypass")
LONGEST_TEST = 4 * 3600.0
_TESTS = {"failed": State.FAULT, "warning": State.DEGRADED, "aborted": State.DEGRADED}
# Parts of a UPS in the order in which they are told; the load stands beside its figure.
_PARTS = (
    "battery",
    "charger",
    "output",
    "inverter",
    "bypass",
    "unit",
    "input",
    "shutdown",
    "alarms",
)
_BATTERY_CODES = {
    says.BATTERY_LOW: "battery_low",
    says.BATTERY_DEPLETED: "battery_low",
    says.BATTERY_REPLACE: "battery_replace",
    says.BATTERY_HOT: "battery_hot",
    says.BATTERY_OVERHEATED: "battery_hot",
}
_PART_CODES = {
    "charger": "ups_fault",
    "output": "ups_fault",
    "inverter": "ups_fault",
    "bypass": "ups_fault",
    "unit": "ups_fault",
    "input": "ups_alarm",
    "shutdown": "ups_shutdown",
    "alarms": "ups_alarm",
}


def evaluate(observation: Observation, device: Device) -> tuple[Verdict, ...]:
    """Aspects: power, runtime, each part that it spoke of, charge, load, temperature, test."""
    ups = observation.value
    if not isinstance(ups, Ups):
        return (_not_seen(observation, "power", "UPS"),)
    if says.LINK_LOST in ups.conditions:
        why = f" ({ups.conflicts[0]})" if ups.conflicts else ""
        words = f"UPS not checked: {says.LINK_LOST.words}{why}"
        return (_unknown(observation, "ups_comms_lost", words),)
    found = (
        _power(observation, ups),
        *_runtime(observation, ups, device.limits),
        *_parts(observation, ups),
        *_figures(observation, ups, device.limits),
    )
    return found if not ups.stand_in else _of_stand_in(observation, ups, found)


def _of_stand_in(
    observation: Observation, ups: Ups, found: tuple[Verdict, ...]
) -> tuple[Verdict, ...]:
    """What is not the UPS itself is believed where it tells trouble, and never that all is well."""
    bad = tuple(each for each in found if each.state in (State.DEGRADED, State.FAULT))
    if any(each.aspect == "power" for each in bad):
        return bad
    return (_unknown(observation, "not_reported", f"UPS not checked: {ups.stand_in}"), *bad)


def _unknown(observation: Observation, code: str, sentence: str) -> Verdict:
    reason = Reason.NOT_REPORTED
    return verdict(observation, "power", State.UNKNOWN, code, sentence, reason=reason)


def _power(observation: Observation, ups: Ups) -> Verdict:
    if ups.source == "battery":
        return _on_battery(observation, ups)
    if ups.source in ("bypass", "off"):
        state = "output is off" if ups.source == "off" else "on bypass: the load is not protected"
        return verdict(observation, "power", State.FAULT, "not_protecting", state)
    if ups.source == "test":
        return _testing(observation, ups)
    if ups.source in _FINE:
        charge = f", charge {ups.charge_ratio * 100:.0f} %" if ups.charge_ratio is not None else ""
        return verdict(observation, "power", State.OK, "ok", _FINE[ups.source] + charge)
    why = f": {ups.conflicts[0]}" if ups.conflicts else ""
    sentence = f"UPS not checked: it does not say where its output comes from{why}"
    return _unknown(observation, "not_reported", sentence)


def _on_battery(observation: Observation, ups: Ups) -> Verdict:
    since = ups.on_battery_seconds
    words = [f"on battery {duration(since)}" if since else "on battery"]
    load = f" at {ups.load_ratio * 100:.0f} % load" if ups.load_ratio is not None else ""
    if ups.runtime_seconds is not None:
        words.append(f"{_minutes(ups.runtime_seconds)} left{load}")
    began = observation.at - since if since else None
    sentence = ", ".join(words)
    return verdict(
        observation, "power", State.FAULT, "on_battery", sentence, value=since, began=began
    )


def _testing(observation: Observation, ups: Ups) -> Verdict:
    """A self-test or calibration is no power cut, unless it does not end."""
    lasted = ups.test_seconds or 0.0
    sentence = "self-test or calibration under way"
    if lasted <= LONGEST_TEST:
        return verdict(observation, "power", State.OK, "ok", sentence)
    sentence += f" for {duration(lasted)} (limit {LONGEST_TEST / 3600:.0f} h): on battery"
    return verdict(observation, "power", State.FAULT, "on_battery", sentence, value=lasted)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"


def _runtime(observation: Observation, ups: Ups, limits: Limits) -> Iterator[Verdict]:
    if ups.source != "battery" or ups.runtime_seconds is None:
        return
    warn, fault = limits.ups_runtime
    left, bounds = _minutes(ups.runtime_seconds), f"{_minutes(warn)} / {_minutes(fault)}"
    sentence = f"{left} of battery left (limits {bounds})"
    yield _above(
        observation, "runtime", "runtime_low", sentence, -ups.runtime_seconds, (-warn, -fault)
    )


def _parts(observation: Observation, ups: Ups) -> Iterator[Verdict]:
    """One verdict for each part of which it said something: the worst that it said."""
    for part in _PARTS:
        said = [each for each in ups.conditions if each.part == part]
        if part == "input" and ups.source not in ("normal", "eco", "bypass"):
            continue  # the power line tells it
        if said:
            yield _part(observation, part, said)


def _part(observation: Observation, part: str, said: list[UpsCondition]) -> Verdict:
    bad = sorted((each for each in said if each.state is not State.OK), key=lambda c: -c.state)
    told = bad or _best(said)
    words = ", ".join(dict.fromkeys(each.words for each in told))
    if not bad:
        return verdict(observation, part, State.OK, "ok", words)
    state = bad[0].state
    if part == "battery":
        code = _BATTERY_CODES.get(bad[0], "battery_fault")
        return verdict(observation, part, state, code, words)
    if part == "alarms":
        words = f"alarms: {words}"
    if part == "input":
        words = f"on mains, but {words}"
    return verdict(observation, part, state, _PART_CODES[part], words)


def _best(said: list[UpsCondition]) -> list[UpsCondition]:
    """Of statements that all is well the one that says most."""
    whole = [each for each in said if each.words.endswith(" is well")]
    return whole[:1] or said


def _figures(observation: Observation, ups: Ups, limits: Limits) -> Iterator[Verdict]:
    missing = says.BATTERY_MISSING in ups.conditions
    if ups.source in _ON_MAINS and ups.charge_ratio is not None and not missing:
        yield _charge(observation, ups.charge_ratio, limits.ups_charge)
    yield from _load(observation, ups, limits)
    if ups.temperature_celsius is not None:
        limit, warm = limits.ups_temperature, ups.temperature_celsius
        sentence = f"battery {warm:.0f} C (limit {limit:.0f} C)"
        state = State.DEGRADED if warm > limit else State.OK
        yield verdict(observation, "temperature", state, "battery_hot", sentence, value=warm)
    if ups.internal_celsius is not None:
        limit, warm = limits.ups_electronics, ups.internal_celsius
        sentence = f"electronics {warm:.0f} C (limit {limit:.0f} C)"
        state = State.DEGRADED if warm > limit else State.OK
        yield verdict(observation, "electronics", state, "ups_hot", sentence, value=warm)
    if ups.test_result is not None:
        yield _test(observation, ups, limits.ups_test_days)


def _charge(observation: Observation, charge: float, limit: float) -> Verdict:
    sentence = f"battery charge {charge * 100:.0f} % on mains (limit {limit * 100:.0f} %)"
    state = State.DEGRADED if charge < limit else State.OK
    return verdict(observation, "charge", state, "charge_low", sentence, value=charge)


def _load(observation: Observation, ups: Ups, limits: Limits) -> Iterator[Verdict]:
    """The load by its figure and by the UPS's own word: the worse of the two."""
    ratio = ups.load_ratio
    found = []
    if ratio is not None:
        warn, fault = limits.ups_load
        bounds = f"{warn * 100:.0f} % / {fault * 100:.0f} %"
        sentence = f"load {ratio * 100:.0f} % (limits {bounds})"
        found.append(_above(observation, "load", "overload", sentence, ratio, limits.ups_load))
    for each in ups.conditions:
        if each.part == "load":
            words = each.words + (f": {ratio * 100:.0f} %" if ratio is not None else "")
            found.append(verdict(observation, "load", each.state, "overload", words, value=ratio))
    if found:
        yield max(found, key=lambda each: each.state)


def _above(
    observation: Observation,
    aspect: str,
    code: str,
    sentence: str,
    value: float,
    limits: tuple[float, float],
) -> Verdict:
    state = State.OK
    if value > limits[0]:
        state = State.FAULT if value > limits[1] else State.DEGRADED
    return verdict(observation, aspect, state, code, sentence, value=abs(value))


def _test(observation: Observation, ups: Ups, longest: float) -> Verdict:
    """A test that was passed long ago says little; one without a date is judged by its result
    alone.
    """
    state = _TESTS.get(ups.test_result or "", State.OK)
    sentence = f"last self-test: {ups.test_result}"
    days = (observation.at - ups.test_at) / 86400 if ups.test_at is not None else 0.0
    if state is State.OK and days > longest:
        sentence += f", {days:.0f} d ago (limit {longest:.0f} d)"
        return verdict(observation, "test", State.DEGRADED, "self_test_old", sentence)
    return verdict(observation, "test", state, "self_test_failed", sentence)
