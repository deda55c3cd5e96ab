"""A copy of the store in one encrypted file, and a store made of such a file.

The file is age (age-encryption.org/v1) around a tar archive of `manifest.json` and the store: the
SQLite file by the online backup of SQLite, or what `pg_dump` writes of a PostgreSQL database. The age
program opens it too. It is encrypted to a public key; who can only make backups cannot read them.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from healthmon import __version__
from healthmon.model.count_words import count_of
from healthmon.protocols.host import state_files
from healthmon.store import StoreError, TroubleError, permissions, schema
from healthmon.store.audit import Entry, Head
from healthmon.store.canonical import Plain, when
from healthmon.store.location import StoreLocation

if TYPE_CHECKING:
    import tarfile

SUFFIX: Final = ".tar.age"
MANIFEST: Final = "manifest.json"
SQLITE_PART: Final = "healthmon.db"
DUMP_PART: Final = "healthmon.dump"
_PARTS: Final = (MANIFEST, SQLITE_PART, DUMP_PART)
LAST: Final = "last-backup.json"
PROGRAM_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: when it was made (Unix seconds), by which version and schema, of which
    database (`part` is the name in the archive), and the head of its audit chain.
    """

    at: float
    version: str
    schema: int
    part: str
    entries: int
    hash: str

    @property
    def head(self) -> Head:
        """The last entry of the audit chain."""
        return Head(self.entries, self.hash)


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and how many entries of the record were lost; None for "not known"."""

    manifest: Manifest
    lost: int | None

    @property
    def words(self) -> str:
        """``12 acts lost``."""
        if self.lost is None:
            return "how many acts were lost is not known"
        return f"{count_of(self.lost, 'act')} lost"


def make(place: StoreLocation, target: Path, recipient: str) -> Manifest:
    """Write a backup of the store at `place` to `target`, encrypted to the age key `recipient`. Raises
    StoreError, OSError.
    """
    import tarfile  # the agent, which tells when the last one was made, needs none

    import pyrage

    try:
        key = pyrage.x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError:
        raise StoreError(f"{recipient[:80]!r} is not an age key (age1...)") from None
    with tempfile.TemporaryDirectory(prefix="healthmon-", dir=_beside(place)) as folder:
        manifest = _copied(place, Path(folder))
        archive = Path(folder) / "archive.tar"
        (Path(folder) / MANIFEST).write_text(json.dumps(asdict(manifest)) + "\n")
        with tarfile.open(archive, "w") as tar:
            for name in (MANIFEST, manifest.part):
                tar.add(Path(folder) / name, name)
        fresh = target.with_name(f"{target.name}.new")
        os.close(state_files.opened(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC))
        pyrage.encrypt_file(str(archive), str(fresh), [key])
    _to_disk(fresh)
    fresh.replace(target)
    return manifest


def restore(place: StoreLocation, source: Path, identity: str, known: Head | None) -> Restored:
    """Put the store of the backup `source` in the place of the one at `place`, and write that into its
    audit chain; an earlier SQLite file is kept beside it. `known` is the newest head that is known.
    Nothing else may have the store open. Raises StoreError, OSError.
    """
    with tempfile.TemporaryDirectory(prefix="healthmon-", dir=_beside(place)) as name:
        folder = Path(name)
        manifest = _unpacked(source, identity, folder)
        lost = None
        if known is not None and known.entries >= manifest.entries:
            lost = known.entries - manifest.entries
        restored = Restored(manifest, lost)
        entry = _entry(restored, source)
        if place.file is None:
            _load_dump(place, folder / manifest.part)
            _note(place, entry)
            return restored
        made = StoreLocation(f"sqlite:///{folder / manifest.part}", file=folder / manifest.part)
        _note(made, entry)
        _to_disk(folder / manifest.part)
        _put_in_place(folder / manifest.part, place.file)
    return restored


def read_key(file: Path) -> str:
    """The age identity in a key file, as age-keygen writes it. Raises StoreError, OSError."""
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    found = [line.strip() for line in lines if line.startswith("AGE-SECRET-KEY-")]
    if len(found) != 1:
        raise StoreError(f"{file}: no line AGE-SECRET-KEY-... (age-keygen -o FILE makes one)")
    return found[0]


def note_last(folder: Path, manifest: Manifest) -> None:
    """Note beside the store that a backup was made. Raises OSError."""
    state_files.write(folder / LAST, json.dumps(asdict(manifest)) + "\n", 0o640)


def last_made(folder: Path | None) -> float | None:
    """When the last backup was made (Unix seconds); None where none is known."""
    if folder is None:
        return None
    try:
        return float(json.loads((folder / LAST).read_text(encoding="utf-8"))["at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _beside(place: StoreLocation) -> Path | None:
    """Where the copy may stand for a moment: beside the store, which is as confidential."""
    return place.file.parent if place.file is not None else None


def _copied(place: StoreLocation, folder: Path) -> Manifest:
    part = SQLITE_PART if place.file is not None else DUMP_PART
    at = time.time()
    store = place.reader()
    try:
        head = store.head()
        if place.file is not None:
            store.copy_to(folder / part)
    finally:
        store.close()
    if place.file is None:
        _dump(place, folder / part)
    else:
        head = _head_of(folder / part)
    return Manifest(at, __version__, schema.VERSION, part, head.entries, head.hash)


def _head_of(file: Path) -> Head:
    """The head of a copy, which may be newer than that of the moment before."""
    with _opened(StoreLocation(f"sqlite:///{file}", file=file)) as store:
        found: Head = store.head()
        return found


def _unpacked(source: Path, identity: str, folder: Path) -> Manifest:
    """The parts of the archive in `folder`."""
    import tarfile

    import pyrage

    archive = folder / "archive.tar"
    try:
        key = pyrage.x25519.Identity.from_str(identity)
        pyrage.decrypt_file(str(source), str(archive), [key])
    except pyrage.IdentityError:
        raise StoreError("the key is not an age identity (AGE-SECRET-KEY-...)") from None
    except pyrage.DecryptError as error:
        raise StoreError(f"{source} cannot be decrypted with this key: {error}") from None
    except OSError as error:
        if error.errno is not None:
            raise
        words = f"cannot be read to its end: {error}; it is not whole, or the disk is full"
        raise StoreError(f"{source} {words}") from None
    try:
        with tarfile.open(archive) as tar:
            manifest = Manifest(**json.loads(_member(tar, MANIFEST).read()))
            _member(tar, manifest.part)
            with (folder / manifest.part).open("wb") as file:
                shutil.copyfileobj(_member(tar, manifest.part), file)
    except (tarfile.TarError, ValueError, TypeError, KeyError) as error:
        raise StoreError(f"{source} is no backup of healthmon: {error}") from None
    archive.unlink()
    if manifest.schema > schema.VERSION:
        words = f"schema {manifest.schema}, this one knows {schema.VERSION}"
        raise StoreError(f"{source} was made by a newer version of healthmon ({words})")
    return manifest


def _member(tar: tarfile.TarFile, name: str) -> Any:
    """A member of the archive by its name, which is one of ours."""
    found = tar.extractfile(tar.getmember(name)) if name in _PARTS else None
    if found is None:
        raise ValueError(f"{name} is no part of it")
    return found


def _entry(restored: Restored, source: Path) -> Entry:
    manifest = restored.manifest
    plain: dict[str, Plain] = {
        "from": source.name,
        "made": when(manifest.at),
        "entries": manifest.entries,
        "lost": "not known" if restored.lost is None else restored.lost,
    }
    return Entry(time.time(), "restored", plain=plain)


@contextlib.contextmanager
def _opened(place: StoreLocation) -> Iterator[Any]:
    store = place.open()
    try:
        yield store
    finally:
        store.close()


def _note(place: StoreLocation, entry: Entry) -> None:
    with _opened(place) as store:
        store.note(entry)


def _put_in_place(fresh: Path, file: Path) -> None:
    """Put `fresh` in the place of the store `file`, which is kept aside under a name of its own."""
    if file.exists():
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        for rest in ("", "-journal", "-wal", "-shm"):
            old = file.with_name(file.name + rest)
            if old.exists():
                old.replace(file.with_name(f"{file.name}.replaced-{stamp}{rest}"))
    fresh.chmod(permissions.FILE_MODE)
    if os.geteuid() == 0:  # the store belongs to the service
        owner = file.parent.stat()
        os.chown(fresh, owner.st_uid, owner.st_gid)
    fresh.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _to_disk(file: Path) -> None:
    with file.open("rb+") as found:
        os.fsync(found.fileno())


def _dump(place: StoreLocation, file: Path) -> None:
    _program(place, ["pg_dump", "--format=custom", "--no-owner", f"--file={file}", place.url])


def _load_dump(place: StoreLocation, file: Path) -> None:
    options = ["--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error"]
    _program(place, ["pg_restore", *options, f"--dbname={place.url}", str(file)])


def _program(place: StoreLocation, argv: list[str]) -> None:
    """Run a program of PostgreSQL; the password is in its environment, not on its command line."""
    password = {"PGPASSWORD": place.password.reveal()} if place.password else {}
    try:
        subprocess.run(  # noqa: S603 - arguments of ours
            argv,
            env={**os.environ, **password},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PROGRAM_SECONDS,
            check=True,
        )
    except FileNotFoundError:
        raise TroubleError(
            f"{argv[0]} is not installed: apt-get install postgresql-client"
        ) from None
    except subprocess.TimeoutExpired:
        raise TroubleError(f"{argv[0]} did not end within {PROGRAM_SECONDS / 60:.0f} min") from None
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or "").strip().splitlines() or ["no reason given"]
        raise TroubleError(f"{argv[0]}: {lines[0]}") from None
