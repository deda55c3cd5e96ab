"""From the checks of a device, run once, to a recording without what tells of its place or owner."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from healthmon.device_recordings.known import Known
from healthmon.device_recordings.recording import RECORDED, CheckAnswers, Recording
from healthmon.device_recordings.substitutes import Substitutes
from healthmon.model.device import Check
from healthmon.model.enums import State
from healthmon.model.footage import RecorderMeasurement
from healthmon.model.measurements import Identity, Reach, Reference, Stream
from healthmon.model.results import CheckResult, Verdict
from healthmon.model.ups import Ups
from healthmon.protocols.trace import Exchange

# Header fields of answers that a client reads; the rest is left out.
_HTTP_FIELDS = ("content-type", "date", "location", "retry-after", "server", "www-authenticate")
_RTSP_FIELDS = (
    "content-base", "content-location", "content-type", "cseq", "date", "location", "public", "range",
    "rtp-info", "server", "session", "transport", "unsupported", "www-authenticate",
)  # fmt: skip
_SDP_PLACE = re.compile(r"^([siuep])=.*$", re.MULTILINE)
_OF_MEDIA = ("codec", "transport", "width", "height", "frames_per_second", "frames", "keyframes")
_KEPT_SETTINGS = (
    "id", "name", "kind", "make", "onvif", "allow_basic", "streams", "commissioned", "recorder", "channel",
    "channel_path", "recording", "requests", "objects", "rcp", "storage", "tracks", "experimental_clock",
    "limits", "ntp", "nut", "apcupsd", "snmp", "rtsp", "http", "ports",
)  # fmt: skip
_TEXT_INSIDE = re.compile(rb"[\x20-\x7e]{4,}")
_PAGE = re.compile(r"\s*<(?:!doctype html|html)\b", re.IGNORECASE)
HTTP_OK = 200
# sysDescr of SNMPv2-MIB. Of net-snmp it is that of uname(1), with the host's name as second word.
SYS_DESCR = "1.3.6.1.2.1.1.1.0"
_UNAME = re.compile(r"^(Linux|Darwin|FreeBSD|NetBSD|OpenBSD|SunOS|HP-UX|AIX) (\S+)")
MOST_BODY = 256 * 1024
# SNMPv2-MIB sysContact, sysName, sysLocation; IF-MIB ifAlias; UPS-MIB upsIdentName, AttachedDevices.
_NAME_OBJECTS = (
    "1.3.6.1.2.1.1.4.", "1.3.6.1.2.1.1.5.", "1.3.6.1.2.1.1.6.", "1.3.6.1.2.1.31.1.1.1.18.",
    "1.3.6.1.2.1.33.1.1.5.", "1.3.6.1.2.1.33.1.1.6.",
)  # fmt: skip


@dataclass(frozen=True)
class Run:
    """One check that was run: when it began, what it showed, and all that was exchanged for it."""

    began: float
    result: CheckResult
    exchanges: Sequence[Exchange]


def identified(runs: Iterable[Run]) -> Identity:
    """Who the device says that it is, by ONVIF or as a recorder."""
    found = Identity()
    for run in runs:
        value = run.result.observation.value
        if isinstance(value, Identity):
            found = value
        elif isinstance(value, RecorderMeasurement) and found == Identity():
            health = value.health
            found = Identity(health.manufacturer, health.model, health.serial, health.firmware)
        elif isinstance(value, Ups) and found.model is None:
            found = replace(
                found,
                manufacturer=value.manufacturer,
                model=value.model,
                firmware=value.firmware,
                serial=value.serial,
            )
    return found


def recorded(
    runs: Sequence[Run],
    entries: Mapping[str, Sequence[Mapping[str, Any]]],
    known: Known,
    time_zone: str,
    reference: Reference | None,
) -> Recording:
    """The recording of `runs`; `entries` are those of config.yaml by section, as they are written."""
    identity = identified(runs)
    substitutes = Substitutes(known)
    for run in runs:
        for exchange in run.exchanges:
            substitutes.learn(decoded(exchange.body))
    offset = reference.offset if reference is not None else None
    return Recording(
        substitutes.text(identity.manufacturer or ""),
        substitutes.text(identity.model or ""),
        substitutes.text(identity.firmware or ""),
        RECORDED,
        _entries(entries, substitutes),
        tuple(_answers(run, substitutes) for run in runs),
        time_zone,
        (offset.low, offset.high) if offset is not None else None,
        substitutes.text(identity.hardware or ""),
        expected=_expected(runs, substitutes),
    )


def _answers(run: Run, substitutes: Substitutes) -> CheckAnswers:
    check, value = run.result.check, run.result.observation.value
    ways: dict[str, str] = {}
    media: dict[str, Any] = {}
    if isinstance(value, Reach):
        ways = {one.name: one.reason.value if one.reason else "open" for one in value.ports}
    if isinstance(value, Stream):
        media = {name: _rounded(getattr(value, name)) for name in _OF_MEDIA}
        if value.sender_clock is not None:
            media["clock"] = round((value.sender_clock.low + value.sender_clock.high) / 2, 3)
    return CheckAnswers(
        str(check.check_type),
        run.began,
        substitutes.of("id", check.device),
        _instance(check, substitutes),
        ways,
        {name: figure for name, figure in media.items() if figure is not None},
        tuple(_anonymous(one, substitutes) for one in run.exchanges),
    )


def _instance(check: Check, substitutes: Substitutes) -> str:
    """The stream's name, or the recorder that was asked."""
    if check.instance == check.spoken_to:
        return substitutes.of("id", check.instance)
    return substitutes.text(check.instance)


