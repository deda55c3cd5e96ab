"""ONVIF devices that nobody would want to meet, each on an address of its own: what one sends is in its
`Stranger`; what it was asked, and with how many logins, is counted.
"""

from __future__ import annotations

import contextlib
import re
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_ENVELOPE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:tds="http://www.onvif.org/ver10/device/wsdl"'
    ' xmlns:trt="http://www.onvif.org/ver10/media/wsdl"'
    ' xmlns:tt="http://www.onvif.org/ver10/schema"><s:Body>{}</s:Body></s:Envelope>'
)
REFUSED = (
    "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value>"
    "</s:Subcode></s:Code><s:Reason><s:Text>Sender not Authorized</s:Text></s:Reason></s:Fault>"
)


def time_answer() -> str:
    now = time.gmtime()
    return (
        "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP"
        "</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings><tt:UTCDateTime><tt:Time>"
        f"<tt:Hour>{now.tm_hour}</tt:Hour><tt:Minute>{now.tm_min}</tt:Minute>"
        f"<tt:Second>{now.tm_sec}</tt:Second></tt:Time><tt:Date><tt:Year>{now.tm_year}</tt:Year>"
        f"<tt:Month>{now.tm_mon}</tt:Month><tt:Day>{now.tm_mday}</tt:Day></tt:Date>"
        "</tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
    )


def information(serial: str = "S-1", model: str = "Cam 5") -> str:
    return (
        "<tds:GetDeviceInformationResponse><tds:Manufacturer>Acme</tds:Manufacturer>"
        f"<tds:Model>{model}</tds:Model><tds:FirmwareVersion>1.0</tds:FirmwareVersion>"
        f"<tds:SerialNumber>{serial}</tds:SerialNumber><tds:HardwareId>1</tds:HardwareId>"
        "</tds:GetDeviceInformationResponse>"
    )


def interfaces(mac: str = "02:00:00:00:00:01") -> str:
    return (
        '<tds:GetNetworkInterfacesResponse><tds:NetworkInterfaces token="eth0"><tt:Enabled>true'
        f"</tt:Enabled><tt:Info><tt:Name>eth0</tt:Name><tt:HwAddress>{mac}</tt:HwAddress>"
        "<tt:MTU>1500</tt:MTU></tt:Info></tds:NetworkInterfaces></tds:GetNetworkInterfacesResponse>"
    )


def scopes(name: str = "Gate%2012") -> str:
    return (
        "<tds:GetScopesResponse><tds:Scopes><tt:ScopeDef>Fixed</tt:ScopeDef><tt:ScopeItem>"
        f"onvif://www.onvif.org/name/{name}</tt:ScopeItem></tds:Scopes></tds:GetScopesResponse>"
    )


def capabilities(media: str, more: str = "") -> str:
    return (
        "<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Media><tt:XAddr>"
        f"{media}</tt:XAddr><tt:StreamingCapabilities/></tt:Media>{more}</tds:Capabilities>"
        "</tds:GetCapabilitiesResponse>"
    )


def profiles(sources: int = 1, more: str = "") -> str:
    one = (
        '<trt:Profiles token="p{n}" fixed="true"><tt:Name>main{n}</tt:Name>'
        '<tt:VideoSourceConfiguration token="v{n}"><tt:Name>v</tt:Name><tt:UseCount>1</tt:UseCount>'
        '<tt:SourceToken>source{n}</tt:SourceToken><tt:Bounds x="0" y="0" width="1" height="1"/>'
        '</tt:VideoSourceConfiguration><tt:VideoEncoderConfiguration token="e"><tt:Name>e</tt:Name>'
        "<tt:UseCount>1</tt:UseCount><tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>1920"
        "</tt:Width><tt:Height>1080</tt:Height></tt:Resolution><tt:Quality>1</tt:Quality>"
        "</tt:VideoEncoderConfiguration>{more}</trt:Profiles>"
    )
    inside = "".join(one.format(n=n, more=more) for n in range(sources))
    return f"<trt:GetProfilesResponse>{inside}</trt:GetProfilesResponse>"


def stream(uri: str) -> str:
    return (
        f"<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>{uri}</tt:Uri>"
        "<tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false"
        "</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout></trt:MediaUri>"
        "</trt:GetStreamUriResponse>"
    )


def honest(host: str, serial: str = "S-1") -> dict[str, str]:
    """What a well-behaved camera answers."""
    return {
        "GetDeviceInformation": information(serial),
        "GetNetworkInterfaces": interfaces(),
        "GetScopes": scopes(),
        "GetCapabilities": capabilities(f"http://{host}/onvif/media"),
        "GetProfiles": profiles(),
        "GetStreamUri": stream(f"rtsp://{host}:554/live/main"),
    }


@dataclass
class Stranger:
    """`answers` are the bodies by operation; `raw` sends bytes of its own instead and says so by
    True. With `login` every operation but the time wants one, and `right` says whether it is taken.
    """

    answers: dict[str, str] = field(default_factory=dict)
    raw: Callable[[BaseHTTPRequestHandler, str], bool] | None = None
    login: bool = False
    right: bool = True
    asked: Counter[str] = field(default_factory=Counter)
    logins: int = 0


@contextlib.contextmanager
def serving(strangers: dict[str, Stranger], port: int = 80) -> Iterator[None]:
    """Each stranger at its address."""
    servers = []
    for address, stranger in strangers.items():
        handler = type("Handler", (_Handler,), {"stranger": stranger})
        server = _Server((address, port), handler)
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
    try:
        yield
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Without the look-up of a name that HTTPServer makes."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]


class LockedStream:
    """An RTSP server that asks for a login and takes none. `described` and `logins` count."""

    def __init__(self) -> None:
        self.described = self.logins = 0


@contextlib.contextmanager
def streaming(address: str, locked: LockedStream, port: int = 554) -> Iterator[None]:
    """`locked` at an address."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while head := self._head():
                locked.described += head.startswith("DESCRIBE")
                locked.logins += "Authorization:" in head
                number = re.search(r"CSeq: *(\d+)", head)
                self.wfile.write(
                    f"RTSP/1.0 401 Unauthorized\r\nCSeq: {number[1] if number else 0}\r\n"
                    'WWW-Authenticate: Digest realm="r", nonce="n"\r\n\r\n'.encode()
                )

        def _head(self) -> str:
            lines = []
            while (line := self.rfile.readline().decode()).strip():
                lines.append(line)
            return "".join(lines)

    with socketserver.ThreadingTCPServer((address, port), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield
        server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    stranger: Stranger
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        found = re.search(r"Body[^>]*>\s*<(?:\w+:)?(\w+)", asked)
        name = found[1] if found else "?"
        stranger = self.stranger
        stranger.asked[name] += 1
        with_login = "UsernameToken" in asked or "Authorization" in self.headers
        stranger.logins += with_login
        if name == "GetSystemDateAndTime" and name not in stranger.answers:
            self.send(time_answer())
        elif stranger.login and not (with_login and stranger.right):
            self.send(REFUSED, 400)
        elif stranger.raw is None or not stranger.raw(self, name):
            self.send(stranger.answers.get(name, REFUSED if stranger.login else "<x/>"))

    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send(self, body: str, status: int = 200) -> None:
        data = _ENVELOPE.format(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/soap+xml")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass
