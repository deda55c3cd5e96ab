"""config.yaml to typed models: every problem at once, each with file, line, device and remedy."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from healthmon.config import checks, document
from healthmon.config.defaults_schema import KEYS
from healthmon.config.document import Document
from healthmon.config.extensions import Extensions
from healthmon.config.inheritance import inherited
from healthmon.config.partial import Part, well_formed
from healthmon.config.problems import ConfigError, Problem
from healthmon.config.schema import Config
from healthmon.config.wording import problems_of

_OURS = ("folder", "file", "digest", "warnings")


def load(path: Path, extensions: Extensions | None = None) -> Config:
    """The configuration in `path`, in which the names of `extensions` may stand. Raises ConfigError
    with every problem of the file; secrets are not read.
    """
    return _loaded(document.read(path), path, _digest(path), extensions)


def loaded_as(raw: bytes, path: Path, extensions: Extensions | None = None) -> Config:
    """The configuration `raw` as if it stood in `path`. Raises ConfigError."""
    return _loaded(document.parse(raw, path.name), path, _short_hash(raw), extensions)


def _loaded(found: Document, path: Path, digest: str, extensions: Extensions | None) -> Config:
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
    given = inherited(found, KEYS)
    tree = given.tree
    extra = {"folder": str(path.parent), "file": str(path.resolve()), "digest": digest}
    part: Part | None
    try:
        part = Part(Config.model_validate({**tree, **extra}, context=extensions))
    except ValidationError as error:
        problems += problems_of(error, found, given)
        part = well_formed(tree, error, extra, extensions)
    problems += checks.problems_of(part, found, given)
    if problems or part is None:
        raise ConfigError(problems)
    return part.config.model_copy(
        update={"warnings": tuple(checks.warnings_of(part.config, found))}
    )


def _digest(path: Path) -> str:
    try:
        return _short_hash(path.read_bytes())
    except OSError:
        return ""


def _short_hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]


def json_schema() -> dict[str, Any]:
    """The JSON Schema of config.yaml for editors."""
    from healthmon.config.described import described

    schema = Config.model_json_schema()
    for key in _OURS:
        schema["properties"].pop(key, None)
    _unwrap_descriptions(schema)
    for definition in schema["$defs"].values():
        _without_inherited(definition)
    described(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "healthmon config.yaml",
    }


def _without_inherited(definition: dict[str, Any]) -> None:
    """A device need not have what the defaults may give."""
    if {"id", "address"} <= definition.get("properties", {}).keys():
        required = definition["required"]
        definition["required"] = [key for key in required if key not in ("site", "kind")]


def _unwrap_descriptions(node: Any) -> None:
    """Put each paragraph of every description on one line: where a docstring wraps says nothing."""
    if isinstance(node, list):
        for item in node:
            _unwrap_descriptions(item)
    if not isinstance(node, dict):
        return
    text = node.get("description")
    if isinstance(text, str):
        paragraphs = (" ".join(part.split()) for part in text.split("\n\n"))
        node["description"] = "\n\n".join(paragraphs)
    for item in node.values():
        _unwrap_descriptions(item)
