"""Is the certificate of a TLS port in date, trusted and strong? Where a device has two, each
sentence says which.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from healthmon.checks.evaluation.wording import REASON_WORDS, not_seen, plain, verdict
from healthmon.model.count_words import count_of
from healthmon.model.device import Device
from healthmon.model.enums import Reason, State
from healthmon.model.measurements import Certificate
from healthmon.model.results import Observation, Verdict

_DAY = 86400.0


def evaluate(observation: Observation, device: Device) -> tuple[Verdict, ...]:
    """Aspects "expiry" (value: days left), "trust" and "strength"."""
    found = _judged(observation, device)
    if not observation.instance:
        return found
    name = f"{observation.instance.upper()} {device.access.tls_ports.get(observation.instance, '')}".rstrip()
    return tuple(replace(one, sentence=f"{name}: {one.sentence}") for one in found)


def _judged(observation: Observation, device: Device) -> tuple[Verdict, ...]:
    seen = observation.value
    if isinstance(seen, Certificate):
        return (
            _expiry(observation, seen, device.limits.certificate_days),
            _trust(observation, seen),
            _strength(observation, seen),
        )
    missing = not_seen(observation, "expiry", "certificate")
    if observation.reason is Reason.TLS_TIMEOUT:
        sentence = f"{REASON_WORDS[Reason.TLS_TIMEOUT]} ({plain(observation.detail)})"
    elif observation.reason is Reason.TLS:
        sentence = f"TLS does not come about: {plain(observation.detail)}"
    else:
        return (missing,)
    return (missing, verdict(observation, "trust", State.FAULT, "tls_failed", sentence))


def _expiry(observation: Observation, seen: Certificate, limits: tuple[float, float]) -> Verdict:
    left = (seen.not_after - observation.at) / _DAY
    until = _date(seen.not_after)
    asked = f"limits {limits[0]:.0f} and {limits[1]:.0f} days"
    if observation.at < seen.not_before:
        sentence = f"certificate not valid before {_date(seen.not_before)}"
        return verdict(
            observation, "expiry", State.FAULT, "certificate_not_yet_valid", sentence, value=left
        )
    if left < 0:
        sentence = f"certificate expired {count_of(round(-left), 'day')} ago, on {until}"
        return verdict(
            observation, "expiry", State.FAULT, "certificate_expired", sentence, value=left
        )
    if left < limits[0]:
        state = State.FAULT if left < limits[1] else State.DEGRADED
        sentence = f"certificate expires in {count_of(round(left), 'day')}, on {until} ({asked})"
        return verdict(observation, "expiry", state, "certificate_expires", sentence, value=left)
    return verdict(
        observation, "expiry", State.OK, "ok", f"certificate valid until {until}", value=left
    )


def _trust(observation: Observation, seen: Certificate) -> Verdict:
    if seen.trusted:
        return verdict(observation, "trust", State.OK, "ok", "certificate trusted")
    code = "certificate_changed" if "changed key" in seen.problem else "certificate_untrusted"
    sentence = f"certificate not trusted: {plain(seen.problem)} (issued by {plain(seen.issuer)})"
    return verdict(observation, "trust", State.FAULT, code, sentence)


def _strength(observation: Observation, seen: Certificate) -> Verdict:
    if seen.weak:
        return verdict(
            observation,
            "strength",
            State.DEGRADED,
            "certificate_weak",
            f"weak encryption: {seen.weak}",
        )
    return verdict(observation, "strength", State.OK, "ok", "key and TLS version strong enough")


def _date(at: float) -> str:
    try:
        return f"{datetime.fromtimestamp(at, UTC):%d %b %Y}"
    except (ValueError, OverflowError, OSError):
        return "a date that does not exist"
