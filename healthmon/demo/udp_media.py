"""A simulated camera's own pair of UDP ports: RTP from the even one, RTCP from the odd one above it
(RFC 3550 11).
"""

from __future__ import annotations

import contextlib
import errno
import socket

MOST_TRIES = 50


class UdpMedia:
    """Sends from `address` to the ports `client` of `peer`. What cannot be sent is lost, as on any
    network.
    """

    def __init__(self, address: str, peer: str, client: tuple[int, int]) -> None:
        self._media, self._control = _pair(address)
        for sock, port in ((self._media, client[0]), (self._control, client[1])):
            sock.setblocking(False)
            sock.connect((peer, port))

    @property
    def ports(self) -> str:
        """Both as a Transport header writes them."""
        first = int(self._media.getsockname()[1])
        return f"{first}-{first + 1}"

    def media(self, packet: bytes) -> None:
        """Send an RTP packet."""
        with contextlib.suppress(OSError):
            self._media.send(packet)

    def control(self, packet: bytes) -> None:
        """Send an RTCP packet."""
        with contextlib.suppress(OSError):
            self._control.send(packet)

    def close(self) -> None:
        """Give the ports back."""
        self._media.close()
        self._control.close()


def _pair(address: str) -> tuple[socket.socket, socket.socket]:
    for _ in range(MOST_TRIES):
        first, second = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        try:
            first.bind((address, 0))
            port = first.getsockname()[1]
            if port % 2 == 0:
                second.bind((address, port + 1))
                return first, second
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                first.close()
                second.close()
                raise
        first.close()
        second.close()
    raise OSError(errno.EADDRINUSE, "no pair of UDP ports is free")
