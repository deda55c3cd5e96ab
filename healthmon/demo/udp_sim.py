"""SNMP (RFC 1628 UPS-MIB, the MIBs of a switch, RFC 2790's clock) and NTP as simulated devices
answer them.
"""

from __future__ import annotations

import asyncio
import bisect
import struct
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import cast
from zoneinfo import ZoneInfo

from healthmon.demo import switch_sim
from healthmon.demo.state import SimDevice
from healthmon.vendors.recorders import host_resources

# The volume of a simulated workstation, in units of 4 KiB.
VOLUME, UNITS = "C:", 60_000_000
NTP_TO_UNIX = 2208988800
UPS = "1.3.6.1.2.1.33.1"
# upsSecondsOnBattery, upsEstimatedChargeRemaining, upsInputVoltage, upsOutputSource (RFC 1628).
ON_MAINS = {f"{UPS}.2.2.0": 0, f"{UPS}.2.4.0": 100, f"{UPS}.3.3.1.3.1": 238, f"{UPS}.4.1.0": 3}


class NtpSim(asyncio.DatagramProtocol):
    """A stratum 2 server with the device's clock."""

    def __init__(self, device: SimDevice) -> None:
        self._device = device

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a client's packet."""
        if len(data) < 48 or self._device.has("off"):
            return
        at = self._device.now() + float(self._device.faults.get("ntp_false", 0.0)) + NTP_TO_UNIX
        stamp = struct.pack(">II", int(at) & 0xFFFFFFFF, int((at % 1) * (1 << 32)))
        leap, stratum = (0xC0, 0) if self._device.has("ntp_unsynchronised") else (0, 2)
        head = struct.pack(">BBbbII4s", leap | 0x24, stratum, 6, -20, 66, 66, bytes((127, 0, 0, 1)))
        answer = head + stamp + data[40:48] + stamp + stamp
        self._transport.sendto(answer, addr)


def _on_battery(seconds: int) -> dict[str, int]:
    """As `ON_MAINS`, after so many seconds without mains."""
    battery = {f"{UPS}.2.2.0": seconds, f"{UPS}.2.4.0": 88}
    return battery | {f"{UPS}.3.3.1.3.1": 0, f"{UPS}.4.1.0": 5}


