"""The services of a link, and the power that a switch has for its ports."""

from __future__ import annotations

from healthmon.checks.evaluation.wording import REASON_WORDS, not_seen, plain, verdict
from healthmon.model.device import Device
from healthmon.model.enums import OUR_TROUBLE, State
from healthmon.model.links import Link, PowerSupply, Service
from healthmon.model.results import Observation, Verdict

_NAMES = {"rtsp": "RTSP", "http": "HTTP", "https": "HTTPS", "snmp": "SNMP"}


def evaluate(observation: Observation, device: Device) -> tuple[Verdict, ...]:
    """Aspects: rtsp, http, https and snmp, each where it is configured, and ``power N`` of a
    switch's supplies.
    """
    link = observation.value
    if not isinstance(link, Link):
        return (not_seen(observation, "services", "services"),)
    services = tuple(_service(observation, service) for service in link.services)
    return (
        *services,
        *(_power(observation, supply, device.limits.poe_power) for supply in link.power),
    )


def _service(observation: Observation, service: Service) -> Verdict:
    name = f"{_NAMES.get(service.name, service.name)} {service.number}"
    if service.reason is not None:
        words = f"{name}: {REASON_WORDS[service.reason]}"
        detail = f" ({plain(service.detail)})" if service.detail else ""
        if (
            service.reason in OUR_TROUBLE or service.name == "snmp"
        ):  # without SNMP the link still passes pictures
            sentence = f"{name} not checked: {REASON_WORDS[service.reason]}{detail}"
            reason = service.reason
            return verdict(
                observation, service.name, State.UNKNOWN, reason.value, sentence, reason=reason
            )
        return verdict(
            observation, service.name, State.FAULT, "service_down", f"{words}{detail}", value=0.0
        )
    if service.status is not None and service.status >= 500:
        sentence = f"{name} answers with error {service.status}"
        return verdict(
            observation, service.name, State.DEGRADED, "service_error", sentence, value=0.0
        )
    return verdict(observation, service.name, State.OK, "ok", f"{name} answers", value=1.0)


def _power(observation: Observation, supply: PowerSupply, limit: float) -> Verdict:
    aspect = f"power {supply.group}"
    name = f"PoE supply {supply.group}"
    if supply.status == "faulty":
        return verdict(observation, aspect, State.FAULT, "poe_supply", f"{name} is faulty")
    if supply.watts is None or supply.used is None:
        return verdict(
            observation, aspect, State.OK, "ok", f"{name} is {supply.status or 'not reported'}"
        )
    share = supply.used / supply.watts
    sentence = f"{name} gives {supply.used:g} W of {supply.watts:g} W, {share * 100:.0f} % (limit {limit * 100:g} %)"
    return verdict(
        observation,
        aspect,
        State.DEGRADED if share > limit else State.OK,
        "poe_budget",
        sentence,
        value=share,
    )
