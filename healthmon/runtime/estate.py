"""What the configuration says, as the engine uses it: made whole from the file, never changed.

A reload makes a new one; what was learned is kept apart (`healthmon.runtime.state`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from healthmon.checks import registry
from healthmon.config import secrets
from healthmon.config.contracts import Contracts
from healthmon.config.problems import ConfigError
from healthmon.incidents.confirmation import Policy
from healthmon.incidents.device_changes import changed
from healthmon.incidents.operations import Operation
from healthmon.incidents.windows import active
from healthmon.inventory import capacity
from healthmon.inventory.maintenance import in_maintenance
from healthmon.model.device import Check, CheckKey, Device, asked
from healthmon.model.enums import CheckName, Kind
from healthmon.notifications.routing import times_of_day
from healthmon.notifications.shifts import ShiftPlan
from healthmon.protocols.errors import NoCredentialError
from healthmon.secret import Credential
from healthmon.store import location

if TYPE_CHECKING:
    from healthmon.config.schema import Config
    from healthmon.config.schema import Estate as EstateSection

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Estate:
    """The devices and checks of one configuration, and the folder of small state files (or None).

    `config` is without its devices, which are in `devices`; where another process has read the
    file, it is a `Plain` of the same names. `credential` reads a secret when it is first used. The
    rest says the same in the order in which it is looked up. `planned` are the checks of devices that
    are not deployed now, too.
    """

    config: Config
    devices: Mapping[str, Device]
    planned: tuple[Check, ...]
    checks: tuple[Check, ...]
    state_directory: Path | None
    credential: Callable[[str], Credential]
    reach_checks: Mapping[str, Check]
    checks_of: Mapping[str, tuple[Check, ...]]
    sites: Mapping[str, tuple[str, ...]]
    absent: frozenset[str]
    shift_plan: ShiftPlan
    contracts: Contracts

    @classmethod
    def of(cls, config: Config) -> Estate:
        """The estate of `config`. Reads no secret; makes the state folder where it can."""
        from healthmon.config.outline import Outline  # it brings YAML
        from healthmon.inventory import devices as inventory  # it brings the models

        devices, planned = _planned(config)
        contracts = Outline.of(config).contracts
        return cls._made(inventory.without_devices(config), devices, planned, contracts)

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process gets what the estate is made of."""
        devices = tuple(self.devices.values())
        return Estate._made, (self.config, devices, self.planned, self.contracts)

    @classmethod
    def _made(
        cls,
        config: Config,
        found: tuple[Device, ...],
        planned: tuple[Check, ...],
        contracts: Contracts,
    ) -> Estate:
        devices = {device.id: device for device in found}
        return cls(
            config=config,
            devices=devices,
            planned=planned,
            state_directory=location.prepared(location.folder_of(config)),
            credential=_credentials(config),
            **_checks_by(planned, devices),
            sites={
                site: tuple(device.id for device in found)
                for site, found in _grouped(devices.values(), lambda device: device.site).items()
            },
            shift_plan=shift_plan(config.estate),
            contracts=contracts,
        )

    def with_changes(self, operations: Iterable[Operation], now: float) -> Estate:
        """This estate, which is that of config.yaml, with the devices that people have replaced or
        moved by the `operations` in force, and without checks of those that are `now` (Unix s) out of
        service.
        """
        found = changed(self.devices, operations, now)
        if not found:
            return self
        devices = {**self.devices, **found}
        return replace(self, devices=devices, **_checks_by(self.planned, devices))

    @property
    def in_service(self) -> tuple[Device, ...]:
        """The devices that have joined and are not retired."""
        return tuple(device for device in self.devices.values() if device.in_service)

    @property
    def watched(self) -> bool:
        """Whether any device is configured besides healthmon itself."""
        return len(self.devices) > 1

    @property
    def time_servers(self) -> tuple[tuple[str, int], ...]:
        """(address, port) of every time server."""
        return tuple((server.address, server.port) for server in self.config.time_servers)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every address that may be contacted."""
        devices = (d.address for d in self.devices.values() if d.kind is not Kind.AGENT)
        return (*devices, *(address for address, _ in self.time_servers))

    @property
    def policy(self) -> Policy:
        """How often a result must be bad before it is a fault."""
        return Policy(**dict(self.config.defaults.confirm))

    @property
    def keys(self) -> set[CheckKey]:
        """The key of every check."""
        return {check.key for check in self.checks}

    @property
    def makes(self) -> set[str]:
        """The makes of the recorders that are asked."""
        return {device.make for device in self.devices.values() if device.make}

    def agent_check(self) -> Check:
        """The check of the time reference."""
        return next(check for check in self.checks if check.check_type == CheckName.REFERENCE)

    def budgets(self) -> dict[str, float]:
        """The bandwidth of each site, bits per second."""
        return {site.id: site.bandwidth for site in self.config.sites if site.bandwidth}

    @property
    def concurrency(self) -> int:
        """How many checks may run at the same time."""
        return self.config.defaults.concurrency or capacity.slots_for(self.checks)

    def overload(self) -> list[str]:
        """What the configuration asks for and cannot be kept, one line each."""
        given = self.config.defaults.concurrency
        return list(capacity.problems(self.checks, self.budgets(), given))

    def maintenance(self, now: float, operations: Iterable[Operation] = ()) -> dict[str, str]:
        """The reason of the maintenance window of each device that is in one at `now` (Unix s), by
        config.yaml or by the `operations` in force.
        """
        return in_maintenance(self.config, self.devices.values(), now, active(operations, now))

    def time_of_day(self, moment: float) -> str:
        """``HH:MM`` (with the day when it is not today) in the estate's zone."""
        zone = ZoneInfo(self.config.estate.time_zone)
        then = dt.datetime.fromtimestamp(moment, zone)
        if dt.datetime.now(zone).date() == then.date():
            return f"{then:%H:%M}"
        return f"{then:%d %b %H:%M}"

    def changed_from(self, before: Estate) -> frozenset[str]:
        """The ids of the devices that are new, gone or described otherwise than in `before`."""
        ids = self.devices.keys() | before.devices.keys()
        return frozenset(name for name in ids if self.devices.get(name) != before.devices.get(name))


