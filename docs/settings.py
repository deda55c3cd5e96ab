"""docs/settings.md: every setting of config.yaml, written from the schema that editors read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from healthmon.config import loading
from healthmon.config.described import Node, example_of, worded

HEAD: Final = """# Settings

Written by `python -m docs` from `healthmon/config`. `config.schema.json` has the same for editors.
`healthmon check-config --show DEVICE` prints the settings of one device and where each of them stands;
[configuration](configuration.md#defaults-by-site-and-by-kind) says which value goes before which. A setting without a
default may be left out, unless it is marked as needed.
"""
FILE: Final = "The file"
EVERY: Final = "Every device"
VIDEO: Final = "Cameras and recorders"
DEVICES: Final = ("Link", "Camera", "Recorder", "UpsDevice", "Workstation")
# Sections that more than one kind of device has.
_TITLES: Final = {
    "Config": FILE,
    "Snmp": "snmp",
    "Metered": "metered",
    "Commissioned": "commissioned",
    "Tcp": "rtsp and http",
    "TlsTrust": "tls",
    "Stream": "streams",
    "LimitValues": "limits",
    "RecordingValues": "recording",
}
# A device's settings as defaults: they are not described again.
_OF_KINDS: Final = re.compile(r"(Device|Camera|Variant|Recorder|Ups|Workstation|Link)Defaults")
_KINDS: Final = (
    "The settings of a device of this kind, but those of one device alone "
    "([defaults](configuration.md#defaults-by-site-and-by-kind))"
)
_WORDS: Final = {
    "60 s": "duration",
    "4 Mbit/s": "bit rate",
    "20 MB": "amount of data",
    "20 %": "percentage",
    "40 C": "temperature",
    "yes": "`yes` or `no`",
    "3": "number",
    "554": "number",
    "12.5": "number",
    "-0.12": "number",
    "0.1": "number",
}
_BOUNDS: Final = (("ge", "minimum"), ("gt", "exclusiveMinimum"), ("le", "maximum"))


def page() -> str:
    """The text of settings.md."""
    schema = loading.json_schema()
    sections = _Sections(schema)
    return HEAD + "".join(f"\n{text}" for text in sections.texts())


class _Sections:
    """The models of a schema in the order of the file, each under its first place in it."""

    def __init__(self, schema: Node) -> None:
        self._models: dict[str, Node] = {**schema["$defs"], "Config": schema}
        self._titles = {"Config": FILE}
        self._name("Config", "")

    def _name(self, model: str, path: str) -> None:
        """Give every model below `model` the path of its first place as title."""
        for name, setting in self._models[model]["properties"].items():
            for other in _refs(setting):
                place = f"{path}{name}"
                if _OF_KINDS.fullmatch(other):
                    continue
                if other not in self._titles:
                    self._titles[other] = _TITLES.get(other, place)
                    self._name(other, f"{place}.")

    def texts(self) -> Iterator[str]:
        """Each section; what several kinds of devices have stands once, before them."""
        shared = _shared(self._models, DEVICES)
        video = _shared(self._models, ("Camera", "Recorder")) - shared
        without = dict.fromkeys(DEVICES, shared) | dict.fromkeys(
            ("Camera", "Recorder"), shared | video
        )
        for model, title in self._titles.items():
            if model == DEVICES[0]:
                yield self._section(EVERY, model, shared)
                yield self._section(VIDEO, "Camera", video)
            own = self._models[model]["properties"].keys() - without.get(model, set())
            yield self._section(title, model, own)

    def _section(self, title: str, model: str, names: Collection[str]) -> str:
        definition = self._models[model]
        needed = definition.get("required", ())
        rows = [
            _row(name, setting, self._values(setting), needed=name in needed)
            for name, setting in definition["properties"].items()
            if name in names
        ]
        table = "".join(f"{row}\n" for row in rows)
        return f"## {title}\n\n| Setting | Meaning | Value | Default |\n|---|---|---|---|\n{table}"

    def _values(self, setting: Node) -> str:
        """What may stand there."""
        others = _refs(setting)
        if any(_OF_KINDS.fullmatch(one) for one in others):
            return _KINDS
        if others:
            links = ", ".join(
                f"[{self._titles[one]}](#{_slug(self._titles[one])})" for one in others
            )
            return f"list of {links}" if "items" in _bare(setting) else links
        return _plain(setting)


def _shared(models: Mapping[str, Node], names: Sequence[str]) -> set[str]:
    """The settings that all of these models have, with the same meaning."""
    first, *others = (models[name]["properties"] for name in names)
    return {
        key
        for key, setting in first.items()
        if all(one.get(key, {}).get("description") == setting["description"] for one in others)
    }


def _refs(setting: Any) -> list[str]:
    """The models that a setting has, each once."""
    found: dict[str, None] = {}
    parts = setting.items() if isinstance(setting, dict) else enumerate(setting)
    for key, part in parts:
        if key == "$ref":
            found[part.rpartition("/")[2]] = None
        elif isinstance(part, dict | list):
            found |= dict.fromkeys(_refs(part))
    return list(found)


def _bare(setting: Node) -> Node:
    """A setting without its None."""
    forms = [one for one in setting.get("anyOf", ()) if one.get("type") != "null"]
    return forms[0] if len(forms) == 1 else setting


def _plain(setting: Node) -> str:
    bare = _bare(setting)
    if "enum" in bare:
        return ", ".join(f"`{one}`" for one in bare["enum"])
    if "const" in bare:
        return f"`{bare['const']}`"
    if "prefixItems" in bare:
        return " and ".join(_plain(one) for one in bare["prefixItems"])
    if isinstance(bare.get("items"), dict):
        return f"list: {_plain(bare['items'])}"
    example = example_of(bare)
    if not example:
        return "settings by name" if bare.get("type") == "object" else "text"
    return f"{_WORDS.get(example, f'such as `{example}`')}{_limits(bare, example)}"


def _limits(setting: Node, example: str) -> str:
    least, above, most = (
        next((worded(setting[key], example) for key in keys if key in setting), "")
        for keys in _BOUNDS
    )
    if least and most:
        return f", {least} to {most}"
    found = ((least, "at least"), (above, "more than"), (most, "at most"))
    return "".join(f", {words} {value}" for value, words in found if value)


def _row(name: str, setting: Node, values: str, *, needed: bool) -> str:
    default = setting.get("default", "")
    text = setting["description"].removesuffix(f" Default: {default}.") if default else ""
    shown = f"`{default}`" if default else "needed" if needed else ""
    return f"| `{name}` | {_cell(text or setting['description'])} | {_cell(values)} | {shown} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _slug(title: str) -> str:
    """The anchor of a heading, as GitHub and MyST make it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
