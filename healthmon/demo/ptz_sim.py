"""The PTZ service and the privacy masks of a simulated camera (ONVIF PTZ, Media2 GetMasks).

The entries of `SimDevice.faults` that move it: `ptz_position` (pan, tilt, zoom), `ptz_moving`,
`ptz_without_status`, `ptz_status_zero`, `presets` (name -> position), `masks` (token -> entry with
`corners`, `kind`, `enabled`) and `texts` (those of GetOSDs). It goes to a preset in `ptz_seconds`;
`ptz_deaf` are presets to which it does not go (all: "*"), `ptz_halfway` those on the way to which
it stops; `ptz_refuses` answers the request with a fault. `ptz_asked` lists the presets that it was
sent to.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from healthmon.demo.state import SimDevice

PRESETS: Mapping[str, tuple[float, float, float]] = {
    "Market": (-0.4, 0.1, 0.0),
    "Bus station": (0.1, -0.2, 0.0),
    "Car park": (0.7, 0.0, 0.3),
}
_SPACE = "http://www.onvif.org/ver10/tptz/PanTiltSpaces/PositionGenericSpace"
_ZOOM_SPACE = "http://www.onvif.org/ver10/tptz/ZoomSpaces/PositionGenericSpace"
_PRESET = re.compile(r"PresetToken>\s*(\w{1,16})\s*<")
CONFIGURATION = (
    '<tt:PTZConfiguration token="ptz"><tt:Name>ptz</tt:Name><tt:UseCount>1</tt:UseCount>'
    "<tt:NodeToken>node</tt:NodeToken></tt:PTZConfiguration>"
)


class PtzSim:
    """What one camera answers of its views. `answers` are by operation."""

    def __init__(self, device: SimDevice) -> None:
        self._device = device
        self.answers: dict[str, Callable[[], str]] = {}
        if device.variant == "ptz":
            self.answers = {"GetPresets": self._presets}
            self.answers["GetStatus"] = self._status

    def answer(self, operation: str, body: str = "") -> str | None:
        """The response to an operation with this `body`, None for one that this camera does not know."""
        if operation == "GotoPreset" and self.answers:
            return self._go(body)
        if operation == "GetMasks" and "masks" in self._device.faults:
            return self._masks()
        if operation == "GetOSDs" and "texts" in self._device.faults:
            return self._texts()
        if operation == "GetStatus" and self._device.has("ptz_without_status"):
            return None
        found = self.answers.get(operation)
        return found() if found else None

    def services(self, base: str) -> str:
        """Its rows of GetServices."""
        rows = [("ptz", "ptz_service")] if self.answers else []
        rows += (
            [("media", "media2_service")] if {"masks", "texts"} & self._device.faults.keys() else []
        )
        return "".join(
            f"<tds:Service><tds:Namespace>http://www.onvif.org/ver20/{name}/wsdl</tds:Namespace>"
            f"<tds:XAddr>{base}/{path}</tds:XAddr><tds:Version><tt:Major>2</tt:Major>"
            "<tt:Minor>6</tt:Minor></tds:Version></tds:Service>"
            for name, path in rows
        )

    def _go(self, body: str) -> str | None:
        device, found = self._device, _PRESET.search(body)
        device.counters.moves += 1
        token = found[1] if found else ""
        device.faults.setdefault("ptz_asked", []).append(token)
        known = dict(enumerate(device.faults.get("presets", PRESETS).values(), 1))
        if device.has("ptz_refuses") or not token.isdigit() or int(token) not in known:
            return None
        to, deaf = known[int(token)], device.faults.get("ptz_deaf", ())
        if token in device.faults.get("ptz_halfway", ()):
            at = self._at()
            to = tuple((one + other) / 2 for one, other in zip(at, to, strict=True))
        if token not in deaf and "*" not in deaf:
            seconds = float(device.faults.get("ptz_seconds", 0.0))
            device.faults["ptz_way"] = (time.monotonic() + seconds, to)
        return "<tptz:GotoPresetResponse/>"

    def _at(self) -> Any:
        """Where it looks now; what has arrived has come to rest."""
        faults = self._device.faults
        way = faults.get("ptz_way")
        if way is not None and time.monotonic() >= way[0]:
            faults["ptz_position"] = way[1]
            del faults["ptz_way"]
        return faults.get("ptz_position", PRESETS["Market"])

    def _status(self) -> str:
        device = self._device
        at = self._at()
        moving = "MOVING" if device.has("ptz_moving") or "ptz_way" in device.faults else "IDLE"
        if device.has("ptz_status_zero"):
            at, moving = (0, 0, 0), "IDLE"
        return (
            f"<tptz:GetStatusResponse><tptz:PTZStatus><tt:Position>{_position(at)}</tt:Position>"
            f"<tt:MoveStatus><tt:PanTilt>{moving}</tt:PanTilt><tt:Zoom>IDLE</tt:Zoom></tt:MoveStatus>"
            "<tt:UtcTime>2026-11-30T06:12:00Z</tt:UtcTime></tptz:PTZStatus></tptz:GetStatusResponse>"
        )

    def _presets(self) -> str:
        known: Mapping[str, Any] = self._device.faults.get("presets", PRESETS)
        rows = "".join(
            f'<tptz:Preset token="{number}"><tt:Name>{escape(name)}</tt:Name>'
            f"<tt:PTZPosition>{_position(at)}</tt:PTZPosition></tptz:Preset>"
            for number, (name, at) in enumerate(known.items(), 1)
        )
        return f"<tptz:GetPresetsResponse>{rows}</tptz:GetPresetsResponse>"

    def _masks(self) -> str:
        rows = "".join(
            f'<tr2:Masks token="{escape(token)}"><tr2:ConfigurationToken>source</tr2:ConfigurationToken>'
            f"<tr2:Polygon>{_points(one['corners'])}</tr2:Polygon>"
            f"<tr2:Type>{escape(one.get('kind', 'Color'))}</tr2:Type>"
            f"<tr2:Enabled>{str(one.get('enabled', True)).lower()}</tr2:Enabled></tr2:Masks>"
            for token, one in self._device.faults["masks"].items()
        )
        return f"<tr2:GetMasksResponse>{rows}</tr2:GetMasksResponse>"

    def _texts(self) -> str:
        rows = "".join(
            f'<tr2:OSDs token="o{number}"><tt:VideoSourceConfigurationToken>source'
            "</tt:VideoSourceConfigurationToken><tt:Type>Text</tt:Type>"
            "<tt:Position><tt:Type>UpperLeft</tt:Type></tt:Position><tt:TextString>"
            f"<tt:Type>Plain</tt:Type><tt:PlainText>{escape(text)}</tt:PlainText></tt:TextString></tr2:OSDs>"
            for number, text in enumerate(self._device.faults["texts"])
        )
        return f"<tr2:GetOSDsResponse>{rows}</tr2:GetOSDsResponse>"


def _position(at: Any) -> str:
    pan, tilt, zoom = at
    return (
        f'<tt:PanTilt x="{pan}" y="{tilt}" space="{_SPACE}"/>'
        f'<tt:Zoom x="{zoom}" space="{_ZOOM_SPACE}"/>'
    )


def _points(corners: Any) -> str:
    return "".join(f'<tt:Point x="{x}" y="{y}"/>' for x, y in corners)
