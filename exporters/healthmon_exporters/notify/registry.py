"""The one register of notification channels: those of this package, and those that installed packages
add by an entry point of the group ``healthmon.channels`` that names a `Channel`.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from healthmon.model import entry_points
from healthmon_exporters.notify.builtin import CHANNELS
from healthmon_exporters.notify.channel import Channel

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from pydantic import BaseModel

log = logging.getLogger("healthmon")

GROUP = "healthmon.channels"


@functools.cache
def installed() -> Mapping[str, Channel]:
    """Every notification channel by name."""
    found = {one.name: one for one in CHANNELS}
    for point in entry_points.of_group(GROUP):
        channel = _loaded(point)
        if channel is not None and channel.name not in found:
            found[channel.name] = channel
    return found


def settings() -> dict[str, type[BaseModel]]:
    """The settings model of each channel that an installed package adds."""
    found = installed().items()
    return {name: one.settings for name, one in found if one.settings is not None}


def _loaded(point: EntryPoint) -> Channel | None:
    try:
        found = point.load()
    except Exception as error:  # noqa: BLE001 - a package that cannot be imported stops nothing else
        log.error("channel %s (%s) is left out: %s", point.name, point.value, type(error).__name__)  # noqa: TRY400 - one line, no traceback
        return None
    if isinstance(found, Channel) and found.settings is not None:
        return found
    words = "it has no settings" if isinstance(found, Channel) else "it is no Channel"
    log.error("channel %s (%s) is left out: %s", point.name, point.value, words)
    return None
