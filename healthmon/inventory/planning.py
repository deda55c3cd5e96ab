"""What a plan is given: one device of the configuration, and what is known of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from healthmon.model.device import Check, Device

if TYPE_CHECKING:
    from healthmon.config.device_schema import Watched
    from healthmon.config.schema import Config
    from healthmon.inventory.links import Links
    from healthmon.inventory.metered import Pace
    from healthmon.inventory.recorders import Recorders


@dataclass(frozen=True, slots=True)
class Planning:
    """One `device` with its `entry` in the configuration (None for healthmon itself).

    `base` is its reach check, from which the others take address, site, interval and timeout;
    `name` is the check type that is planned, `settings` its entry under `checks` of the device,
    None where the device has none.
    """

    config: Config
    device: Device
    entry: Watched | None
    base: Check
    pace: Pace | None
    recorders: Recorders
    links: Links
    name: str = ""
    settings: Any = None

    def check(self, **changes: Any) -> Check:
        """A check of this type at the device, as its reach check is run but for `changes`."""
        base = (
            self.base
        )  # not by `replace`, which takes three times as long: there are 70,000 of 10,000 cameras
        values = {
            "check_type": self.name,
            "lock_key": base.lock_key,
            "interval": base.interval,
            "timeout": base.timeout,
            **changes,
        }
        return Check(base.device, site=base.site, **values)

    def of(self, name: str) -> Planning:
        """The same for the check type `name`."""
        return Planning(
            self.config,
            self.device,
            self.entry,
            self.base,
            self.pace,
            self.recorders,
            self.links,
            name,
            self.device.settings.get(name),
        )


Plan = Callable[[Planning], Iterator[Check]]
"""Which checks of one type a device has."""
