"""docs/network.md: every connection with protocol, port and direction, for a firewall request.

Ports are the defaults of the configuration's models and of the senders; which check uses which service
is written here, and `page` raises KeyError for a check type or a channel that is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel

from healthmon.checks.builtin import CHECK_TYPES
from healthmon.config.device_schema import Apcupsd, Nut, Snmp
from healthmon.config.schema import AgentSection, TimeServer
from healthmon.config.ways import WAYS
from healthmon.discovery.ports import PORTS as DISCOVERED
from healthmon.protocols.onvif.media import _PORTS as URL_PORTS
from healthmon.protocols.onvif.ws_discovery import PORT as WS_DISCOVERY
from healthmon_exporters.notify.email import PORTS as MAIL
from healthmon_exporters.notify.syslog import PORTS as SYSLOG


def _default(model: type[BaseModel]) -> int:
    """The port of a section of config.yaml where none is written."""
    port = model.model_fields["port"].default
    assert isinstance(port, int)  # noqa: S101 - each of these sections has one
    return port


@dataclass(frozen=True, slots=True)
class Service:
    """What healthmon connects to: a peer, its port, and the key of config.yaml that changes it."""

    peer: str
    what: str
    port: str
    key: str


DEVICES = "cameras, recorders"
SERVICES = {
    "icmp": Service("all devices", "ICMP echo", "none", "net.ipv4.ping_group_range of the machine"),
    "http": Service(
        DEVICES,
        "HTTP, HTTPS: ONVIF, vendor APIs",
        f"TCP {URL_PORTS['http']}, with TLS {URL_PORTS['https']}",
        "`http`",
    ),
    "rtsp": Service(
        DEVICES,
        "RTSP with RTP in the same connection",
        f"TCP {URL_PORTS['rtsp']}, with TLS {URL_PORTS['rtsps']}",
        "`rtsp`",
    ),
    "ports": Service(
        "all devices", "a connection that is closed at once", "TCP, as configured", "`ports`"
    ),
    "snmp": Service(
        "UPSes, switches, recorders, workstations",
        "SNMP (GET only)",
        f"UDP {_default(Snmp)}",
        "`snmp`",
    ),
    "nut": Service("UPS servers", "NUT", f"TCP {_default(Nut)}", "`nut`"),
    "apcupsd": Service("UPS servers", "apcupsd", f"TCP {_default(Apcupsd)}", "`apcupsd`"),
    "ntp": Service("time servers", "NTP", f"UDP {_default(TimeServer)}", "`time_servers`"),
}
# Check type -> the services that it may use, by the device's configuration.
USED_BY = {
    "reach": ("icmp", "ports", "rtsp", "http", "snmp", "nut", "apcupsd"),
    "clock": ("http", "rtsp", "snmp"),
    "stream": ("rtsp", "http"),
    "picture": ("rtsp", "http"),
    "ups": ("snmp", "nut", "apcupsd"),
    "certificate": ("rtsp", "http"),
    "port": ("snmp",),
    "link": ("icmp", "ports", "snmp", "http", "rtsp"),
    "relay": ("rtsp",),
    "recording": ("http", "rtsp"),
    "recorder": ("http", "snmp"),
    "playback": ("rtsp", "http"),
    "host": ("snmp",),
    "pan_tilt": ("http",),
    "identity": ("http", "snmp", "nut", "apcupsd"),
    "reference": ("ntp",),
}
_WEB = "as in its address; else TCP 443 (HTTPS) or 80 (HTTP)"
CHANNELS = {
    "alertmanager": (
        "Alertmanager",
        "HTTP, HTTPS",
        "as in its address; Alertmanager listens on TCP 9093",
    ),
    "webhook": ("the desk's web address", "HTTP, HTTPS", _WEB),
    "email": (
        "mail server",
        "SMTP",
        ", ".join(f"TCP {port} ({how})" for how, port in MAIL.items()),
    ),
    "syslog": (
        "syslog server",
        "RFC 5424",
        ", ".join(
            f"{'UDP' if how == 'udp' else 'TCP'} {port} ({how})" for how, port in SYSLOG.items()
        ),
    ),
    "apprise": ("the chat service", "HTTPS", "TCP 443"),
    "channel": ("as the installed package says", "", ""),
}
HEAD = """# Network

