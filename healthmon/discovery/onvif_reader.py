"""A process that reads ONVIF devices with onvif-zeep: identity, services, profiles, stream paths.

It gets one job a line by its standard input and answers with one line (`onvif_messages`). zeep only
writes the requests and reads the answers: they travel by our own SOAP exchange, pinned to the host
and port of the job, without redirects and within its caps, and each answer has passed our own XML
reader before zeep sees it. No ``ONVIFCamera`` is made, which would subscribe to events. Where zeep
tells nothing (a wrong namespace is enough for that) the same answer is read by our own reader.

Its memory is limited here, its time by who started it (`onvif_process`).
"""

from __future__ import annotations

import asyncio
import ctypes
import importlib
import json
import logging
import resource
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

from healthmon.discovery import onvif_media2
from healthmon.discovery.onvif_messages import MOST_PROFILES, Job
from healthmon.protocols.errors import (
    LOGIN_TROUBLE,
    AuthFailedError,
    AuthLatchedError,
    BasicRefusedError,
    ExchangeError,
    LockedOutError,
    NoCredentialError,
    SilentError,
)
from healthmon.protocols.http.exchange import Endpoint
from healthmon.protocols.http.session import HttpSession
from healthmon.protocols.onvif import soap
from healthmon.protocols.onvif.call import Calls, path_of
from healthmon.protocols.onvif.soap_auth import Held, Login, post
from healthmon.protocols.onvif.ws_discovery import scoped
from healthmon.protocols.quirks import target_of
from healthmon.protocols.transport import tls
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.protocols.values import xml
from healthmon.protocols.values.xml import Element

MEMORY_BYTES = 768 * 1024 * 1024  # of addresses; a tenth of it is used
MOST_FILES = 64
CALL_SECONDS = 8.0
MOST_STREAMS = 8
_PR_SET_DUMPABLE = 4
# ONVIF Core, capabilities of GetCapabilities: what is named there is offered.
_SERVICES = (
    ("media", ("Media",)),
    ("ptz", ("PTZ",)),
    ("recording", ("Extension", "Recording")),
    ("search", ("Extension", "Search")),
    ("replay", ("Extension", "Replay")),
)
_OPTIONAL = frozenset({"GetScopes", "GetNetworkInterfaces"})


def limit_process() -> None:
    """Limit memory, files and dumps, before anything of a device is read. Raises OSError."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    limits = (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, MOST_FILES),
    )
    for kind, most in limits:
        hard = resource.getrlimit(kind)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (value, value))


@dataclass(frozen=True, slots=True)
class OnvifAnswer:
    """One answer, or a part of it: as zeep has read it (`plain`), and as our own reader has."""

    plain: Any
    element: Element | None

    def at(self, *names: str) -> OnvifAnswer:
        """The part at `names`."""
        plain = self.plain
        for name in names:
            plain = plain.get(name) if isinstance(plain, Mapping) else None
        return OnvifAnswer(plain, xml.find(self.element, *names))

    def text(self, *names: str) -> str:
        """The text (or the attribute) at `names`, "" where nothing is told."""
        part = self.at(*names[:-1])
        last = names[-1]
        plain = part.plain.get(last) if isinstance(part.plain, Mapping) else None
        if isinstance(plain, str | int | float) and not isinstance(plain, bool):
            return str(plain).strip()
        if part.element is None:
            return ""
        return xml.text(part.element, last) or xml.attribute(part.element, last) or ""

    def rows(self, name: str) -> list[OnvifAnswer]:
        """The elements called `name`."""
        known = self.plain.get(name) if isinstance(self.plain, Mapping) else self.plain
        plain = known if isinstance(known, list) else []
        own = xml.children(self.element, name) if self.element is not None else []
        return [
            OnvifAnswer(*pair) for pair in zip_longest(plain[:MOST_PROFILES], own[:MOST_PROFILES])
        ]


@dataclass(slots=True)
class Wire:
    """The way to one device: our own SOAP exchange on one connection to the job's host and port."""

    job: Job
    place: Endpoint
    connector: Connector
    login: Login
    held: Held
    loop: asyncio.AbstractEventLoop
    last: Element | None = None

    @classmethod
    def to(cls, job: Job, guard: LockoutGuard, loop: asyncio.AbstractEventLoop) -> Wire:
        """Raises TlsError for a bad pin."""
        trust = tls.context(pin=job.pin) if job.pin else None
        place = Endpoint(job.host, job.port, trust)
        connector = Connector.of([job.host])
        session = HttpSession(connector, place)
        login = Login(job.credential, guard, job.skew)
        held = Held(session, answered=session.answered)
        return cls(job, place, connector, login, held, loop)

    def send(self, address: str, request: str, action: str) -> bytes:
        """The body of the answer to `request` at the path of `address`. Raises ExchangeError."""
        path = path_of(address, self.job.host, "service")
        return self.loop.run_until_complete(self._sent(path, request, action))

    async def _sent(self, path: str, request: str, action: str) -> bytes:
        kind = f'{soap.CONTENT_TYPE}; action="{action}"'
        try:
            async with asyncio.timeout(CALL_SECONDS):
                answer = await post(
                    self.connector,
                    self.place,
                    path,
                    soap.around(request),
                    self.login,
                    self.held,
                    fields=[("Content-Type", kind)],
                )
        except TimeoutError:
            raise SilentError(f"no answer in {CALL_SECONDS:g} s") from None
        self.last = answer.body
        return soap.as_soap_12(answer.reply.body)

    def close(self) -> None:
        """Close the connection."""
        if self.held.session is not None:
            self.held.session.close()
        self.connector.close()


