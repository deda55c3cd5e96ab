"""What config.yaml knows of a device, filled into its notices: site, place, commissioned identity,
contract, access.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from healthmon.config.contracts import BankHolidays, Contract, bank_holidays_of, of_attributes
from healthmon.incidents.contract_clock import due_at, terms
from healthmon.model.device import Device
from healthmon.notifications.notice import Notice, What

if TYPE_CHECKING:
    from healthmon.config.contract_schema import Contractor
    from healthmon.config.schema import Config, Site


@dataclass(frozen=True, slots=True)
class TargetDirectory:
    """Made once for each configuration; `notice` is then a look-up."""

    estate: str
    time_zone: str
    sites: dict[str, Site]
    contractors: dict[str, Contractor]
    contracts: dict[str, Contract] = field(default_factory=dict)
    bank_holidays: BankHolidays = field(default_factory=BankHolidays)

    @classmethod
    def of(cls, config: Config) -> TargetDirectory:
        """The register of a checked configuration."""
        return cls(
            config.estate.name,
            config.estate.time_zone,
            {site.id: site for site in config.sites},
            {contractor.id: contractor for contractor in config.contractors},
            {contractor.id: of_attributes(contractor) for contractor in config.contractors},
            bank_holidays_of(config),
        )

    def response(
        self, contractor_id: str | None, priority: int, since: float, told: float
    ) -> float | None:
        """Seconds from `since`, the beginning of a fault, until the contract's response is due; the
        contract clock starts at `told`. None where there is no contract, or where it starts with a
        person's report.
        """
        contract = self.contracts.get(contractor_id or "")
        if contract is None or contract.from_report:
            return None
        promised = terms(contract, priority, ZoneInfo(self.time_zone), self.bank_holidays)
        due = due_at(promised.working, (), told, promised.response or 0.0)
        return due - since if due is not None else None

    def bare(self, notice_id: str, what: What, at: datetime, sentence: str) -> Notice:
        """A notice of no device (a digest, a test, the agent itself)."""
        return Notice(notice_id, what, at, sentence, estate=self.estate, time_zone=self.time_zone)

    def notice(
        self, device: Device, notice_id: str, what: What, at: datetime, sentence: str, **more: Any
    ) -> Notice:
        """A notice of `device` with all that is configured; `more` are further fields of `Notice`,
        which win.
        """
        site, commissioned = self.sites.get(device.site), device.commissioned
        access = (device.access_notes, site.access if site else "")
        known: dict[str, Any] = {
            "device": device.id,
            "name": device.name,
            "kind": device.kind.value,
            "site": device.site,
            "site_name": (site.name or site.id) if site else device.site,
            "location": device.location,
            "address": device.address,
            "model": (commissioned.model if commissioned else None) or "",
            "serial": (commissioned.serial if commissioned else None) or "",
            "firmware": (commissioned.firmware if commissioned else None) or "",
            "priority": device.priority,
            "access_notes": "; ".join(filter(None, access)),
            "estate": self.estate,
            "time_zone": self.time_zone,
        }
        return Notice(
            notice_id, what, at, sentence, **(known | self.contract(device.contractor) | more)
        )

    def contract(self, contractor_id: str | None) -> dict[str, Any]:
        """The fields of `Notice` about who repairs."""
        contractor = self.contractors.get(contractor_id or "")
        if contractor is None:
            return {"contractor": contractor_id or ""}
        return {
            "contractor": contractor.id,
            "contractor_name": contractor.name,
            "contractor_phone": contractor.phone,
            "contractor_email": contractor.email,
            "response_seconds": contractor.response,
        }
