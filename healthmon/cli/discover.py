"""What `discover` does. Loaded by that command."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from healthmon.cli import discover_write, estate_sheet
from healthmon.cli.console import fail, say
from healthmon.cli.loop import run_loop
from healthmon.cli.progress import shown_progress
from healthmon.config import finding, loading, secrets
from healthmon.config.device_schema import Snmp
from healthmon.config.problems import ConfigError, suggest
from healthmon.discovery import output, targets
from healthmon.discovery import ports as known_ports
from healthmon.discovery.found import SnmpUser
from healthmon.discovery.known import KnownDevices
from healthmon.discovery.pace import HOSTS, RATE
from healthmon.discovery.proposal import Proposal, Setting, proposals
from healthmon.discovery.recorded import with_recorders
from healthmon.discovery.run import Outcome, Plan, discover
from healthmon.model.count_words import count_of
from healthmon.protocols.errors import ExchangeError
from healthmon.runtime import extensions
from healthmon.secret import Credential
from healthmon.store import location
from healthmon_exporters.reports import csv_text

if TYPE_CHECKING:
    from healthmon.config.schema import Config

MOST_RATE, MOST_HOSTS = 1000.0, 256
_PATH = re.compile(r"/[!-~]{0,511}")
FORMS = (".yaml", ".yml", ".csv", ".json")


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of the command."""

    ranges: Sequence[str]
    interfaces: Sequence[str] = ()
    credentials: Sequence[str] = ()
    site: str = ""
    ports: str = ""
    rtsp_paths: Sequence[str] = ()
    rate: float = RATE
    at_once: int = HOSTS
    yes: bool = False
    as_json: bool = False
    outputs: Sequence[Path] = ()
    write: bool = False
    snmp_user: str = ""

    @property
    def needs_config(self) -> bool:
        """Whether config.yaml must be there."""
        return bool(self.credentials or self.snmp_user or self.site or self.write)


def run(asked: Asked, config: Path | None) -> int:
    """Print the plan, carry it out, print and write the proposals. Returns the exit code: 0 all that
    answers was read, 1 a device of config.yaml is at another address, 2 something was not read.
    """
    loaded = _config(config, needed=asked.needs_config)
    plan = _plan(asked, loaded)
    for line in plan.lines():
        say(f"plan: {line}")
    with shown_progress("searching") as progress:
        try:
            outcome: Outcome = run_loop(discover(plan, progress))
        except ExchangeError as error:
            raise fail(str(error)) from None
    known = KnownDevices.of(loaded) if loaded else KnownDevices()
    login = plan.credential.name if plan.credential else ""
    community = plan.community.name if plan.community else ""
    setting = Setting(asked.site or _only_site(loaded), login, community)
    told = with_recorders(proposals(outcome.found, known, setting))
    if asked.write:
        discover_write.write(finding.find(config, os.environ), told)
    _give(asked, told, outcome, len(plan.addresses))
    say(_summary(told, outcome))
    return _code(told)


def _only_site(config: Config | None) -> str:
    """The site of what is found where there is one only."""
    sites = config.sites if config else ()
    return sites[0].id if len(sites) == 1 else ""


def _config(path: Path | None, *, needed: bool) -> Config | None:
    """The configuration, None where there is none and none is needed. Raises Exit."""
    try:
        found = finding.find(path, os.environ)
        if path is None and not needed and not found.exists():
            return None
        return loading.load(found, extensions.installed())
    except ConfigError as error:
        if path is None and not needed:
            say("no config.yaml is used: known devices are not recognised")
            return None
        raise fail(str(error)) from None


def _plan(asked: Asked, config: Config | None) -> Plan:
    """What is going to be done. Raises Exit for what may not be asked."""
    try:
        addresses = targets.addresses(asked.ranges)
        ports, snmp_ports = known_ports.by_transport(known_ports.ports(asked.ports))
    except (targets.RangeError, known_ports.PortError) as error:
        raise fail(str(error)) from None
    _check(asked, addresses, config)
    login, community = _accounts(asked.credentials, config)
    folder = location.prepared(location.folder_of(config)) if config else None
    return Plan(
        addresses,
        ports,
        tuple(dict.fromkeys(asked.interfaces)),
        asked.rate,
        asked.at_once,
        login,
        folder / "logins.json" if folder else None,
        tuple(asked.rtsp_paths),
        community,
        _snmp_user(asked.snmp_user, config),
        snmp_ports,
    )


def _check(asked: Asked, addresses: Sequence[str], config: Config | None) -> None:
    """Raises Exit for what is refused."""
    _check_options(asked, config)
    _check_files(asked.outputs)
    if not addresses and not asked.interfaces:
        raise fail("nothing to search: give ranges (10.1.2.0/24) or --interface NAME")
    if len(addresses) > targets.MOST_WITHOUT_YES and not asked.yes:
        raise fail(
            f"{len(addresses)} addresses are more than a /20 "
            f"({targets.MOST_WITHOUT_YES}); give fewer, or --yes"
        )


def _check_options(asked: Asked, config: Config | None) -> None:
    """Raises Exit for values that cannot be used."""
    if not 1 <= asked.rate <= MOST_RATE or not 1 <= asked.at_once <= MOST_HOSTS:
        raise fail(f"--rate is 1 to {MOST_RATE:g} a second, --hosts 1 to {MOST_HOSTS}")
    for path in asked.rtsp_paths:
        if not _PATH.fullmatch(path):
            raise fail(f"--rtsp-path {path}: a path begins with / and has no spaces")
    sites = {site.id for site in config.sites} if config else set()
    if asked.site and asked.site not in sites:
        raise fail(f"--site {asked.site}: not in `sites`{suggest(asked.site, sites)}")


