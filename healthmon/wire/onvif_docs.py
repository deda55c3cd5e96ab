"""onvif-zeep's WSDLs, bindings and token, each WSDL parsed once per process (what is needed of it), for all devices.

Import this module lazily: zeep and onvif cost a quarter of a second of CPU and 10 MB. What
onvif-zeep does to its importer (a handler on the root logger, a silenced zeep logger) is undone here.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from lxml import etree

from healthmon.secret import Credential
from healthmon.wire import httpx_transport, onvif_prune
from healthmon.wire.http import Place

_root = logging.getLogger()
_guard = logging.NullHandler()
_root.addHandler(
    _guard
)  # with a handler in place, logging.basicConfig() in onvif/client.py does nothing
try:
    import onvif
    import zeep
    import zeep.proxy
    import zeep.transports
    from onvif.client import UsernameDigestTokenDtDiff
    from onvif.definition import SERVICES
finally:
    _root.removeHandler(_guard)
logging.getLogger("zeep.client").setLevel(logging.NOTSET)
# zeep.transports writes whole envelopes at DEBUG.
logging.getLogger("zeep").setLevel(logging.WARNING)

_zeep: Any = zeep  # only partly typed
# Answers are not decoded by the WSDL: devices get namespaces and prefixes wrong, which `soap` forgives.
_SETTINGS = _zeep.Settings(
    strict=False,
    xml_huge_tree=False,
    forbid_dtd=True,
    forbid_entities=True,
    forbid_external=True,
    raw_response=True,
)
_FOLDER = Path(onvif.__file__).parent.parent / "wsdl"
_parsing = threading.Lock()


@dataclass(slots=True)
class _Parsed:
    """One service: the operations that its Document knows; it is parsed anew when one is asked for that it does not."""

    operations: frozenset[str]
    document: Any


_parsed: dict[str, _Parsed] = {}


class _Pruned(_zeep.transports.Transport):  # type: ignore[misc]  # zeep is only partly typed
    """Loads what is left of the files instead of the files."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__()
        self._files = files

    def load(self, url: str) -> bytes:
        """The bytes of a file of the WSDL."""
        return self._files.get(Path(url).name) or bytes(super().load(url))


def ready(name: str, operation: str) -> bool:
    """Whether `operation` of service `name` is parsed already."""
    return name in _parsed and operation in _parsed[name].operations


def document(name: str, operation: str) -> Any:
    """The zeep Document of service `name` ("devicemgmt", "media") with `operation` and those asked for before.

    Parsed once for each new operation, 50 ms: call it in a thread.
    """
    with _parsing:
        if not ready(name, operation):
            path = _FOLDER / SERVICES[name]["wsdl"]
            operations = (_parsed[name].operations if name in _parsed else frozenset()) | {
                operation
            }
            transport = _Pruned(onvif_prune.pruned(path, operations))
            _parsed[name] = _Parsed(
                operations, _zeep.wsdl.Document(str(path), transport, settings=_SETTINGS)
            )
        return _parsed[name].document


def proxy(name: str, operation: str, place: Place, path: str, send: httpx_transport.Send) -> Any:
    """`operation` of service `name` at `place` + `path`: a request goes through `send`, its answer comes undecoded."""
    shared = document(name, operation)
    http = httpx_transport.client(place, send)
    # The WSDL is there already; one client in both roles spares zeep's own two and their TLS contexts.
    transport = _zeep.transports.AsyncTransport(client=http, wsdl_client=http)
    client = _zeep.AsyncClient(shared, transport=transport, settings=_SETTINGS)
    binding = f"{{{SERVICES[name]['ns']}}}{SERVICES[name]['binding']}"
    return _zeep.proxy.AsyncServiceProxy(
        client, shared.bindings[binding], address=place.origin + path
    )[operation]


def with_token(envelope: bytes, credential: Credential, skew: float) -> bytes:
    """`envelope` with a WS-Security UsernameToken (digest) created `skew` seconds ahead of our own clock."""
    root = etree.fromstring(envelope, etree.XMLParser(resolve_entities=False, no_network=True))
    token = UsernameDigestTokenDtDiff(
        credential.username,
        credential.password.reveal(),
        dt_diff=timedelta(seconds=skew),
        use_digest=True,
        zulu_timestamp=True,
    )
    token.apply(root, {})
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)
