"""The trailer fields of a chunked answer are left out on the way to the parser (RFC 9112 7.1.2).
Nobody here needs them, and a long run of blanks in one would cost the parser the square of its
length.
"""

from __future__ import annotations

import re

from healthmon.protocols import quirks

LONGEST_LINE = 16 * 1024
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;|\r?\n)")


class TrailerFilter:
    """Passes a chunked body on, without the fields behind its last chunk.

    What is no chunk is passed on as it is: the parser says what is wrong with it.
    """

    def __init__(self) -> None:
        self._line = bytearray()
        self._left = 0  # bytes of the chunk that are still to come, without its line end
        self._in_trailer = self._is_over = self._in_chunk = False

    def passed(self, data: bytes) -> bytes:
        """What of `data`, the next bytes of the body, goes on to the parser."""
        kept = bytearray()
        at = 0
        while at < len(data):
            if self._is_over or self._left:
                stop = len(data) if self._is_over else min(len(data), at + self._left)
                self._left = max(0, self._left - (stop - at))
                kept += data[at:stop]
            else:
                end = data.find(b"\n", at)
                stop = len(data) if end < 0 else end + 1
                self._line += data[at:stop]
                kept += self._of_line(whole=end >= 0)
            at = stop
        return bytes(kept)

    def _of_line(self, *, whole: bool) -> bytes:
        """What goes on of the line that has come so far."""
        if not whole and len(self._line) <= LONGEST_LINE:
            return b""
        line = bytes(self._line)
        self._line.clear()
        if self._in_chunk:  # the line end behind its bytes
            self._in_chunk, self._is_over = False, line not in (b"\r\n", b"\n")
            return quirks.ends_chunk_line(line)
        if self._in_trailer:
            self._is_over = line in (b"\r\n", b"\n")
            return b"\r\n" if self._is_over else b""
        size = _SIZE.match(line)
        if size is None:
            self._is_over = True
        elif int(size[1], 16):
            self._left, self._in_chunk = int(size[1], 16), True
        else:
            self._in_trailer = True
        # Blanks may stand before an extension (RFC 9112 7.1.1), which the parser does not take.
        if size is None:
            return line
        return size[1] + quirks.ends_chunk_line(line[size.end(1) :].lstrip(b" \t"))
