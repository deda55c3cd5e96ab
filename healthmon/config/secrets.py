"""Secrets by reference: a file (0600), an environment variable or a systemd credential; never in
the configuration.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from healthmon.config.problems import ConfigError, Problem
from healthmon.secret import Credential, Secret

if TYPE_CHECKING:
    from healthmon.config.schema import Account, Config, Source

MOST_BYTES = 4096


def resolve(config: Config, name: str) -> Credential:
    """The credential `name`. Raises ConfigError when its secret cannot be read."""
    account = config.credentials.get(name)
    if account is None:
        raise ConfigError(
            [Problem("config.yaml", 0, f"credential {name}", "is not in `credentials`")]
        )
    private = Secret(_read(config, name, account.private)) if account.private else None
    return Credential(name, account.username, Secret(_read(config, name, account.secret)), private)


def problems(config: Config) -> list[Problem]:
    """What is wrong with the secrets that the configuration names."""
    return list(_problems(config))


def _problems(config: Config) -> Iterator[Problem]:
    for name, account in config.credentials.items():
        for source in _sources(account):
            try:
                _read(config, name, source)
            except ConfigError as error:
                yield from error.problems


def _sources(account: Account) -> Iterator[Source]:
    yield account.secret
    if account.private:
        yield account.private


def _read(config: Config, name: str, source: Source) -> str:
    where = f"credential {name}"
    if source.environment is not None:
        value = os.environ.get(source.environment)
        if not value:
            raise _missing(where, f"environment variable {source.environment} is not set")
        return value
    if source.systemd is not None:
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        if not folder:
            raise _missing(where, "no systemd credentials here ($CREDENTIALS_DIRECTORY is not set)")
        return _from_file(Path(folder) / source.systemd, where, private=False)
    return _from_file(Path(config.folder) / (source.file or ""), where, private=True)


def _from_file(path: Path, where: str, *, private: bool) -> str:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _missing(
            where, f"secret file {path} cannot be read: {(error.strerror or 'error').lower()}"
        ) from None
    if private and mode & 0o077:
        raise _missing(
            where,
            f"secret file {path} can be read by others (mode {mode:03o}); run: chmod 600 {path}",
        )
    text = raw.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r")
    if not text or len(raw) > MOST_BYTES:
        raise _missing(where, f"secret file {path} is empty or larger than {MOST_BYTES} bytes")
    return text


def _missing(where: str, text: str) -> ConfigError:
    return ConfigError([Problem("secrets", 0, where, text)])
