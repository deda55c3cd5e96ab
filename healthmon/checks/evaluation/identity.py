"""Is it the device that was installed? A composite fingerprint: no single field of a camera can be
relied upon.
"""

from __future__ import annotations

from healthmon.checks.evaluation.wording import (
    not_seen,
    plain,
    refused_login,
    verdict,
)
from healthmon.model.device import Commissioned, Device
from healthmon.model.enums import State
from healthmon.model.measurements import Identity
from healthmon.model.results import Observation, Verdict

_TELLING = ("serial", "MAC")


def evaluate(observation: Observation, device: Device) -> tuple[Verdict, ...]:
    """Aspects "identity", then "firmware" where one was commissioned, then "login" where an account
    is configured.
    """
    seen = observation.value
    if not isinstance(seen, Identity):
        missing = not_seen(observation, "identity", "identity")
        refused = refused_login(observation)
        return (missing, refused) if refused else (missing,)
    found = [_identity(observation, seen, device.commissioned)]
    if device.commissioned and device.commissioned.firmware and seen.firmware:
        found.append(_firmware(observation, seen.firmware, device.commissioned.firmware))
    if device.access.credential and device.access.onvif_path and (seen.model or seen.serial):
        found.append(verdict(observation, "login", State.OK, "ok", "login accepted"))
    return tuple(found)


def compare(seen: Identity, known: Commissioned) -> dict[str, tuple[bool, str, str]]:
    """Field -> (equal, what answers, what was commissioned), for the fields that both
    sides know.
    """
    pairs = {
        "serial": ([seen.serial] if seen.serial else [], known.serial),
        "MAC": (list(seen.macs), known.mac),
        "model": ([seen.model] if seen.model else [], known.model),
    }
    return {
        name: (any(same(one, wanted) for one in there), there[0], wanted)
        for name, (there, wanted) in pairs.items()
        if there and wanted
    }


def same(one: str, other: str) -> bool:
    """Equal but for case, spaces and separators, which registers and firmwares write as
    they like.
    """
    return _letters(one) == _letters(other)


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def wrong_device(fields: dict[str, tuple[bool, str, str]]) -> bool:
    """Whether `fields` say that another device answers.

    Two of three known fields must match; with fewer known, the serial or the MAC must (a spare has
    the same model, and a firmware may rename the model).
    """
    same = [name for name, (equal, _, _) in fields.items() if equal]
    if len(same) == len(fields):
        return False
    if len(fields) == 3 and len(same) < 2:
        return True
    return not any(name in same for name in _TELLING)


def _identity(observation: Observation, seen: Identity, known: Commissioned | None) -> Verdict:
    told = _reported(seen)
    if seen.alternates_with:
        sentence = (
            f"two devices answer in turn on this address: {told}, and {plain(seen.alternates_with)}"
        )
        return verdict(observation, "identity", State.FAULT, "duplicate_address", sentence)
    fields = compare(seen, known) if known else {}
    if not fields:
        why = (
            "the device reports none of the commissioned values"
            if known
            else "nothing was commissioned to compare with"
        )
        return verdict(observation, "identity", State.OK, "ok", f"answers as {told}; {why}")
    differing = "; ".join(
        f"{name} {plain(there)} instead of {plain(wanted)}"
        for name, (equal, there, wanted) in fields.items()
        if not equal
    )
    if wrong_device(fields):
        return verdict(
            observation,
            "identity",
            State.FAULT,
            "wrong_device",
            f"another device answers: {differing}",
        )
    if differing:
        return verdict(
            observation,
            "identity",
            State.DEGRADED,
            "identity_changed",
            f"identity changed: {differing}",
        )
    matching = " and ".join(fields)
    return verdict(observation, "identity", State.OK, "ok", f"{told}: {matching} as commissioned")


def _firmware(observation: Observation, there: str, wanted: str) -> Verdict:
    if same(there, wanted):
        return verdict(
            observation, "firmware", State.OK, "ok", f"firmware {plain(there)} as commissioned"
        )
    sentence = f"firmware {plain(there)} instead of {plain(wanted)}"
    return verdict(observation, "firmware", State.DEGRADED, "firmware_changed", sentence)


def _reported(seen: Identity) -> str:
    """What answers, in a few words."""
    name = " ".join(text for text in (seen.manufacturer, seen.model) if text)
    name = name or seen.system or "a device that does not name itself"
    return plain(f"{name}, serial {seen.serial}" if seen.serial else name)
