"""What installed packages add to the configuration, for `loading.load`."""

from __future__ import annotations

from healthmon.config.extensions import Extensions
from healthmon.model import entry_points

GROUPS = ("healthmon.checks", "healthmon.vendors", "healthmon.channels")


def empty_groups() -> frozenset[str]:
    """The groups to which no installed package adds anything."""
    return frozenset(group for group in GROUPS if not entry_points.of_group(group))


def installed() -> Extensions:
    """Every name that installed packages add, with its settings model. The registers are imported
    only where some package adds something: most commands need none of them.
    """
    if len(empty_groups()) == len(GROUPS):
        return Extensions()
    from healthmon.checks import registry as checks
    from healthmon.config.extensions import VENDORS
    from healthmon.vendors.registry import all_vendors
    from healthmon_exporters.notify import registry as channels

    return Extensions(
        checks=checks.installed().settings,
        vendors=tuple(name for name in all_vendors() if name not in VENDORS),
        channels=channels.settings(),
    )
