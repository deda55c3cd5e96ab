"""The metric families of links: switch ports and their power."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.model import SwitchPort

Sample = tuple[str, tuple[tuple[str, str], ...], float]

HELP: dict[str, tuple[str, str]] = {
    "healthmon_port_up": ("gauge", "1 when the switch port of the device is up (IF-MIB ifOperStatus)."),
    "healthmon_port_speed_bytes": ("gauge", "Speed of the link, bytes per second (IF-MIB ifHighSpeed)."),
    "healthmon_port_received_bytes_total": ("counter", "Bytes from the device (IF-MIB ifHCInOctets)."),
    "healthmon_port_errors_total": ("counter", "Damaged packets from the device (IF-MIB ifInErrors)."),
    "healthmon_poe_fault": ("gauge", "1 while the switch finds a PoE fault (RFC 3621 pethPsePortDetectionStatus)."),
}


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
