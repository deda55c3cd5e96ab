"""Results of checks for tests: one observation as the runner makes it, one result of an observation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from healthmon.checks import registry
from healthmon.model.device import Check, Device
from healthmon.model.enums import Reason
from healthmon.model.results import CheckResult, Observation, Verdict, nothing
from healthmon.scheduling.runner import ProbeRunner


async def run(
    probe: Callable[[], Awaitable[Any]],
    device: Device,
    check: Check,
    runner: ProbeRunner | None = None,
) -> CheckResult:
    """One run of `probe` under the deadline of `check`, evaluated by the limits of `device`."""
    return await (runner or ProbeRunner()).run(
        probe, lambda observation: registry.evaluate(observation, device), check
    )


async def observed(
    probe: Callable[[], Awaitable[Any]],
    device: Device,
    check: Check,
    runner: ProbeRunner | None = None,
) -> Observation:
    """What one run of `probe` saw."""
    return (await run(probe, device, check, runner)).observation


def result_of(observation: Observation, verdicts: tuple[Verdict, ...] = ()) -> CheckResult:
    """`observation` as the result of its check."""
    check = Check(observation.device, observation.check_type, observation.instance)
    return CheckResult(check, observation, tuple(verdicts))


async def applied(engine: Any, check: Check) -> CheckResult:
    """One run of `check` by `engine`, believed as the agent's own delivery believes it."""
    result = await engine.run_check(check)
    engine.apply(result)
    return result


def result_with(*verdicts: Verdict) -> CheckResult:
    """A result of the check that `verdicts` are about; nothing else is known of it."""
    first = verdicts[0]
    check = Check(first.device, first.check_type, first.instance)
    return CheckResult(check, nothing(check, Reason.NOT_REPORTED, at=first.at), verdicts)
