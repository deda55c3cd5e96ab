"""The commands ``healthmon visit``, ``maintenance`` and ``device``, and their options: what people do to
sites and devices.
"""

from __future__ import annotations

from typing import Annotated

import typer

from healthmon.cli.act_command import with_json
from healthmon.cli.command_group import command_group
from healthmon.cli.faults_app import Named
from healthmon.cli.options import ConfigOption, JsonOption

Site = Annotated[str, typer.Argument(help="the id of the site")]
DeviceId = Annotated[str, typer.Argument(help="the id of the device")]
Job = Annotated[str, typer.Option("--job", help="the job number of the work")]
WindowName = Annotated[str, typer.Argument(help="the name of the window, such as W000001")]
Until = Annotated[
    str, typer.Option("--until", help="local time at which it ends: 18:00 or '2026-11-29 18:00'")
]
Start = Annotated[str, typer.Option("--start", help="local time at which it begins (default: now)")]
Devices = Annotated[
    list[str] | None, typer.Option("--device", help="cover this device (repeatable)")
]
OfSite = Annotated[str, typer.Option("--site", help="cover this site; '*' for all sites")]
Reason = Annotated[str, typer.Option("--reason", help="the reason; it is shown with the devices")]
OnDay = Annotated[str, typer.Option("--on", help="the day, such as 2026-11-29 (default: now)")]

visit = command_group("An engineer arrives at a site and leaves it.")
maintenance = command_group("Maintenance windows: times in which messages are held.")
device = command_group("A device is replaced, moved, retired or in service again.")


@visit.command()
@with_json
def arrived(
    site: Site,
    engineer: Annotated[str, typer.Option("--engineer", help="the person who came")],
    name: Named,
    config: ConfigOption = None,
    job: Job = "",
) -> None:
    """Record that an engineer has arrived: reported faults are attended, messages are held."""
    from healthmon.cli import field_acts

    given = {"do": "arrived", "site": site, "engineer": engineer, "reference": job}
    field_acts.do("visit", given, name, config)


@visit.command()
@with_json
def left(
    site: Site,
    name: Named,
    config: ConfigOption = None,
    note: Annotated[str, typer.Option("--note", help="a remark; it is stored")] = "",
) -> None:
    """Record that the engineer has left: every device of the site is checked now."""
    from healthmon.cli import field_acts

    field_acts.left(site, note, name, config)


@maintenance.command("list")
def list_(config: ConfigOption = None, *, as_json: JsonOption = False) -> None:
    """Show the windows in force and to come, those of config.yaml too."""
    from healthmon.cli import field_acts

    field_acts.show_windows(config, as_json=as_json)


@maintenance.command()
@with_json
def make(
    until: Until,
    reason: Reason,
    name: Named,
    config: ConfigOption = None,
    *,
    start: Start = "",
    devices: Devices = None,
    site: OfSite = "",
) -> None:
    """Make a window of devices or a site. More than 24 hours need the role manager."""
    from healthmon.cli import field_acts

    window = field_acts.Window(start, until, devices or (), site, reason)
    field_acts.do("window", {"do": "make", **window.values()}, name, config)


@maintenance.command()
@with_json
def change(
    window: WindowName,
    name: Named,
    config: ConfigOption = None,
    *,
    until: Until = "",
    start: Start = "",
    devices: Devices = None,
    site: OfSite = "",
    reason: Reason = "",
) -> None:
    """Change a window that has not ended; options that are left out change nothing."""
    from healthmon.cli import field_acts

    new = field_acts.Window(start, until, devices or (), site, reason)
    field_acts.do("window", {"do": "change", "window": window, **new.values()}, name, config)


@maintenance.command()
@with_json
def end(window: WindowName, name: Named, config: ConfigOption = None) -> None:
    """End a window now."""
    from healthmon.cli import field_acts

    field_acts.do("window", {"do": "end", "window": window}, name, config)


@device.command()
@with_json
def replaced(device: DeviceId, name: Named, config: ConfigOption = None, job: Job = "") -> None:
    """Show what was written down beside what answers; with --job accept it as the device."""
    from healthmon.cli import field_acts

    field_acts.replaced(device, job, name, config)


@device.command()
@with_json
def moved(
    device: DeviceId,
    to: Annotated[str, typer.Option("--to", help="deployed, in_store or in_transit")],
    name: Named,
    config: ConfigOption = None,
    *,
    place: Annotated[str, typer.Option("--place", help="the place, in words")] = "",
    dpia: Annotated[
        str,
        typer.Option("--dpia", help="reference of the data protection impact assessment"),
    ] = "",
) -> None:
    """Say where a deployable camera is. It is checked only where it is deployed."""
    from healthmon.cli import field_acts

    given = {"device": device, "state": to, "location": place, "dpia": dpia}
    field_acts.do("moved", given, name, config)


@device.command()
@with_json
def retired(
    device: DeviceId, reason: Reason, name: Named, config: ConfigOption = None, on: OnDay = ""
) -> None:
    """Retire a device: it is not checked any more, its open faults are closed, its pages stay."""
    from healthmon.cli import field_acts

    given = {"do": "retired", "device": device, "reference": reason, "day": on}
    field_acts.do("service", given, name, config)


@device.command()
@with_json
def returned(
    device: DeviceId, reason: Reason, name: Named, config: ConfigOption = None, on: OnDay = ""
) -> None:
    """Put a retired device into service again: it is checked from now on."""
    from healthmon.cli import field_acts

    given = {"do": "returned", "device": device, "reference": reason, "day": on}
    field_acts.do("service", given, name, config)
