"""A recording as it is kept: ``recording.yaml`` and ``expected.yaml`` in a folder of their own.

The format is described in docs/record.md. Everything in it is text; answers are in the order in which
they came, each with the check in which it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from healthmon.protocols.trace import Exchange

FORMAT = 1
RECORDED, REBUILT = "recorded", "rebuilt"
RECORDING, EXPECTED = "recording.yaml", "expected.yaml"
SnmpValue = int | float | bytes | str | None


@dataclass(frozen=True)
class CheckAnswers:
    """What a device answered in one check, which began at `at` (Unix seconds). `ways` are those of the
    reach check: its name and "open", or the reason why not. `media` is what the stream check measured
    of the pictures, which are not kept.
    """

    check: str
    at: float
    device: str = ""
    instance: str = ""
    ways: Mapping[str, str] = field(default_factory=dict)
    media: Mapping[str, Any] = field(default_factory=dict)
    exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True)
class Recording:
    """One device's answers. `config` are its entries of config.yaml, without addresses, ports and
    accounts, `time_zone` is the estate's. `reference` is true time minus the clock of the machine that
    recorded, (low, high) in seconds, None where it was not known. `note` says where it comes from,
    `quirks` what it is kept for.
    """

    maker: str
    model: str
    firmware: str
    origin: str
    config: Mapping[str, Any]
    checks: tuple[CheckAnswers, ...]
    time_zone: str = "Europe/London"
    reference: tuple[float, float] | None = None
    hardware: str = ""
    note: str = ""
    quirks: tuple[str, ...] = ()
    expected: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """The name of its folder: ``bosch_autodome-ip-4000i_7.75``."""
        return "_".join(
            _slug(part) or "unknown" for part in (self.maker, self.model, self.firmware)
        )


class RecordingError(ValueError):
    """A file that is no recording; the message names file and remedy."""


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, short lists on one line."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        """Equal objects are written out."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text.strip("\n") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def dumped(tree: Any) -> str:
    """YAML, keys in their order, no line folded."""
    return yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**6)


def texts(recording: Recording) -> dict[str, str]:
    """The files of a recording by name."""
    return {
        RECORDING: dumped(_tree(recording)),
        EXPECTED: dumped({key: dict(value) for key, value in recording.expected.items()}),
    }


def read(folder: Path) -> Recording:
    """The recording in `folder`. Raises RecordingError."""
    path = folder / RECORDING
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
        expected = yaml.safe_load((folder / EXPECTED).read_text(encoding="utf-8"))
        if tree["format"] != FORMAT:
            raise RecordingError(f"{path}: format {tree['format']} is not known (1 is)")
        return _recording(tree, expected)
    except OSError as error:
        raise RecordingError(f"{error.filename}: {error.strerror}") from None
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f":{where.line + 1}" if where else ""
        raise RecordingError(f"{path}{line}: is no YAML") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, RecordingError):
            raise
        raise RecordingError(f"{path}: is no recording: {error}; see docs/record.md") from None


def _tree(recording: Recording) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "format": FORMAT,
        "origin": recording.origin,
        "maker": recording.maker,
        "model": recording.model,
        "firmware": recording.firmware,
    }
    if recording.hardware:
        tree["hardware"] = recording.hardware
    if recording.note:
        tree["note"] = recording.note
    if recording.quirks:
        tree["quirks"] = list(recording.quirks)
    tree["time_zone"] = recording.time_zone
    if recording.reference is not None:
        tree["reference"] = [round(second, 6) for second in recording.reference]
    tree["config"] = dict(recording.config)
    tree["checks"] = [_check_tree(one) for one in recording.checks]
    return tree


def _check_tree(one: CheckAnswers) -> dict[str, Any]:
    tree: dict[str, Any] = {"check": one.check}
    tree |= {key: value for key in ("device", "instance") if (value := getattr(one, key))}
    tree["at"] = _written(one.at)
    tree |= {key: dict(value) for key in ("ways", "media") if (value := getattr(one, key))}
    if one.exchanges:
        tree["exchanges"] = [_exchange_tree(exchange) for exchange in one.exchanges]
    return tree


