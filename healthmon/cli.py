"""The commands. Exit codes: 0 all well, 1 faults, 2 could not check something, 3 usage or configuration."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from healthmon import __version__, accounts, door, heap, notifying, records, serve, shift, showcase
from healthmon import app as composition
from healthmon import config as configuration
from healthmon.config import ConfigError
from healthmon.console import USAGE, ConfigOption, fail, load, read, say
from healthmon.explain import explanation
from healthmon.model import Question
from healthmon_exporters import shift_sheet

cli = typer.Typer(
    name="healthmon",
    help="Camera health monitoring: replaces the manual function check of a CCTV control room.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    pretty_exceptions_enable=False,
    add_completion=False,
)
notify = typer.Typer(help="Notifications.", no_args_is_help=True)
cli.add_typer(notify, name="notify")


def run_loop(coroutine: Any) -> Any:
    """Run on uvloop where it is installed, else on asyncio. SIGTERM cancels, so that open sessions are torn down."""
    try:
        import uvloop
    except ImportError:
        factory = None
    else:
        factory = uvloop.new_event_loop
    ended: list[int] = []
    with asyncio.Runner(loop_factory=factory) as runner:
        try:
            return runner.run(_terminable(coroutine, ended))
        except asyncio.CancelledError:
            if not ended:
                raise
            raise typer.Exit(128 + ended[0]) from None


async def _terminable(coroutine: Any, ended: list[int]) -> Any:
    task = asyncio.current_task()

    def end() -> None:
        ended.append(signal.SIGTERM)
        if task is not None:
            task.cancel()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)
    return await coroutine


@cli.command()
def run(
    config: ConfigOption = None, verbose: Annotated[bool, typer.Option("--verbose")] = False
) -> None:
    """Poll for ever and serve /metrics."""
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        force=True,
    )
    if not verbose:
        logging.getLogger("httpx").setLevel(
            logging.WARNING
        )  # it would write a line for every request
    heap.lean()
    try:
        run_loop(serve.serve(*read(config)))
    except ConfigError as error:
        raise fail(str(error)) from None
    except OSError as error:  # BlockingIOError: another agent is running
        raise fail(f"healthmon cannot start: {error}") from None


@cli.command()
def sweep(
    config: ConfigOption = None,
    site: Annotated[list[str] | None, typer.Option(help="only this site (repeatable)")] = None,
    device: Annotated[list[str] | None, typer.Option(help="only this device (repeatable)")] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(help="only camera, recorder, ups, link, fixed, ptz or deployable"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    output: Annotated[Path | None, typer.Option(help="write the sheet to this file too")] = None,
) -> None:
    """Run every check once and print the shift sheet."""
    _, loaded = read(config)
    app = composition.build(loaded)
    selection = _selection(app, site or [], device or [], kind or [])
    sheet = run_loop(swept(app, selection))
    if selection == shift.Selection() and (problem := shift.keep(app, sheet)):
        say(f"warning: the sheet was not kept: {problem}")
    text = (
        json.dumps(shift_sheet.as_json(sheet), indent=2) + "\n"
        if as_json
        else shift_sheet.text(sheet)
    )
    sys.stdout.write(text)
    if output is not None:
        try:
            output.write_text(text)
        except OSError as error:
            raise fail(f"{output}: the sheet was not written: {error.strerror}") from None
    raise typer.Exit(sheet.exit_code)


def _selection(
    app: composition.App, sites: list[str], devices: list[str], kinds: list[str]
) -> shift.Selection:
    known_kinds = {d.kind.value for d in app.devices.values()} | {
        d.variant for d in app.devices.values() if d.variant
    }
    known = {
        "site": {d.site for d in app.devices.values()},
        "device": set(app.devices),
        "kind": known_kinds | {"camera", "recorder", "ups", "link", "fixed", "ptz", "deployable"},
    }
    for option, given in (("site", sites), ("device", devices), ("kind", kinds)):
        for value in given:
            if value not in known[option]:
                raise fail(
                    f"--{option} {value}: not in the configuration{configuration.suggest(value, known[option])}"
                )
    return shift.Selection(frozenset(sites), frozenset(devices), frozenset(kinds))


async def swept(
    app: composition.App, selection: shift.Selection, *, simulated: bool = False
) -> shift_sheet.Sheet:
    """A sweep with a progress bar on standard error where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    errors = Console(stderr=True)
    columns = (TextColumn("checking"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("checking", total=None)
        try:
            return await shift.run(
                app,
                selection,
                lambda done, total: bar.update(task, completed=done, total=total),
                simulated=simulated,
            )
        finally:
            await app.close()


@cli.command()
def probe(
    device: Annotated[str, typer.Argument(help="a configured device id")],
    config: ConfigOption = None,
    question: Annotated[
        str | None, typer.Option(help="only this question (reach, stream, clock ...)")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="show what was asked, answered, observed, judged")
    ] = False,
) -> None:
    """Look at one device now."""
    _, loaded = read(config)
    app = composition.build(loaded)
    if device not in app.devices:
        raise fail(
            f"{device}: no such device in the configuration{configuration.suggest(device, app.devices)}"
        )
    if question is not None and question not in {q.value for q in Question}:
        raise fail(
            f"--question {question}: not a question{configuration.suggest(question, [q.value for q in Question])}"
        )
    text, code = run_loop(explanation(app, device, question, notes=explain))
    sys.stdout.write(text)
    raise typer.Exit(code)


@cli.command("check-config")
def check_config(config: ConfigOption = None) -> None:
    """Read the configuration and say everything that is wrong with it."""
    path, loaded = read(config, need_secrets=False)
    for warning in (*loaded.warnings, *door.problems(path, loaded), *door.warnings(loaded)):
        say(f"warning: {warning}")
    counts = (
        f"{len(loaded.cameras)} cameras, {len(loaded.recorders)} recorders, {len(loaded.ups)} UPS"
    )
    sys.stdout.write(
        f"{path}: well formed: {counts}, {len(loaded.links)} links, {len(loaded.time_servers)} time servers\n"
    )


@cli.command("config-schema")
def config_schema() -> None:
    """Print the JSON Schema of config.yaml, for editors."""
    sys.stdout.write(json.dumps(configuration.json_schema(), indent=2) + "\n")


@cli.command("alertmanager-config")
def alertmanager_config(
    config: ConfigOption = None,
    secrets_folder: Annotated[
        str, typer.Option("--secrets", help="folder of Alertmanager's own copies of the secrets")
    ] = "/etc/prometheus/secrets",
    url_files: Annotated[
        bool,
        typer.Option(
            "--url-files",
            help="for Alertmanager 0.26 and later: secret addresses stand in files too",
        ),
    ] = False,
) -> None:
    """Print a configuration of Prometheus' Alertmanager made from config.yaml; no secret stands in it."""
    from healthmon_exporters import alertmanager_config as made

    _, loaded = load(config)
    sys.stdout.write(made.text(loaded, secrets=secrets_folder.rstrip("/"), url_files=url_files))


@notify.command("test")
def notify_test(
    target: Annotated[str, typer.Argument(help="a target of `notify` in config.yaml")],
    config: ConfigOption = None,
    contractor: Annotated[
        str | None, typer.Option(help="test as if for this contractor (to_contractor)")
    ] = None,
) -> None:
    """Send a test by one target and say in words what happened. Exit codes: 0 sent, 1 not sent."""
    _, loaded = read(config, need_secrets=False)
    known = {contractor.id for contractor in loaded.contractors}
    if target not in loaded.notify:
        raise fail(
            f"{target}: no such target in `notify`{configuration.suggest(target, loaded.notify)}"
        )
    if contractor is not None and contractor not in known:
        raise fail(
            f"--contractor {contractor}: not in the configuration{configuration.suggest(contractor, known)}"
        )
    text, code = run_loop(notifying.try_target(loaded, target, contractor))
    sys.stdout.write(text)
    raise typer.Exit(code)


for command in (*records.COMMANDS, accounts.user):
    cli.command()(command)


@cli.command()
def demo(
    cameras: Annotated[int, typer.Option(help="how many simulated cameras")] = 147,
    port: Annotated[int, typer.Option(help="port of the agent on 127.0.0.1")] = 9877,
    once: Annotated[
        bool, typer.Option("--once", help="end after the sweep instead of serving")
    ] = False,
    browser: Annotated[
        bool, typer.Option("--open", help="open the wall in a browser where there is a display")
    ] = False,
) -> None:
    """Start a SIMULATED estate and an agent on loopback, show one sweep, then keep serving."""
    try:
        code = showcase.run(cameras, port, once=once, browser=browser)
    except OSError as error:
        raise fail(f"the demo cannot start: {error}") from None
    raise typer.Exit(code)


@cli.command()
def version() -> None:
    """Print the version."""
    sys.stdout.write(f"healthmon {__version__}\n")


def main() -> None:
    """Entry point: usage errors end with 3, so that 2 always means "could not check something"."""
    try:
        code = cli(standalone_mode=False)
    except typer.Exit as end:
        code = end.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        say(f"healthmon: {error.format_message()}")
        code = USAGE
    sys.exit(code if isinstance(code, int) else 0)
