"""``healthmon record DEVICE``: what a device answers, anonymised, for whoever tests healthmon with it."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from healthmon.cli import overrides
from healthmon.cli.console import fail, read_watched, say
from healthmon.cli.loop import run_loop
from healthmon.cli.progress import shown_progress
from healthmon.config import document
from healthmon.config.defaults_schema import KEYS
from healthmon.config.inheritance import KIND_OF, inherited
from healthmon.config.problems import suggest
from healthmon.config.schema import Config
from healthmon.device_recordings import scan
from healthmon.device_recordings.known import Known, with_answers
from healthmon.device_recordings.making import Run, identified, recorded
from healthmon.device_recordings.recording import Recording, texts
from healthmon.model.count_words import count_of
from healthmon.model.device import Check, Commissioned, Device
from healthmon.model.enums import CheckName
from healthmon.protocols.errors import ExchangeError
from healthmon.protocols.trace import Trace
from healthmon.runtime import engine as composition
from healthmon.runtime.engine import CheckEngine

# Pictures are never kept, certificates name their owner, and a move is no answer.
_LEFT_OUT = {
    CheckName.PICTURE,
    CheckName.PAN_TILT,
    CheckName.PLAYBACK,
    CheckName.RELAY,
    CheckName.CERTIFICATE,
    CheckName.PORT,
}
_FIRST = (CheckName.REACH, CheckName.STREAM, CheckName.IDENTITY)
_HINT = "Read the files before you send them: what this program does not know, you may recognise."


def record(device: str, config: Path | None, out: Path, *, show: bool) -> None:
    """Record `device` into a folder of `out`, or print the files."""
    path, loaded = read_watched(config)
    engine = composition.build(loaded, overrides.known(loaded))
    if device not in engine.estate.devices:
        words = f"{device}: no such device in the configuration"
        raise fail(f"{words}{suggest(device, engine.estate.devices)}")
    recording, known = run_loop(taken(engine, path, device))
    files = texts(recording)
    refuse_remains(files, known)
    folder = out / recording.folder
    if show:
        sys.stdout.write("".join(f"# {folder / name}\n{text}" for name, text in files.items()))
        return
    write(folder, files)
    sys.stdout.write(f"{folder}: {count_of(len(recording.checks), 'check')} recorded. {_HINT}\n")


async def taken(engine: CheckEngine, path: Path, device: str) -> tuple[Recording, Known]:
    """The recording of `device`, whose entry stands in the file `path`, and what must not be in it. The
    engine is closed at the end. Exits where the device has answered nothing.
    """
    runs, known = await _asked(engine, device)
    if not any(run.exchanges for run in runs):
        words = next((v.sentence for run in runs for v in run.result.verdicts), "it has no check")
        raise fail(f"{device}: nothing to record: {words}")
    entries = _entries(path, {device, *(run.result.check.device for run in runs)})
    known = with_answers(known, identified(runs))
    zone = engine.estate.config.estate.time_zone
    reference = engine.context.reference()
    return recorded(runs, _with_servers(engine, entries), known, zone, reference), known


def _with_servers(
    engine: CheckEngine, entries: Mapping[str, list[dict[str, Any]]]
) -> dict[str, list[dict[str, Any]]]:
    """The entries with the time servers that cameras take from the defaults."""
    devices = engine.estate.devices
    return {
        section: [
            {**row, "ntp": list(devices[row["id"]].ntp)} if section == "cameras" else row
            for row in rows
        ]
        for section, rows in entries.items()
    }


def refuse_remains(files: Mapping[str, str], known: Known) -> None:
    """Exit where something is left in `files` that must not leave the estate."""
    for name, text in files.items():
        for problem in scan.problems(text, known):
            words = "nothing was written; please report the kind of device and of value"
            raise fail(f"{name}, {problem} is still there: {words}")


async def _asked(engine: CheckEngine, device: str) -> tuple[list[Run], Known]:
    """Each check once, as `healthmon probe` makes them; and what must not be in their answers."""
    checks = sorted(_checks(engine, device), key=_order)
    engine.context.pictures = None
    schedule = engine.schedule(engine.apply)
    runs: list[Run] = []
    try:
        engine.apply(await engine.run_check(engine.estate.agent_check()))
        with shown_progress("recording") as tell:
            for number, check in enumerate(checks, 1):
                trace = Trace(exchanges=[])
                began = time.time()
                run_check = functools.partial(engine.run_check, trace=trace)
                result = await schedule.run_now(check, run_check)
                engine.apply(result)
                runs.append(Run(began, result, trace.exchanges or ()))
                tell(number, len(checks))
        known = known_of(engine.estate.config, engine.estate.devices, list(_accounts(engine)))
    finally:
        schedule.address_locks.close()
        await engine.close()
    return runs, known


def _checks(engine: CheckEngine, device: str) -> Iterator[Check]:
    """The checks in which `device` answers, those of the cameras that it records too."""
    for check in engine.estate.checks:
        if check.spoken_to == device and check.check_type not in _LEFT_OUT:
            yield check


def _order(check: Check) -> int:
    name = check.check_type
    return _FIRST.index(CheckName(name)) if name in _FIRST else len(_FIRST)


def _accounts(engine: CheckEngine) -> Iterator[str]:
    """User names and secrets of config.yaml that can be read."""
    for name in engine.estate.config.credentials:
        try:
            credential = engine.estate.credential(name)
        except ExchangeError as error:
            say(f"warning: {error}")
            continue
        secrets = (credential.password, credential.private)
        yield credential.username
        yield from (secret.reveal() for secret in secrets if secret is not None)


def known_of(config: Config, devices: Mapping[str, Device], accounts: Collection[str]) -> Known:
    """What the configuration says of places, people, addresses and accounts."""
    told = [one.commissioned or Commissioned() for one in devices.values()]
    names = [config.estate.name, *(site.name for site in config.sites)]
    names += [one.name for one in config.contractors]
    for device in devices.values():
        names += [device.name, device.location, device.access_notes, device.coverage_zone]
    hosts = [device.address for device in devices.values()]
    hosts += [server.address for server in config.time_servers]
    return Known(
        tuple(filter(None, names)),
        tuple(devices),
        tuple(filter(None, hosts)),
        tuple(filter(None, accounts)),
        tuple(filter(None, (one.serial for one in told))),
        tuple(filter(None, (one.mac for one in told))),
    )


def _entries(path: Path, named: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    """The entries of the named devices as they are written, with what they inherit."""
    tree = inherited(document.read(path), KEYS).tree
    found = {
        section: [one for one in tree.get(section) or () if one["id"] in named]
        for section in KIND_OF
    }
    return {section: rows for section, rows in found.items() if rows}


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write the files into a new `folder`; exits where that is not possible."""
    try:
        folder.mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except FileExistsError:
        raise fail(f"{folder}: is there already; move it away or give another --out") from None
    except OSError as error:
        raise fail(f"{folder}: {error.strerror}; nothing was recorded") from None
