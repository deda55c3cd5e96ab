"""``healthmon init``: a first config.yaml from a few answers, typed at a terminal or in a file.

Whatever is tried is printed: each time server is asked once. The file is read back by the loader
before it is written, and no file is overwritten without a word.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from healthmon.cli.console import fail, say
from healthmon.cli.loop import run_loop
from healthmon.config import document, loading, replacing, units
from healthmon.config.problems import ConfigError, suggest
from healthmon.config.text_edit import written
from healthmon.protocols import ntp
from healthmon.protocols.errors import ExchangeError
from healthmon.protocols.transport.connector import Connector
from healthmon.runtime import extensions

MOST: Final = 200
_PORT: Final = re.compile(r"([^:]+):([0-9]{1,5})")
_MARKS: Final = re.compile(r"[\u0300-\u036f]")  # Combining Diacritical Marks
_NO_LETTERS: Final = re.compile(r"[^a-z0-9]+")
Answers = dict[str, Any]
CAMERA_VIEW, SNMP_READ = "camera-view", "snmp-read"
_ACCOUNTS: Final = f"""\

# Accounts by name; the secret is in a file of its own (chmod 600):
# credentials:
#   {CAMERA_VIEW}: {{username: healthmon, secret: {{file: secrets/{CAMERA_VIEW}}}}}
"""
TAIL: Final = """\

# A camera is one line; what many have in common stands in `defaults`, here and in a site (docs/configuration.md). Many
# come from a spreadsheet: `healthmon export`, then `healthmon import`.
# cameras:
#   - {id: C001, name: Market Place north, site: SITE, address: 192.0.2.11, kind: fixed, credential: camera-view}
"""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One answer: its `key` in the file of answers, the words that ask for it, an example, and what reads
    it (raises ValueError with a remedy). `several`: a list, one at a time until an empty line. `after`: the
    key without whose answer it is not asked. `secret`: it is not shown while it is typed.
    """

    key: str
    words: str
    read: Callable[[str], Any]
    default: str = ""
    several: bool = False
    after: str = ""
    secret: bool = False


def run(output: Path, answers: Path | None, *, force: bool) -> None:
    """Ask, try the time servers, write. Exits where something is wrong or the file is there."""
    if output.exists() and not force:
        raise fail(f"{output}: is there already; write another file (--output) or add --force")
    if answers is not None:
        given = _from_file(answers)
    elif sys.stdin.isatty():
        given = _asked()
    else:
        example = "{estate: Example CCTV, time_servers: [192.0.2.1], sites: [Market Place], contractor: Acme}"
        raise fail(f"no terminal to ask at: give --answers FILE with, for example, {example}")
    if servers := given["time_servers"]:
        run_loop(_try_servers(servers))
    text = _text(given)
    try:
        loading.loaded_as(text.encode(), output, extensions.installed())
    except ConfigError as error:
        raise fail(f"{error}\n{output}: nothing is written") from None
    _write_secrets(output, given, force=force)
    _write(output, text.encode(), force=force)
    say(f"{output}: written; it passes `healthmon check-config`.")
    for line in _next(given, output):
        say(line)


def _next(given: Answers, output: Path) -> Iterator[str]:
    """What is to be done next, and what is missing."""
    if not given["time_servers"]:
        words = (
            "the clocks of cameras are checked only while this machine's own clock is synchronised"
        )
        yield f"without a time server {words}; add `time_servers` where you have one"
    accounts = ((CAMERA_VIEW, "camera_user"), (SNMP_READ, "snmp_community"))
    options = "".join(f" --credential {name}" for name, key in accounts if given.get(key))
    config = "" if output == Path("config.yaml") else f" --config {output}"
    yield f"next: healthmon discover 10.1.2.0/24{options} --write{config}   (your own ranges; it finds the devices)"


def _text_of(text: str) -> str:
    if len(text) > 128 or not text.isprintable():
        raise ValueError("a name has at most 128 characters, all of them printable")
    return text


def _secret(text: str) -> str:
    if len(text) > 256 or not text.isprintable():
        raise ValueError("a secret has at most 256 characters, all of them printable")
    return text


def _server(text: str) -> dict[str, str]:
    """An address, or address:port."""
    found = _PORT.fullmatch(text)
    address, port = (found[1], found[2]) if found else (text, "")
    if port and not 0 < int(port) < 65536:
        raise ValueError(f"port {port} is not one of 1 to 65535")
    return {"address": units.peer(address)} | ({"port": port} if port else {})