class Library:
    """onvif-zeep, with its WSDLs read once."""

    def __init__(self) -> None:
        self._onvif: Any = importlib.import_module("onvif")
        self._zeep: Any = importlib.import_module("zeep")
        self._helpers: Any = importlib.import_module("zeep.helpers")
        self._document: Any = importlib.import_module("zeep.wsdl").Document
        logging.getLogger().setLevel(logging.CRITICAL)  # the import has set INFO for everybody
        self._services = importlib.import_module("onvif.definition").SERVICES
        self._folder = Path(str(self._onvif.__file__)).parents[1] / "wsdl"
        self._settings = self._zeep.Settings(strict=False, xml_huge_tree=False)
        self._documents: dict[str, Any] = {}

    def service(self, name: str, address: str, wire: Wire) -> Any:
        """The ONVIFService `name` at `address`, whose requests go by `wire`."""
        about = self._services[name]
        path = str(self._folder / about["wsdl"])
        if name not in self._documents:
            files = _Files(self._folder)
            self._documents[name] = self._document(path, files, settings=self._settings)
        client = self._zeep.Client(
            self._documents[name], transport=_Pinned(wire), settings=self._settings
        )
        binding = f"{{{about['ns']}}}{about['binding']}"
        return self._onvif.ONVIFService(
            address, None, None, path, zeep_client=client, binding_name=binding
        )

    def plain(self, told: Any) -> Any:
        """What zeep has read as dictionaries and lists."""
        return self._helpers.serialize_object(told, dict)


@dataclass(frozen=True, slots=True)
class _Files:
    """zeep's transport while WSDLs are read: those that are installed, and nothing else."""

    folder: Path

    def load(self, url: str) -> bytes:
        """The file at `url`. Raises OSError for anything else."""
        path = Path(url).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise OSError(f"{url} is not read")
        return path.read_bytes()


@dataclass(frozen=True, slots=True)
class _Pinned:
    """zeep's transport for one device."""

    wire: Wire

    def load(self, url: str) -> bytes:
        """Nothing is loaded for an answer. Raises OSError."""
        raise OSError(f"{url} is not read")

    def post_xml(self, address: str, envelope: Any, _headers: Any) -> _Response:
        """Send what zeep has put into the Body. Raises ExchangeError."""
        etree: Any = importlib.import_module("lxml.etree")
        request = envelope[-1][0]
        name = etree.QName(request)
        text = etree.tostring(request, encoding="unicode")
        return _Response(self.wire.send(address, text, f"{name.namespace}/{name.localname}"))


