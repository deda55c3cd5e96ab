"""What installed packages add to config.yaml: names and the settings model of each.

`loading.load` is given it by runtime and cli; a name that is in none of them is a mistake of the
file. The validators of the schema find it in pydantic's validation context.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ValidationError, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError, PydanticKnownError

from healthmon.config.problems import suggest

VENDORS = ("onvif", "bosch", "hikvision", "axis", "dahua", "http", "snmp")


@dataclass(frozen=True, slots=True)
class Extensions:
    """Checks and notification channels from outside by name with their settings model, and vendors
    of recorders by name.
    """

    checks: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    vendors: tuple[str, ...] = ()
    channels: Mapping[str, type[BaseModel]] = field(default_factory=dict)


def _known(info: ValidationInfo) -> Extensions:
    return info.context if isinstance(info.context, Extensions) else Extensions()


def _settings(
    kind: str, given: Mapping[str, Any], models: Mapping[str, type[BaseModel]]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, values in given.items():
        model = models.get(name)
        if model is None:
            hint = suggest(name, models) or "; no installed package adds one of that name"
            raise PydanticCustomError("unknown_extension", f"no such {kind}: '{name}'{hint}")
        try:
            found[name] = model.model_validate({} if values is None else values)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(step) for step in (name, *first["loc"]))
            raise PydanticCustomError("bad_extension", f"{where}: {first['msg']}") from None
    return found


def _checks(given: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
    return _settings("check", given, _known(info).checks)


def _channels(given: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
    if len(given) != 1:
        raise PydanticCustomError("one_extension", "needs exactly one notification channel")
    return _settings("notification channel", given, _known(info).channels)


def _vendor(name: str, info: ValidationInfo) -> str:
    known = (*VENDORS, *_known(info).vendors)
    if name not in known:
        *others, last = (f"'{one}'" for one in known)
        raise PydanticKnownError("literal_error", {"expected": f"{', '.join(others)} or {last}"})
    return name


CheckSettings = Annotated[dict[str, Any], AfterValidator(_checks)]
ChannelSettings = Annotated[dict[str, Any], AfterValidator(_channels)]
VendorName = Annotated[
    str, AfterValidator(_vendor), WithJsonSchema({"enum": list(VENDORS), "type": "string"})
]
