"""The commands ``healthmon faults ...`` and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from healthmon.cli.act_command import with_json
from healthmon.cli.command_group import CommandGroup, command_group
from healthmon.cli.options import ConfigOption, JsonOption

Named = Annotated[
    str,
    typer.Option(
        "--name",
        default_factory=str,
        show_default=False,
        help="the name of the person who acts; with a users file the user that your account is bound to",
    ),
]
Number = Annotated[str, typer.Argument(help="the number of the fault, such as F000123")]
Noted = Annotated[str, typer.Option("--note", help="a note; it is stored")]
Reference = Annotated[str, typer.Option("--reference", help="the contractor's job number")]
Action = Annotated[str, typer.Option("--action", help="the work that was done")]
Parts = Annotated[str, typer.Option("--parts", help="parts used, with serial numbers")]
Happened = Annotated[
    str | None,
    typer.Option(
        "--at", help="local time at which it happened: 14:05 or '2026-11-29 14:05' (default: now)"
    ),
]


class _LogOrCommand(CommandGroup):
    """``healthmon faults --open`` is short for ``healthmon faults log --open``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the name of the command in, where none stands first."""
        if not args or (args[0].startswith("-") and args[0] != "--help"):
            args = ["log", *args]
        return super().parse_args(ctx, args)


faults = command_group(
    "The fault log, and what people do about a fault. `healthmon faults` shows the log.",
    _LogOrCommand,
    alone_is_help=False,
)


@faults.command()
def log(
    config: ConfigOption = None,
    *,
    open_only: Annotated[bool, typer.Option("--open", help="show only open faults")] = False,
    since: Annotated[
        str | None,
        typer.Option(
            help="show faults that were open on or after 2026-11-01 or '2026-11-01 14:05'"
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="show faults that began by the end of this day, or this time")
    ] = None,
    site: Annotated[str, typer.Option(help="show only the faults of this site")] = "",
    device: Annotated[str, typer.Option(help="show only the faults of this device")] = "",
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="print CSV for a spreadsheet")] = False,
) -> None:
    """Show the fault log, newest first, whole or filtered. `healthmon faults` is short for it."""
    from healthmon.cli import faults as records
    from healthmon.store import Wanted

    wanted = Wanted(open_only, device, site)
    form = records.Form.JSON if as_json else records.Form.CSV if as_csv else records.Form.TEXT
    records.faults(config, wanted, (since, until), form)


@faults.command()
def show(number: Number, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show the whole record of one fault: acts, contract clock, pauses, notifications."""
    from healthmon.cli import faults as records

    records.show(number, config, as_json=as_json)


@faults.command("raise")
@with_json
def raise_(
    what: Annotated[str, typer.Option("--what", help="what is wrong, in one sentence")],
    noticed_by: Annotated[
        str, typer.Option(help="operator, contractor, police, public or complaint")
    ],
    name: Named,
    config: ConfigOption = None,
    *,
    device: Annotated[str, typer.Option(help="id of the device (default: something else)")] = "",
    site: Annotated[str, typer.Option(help="id of the site, where it is no device")] = "",
    priority: Annotated[
        str, typer.Option(help="P1 to P4 (default: that of the device, else P3)")
    ] = "",
    at: Happened = None,
) -> None:
    """Raise a fault that healthmon does not see. A person verifies and closes it."""
    from healthmon.cli import fault_acts

    fault_acts.raise_fault(
        fault_acts.Entry(name, at, config),
        what=what,
        noticed_by=noticed_by,
        device=device,
        site=site,
        priority=priority.removeprefix("P"),
    )


@faults.command()
@with_json
def confirm(
    number: Number,
    name: Named,
    config: ConfigOption = None,
    *,
    note: Noted = "",
    at: Happened = None,
) -> None:
    """Record that a person has seen the fault, too."""
    _do("confirm", number, (name, at, config), note=note)


@faults.command()
@with_json
def dismiss(
    number: Number,
    name: Named,
    config: ConfigOption = None,
    *,
    note: Noted = "",
    at: Happened = None,
) -> None:
    """Record that a person has seen the picture and that it is a false alarm."""
    _do("dismiss", number, (name, at, config), note=note)