@dataclass(frozen=True, slots=True)
class _Response:
    """What zeep wants to know of an answer; `Wire` has refused all others."""

    content: bytes
    status_code: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    encoding: str = "utf-8"


@dataclass(slots=True)
class Reading:
    """What is read of one device; `told` is what goes into the answer."""

    library: Library
    wire: Wire
    told: dict[str, Any] = field(default_factory=lambda: {"notes": [], "elsewhere": []})
    complete: bool = True
    ended: ExchangeError | None = None

    def query(self, service: Any, operation: str, arguments: Any = None) -> OnvifAnswer | None:
        """The answer to one operation, None where there is none; why is noted."""
        if self.ended is not None:
            return None
        self.wire.last = None
        plain = None
        try:
            plain = self.library.plain(getattr(service, operation)(arguments))
        except Exception as error:  # noqa: BLE001 - onvif-zeep makes one kind of all errors
            cause = _cause(error)
            if isinstance(cause, ExchangeError):
                self.note(operation, cause)
                return None
            # zeep could not read what our own reader could.
        element = xml.find(self.wire.last, f"{operation}Response")
        if element is None:
            self.note(operation, ExchangeError(f"the answer holds no {operation}Response"))
            return None
        return OnvifAnswer(_named(plain, element), element)

    def note(self, operation: str, error: ExchangeError) -> None:
        """Note why `operation` was not answered."""
        if isinstance(error, LOGIN_TROUBLE):
            self.ended = error
        elif operation in _OPTIONAL:
            return
        self.told["notes"].append(f"{operation}: {error}"[:200])
        self.complete = False

    def path(self, address: str) -> str:
        """The path of an XAddr or a stream's URI; another host that it names is noted."""
        host, path = target_of(address)
        if host and host.lower() != self.wire.job.host:
            self.told["elsewhere"].append(address[:200])
        return path


def _cause(error: BaseException) -> BaseException:
    """The first error of the chain: onvif-zeep hides it."""
    while error.__context__ is not None and not isinstance(error, ExchangeError):
        error = error.__context__
    return error


def _named(plain: Any, element: Element) -> Any:
    """What zeep has read, under its name: an answer with one kind of child is handed out bare."""
    names = {child.name for child in element}
    if len(names) != 1:
        return plain
    name = names.pop()
    return plain if isinstance(plain, Mapping) and name in plain else {name: plain}


def read(job: Job, library: Library, guard: LockoutGuard, loop: Any) -> dict[str, Any]:
    """Everything about one device, for the answer."""
    try:
        wire = Wire.to(job, guard, loop)
    except ExchangeError as error:
        return {"notes": [str(error)], "login": "not tried", "complete": False}
    reading = Reading(library, wire)
    try:
        address = f"{wire.place.origin}{job.path}"
        device = library.service("devicemgmt", address, wire)
        _read_identity(reading, device)
        media = _read_services(reading, device)
        if media:
            _read_profiles(reading, library.service("media", f"{wire.place.origin}{media}", wire))
        elif reading.ended is None:
            _read_media2(reading)
    finally:
        wire.close()
    reading.told["login"] = _login_state(reading)
    reading.told["complete"] = reading.complete
    return reading.told


def _login_state(reading: Reading) -> str:
    match reading.ended:
        case NoCredentialError():
            return "wanted"
        case AuthFailedError():
            return "refused"
        case AuthLatchedError() | LockedOutError() | BasicRefusedError():
            return "held back"
    return "accepted" if reading.wire.held.proven else "not needed"


