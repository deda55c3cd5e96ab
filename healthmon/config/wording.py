"""pydantic's findings in the operator's words, with the line and the device they stand at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from healthmon.config.document import Document, Path_
from healthmon.config.inheritance import VARIANTS, Inherited
from healthmon.config.problems import Problem, suggest
from healthmon.config.schema import Config
from healthmon.model.count_words import count_of

_SINGULAR = {
    "cameras": "camera",
    "recorders": "recorder",
    "ups": "UPS",
    "links": "link",
    "workstations": "workstation",
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
# A value of so many characters is cut short or not shown.
LONG = 60


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


def problems_of(error: ValidationError, document: Document, given: Inherited) -> Iterator[Problem]:
    """One problem for each finding, up to `MOST_TOLD`. What a device inherits is said once, of the
    defaults.
    """
    every = error.errors(include_url=False, include_context=True)
    findings = [finding for finding in every if given.origin(finding["loc"]) is None]
    for finding in findings[:MOST_TOLD]:
        path = _in_file(finding["loc"], document)
        yield Problem(
            document.file,
            document.line(path),
            where(document, path),
            _text(finding, path, document),
        )
    if (more := len(findings) - MOST_TOLD) > 0:
        yield Problem(document.file, 0, "", f"and {count_of(more, 'more problem')}")


def _in_file(loc: tuple[int | str, ...], document: Document) -> Path_:
    """Pydantic's location without the parts that are not in the file (names of union members)."""
    path: Path_ = ()
    for number, step in enumerate(loc):
        last = number == len(loc) - 1
        if document.has((*path, step)) or (last and isinstance(step, str)):
            path = (*path, step)
    return path


@dataclass(frozen=True, slots=True)
class _Finding:
    """One finding of pydantic, and what was `given` at its `path`.

    `shown` is how the sentence calls the value; `plain`: it is short and printable.
    """

    path: Path_
    key: str
    given: Any
    plain: bool
    shown: str
    message: str
    context: dict[str, Any]


def _text(finding: Any, path: Path_, document: Document) -> str:
    found = _finding_at(finding, path, document)
    if write := _SENTENCES.get(finding["type"]):
        return write(found)
    return f"'{found.key}': {found.message[:1].lower()}{found.message[1:]}"


def _finding_at(finding: Any, path: Path_, document: Document) -> _Finding:
    given = document.value(path)
    # What stands where a secret's place is wanted may be the secret itself.
    plain = isinstance(given, str) and _is_shown(given)
    return _Finding(
        path=path,
        key=next((step for step in reversed(path) if isinstance(step, str)), ""),
        given=given,
        plain=plain,
        shown=f"'{given}'" if plain and path[:1] != ("credentials",) else "the value",
        message=finding["msg"],
        context=finding.get("ctx") or {},
    )


def _is_shown(given: str) -> bool:
    return len(given) < LONG and given.isprintable() and "@" not in given


def _unknown_key(found: _Finding) -> str:
    return f"unknown key '{found.key}'{_remedy(found.key, _known(found.path[:-1]))}"


def _value_error(found: _Finding) -> str:
    """The words of our own validators, a long value in them cut short."""
    text = str(found.context.get("error", found.message))
    if isinstance(found.given, str) and len(found.given) >= LONG:
        text = text.replace(found.given, found.given[:20] + "...")
    return " ".join(f"'{found.key}': {text}".split())


def _no_choice(found: _Finding) -> str:
    choice = str(found.context.get("expected", "")).replace("'", "")
    hint = suggest(str(found.given), choice.replace(" or ", ", ").split(", "))
    return f"'{found.key}': {found.shown} is not one of {choice}{hint}"


def _choices(found: _Finding) -> str:
    """What may be written for a missing key that has few values."""
    if found.key != "kind":
        return ""
    return f"; write one of {', '.join(VARIANTS)}, or give it in the defaults"


def _beyond_limit(found: _Finding) -> str:
    lowest = "ge" in found.context
    limit = found.context.get("ge", found.context.get("le"))
    unit = " s" if found.plain and found.given.strip()[-1:].isalpha() else ""
    word = "small" if lowest else "large"
    return f"'{found.key}': {found.shown} is too {word} (limit {limit:g}{unit})"


def _said(words: str) -> Callable[[_Finding], str]:
    """The sentence "KEY: VALUE is ..." with `words` at its end."""
    return lambda found: f"'{found.key}': {found.shown} {words}"


_NO_SECTION = _said("is where a section of keys must be")
_NO_LIST = _said("is where a list must be")
_SENTENCES: dict[str, Callable[[_Finding], str]] = {
    "extra_forbidden": _unknown_key,
    "missing": lambda found: f"'{found.key}' is missing{_choices(found)}",
    "value_error": _value_error,
    "literal_error": _no_choice,
    "string_too_short": lambda found: (
        f"'{found.key}' is empty (a text that begins with # needs quotation marks)"
    ),
    "string_pattern_mismatch": _said("has characters that are not allowed there or a wrong form"),
    "model_type": _NO_SECTION,
    "dict_type": _NO_SECTION,
    "model_attributes_type": _NO_SECTION,
    "tuple_type": _NO_LIST,
    "list_type": _NO_LIST,
    "greater_than_equal": _beyond_limit,
    "less_than_equal": _beyond_limit,
}


def _remedy(key: str, known: list[str]) -> str:
    """What to write instead of an unknown key."""
    if key.lower() in _SECRET_WORDS:
        return "; a secret must not be here: give an account of `credentials` a 'secret' with its 'file'"
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
