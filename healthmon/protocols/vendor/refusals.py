"""What a recorder's own words of refusal mean: no right, not offered, busy, or something else.

The words are those of ISAPI's subStatusCode, Dahua's "Error" lines and VAPIX messages.
"""

from __future__ import annotations

import re

from healthmon.protocols.errors import (
    BusyError,
    ExchangeError,
    ForbiddenError,
    RejectedError,
    UnsupportedError,
)

_MEANINGS: tuple[tuple[str, type[ExchangeError]], ...] = (
    (r"privilege|permission|authori[sz]|authority|forbidden|denied|not.?allowed", ForbiddenError),
    (r"not.?support|unsupport|not.?implement|not.?offered", UnsupportedError),
    (r"busy|too.?many|no.?more", BusyError),
)


def refusal(said: str) -> ExchangeError:
    """The error that stands for `said`, which is one line of at most 80 characters."""
    line = " ".join(said[:80].split())
    kinds = (kind for words, kind in _MEANINGS if re.search(words, line, re.IGNORECASE))
    return next(kinds, RejectedError)(f"the recorder answers: {line}")
