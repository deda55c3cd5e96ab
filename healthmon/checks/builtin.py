"""The check types of this package, in the order in which /metrics shows their families.

What probes and evaluates is imported when a check of its type is run for the first time, or before by
`CheckType.load`: an agent keeps nothing of what no device of its has (docs/adr/0057).
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Awaitable, Iterator
from types import ModuleType
from typing import Any

from healthmon.checks import metrics
from healthmon.checks.check_type import CheckType, Evaluate, Probe
from healthmon.checks.evaluation import codes
from healthmon.checks.metrics import (
    certificate,
    clock,
    host,
    link,
    picture,
    playback,
    port,
    reach,
    recorder,
    recording,
    relay,
    stream,
    ups,
)
from healthmon.checks.probes.context import ProbeContext
from healthmon.inventory.planning import Plan, Planning
from healthmon.model.device import Check, Device
from healthmon.model.results import Observation, Verdict


def _planned(name: str) -> Plan:
    """The plan `name` of `healthmon.inventory.plans`, imported when it is first used: only who makes
    checks of a configuration needs the models of the configuration.
    """

    def plan(planning: Planning) -> Iterator[Check]:
        return _plan(name)(planning)

    return plan


@functools.cache
def _plan(name: str) -> Plan:
    from healthmon.inventory import plans

    found: Plan = getattr(plans, name)
    return found


@functools.cache
def _module(folder: str, name: str) -> ModuleType:
    return importlib.import_module(f"healthmon.checks.{folder}.{name}")


def _probe(name: str) -> Probe:
    def probe(device: Device, check: Check, context: ProbeContext) -> Awaitable[Any]:
        found: Probe = _module("probes", name).probe
        return found(device, check, context)

    return probe


def _evaluate(name: str) -> Evaluate:
    def evaluate(observation: Observation, device: Device) -> tuple[Verdict, ...]:
        found: Evaluate = _module("evaluation", name).evaluate
        return found(observation, device)

    return evaluate


def _built_in(
    name: str,
    title: str,
    *code_groups: str,
    families: ModuleType | None = None,
    retry: bool = False,
) -> CheckType:
    """The check type whose modules in `probes` and `evaluation` and whose plan are called `name`;
    `families` is that in `metrics`.
    """

    def load() -> None:
        _module("probes", name)
        _module("evaluation", name)

    return CheckType(
        name,
        title,
        _probe(name),
        _evaluate(name),
        metrics.MetricFamilies(families.HELP, families.samples)
        if families
        else metrics.MetricFamilies(),
        codes.of(*code_groups),
        _planned(name),
        retry=retry,
        load=load,
    )


CHECK_TYPES = (
    _built_in("clock", "Clock", "clock", families=clock),
    _built_in("stream", "Pictures", "pictures", "login", families=stream, retry=True),
    _built_in("picture", "Picture content", "pictures", "view", "privacy", families=picture),
    _built_in("reach", "Answers", "reach", families=reach, retry=True),
    _built_in("ups", "Power", "power", families=ups),
    _built_in("certificate", "Certificate", "certificate", families=certificate),
    _built_in("port", "Switch port", "port", families=port),
    _built_in("link", "Link", "relay", families=link, retry=True),
    _built_in("relay", "Relay", "relay", families=relay, retry=True),
    _built_in("recording", "Recording", "recording", families=recording),
    _built_in("recorder", "Recorder", "recorder", families=recorder),
    _built_in("playback", "Playback", "recording", "view", families=playback),
    _built_in("host", "Computer", "workstation", families=host),
    _built_in("pan_tilt", "Pan and tilt", "ptz"),
    _built_in("identity", "Identity", "identity"),
    _built_in("reference", "Time reference", "time"),
)
