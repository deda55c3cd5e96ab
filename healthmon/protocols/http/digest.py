"""HTTP and RTSP authentication: challenges in, Authorization values out.

RFC 7616 (Digest with MD5, SHA-256, SHA-512-256 and their -sess forms, with and without qop), RFC
2069 (no qop) and RFC 7617 (Basic).
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from healthmon.protocols.errors import BasicRefusedError, ProtocolError, UnsupportedError
from healthmon.secret import Credential

_TOKEN = re.compile(r"""([A-Za-z0-9!#$%&'*+.^_`|~-]+)(?:\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,"]*))?""")
MOST_CHARACTERS = 8192
_HASHES: dict[str, Callable[..., Any]] = {
    "MD5": hashlib.md5,
    "SHA-256": hashlib.sha256,
    "SHA256": hashlib.sha256,  # as some devices write it
}
if "sha512_256" in hashlib.algorithms_available:
    _HASHES["SHA-512-256"] = partial(hashlib.new, "sha512_256")
_QOP_WORDS = ("auth", "auth-int")
_RANK = {name + form: rank for rank, name in enumerate(_HASHES) for form in ("", "-SESS")}


@dataclass(frozen=True, slots=True)
class Challenge:
    """One offer of a WWW-Authenticate header; `algorithm` in capitals, `qop` None where the server
    names none.

    `named`: the server has named its algorithm, so that the answer names it too (RFC 2069 servers
    know none).
    """

    scheme: str
    realm: str = ""
    nonce: str = ""
    algorithm: str = "MD5"
    qop: str | None = None
    opaque: str | None = None
    stale: bool = False
    named: bool = True


def parse_challenges(values: Iterable[str]) -> list[Challenge]:
    """Every challenge of the header values, several in one value included; what is no challenge is
    passed over.
    """
    found: list[Challenge] = []
    left = MOST_CHARACTERS
    for value in values:
        scheme: str = ""
        fields: dict[str, str] = {}
        looked, left = value[:left], max(0, left - len(value))
        for match in _TOKEN.finditer(looked):
            name, given = match[1], match[2]
            if given is None and name.lower() in _QOP_WORDS and "qop" in fields:
                fields["qop"] += f",{name}"  # a list without its quotes
            elif given is None:
                found += _challenge(scheme, fields)
                scheme, fields = name, {}
            else:
                text = given[1:-1] if given.startswith('"') else given
                fields[name.lower()] = re.sub(r"\\(.)", r"\1", text)
        found += _challenge(scheme, fields)
    return found


def _challenge(scheme: str, fields: dict[str, str]) -> list[Challenge]:
    kind = scheme.lower()
    if kind == "basic":
        return [Challenge("basic", fields.get("realm", ""))]
    if kind != "digest" or "nonce" not in fields:
        return []
    qop = _qop(fields.get("qop", ""))
    return [
        Challenge(
            "digest",
            fields.get("realm", ""),
            fields["nonce"],
            algorithm.strip().upper(),
            qop,
            fields.get("opaque"),
            fields.get("stale", "").lower() == "true",
            "algorithm" in fields,
        )
        for algorithm in (fields.get("algorithm") or "MD5").split(",")[:4]
    ]


def _qop(text: str) -> str | None:
    """The option to answer by. What is not known is ignored (RFC 7616 3.3, RFC 2617 3.2.1); some
    quote their options twice.
    """
    words = {word.strip(" \t'\"\\").lower() for word in text.split(",")}
    return next((known for known in _QOP_WORDS if known in words), None)


def _usable(challenge: Challenge) -> bool:
    return challenge.algorithm in _RANK


def choose(challenges: Iterable[Challenge], *, allow_basic: bool | None) -> Challenge:
    """The strongest challenge that can be answered: the Digests, then Basic where it is allowed
    (None: nowhere).

    Raises BasicRefusedError when only Basic is offered and not allowed, UnsupportedError for
    unknown schemes, and ProtocolError when there is no challenge.
    """
    offered = list(challenges)
    if not offered:
        raise ProtocolError("login asked for without a usable challenge")
    digests = [c for c in offered if c.scheme == "digest"]
    if usable := list(filter(_usable, digests)):
        return max(usable, key=lambda challenge: _RANK[challenge.algorithm])
    basic = next((c for c in offered if c.scheme == "basic"), None)
    if basic is None:
        raise UnsupportedError(
            "login method of the device is not known (Digest MD5, SHA-256, SHA-512-256 and Basic are)"
        )
    if digests or not allow_basic:
        raise _basic_refused(allow_basic=allow_basic)
    return basic


def _basic_refused(*, allow_basic: bool | None) -> BasicRefusedError:
    remedy = "" if allow_basic is None else "; allow_basic: yes would permit it"
    return BasicRefusedError(f"the device offers only a Basic login on a plain connection{remedy}")


def authorization(
    challenge: Challenge,
    credential: Credential,
    method: str,
    uri: str,
    *,
    body: bytes = b"",
    count: int = 1,
) -> str:
    """The Authorization value that answers `challenge` for one request; `body` counts where
    auth-int is asked for.
    """
    user, password = credential.username, credential.password.reveal()
    if challenge.scheme == "basic":
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    cnonce = secrets.token_hex(8)
    what = f"{method}:{uri}"
    if challenge.qop == "auth-int":
        what += f":{_HASHES[challenge.algorithm.removesuffix('-SESS')](body).hexdigest()}"
    response = _response(challenge, (user, password), what, cnonce, count)
    parts = [
        f'username="{_quoted(user)}"',
        f'realm="{_quoted(challenge.realm)}"',
        f'nonce="{_quoted(challenge.nonce)}"',
    ]
    parts += [f'uri="{_quoted(uri)}"', f'response="{response}"']
    if challenge.named:
        parts.append(f"algorithm={_spelled(challenge.algorithm)}")
    if challenge.opaque is not None:
        parts.append(f'opaque="{_quoted(challenge.opaque)}"')
    if challenge.qop is not None:
        parts += [f"qop={challenge.qop}", f"nc={count:08x}", f'cnonce="{cnonce}"']
    elif challenge.algorithm.endswith("-SESS"):
        parts.append(f'cnonce="{cnonce}"')
    return "Digest " + ", ".join(parts)


def _response(
    challenge: Challenge, account: tuple[str, str], what: str, cnonce: str, count: int
) -> str:
    """The response over `what`, which names the method, the URI and perhaps the body (RFC 7616
    3.4.1 to 3.4.3).
    """
    digest = _HASHES[challenge.algorithm.removesuffix("-SESS")]

    def h(text: str) -> str:
        return str(digest(raw(text)).hexdigest())

    ha1 = h(f"{account[0]}:{challenge.realm}:{account[1]}")
    if challenge.algorithm.endswith("-SESS"):
        ha1 = h(f"{ha1}:{challenge.nonce}:{cnonce}")
    ha2 = h(what)
    if challenge.qop is None:
        return h(f"{ha1}:{challenge.nonce}:{ha2}")
    return h(f"{ha1}:{challenge.nonce}:{count:08x}:{cnonce}:{challenge.qop}:{ha2}")


def raw(text: str) -> bytes:
    """The bytes of `text`, in which a device's own bytes that are no UTF-8 stand as they came.

    A realm that people write themselves is in whatever encoding their firmware has, and goes into
    the response byte by byte.
    """
    return text.encode("utf-8", "surrogateescape")


def kept(value: bytes) -> str:
    """The text of a header field from which `raw` makes the same bytes again."""
    return value.decode("utf-8", "surrogateescape")


def renewed(challenge: Challenge | None, information: str) -> Challenge | None:
    """`challenge` with the nonce that an Authentication-Info field gives for the next request (RFC
    7616 3.5).
    """
    found = re.search(r'(?i)\bnextnonce\s*=\s*"([^"]+)"', information[:4096])
    return replace(challenge, nonce=found[1], stale=False) if challenge and found else challenge


def _quoted(text: str) -> str:
    """`text` inside a quoted string: no line break can leave it."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "").replace("\n", "")


def _spelled(algorithm: str) -> str:
    return algorithm.replace("-SESS", "-sess")