def _named(text: str) -> dict[str, str]:
    """A name with the id that is made of it: ``Market Place`` is market-place, ``Süd`` is sud."""
    name = _text_of(text)
    letters = _MARKS.sub("", unicodedata.normalize("NFKD", name.casefold()))
    found = _NO_LETTERS.sub("-", letters).strip("-")[:64]
    if not found:
        raise ValueError(f"'{name}' has no letter or digit from which an id could be made")
    return {"id": found, "name": name}


def _beside(known: Sequence[dict[str, str]], new: Any) -> Any:
    """`new` as one more answer of a list: an id that is taken gets a number (``market-place-2``). Raises
    ValueError for what was given before.
    """
    if not isinstance(new, dict):
        return new
    words = new.get("name", ":".join(new.values()))
    if any(words.casefold() == one.get("name", ":".join(one.values())).casefold() for one in known):
        raise ValueError(f"'{words}' was given already; give another one")
    if "id" not in new:
        return new
    taken = {one["id"] for one in known}
    numbered = (f"{new['id'][:60]}-{number}" for number in range(2, MOST + 2))
    free = (one for one in (new["id"], *numbered) if one not in taken)
    return {**new, "id": next(free)}


def _local_zone() -> str:
    """The time zone of this machine, as far as it can be told."""
    try:
        return units.zone(os.path.realpath("/etc/localtime").partition("/zoneinfo/")[2])
    except ValueError:
        return units.DEFAULT_ZONE


def _prompts() -> tuple[Prompt, ...]:
    return (
        Prompt("estate", "Name of the estate", _text_of, "CCTV"),
        Prompt("time_zone", "Time zone", units.zone, _local_zone()),
        Prompt("time_servers", "Time server (address; empty: no more)", _server, several=True),
        Prompt("sites", "Site (name; empty: no more)", _named, several=True),
        Prompt("contractor", "Contractor who repairs (name; empty: none)", _named),
        Prompt("contractor_phone", "Telephone of the contractor", _text_of, after="contractor"),
        Prompt("contractor_email", "E-mail of the contractor", units.mail, after="contractor"),
        Prompt("camera_user", "Account of the cameras, view only (user; empty: none)", _text_of),
        Prompt("camera_password", "Its password", _secret, after="camera_user", secret=True),
        Prompt("snmp_community", "SNMP community (empty: none)", _secret, secret=True),
    )


def _asked() -> Answers:
    """The answers typed at the terminal; a wrong one is asked for again."""
    found: Answers = {}
    for prompt in _prompts():
        if prompt.after and not found.get(prompt.after):
            continue
        if prompt.several:
            found[prompt.key] = _typed_list(prompt)
        else:
            found[prompt.key] = _typed(prompt)
    return found


def _typed_list(prompt: Prompt) -> list[Any]:
    known: list[Any] = []
    while len(known) < MOST and (value := _typed(prompt, known)) is not None:
        known.append(value)
    return known


def _typed(prompt: Prompt, known: Sequence[Any] = ()) -> Any:
    """One answer beside those that are `known`; the default for an empty line, None where there is none."""
    hint = f" [{prompt.default}]" if prompt.default else ""
    while True:
        text = _line(f"{prompt.words}{hint}: ", secret=prompt.secret).strip() or prompt.default
        if not text:
            return None
        try:
            return _beside(known, prompt.read(text))
        except ValueError as error:
            say(f"  {error}")


def _line(words: str, *, secret: bool) -> str:
    """What is typed. Exits at the end of what is typed."""
    try:
        if secret:
            return getpass.getpass(words, sys.stderr)
        sys.stderr.write(words)
        sys.stderr.flush()
        line = sys.stdin.readline()
    except EOFError:
        line = ""
    if not line:
        raise fail("\nthe answers ended; nothing is written")
    return line


def _from_file(path: Path) -> Answers:
    """The answers of a file. Exits with every mistake of it."""
    try:
        found = document.read(path)
    except ConfigError as error:
        raise fail(str(error)) from None
    problems = [str(one) for one in found.problems]
    tree: Mapping[str, Any] = found.tree if isinstance(found.tree, dict) else {}
    prompts = {one.key: one for one in _prompts()}
    answers: Answers = {}
    for key in tree.keys() - prompts.keys():
        words = f"unknown key '{key}'{suggest(key, prompts)}; the keys are {', '.join(prompts)}"
        problems.append(f"{found.file}:{found.line((key,))}: {words}")
    for key, prompt in prompts.items():
        try:
            answers[key] = _answer(prompt, tree.get(key))
        except ValueError as error:
            problems.append(f"{found.file}:{found.line((key,))}: '{key}': {error}")
    if problems:
        raise fail("\n".join(problems))
    return answers


