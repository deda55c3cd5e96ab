"""The camera's side of a login, really verified: HTTP Digest (RFC 7616) and the WS-Security
UsernameToken.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from datetime import datetime

from healthmon.demo.state import SimDevice

REALM = "Simulated camera"
MOST_NONCES = 50_000
_FIELD = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')
_TOKEN = re.compile(r"<(?:[\w-]+:)?(Username|Password|Nonce|Created)\b[^>]*>\s*([^<]*?)\s*</")
_counts: dict[str, int] = {}


def fresh_nonce() -> str:
    """A new nonce. Web clients answer it on another connection, so all given out are remembered,
    oldest forgotten.
    """
    if len(_counts) >= MOST_NONCES:
        del _counts[next(iter(_counts))]
    nonce = secrets.token_hex(16)
    _counts[nonce] = 0
    return nonce


def challenge(device: SimDevice, nonce: str) -> str:
    """The value of WWW-Authenticate."""
    return f'Digest realm="{REALM}", qop="auth", algorithm={device.algorithm}, nonce="{nonce}"'


def digest_ok(device: SimDevice, method: str, given: str) -> bool:
    """Verify an Authorization value (qop auth, a nonce of ours, a fresh count), and count the
    outcome.
    """
    fields = {name.lower(): quoted or bare for name, quoted, bare in _FIELD.findall(given)}
    return _counted(device, given[:7].lower() == "digest " and _response_ok(device, method, fields))


def _response_ok(device: SimDevice, method: str, fields: dict[str, str]) -> bool:
    nonce, count = fields.get("nonce", ""), fields.get("nc", "")
    if (
        fields.get("username") != device.username
        or fields.get("realm") != REALM
        or fields.get("qop") != "auth"
    ):
        return False
    if fields.get("algorithm", "MD5").upper() != device.algorithm or not re.fullmatch(
        r"[0-9a-fA-F]{8}", count
    ):
        return False
    name = "sha256" if device.algorithm == "SHA-256" else "md5"

    def digest(text: str) -> str:
        return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()

    first = digest(f"{device.username}:{REALM}:{_password(device)}")
    second = digest(f"{method}:{fields.get('uri', '')}")
    wanted = digest(f"{first}:{nonce}:{count}:{fields.get('cnonce', '')}:auth:{second}")
    if not hmac.compare_digest(wanted, fields.get("response", "")) or int(count, 16) <= _counts.get(
        nonce, 1 << 40
    ):
        return False
    _counts[nonce] = int(count, 16)
    return True


def token_ok(device: SimDevice, envelope: str) -> bool:
    """Verify the UsernameToken of a SOAP envelope, and count the outcome.

    Password = Base64(SHA-1(nonce + created + password)); with the fault `strict_window` (seconds)
    Created must be that near to the device's own clock.
    """
    values = dict(_TOKEN.findall(envelope))
    created = values.get("Created", "")
    try:
        nonce = base64.b64decode(values.get("Nonce", ""), validate=True)
        moment = datetime.fromisoformat(created).timestamp()
    except ValueError:
        return _counted(device, False)
    raw = hashlib.sha1(
        nonce + created.encode() + _password(device).encode(), usedforsecurity=False
    ).digest()
    right = hmac.compare_digest(base64.b64encode(raw).decode(), values.get("Password", ""))
    window = device.faults.get("strict_window")
    near = window is None or abs(moment - device.now()) <= float(window)
    return _counted(device, right and near and values.get("Username") == device.username)


def _password(device: SimDevice) -> str:
    return device.password + ("-changed" if device.has("wrong_login") else "")


def _counted(device: SimDevice, right: bool) -> bool:
    if right:
        device.counters.logins_accepted += 1
    else:
        device.counters.logins_rejected += 1
    return right
