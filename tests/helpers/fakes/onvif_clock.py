"""Cameras that tell their time by ONVIF, and time servers, as bytes on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import re
import struct
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path
from typing import Any, TypeVar

from helpers.loopback import http, request, served
from helpers.product import Product
from helpers.support import faked, free_port

NAMESPACES = (
    ' xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:tds="http://www.onvif.org/ver10/device/wsdl"'
    ' xmlns:tt="http://www.onvif.org/ver10/schema"'
)
IDENTITY = (
    "<tds:GetDeviceInformationResponse><tds:Manufacturer>Acme</tds:Manufacturer>"
    "<tds:Model>M1</tds:Model><tds:FirmwareVersion>1.2</tds:FirmwareVersion>"
    "<tds:SerialNumber>S7</tds:SerialNumber><tds:HardwareId>H</tds:HardwareId>"
    "</tds:GetDeviceInformationResponse>"
)
INTERFACES = (
    '<tds:GetNetworkInterfacesResponse><tds:NetworkInterfaces token="e0"><tt:Enabled>true</tt:Enabled>'
    "<tt:Info><tt:HwAddress>02:00:00:00:00:01</tt:HwAddress></tt:Info></tds:NetworkInterfaces>"
    "</tds:GetNetworkInterfacesResponse>"
)
NTP = (
    "<tds:GetNTPResponse><tds:NTPInformation><tt:FromDHCP>false</tt:FromDHCP><tt:NTPManual>"
    "<tt:Type>DNS</tt:Type><tt:DNSname>{}</tt:DNSname></tt:NTPManual></tds:NTPInformation>"
    "</tds:GetNTPResponse>"
)
TIME_SERVERS = ("127.0.7.1", "127.0.7.2", "127.0.7.3")
NTP_TO_UNIX = 2208988800
T = TypeVar("T")


def enveloped(body: str, namespaces: str = NAMESPACES) -> str:
    """A SOAP 1.2 envelope."""
    return f"<s:Envelope{namespaces}><s:Body>{body}</s:Body></s:Envelope>"


@dataclass
class ClockCamera:
    """A camera's clocks: `utc`, `date` (its HTTP Date) and `local` are ahead of true UTC, seconds.

    None leaves one out. `zone` is its TZ ("" an empty one), `daylight` its DaylightSavings.
    `head` are raw header lines of every answer; `render` makes the envelope from its body;
    `greeting` is sent before anything was asked. `ntp` is the time server that it asks, None where
    it does not know GetNTP.
    """

    zone: str | None = None
    daylight: str | None = "false"
    local: float | None = None
    utc: float = 0.0
    date: float | None = 0.0
    mode: str = "NTP"
    head: Sequence[bytes] = ()
    name: str = "Gate"
    render: Callable[[str], str] = enveloped
    greeting: bytes = b""
    ntp: str | None = None
    season: float = field(default=0.0, repr=False)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        writer.write(self.greeting)
        while True:
            line, _, body = await request(reader)
            found = re.search(r"Body[^>]*>\s*<(?:\w+:)?(\w+)", body.decode())
            writer.write(self.answer(found[1] if found else line))
            await writer.drain()

    def answer(self, asked: str) -> bytes:
        """The reply to one operation."""
        bodies = {
            "GetSystemDateAndTime": self.told(),
            "GetDeviceInformation": IDENTITY,
            "GetNetworkInterfaces": INTERFACES,
        }
        if self.ntp is not None:
            bodies["GetNTP"] = NTP.format(self.ntp)
        body = self.render(bodies[asked]).encode() if asked in bodies else b""
        reply = http(body, "200 OK" if body else "404 Not Found", *self._dated())
        first, _, rest = reply.partition(b"\r\n")
        return b"\r\n".join([first, *self.head, rest])

    def _now(self, ahead: float) -> float:
        return time.time() + self.season + ahead

    def _dated(self) -> list[str]:
        if self.date is None:
            return []
        return [f"Date: {formatdate(self._now(self.date), usegmt=True)}"]

    def told(self) -> str:
        """GetSystemDateAndTimeResponse."""
        inside = f"<tt:DateTimeType>{self.mode}</tt:DateTimeType>"
        if self.daylight is not None:
            inside += f"<tt:DaylightSavings>{self.daylight}</tt:DaylightSavings>"
        if self.zone is not None:
            zone = self.zone.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            inside += f"<tt:TimeZone><tt:TZ>{zone}</tt:TZ></tt:TimeZone>"
        inside += moment("UTCDateTime", self._now(self.utc))
        if self.local is not None:
            inside += moment("LocalDateTime", self._now(self.local))
        inside = f"<tds:SystemDateAndTime>{inside}</tds:SystemDateAndTime>"
        return f"<tds:GetSystemDateAndTimeResponse>{inside}</tds:GetSystemDateAndTimeResponse>"


def moment(name: str, at: float) -> str:
    """A tt:DateTime."""
    told = datetime.fromtimestamp(at, UTC)
    clock = f"<tt:Hour>{told.hour}</tt:Hour><tt:Minute>{told.minute}</tt:Minute>"
    clock += f"<tt:Second>{told.second}</tt:Second>"
    day = f"<tt:Year>{told.year}</tt:Year><tt:Month>{told.month}</tt:Month><tt:Day>{told.day}</tt:Day>"
    return f"<tt:{name}><tt:Time>{clock}</tt:Time><tt:Date>{day}</tt:Date></tt:{name}>"


class TimeServer(asyncio.DatagramProtocol):
    """SNTP (RFC 4330): stratum 2, exact but for `season`; `asked` is how often.

    With a `kiss` code it asks to be left alone (RFC 5905 section 7.4).
    """

    def __init__(self, season: float = 0.0, kiss: bytes = b"") -> None:
        self._season, self._kiss = season, kiss
        self.asked = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked += 1
        self._transport.sendto(self._answer(data), addr)  # type: ignore[attr-defined]

    def _answer(self, data: bytes) -> bytes:
        if self._kiss:
            head = struct.pack(">BBbbII4s", 0xE4, 0, 6, -20, 0, 0, self._kiss)
            return head + bytes(8) + data[40:48] + bytes(16)
        now = time.time() + self._season + NTP_TO_UNIX
        stamp = struct.pack(">II", int(now), int(now % 1 * 2**32))
        head = struct.pack(">BBbbII4s", 0x24, 2, 6, -20, 0, 0, b"TEST")
        return head + stamp + data[40:48] + stamp + stamp


@contextlib.asynccontextmanager
async def time_servers(season: float = 0.0) -> AsyncIterator[list[dict[str, Any]]]:
    """Three time servers, as `time_servers` of config.yaml names them."""
    loop = asyncio.get_running_loop()
    port, opened = free_port(), []
    for address in TIME_SERVERS:
        transport, _ = await loop.create_datagram_endpoint(
            lambda: TimeServer(season), local_addr=(address, port)
        )
        opened.append(transport)
    try:
        yield [{"address": address, "port": port} for address in TIME_SERVERS]
    finally:
        for transport in opened:
            transport.close()
        await asyncio.sleep(0)


def row(number: int, port: int, name: str, **more: Any) -> dict[str, Any]:
    """A camera that is asked by HTTP only, for config.yaml."""
    basics = {"id": f"C{number:03d}", "name": f"{name} {number}", "site": "s", "kind": "fixed"}
    where = {"address": f"127.0.8.{number}", "rtsp": "no", "http": {"port": port}}
    return basics | where | more


@contextlib.asynccontextmanager
async def serving(cameras: Sequence[ClockCamera]) -> AsyncIterator[list[dict[str, Any]]]:
    """Every camera on its own address, as `cameras` of config.yaml; C001 is the first."""
    async with contextlib.AsyncExitStack() as stack:
        rows = []
        for number, one in enumerate(cameras, 1):
            server = await stack.enter_async_context(served(one.talk, host=f"127.0.8.{number}"))
            rows.append(row(number, server.port, one.name))
        yield rows


def told(
    folder: Path,
    zone: str,
    cameras: Sequence[ClockCamera],
    ask: Callable[[Product], T],
    *,
    at: str = "",
    **tree: Any,
) -> T:
    """What `ask` finds out in an estate of `cameras` in time zone `zone`.

    With `at` (ISO, UTC) that is the date for everybody; else it is today.
    """
    season = round(datetime.fromisoformat(at).timestamp() - time.time()) if at else 0
    for one in cameras:
        one.season = season

    async def run() -> T:
        async with time_servers(season) as servers, serving(cameras) as rows:
            estate = {"name": "Field", "time_zone": zone}
            patient = {"timeout": "30 s"} | tree.pop("defaults", {})
            full = {"estate": estate, "time_servers": servers, "cameras": rows} | tree
            full["defaults"] = patient
            product = Product(folder, full, environment=faked(f"{season:+d}s") if at else {})
            return await asyncio.to_thread(ask, product)

    return asyncio.run(run())