class SnmpSim(asyncio.DatagramProtocol):
    """An SNMP v1/v2c agent that answers GET, GETNEXT and GETBULK for a UPS, a switch, a camera, a
    recorder or a workstation.
    """

    def __init__(self, device: SimDevice) -> None:
        self._device = device
        self._switch = {name_of(oid): value for oid, value in switch_sim.objects(device).items()}
        self._order = sorted(self._switch)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a GET for the right community; a SET is counted."""
        try:
            answer = self._answer(data)
        except (IndexError, ValueError):
            return
        if answer and not self._device.has("off"):
            self._transport.sendto(answer, addr)

    def _answer(self, data: bytes) -> bytes | None:
        (_, message), *_ = elements(data)
        version, community, pdu = elements(message)
        if community[1].decode() != self._device.community:
            return None
        if pdu[0] == 0xA3:
            self._device.counters.writes_attempted += 1
        request_id, _, most, bindings = elements(pdu[1])
        names = [elements(binding)[0][1] for _, binding in elements(bindings[1])]
        if pdu[0] == 0xA0:
            value = self._reader()
            rows = b"".join(_row(name, value(name), b"\x81\x00") for name in names)
        elif pdu[0] in (0xA1, 0xA5):
            rows = self._following(
                names[0], int.from_bytes(most[1], "big") if pdu[0] == 0xA5 else 1
            )
        else:
            return None
        body = tlv(0x02, request_id[1]) + tlv(0x02, b"\0") + tlv(0x02, b"\0") + tlv(0x30, rows)
        return tlv(0x30, tlv(0x02, version[1]) + tlv(0x04, community[1]) + tlv(0xA2, body))

    def _reader(self) -> Callable[[bytes], bytes | None]:
        """What gives the value of an object as it is now."""
        if self._device.kind != "link":
            return self._values().get

        def read(name: bytes) -> bytes | None:
            found = self._switch.get(name)
            return _encoded(found()) if found else None

        return read

    def _following(self, name: bytes, most: int) -> bytes:
        order = self._order if self._device.kind == "link" else sorted(self._values())
        at = bisect.bisect_right(order, name)
        after, value = order[at : at + most], self._reader()
        return b"".join(_row(one, value(one), b"") for one in after) or _row(
            name, None, b"\x82\x00"
        )

    def _values(self) -> dict[bytes, bytes]:
        device = self._device
        ticks = int((time.monotonic() - device.started) * 100) & 0xFFFFFFFF
        found = {
            name_of("1.3.6.1.2.1.1.1.0"): _encoded(f"Simulated {device.kind}"),
            name_of("1.3.6.1.2.1.1.3.0"): tlv(
                0x43, ticks.to_bytes(ticks.bit_length() // 8 + 1, "big")
            ),
            name_of("1.3.6.1.2.1.25.1.2.0"): tlv(0x04, date_and_time(device.now())),
        }
        if device.kind == "workstation":
            return found | self._computer(ticks)
        return found | self._power() if device.kind == "ups" else found

    def _computer(self, ticks: int) -> dict[bytes, bytes]:
        """HOST-RESOURCES-MIB of a computer of the control room: uptime, load, one volume."""
        used = UNITS if self._device.has("disk_full") else UNITS // 3
        table: dict[str, int | str] = {
            host_resources.UPTIME: ticks + 8_640_000,
            f"{host_resources.LOAD}.1": int(self._device.faults.get("cpu_load", 12)),
            f"{host_resources.DESCRIPTION}.1": VOLUME,
            f"{host_resources.UNIT}.1": 4096,
            f"{host_resources.SIZE}.1": UNITS,
            f"{host_resources.USED}.1": used,
        }
        return {name_of(oid): _encoded(value) for oid, value in table.items()}

    def _power(self) -> dict[bytes, bytes]:
        device = self._device
        seconds = int(device.faults.get("ups_on_battery") or 0)
        alarmed = device.has("ups_replace") or device.has("ups_comms_lost")
        table: dict[str, int | str] = {
            f"{UPS}.1.1.0": "Example",
            f"{UPS}.1.2.0": "Simulated 3000",
            f"{UPS}.2.1.0": 2,
            f"{UPS}.2.3.0": 41,
            f"{UPS}.2.7.0": 24,
            f"{UPS}.4.4.1.2.1": 230,
            f"{UPS}.4.4.1.5.1": 38,
            f"{UPS}.6.1.0": int(alarmed),
            f"{UPS}.7.3.0": 1,
        }
        table |= _on_battery(seconds) if device.has("ups_on_battery") else ON_MAINS
        found = {name_of(oid): _encoded(value) for oid, value in table.items()}
        if alarmed:
            alarm = 1 if device.has("ups_replace") else 20
            found[name_of(f"{UPS}.6.2.1.2.1")] = tlv(0x06, name_of(f"{UPS}.6.3.{alarm}"))
        return found


def date_and_time(at: float) -> bytes:
    """SNMPv2-TC DateAndTime of `at` (Unix seconds): civil time of London with its offset
    from UTC.
    """
    local = datetime.fromtimestamp(at, ZoneInfo("Europe/London"))
    minutes = int((local.utcoffset() or timedelta()).total_seconds()) // 60
    clock = (
        local.month,
        local.day,
        local.hour,
        local.minute,
        local.second,
        local.microsecond // 100_000,
    )
    return struct.pack(
        ">H6BcBB", local.year, *clock, b"-" if minutes < 0 else b"+", *divmod(abs(minutes), 60)
    )


def _row(name: bytes, value: bytes | None, absent: bytes) -> bytes:
    return tlv(0x30, tlv(0x06, name) + (value if value is not None else absent))


def elements(data: bytes) -> list[tuple[int, bytes]]:
    """The tag and body of every element in `data`."""
    found, at = [], 0
    while at < len(data):
        tag, size, at = data[at], data[at + 1], at + 2
        if size & 0x80:
            count = size & 0x7F
            size = int.from_bytes(data[at : at + count], "big")
            at += count
        if at + size > len(data):
            raise ValueError("cut short")
        found.append((tag, data[at : at + size]))
        at += size
    return found


def tlv(tag: int, body: bytes) -> bytes:
    """One element."""
    if len(body) < 128:
        return bytes((tag, len(body))) + body
    return bytes((tag, 0x82)) + len(body).to_bytes(2, "big") + body


def _encoded(value: int | str | bytes) -> bytes:
    if isinstance(value, bytes):
        return tlv(0x04, value)
    if isinstance(value, str):
        return tlv(0x04, value.encode())
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


@lru_cache(maxsize=4096)
def name_of(oid: str) -> bytes:
    """The encoded body of an object identifier."""
    parts = [int(part) for part in oid.split(".")]
    out = bytearray((parts[0] * 40 + parts[1],))
    for part in parts[2:]:
        groups = [part & 0x7F]
        while part := part >> 7:
            groups.insert(0, part & 0x7F | 0x80)
        out += bytes(groups)
    return bytes(out)
