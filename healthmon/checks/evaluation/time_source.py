"""Does NTP set the clock of a device, and from the time servers that are expected? Pure."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from healthmon.checks.evaluation.wording import REASON_WORDS, plain, verdict
from healthmon.model.device import Device
from healthmon.model.enums import Reason, State
from healthmon.model.measurements import Clock, TimeSource
from healthmon.model.results import Observation, Verdict

_BY_NTP = "clock is set by NTP"


def evaluate(observation: Observation, device: Device, clock: Clock) -> Iterator[Verdict]:
    """Aspect "source"; none where the device was not asked and does not tell by itself."""
    if clock.mode == "manual":
        sentence = "clock is set by hand, not by NTP"
        yield verdict(observation, "source", State.DEGRADED, "clock_manual", sentence)
    elif clock.source is not None:
        yield _servers(observation, device, clock.mode, clock.source)
    elif clock.mode == "ntp":
        yield verdict(observation, "source", State.OK, "ok", _BY_NTP)


def foreign(source: TimeSource, device: Device) -> tuple[str, ...]:
    """The servers of `source` that are none of those expected of `device`; none where nothing is
    expected.
    """
    expected = {_spelled(one) for one in device.ntp}
    return tuple(one for one in source.servers if expected and _spelled(one) not in expected)


def _spelled(host: str) -> str:
    """An address or a name in its one spelling."""
    try:
        return str(ip_address(host))
    except ValueError:
        return host.rstrip(".").casefold()


def _servers(
    observation: Observation, device: Device, mode: str | None, source: TimeSource
) -> Verdict:
    """The verdict on a device that does not say that its clock is set by hand."""
    expected = f" (expected: {_listed(device.ntp)})" if device.ntp else ""
    asked = f"asks {_listed(source.servers)}{' (by DHCP)' if source.by_dhcp else ''}"
    if source.reason is not None:
        return _untold(observation, device, mode, source)
    if not source.servers:
        return _none_set(observation, mode, source, expected)
    if foreign(source, device):
        sentence = f"another time server is set: it {asked}{expected}"
        return verdict(observation, "source", State.DEGRADED, "clock_other_server", sentence)
    if mode is None:
        return _unknown(
            observation, Reason.NOT_REPORTED, f"whether NTP is on is not reported; it {asked}"
        )
    sentence = f"{_BY_NTP}: it {asked}{', as expected' if expected else ''}"
    return verdict(observation, "source", State.OK, "ok", sentence)


def _untold(
    observation: Observation, device: Device, mode: str | None, source: TimeSource
) -> Verdict:
    """It did not tell its servers. That NTP is on is enough where no server is expected."""
    reason = source.reason or Reason.NOT_REPORTED
    why = REASON_WORDS[reason] + (f" ({plain(source.detail, 80)})" if source.detail else "")
    if mode == "ntp" and not device.ntp:
        sentence = f"{_BY_NTP}; its time servers are not known: {why}"
        return verdict(observation, "source", State.OK, "ok", sentence)
    return _unknown(observation, reason, why)


def _none_set(
    observation: Observation, mode: str | None, source: TimeSource, expected: str
) -> Verdict:
    """It named no server."""
    if source.by_dhcp and mode == "ntp" and not expected:
        return verdict(
            observation, "source", State.OK, "ok", f"{_BY_NTP}, its servers come by DHCP"
        )
    if source.by_dhcp or not (mode or expected):
        why = "servers by DHCP are not reported" if source.by_dhcp else "it names no time server"
        return _unknown(observation, Reason.NOT_REPORTED, why + expected)
    sentence = f"NTP cannot set the clock: no time server is set{expected}"
    return verdict(observation, "source", State.DEGRADED, "clock_no_server", sentence)


def _unknown(observation: Observation, reason: Reason, why: str) -> Verdict:
    sentence = f"time source not checked: {why}"
    return verdict(observation, "source", State.UNKNOWN, reason.value, sentence, reason=reason)


def _listed(servers: tuple[str, ...]) -> str:
    return ", ".join(plain(one, 60) for one in servers)
