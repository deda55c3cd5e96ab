"""The commands and their options. Exit codes: 0 all well, 1 faults, 2 could not check something, 3
usage or configuration.

Each command imports what it needs when it runs, so that the short ones are quick.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from healthmon import __version__
from healthmon.cli.act_command import with_json
from healthmon.cli.audit_app import audit
from healthmon.cli.command_group import RootGroup, command_group
from healthmon.cli.commission_app import commission
from healthmon.cli.console import USAGE, fail, load, say
from healthmon.cli.discover_app import discover
from healthmon.cli.duties_app import duties
from healthmon.cli.faults_app import Named, faults
from healthmon.cli.field_app import device as device_app
from healthmon.cli.field_app import maintenance, visit
from healthmon.cli.options import ConfigOption, JsonOption
from healthmon.cli.picture_app import picture
from healthmon.cli.ptz_app import ptz
from healthmon.cli.user_app import user

OwnName = Annotated[
    str,
    typer.Option(
        "--name",
        help="the name of the person who acts; with a users file the user that your account is bound to",
    ),
]

_NAME = "healthmon"
# The variable in which a shell says what it wants to be completed.
_COMPLETE = "_HEALTHMON_COMPLETE"
_SHELLS = ("bash", "zsh", "fish")
_EXIT_CODES = """Exit codes: 0 all OK, or done; 1 faults or warnings; 2 not everything could be checked; 3 wrong usage
or configuration, or refused. `healthmon COMMAND --help` shows options and examples."""

cli = typer.Typer(
    name=_NAME,
    cls=RootGroup,
    epilog=_EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
notify = command_group("Try the targets of notifications.")
cli.add_typer(notify, name="notify")
cli.add_typer(faults, name="faults")
cli.add_typer(user, name="user")
cli.add_typer(audit, name="audit")
cli.add_typer(visit, name="visit")
cli.add_typer(maintenance, name="maintenance")
cli.add_typer(device_app, name="device")
cli.add_typer(picture, name="picture")
cli.add_typer(ptz, name="ptz")
cli.add_typer(duties, name="duties")
cli.command()(discover)
cli.command()(commission)


@cli.command()
def run(
    config: ConfigOption = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="log every request")] = False,
) -> None:
    """Run the agent: poll all devices, notify, and serve the web pages."""
    from healthmon.cli import run as agent

    raise typer.Exit(agent.run(config, verbose=verbose))


@cli.command()
def agents(
    config: ConfigOption = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Show which agent has the estate and which stand by, where several share a database server."""
    from healthmon.cli import agents as command

    raise typer.Exit(command.agents(config, as_json=as_json))


@cli.command()
def sweep(
    config: ConfigOption = None,
    *,
    site: Annotated[
        list[str] | None, typer.Option(help="check only this site (repeatable)")
    ] = None,
    device: Annotated[
        list[str] | None, typer.Option(help="check only this device (repeatable)")
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            help="check only camera, recorder, ups, workstation, link, fixed, ptz or deployable"
        ),
    ] = None,
    shift: Annotated[
        bool,
        typer.Option("--shift", help="the whole function check: every camera on every line C1-C26"),
    ] = False,
    learn_clocks: Annotated[
        bool,
        typer.Option(
            "--learn-clocks", help="learn clocks in the pictures first; takes half a minute longer"
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            help="also write the sheet to this file (repeatable), as its name ends: .txt or .json; "
            "with --shift also .html, .pdf or .csv"
        ),
    ] = None,
) -> None:
    """Run every check once and print the shift sheet."""
    from healthmon.cli import sweep as command

    wanted = (site or [], device or [], kind or [])
    command.sweep(
        config,
        wanted,
        shift=shift,
        learn_clocks=learn_clocks,
        as_json=as_json,
        outputs=output or [],
    )


@cli.command()
def record(
    device: Annotated[str, typer.Argument(help="id of the device")],
    config: ConfigOption = None,
    out: Annotated[
        Path, typer.Option(help="the folder in which the folder of the recording is made")
    ] = Path(),
    *,
    show: Annotated[
        bool, typer.Option("--show", help="print what would be written, and write nothing")
    ] = False,
) -> None:
    """Record what a device answers, anonymised, so that healthmon can be tested with it."""
    from healthmon.cli import record as command

    command.record(device, config, out, show=show)


@cli.command()
def backup(
    target: Annotated[Path, typer.Argument(help="the file to write, or a folder")],
    config: ConfigOption = None,
    key: Annotated[
        str | None,
        typer.Option(help="the age key to encrypt to (default: history.backup_key of config.yaml)"),
    ] = None,
    keep: Annotated[
        int | None, typer.Option(min=1, help="in a folder: delete all but the newest so many")
    ] = None,
) -> None:
    """Write a consistent, encrypted copy of the record; the agent may run."""
    from healthmon.cli import backup as command

    command.make(config, target, key, keep)


