"""onvif-zeep's WSDLs, bindings and token, each WSDL parsed once per process and shared by all devices.

Import this module lazily: zeep and onvif cost a quarter of a second of CPU, and each Document another tenth. What
onvif-zeep does to its importer (a handler on the root logger, a silenced zeep logger) is undone here.
"""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

from lxml import etree

from healthmon.secret import Credential
from healthmon.wire import httpx_transport
from healthmon.wire.http import Place

_root = logging.getLogger()
_guard = logging.NullHandler()
_root.addHandler(_guard)  # with a handler in place, logging.basicConfig() in onvif/client.py does nothing
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
    strict=False, xml_huge_tree=False, forbid_dtd=True, forbid_entities=True, forbid_external=True, raw_response=True
)
_FOLDER = Path(onvif.__file__).parent.parent / "wsdl"
_documents: dict[str, Any] = {}
_parsing = threading.Lock()


def ready(name: str) -> bool:
    """Whether the WSDL of service `name` is parsed already."""
    return name in _documents


def document(name: str) -> Any:
    """The zeep Document of `name` ("devicemgmt", "media"), parsed at the first call (0.1 s; call it in a thread)."""
    with _parsing:
        if name not in _documents:
            path = _FOLDER / SERVICES[name]["wsdl"]
            _documents[name] = _zeep.wsdl.Document(str(path), _zeep.transports.Transport(), settings=_SETTINGS)
        return _documents[name]


def service(name: str, place: Place, path: str, send: httpx_transport.Send) -> Any:
    """A zeep service proxy of `name` at `place` + `path`: every request goes through `send`, answers come undecoded."""
    shared = document(name)
    http = httpx_transport.client(place, send)
    # The WSDL is there already; one client in both roles spares zeep's own two and their TLS contexts.
    transport = _zeep.transports.AsyncTransport(client=http, wsdl_client=http)
    client = _zeep.AsyncClient(shared, transport=transport, settings=_SETTINGS)
    binding = f"{{{SERVICES[name]['ns']}}}{SERVICES[name]['binding']}"
    return _zeep.proxy.AsyncServiceProxy(client, shared.bindings[binding], address=place.origin + path)


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
