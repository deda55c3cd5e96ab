"""An identity provider on loopback that says whatever a test wants, and tokens made without the
product's library: by hand (RFC 7515) with `cryptography`.
"""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def number(value: int, size: int = 0) -> str:
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


class Signer:
    """A key with its id."""

    def __init__(self, kid: str, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> None:
        self.kid, self.key = kid, key

    @property
    def public(self) -> dict[str, str]:
        """As it stands in a key set (RFC 7517)."""
        found = self.key.public_key().public_numbers()
        if isinstance(found, rsa.RSAPublicNumbers):
            own = {"kty": "RSA", "n": number(found.n), "e": number(found.e)}
        else:
            own = {"kty": "EC", "crv": "P-256", "x": number(found.x, 32), "y": number(found.y, 32)}
        return {"kid": self.kid, "use": "sig", **own}

    def sign(self, claims: dict[str, Any], alg: str = "RS256", **header: Any) -> str:
        head = {"alg": alg, "kid": self.kid, "typ": "JWT", **header}
        head = {name: value for name, value in head.items() if value is not None}
        signed = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(claims).encode())}"
        return f"{signed}.{b64(self._signature(alg, signed.encode()))}"

    def _signature(self, alg: str, signed: bytes) -> bytes:
        sha = hashes.SHA256()
        if alg == "none":
            return b""
        if alg == "HS256":  # the public key as a shared secret
            return hmac.digest(json.dumps(self.public).encode(), signed, "sha256")
        if alg == "ES256":
            assert isinstance(self.key, ec.EllipticCurvePrivateKey)
            pair = decode_dss_signature(self.key.sign(signed, ec.ECDSA(sha)))
            return b"".join(one.to_bytes(32, "big") for one in pair)
        assert isinstance(self.key, rsa.RSAPrivateKey)
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        return self.key.sign(signed, pss if alg == "PS256" else padding.PKCS1v15(), sha)


def rsa_signer(kid: str, bits: int = 2048) -> Signer:
    return Signer(kid, rsa.generate_private_key(65537, bits))


def ec_signer(kid: str) -> Signer:
    return Signer(kid, ec.generate_private_key(ec.SECP256R1()))


class FakeProvider:
    """Answers on 127.0.0.1. A test changes `metadata` and `keys`; `token` makes the answer to a code
    from the fields of the request: (status, object). `asked` holds the paths. It answers by a
    `redirect` where there is one, and not at all while it `hangs`.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.forms: list[dict[str, str]] = []
        self.logins: list[str] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider._answer(self, {})

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"])).decode()
                provider._answer(self, {name: one[0] for name, one in parse_qs(raw).items()})

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self.issuer = f"http://127.0.0.1:{self._server.server_port}/realm"
        self.signers: list[Signer] = []
        self.more_keys: list[Any] = []
        self.metadata: dict[str, Any] = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }
        self.redirect, self.hangs = "", False
        self._closing = threading.Event()
        self.token: Callable[[dict[str, str]], tuple[int, Any]] = lambda _form: (400, {})
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def claims(self, nonce: str, /, **changed: Any) -> dict[str, Any]:
        """Right ones; None leaves a claim out."""
        now = time.time()
        right = {
            "iss": self.issuer,
            "aud": "healthmon",
            "sub": "a-1",
            "nonce": nonce,
            "iat": int(now),
            "exp": int(now) + 300,
            "preferred_username": "anna@example.org",
            "groups": ["CCTV Operators"],
        }
        return {name: value for name, value in (right | changed).items() if value is not None}

    def _answer(self, handler: BaseHTTPRequestHandler, form: dict[str, str]) -> None:
        path = handler.path.removeprefix("/realm")
        self.asked.append(path)
        status, found = 200, self.metadata
        if path == "/token":
            self.forms.append(form)
            self.logins.append(handler.headers.get("authorization", ""))
            status, found = self.token(form)
        elif path == "/keys":
            found = {"keys": [*self.more_keys, *(one.public for one in self.signers)]}
        elif path != "/.well-known/openid-configuration":
            status, found = 404, {}
        if self.hangs:
            self._closing.wait(60)
        raw = found if isinstance(found, bytes) else json.dumps(found).encode()
        handler.send_response(302 if self.redirect else status)
        handler.send_header("Location", self.redirect)
        handler.send_header("Content-Length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw)

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
