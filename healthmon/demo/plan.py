"""The plan of a council-like estate: who stands where, what is planted, and the configuration that
watches it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from healthmon.config.defaults_schema import OWN
from healthmon.config.inheritance import KIND_OF
from healthmon.demo.onvif_sim import TIME_SERVER, mac_of
from healthmon.demo.state import Ports, SimDevice
from healthmon.demo.udp_sim import VOLUME

SITES = (
    ("market", "Market Place"),
    ("riverside", "Riverside"),
    ("station", "Station Road"),
    ("park", "Castle Park"),
)
SIDES = (
    "north",
    "south",
    "east",
    "west",
    "car park",
    "bus stop",
    "steps",
    "gate",
    "bridge",
    "corner",
    "square",
    "arcade",
)
RELAYED = 1
PLANTED: dict[str, tuple[str, Any, str]] = {
    "C017": ("no_media", True, "no_pictures"),
    "C023": ("frozen_clock", True, "frozen_clock"),
    "C031": ("wrong_login", True, "login_refused"),
    "C042": ("off", True, "unreachable"),
    "C047": ("port_slow", True, "port_slow"),
    "C053": ("poe_fault", True, "unreachable"),
    "C058": ("clock_offset", 3600, "clock_zone"),
    "C063": ("clock_offset", 4.0, "clock_drift"),
    "C077": ("clock_epoch", True, "clock_reset"),
    "C085": ("wrong_identity", True, "wrong_device"),
    "C090": ("no_keyframes", True, "keyframe_overdue"),
    "C096": ("busy", True, "busy"),
    "S07": ("off", True, "unreachable"),
    "C101": ("off", True, "behind_parent"),
    "C102": ("off", True, "behind_parent"),
    "C110": ("udp_only", True, ""),
    "POL": ("small", True, "relay_differs"),
    "C120": ("recording_stopped", 7800, "not_recording"),
    "C121": ("retention_days", 40, "retention_long"),
    "C122": ("retention_days", 29, "retention_short"),
    "C123": ("recording_gap", 700, "recording_gap"),
    "C124": ("channel_lost", 900, "not_recording"),
    "R1": ("clock_offset", 3600, "clock_zone"),
    "R2": ("disk_failed", "Disk 2", "disk_failed"),
    "UPS1": ("ups_on_battery", 190, "on_battery"),
}
# What is wrong with a camera's footage is wrong at its recorder.
OF_FOOTAGE = frozenset({"recording_stopped", "retention_days", "recording_gap", "channel_lost"})
FIRST_RECORDER = 4
CHANNELS = 256
SWITCHES = 8
BEHIND_S07 = (101, 102)
PORTS = 48


def plan(cameras: int = 147, recorders: int = 2, ups: int = 1, servers: int = 3) -> list[SimDevice]:
    """The devices of an estate, each with a loopback address of its own, all well.

    There are as many switches and recorders as the cameras need, `recorders` of the latter at
    least.
    """
    carriers = _carriers(cameras)
    recorders = max(recorders, 1 + -(-(cameras - FIRST_RECORDER) // CHANNELS))
    switches = [_switch(n) for n in range(1, max(SWITCHES, *carriers) + 1)]
    watching = [_camera(n, carriers) for n in range(1, cameras + 1)]
    _hang(watching, switches)
    return [
        *switches,
        *watching,
        *(_recorder(n, recorders, watching) for n in range(1, recorders + 1)),
        *(_ups(n) for n in range(1, ups + 1)),
        _workstation(),
        _relay(watching),
        *(
            SimDevice(f"N{n}", f"Time server {n}", "ntp", _address(6, n), "market")
            for n in range(1, servers + 1)
        ),
    ]


def _switch(n: int) -> SimDevice:
    site, name = SITES[(n - 1) % len(SITES)]
    return SimDevice(
        f"S{n:02d}",
        f"{name} switch {n}",
        "link",
        _address(9, n),
        site,
        password="public",  # noqa: S106
    )


def _hang(cameras: Sequence[SimDevice], switches: Sequence[SimDevice]) -> None:
    """Give each camera the next port of its switch."""
    by_id = {switch.id: switch for switch in switches}
    for camera in cameras:
        hangs = by_id[camera.parent].hangs
        hangs.append(camera)
        camera.port = f"Gi1/0/{len(hangs)}"


def _recorder(n: int, recorders: int, cameras: Sequence[SimDevice]) -> SimDevice:
    recorder = SimDevice(f"R{n}", f"Recorder {n}", "recorder", _address(7, n), "market", priority=1)
    recorder.serial = f"SIM-R{n:05d}"
    recorder.snmp = True
    recorder.paths = tuple(f"/channel{c}" for c in range(1, FIRST_RECORDER + 1))
    recorder.channels = _assign(recorder, recorders, cameras)
    return recorder


def _ups(n: int) -> SimDevice:
    return SimDevice(
        f"UPS{n}",
        "Control room" if n == 1 else f"Control room {n}",
        "ups",
        _address(8, n),
        "market",
        priority=1,
        password="public",  # noqa: S106
    )


def _workstation() -> SimDevice:
    """The server of the control room's video management system."""
    return SimDevice(
        "VMS1",
        "VMS server",
        "workstation",
        _address(10, 1),
        "market",
        priority=1,
        password="public",  # noqa: S106
    )


