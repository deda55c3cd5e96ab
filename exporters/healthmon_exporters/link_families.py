"""The metric families of links: switch ports and their power, relayed streams."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.model import Link, Relay, SwitchPort

Sample = tuple[str, tuple[tuple[str, str], ...], float]

HELP: dict[str, tuple[str, str]] = {
    "healthmon_port_up": (
        "gauge",
        "1 when the switch port of the device is up (IF-MIB ifOperStatus).",
    ),
    "healthmon_port_speed_bytes": (
        "gauge",
        "Speed of the link, bytes per second (IF-MIB ifHighSpeed).",
    ),
    "healthmon_port_received_bytes_total": (
        "counter",
        "Bytes from the device (IF-MIB ifHCInOctets).",
    ),
    "healthmon_port_errors_total": (
        "counter",
        "Damaged packets from the device (IF-MIB ifInErrors).",
    ),
    "healthmon_poe_fault": (
        "gauge",
        "1 while the switch finds a PoE fault (RFC 3621 pethPsePortDetectionStatus).",
    ),
    "healthmon_poe_watts": (
        "gauge",
        "Power that a switch gives to its ports (RFC 3621 pethMainPseConsumptionPower).",
    ),
    "healthmon_poe_budget_watts": (
        "gauge",
        "Power that a switch has for its ports (RFC 3621 pethMainPsePower).",
    ),
    "healthmon_relay_up": (
        "gauge",
        "1 when a camera's pictures arrive where they are handed over and move.",
    ),
    "healthmon_relay_delay_seconds": (
        "gauge",
        "How much later pictures come by the relay than from the camera.",
    ),
    "healthmon_relay_delay_error_seconds": ("gauge", "Bound of the error of the relay's delay."),
}


def link_samples(link: Link) -> Iterator[Sample]:
    """The power that a switch has for its ports."""
    for supply in link.power:
        labels = (("supply", supply.group),)
        if supply.used is not None:
            yield "healthmon_poe_watts", labels, supply.used
        if supply.watts is not None:
            yield "healthmon_poe_budget_watts", labels, supply.watts


def relay_samples(relay: Relay) -> Iterator[Sample]:
    """The delay of a relayed stream where it could be measured."""
    if relay.delay is not None:
        labels = (("camera", relay.camera),)
        yield "healthmon_relay_delay_seconds", labels, relay.delay.middle
        yield "healthmon_relay_delay_error_seconds", labels, relay.delay.error


def port_samples(port: SwitchPort) -> Iterator[Sample]:
    """The values of one switch port."""
    labels = (("switch", port.switch), ("port", port.port))
    poe = port.poe.status if port.poe else None
    for name, value in (
        ("port_up", None if port.oper in (None, "unknown") else port.oper == "up"),
        ("port_speed_bytes", port.speed / 8 if port.speed is not None else None),
        ("port_received_bytes_total", port.bytes_in),
        ("port_errors_total", port.errors),
        ("poe_fault", poe in ("fault", "other_fault") if poe is not None else None),
    ):
        if value is not None:
            yield f"healthmon_{name}", labels, float(value)
