"""Devices as the pages list them."""

from __future__ import annotations

from collections.abc import Mapping

from healthmon.runtime import wall_feed
from healthmon.runtime.agent import Agent
from healthmon_exporters.pages.rows import DeviceRow, Shown
from healthmon_exporters.wall.views import View, views

OF_VIEW = {
    "fault": Shown.FAULT,
    "unknown": Shown.NOT_CHECKED,
    "warning": Shown.WARNING,
    "doubt": Shown.DOUBT,
    "ok": Shown.OK,
    "off": Shown.OFF,
}


def all_views(agent: Agent) -> list[View]:
    """Every device as the wall has it, worst first; those that are out of service too."""
    snapshot = wall_feed.snapshot(agent, tuple(agent.estate.devices.values()))
    return [view for view in views(snapshot) if view.device.site]


def device_rows(agent: Agent) -> list[DeviceRow]:
    """Every device, worst first."""
    names, contractors = agent.estate_state().site_names, contractor_names(agent)
    return [device_row(view, names, contractors) for view in all_views(agent)]


def contractor_names(agent: Agent) -> dict[str, str]:
    """The name of each contractor by its id; the id where it has none."""
    return {one.id: one.name or one.id for one in agent.estate.config.contractors}


def device_row(view: View, names: Mapping[str, str], contractors: Mapping[str, str]) -> DeviceRow:
    """One device; `names` are those of the sites."""
    device = view.device
    return DeviceRow(
        id=device.id,
        name=device.name,
        kind=" ".join(filter(None, (device.variant, device.kind.value))),
        site=names.get(device.site) or device.site,
        location=device.location,
        contractor=contractors.get(device.contractor or "", device.contractor or ""),
        shown=OF_VIEW[view.state],
        sentence=view.words,
        maintenance=view.maintenance,
        site_id=device.site,
    )