def _rounded(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value


def _anonymous(one: Exchange, substitutes: Substitutes) -> Exchange:
    if one.protocol == "snmp":
        values = {oid: _octets(oid, value, substitutes) for oid, value in one.values.items()}
        return Exchange("snmp", 0, values=values)
    wanted = _RTSP_FIELDS if one.protocol == "rtsp" else _HTTP_FIELDS
    fields = (
        (name, _field(name, value, substitutes)) for name, value in one.fields if name in wanted
    )
    return Exchange(
        one.protocol,
        0,
        substitutes.text(one.asked),
        _operation(one, substitutes).encode(),
        one.login,
        one.status,
        tuple(fields),
        _body(one, substitutes).encode(),
    )


def _operation(one: Exchange, substitutes: Substitutes) -> str:
    name, mark, token = operation_of(one).partition(" ")
    return name + mark + (substitutes.of("reference", token) if token else "")


def _field(name: str, value: str, substitutes: Substitutes) -> str:
    if name == "transport":
        value = re.sub(r";ssrc=[^;]*", "", value)
    if name == "session":
        number, mark, rest = value.partition(";")
        return substitutes.of("token", number) + mark + rest
    return substitutes.text(value)


def _body(one: Exchange, substitutes: Substitutes) -> str:
    if len(one.body) > MOST_BODY:
        return ""
    text = decoded(one.body)
    if one.status == HTTP_OK and _PAGE.match(text):
        return "<html></html>"  # a page for people; no check reads it
    if one.asked.startswith("DESCRIBE"):
        text = _SDP_PLACE.sub(r"\1=-", text)
    return substitutes.text(text)


def decoded(body: bytes) -> str:
    """A body as text; of a picture, or of anything else that is no text, nothing."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = body.decode("latin-1")
    return "" if any(c < " " and c not in "\t\r\n" for c in text) else text


def operation_of(one: Exchange) -> str:
    """What a request asks for, beside its path: the element in a SOAP body and the profile in it, the
    method of a JSON call, the first element of other XML.
    """
    text = decoded(one.sent)
    if body := re.search(r"<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)", text):
        profile = re.search(r"ProfileToken>([^<]*)<", text)
        return f"{body[1]} {profile[1]}" if profile else body[1]
    if element := re.match(r"\s*(?:<\?[^>]*>\s*)?<(?:\w+:)?(\w+)", text):
        return element[1]
    try:
        told = json.loads(text) if text else {}
    except ValueError:
        return ""
    return str(told.get("method", "")) if isinstance(told, dict) else ""


def _octets(oid: str, value: Any, substitutes: Substitutes) -> Any:
    if not isinstance(value, bytes):
        return value
    text = decoded(value)
    if oid == SYS_DESCR:
        text = _UNAME.sub(lambda found: f"{found[1]} {substitutes.of('name', found[2])}", text)
    if text.isprintable() and text:
        named = oid.startswith(_NAME_OBJECTS)
        return (substitutes.of("name", text) if named else substitutes.text(text)).encode()
    if len(value) == 6:
        return bytes.fromhex(substitutes.of("mac", value.hex(":")).replace(":", ""))
    return _TEXT_INSIDE.sub(lambda run: _as_long(run[0], substitutes), value)


def _as_long(run: bytes, substitutes: Substitutes) -> bytes:
    """The substitute of a text among other octets, as long as it was."""
    text = substitutes.text(run.decode())
    return text.encode()[: len(run)].ljust(len(run))


def _entries(
    entries: Mapping[str, Sequence[Mapping[str, Any]]], substitutes: Substitutes
) -> dict[str, list[dict[str, Any]]]:
    """The entries of the devices; a recorder that is not among them is left out of its camera."""
    named = {row["id"] for rows in entries.values() for row in rows}
    found: dict[str, list[dict[str, Any]]] = {}
    for section, rows in entries.items():
        found[section] = []
        for row in rows:
            ids = {"id": row["id"], "recorder": row.get("recorder")}
            settings = _settings(row, substitutes)
            if ids["recorder"] not in named:
                settings.pop("recorder", None)
                settings.pop("channel", None)
            kept = {key: substitutes.of("id", one) for key, one in ids.items() if one in named}
            found[section].append({**settings, **kept})
    return found


def _settings(entry: Mapping[str, Any], substitutes: Substitutes) -> dict[str, Any]:
    """An entry of config.yaml without its address, ports, account and place."""
    kept = {key: entry[key] for key in _KEPT_SETTINGS if key in entry}
    for key in ("rtsp", "http", "snmp", "nut", "apcupsd"):
        if isinstance(kept.get(key), dict):
            kept[key] = {k: v for k, v in kept[key].items() if k in ("version", "ups")}
    return {key: _replaced(value, substitutes) for key, value in kept.items()}


def _replaced(value: Any, substitutes: Substitutes) -> Any:
    if isinstance(value, dict):
        return {name: _replaced(one, substitutes) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(one, substitutes) for one in value]
    return substitutes.text(str(value)) if isinstance(value, str) else value


def _expected(runs: Iterable[Run], substitutes: Substitutes) -> dict[str, dict[str, str]]:
    """By check, aspect -> state and code. It is what every replay must come to."""
    found: dict[str, dict[str, str]] = {}
    for run in runs:
        name = name_of(run.result, substitutes)
        found[name] = verdicts_of(run.result)
    return found


def name_of(result: CheckResult, substitutes: Substitutes) -> str:
    """``D1 clock``, ``D1 stream main``."""
    check = result.check
    device, instance = substitutes.of("id", check.device), _instance(check, substitutes)
    return f"{device} {check.check_type} {instance}".strip()


def verdicts_of(result: CheckResult) -> dict[str, str]:
    """Aspect -> ``OK``, or state and fault code, or why it is not known."""
    return {one.aspect: _said(one) for one in result.verdicts}


def _said(verdict: Verdict) -> str:
    if verdict.state is State.OK:
        return verdict.state.name
    return f"{verdict.state.name} {verdict.reason or verdict.code}"