def _exchange_tree(one: Exchange) -> dict[str, Any]:
    if one.protocol == "snmp":
        return {"snmp": {oid: _snmp_tree(value) for oid, value in one.values.items()}}
    tree: dict[str, Any] = {one.protocol: one.asked}
    if one.sent:
        tree["operation"] = one.sent.decode()
    if one.login:
        tree["login"] = True
    if one.status:
        tree["answer"] = one.status
    if one.fields:
        tree["fields"] = [f"{name.title()}: {value}" for name, value in one.fields]
    return tree | _body_tree(one.body.decode())


def _body_tree(text: str) -> dict[str, str]:
    """A body; where all its lines end with CR LF, that is said once."""
    ends = text.count("\n")
    if ends and text.count("\r\n") == ends == text.count("\r"):
        return {"lines": "crlf", "body": text.replace("\r\n", "\n")}
    return {"body": text} if text else {}


def _snmp_tree(value: SnmpValue) -> Any:
    """Numbers as they are, octets as text or as ``{octets: 07 ea}``, objects' names as ``{oid: ...}``."""
    if isinstance(value, str):
        return {"oid": value}
    if not isinstance(value, bytes):
        return value
    try:
        text = value.decode("ascii")
    except UnicodeDecodeError:
        return {"octets": value.hex(" ")}
    return text if text.isprintable() else {"octets": value.hex(" ")}


def _snmp_value(tree: Any) -> SnmpValue:
    if isinstance(tree, dict):
        return str(tree["oid"]) if "oid" in tree else bytes.fromhex(str(tree["octets"]))
    if isinstance(tree, str):
        return tree.encode()
    found: SnmpValue = tree
    return found


def _recording(tree: Mapping[str, Any], expected: Mapping[str, Any] | None) -> Recording:
    reference = tree.get("reference")
    return Recording(
        str(tree["maker"]),
        str(tree["model"]),
        str(tree["firmware"]),
        str(tree["origin"]),
        tree["config"],
        tuple(_check(one) for one in tree["checks"]),
        str(tree.get("time_zone", "Europe/London")),
        (float(reference[0]), float(reference[1])) if reference else None,
        str(tree.get("hardware", "")),
        str(tree.get("note", "")),
        tuple(map(str, tree.get("quirks", ()))),
        expected or {},
    )


def _check(tree: Mapping[str, Any]) -> CheckAnswers:
    return CheckAnswers(
        str(tree["check"]),
        datetime.fromisoformat(str(tree["at"])).timestamp(),
        str(tree.get("device", "")),
        str(tree.get("instance", "")),
        tree.get("ways", {}),
        tree.get("media", {}),
        tuple(_exchange(one) for one in tree.get("exchanges", ())),
    )


def _exchange(tree: Mapping[str, Any]) -> Exchange:
    protocol = next(name for name in ("http", "rtsp", "snmp", "nut", "apcupsd") if name in tree)
    if protocol == "snmp":
        values = {str(oid): _snmp_value(value) for oid, value in tree["snmp"].items()}
        return Exchange("snmp", 0, values=values)
    pairs = (str(one).partition(":") for one in tree.get("fields", ()))
    text = str(tree.get("body", ""))
    if tree.get("lines") == "crlf":
        text = text.replace("\n", "\r\n")
    return Exchange(
        protocol,
        0,
        str(tree[protocol]),
        str(tree.get("operation", "")).encode(),
        bool(tree.get("login", False)),
        int(tree.get("answer", 0)),
        tuple((name.strip().lower(), value.strip()) for name, _, value in pairs),
        text.encode(),
    )


def _written(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _slug(text: str) -> str:
    kept = (c if c.isalnum() or c == "." else "-" for c in text.strip().lower())
    return "-".join(filter(None, "".join(kept).split("-"))).strip(".")[:40]
