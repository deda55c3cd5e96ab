"""A configuration with every setting in its own entry, for tests that change entries."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from healthmon.config.inheritance import KIND_OF


def spelled_out(tree: dict[str, Any]) -> dict[str, Any]:
    """`tree` with the defaults of its kinds of device written into each entry."""
    defaults = dict(tree["defaults"])
    for section, kind in KIND_OF.items():
        shared = defaults.pop(kind, {})
        tree[section] = [_merged(shared, row) for row in tree.get(section, [])]
    return tree | {"defaults": defaults}


def _merged(shared: Any, own: Any) -> Any:
    """`own`, with what only `shared` has."""
    if not isinstance(shared, dict) or not isinstance(own, dict):
        return own
    # Each entry gets values of its own: YAML would write an alias for one that is used twice.
    return deepcopy(shared) | {key: _merged(shared.get(key), own[key]) for key in own}
