"""Secrets that cannot be printed. The lowest room of the house: it imports nothing of ours."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import NoReturn, SupportsIndex

MASK = "***"


class Secret:
    """A secret text: ``repr``, ``str`` and formatting give ``***``; pickling and JSON fail;
    ``reveal()`` gives it.
    """

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        """The secret itself; call it only where the bytes go on the wire."""
        return self.__text

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self.__text

    def __hash__(self) -> int:
        return hash((Secret, self.__text))

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("a secret cannot be pickled")


@dataclass(frozen=True, slots=True)
class Credential:
    """One account: user name (or SNMP community / USM user) and its secret; ``name`` is what
    config.yaml calls it.

    ``private`` is the SNMPv3 privacy key where there is one.
    """

    name: str
    username: str
    password: Secret
    private: Secret | None = None

    def fingerprint(self) -> str:
        """16 hex digits that change when the account or its secret changes, safe to keep in a state
        file.
        """
        text = f"{self.username}\0{self.password.reveal()}"
        return hashlib.blake2b(text.encode(), digest_size=8, person=b"healthmon-login").hexdigest()
