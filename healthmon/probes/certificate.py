"""The certificate on a TLS port of a device: read without trusting it (nothing is sent), then trust is tried apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from healthmon.model import Ask, Certificate, Device
from healthmon.probes.places import trust
from healthmon.probes.tools import Tools
from healthmon.verdict.words import plain
from healthmon.wire import tls
from healthmon.wire.errors import UnsupportedError

if TYPE_CHECKING:
    from cryptography import x509

_OLD_VERSIONS = {"SSLv3", "TLSv1", "TLSv1.1"}
_OLD_HASHES = {"md5", "sha1"}


def tls_port(device: Device, service: str = "") -> int | None:
    """The port of the TLS `service` (https, rtsps) of `device`, by default of its first; None where it has none."""
    ports = device.access.tls_ports
    return ports.get(service) if service else next(iter(ports.values()), None)


async def look(device: Device, ask: Ask, tools: Tools) -> Certificate:
    """The certificate of the service `ask.part`, or of the only one.

    Raises UnsupportedError without a TLS port, TlsError where no handshake succeeds, and errors of connecting.
    """
    port = tls_port(device, ask.part)
    if port is None:
        raise UnsupportedError("no TLS port is configured")
    how = device.access.tls
    name = how.server_name if how else None
    peer = await tls.read_certificate(tools.net, device.address, port, name)
    certificate = tls.parsed(peer.der)
    problem = await tls.verified(tools.net, device.address, port, trust(device), name)
    return Certificate(
        port=port,
        not_before=certificate.not_valid_before_utc.timestamp(),
        not_after=certificate.not_valid_after_utc.timestamp(),
        subject=_name(certificate.subject),
        issuer=_name(certificate.issuer),
        key=tls.key_hash(peer.der),
        trusted=not problem,
        problem=problem,
        weak=", ".join(_weak(certificate, peer.version)),
    )


def _name(name: x509.Name) -> str:
    return plain(name.rfc4514_string())


def _weak(certificate: x509.Certificate, version: str) -> list[str]:
    from cryptography.hazmat.primitives.asymmetric import rsa

    found = []
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < 2048:
        found.append(f"RSA key of {key.key_size} bits (2048 needed)")
    if version in _OLD_VERSIONS:
        found.append(f"{version} (TLSv1.2 needed)")
    algorithm = certificate.signature_hash_algorithm
    if algorithm is not None and algorithm.name in _OLD_HASHES:
        found.append(f"signed with {algorithm.name.upper()}")
    return found
