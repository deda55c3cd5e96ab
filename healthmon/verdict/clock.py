"""Placeholder until its author lands it."""

from healthmon.model import Device, Observation, Verdict
from healthmon.verdict.words import not_seen


def judge(observation: Observation, device: Device) -> tuple[Verdict, ...]:
    """Not judged yet."""
    return (not_seen(observation, "main", "clock"),)
