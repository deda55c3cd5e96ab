"""Bodies of answers that are compressed although nobody asked for it (RFC 9110 8.4.1)."""

from __future__ import annotations

import zlib

from healthmon.protocols import quirks
from healthmon.protocols.errors import ProtocolError, TooLargeError

_GZIP, _GZIP_OR_ZLIB = b"\x1f\x8b", 32 + zlib.MAX_WBITS


def decoded(coding: str, body: bytes, cap: int) -> bytes:
    """`body` as its Content-Encoding says, of at most `cap` bytes. Raises ProtocolError,
    TooLargeError.
    """
    kind = quirks.unasked_coding(coding)
    if kind == "":
        return body
    if kind == "gzip" and not body.startswith(_GZIP):
        return body  # it says so and sends it plain
    try:
        return _inflated(body, _GZIP_OR_ZLIB, cap)
    except zlib.error:
        if kind == "gzip":
            raise ProtocolError("HTTP answer is compressed and cannot be unpacked") from None
    try:
        return _inflated(body, -zlib.MAX_WBITS, cap)
    except zlib.error:
        raise ProtocolError("HTTP answer is compressed and cannot be unpacked") from None


def _inflated(body: bytes, form: int, cap: int) -> bytes:
    unpacker = zlib.decompressobj(form)
    plain = unpacker.decompress(body, cap + 1)
    if len(plain) > cap:
        raise TooLargeError(f"HTTP answer larger than {cap // 1024} KiB, not read")
    if not unpacker.eof:
        raise ProtocolError("HTTP answer is compressed and cut off")
    return plain
