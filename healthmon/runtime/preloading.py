"""The import of what only some configurations need, before a check would do it on the event loop."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterable

from healthmon.checks import registry
from healthmon.model.device import Check
from healthmon.model.enums import CheckName
from healthmon.protocols.errors import UnsupportedError
from healthmon.runtime import memory

_OF_RECORDERS = {CheckName.RECORDER, CheckName.RECORDING, CheckName.PLAYBACK}


def load_for(checks: Iterable[Check], makes: Iterable[str]) -> None:
    """Import what `checks` are made of, the `makes` of the recorders and what reads certificates, where
    one of them needs it. The first check that does would hold all others up by 0.1 s.
    """
    asked = {check.check_type for check in checks}
    known = registry.installed()
    for name in asked & known.check_types.keys():
        known[name].load()
    if asked & _OF_RECORDERS:
        from healthmon.vendors.registry import make_of

        for make in makes:
            with contextlib.suppress(UnsupportedError):  # its checks will say so
                if make_of(make).ABOUT.by_onvif:
                    make_of("onvif")
    if CheckName.CERTIFICATE in asked:
        importlib.import_module("cryptography.x509")
    memory.share_methods()