@faults.command()
@with_json
def report(
    number: Number,
    name: Named,
    to: Annotated[str, typer.Option("--to", help="the contractor, by its id, or another receiver")],
    config: ConfigOption = None,
    *,
    how: Annotated[str, typer.Option("--how", help="phone, e-mail, portal ...")] = "",
    reference: Reference = "",
    note: Noted = "",
    at: Happened = None,
) -> None:
    """Record a report to the contractor. The contract clock starts then at the latest."""
    _do("report", number, (name, at, config), to=to, how=how, reference=reference, note=note)


@faults.command()
@with_json
def attend(
    number: Number,
    name: Named,
    config: ConfigOption = None,
    *,
    engineer: Annotated[str, typer.Option("--engineer", help="the person who came")] = "",
    reference: Reference = "",
    note: Noted = "",
    at: Happened = None,
) -> None:
    """Record a visit. It is the response of the contract."""
    _do("attend", number, (name, at, config), engineer=engineer, reference=reference, note=note)


@faults.command()
@with_json
def fix(
    number: Number,
    name: Named,
    config: ConfigOption = None,
    *,
    action: Action = "",
    parts: Parts = "",
    cause: Annotated[str, typer.Option(help="the cause that the contractor gives")] = "",
    at: Happened = None,
) -> None:
    """Record a fix. The fault stays open until it is restored."""
    _do("fix", number, (name, at, config), action=action, parts=parts, cause=cause)


@faults.command()
@with_json
def verify(
    number: Number,
    name: Named,
    config: ConfigOption = None,
    *,
    note: Noted = "",
    at: Happened = None,
) -> None:
    """Record that a person has seen it work again."""
    _do("verify", number, (name, at, config), note=note)


@faults.command()
@with_json
def accept(
    number: Number,
    name: Named,
    config: ConfigOption = None,
    *,
    note: Noted = "",
    at: Happened = None,
) -> None:
    """Accept the work on a fault that is restored."""
    _do("accept", number, (name, at, config), note=note)


@faults.command()
@with_json
def close(
    number: Number,
    name: Named,
    cause: Annotated[
        str,
        typer.Option(
            help="vandalism, accident, power, communications, device, lens, foliage, configuration,"
            " weather, unknown, obsolete, planned or no_fault"
        ),
    ],
    config: ConfigOption = None,
    *,
    action: Action = "",
    parts: Parts = "",
    note: Noted = "",
    at: Happened = None,
) -> None:
    """Close a fault that is restored, with its cause."""
    _do("close", number, (name, at, config), cause=cause, action=action, parts=parts, note=note)


@faults.command()
@with_json
def pause(
    number: Number,
    name: Named,
    owner: Annotated[
        str, typer.Option(help="who holds it up: contractor, utility, highways, council or police")
    ],
    reason: Annotated[str, typer.Option(help="the reason, such as a permit or a part")],
    config: ConfigOption = None,
    *,
    at: Happened = None,
) -> None:
    """Pause: the work cannot go on. The contract clock stops, unless the contractor holds it up."""
    _do("pause", number, (name, at, config), owner=owner, reason=reason)


@faults.command()
@with_json
def resume(
    number: Number,
    name: Named,
    config: ConfigOption = None,
    *,
    note: Noted = "",
    at: Happened = None,
) -> None:
    """End a pause: the work can go on."""
    _do("resume", number, (name, at, config), note=note)


@faults.command("import")
@with_json
def import_(
    file: Annotated[Path, typer.Argument(help="CSV file of the contractor")],
    name: Named,
    config: ConfigOption = None,
) -> None:
    """Record the visits and fixes in a contractor's CSV file: all of them or, with a mistake, none."""
    from healthmon.cli import fault_import

    fault_import.run(file, name, config)


@faults.command()
@with_json
def undo(
    number: Number,
    name: Named,
    config: ConfigOption = None,
    *,
    reason: Annotated[str, typer.Option(help="the reason")] = "",
) -> None:
    """Undo the last act on a fault. Both stay in the record."""
    from healthmon.cli import fault_acts

    fault_acts.undo(number, fault_acts.Entry(name, None, config), reason)


def _do(kind: str, number: str, told: tuple[str, str | None, Path | None], **details: str) -> None:
    from healthmon.cli import fault_acts
    from healthmon.incidents.acts import ActKind

    fault_acts.do(ActKind(kind), number, fault_acts.Entry(*told), **details)
