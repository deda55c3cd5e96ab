"""Configuration: strict YAML -> typed models; every problem at once, each with file, line, device and remedy."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from healthmon.config import checks, document, secrets
from healthmon.config.partial import Part, well_formed
from healthmon.config.problems import ConfigError, Problem, suggest
from healthmon.config.schema import Config
from healthmon.config.wording import problems_of

__all__ = [
    "Config",
    "ConfigError",
    "Problem",
    "find_config",
    "json_schema",
    "load",
    "secrets",
    "suggest",
]

_OURS = ("folder", "digest", "warnings")


def load(path: Path) -> Config:
    """The configuration in `path`. Raises ConfigError with every problem of the file; secrets are not read."""
    found = document.read(path)
    problems = list(found.problems)
    tree = found.tree
    if not isinstance(tree, dict):
        raise ConfigError(
            [Problem(found.file, 1, "", "is not a mapping of sections such as `cameras:`")]
        )
    for key in _OURS:
        if key in tree:
            del tree[key]
            problems.append(Problem(found.file, found.line((key,)), "", f"unknown key '{key}'"))
    extra = {"folder": str(path.parent), "digest": _digest(path)}
    part: Part | None
    try:
        part = Part(Config.model_validate({**tree, **extra}))
    except ValidationError as error:
        problems += problems_of(error, found)
        part = well_formed(tree, error, extra)
    problems += checks.problems_of(part, found)
    if problems or part is None:
        raise ConfigError(problems)
    return part.config.model_copy(
        update={"warnings": tuple(checks.warnings_of(part.config, found))}
    )


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError:
        return ""


def find_config(chosen: Path | None, environ: Mapping[str, str]) -> Path:
    """The path: ``--config``, ``$HEALTHMON_CONFIG``, ``./config.yaml``, ``/etc/healthmon/config.yaml``, in this order.

    Raises ConfigError when there is none.
    """
    if chosen is not None:
        return chosen
    if named := environ.get("HEALTHMON_CONFIG"):
        return Path(named)
    places = (Path("config.yaml"), Path("/etc/healthmon/config.yaml"))
    for place in places:
        if place.exists():
            return place
    text = "no configuration found; looked for --config, $HEALTHMON_CONFIG, ./config.yaml, /etc/healthmon/config.yaml"
    raise ConfigError([Problem("config.yaml", 0, "", text)])


def json_schema() -> dict[str, Any]:
    """The JSON Schema of config.yaml for editors."""
    schema = Config.model_json_schema()
    for key in _OURS:
        schema["properties"].pop(key, None)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "healthmon config.yaml",
    }
