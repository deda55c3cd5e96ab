"""What config.yaml knows of a device, filled into its notices: site, place, commissioned identity, contract, access."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from healthmon.config.schema import Config, Contractor, Site
from healthmon.model import Device
from healthmon_exporters.notify.notice import Notice, What


@dataclass(frozen=True, slots=True)
class Register:
    """Made once for each configuration; `notice` is then a look-up."""

    estate: str
    time_zone: str
    sites: dict[str, Site]
    contractors: dict[str, Contractor]
    access: dict[str, str]

    @classmethod
    def of(cls, config: Config) -> Register:
        """The register of a checked configuration."""
        devices = (*config.links, *config.cameras, *config.recorders, *config.ups)
        return cls(
            config.estate.name,
            config.estate.time_zone,
            {site.id: site for site in config.sites},
            {contractor.id: contractor for contractor in config.contractors},
            {device.id: device.access for device in devices},
        )

    def bare(self, notice_id: str, what: What, at: datetime, sentence: str) -> Notice:
        """A notice of no device (a digest, a test, the agent itself)."""
        return Notice(notice_id, what, at, sentence, estate=self.estate, time_zone=self.time_zone)

    def notice(
        self, device: Device, notice_id: str, what: What, at: datetime, sentence: str, **more: Any
    ) -> Notice:
        """A notice of `device` with all that is configured; `more` are further fields of `Notice`, which win."""
        site, commissioned = self.sites.get(device.site), device.commissioned
        access = (self.access.get(device.id, ""), site.access if site else "")
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
