"""The latest result of every check, packed: a thousand cameras have seven thousand, and of these a page
reads a few.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Iterator, MutableMapping
from typing import NamedTuple

from healthmon.model.device import CheckKey
from healthmon.model.results import CheckResult, Observation, Verdict

# Deflate that looks back at 4 KB (2 to the power of 12) and needs little memory: 0.013 ms for a result.
_WINDOW, _MEMORY_LEVEL, _QUICK = 12, 4, 1
_MOST_KINDS = 256  # they are told by one byte; more kinds share the last sample


class KeptResult(NamedTuple):
    """What one run of a check has observed, and what it means."""

    observation: Observation
    verdicts: tuple[Verdict, ...]

    @classmethod
    def of(cls, result: CheckResult) -> KeptResult:
        """Of `result`, all but its check."""
        return cls(result.observation, result.verdicts)


class KeptResults(MutableMapping[CheckKey, KeptResult]):
    """A result takes 0.2 KB as what it has that the first of its check type had not (deflate with a
    preset dictionary), 0.8 KB as a pickle and 1.3 KB as records. To look which checks there are costs nothing;
    to read a result makes its records anew, 0.04 ms.
    """

    __slots__ = ("_kinds", "_packed", "_samples")

    def __init__(self) -> None:
        self._packed: dict[CheckKey, bytes | KeptResult] = {}
        self._samples: list[bytes] = []
        self._kinds: dict[tuple[str, bool], int] = {}

    def __setitem__(self, key: CheckKey, result: KeptResult) -> None:
        try:
            # As a plain tuple: its class would be named in each.
            data = pickle.dumps(tuple(result), pickle.HIGHEST_PROTOCOL)
        except Exception:  # noqa: BLE001 - a measurement of an installed package may be of any kind
            self._packed[key] = result
            return
        number = self._sample((key[1], result.observation.value is None), data)
        packer = zlib.compressobj(
            _QUICK, wbits=-_WINDOW, memLevel=_MEMORY_LEVEL, zdict=self._samples[number]
        )
        self._packed[key] = bytes((number,)) + packer.compress(data) + packer.flush()

    def _sample(self, kind: tuple[str, bool], data: bytes) -> int:
        """The number of the sample of a kind of results; `data` where there is none yet."""
        number = self._kinds.setdefault(kind, min(len(self._samples), _MOST_KINDS - 1))
        if number == len(self._samples):
            self._samples.append(data[-(1 << _WINDOW) :])
        return number

    def __getitem__(self, key: CheckKey) -> KeptResult:
        found = self._packed[key]
        if isinstance(found, bytes):
            reader = zlib.decompressobj(wbits=-_WINDOW, zdict=self._samples[found[0]])
            return KeptResult(*pickle.loads(reader.decompress(found[1:])))  # noqa: S301 - packed above
        return found

    def __delitem__(self, key: CheckKey) -> None:
        del self._packed[key]

    def __contains__(self, key: object) -> bool:
        return key in self._packed

    def __iter__(self) -> Iterator[CheckKey]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)
