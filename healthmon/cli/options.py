"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="print JSON")]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", help="path of config.yaml (default: $HEALTHMON_CONFIG, ./, /etc/healthmon/)"
    ),
]
