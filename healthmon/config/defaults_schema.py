"""The defaults of a site and of the whole file by kind: what a device of that kind may have, each
key optional.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import Field, create_model

from healthmon.config.device_schema import (
    Camera,
    Link,
    Recorder,
    UpsDevice,
    Watched,
    Workstation,
)
from healthmon.config.fields import Strict

# What belongs to one device alone.
OWN: Final = frozenset(
    {"id", "name", "address", "location", "port", "poe", "channel", "state", "retired", "relay"}
)


def _optional(model: type[Watched], name: str, of: str, without: frozenset[str] = OWN) -> Any:
    """A model with the keys of `model` but those of `without`, none of which must be there."""
    fields: dict[str, Any] = {
        key: (Annotated[field.annotation, Field(default=None), *field.metadata], None)
        for key, field in model.model_fields.items()
        if key not in without
    }
    words = f"What {of} have unless they or their site say otherwise."
    return create_model(name, __base__=Strict, __module__=__name__, __doc__=words, **fields)


if TYPE_CHECKING:
    DeviceDefaults = Strict
    CameraDefaults = Strict
    VariantDefaults = Strict
    RecorderDefaults = Strict
    UpsDefaults = Strict
    WorkstationDefaults = Strict
    LinkDefaults = Strict
else:
    DeviceDefaults = _optional(Watched, "DeviceDefaults", "devices of every kind")
    CameraDefaults = _optional(Camera, "CameraDefaults", "cameras")
    VariantDefaults = _optional(Camera, "VariantDefaults", "cameras of one kind", OWN | {"kind"})
    RecorderDefaults = _optional(Recorder, "RecorderDefaults", "recorders")
    UpsDefaults = _optional(UpsDevice, "UpsDefaults", "UPSes")
    WorkstationDefaults = _optional(Workstation, "WorkstationDefaults", "workstations")
    LinkDefaults = _optional(Link, "LinkDefaults", "links")


class KindDefaults(Strict):
    """What devices have unless they say otherwise, by kind: `device` is every one, `fixed`, `ptz` and
    `deployable` are cameras of that kind.
    """

    device: DeviceDefaults | None = None
    camera: CameraDefaults | None = None
    fixed: VariantDefaults | None = None
    ptz: VariantDefaults | None = None
    deployable: VariantDefaults | None = None
    recorder: RecorderDefaults | None = None
    ups: UpsDefaults | None = None
    workstation: WorkstationDefaults | None = None
    link: LinkDefaults | None = None


def _keys() -> dict[str, frozenset[str]]:
    models: dict[str, type[Strict]] = {
        "device": DeviceDefaults,
        "camera": CameraDefaults,
        **dict.fromkeys(("fixed", "ptz", "deployable"), VariantDefaults),
        "recorder": RecorderDefaults,
        "ups": UpsDefaults,
        "workstation": WorkstationDefaults,
        "link": LinkDefaults,
    }
    return {kind: frozenset(model.model_fields) for kind, model in models.items()}


# The keys that the defaults of each kind may give.
KEYS: Final = _keys()
