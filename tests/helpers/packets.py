"""Every IPv4 packet of a network namespace, counted by where it goes."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from typing import Self

_ETH_P_ALL = 3
_IPV4 = b"\x08\x00"


class PacketCounter:
    """While it is entered: `to` counts (address, protocol) of the packets that this namespace sends,
    `syns` the TCP connections (address, port) that are begun.
    """

    def __init__(self) -> None:
        self.to: Counter[str] = Counter()
        self.syns: Counter[tuple[str, int]] = Counter()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
        self._socket.settimeout(0.2)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._count)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._socket.close()

    def _count(self) -> None:
        while not self._ended.is_set():
            try:
                data, about = self._socket.recvfrom(65536)
            except TimeoutError:
                continue
            if about[2] == socket.PACKET_OUTGOING and data[12:14] == _IPV4:
                self._take(data[14:])

    def _take(self, packet: bytes) -> None:
        to = socket.inet_ntoa(packet[16:20])
        self.to[to] += 1
        head = (packet[0] & 15) * 4
        if packet[9] == socket.IPPROTO_TCP and packet[head + 13] & 0x12 == 0x02:
            self.syns[to, int.from_bytes(packet[head + 2 : head + 4])] += 1
