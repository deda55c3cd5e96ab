"""Where config.yaml is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from healthmon.config.problems import ConfigError, Problem


def find(chosen: Path | None, environ: Mapping[str, str]) -> Path:
    """The path: ``--config``, ``$HEALTHMON_CONFIG``, ``./config.yaml``,
    ``/etc/healthmon/config.yaml``, in this order.

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
    looked = "--config, $HEALTHMON_CONFIG, ./config.yaml, /etc/healthmon/config.yaml"
    text = f"no configuration found; looked for {looked}; `healthmon init` writes one"
    raise ConfigError([Problem("config.yaml", 0, "", text)])
