"""Configuration without its models, as the agent has it: config.yaml is read in another process.

A `Plain` has what its model has, by the same names, and nothing else of pydantic: the agent only
reads attributes. Settings of installed packages stay objects of their own models.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import fields
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, NoReturn


class Plain(SimpleNamespace):
    """The values of one model, frozen. As with a model, ``dict(plain)`` gives them by name."""

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(vars(self).items())

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{name}: the configuration is frozen")


def plain(values: dict[str, Any]) -> Plain:
    """The `Plain` of the values of a model."""
    return Plain(**values)


def record(kind: Any, *values: Any) -> Any:
    """The frozen record of `kind` with the `values` of all its fields, which were complete before."""
    made = object.__new__(kind)
    for name, value in zip(_names(kind), values, strict=True):
        object.__setattr__(made, name, value)
    return made


def values_of(value: Any) -> tuple[Any, ...]:
    """The values of all fields of a record of at least two, for `record`. What `dataclasses` makes looks
    the fields of each record up anew.
    """
    kind: Any = type(value)
    return _getter(kind)(value)


@functools.cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@functools.cache
def _getter(kind: Any) -> Callable[[Any], tuple[Any, ...]]:
    return attrgetter(*_names(kind))
