"""A new text of config.yaml put in place: read back as what it must say and by the strict loader first."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Any

from healthmon.cli.console import fail
from healthmon.config import document, loading, replacing
from healthmon.config.problems import ConfigError
from healthmon.runtime import extensions


def put(path: Path, raw: bytes, text: str, expected: Any) -> None:
    """Put `text` in place of `raw`, which `path` held; it must read as the tree `expected`. Raises Exit;
    the file is as it was then.
    """
    mark = codecs.BOM_UTF8 if raw.startswith(codecs.BOM_UTF8) else b""

    def check(fresh: Path) -> None:
        again = fresh.read_bytes()
        if document.parse(again, path.name).tree != expected:
            words = "cannot be edited where its devices stand; write each as - {id: ..., name: ...}"
            raise fail(f"{path}: {words}; nothing is written")
        loading.loaded_as(again, path, extensions.installed())

    try:
        replacing.replace(path, raw, mark + text.encode(), check)
    except ConfigError as error:
        raise fail(f"{error}\n{path}: nothing is written") from None
    except (OSError, replacing.ChangedError) as error:
        words = (error.strerror or "error").lower() if isinstance(error, OSError) else str(error)
        raise fail(f"{path}: cannot be written: {words}; it is as it was") from None