Written by `python -m docs` from the defaults of the configuration, the check types and the senders. It is the list for
a firewall request. healthmon opens all connections itself, to configured addresses only, and follows no redirect. No
device connects to healthmon, and nothing goes to the Internet unless a channel of yours is there. The systemd unit
blocks all addresses that are not in its `IPAddressAllow`.

"""


def page() -> str:
    """The text of network.md."""
    parts = (_diagram(), _to_devices(), _to_servers(), _inwards(), _discovery())
    return HEAD + "\n\n".join("\n".join(part) for part in parts) + "\n"


def _diagram() -> Iterator[str]:
    """One arrow a line; what starts at healthmon is opened by it."""
    people = "browsers, wall screens, Prometheus"
    peers = [(one.peer, one.what, one.port) for one in SERVICES.values()]
    peers += [CHANNELS[name] for name in WAYS if CHANNELS[name][2]]
    width = max(len(peer) for peer, _, _ in peers)
    yield "```text"
    for peer, what, port in peers:
        yield f"healthmon ---> {peer:{width}}  {what.partition(':')[0]}: {port}"
    yield f"healthmon <--- {people:{width}}  HTTP, HTTPS: TCP {_default(AgentSection)}"
    yield "```"


def _to_devices() -> Iterator[str]:
    yield "## From healthmon to devices and time servers\n"
    yield "| To | Protocol | Port unless configured | Key in config.yaml | Checks |"
    yield "|---|---|---|---|---|"
    checks: dict[str, list[str]] = {name: [] for name in SERVICES}
    for check in CHECK_TYPES:
        for name in USED_BY[check.name]:
            checks[name].append(check.name)
    for name, one in SERVICES.items():
        used = ", ".join(f"`{check}`" for check in checks[name])
        yield f"| {one.peer} | {one.what} | {one.port} | {one.key} | {used} |"
    yield ""
    yield "Video comes in the RTSP connection. Only a device that refuses this sends RTP by UDP, from its port to the"
    yield "one that healthmon has opened towards it first; a firewall that follows connections needs no rule for it."
    yield "Names in config.yaml are resolved by the machine's own resolver (DNS)."


def _to_servers() -> Iterator[str]:
    yield "## From healthmon to servers, where configured\n"
    yield "| Key in config.yaml | To | Protocol | Port unless configured |"
    yield "|---|---|---|---|"
    for name in WAYS:
        peer, what, port = CHANNELS[name]
        yield f"| `notify`: `{name}` | {peer} | {what} | {port} |"
    yield f"| `heartbeat` | the service that notices its end | HTTP, HTTPS | {_WEB} |"
    yield f"| `agent`: `oidc` | identity provider | HTTPS | {_WEB} |"
    yield "| `database` | PostgreSQL | PostgreSQL, TLS | TCP 5432, or the port of its address |"


def _inwards() -> Iterator[str]:
    listen = AgentSection.model_fields["listen"].default
    yield "## To healthmon\n"
    yield "| From | Protocol | Port unless configured |"
    yield "|---|---|---|"
    port = f"TCP {_default(AgentSection)} (`agent`)"
    yield f"| browsers, wall screens, Prometheus | HTTP on {listen}; HTTPS on any other address | {port} |"
    yield "\nPeople on the same machine also reach the agent by a Unix socket. Nothing else listens."


def _discovery() -> Iterator[str]:
    yield "## Only during `healthmon discover`\n"
    ports = ", ".join(str(one.number) for one in DISCOVERED)
    yield f"In the given ranges: SNMP (UDP {_default(Snmp)}), and TCP {ports};"
    yield f"with `--interface`, WS-Discovery by multicast to UDP {WS_DISCOVERY} on it."
