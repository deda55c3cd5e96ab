"""The users file: one line ``name:salt$hash`` for each who may come in (scrypt, RFC 7914; both in hex).

A blank line or one that begins with ``#`` says nothing. The file is replaced as a whole and read by nobody else.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import os
import re
import secrets
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from healthmon.config import ConfigError, Problem

SCRYPT = {"n": 2**14, "r": 8, "p": 1}
SHORTEST, LONGEST = 8, 1024
MOST_BYTES = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_STORED = re.compile(r"(?:[0-9a-f]{2}){8,64}\$[0-9a-f]{128}")
# What stands for the hash of a user who does not exist: looking takes as long, and nothing is equal to it.
_NOBODY = "00" * 16 + "$"
_WELL_KNOWN = (
    "password",
    "passw0rd",
    "12345678",
    "87654321",
    "qwertyui",
    "letmein",
    "iloveyou",
    "changeme",
)


def hash_password(password: str, salt: bytes | None = None) -> str:
    """``salt$hash`` in hex for the users file: scrypt with N=16384, r=8, p=1, 16 MiB."""
    used = secrets.token_bytes(16) if salt is None else salt
    plain = unicodedata.normalize("NFC", password).encode()  # RFC 7617, 2.1
    made = hashlib.scrypt(plain, salt=used, maxmem=64 * 1024 * 1024, **SCRYPT)
    return f"{used.hex()}${made.hex()}"


def verify(stored: str | None, password: str) -> bool:
    """Whether `password` is what `stored` was made of; None (no such user) takes as long and is never so."""
    salt, _, wanted = (stored or _NOBODY).partition("$")
    return hmac.compare_digest(
        hash_password(password, bytes.fromhex(salt)).partition("$")[2], wanted
    )


def weak(name: str, password: str) -> str:
    """Why `password` will not do for the user `name`, "" when it will."""
    if len(password) < SHORTEST:
        return f"the password is shorter than {SHORTEST} characters; three words that do not belong together will do"
    if len(password.encode()) > LONGEST:
        return f"the password is longer than {LONGEST} bytes"
    if any(unicodedata.category(letter) == "Cc" for letter in password):
        return "the password holds a control character, which no browser can send"
    plain = password.lower()
    if (
        len(set(plain)) < SHORTEST // 2
        or name.lower() in plain
        or any(word in plain for word in _WELL_KNOWN)
    ):
        return "the password is easily guessed (the name, a known password, one letter again and again)"
    return ""


def read(path: Path) -> tuple[dict[str, str], list[Problem]]:
    """What is stored of each user of the file, and what is wrong with the file. Raises OSError."""
    known: dict[str, str] = {}
    problems = []
    for number, line in enumerate(_lines(path), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, _, stored = text.partition(":")
        words = (
            ""
            if _NAME.fullmatch(name) and _STORED.fullmatch(stored)
            else "is not a line 'name:salt$hash'"
        )
        if name in known:
            words = f"user {name} stands there twice"
        if words:
            remedy = f"take the line out and {_make(path)}"
            problems.append(Problem(str(path), number, "", f"{words}; {remedy}"))
        else:
            known[name] = stored
    return known, problems


def problems(path: Path) -> list[Problem]:
    """What keeps people from coming in by the file at `path`."""
    try:
        known, found = read(path)
        others = stat.S_IMODE(path.stat().st_mode) & 0o007
    except OSError as error:
        return [
            Problem(
                str(path),
                0,
                "",
                f"the users file cannot be read: {_words(error)}; {_remedy(path, error)}",
            )
        ]
    if others:
        found.append(
            Problem(
                str(path), 0, "", f"the users file can be read by others; run: chmod 600 {path}"
            )
        )
    if not known and not found:
        found.append(Problem(str(path), 0, "", f"nobody stands in the users file; {_make(path)}"))
    return found


def check(path: Path, name: str) -> dict[str, str]:
    """Whether user `name` could be changed: what is stored of each user now. Raises ConfigError in words."""
    if not _NAME.fullmatch(name):
        words = f"'{name}' is no name of a user; use letters, digits and . _ @ -"
        raise ConfigError([Problem(str(path), 0, "", words)])
    try:
        known, found = read(path)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(
            [Problem(str(path), 0, "", f"the users file cannot be read: {_words(error)}")]
        ) from None
    if found:
        raise ConfigError(found)
    return known


def change(path: Path, name: str, stored: str | None) -> bool:
    """Give user `name` this ``salt$hash``, or take him out (None). Returns whether he stood in the file before.

    The other lines stay as they are. Raises ConfigError in words, and then nothing was changed.
    """
    real = path.resolve()
    try:
        with _alone(real.parent):
            known = check(real, name)
            _write(real, _changed(_lines(real) if real.exists() else [], name, stored))
    except OSError as error:
        raise ConfigError(
            [Problem(str(path), 0, "", f"the users file was not changed: {_words(error)}")]
        ) from None
    return name in known


def _changed(lines: list[str], name: str, stored: str | None) -> str:
    fresh = [f"{name}:{stored}"] if stored is not None else []
    made: list[str] = []
    for line in lines:
        if line.strip().partition(":")[0] == name:
            made, fresh = made + fresh, []
        else:
            made.append(line)
    return "".join(f"{line}\n" for line in made + fresh)


def _lines(path: Path) -> list[str]:
    with path.open("rb") as file:
        raw = file.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise OSError(27, "larger than a megabyte; this cannot be a users file")
    return raw.decode("utf-8", "replace").splitlines()


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One change at a time: the lock is on the folder, and the kernel lets it go."""
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
        os.fsync(held)
    finally:
        os.close(held)


def _write(path: Path, text: str) -> None:
    """Replace the file at once, mode 0600; made by root it belongs to whom the old one (or its folder) belonged to."""
    owner = (path if path.exists() else path.parent).stat()
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(
            os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as file:
            if os.geteuid() == 0:
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _words(error: OSError) -> str:
    return (error.strerror or "error").lower()


def _remedy(path: Path, error: OSError) -> str:
    return (
        _make(path) if isinstance(error, FileNotFoundError) else "healthmon's user must be able to"
    )


def _make(path: Path) -> str:
    return f"run: healthmon user NAME --file {path}"
