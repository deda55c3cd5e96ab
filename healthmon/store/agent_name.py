"""The name of this agent among those of its estate, as people read it on the other agents' pages and in
``healthmon agents``.
"""

from __future__ import annotations

import os
import platform

from healthmon.model.plain_text import one_line

VARIABLE = "HEALTHMON_AGENT"
LONGEST = 64


def agent_name() -> str:
    """``$HEALTHMON_AGENT``, which the unit healthmon@NAME.service sets, or the name of this machine; one line
    of at most 64 characters.
    """
    chosen = one_line(os.environ.get(VARIABLE, "")).strip()
    return (chosen or platform.node())[:LONGEST]
