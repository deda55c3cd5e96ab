"""Reads dashboards by Grafana's own model, for the Python of .venv-peers: ``grafana_model.py
FILE...``.

Prints as JSON what of each file the model does not know or writes otherwise: paths without indexes.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path


def main() -> None:
    from grafana_foundation_sdk.cog.encoder import JSONEncoder  # type: ignore[import-not-found]
    from grafana_foundation_sdk.cog.plugins import register_default_plugins  # type: ignore[import-not-found]
    from grafana_foundation_sdk.models.dashboard import Dashboard  # type: ignore[import-not-found]

    register_default_plugins()
    found: dict[str, list[str]] = {}
    for file in sys.argv[1:]:
        written = json.loads(Path(file).read_text(encoding="utf-8"))
        read = json.loads(JSONEncoder().encode(Dashboard.from_json(written)))
        found[Path(file).stem] = sorted(set(lost(written, read, "")))
    json.dump(found, sys.stdout)


def lost(written: object, read: object, path: str) -> Iterator[str]:
    """The paths at which `read` lacks something or differs."""
    if isinstance(written, dict) and isinstance(read, dict):
        for name, value in written.items():
            yield from (
                lost(value, read[name], f"{path}.{name}") if name in read else (f"{path}.{name}",)
            )
    elif isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        for one, other in zip(written, read, strict=True):
            yield from lost(one, other, path)
    elif written != read:
        yield path


main()
