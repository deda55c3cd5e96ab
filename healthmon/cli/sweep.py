"""What `sweep` does. Loaded by that command: `healthmon.cli.app` has the options only."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from healthmon.cli import acting, overrides, sheet_files
from healthmon.cli.console import fail, read_watched, say
from healthmon.cli.loop import run_loop
from healthmon.cli.progress import shown_progress
from healthmon.config.problems import ConfigError, suggest
from healthmon.model.device import Device
from healthmon.model.enums import Kind
from healthmon.picture.service import Learning
from healthmon.runtime import engine as composition
from healthmon.runtime import sweep as one_off
from healthmon.store import StoreError, location, permissions
from healthmon_exporters.reports import shift_sheet

if TYPE_CHECKING:
    from healthmon.config.schema import Config


KINDS = {"camera", "recorder", "ups", "workstation", "link", "fixed", "ptz", "deployable"}
# So many choices are listed where a word is not known.
MOST_CHOICES = 20


def sweep(
    config: Path | None,
    wanted: Sequence[list[str]],
    *,
    shift: bool,
    learn_clocks: bool,
    as_json: bool,
    outputs: Sequence[Path],
) -> None:
    """One sweep of the `wanted` (sites, devices, kinds); with `shift` as the whole function check.
    Clocks in pictures are not learned by it unless it may take longer (`learn_clocks`).
    """
    _, loaded = read_watched(config)
    sheet_files.checked(outputs, shift=shift)
    say(f"store: {location.shown(loaded)}")
    asked = _Asked(config, loaded, outputs, shift, as_json)
    if (code := _by_agent(asked, chosen=any(wanted))) is not None:
        raise typer.Exit(code)
    engine = composition.build(loaded, overrides.known(loaded))
    if (pictures := engine.context.pictures) is not None:
        pictures.learning = Learning.AT_ONCE if learn_clocks else Learning.NONE
    selection = selection_of(engine, *wanted)
    sheet = run_loop(swept(engine, selection))
    if selection == one_off.Selection() and (problem := one_off.keep(engine, sheet)):
        say(f"warning: the sheet was not stored: {problem}")
    sys.stdout.write(sheet_files.printed(sheet, shift=shift, as_json=as_json))
    sheet_files.write(sheet, outputs, shift=shift)
    raise typer.Exit(sheet.exit_code)


@dataclass(frozen=True)
class _Asked:
    """What a command asks for: the whole function check (`shift`) or the short sheet, in which forms."""

    config: Path | None
    loaded: Config
    outputs: Sequence[Path]
    shift: bool
    as_json: bool

    def by_agent(self, socket: Path) -> int:
        """Have the agent make the sheet, so that no device is asked by two programs, and show it; its
        exit code. Raises StoreError, ConfigError, ValueError.
        """
        with shown_progress("checking") as progress:
            acting.swept_by_agent(self.loaded, socket, progress)
        if self.shift:
            return sheet_files.again(self.config, None, as_json=self.as_json, outputs=self.outputs)
        code = sheet_files.of_record(self.loaded, self.outputs, as_json=self.as_json)
        say("the running agent made these checks; no device was asked twice")
        return code


def _by_agent(asked: _Asked, *, chosen: bool) -> int | None:
    """The exit code of a sheet that the running agent has made; None where this command makes it, and
    then it says why if an agent is there. What an agent refuses of its shift check is refused.
    """
    socket, problem = acting.agent_of(asked.loaded)
    if socket is not None and chosen:
        problem = "the agent makes whole checks only"
    elif socket is not None:
        try:
            return asked.by_agent(socket)
        except (StoreError, ConfigError, ValueError) as error:
            if asked.shift:
                raise fail(str(error)) from None
            problem = str(error)
    if problem and location.prepared(location.folder_of(asked.loaded)) is None:
        words = f"{permissions.account()} cannot keep its checks apart from the agent's"
        raise fail(f"{problem}; no device was asked: {words}")
    if problem:
        say(f"{problem}; this command asks the devices itself, each while the agent does not")
    return None


def selection_of(
    engine: composition.CheckEngine,
    sites: Sequence[str],
    devices: Sequence[str],
    kinds: Sequence[str] = (),
) -> one_off.Selection:
    """The chosen devices. Exits where one is not known."""
    known = _known(engine.estate.devices.values())
    for option, given in (("site", sites), ("device", devices), ("kind", kinds)):
        for value in given:
            if value not in known[option]:
                near = suggest(value, known[option])
                choices = f"; choose one of {', '.join(sorted(known[option]))}"
                words = near or (choices if len(known[option]) <= MOST_CHOICES else "")
                raise fail(f"--{option} {value}: not in the configuration{words}")
    return one_off.Selection(frozenset(sites), frozenset(devices), frozenset(kinds))


def _known(devices: Collection[Device]) -> dict[str, set[str]]:
    """What each option may name."""
    watched = [one for one in devices if one.kind is not Kind.AGENT]
    kinds = {one.kind.value for one in watched} | {one.variant for one in watched if one.variant}
    return {
        "site": {one.site for one in watched},
        "device": {one.id for one in devices},
        "kind": kinds | KINDS,
    }


async def swept(engine: composition.CheckEngine, selection: one_off.Selection) -> shift_sheet.Sheet:
    """A sweep with a progress bar on standard error where that is a terminal."""
    try:
        with shown_progress("checking") as progress:
            return await one_off.run(engine, selection, progress)
    finally:
        await engine.close()