@cli.command()
def restore(
    source: Annotated[Path, typer.Argument(help="a file that `healthmon backup` has written")],
    key: Annotated[
        Path, typer.Option(help="the file with the secret age key (AGE-SECRET-KEY-...)")
    ],
    config: ConfigOption = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="in place of a record that is there")] = False,
) -> None:
    """Put the record of a backup in place, and write into it that it was restored."""
    from healthmon.cli import backup as command

    command.restore(config, source, key, yes=yes)


@cli.command("erase-person")
@with_json
def erase_person(
    name: Annotated[str, typer.Argument(help="the name as it stands in the record")],
    config: ConfigOption = None,
) -> None:
    """Put a pseudonym in place of a person's name in the whole record; by the agent where one runs."""
    from healthmon.cli import erase as command

    command.erase_person(config, name)


@cli.command()
def probe(
    device: Annotated[str, typer.Argument(help="the id of a configured device")],
    config: ConfigOption = None,
    check_type: Annotated[
        str | None,
        typer.Option(
            "--check", "--question", help="run only this check (reach, stream, clock ...)"
        ),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="show requests, answers, measurements and metrics")
    ] = False,
    last_failure: Annotated[
        bool,
        typer.Option(
            "--last-failure", help="show the last failed runs that the running agent has kept"
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run the checks of one device now."""
    if as_json and (explain or last_failure):
        raise fail("--explain and --last-failure print text; leave out --json")
    if last_failure:
        from healthmon.cli.agent_client import kept_failures

        sys.stdout.write(kept_failures(load(config)[1], device))
        return
    from healthmon.cli import probe as command

    command.probe(device, config, check_type, explain=explain, as_json=as_json)


@cli.command()
def init(
    output: Annotated[Path, typer.Option(help="the file to write")] = Path("config.yaml"),
    *,
    answers: Annotated[
        Path | None,
        typer.Option(
            help="YAML with the answers: estate, time_zone, time_servers, sites, contractor, "
            "contractor_phone, contractor_email, camera_user, camera_password, snmp_community"
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="overwrite a file that is there")] = False,
) -> None:
    """Ask for estate, time zone, time servers, sites and contractor, and write a first config.yaml."""
    from healthmon.cli import first_config

    first_config.run(output, answers, force=force)


@cli.command("check-config")
def check_config(
    config: ConfigOption = None,
    *,
    strict: Annotated[
        bool, typer.Option("--strict", help="end with exit code 3 after a warning too")
    ] = False,
    show: Annotated[
        list[str] | None,
        typer.Option(
            help="print every setting of this device and where it stands, instead (repeatable)"
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check the configuration and report every mistake in it."""
    from healthmon.cli import check_config as command

    if show:
        command.show(config, show, as_json=as_json)
        return
    command.check_config(config, strict=strict, as_json=as_json)


@cli.command()
def overrides(config: ConfigOption = None, *, as_json: JsonOption = False) -> None:
    """Print as YAML for config.yaml what people have changed on the pages: windows, devices."""
    from healthmon.cli import overrides as command

    command.show(config, as_json=as_json)


@cli.command("config-schema")
def config_schema() -> None:
    """Print the JSON Schema of config.yaml, for editors."""
    import json

    from healthmon.config import loading

    sys.stdout.write(json.dumps(loading.json_schema(), indent=2) + "\n")


@cli.command()
def export(
    config: ConfigOption = None,
    output: Annotated[
        Path | None, typer.Option(help="the file to write (default: standard output)")
    ] = None,
    *,
    bom: Annotated[
        bool, typer.Option("--bom", help="begin with a byte order mark, for Excel")
    ] = False,
    semicolon: Annotated[
        bool, typer.Option("--semicolon", help="divide the columns by semicolons")
    ] = False,
) -> None:
    """Write all devices as a spreadsheet (CSV): one row each, no credentials but their names."""
    from healthmon.cli import estate_sheet

    estate_sheet.export(config, output, bom=bom, separator=";" if semicolon else ",")


@cli.command("import")
@with_json
def import_estate(
    file: Annotated[Path, typer.Argument(help="CSV as `healthmon export` writes it")],
    config: ConfigOption = None,
    *,
    write: Annotated[
        bool,
        typer.Option(
            "--write/--dry-run", help="change config.yaml, or only print what would change"
        ),
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="also remove devices that are not in the file")
    ] = False,
) -> None:
    """Take the devices of a spreadsheet into config.yaml; its comments and order stay."""
    from healthmon.cli import estate_import

    estate_import.run(file, config, write=write, remove=remove)


@cli.command("alertmanager-config")
def alertmanager_config(
    config: ConfigOption = None,
    secrets_folder: Annotated[
        str, typer.Option("--secrets", help="folder with Alertmanager's copies of the secrets")
    ] = "/etc/prometheus/secrets",
    url_files: Annotated[
        bool,
        typer.Option(
            "--url-files",
            help="for Alertmanager 0.26 and later: read secret addresses from files too",
        ),
    ] = False,
) -> None:
    """Print a configuration for Prometheus' Alertmanager, made from config.yaml. It has no secrets."""
    from healthmon_exporters.reports import alertmanager_config as made

    _, loaded = load(config)
    sys.stdout.write(made.text(loaded, secrets=secrets_folder.rstrip("/"), url_files=url_files))


@cli.command("database-sql")
def database_sql(
    role: Annotated[str, typer.Argument(help="the role of PostgreSQL by which the agents log in")],
) -> None:
    """Print the SQL that makes the tables in PostgreSQL and lets the role of the agents do no more than they need."""
    from healthmon.store import role_sql

    sys.stdout.write(role_sql.text(role))


@notify.command("test")
@with_json
def notify_test(
    target: Annotated[str, typer.Argument(help="a notification target of config.yaml")],
    config: ConfigOption = None,
    contractor: Annotated[
        str | None, typer.Option(help="send as if for this contractor (to_contractor)")
    ] = None,
) -> None:
    """Send a test notification to one target and report the result. Exit codes: 0 sent, 1 not sent."""
    from healthmon.cli import notify_test as notifying

    notifying.run(target, config, contractor)


@cli.command()
def history(
    device: Annotated[str, typer.Argument(help="the id of a device")],
    config: ConfigOption = None,
    days: Annotated[float, typer.Option(help="number of days to show", min=0.01)] = 31.0,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Show the history of one device: its states and its faults."""
    from healthmon.cli import faults as records

    records.history(device, config, days, as_json=as_json)


@cli.command()
@with_json
def ack(
    number: Annotated[str, typer.Argument(help="the number of the fault, such as F000123")],
    name: Named,
    reason: Annotated[
        str, typer.Option("--reason", help="the reason why it may wait, or the action taken")
    ],
    config: ConfigOption = None,
) -> None:
    """Acknowledge a fault. It stays open, and its reminders stop."""
    from healthmon.cli import fault_acts
    from healthmon.incidents.acts import ActKind

    entry = fault_acts.Entry(name, None, config)
    fault_acts.do(ActKind.ACKNOWLEDGE, number, entry, reason=reason)


@cli.command()
@with_json
def sign(
    name: OwnName = "",
    config: ConfigOption = None,
    note: Annotated[
        str, typer.Option("--note", help="a remark; it is printed under the signature")
    ] = "",
) -> None:
    """Sign the last sweep. It must not be older than `shift_check: {sign: ...}` says."""
    from healthmon.cli import handing_over

    handing_over.sign(name, config, note)


@cli.command()
@with_json
def note(
    text: Annotated[str, typer.Argument(help="what the next shift must know")],
    name: OwnName = "",
    config: ConfigOption = None,
) -> None:
    """Write a note for the next shift. It is on /desk and on every sheet until that shift ends it."""
    from healthmon.cli import handing_over

    handing_over.note(text, name, config)


@cli.command()
def sheet(
    config: ConfigOption = None,
    until: Annotated[
        str | None, typer.Option("--until", help="the last one made by then, such as 2026-11-29")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    output: Annotated[
        list[Path] | None,
        typer.Option(help="also write it to this file (repeatable), as its name ends"),
    ] = None,
) -> None:
    """Show the last shift check again as it was kept, with who signed it."""
    from healthmon.cli import sheet_files

    sheet_files.again(config, until, as_json=as_json, outputs=output or [])


@cli.command()
def sheets(
    config: ConfigOption = None,
    since: Annotated[
        str | None, typer.Option("--since", help="only those made from then on, such as 2026-11-29")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="only those made by then, such as 2026-11-30")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """List the shift checks that are kept, the newest first: totals, faults and who signed."""
    from healthmon.cli import sheet_list

    sheet_list.show(config, (since, until), as_json=as_json)


@cli.command()
def report(
    kind: Annotated[
        str, typer.Argument(help="monthly, annual, foi, contractor, retention or security")
    ],
    config: ConfigOption = None,
    period: Annotated[
        str,
        typer.Option(
            "--period", help="2026-10, 2026 or 2026/27 (default: the last whole month or year)"
        ),
    ] = "",
    *,
    public: Annotated[
        bool, typer.Option("--public", help="leave out every name, address and place")
    ] = False,
    form: Annotated[
        str, typer.Option("--format", help="what is printed: text, html, pdf, csv or json")
    ] = "text",
    as_json: JsonOption = False,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            help="write it to this file instead (repeatable), as its name ends: "
            ".html, .pdf, .csv, .json or .txt"
        ),
    ] = None,
    progress: Annotated[
        bool,
        typer.Option("--progress", help="say in lines how far it is, where no terminal is"),
    ] = False,
) -> None:
    """Make a report from the record: figures, faults, repairs, retention."""
    from healthmon.cli import report as command

    command.report(
        command.Asked(kind, period, public, "json" if as_json else form, output or [], progress),
        config,
    )


@cli.command("clock-statement")
@with_json
def clock_statement(
    camera: Annotated[str, typer.Argument(help="the id of the camera of the recording")] = "",
    config: ConfigOption = None,
    at: Annotated[
        str,
        typer.Option(
            "--at", help="local time of the camera, or with its offset: 2026-11-29T14:05:00Z"
        ),
    ] = "",
    reason: Annotated[
        str, typer.Option("--reason", help="for what it is made, such as the police's reference")
    ] = "",
    name: OwnName = "",
    *,
    number: Annotated[
        int, typer.Option("--number", min=0, help="show a statement of the record again")
    ] = 0,
    form: Annotated[
        str, typer.Option("--format", help="what is printed: text, html, pdf or json")
    ] = "text",
    output: Annotated[
        list[Path] | None,
        typer.Option(help="write it to this file instead (repeatable): .html, .pdf, .json or .txt"),
    ] = None,
) -> None:
    """State what the clocks of a camera and its recorder were against UTC at a time, for a recording."""
    from healthmon.cli import clock_statement as command

    asked = command.Asked(camera, at, reason, name, number, form, output or [])
    command.state(asked, config)


@cli.command("import-faults")
@with_json
def import_faults(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV with the columns reported, restored, reason, device, reference, note"
        ),
    ],
    name: Named,
    config: ConfigOption = None,
) -> None:
    """Import the fault log of earlier years; its faults are marked as imported, not measured."""
    from healthmon.cli import old_log

    old_log.run(file, name, config)


@cli.command()
def demo(
    cameras: Annotated[int, typer.Option(min=1, help="number of simulated cameras")] = 147,
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="port of the agent on 127.0.0.1")
    ] = 9877,
    once: Annotated[bool, typer.Option("--once", help="exit after the sweep")] = False,
    browser: Annotated[
        bool, typer.Option("--open", help="open the wall in a browser if there is a display")
    ] = False,
    login: Annotated[
        bool,
        typer.Option(
            "--login", help="with users and a password, so that the pages have their forms"
        ),
    ] = False,
) -> None:
    """Start a SIMULATED estate and the agent on loopback. Print one sweep, then keep running."""
    from healthmon.cli import demo as demo_command

    try:
        wanted = demo_command.Wanted(once=once, browser=browser, login=login)
        code = demo_command.run(cameras, port, wanted)
    except OSError as error:
        raise fail(f"the demo cannot start: {error}") from None
    raise typer.Exit(code)


@cli.command()
def version() -> None:
    """Print the version."""
    sys.stdout.write(f"healthmon {__version__}\n")


def _print_version(wanted: bool) -> None:
    if wanted:
        version()
        raise typer.Exit


@cli.callback()
def every_command(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Camera health monitoring. Replaces the manual function check of a CCTV control room."""


@cli.command()
def completion(
    shell: Annotated[str, typer.Argument(help="bash, zsh or fish")],
) -> None:
    """Print a script by which the shell completes commands and options."""
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    if shell not in _SHELLS:
        raise fail(f"{shell}: no such shell; they are {', '.join(_SHELLS)}")
    script = get_completion_script(prog_name=_NAME, complete_var=_COMPLETE, shell=shell)
    sys.stdout.write(f"{script}\n")


def run_command() -> int:
    """The command of `sys.argv`; its exit code. A shell that asks for completion gets it."""
    if _COMPLETE in os.environ:
        from typer.completion import completion_init  # type: ignore[attr-defined]

        completion_init()
    try:
        code = cli(prog_name=_NAME, standalone_mode=False)
    except typer.Exit as end:
        code = end.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        if type(error).__name__ == "NoArgsIsHelpError":  # healthmon, or a group, alone
            sys.stdout.write(f"{error.format_message()}\n")
            return 0
        say(f"healthmon: {error.format_message()}{_hint(error)}")
        code = USAGE
    return code if isinstance(code, int) else 0


def _hint(error: Any) -> str:
    """Where the command that was typed wrongly is explained."""
    context = getattr(error, "ctx", None)
    return f" ({context.command_path} --help)" if context is not None else ""
