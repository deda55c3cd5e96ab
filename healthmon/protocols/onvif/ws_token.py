"""The WS-Security UsernameToken with a password digest, put into a prepared envelope. Pure but for
the nonce.

Source: OASIS Web Services Security UsernameToken Profile 1.0, section 3.1; ONVIF Core
Specification, "Username Token profile".
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import UTC, datetime

from healthmon.protocols.onvif.soap import escaped
from healthmon.secret import Credential

_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
_BODY = b"<s:Body>"
_NONCE_BYTES = 16
_LAST_SECOND = 253402300799.0  # of the year 9999: what a device's clock may say at most


def with_token(envelope: bytes, credential: Credential, at: float) -> bytes:
    """`envelope` (of `soap.envelope`) with a token created at `at`, Unix seconds of the device."""
    created = f"{datetime.fromtimestamp(min(max(at, 0.0), _LAST_SECOND), UTC):%Y-%m-%dT%H:%M:%SZ}"
    nonce = secrets.token_bytes(_NONCE_BYTES)
    password = credential.password.reveal().encode()
    digest = hashlib.sha1(nonce + created.encode() + password)  # noqa: S324 - as the profile says
    header = _header(credential.username, digest.digest(), nonce, created)
    return envelope.replace(_BODY, header.encode() + _BODY, 1)


def _header(username: str, digest: bytes, nonce: bytes, created: str) -> str:
    return (
        f'<s:Header><wsse:Security xmlns:wsse="{_OASIS}-wssecurity-secext-1.0.xsd"'
        f' xmlns:wsu="{_OASIS}-wssecurity-utility-1.0.xsd">'
        f"<wsse:UsernameToken><wsse:Username>{escaped(username)}</wsse:Username>"
        f'<wsse:Password Type="{_OASIS}-username-token-profile-1.0#PasswordDigest">'
        f"{base64.b64encode(digest).decode()}</wsse:Password>"
        f'<wsse:Nonce EncodingType="{_OASIS}-soap-message-security-1.0#Base64Binary">'
        f"{base64.b64encode(nonce).decode()}</wsse:Nonce>"
        f"<wsu:Created>{created}</wsu:Created></wsse:UsernameToken></wsse:Security></s:Header>"
    )
