"""A name server that answers as a test says: addresses, an error, or nothing at all (RFC
1035 4.1).
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Mapping
from typing import Self

NXDOMAIN, SERVFAIL = 3, 2
HANG = -1


class DnsServer:
    """Answers A questions on UDP `address`:53 from `names`: an address, a response code, or HANG;
    other types are empty.
    """

    def __init__(self, address: str, names: Mapping[str, str | int]) -> None:
        self.names, self.asked = names, list[str]()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 53))
        self._socket.settimeout(0.1)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while not self._end.is_set():
            try:
                check_type, sender = self._socket.recvfrom(512)
            except TimeoutError:
                continue
            if (answer := self._answer(check_type)) is not None:
                self._socket.sendto(answer, sender)

    def _answer(self, check_type: bytes) -> bytes | None:
        labels, at = [], 12
        while size := check_type[at]:
            labels.append(check_type[at + 1 : at + 1 + size].decode())
            at += 1 + size
        kind = int.from_bytes(check_type[at + 1 : at + 3], "big")
        name = ".".join(labels).lower()
        self.asked.append(name)
        told = self.names.get(name, NXDOMAIN)
        if told == HANG:
            return None
        code, records = (told, b"") if isinstance(told, int) else (0, b"")
        if isinstance(told, str) and kind == 1:
            records = struct.pack(">HHHIH", 0xC00C, 1, 1, 0, 4) + socket.inet_aton(told)
        head = check_type[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, bool(records), 0, 0)
        return head + check_type[12 : at + 5] + records
