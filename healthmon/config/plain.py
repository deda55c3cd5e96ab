"""Configuration without its models, as the agent has it: config.yaml is read in another process.

A `Plain` has what its model has, by the same names, and nothing else of pydantic: the agent only
reads attributes. Settings of installed packages stay objects of their own models.
"""

from __future__ import annotations

from collections.abc import Iterator
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
