"""Whole key frames as they come: the packets of one picture put together so that a decoder takes
them.

RFC 6184 (H.264), RFC 7798 (H.265), RFC 2435 (JPEG). Nothing is decoded here. A decoder does not
tell damage, so that a picture counts only where every packet of it came: none is missing between
its first slice and its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from healthmon.protocols.media import jpeg_headers
from healthmon.protocols.media.refresh import Refresh, is_counted, recovery_count

Buffer = bytes | bytearray | memoryview
CODECS = frozenset({"h264", "h265", "mjpeg"})
MOST_BYTES = 6_000_000  # of one key frame; 2160p at the best quality of JPEG is about 4 MB
MOST_SETS, MOST_SET_BYTES = 16, 1024  # parameter sets that came in the stream
START = b"\0\0\0\1"


@dataclass(frozen=True, slots=True)
class KeyFrame:
    """One complete coded key frame: `data` is Annex B with its parameter sets, or a JPEG file; `at`
    is when it began (monotonic seconds). With `refresh` these are the pictures from a recovery point
    to the first whole one, which began at `at`.
    """

    codec: str
    data: bytes
    at: float
    refresh: bool = False


@dataclass(slots=True)
class KeyFrameCollector:
    """Keeps the first and the last whole key frame of a stream.

    `Meter` tells it each packet, each new picture, what is a key frame and what was lost.
    `parameter_sets` and `size` are those of the session description; sets that come in the stream
    count before them, also those of an earlier picture. `refreshing` is the intra refresh under
    way, `refreshed` whether there was one.
    """

    codec: str
    parameter_sets: tuple[bytes, ...] = ()
    size: tuple[int, int] | None = None
    first: KeyFrame | None = None
    last: KeyFrame | None = None
    broken: int = 0
    refreshing: Refresh | None = None
    refreshed: bool = False
    _sets: list[bytes] = field(default_factory=list)
    _stamp: int = -1
    _payloads: list[bytes] = field(default_factory=list)
    _bytes: int = 0
    _key: bool = False
    _whole: bool = False
    _marked: bool = False
    _at: float = 0.0

    def begin(self, stamp: int, now: float) -> None:
        """A picture of RTP time `stamp` begins; the one before it is over."""
        self._finish()
        self._stamp, self._at, self._whole = stamp, now, True

    def dated(self, at: float) -> None:
        """The picture under way is of the time `at` by its sender: recorded footage, whose time of
        arrival says nothing.
        """
        self._at = at

    def packet(self, b: Buffer, at: int, end: int, stamp: int, *, marked: bool) -> None:
        """The payload ``b[at:end]``; the last packet of a picture is `marked` (RFC 3550 5.1)."""
        if stamp != self._stamp or not self._whole or at >= end:
            return
        self._bytes += end - at
        if self._bytes > MOST_BYTES:
            self._whole = False
            return
        self._payloads.append(bytes(memoryview(b)[at:end]))
        self._marked = marked

    def key(self, size: tuple[int, int] | None = None) -> None:
        """The picture under way is a key frame; a JPEG of `size` by its header extension."""
        self._key = True
        self.size = self.size or size

    def spoil(self) -> None:
        """A packet was lost: the picture under way is not whole, nor what was built on it."""
        self._whole = False
        self.refreshing = None

    def is_apart(self, seconds: float) -> bool:
        """Whether two whole key frames have come that lie so far apart."""
        return (
            self.first is not None
            and self.last is not None
            and (self.last.at - self.first.at >= seconds)
        )

    def kept(self) -> tuple[KeyFrame, ...]:
        """The first and the last whole key frame, where there were two."""
        if self._marked:
            self._finish()
        found = (self.first, self.last)
        return tuple(one for one in found if one is not None)

    def _finish(self) -> None:
        if self._key or self.refreshing is not None:
            self._wanted_over()
        elif self._whole and 0 < self._bytes <= MOST_SET_BYTES:
            self._units()  # parameter sets may have a time of their own
        self._over()

    def _over(self) -> None:
        self._payloads, self._bytes = [], 0
        self._key = self._whole = self._marked = False

    def _wanted_over(self) -> None:
        """A key frame, or a picture of an intra refresh, is over."""
        made = self._made() if self._whole else None
        if made is not None:
            self._sort(made)
        elif self._payloads or self._key:
            self.broken += self._key
            self.refreshing = None

    def _sort(self, made: KeyFrame) -> None:
        """A whole picture that is a key frame or belongs to an intra refresh."""
        units = self._units()
        count = recovery_count(self.codec, units) if self._key else -1
        if count > 0 and self.refreshing is None:
            self.refreshing, self.refreshed = Refresh(count, made.at), True
            self.refreshing.add(made.data, counts=False)
        elif self.refreshing is not None and count:
            self.refreshing.add(made.data, counts=is_counted(self.codec, units))
            self._refresh_over(self.refreshing, made)
        else:
            self.refreshing = None
            self._keep(made)

    def _refresh_over(self, refresh: Refresh, last: KeyFrame) -> None:
        """Keep the pictures of an intra refresh if `last` is a whole one."""
        if refresh.left <= 0:
            self._keep(KeyFrame(self.codec, b"".join(refresh.pictures), last.at, refresh=True))
            self.refreshing = None
        elif refresh.too_long(last.at):
            self.refreshing = None

    def _keep(self, made: KeyFrame) -> None:
        if self.first is None:
            self.first = made
        else:
            self.last = made

    def _units(self) -> list[bytes]:
        """The NAL units of the picture under way, none of JPEG; its parameter sets are remembered."""
        if self.codec == "mjpeg" or not self._payloads:
            return []
        units = list((h264_units if self.codec == "h264" else h265_units)(self._payloads))
        for unit in units:
            if _is_set(self.codec, unit) and len(unit) <= MOST_SET_BYTES:
                before = [one for one in self._sets if one != unit]
                self._sets = [*before[1 - MOST_SETS :], unit]
        return units

    def _made(self) -> KeyFrame | None:
        """The picture as one piece, None where a part of it is missing."""
        if self.codec == "mjpeg":
            data = jpeg_headers.whole(self._payloads, self.size)
        else:
            known = (*self.parameter_sets, *self._sets)
            data = _annex_b(self.codec, known if self._key else (), self._units())
        return KeyFrame(self.codec, data, self._at) if data else None


@dataclass(slots=True)
class StreamCollector(KeyFrameCollector):
    """Keeps every whole picture too, from the first key frame on, for as many bytes as `most`: what follows
    a lost packet counts from the next key frame on. `stamps` are their RTP times in seconds, from
    the first one on.
    """

    clock_rate: int = 90_000
    most: int = 24_000_000
    pictures: list[KeyFrame] = field(default_factory=list)
    stamps: list[float] = field(default_factory=list)
    size_bytes: int = 0
    _joined: bool = False
    _ticks: int = 0
    _before: int = -1

    @property
    def full(self) -> bool:
        """Whether nothing more is kept."""
        return self.size_bytes >= self.most

    def _finish(self) -> None:
        self._keep_picture()
        KeyFrameCollector._finish(self)

    def _keep_picture(self) -> None:
        made = None
        if self._payloads and self._whole and (self._key or self._joined) and not self.full:
            made = self._made()
        if self._payloads or not self._whole:
            self._joined = made is not None
        if made is not None:
            step = (self._stamp - self._before) & 0xFFFFFFFF if self._before >= 0 else 0
            self._ticks += step - (step >> 31 << 32)
            self._before = self._stamp
            self.pictures.append(made)
            self.stamps.append(self._ticks / self.clock_rate)
            self.size_bytes += len(made.data)


def _annex_b(codec: str, sets: Sequence[bytes], units: Sequence[bytes]) -> bytes:
    """The `units` behind start codes, the `sets` known before first: what comes with the picture is
    newer. Empty where the first slice is missing.
    """
    first = next((unit for unit in units if _is_slice(codec, unit)), b"")
    at = 1 if codec == "h264" else 2
    if len(first) <= at or not first[at] & 0x80:  # the first slice of a picture says so
        return b""
    known = (unit for unit in sets if unit not in units)
    return b"".join(START + unit for unit in (*known, *units))


def _is_slice(codec: str, unit: bytes) -> bool:
    if codec == "h264":
        return unit[0] & 0x1F in (1, 5)
    return (unit[0] >> 1) & 0x3F < 32


def _is_set(codec: str, unit: bytes) -> bool:
    """Whether the unit is a parameter set."""
    if codec == "h264":
        return unit[0] & 0x1F in (7, 8)
    return (unit[0] >> 1) & 0x3F in (32, 33, 34)


def h264_units(payloads: Sequence[bytes]) -> Iterator[bytes]:
    """The NAL units of single packets, STAP and FU (RFC 6184 5.6 to 5.8)."""
    unit = bytearray()
    for payload in payloads:
        kind = payload[0] & 0x1F
        if kind in (24, 25):
            yield from _aggregated(payload, 1 if kind == 24 else 3)
        elif kind in (28, 29) and len(payload) > 2:
            if payload[1] & 0x80:
                unit[:] = bytes([payload[0] & 0xE0 | payload[1] & 0x1F])
            unit += payload[2 if kind == 28 else 4 :]
            if payload[1] & 0x40:
                yield bytes(unit)
        else:
            yield payload


def h265_units(payloads: Sequence[bytes]) -> Iterator[bytes]:
    """The NAL units of single packets, aggregation packets and FU (RFC 7798 4.4)."""
    unit = bytearray()
    for payload in payloads:
        kind = (payload[0] >> 1) & 0x3F
        if kind == 48:
            yield from _aggregated(payload, 2)
        elif kind == 49 and len(payload) > 3:
            if payload[2] & 0x80:
                unit[:] = bytes([payload[0] & 0x81 | (payload[2] & 0x3F) << 1, payload[1]])
            unit += payload[3:]
            if payload[2] & 0x40:
                yield bytes(unit)
        else:
            yield payload


def _aggregated(payload: bytes, at: int) -> Iterator[bytes]:
    """The units of one packet, each behind its length."""
    while at + 2 < len(payload):
        size = int.from_bytes(payload[at : at + 2], "big")
        if size:
            yield payload[at + 2 : at + 2 + size]
        at += 2 + size