def _relay(cameras: Sequence[SimDevice]) -> SimDevice:
    """The relay to the police, which hands over the first cameras."""
    relay = SimDevice(
        "POL", "Police relay", "relay", _address(5, 1), "market", priority=1, faults={"delay": 0.4}
    )
    relay.paths = tuple(f"/police/{camera.id}" for camera in cameras[:RELAYED])
    return relay


def share_address(devices: Sequence[SimDevice], address: str = "127.0.0.1") -> None:
    """Give all devices one address and each ports of its own: for machines whose loopback has no
    other address.
    """
    for number, device in enumerate(devices):
        device.address, device.ports = address, Ports.block(number)


def as_real(devices: Sequence[SimDevice]) -> None:
    """Give all devices the ports of real ones, and the channels of recorders the names of their cameras."""
    for device in devices:
        device.ports = Ports.standard()
        mine = [one for one in devices if one.kind == "camera" and one.recorder == device.id]
        device.channel_names = tuple(one.name for one in mine)


def _assign(recorder: SimDevice, recorders: int, cameras: Sequence[SimDevice]) -> int:
    """Give `recorder` its cameras: the first few to R1, which relays their pictures too, the rest
    to the others.
    """
    number = int(recorder.id[1:])
    first, rest = cameras[:FIRST_RECORDER], cameras[FIRST_RECORDER:]
    mine = first if number == 1 else rest[number - 2 :: recorders - 1]
    for channel, camera in enumerate(mine, 1):
        camera.recorder, camera.channel = recorder.id, str(channel)
    return len(mine)


