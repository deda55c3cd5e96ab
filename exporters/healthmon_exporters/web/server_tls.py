"""The certificate and key that the agent's listener shows."""

from __future__ import annotations

import ssl
from pathlib import Path

# OpenSSL's reasons for a key of another certificate; the last for one of another kind (RSA, EC).
_STRANGERS = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """A server's context with this certificate chain and key (PEM), TLS 1.2 or later. Raises
    OSError in words.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    for what, path in (("certificate", certificate), ("key", key)):
        try:
            path.open("rb").close()
        except OSError as error:
            words = (error.strerror or "error").lower()
            raise OSError(
                f"the {what} {path} cannot be read: {words}; healthmon's user must be able to"
            ) from None
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        raise OSError(_misfit(error, certificate, key)) from None
    return context


def _no_password() -> str:
    raise ValueError(
        "the key asks for a password; keep it without one, readable by healthmon's user only"
    )


def _misfit(error: Exception, certificate: Path, key: Path) -> str:
    if getattr(error, "reason", "") in _STRANGERS:
        return f"the key {key} does not belong to the certificate {certificate}"
    words = (
        "one of them is not PEM or is damaged" if isinstance(error, ssl.SSLError) else str(error)
    )
    return f"the certificate {certificate} with the key {key} cannot be used: {words}"
