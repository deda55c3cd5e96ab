"""TLS towards devices: trust by a CA or by a pinned key, never by looking away; and reading a
certificate.

The pin is checked inside the handshake itself, so no caller can send a byte to a device whose key
is another one. `cryptography` costs 9 MB; it is imported when the first certificate is read.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import hmac
import re
import ssl
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from healthmon.protocols import quirks, trace
from healthmon.protocols.errors import OLD_CIPHERS, ProtocolError, TlsError, TlsTimeoutError
from healthmon.protocols.transport.connector import Connector

if TYPE_CHECKING:
    from cryptography import x509

CHANGED_KEY = "its key is not the pinned one (changed key)"

_CAUSES = (
    ("expired", "expired"),
    ("not yet valid", "not yet valid"),
    ("mismatch", "made out to another name or address"),
    ("self-signed", "self-signed, not issued by the trusted CA"),
    ("self signed", "self-signed, not issued by the trusted CA"),
    ("issuer", "issued by a CA that is not trusted"),
    ("first certificate", "issued by a CA that is not trusted"),
    ("invalid ca", "issued by a CA that is not trusted"),
    ("pinned", CHANGED_KEY),
    ("too weak", "its key or signature is too weak"),
    ("too small", "its key or signature is too weak"),
)


_AEAD = re.compile("GCM|CHACHA20|CCM")


@dataclass(frozen=True, slots=True)
class PeerCertificate:
    """What a TLS port presented: the certificate (DER), the negotiated version ("TLSv1.3") and
    cipher suite (OpenSSL's name).
    """

    der: bytes
    version: str
    cipher: str = ""


@dataclass(frozen=True, slots=True)
class CertificateContent:
    """What a certificate says: Unix seconds, names (RFC 4514), the SHA-256 of its key (hex) and of
    an RSA key the bits, the hash of its signature ("sha256", "" for one that is not known here).
    """

    not_before: float
    not_after: float
    subject: str
    issuer: str
    key: str
    rsa_bits: int | None
    signed_with: str


def cause(text: str) -> str:
    """OpenSSL's words about a certificate in an operator's words; unknown ones are passed on."""
    low = text.lower()
    return next((words for mark, words in _CAUSES if mark in low), text)


def key_hash(der: bytes) -> str:
    """SHA-256 of the SubjectPublicKeyInfo of a certificate, hex: what is pinned. Raises TlsError on
    a bad one.
    """
    return hashlib.sha256(public_key_info(parsed(der))).hexdigest()


def parsed(der: bytes) -> x509.Certificate:
    """The certificate in `der`, leniently: cameras number and date theirs as they like. Raises
    TlsError.
    """
    from cryptography import x509

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return x509.load_der_x509_certificate(der)
    except Exception:  # noqa: BLE001 - cryptography raises a class for each thing that is wrong
        raise TlsError("the certificate cannot be read") from None


def content_of(der: bytes) -> CertificateContent:
    """What the certificate in `der` says. Raises TlsError for one whose dates, names or key cannot
    be read: most of it is decoded only when it is asked for.
    """
    from cryptography.hazmat.primitives.asymmetric import rsa

    certificate = parsed(der)
    key = hashlib.sha256(public_key_info(certificate)).hexdigest()
    public = certificate.public_key()
    try:
        return CertificateContent(
            certificate.not_valid_before_utc.timestamp(),
            certificate.not_valid_after_utc.timestamp(),
            certificate.subject.rfc4514_string(),
            certificate.issuer.rfc4514_string(),
            key,
            public.key_size if isinstance(public, rsa.RSAPublicKey) else None,
            _hash_of(certificate),
        )
    except Exception:  # noqa: BLE001 - as in `parsed`
        raise TlsError("the certificate cannot be read") from None


def _hash_of(certificate: x509.Certificate) -> str:
    """The name of the hash that the certificate is signed with, "" where that is not known here."""
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return ""
    return algorithm.name if algorithm is not None else ""


def public_key_info(certificate: x509.Certificate) -> bytes:
    """The DER SubjectPublicKeyInfo of `certificate`. Raises TlsError for a key of an
    unknown kind.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        return certificate.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
    except Exception:  # noqa: BLE001 - cryptography raises a different class for each broken or unknown key
        raise TlsError("the certificate's key cannot be read") from None


class _PinnedObject(ssl.SSLObject):
    """A TLS connection whose handshake fails unless the peer's key is the pinned one."""

    def do_handshake(self) -> None:
        super().do_handshake()
        der = self.getpeercert(True) or b""
        context = self.context
        try:
            same = isinstance(context, _PinnedContext) and hmac.compare_digest(
                key_hash(der), context.pin
            )
        except TlsError:
            same = False
        if not same:
            error = ssl.SSLCertVerificationError(CHANGED_KEY)
            error.verify_message = CHANGED_KEY
            error.verify_code = 0
            raise error


class _PinnedContext(ssl.SSLContext):
    pin: str
    sslobject_class = _PinnedObject


def _plain_pin(pin: str) -> str:
    text = pin.lower().removeprefix("sha256:").replace(":", "").strip()
    if len(text) != 64 or any(c not in "0123456789abcdef" for c in text):
        raise TlsError("tls pin is not 64 hex digits (SHA-256 of the key)")
    return text


def context(
    *,
    ca_file: str | None = None,
    pin: str | None = None,
    old: bool = False,
    secure: bool = False,
) -> ssl.SSLContext:
    """The shared client context that trusts one pinned key, or the CA in `ca_file`, or the system's
    CAs.

    Old TLS is taken with a pin, or where it is `old` and only the certificate counts; a device that
    does not know secure renegotiation is not taken where it must be `secure`.
    With a pin neither name nor chain nor dates are checked; without one all are. Raises TlsError
    for a bad pin or an unreadable CA file.
    """
    return _context(ca_file, pin, old, secure)


@functools.lru_cache(maxsize=4096)
def _context(ca_file: str | None, pin: str | None, old: bool, secure: bool) -> ssl.SSLContext:
    made = _pinned(pin) if pin is not None else _by_authority(ca_file, old=old)
    if not secure and (old or pin is not None):
        quirks.old_renegotiation(made)
    return made


def _pinned(pin: str) -> ssl.SSLContext:
    pinned = _PinnedContext(ssl.PROTOCOL_TLS_CLIENT)
    pinned.check_hostname = False
    pinned.verify_mode = ssl.CERT_NONE
    pinned.set_ciphers(quirks.pinned_ciphers())
    pinned.minimum_version = ssl.TLSVersion.TLSv1_2
    pinned.pin = _plain_pin(pin)
    return pinned


def _by_authority(ca_file: str | None, *, old: bool) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if old:
        made.set_ciphers(quirks.pinned_ciphers())
    # Python 3.13 refuses certificates without key identifiers, which is most of what cameras' own
    # CAs issue.
    made.verify_flags &= ~ssl.VERIFY_X509_STRICT
    try:
        made.load_verify_locations(ca_file) if ca_file else made.load_default_certs()
    except (OSError, ssl.SSLError):
        raise TlsError("the CA file cannot be read") from None
    return made


@functools.lru_cache(maxsize=1)
def _reading_context() -> ssl.SSLContext:
    """For reading a certificate only: no verification, and old versions and keys allowed so that
    they can be named.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made.minimum_version = ssl.TLSVersion.TLSv1
    made.set_ciphers("DEFAULT:@SECLEVEL=0")
    quirks.old_renegotiation(made)
    return made


async def read_certificate(
    connector: Connector, host: str, port: int, server_name: str | None = None
) -> PeerCertificate:
    """Shake hands without verifying, take the certificate and hang up: not one byte of ours is sent
    inside.

    Raises TlsError (also where the port does not speak TLS), ProtocolError and the errors of
    `Net.connect`.
    """
    trace.stage(f"TCP connection to port {port}")
    transport, _ = await connector.connect(
        host, port, asyncio.Protocol, tls=_reading_context(), server_name=server_name
    )
    try:
        tls: ssl.SSLObject = transport.get_extra_info("ssl_object")
        der = tls.getpeercert(True)
        version = tls.version() or "unknown"
        cipher = (tls.cipher() or ("unknown",))[0]
    finally:
        transport.abort()
    if not der:
        raise ProtocolError(f"TLS on port {port} presents no certificate")
    trace.note("<", f"{version}, certificate of {len(der)} bytes")
    return PeerCertificate(der, version, cipher)


@functools.lru_cache(maxsize=1)
def _modern_context() -> ssl.SSLContext:
    """What is spoken today (Python's own choice), without verification: to see whether a port
    can.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


async def old_ciphers_only(
    connector: Connector, host: str, port: int, peer: PeerCertificate
) -> bool:
    """Whether a port, which has chosen an old cipher for `peer`, knows no other (RFC 9325 4.2).

    A second handshake is made only where the first one shows an old cipher. Raises the errors of
    connecting.
    """
    forward_secret = peer.cipher.startswith(("TLS_", "ECDHE-", "DHE-"))
    if peer.version != "TLSv1.2" or (forward_secret and _AEAD.search(peer.cipher)):
        return False
    return OLD_CIPHERS in await verified(connector, host, port, _modern_context())


async def verified(
    connector: Connector,
    host: str,
    port: int,
    trust: ssl.SSLContext,
    server_name: str | None = None,
) -> str:
    """Shake hands with verification by `trust` and hang up: "" when trusted, else why not in words.

    Raises TlsTimeoutError and the other errors of `Net.connect`.
    """
    trace.stage(f"TCP connection to port {port}")
    try:
        transport, _ = await connector.connect(
            host, port, asyncio.Protocol, tls=trust, server_name=server_name
        )
    except TlsTimeoutError:
        raise
    except TlsError as error:
        return cause(str(error).partition(": ")[2] or str(error))
    transport.abort()
    return ""
