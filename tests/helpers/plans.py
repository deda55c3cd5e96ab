"""The plans of every check type, as the engine hands them to the inventory."""

from __future__ import annotations

from healthmon.checks import registry

PLANS = {name: one.plan for name, one in registry.installed().check_types.items()}