def overload(config: Config) -> list[str]:
    """What `config` asks for and cannot be kept, one line each; without a state folder."""
    devices, planned = _planned(config)
    checks = asked(planned, {device.id: device for device in devices})
    bandwidths = {site.id: site.bandwidth for site in config.sites if site.bandwidth}
    return list(capacity.problems(checks, bandwidths, config.defaults.concurrency))


def _planned(config: Config) -> tuple[tuple[Device, ...], tuple[Check, ...]]:
    """The devices of `config`, and the checks of all of them."""
    from healthmon.inventory import devices as inventory  # it brings the models

    devices = inventory.devices(config)
    plans = {name: one.plan for name, one in registry.installed().check_types.items()}
    return devices, inventory.checks(config, devices, plans)


def _checks_by(planned: tuple[Check, ...], devices: Mapping[str, Device]) -> dict[str, Any]:
    """The checks that are made, in the order in which they are looked up, and who has none."""
    checks = asked(planned, devices)
    return {
        "checks": checks,
        "reach_checks": {c.device: c for c in checks if c.check_type == CheckName.REACH},
        "checks_of": _grouped(checks, lambda check: check.device),
        "absent": frozenset(d.id for d in devices.values() if d.deployment != "deployed"),
    }


def shift_plan(estate: EstateSection) -> ShiftPlan:
    """When the shift checks of `estate` are due."""
    return ShiftPlan(
        times_of_day(estate.shifts),
        estate.time_zone,
        estate.shift_check.early,
        estate.shift_check.grace,
    )


def _credentials(config: Config) -> Callable[[str], Credential]:
    """Each secret is read when it is first needed; one that is not there is tried again each
    time.
    """
    known: dict[str, Credential] = {}

    def credential(name: str) -> Credential:
        if name not in known:
            try:
                known[name] = secrets.resolve(config, name)
            except ConfigError:
                words = f"the secret of credential '{name}' cannot be read"
                raise NoCredentialError(words) from None
        return known[name]

    return credential


def _grouped(items: Iterable[Item], key: Callable[[Item], str]) -> dict[str, tuple[Item, ...]]:
    found: dict[str, list[Item]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return {name: tuple(group) for name, group in found.items()}
