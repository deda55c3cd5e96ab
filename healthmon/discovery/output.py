"""Proposals as YAML to paste into config.yaml, and as JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from healthmon.discovery.proposal import NEW_SITE, Proposal
from healthmon.model.plain_text import one_line
from healthmon.protocols.onvif.ws_discovery import Match

SCHEMA = "healthmon-discover-1"
SECTIONS = ("links", "cameras", "recorders", "ups")


# ------------------------------------------------------------------------------------------------ YAML


def as_yaml(proposals: Sequence[Proposal]) -> str:
    """The entries of what is new, each below how sure it is; what is known, has moved or cannot be
    proposed as comments. `check-config` accepts it as a file of its own, and below its section.
    """
    lines = ["# Proposed by healthmon discover. Check each entry before you take it over."]
    lines += [f"# {_line(one)}" for one in proposals if not one.new]
    new = [one for one in proposals if one.new]
    if any(one.entry["site"] == NEW_SITE for one in new):
        lines += ["sites:", f"  - {{id: {NEW_SITE}, name: Discovered}}"]
    for section in SECTIONS:
        lines += _section(section, [one for one in new if one.section == section])
    return "\n".join(lines) + "\n"


def _section(name: str, chosen: Sequence[Proposal]) -> list[str]:
    lines = [f"{name}:"] if chosen else []
    for one in chosen:
        lines += [f"  # {_line(one)}", *_item(one.entry)]
        if one.found.channels:
            lines.append(f"    # its channels: {one_line(', '.join(one.found.channels))}")
    return lines


def _line(one: Proposal) -> str:
    """A proposal in one line."""
    if one.known:
        what = f"known as {one.known}"
    elif one.moved is not None:
        where = f"{one.moved.id} ({one.moved.address} in config.yaml)"
        what = f"MOVED: {where} answers here; change its address"
    elif not one.section:
        what = "not proposed"
    else:
        what = one.sure
    why = "; ".join([*one.reasons, *one.found.notes[:2]])
    return one_line(f"{one.address}: {what}: {why}")


def _item(entry: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for name, value in entry.items():
        begin = "  - " if not lines else "    "
        lines.append(f"{begin}{name}: {_flow(value)}")
    return lines


def _flow(value: Any) -> str:
    """A value on one line. Texts are in double quotes, as JSON writes them, which is YAML too."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_flow(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(one) for one in value) + "]"
    text = one_line(str(value))
    plain = text.isascii() and text.replace("-", "").replace(".", "").isalnum()
    return text if plain else json.dumps(text, ensure_ascii=False)


# ------------------------------------------------------------------------------------------------ JSON


def as_json(proposals: Iterable[Proposal], matches: Iterable[Match], asked: int) -> str:
    """Everything, as docs/discover.schema.json describes it."""
    told = {
        "schema": SCHEMA,
        "addresses": asked,
        "found": [_object(one) for one in proposals],
        "announced": [_announced(match) for match in matches],
    }
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _object(one: Proposal) -> dict[str, Any]:
    found, device = one.found, one.found.onvif
    moved = {"id": one.moved.id, "address": one.moved.address} if one.moved else None
    return {
        "address": one.address,
        "section": one.section or None,
        "sure": one.sure,
        "reasons": list(one.reasons),
        "known": one.known or None,
        "moved": moved,
        "entry": dict(one.entry) or None,
        "ports": [port.number for port in found.open],
        "login": found.login,
        "complete": not found.incomplete,
        "hints": list(found.hints),
        "streams": [stream.path for stream in found.streams],
        "channels": list(found.channels),
        "notes": list(found.notes),
        "elsewhere": list(device.elsewhere) if device else [],
    }


def _announced(match: Match) -> dict[str, Any]:
    return {
        "endpoint": match.endpoint,
        "address": match.sender,
        "names": list(match.names),
        "hardware": list(match.hardware),
        "locations": list(match.locations),
        "services": [f"{one.port}{one.path}" for one in match.own],
        "elsewhere": list(match.elsewhere),
    }
