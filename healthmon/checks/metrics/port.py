"""The metric families of the switch port check."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.checks.metrics import Help, Sample
from healthmon.model.links import SwitchPort
from healthmon.model.results import Observation, Verdict

HELP: Help = {
    "healthmon_port_up": (
        "gauge",
        "1 if the switch port of the device is up (IF-MIB ifOperStatus).",
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
}


def samples(observation: Observation, verdicts: tuple[Verdict, ...]) -> Iterator[Sample]:
    """The values of one switch port."""
    del verdicts
    if isinstance(observation.value, SwitchPort):
        yield from _figures(observation.value)


def _figures(port: SwitchPort) -> Iterator[Sample]:
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
