"""The one register of check types: those of this package, and those that installed packages add.

A built-in check is a probe (`probes/`), an evaluation (`evaluation/`), its metric families
(`metrics/`) and one `CheckType` in `builtin`. A package from outside adds one by an entry point of
the group ``healthmon.checks`` that names a `CheckType`; nothing is loaded from a path in
config.yaml.
"""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING

from healthmon.checks.builtin import CHECK_TYPES
from healthmon.checks.check_type import CheckType, Registry
from healthmon.checks.evaluation import codes
from healthmon.model import entry_points
from healthmon.model.device import Device
from healthmon.model.results import Observation, Verdict

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

log = logging.getLogger("healthmon")

GROUP = "healthmon.checks"


@functools.cache
def installed() -> Registry:
    """The check types of this package and of every installed package that adds some."""
    found = {one.name: one for one in CHECK_TYPES}
    for point in entry_points.of_group(GROUP):
        check_type = _loaded(point)
        if check_type is None:
            continue
        if check_type.name in found:
            log.error("check %s of %s is left out: the name is taken", check_type.name, point.value)
            continue
        found[check_type.name] = check_type
        codes.register(check_type.codes)
    return Registry(found)


def _loaded(point: EntryPoint) -> CheckType | None:
    try:
        found = point.load()
    except Exception as error:  # noqa: BLE001 - a package that cannot be imported stops nothing else
        log.error("check %s (%s) is left out: %s", point.name, point.value, type(error).__name__)  # noqa: TRY400 - one line, no traceback
        return None
    if isinstance(found, CheckType):
        return found
    log.error("check %s (%s) is left out: it is no CheckType", point.name, point.value)
    return None


def evaluate(observation: Observation, device: Device) -> tuple[Verdict, ...]:
    """Every aspect of `observation` evaluated by the limits of `device`."""
    return installed()[observation.check_type].evaluate(observation, device)