def _read_identity(reading: Reading, device: Any) -> None:
    """GetDeviceInformation, GetNetworkInterfaces, GetScopes (ONVIF Core 8)."""
    told = reading.told
    if info := reading.query(device, "GetDeviceInformation"):
        names = ("Manufacturer", "Model", "FirmwareVersion", "SerialNumber")
        keys = ("manufacturer", "model", "firmware", "serial")
        told.update({key: info.text(name) for key, name in zip(keys, names, strict=True)})
    if interfaces := reading.query(device, "GetNetworkInterfaces"):
        rows = interfaces.rows("NetworkInterfaces")
        told["macs"] = [mac for row in rows if (mac := row.text("Info", "HwAddress"))]
    if scopes := reading.query(device, "GetScopes"):
        known = [row.text("ScopeItem") for row in scopes.rows("Scopes")]
        told["names"] = list(scoped(known, "name"))
        told["hardware"] = list(scoped(known, "hardware"))
        told["locations"] = list(scoped(known, "location"))


def _read_services(reading: Reading, device: Any) -> str:
    """GetCapabilities: the kinds of service; the path of the media service, "" without one."""
    answer = reading.query(device, "GetCapabilities", {"Category": "All"})
    if answer is None:
        return ""
    found = {name: answer.text("Capabilities", *at, "XAddr") for name, at in _SERVICES}
    reading.told["services"] = [name for name, address in found.items() if address]
    return reading.path(found["media"]) if found["media"] else ""


def _read_profiles(reading: Reading, media: Any) -> None:
    """GetProfiles and, of the first ones with an encoder, GetStreamUri (Media 5.2, 5.16)."""
    answer = reading.query(media, "GetProfiles")
    if answer is None:
        return
    profiles = [_profile(row) for row in answer.rows("Profiles")]
    reading.told["profiles"] = _coded(profiles)
    for profile in reading.told["profiles"][:MOST_STREAMS]:
        setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
        wanted = {"StreamSetup": setup, "ProfileToken": profile["token"]}
        if stream := reading.query(media, "GetStreamUri", wanted):
            uri = stream.text("MediaUri", "Uri")
            profile["path"] = reading.path(_without_user(uri)) if uri else ""


def _read_media2(reading: Reading) -> None:
    """The profiles of a device that names no media service of the first generation."""
    wire = reading.wire
    device = Calls(wire.connector, wire.place, wire.job.path, wire.login, held=wire.held)

    async def profiles() -> list[dict[str, Any]]:
        async with asyncio.timeout(2 * CALL_SECONDS):
            return await onvif_media2.profiles(
                device, lambda uri: reading.path(_without_user(uri)), MOST_STREAMS
            )

    try:
        reading.told["profiles"] = _coded(wire.loop.run_until_complete(profiles()))
    except ExchangeError as error:
        reading.note("Media2", error)
    except TimeoutError:
        reading.note("Media2", SilentError("no complete answer"))


def _coded(profiles: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those with an encoder; all of them where none has one."""
    known = [one for one in profiles if one["token"]]
    return [one for one in known if one["codec"]] or known


def _profile(row: OnvifAnswer) -> dict[str, Any]:
    encoder = row.at("VideoEncoderConfiguration")
    ptz = row.at("PTZConfiguration")
    return {
        "token": row.text("token"),
        "name": row.text("Name"),
        "codec": encoder.text("Encoding"),
        "width": encoder.text("Resolution", "Width"),
        "height": encoder.text("Resolution", "Height"),
        "source": row.text("VideoSourceConfiguration", "SourceToken"),
        "ptz": ptz.plain is not None or ptz.element is not None,
    }


def _without_user(uri: str) -> str:
    """`uri` without a user and password in it: some devices hand them out."""
    scheme, mark, rest = uri.partition("://")
    authority = rest.partition("/")[0]
    return f"{scheme}{mark}{rest[authority.rfind('@') + 1 :]}" if "@" in authority else uri


def main(words: list[str]) -> int:
    """Answer each job; `words` is the file of the lockout guard, or nothing."""
    limit_process()
    guard = LockoutGuard(Path(words[0]) if words else None)
    library = Library()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    with asyncio.Runner() as runner:
        for line in sys.stdin.buffer:
            told = read(Job.of(line), library, guard, runner.get_loop())
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
