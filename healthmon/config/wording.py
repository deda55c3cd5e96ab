"""pydantic's findings in the operator's words, with the line and the device they stand at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from healthmon.config.document import Document, Path_
from healthmon.config.problems import Problem, suggest
from healthmon.config.schema import Config

_SINGULAR = {
    "cameras": "camera",
    "recorders": "recorder",
    "ups": "UPS",
    "links": "link",
    "sites": "site",
    "contractors": "contractor",
    "time_servers": "time server",
    "maintenance": "maintenance window",
    "credentials": "credential",
    "notify": "target",
    "routes": "route",
}
_NAMED = ("credentials", "notify")
_SECRET_WORDS = {
    "password",
    "passwd",
    "pass",
    "pw",
    "pwd",
    "community",
    "token",
    "api_key",
    "apikey",
}
MOST_TOLD = 500


def where(document: Document, path: Path_) -> str:
    """Which thing a path belongs to: ``camera C017``, ``defaults``."""
    if not path:
        return ""
    section = str(path[0])
    word = _SINGULAR.get(section, section)
    if section not in _SINGULAR:
        return section if section in Config.model_fields else ""
    if len(path) < 2:
        return ""
    entry = document.tree.get(section)
    try:
        thing: Any = entry[path[1]]
        name = path[1] if section in _NAMED else thing.get("id") or thing.get("address")
    except (KeyError, IndexError, TypeError, AttributeError):
        name = None
    return f"{word} {name if isinstance(name, str) else f'number {int(path[1]) + 1}'}"


def problems_of(error: ValidationError, document: Document) -> Iterator[Problem]:
    """One problem for each finding, up to `MOST_TOLD`."""
    findings = error.errors(include_url=False, include_context=True)
    for finding in findings[:MOST_TOLD]:
        path = _in_file(finding["loc"], document)
        yield Problem(
            document.file,
            document.line(path),
            where(document, path),
            _text(finding, path, document),
        )
    if (more := len(findings) - MOST_TOLD) > 0:
        yield Problem(document.file, 0, "", f"and {more} more problems")


def _in_file(loc: tuple[int | str, ...], document: Document) -> Path_:
    """Pydantic's location without the parts that are not in the file (names of union members)."""
    path: Path_ = ()
    for number, step in enumerate(loc):
        last = number == len(loc) - 1
        if document.has((*path, step)) or (last and isinstance(step, str)):
            path = (*path, step)
    return path


def _text(finding: Any, path: Path_, document: Document) -> str:
    kind, context = finding["type"], finding.get("ctx") or {}
    key = next((step for step in reversed(path) if isinstance(step, str)), "")
    given = document.value(path)
    # What stands where a secret's place is wanted may be the secret itself.
    plain = isinstance(given, str) and len(given) < 60 and given.isprintable() and "@" not in given
    shown = f"'{given}'" if plain and path[:1] != ("credentials",) else "the value"
    if kind == "extra_forbidden":
        return f"unknown key '{key}'{_remedy(key, _known(path[:-1]))}"
    if kind == "missing":
        return f"'{key}' is missing"
    if kind == "value_error":
        text = str(context.get("error", finding["msg"]))
        long = isinstance(given, str) and len(given) >= 60
        return " ".join(
            f"'{key}': {text.replace(given, given[:20] + '...') if long else text}".split()
        )
    if kind == "literal_error":
        choice = str(context.get("expected", "")).replace("'", "")
        return f"'{key}': {shown} is not one of {choice}{suggest(str(given), choice.replace(' or ', ', ').split(', '))}"
    if kind == "string_pattern_mismatch":
        return f"'{key}': {shown} has characters that are not allowed there or a wrong form"
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        return f"'{key}': {shown} stands where a section of keys is wanted"
    if kind in ("tuple_type", "list_type"):
        return f"'{key}': {shown} stands where a list is wanted"
    if kind in ("greater_than_equal", "less_than_equal"):
        limit = context.get("ge", context.get("le"))
        unit = " s" if plain and given.strip()[-1:].isalpha() else ""
        return f"'{key}': {shown} is too {'small' if 'ge' in context else 'large'} (limit {limit:g}{unit})"
    return f"'{key}': {finding['msg'][:1].lower()}{finding['msg'][1:]}"


def _remedy(key: str, known: list[str]) -> str:
    """What to write instead of an unknown key."""
    if key.lower() in _SECRET_WORDS:
        return "; a secret never stands here: give an account of `credentials` a 'secret' with its 'file'"
    return suggest(key, known)


def _known(path: Path_) -> list[str]:
    """The keys that are known at `path`, by walking the models."""
    model: type[BaseModel] | None = Config
    for step in path:
        if model is None:
            return []
        if isinstance(step, int):
            continue
        field = model.model_fields.get(step)
        model = _model_in(field.annotation) if field else model
    return list(model.model_fields) if model else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _model_in(arg))), None)
