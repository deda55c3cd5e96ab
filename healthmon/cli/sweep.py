"""What `sweep` does. Loaded by that command: `healthmon.cli.app` has the options only."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from healthmon.cli import acting, overrides, sheet_files
from healthmon.cli.console import fail, read_watched, say
from healthmon.cli.loop import run_loop
from healthmon.cli.progress import shown_progress
from healthmon.config.problems import suggest
from healthmon.runtime import engine as composition
from healthmon.runtime import sweep as one_off
from healthmon.store import StoreError, location
from healthmon_exporters.reports import shift_sheet

if TYPE_CHECKING:
    from healthmon.config.schema import Config


def sweep(
    config: Path | None,
    wanted: Sequence[list[str]],
    *,
    shift: bool,
    as_json: bool,
    outputs: Sequence[Path],
) -> None:
    """One sweep of the `wanted` (sites, devices, kinds); with `shift` as the whole function check."""
    _, loaded = read_watched(config)
    sheet_files.checked(outputs, shift=shift)
    say(f"store: {location.shown(loaded)}")
    if shift and not any(wanted) and _by_agent(loaded):
        code = sheet_files.again(config, None, as_json=as_json, outputs=outputs)
        raise typer.Exit(code)
    engine = composition.build(loaded, overrides.known(loaded))
    selection = _selection(engine, *wanted)
    sheet = run_loop(swept(engine, selection))
    if selection == one_off.Selection() and (problem := one_off.keep(engine, sheet)):
        say(f"warning: the sheet was not stored: {problem}")
    sys.stdout.write(sheet_files.printed(sheet, shift=shift, as_json=as_json))
    sheet_files.write(sheet, outputs, shift=shift, as_json=as_json)
    raise typer.Exit(sheet.exit_code)


def _by_agent(loaded: Config) -> bool:
    """Whether an agent runs and has made the whole check: no device is asked by two programs."""
    try:
        with shown_progress("checking") as progress:
            return acting.swept_by_agent(loaded, progress)
    except StoreError as error:
        raise fail(str(error)) from None


def _selection(
    engine: composition.CheckEngine, sites: list[str], devices: list[str], kinds: list[str]
) -> one_off.Selection:
    known_kinds = {d.kind.value for d in engine.estate.devices.values()} | {
        d.variant for d in engine.estate.devices.values() if d.variant
    }
    known = {
        "site": {d.site for d in engine.estate.devices.values()},
        "device": set(engine.estate.devices),
        "kind": known_kinds
        | {"camera", "recorder", "ups", "workstation", "link", "fixed", "ptz", "deployable"},
    }
    for option, given in (("site", sites), ("device", devices), ("kind", kinds)):
        for value in given:
            if value not in known[option]:
                raise fail(
                    f"--{option} {value}: not in the configuration{suggest(value, known[option])}"
                )
    return one_off.Selection(frozenset(sites), frozenset(devices), frozenset(kinds))


async def swept(engine: composition.CheckEngine, selection: one_off.Selection) -> shift_sheet.Sheet:
    """A sweep with a progress bar on standard error where that is a terminal."""
    try:
        with shown_progress("checking") as progress:
            return await one_off.run(engine, selection, progress)
    finally:
        await engine.close()
