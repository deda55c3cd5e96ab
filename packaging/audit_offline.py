#!/usr/bin/env python3
"""The lock against a folder of advisories, without a network.

Usage: packaging/audit_offline.py ADVISORIES [LOCK]

ADVISORIES holds advisories of the OSV schema (https://ossf.github.io/osv-schema/), as JSON, as YAML or in ZIP archives:
OSV's PyPI/all.zip as it is, or a clone of PyPA's advisory-database. A package counts on every platform, whatever its
marker in the lock. Versions are compared by PEP 440, names by PEP 503.

Exit: 0 none is known; 1 one is known, and named; 2 the advisories could not be used.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

LOCK = Path(__file__).parents[1] / "requirements.runtime.lock"
# "introduced": "0" is before every version, also before 0.dev1.
FIRST = Version("0.dev0")
# Of events at one version: a fix goes before an introduction.
ORDER = ("fixed", "limit", "last_affected", "introduced")


class UnusableError(Exception):
    """What cannot be read, and where it is."""


def locked(lock: Path) -> dict[str, list[Version]]:
    """The versions of each package of a lock, by its canonical name: some differ by the Python."""
    found: dict[str, list[Version]] = {}
    pins = re.findall(r"^([A-Za-z0-9][\w.-]*)==([^\s;]+)", lock.read_text(), re.MULTILINE)
    for name, text in pins:
        found.setdefault(canonicalize_name(name), []).append(Version(text))
    return found


def texts(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of each advisory file, also of those in archives."""
    for path in [folder] if folder.is_file() else sorted(folder.rglob("*")):
        if path.suffix in {".json", ".yaml", ".yml"}:
            yield str(path), path.read_bytes()
        elif path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    if name.endswith(".json"):
                        yield f"{path}: {name}", archive.read(name)


def advisories(folder: Path) -> Iterator[dict[str, Any]]:
    """Each advisory that was not withdrawn.

    Raises:
        UnusableError: a file is no advisory of the OSV schema.

    """
    for name, text in texts(folder):
        try:
            found = (
                json.loads(text) if name.endswith(".json") else yaml.load(text, yaml.CSafeLoader)
            )
        except (ValueError, yaml.YAMLError) as error:
            raise UnusableError(f"{name}: not readable: {error}".replace("\n", " ")) from error
        # A repository of advisories has other files too, such as those of its own checks.
        if (
            isinstance(found, dict)
            and "id" in found
            and "affected" in found
            and not found.get("withdrawn")
        ):
            yield found


def event(kind: str, text: str) -> tuple[Version, str]:
    """An event as it is sorted; "0" is where every version begins, not the version 0."""
    return FIRST if (kind, text) == ("introduced", "0") else Version(text), kind


def in_range(ours: Version, events: list[dict[str, str]]) -> bool:
    """Whether a version is in a range: the algorithm of the schema, chapter "Evaluation"."""
    marks = [
        event(kind, text)
        for one in events
        for kind, text in one.items()
        if (kind, text) != ("limit", "*")
    ]
    limits = [at for at, kind in marks if kind == "limit"]
    if limits and not any(ours < at for at in limits):
        return False
    inside = False
    for at, kind in sorted(marks, key=lambda mark: (mark[0], ORDER.index(mark[1]))):
        if kind == "introduced" and ours >= at:
            inside = True
        elif (kind == "fixed" and ours >= at) or (kind == "last_affected" and ours > at):
            inside = False
    return inside


def same(ours: Version, text: str) -> bool:
    """Whether a listed version is ours; one that is none by PEP 440 was never in a lock."""
    try:
        return Version(text) == ours
    except InvalidVersion:
        return False


def concerns(ours: Version, affected: dict[str, Any]) -> bool:
    """Whether the versions that an advisory names for a package have ours among them."""
    if any(same(ours, text) for text in affected.get("versions") or ()):
        return True
    ranges = [one["events"] for one in affected.get("ranges") or () if one["type"] != "GIT"]
    if not ranges and not affected.get("versions"):
        return True  # the package in every version
    return any(in_range(ours, events) for events in ranges)


def fixes(affected: dict[str, Any]) -> str:
    """The versions in which an advisory's packages are mended, for people."""
    found = [
        event["fixed"]
        for one in affected.get("ranges") or ()
        if one["type"] != "GIT"
        for event in one["events"]
        if "fixed" in event
    ]
    return ", ".join(found) or "no version yet"


def holes(lock: dict[str, list[Version]], advisory: dict[str, Any]) -> Iterator[str]:
    """A line for each locked version that an advisory concerns.

    Raises:
        UnusableError: the versions that it names cannot be compared.

    """
    alias = "".join(f" ({name})" for name in (advisory.get("aliases") or ())[:1])
    for affected in of_pypi(advisory):
        name = canonicalize_name(affected["package"]["name"])
        try:
            hit = [ours for ours in lock.get(name, ()) if concerns(ours, affected)]
        except (InvalidVersion, LookupError, TypeError) as error:
            raise UnusableError(
                f"{advisory['id']}: {name}: not of the OSV schema: {error}"
            ) from error
        for ours in hit:
            yield f"{name} {ours}: {advisory['id']}{alias}; fixed in {fixes(affected)}"


def of_pypi(advisory: dict[str, Any]) -> list[dict[str, Any]]:
    """What an advisory says of packages of PyPI."""
    return [
        one
        for one in advisory["affected"]
        if (one.get("package") or {}).get("ecosystem") == "PyPI" and "name" in one["package"]
    ]


def compared(folder: Path, lock: Path) -> tuple[set[str], str]:
    """A line for each known hole, and the sentence that says how much was compared with what.

    Raises:
        UnusableError: nothing could be compared, or not all of it.

    """
    ours, lines, count, newest = locked(lock), set[str](), 0, ""
    for advisory in advisories(folder):
        if of_pypi(advisory):
            count += 1
            newest = max(newest, str(advisory.get("modified", ""))[:10])
            lines |= set(holes(ours, advisory))
    if not ours:
        raise UnusableError(f"no package is in {lock}")
    if not count:
        raise UnusableError(f"no advisory of PyPI is in {folder}")
    packages = sum(len(versions) for versions in ours.values())
    return lines, (
        f"{packages} packages of the lock, {len(lines)} known vulnerabilities;"
        f" {count} advisories, the newest of {newest or 'an unknown day'}"
    )


def main(folder: str, lock: str = str(LOCK)) -> int:
    """Prints what is known; returns the exit code."""
    try:
        lines, summary = compared(Path(folder), Path(lock))
    except (OSError, ValueError, UnusableError, zipfile.BadZipFile) as error:
        sys.stdout.write(f"the advisories could not be used: {error}\n")
        return 2
    sys.stdout.write("".join(f"{line}\n" for line in (*sorted(lines), summary)))
    return 1 if lines else 0


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit("Usage: packaging/audit_offline.py ADVISORIES [LOCK]")
    sys.exit(main(*sys.argv[1:]))
