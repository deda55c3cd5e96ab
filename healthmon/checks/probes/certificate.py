"""The certificate on a TLS port of a device: read without trusting it (nothing is sent), then trust
is tried apart.
"""

from __future__ import annotations

from healthmon.checks.evaluation.wording import plain
from healthmon.checks.probes.context import ProbeContext
from healthmon.checks.probes.endpoints import trust
from healthmon.model.device import Check, Device
from healthmon.model.measurements import Certificate
from healthmon.protocols.errors import OLD_RENEGOTIATION, UnsupportedError
from healthmon.protocols.transport import tls

_OLD_VERSIONS = {"SSLv3", "TLSv1", "TLSv1.1"}
_OLD_HASHES = {"md5", "sha1"}


def tls_port(device: Device, service: str = "") -> int | None:
    """The port of the TLS `service` (https, rtsps) of `device`, by default of its first; None where
    it has none.
    """
    ports = device.access.tls_ports
    return ports.get(service) if service else next(iter(ports.values()), None)


async def probe(device: Device, check: Check, context: ProbeContext) -> Certificate:
    """The certificate of the service `ask.part`, or of the only one.

    Raises UnsupportedError without a TLS port, TlsError where no handshake succeeds, and errors of
    connecting.
    """
    port = tls_port(device, check.instance)
    if port is None:
        raise UnsupportedError("no TLS port is configured")
    how = device.access.tls
    name = how.server_name if how else None
    peer = await tls.read_certificate(context.connector, device.address, port, name)
    old = await tls.old_ciphers_only(context.connector, device.address, port, peer)
    content = tls.content_of(peer.der)
    place = context.connector, device.address, port
    problem = await tls.verified(*place, trust(device, old=old, secure=True), name)
    insecure = OLD_RENEGOTIATION in problem
    if insecure:
        problem = await tls.verified(*place, trust(device, old=True), name)
    return Certificate(
        port=port,
        not_before=content.not_before,
        not_after=content.not_after,
        subject=plain(content.subject),
        issuer=plain(content.issuer),
        key=content.key,
        trusted=not problem,
        problem=problem,
        weak=", ".join(
            [*_weak(content, peer.version), *_old(peer.cipher, old=old, insecure=insecure)]
        ),
    )


def _old(cipher: str, *, old: bool, insecure: bool) -> list[str]:
    found = [f"the device knows old ciphers only ({cipher})"] if old else []
    if insecure:
        found.append("the device does not know secure renegotiation (RFC 5746)")
    return found


def _weak(content: tls.CertificateContent, version: str) -> list[str]:
    found = []
    if content.rsa_bits is not None and content.rsa_bits < 2048:
        found.append(f"RSA key of {content.rsa_bits} bits (2048 needed)")
    if version in _OLD_VERSIONS:
        found.append(f"{version} (TLSv1.2 needed)")
    if content.signed_with in _OLD_HASHES:
        found.append(f"signed with {content.signed_with.upper()}")
    return found
