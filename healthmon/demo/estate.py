"""The running estate: every device's servers on loopback, faults switched at run time, counters."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from healthmon.demo.clip import HEIGHT, WIDTH, Clip, encode
from healthmon.demo.listener import Listener
from healthmon.demo.onvif_sim import OnvifSim
from healthmon.demo.recorders.engine import RecorderSim
from healthmon.demo.recorders.vendors import REPLIES, recorder_of
from healthmon.demo.rtsp_sim import RtspSim
from healthmon.demo.state import Counters, SimDevice
from healthmon.demo.udp_sim import NtpSim, SnmpSim


def _http_of(device: SimDevice) -> Callable[[], asyncio.Protocol]:
    """What speaks HTTP for a device: its make's replies, else ONVIF."""
    if device.kind == "recorder" and device.make in REPLIES:
        recorder = recorder_of(device)
        return lambda: RecorderSim(recorder)
    return lambda: OnvifSim(device)


def _tcp_of(
    device: SimDevice, clips: tuple[Clip, Clip, Clip]
) -> list[tuple[int, Callable[[], asyncio.Protocol]]]:
    """(port, what answers there) of the TCP services of a device."""
    moving, still, small = clips
    ports = device.ports

    def session() -> RtspSim:
        return RtspSim(device, small if device.has("small") else moving, still)

    if device.kind == "relay":
        return [(ports.rtsp, session)]
    if device.kind in ("camera", "recorder"):
        return [(ports.rtsp, session), (ports.http, _http_of(device))]
    return [(ports.tcp, asyncio.Protocol)] if device.kind in ("link", "workstation") else []


def _udp_of(device: SimDevice) -> list[tuple[int, Callable[[], asyncio.DatagramProtocol]]]:
    """(port, what answers there) of the UDP services of a device."""
    if device.kind == "ntp":
        return [(device.ports.ntp, lambda: NtpSim(device))]
    if device.kind in ("ups", "link", "workstation") or device.snmp:
        return [(device.ports.snmp, lambda: SnmpSim(device))]
    return []


class Estate:
    """Simulated devices by id. `start` binds, `stop` lets go."""

    def __init__(self, devices: Sequence[SimDevice]) -> None:
        self.devices = {device.id: device for device in devices}
        self._closers: dict[str, list[Any]] = {}
        self._clips: tuple[Clip, Clip, Clip] | None = None
        self._control: asyncio.Server | None = None

    async def start(self) -> None:
        """Encode the clip and bind every device that is not off. Raises OSError for an address that
        is not there.
        """
        self._clips = await asyncio.to_thread(
            lambda: (encode(), encode(moving=False), encode(width=WIDTH // 2, height=HEIGHT // 2))
        )
        for device in self.devices.values():
            await self._bind(device)

    async def stop(self) -> None:
        """Close everything."""
        for device in list(self._closers):
            self._unbind(device)
        if self._control is not None:
            self._control.close()
            await self._control.wait_closed()

    async def _bind(self, device: SimDevice) -> None:
        if device.has("off") or device.unplugged or self._clips is None:
            return
        loop, held = asyncio.get_running_loop(), self._closers.setdefault(device.id, [])
        for port, made in _tcp_of(device, self._clips):
            held.append(Listener(made, device.address, port))
        for port, answering in _udp_of(device):
            transport, _ = await loop.create_datagram_endpoint(
                answering, local_addr=(device.address, port)
            )
            held.append(transport)

    def _unbind(self, device: str) -> None:
        for held in self._closers.pop(device, []):
            held.close()

    async def set_fault(self, device_id: str, name: str, value: object = True) -> None:
        """Switch a fault on, or off with a false value. Raises KeyError for an unknown device."""
        device = self.devices[device_id]
        if value:
            device.faults[name] = value
        else:
            device.faults.pop(name, None)
        if name in ("off", "reboot", "port_down", "port_off", "poe_fault"):
            self._unbind(device_id)
            device.faults.pop("reboot", None)
            device.changed = time.monotonic()
            await self._bind(device)

    def counters(self, device_id: str) -> Counters:
        """What a device has counted."""
        return self.devices[device_id].counters

    async def serve_control(self, port: int) -> None:
        """The control interface on 127.0.0.1: GET /devices, POST or DELETE /devices/ID/fault with
        JSON.
        """
        self._control = await asyncio.start_server(self._controlled, "127.0.0.1", port)

    async def _controlled(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            lengths = [
                line.split(":")[1]
                for line in head.splitlines()
                if line.lower().startswith("content-length:")
            ]
            body = await reader.readexactly(min(int(lengths[0]), 65536)) if lengths else b""
            status, answer = await self._command(head.split(" ")[0], head.split(" ")[1], body)
        except (asyncio.IncompleteReadError, ValueError, KeyError, IndexError):
            status, answer = "400 Bad Request", {"error": "not understood"}
        text = json.dumps(answer).encode()
        fields = (
            f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\nConnection: close"
        )
        writer.write(f"HTTP/1.1 {status}\r\n{fields}\r\n\r\n".encode() + text)
        with contextlib.suppress(OSError):
            await writer.drain()
        writer.close()

    async def _command(self, method: str, path: str, body: bytes) -> tuple[str, Any]:
        if method == "GET" and path in ("/devices", "/counters"):
            return "200 OK", [device.as_json() for device in self.devices.values()]
        parts = path.strip("/").split("/")
        if method in ("POST", "DELETE") and len(parts) == 3 and parts[2] == "fault":
            wanted = json.loads(body)
            await self.set_fault(
                parts[1], wanted["name"], wanted.get("value", True) if method == "POST" else False
            )
            return "200 OK", self.devices[parts[1]].as_json()
        return "404 Not Found", {"error": "no such thing"}
