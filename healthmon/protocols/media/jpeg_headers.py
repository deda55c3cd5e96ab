"""The headers that RTP leaves out of a JPEG picture (RFC 2435 3.1, 4.2 and appendices A and B).

The Huffman tables are the standard ones (ITU-T T.81 Annex K.3), which a decoder has without being
told.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

# Quantisation tables of quality 50 in zigzag order (RFC 2435, appendix A).
_LUMA = bytes.fromhex(
    "100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c3933"
    "383740485c4e404457453738506d51575f626768673e4d71797064785c656763"
)
_CHROMA = bytes((17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66)) + bytes([99]) * 50
_MAIN, _RESTART, _TABLES = 8, 4, 4
_IN_BAND = 128


@dataclass(frozen=True, slots=True)
class _Main:
    """The main header of one payload: `offset` of its data, `kind` 0 (4:2:2) or 1 (4:2:0), with
    restart markers from 64 on.
    """

    offset: int
    kind: int
    quality: int
    width: int
    height: int

    @classmethod
    def of(cls, payload: bytes) -> _Main:
        """As RFC 2435 3.1 lays it out."""
        offset = int.from_bytes(payload[1:4], "big")
        return cls(offset, payload[4], payload[5], payload[6] * 8, payload[7] * 8)

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height, None where the header does not tell both."""
        return (self.width, self.height) if self.width and self.height else None

    @property
    def data_at(self) -> int:
        """Where restart and quantisation headers begin."""
        return _MAIN + (_RESTART if self.kind & 64 else 0)


def whole(payloads: Sequence[bytes], size: tuple[int, int] | None = None) -> bytes:
    """The JPEG file of the `payloads` of one picture; empty where a part is missing or of a kind that
    is not known. `size` is that told elsewhere, for pictures too large for the header.
    """
    if not payloads or any(len(payload) <= _MAIN + _RESTART for payload in payloads):
        return b""
    main = _Main.of(payloads[0])
    shown = known_size(main.size, size)
    tables, at = _tables_of(payloads[0], main)
    scan = _scan(payloads, at)
    if main.kind & 63 > 1 or not (shown and tables and scan):
        return b""
    restart = int.from_bytes(payloads[0][_MAIN : _MAIN + 2], "big") if main.kind & 64 else 0
    return _head(main.kind & 63, tables, shown, restart) + scan + b"\xff\xd9"


def known_size(
    header: tuple[int, int] | None, told: tuple[int, int] | None
) -> tuple[int, int] | None:
    """The size of a picture. The header counts eights in one byte, up to 2040 pixels (RFC 2435 3.1.5);
    senders write 0 for more, or what is left above 2048. So `told`, the size by the session
    description, the header extension or the configuration, counts where it fits the `header`.
    """
    if header is None or told is None:
        return header or told
    fits = all(-(-side // 8) * 8 % 2048 == shown for side, shown in zip(told, header, strict=True))
    return told if fits else header


def _scan(payloads: Sequence[bytes], at: int) -> bytes:
    """The data of all `payloads`, of the first from `at` on; empty where a part is missing."""
    scan = bytearray()
    for number, payload in enumerate(payloads):
        piece = _Main.of(payload)
        if piece.offset != len(scan):
            return b""
        scan += payload[piece.data_at if number else at :]
    return bytes(scan)


def _tables_of(payload: bytes, main: _Main) -> tuple[list[bytes], int]:
    """The quantisation tables of a picture, and where its data begins (RFC 2435 3.1.8)."""
    at = main.data_at
    if main.quality < _IN_BAND:
        return _scaled(main.quality), at
    length = int.from_bytes(payload[at + 2 : at + 4], "big")
    found = payload[at + _TABLES : at + _TABLES + length]
    return [found[i : i + 64] for i in range(0, len(found) - 63, 64)], at + _TABLES + length


def _scaled(quality: int) -> list[bytes]:
    """The standard tables for a quality of 1 to 99 (appendix A)."""
    quality = min(max(quality, 1), 99)
    factor = 5000 // quality if quality < 50 else 200 - 2 * quality
    return [
        bytes(min(max((value * factor + 50) // 100, 1), 255) for value in table)
        for table in (_LUMA, _CHROMA)
    ]


def _head(kind: int, tables: list[bytes], size: tuple[int, int], restart: int) -> bytes:
    """Everything before the data (appendix B)."""
    quantisation = b"".join(
        b"\xff\xdb" + struct.pack(">HB", 67, number) + table
        for number, table in enumerate(tables[:2])
    )
    last = min(len(tables), 2) - 1
    every = b"\xff\xdd" + struct.pack(">HH", 4, restart) if restart else b""
    sampling = 0x21 if kind == 0 else 0x22
    width, height = size
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, height, width, 3)
    frame += bytes([0, sampling, 0, 1, 0x11, last, 2, 0x11, last])
    scan = b"\xff\xda" + struct.pack(">HB", 12, 3) + bytes([0, 0, 1, 0x11, 2, 0x11, 0, 63, 0])
    return b"\xff\xd8" + quantisation + every + frame + scan