def _check_files(files: Sequence[Path]) -> None:
    """Raises Exit for a file that is not written."""
    for file in files:
        if file.suffix not in FORMS:
            raise fail(f"--output {file}: proposals are written as one of {', '.join(FORMS)}")
        if file.exists():
            raise fail(f"--output {file}: the file is there already; name another one")


def _accounts(
    names: Sequence[str], config: Config | None
) -> tuple[Credential | None, Credential | None]:
    """The one login of `names`, and the one SNMP community: an account without a user name. Raises
    Exit.
    """
    found = _resolved(names, config) if config is not None else []
    logins = [one for one in found if one.username]
    communities = [one for one in found if not one.username]
    if len(logins) > 1:
        raise fail("--credential: one login only, because a device gets at most one refused login")
    if len(communities) > 1:
        raise fail("--credential: one SNMP community (account without username) only")
    return next(iter(logins), None), next(iter(communities), None)


def _snmp_user(given: str, config: Config | None) -> SnmpUser | None:
    """The SNMPv3 user of NAME[:AUTHENTICATION[:PRIVACY]]. Raises Exit for what cannot be used."""
    if not given or config is None:
        return None
    name, auth, priv, *more = (*given.split(":"), "", "")
    auth = _protocol(given, auth, "auth_protocol")
    priv = _protocol(given, priv, "priv_protocol")
    (account,) = _resolved([name], config, "--snmp-v3")
    if any(more) or not account.username:
        words = "write NAME:SHA-256:AES, NAME being an account with a username"
        raise fail(f"--snmp-v3 {given}: {words}")
    if priv != "none" and account.private is None:
        words = f"'{name}' has no 'private' password in `credentials`"
        raise fail(f"--snmp-v3 {given}: {words}; add it, or write {name}:{auth}:none")
    return SnmpUser(account, auth, priv)


def _protocol(given: str, word: str, key: str) -> str:
    """A protocol as config.yaml names it, its default where none is given. Raises Exit."""
    setting = Snmp.model_fields[key]
    known = get_args(setting.annotation)
    if word and word not in known:
        raise fail(f"--snmp-v3 {given}: '{word}' is not one of {', '.join(known)}")
    return word or str(setting.default)


def _resolved(
    names: Sequence[str], config: Config, option: str = "--credential"
) -> list[Credential]:
    """The accounts with their secrets. Raises Exit."""
    for name in names:
        if name not in config.credentials:
            raise fail(f"{option} {name}: not in `credentials`{suggest(name, config.credentials)}")
    try:
        return [secrets.resolve(config, name) for name in dict.fromkeys(names)]
    except ConfigError as error:
        raise fail(str(error)) from None


def _give(asked: Asked, told: Sequence[Proposal], outcome: Outcome, count: int) -> None:
    """Print the proposals, and write them to the files. Raises Exit."""
    as_json = output.as_json(told, outcome.matches, count)
    as_csv = _as_csv(told)
    forms = {".csv": as_csv, ".json": as_json}
    as_yaml = output.as_yaml(told)
    sys.stdout.write(as_json if asked.as_json else _announced(outcome) + as_yaml)
    for file in asked.outputs:
        try:
            file.write_text(forms.get(file.suffix, as_yaml), encoding="utf-8")
        except OSError as error:
            raise fail(f"{file}: not written: {(error.strerror or 'error').lower()}") from None
        say(f"{file}: written{_left_out(told) if file.suffix == '.csv' else ''}")


def _as_csv(told: Sequence[Proposal]) -> str:
    """The new devices as a spreadsheet for `healthmon import`, with the columns that have a value."""
    rows = [
        estate_sheet.own_row(one.section, discover_write.plain(one.entry))
        for one in told
        if one.new
    ]
    needed = ("id", "name", "site", "address", "kind")
    columns = [
        one for one in estate_sheet.COLUMNS if one in needed or any(row[one] for row in rows)
    ]
    return csv_text.table(columns, [[row[one] for one in columns] for row in rows])


def _left_out(told: Sequence[Proposal]) -> str:
    """What the spreadsheet has no column for: paths of streams that no ONVIF tells."""
    paths = [
        one.address
        for one in told
        if one.new and any("path" in stream for stream in one.entry.get("streams") or ())
    ]
    cameras = f"; the stream paths of {count_of(len(paths), 'camera')} are in the YAML only"
    return f"{cameras}: {', '.join(paths[:3])}" if paths else ""


def _announced(outcome: Outcome) -> str:
    """What WS-Discovery has told, as comments."""
    lines = []
    for match in outcome.matches:
        words = [*match.names[:1], *match.hardware[:1], *match.locations[:1]]
        other = f"; names {', '.join(match.elsewhere)}, not contacted" if match.elsewhere else ""
        lines.append(f"# announced: {match.sender} {json.dumps(' / '.join(words))}{other}\n")
    return "".join(lines)


def _summary(told: Sequence[Proposal], outcome: Outcome) -> str:
    known = sum(bool(one.known) for one in told)
    moved = sum(one.moved is not None for one in told)
    new = sum(one.new for one in told)
    announced = f"; {len(outcome.matches)} announced by WS-Discovery" if outcome.matches else ""
    unread = f" ({outcome.unread} unread)" if outcome.unread else ""
    answered = count_of(len(told), "address", "addresses")
    return (
        f"{answered} answered: {new} new, {known} known, {moved} at another address"
        f"{announced}{unread}; {count_of(outcome.connections, 'connection')}"
    )


def _code(told: Sequence[Proposal]) -> int:
    if any(one.found.incomplete for one in told):
        return 2
    return 1 if any(one.moved is not None for one in told) else 0