def _carriers(cameras: int) -> list[int]:
    """The numbers of the switches that cameras hang on. S07 has its own few, S08 none, at
    any size.
    """
    return [*range(1, 7), *range(SWITCHES + 1, SWITCHES + 1 + max(0, -(-cameras // PORTS) - 6))]


def _camera(n: int, carriers: Sequence[int]) -> SimDevice:
    site, place = SITES[(n - 1) % len(SITES)]
    lap = (n - 1) // len(SITES)
    turn = f" {lap // len(SIDES) + 1}" if lap >= len(SIDES) else ""
    name = f"{place} {SIDES[lap % len(SIDES)]}{turn}"
    parent = f"S{7 if n in BEHIND_S07 else carriers[(n - 1) % len(carriers)]:02d}"
    camera = SimDevice(f"C{n:03d}", name, "camera", _address(1, n), site, parent=parent)
    camera.variant = "deployable" if n % 147 == 0 else "fixed" if n % 5 == 0 else "ptz"
    camera.priority = 2 if n % 4 == 1 else 3
    camera.serial, camera.algorithm = f"SIM-{n:06d}", "SHA-256" if n % 3 == 0 else "MD5"
    return camera


def _address(block: int, n: int) -> str:
    return f"127.{block}.{n // 250}.{n % 250 + 1}"


def plant(devices: Sequence[SimDevice]) -> dict[str, str]:
    """Switch the demo's faults on; the code that each must be called by ("" = must not be
    noticed).
    """
    expected: dict[str, str] = {}
    known = {device.id: device for device in devices}
    for device in devices:
        if device.id not in PLANTED:
            continue
        fault, value, code = PLANTED[device.id]
        if fault not in OF_FOOTAGE:
            device.faults[fault] = value
        elif device.recorder not in known:
            continue
        else:
            known[device.recorder].faults.setdefault(fault, {})[device.channel] = value
        expected[device.id] = code
    return expected


_SECTIONS = {
    "links": ("link", "relay"),
    "cameras": ("camera",),
    "recorders": ("recorder",),
    "ups": ("ups",),
    "workstations": ("workstation",),
}

# Who stands where is said of each device.
_OWN = OWN | {"site", "parent"}


def write_config(devices: Sequence[SimDevice], folder: Path, *, agent_port: int = 9877) -> Path:
    """Write config.yaml and its secrets (0600) for `devices` into `folder`."""
    secrets = folder / "secrets"
    secrets.mkdir(parents=True, exist_ok=True)
    for name, text in (("camera-view", "view only"), ("snmp-read", "public")):
        path = secrets / name
        path.write_text(text + "\n", encoding="utf-8")
        path.chmod(0o600)
    state = folder / "state"
    state.mkdir(mode=0o700, exist_ok=True)
    rows = {section: list(_rows(devices, *kinds)) for section, kinds in _SECTIONS.items()}
    tree = {
        "estate": {
            "name": "Example District CCTV (SIMULATED)",
            "time_zone": "Europe/London",
            "simulated": "yes",
        },
        "agent": {"port": agent_port, "state_directory": str(state)},
        "defaults": {"ntp": [TIME_SERVER], **_defaults(rows)},
        "sites": [{"id": site, "name": name, "bandwidth": "400 Mbit/s"} for site, name in SITES],
        "credentials": {
            "camera-view": {"username": "healthmon", "secret": {"file": "secrets/camera-view"}},
            "snmp-read": {"secret": {"file": "secrets/snmp-read"}},
        },
        "time_servers": [
            {"address": d.address, "port": d.ports.ntp} for d in devices if d.kind == "ntp"
        ],
        **rows,
    }
    path = folder / "config.yaml"
    lines = ("# SIMULATED: none of these devices exists.", *_lines(tree))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _lines(tree: dict[str, Any]) -> Iterator[str]:
    """The file: a line for each device, site and setting."""
    for section, value in tree.items():
        yield f"{section}:" if value else f"{section}: []"
        for key in value:
            entry, dash = (key, "- ") if isinstance(value, list) else ({key: value[key]}, "")
            flow = yaml.safe_dump(
                entry, sort_keys=False, allow_unicode=True, default_flow_style=True, width=math.inf
            ).strip()
            yield f"  {dash}{flow if dash else flow[1:-1]}"


def _defaults(rows: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The defaults of each kind of which there are several."""
    found = {kind: _shared(rows[section], _OWN) for section, kind in KIND_OF.items()}
    return {kind: values for kind, values in found.items() if values}


def _shared(rows: list[dict[str, Any]], own: Collection[str] = ()) -> dict[str, Any]:
    """What most of `rows` have under the keys that all of them have, taken out of those; nothing of
    the keys `own`.
    """
    found: dict[str, Any] = {}
    for key in _common(rows) if len(rows) > 1 else ():
        if key in own:
            continue
        if not all(isinstance(row[key], dict) for row in rows):
            found |= _most(rows, key)
        elif parts := _shared([row[key] for row in rows]):
            found[key] = parts
            _drop_empty(rows, key)
    return found


def _common(rows: list[dict[str, Any]]) -> list[str]:
    """The keys that all of `rows` have."""
    return [key for key in rows[0] if all(key in row for row in rows)]


def _drop_empty(rows: list[dict[str, Any]], key: str) -> None:
    for row in rows:
        if not row[key]:
            del row[key]


def _most(rows: list[dict[str, Any]], key: str) -> dict[str, Any]:
    """The commonest value of `key` by that key, taken out of `rows`; empty where each has its own."""
    counts = Counter(str(row[key]) for row in rows)
    text, count = counts.most_common(1)[0]
    if count == 1:
        return {}
    value = next(row[key] for row in rows if str(row[key]) == text)
    for row in rows:
        if row[key] == value:
            del row[key]
    return {key: value}


def _rows(devices: Sequence[SimDevice], *kinds: str) -> Iterator[dict[str, Any]]:
    """The rows of config.yaml of the devices of some kinds."""
    known = {device.id for device in devices}
    for device in devices:
        if device.kind in kinds:
            row = _row(device)
            if device.kind == "camera" and device.recorder in known:
                row |= {"recorder": device.recorder, "channel": device.channel}
            yield row


def _row(device: SimDevice) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": device.id,
        "name": device.name,
        "site": device.site,
        "address": device.address,
    }
    if device.priority != 3:
        row["priority"] = f"P{device.priority}"
    if device.parent:
        row["parent"] = device.parent
    if device.port:
        row["port"] = device.port
    if device.id == "R1":
        row["channel_path"] = "/channel{channel}"
    if device.kind in ("ups", "link", "workstation") or device.snmp:
        row["snmp"] = {"credential": "snmp-read", "port": device.ports.snmp}
    if more := _ROWS.get(device.kind):
        row |= more(device)
    return row


def _video_row(device: SimDevice) -> dict[str, Any]:
    """What cameras and recorders have in common."""
    return {
        "credential": "camera-view",
        "rtsp": {"port": device.ports.rtsp},
        "http": {"port": device.ports.http},
        "commissioned": {
            "model": "Simulated PTZ",
            "serial": device.serial,
            "mac": mac_of(device),
        },
    }


def _camera_row(device: SimDevice) -> dict[str, Any]:
    stream: dict[str, Any] = {"codec": "h264", "size": "640x360", "bit_rate": "400 kbit/s"}
    # Every second camera is asked for its path instead.
    if int(device.id[1:]) % 2:
        stream["path"] = device.paths[0]
    row = {**_video_row(device), "kind": device.variant, "streams": [stream]}
    if device.variant == "deployable":
        row["metered"] = {"per_day": "20 MB"}
    return row


def _relay_row(device: SimDevice) -> dict[str, Any]:
    return {
        "credential": "camera-view",
        "rtsp": {"port": device.ports.rtsp},
        "relay": [{"camera": path.removeprefix("/police/"), "path": path} for path in device.paths],
    }


_ROWS: dict[str, Callable[[SimDevice], dict[str, Any]]] = {
    "camera": _camera_row,
    "recorder": _video_row,
    "relay": _relay_row,
    "link": lambda device: {"ports": [device.ports.tcp]},
    "workstation": lambda device: {"ports": [device.ports.tcp], "storage": [VOLUME]},
}
