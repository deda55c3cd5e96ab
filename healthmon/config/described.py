"""The schema of config.yaml with the meaning of each setting, its default as people write it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from healthmon.config.descriptions import TEXTS
from healthmon.model.device import Limits
from healthmon.model.footage import RecordingPlan

DAY: Final = 86400
# What a written value looks like -> its units, the largest first: (seconds, bits, ...) of one.
_UNITS: Final[dict[str, tuple[tuple[float, str], ...]]] = {
    "60 s": ((DAY, "d"), (3600, "h"), (60, "min"), (1, "s"), (0.001, "ms")),
    "4 Mbit/s": ((1e9, "Gbit/s"), (1e6, "Mbit/s"), (1e3, "kbit/s")),
    "20 MB": ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")),
    "20 %": ((0.01, "%"),),
    "40 C": ((1, "C"),),
}
# Limits that the devices have under another name, or counted in days.
_IN_DAYS: Final = {"certificate": "certificate_days", "ups_test": "ups_test_days"}
_RENAMED: Final = {"frames": "frames_ratio", "ups_on_battery": "ups_on_battery_fault"}
Node = dict[str, Any]


def described(schema: Node) -> None:
    """Put the meaning and the default of every setting into `schema`, of all its models."""
    for model, definition in models(schema):
        for name, setting in definition.get("properties", {}).items():
            _describe(model, name, setting)


def models(schema: Node) -> Iterator[tuple[str, Node]]:
    """Every model of a schema by its name; that of the file is ``Config``."""
    yield "Config", schema
    yield from schema["$defs"].items()


def text_of(model: str, name: str) -> str | None:
    """The meaning of a setting of a model, None where it has none."""
    return TEXTS.get(f"{model}.{name}", TEXTS.get(name))


def _describe(model: str, name: str, setting: Node) -> None:
    default = worded(_built_in(model, name, setting), example_of(setting))
    setting.pop("default", None)
    text = text_of(model, name)
    if default:
        setting["default"] = default
        text = f"{text} Default: {default}."
    if text is not None:
        setting["description"] = text


def _built_in(model: str, name: str, setting: Node) -> Any:
    """The default of a setting; that of a limit is the devices' own."""
    if model == "LimitValues":
        if name in _IN_DAYS:
            return _times(getattr(Limits(), _IN_DAYS[name]), DAY)
        return getattr(Limits(), _RENAMED.get(name, name))
    if model == "RecordingValues":
        return getattr(RecordingPlan(), name)
    return setting.get("default")


def _times(value: Any, factor: float) -> Any:
    return [one * factor for one in value] if isinstance(value, tuple) else value * factor


def example_of(setting: Mapping[str, Any]) -> str:
    """The example of a value, or of a part of it; "" where there is none."""
    if "examples" in setting:
        return str(setting["examples"][0])
    parts = (*setting.get("anyOf", ()), *setting.get("prefixItems", ()))
    inner = (*parts, setting["items"]) if isinstance(setting.get("items"), dict) else parts
    return next(filter(None, map(example_of, inner)), "")


def worded(value: Any, example: str) -> str:
    """A value as people write it like `example`; "" for none, and for a whole section."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        parts = ", ".join(worded(one, example) for one in value)
        if example == "08:00-18:00":
            return "-".join(map(str, value))
        return f"[{parts}]" if parts else ""
    if isinstance(value, int | float):
        return f"P{value}" if example == "P2" else _quantity(float(value), example)
    return value if isinstance(value, str) else ""


def _quantity(value: float, example: str) -> str:
    units = _UNITS.get(example, ((1, ""),))
    for size, unit in units:
        if value >= size and abs(round(value / size, 1) - value / size) < 1e-9:  # not 1.0003 h
            return f"{round(value / size, 1):g} {unit}".strip()
    size, unit = min(units)
    return f"{value / size:g} {unit}".strip() if value else f"0 {units[0][1]}".strip()