def _answer(prompt: Prompt, value: Any) -> Any:
    """Raises ValueError."""
    if prompt.several:
        values = [] if value is None else value if isinstance(value, list) else [value]
        known: list[Any] = []
        for one in values:
            known.append(_beside(known, _single(prompt, one)))
        return known
    value = prompt.default if value is None else value
    return None if value == "" else _single(prompt, value)


def _single(prompt: Prompt, value: Any) -> Any:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text must stand here")
    return prompt.read(value.strip())


async def _try_servers(servers: list[dict[str, str]]) -> None:
    """Ask each time server once, and print what it says."""
    connector = Connector.of([one["address"] for one in servers])
    tried = (_try(connector, one) for one in servers)
    for one, words in zip(servers, await asyncio.gather(*tried), strict=True):
        say(f"time server {one['address']}: {words}")


async def _try(connector: Connector, server: Mapping[str, str]) -> str:
    try:
        reply = await ntp.query(connector, server["address"], int(server.get("port", "123")))
    except (ExchangeError, TimeoutError) as error:
        return f"{ntp.state_of(error)[1]}; it is written, see whether it is right"
    return f"answers, stratum {reply.stratum}, this machine's clock is {-reply.offset:+.3f} s off"


def _text(answers: Answers) -> str:
    estate = written({"name": answers["estate"], "time_zone": answers["time_zone"]})
    lines = [
        "# Written by `healthmon init`. The complete example is config.yaml of healthmon.",
        f"estate: {estate}",
    ]
    for key in ("time_servers", "sites"):
        if answers[key]:
            lines += ["", f"{key}:", *(f"  - {written(one)}" for one in answers[key])]
    if contractor := answers["contractor"]:
        for key in ("phone", "email"):
            if value := answers.get(f"contractor_{key}"):
                contractor = {**contractor, key: value}
        of_all = written({"contractor": contractor["id"]})
        lines += [
            "",
            "contractors:",
            f"  - {written(contractor)}",
            "",
            "defaults:",
            f"  device: {of_all}",
        ]
    accounts = list(_accounts(answers))
    lines += ["", "credentials:", *accounts] if accounts else []
    return "\n".join(lines) + "\n" + ("" if accounts else _ACCOUNTS) + TAIL


def _accounts(answers: Answers) -> Iterator[str]:
    """The accounts that were named; their secrets are in files."""
    if user := answers.get("camera_user"):
        told = written({"username": user, "secret": {"file": f"secrets/{CAMERA_VIEW}"}})
        yield f"  {CAMERA_VIEW}: {told}"
    if answers.get("snmp_community"):
        yield f"  {SNMP_READ}: {written({'secret': {'file': f'secrets/{SNMP_READ}'}})}"


def _write_secrets(output: Path, answers: Answers, *, force: bool) -> None:
    """A file (0600) for each secret that was given, beside config.yaml; none is overwritten without
    `force`. Exits where it cannot be written.
    """
    folder = output.parent / "secrets"
    for name, key in ((CAMERA_VIEW, "camera_password"), (SNMP_READ, "snmp_community")):
        secret = answers.get(key)
        if not secret:
            continue
        path = folder / name
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            if path.exists() and not force:
                say(f"{path}: is there already and stays as it is")
                continue
            path.unlink(missing_ok=True)
            number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.write(f"{secret}\n")
        except OSError as error:
            words = (error.strerror or "error").lower()
            raise fail(f"{path}: cannot be written: {words}; nothing is written") from None
        say(f"{path}: written, readable by its owner only")


def _write(output: Path, text: bytes, *, force: bool) -> None:
    try:
        if force and output.exists():
            replacing.replace(output, output.read_bytes(), text, lambda _: None)
            return
        with output.open("xb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except (OSError, replacing.ChangedError) as error:
        words = (error.strerror or "error").lower() if isinstance(error, OSError) else str(error)
        raise fail(f"{output}: cannot be written: {words}") from None
