"""The latest result of every check, packed: a thousand cameras have seven thousand, and of these a page
reads a few.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, MutableMapping
from typing import NamedTuple

from healthmon.model.device import CheckKey
from healthmon.model.results import CheckResult, Observation, Verdict


class KeptResult(NamedTuple):
    """What one run of a check has observed, and what it means."""

    observation: Observation
    verdicts: tuple[Verdict, ...]

    @classmethod
    def of(cls, result: CheckResult) -> KeptResult:
        """Of `result`, all but its check."""
        return cls(result.observation, result.verdicts)


class KeptResults(MutableMapping[CheckKey, KeptResult]):
    """A result takes 0.8 KB as a pickle and 1.3 KB as records. To look which checks there are costs
    nothing; to read a result makes its records anew, 0.04 ms.
    """

    __slots__ = ("_packed",)

    def __init__(self) -> None:
        self._packed: dict[CheckKey, bytes | KeptResult] = {}

    def __setitem__(self, key: CheckKey, result: KeptResult) -> None:
        try:
            # As a plain tuple: its class would be named in each.
            self._packed[key] = pickle.dumps(tuple(result), pickle.HIGHEST_PROTOCOL)
        except Exception:  # noqa: BLE001 - a measurement of an installed package may be of any kind
            self._packed[key] = result

    def __getitem__(self, key: CheckKey) -> KeptResult:
        found = self._packed[key]
        if isinstance(found, bytes):
            return KeptResult(*pickle.loads(found))  # noqa: S301 - packed above
        return found

    def __delitem__(self, key: CheckKey) -> None:
        del self._packed[key]

    def __contains__(self, key: object) -> bool:
        return key in self._packed

    def __iter__(self) -> Iterator[CheckKey]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)
