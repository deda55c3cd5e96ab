"""RTP and RTCP over UDP: a pair of our ports that hears the configured device and nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

from healthmon.protocols import trace
from healthmon.protocols.errors import ResourceError, TooLargeError, from_os
from healthmon.protocols.flood import Allowance, Datagrams
from healthmon.protocols.rtsp import connection as rtsp
from healthmon.protocols.rtsp import rtcp
from healthmon.protocols.rtsp.rtp import Meter
from healthmon.protocols.transport import metering as counting

MOST_TRIES = 20
MEDIA_STEPS, MEDIA_STEPS_A_SECOND = 10_000, 4_000  # a datagram costs more than a frame within TCP
BUFFER_BYTES = 2 * 1024 * 1024  # a key frame comes in one burst
_NOTHING = struct.pack(">BBHII", 0x80, 0, 0, 0, 0)


class _Datagrams(asyncio.DatagramProtocol):
    """Hands datagrams of one sender on; those of everybody else are counted and dropped."""

    def __init__(self, sender: str, take: Callable[[bytes], None], meter: Meter) -> None:
        self.sender, self._take, self._meter = sender, take, meter
        self.flood: TooLargeError | None = None

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """One datagram."""
        if addr[0] == self.sender:
            self._take(data)
        else:
            self._meter.stranger(addr[0])

    def error_received(self, exc: Exception) -> None:
        """Too much came: nothing more is heard. What the kernel reports says nothing of pictures."""
        if isinstance(exc, TooLargeError):
            self.flood = exc


@dataclass(slots=True)
class UdpPair:
    """An even port for RTP and the odd one above it for RTCP (RFC 3550 11); `sender` is the
    device's address.
    """

    sender: str
    port: int
    _media: asyncio.DatagramTransport
    _control: asyncio.DatagramTransport
    _listeners: tuple[_Datagrams, _Datagrams]

    @classmethod
    async def bind(cls, ours: str, sender: str, meter: Meter) -> UdpPair:
        """A pair on our address `ours` that feeds `meter`. Raises ResourceError where none
        is free.
        """

        def media(data: bytes) -> None:
            meter.packet(data, 0, len(data), time.monotonic())

        def control(data: bytes) -> None:
            meter.control(data, 0, len(data), time.time(), time.monotonic())

        allowance = Allowance(
            rtsp.MEDIA_BYTES, MEDIA_STEPS, rtsp.MEDIA_BYTES_A_SECOND, MEDIA_STEPS_A_SECOND
        )
        pictures, reports = (_Datagrams(sender, take, meter) for take in (media, control))
        for _ in range(MOST_TRIES):
            first = await _bound(ours, 0, pictures, allowance)
            port = int(first.get_extra_info("sockname")[1])
            with contextlib.suppress(ResourceError):
                if port % 2 == 0:
                    second = await _bound(ours, port + 1, reports, allowance)
                    return cls(sender, port, first, second, (pictures, reports))
            first.close()
        raise ResourceError("no pair of UDP ports is free here")

    @property
    def flood(self) -> TooLargeError | None:
        """That more came than any stream sends, None while it did not."""
        return self._listeners[0].flood or self._listeners[1].flood

    def wanted(self, profile: str) -> str:
        """The value of the Transport header for RTP of `profile`."""
        return f"{profile};unicast;client_port={self.port}-{self.port + 1}"

    def open_way(self, transport: str) -> None:
        """Send the device one packet from each port, so that a firewall that watches connections
        lets its own pass.

        `transport` is the device's answer: its ports are used, another address in it (``source``)
        is not contacted.
        """
        named = re.search(r"(?i)\bsource=([^;\s]{1,64})", transport)
        if named and named[1] != self.sender:
            trace.note(
                ".",
                f"the device names {named[1]} as the source of its packets; only {self.sender} is heard",
            )
        found = re.search(r"(?i)\bserver_port=(\d{1,5})(?:-(\d{1,5}))?", transport)
        port = int(found[1]) if found else 0
        if found and 0 < port < 0xFFFF:
            self._media.sendto(_NOTHING, (self.sender, port))
            self._control.sendto(
                rtcp.RECEIVER_REPORT, (self.sender, min(int(found[2] or port + 1), 0xFFFF))
            )

    def close(self) -> None:
        """Give both ports back."""
        self._media.close()
        self._control.close()


async def _bound(
    ours: str, port: int, listener: _Datagrams, allowance: Allowance
) -> asyncio.DatagramTransport:
    loop = asyncio.get_running_loop()
    sender = listener.sender
    protocol = counting.around_udp(sender, Datagrams(listener, allowance))
    try:
        transport, _ = await loop.create_datagram_endpoint(
            lambda: protocol, local_addr=(ours, port)
        )
    except OSError as error:
        raise ResourceError(str(from_os(error, f"UDP port {port or 'any'}"))) from None
    with contextlib.suppress(OSError):
        transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES
        )
    return counting.sender(sender, transport)
