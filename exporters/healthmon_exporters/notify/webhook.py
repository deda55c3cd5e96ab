"""A webhook: the notice as JSON (docs/notice.schema.json) by POST, signed, with an idempotency key.

The signature is that of the Standard Webhooks specification (version 1): ``webhook-signature:
v1,BASE64`` holds HMAC-SHA256 over ``ID.TIMESTAMP.BODY``, so that neither body nor time can be
exchanged; ``webhook-id`` and ``webhook-timestamp`` (Unix seconds) hold the first two.
``Idempotency-Key`` (IETF httpapi draft) repeats the id.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable

from healthmon.notifications.notice import Notice
from healthmon.secret import Secret
from healthmon_exporters.notify.http_post import Address, Web

_PREFIX = "whsec_"


class Webhook:
    """Sends each notice to one web address. `key` signs it; `clock` gives Unix seconds."""

    def __init__(
        self,
        name: str,
        address: Address,
        *,
        key: Secret | None = None,
        seconds: float = 15.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._name = name
        self._web = Web.to(address, seconds)
        self._key = key
        self._clock = clock

    @property
    def name(self) -> str:
        """The target's name in config.yaml."""
        return self._name

    async def send(self, notice: Notice) -> None:
        """Deliver `notice`; any 2xx answer is delivery. Raises SendError."""
        body = notice.to_json().encode("utf-8", "replace")
        await self._web.request("POST", self._fields(notice.id, body), body)

    async def aclose(self) -> None:
        """End the resolver's threads."""
        self._web.close()

    def _fields(self, notice_id: str, body: bytes) -> list[tuple[str, str]]:
        key, at = header_id(notice_id), str(int(self._clock()))
        fields = [("Content-Type", "application/json"), ("Idempotency-Key", f'"{key}"')]
        fields += [("webhook-id", key), ("webhook-timestamp", at)]
        if self._key is not None:
            fields.append(("webhook-signature", f"v1,{signature(self._key, key, at, body)}"))
        return fields


def header_id(notice_id: str) -> str:
    """The id as it may stand in a header field: the id itself where it is plain, else its hash."""
    plain = notice_id.isascii() and notice_id.isprintable() and len(notice_id) <= 200
    if plain and not {'"', "\\", " "} & set(notice_id):
        return notice_id
    return hashlib.blake2b(notice_id.encode("utf-8", "replace"), digest_size=16).hexdigest()


def signature(key: Secret, notice_id: str, at: str, body: bytes) -> str:
    """Base64 of HMAC-SHA256 over ``ID.TIMESTAMP.BODY``.

    A key that begins with ``whsec_`` is base64, as the specification writes it; any other is taken
    as it stands.
    """
    text = key.reveal()
    raw = text.encode()
    if text.startswith(_PREFIX):
        try:
            raw = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            raw = text.encode()
    signed = b".".join((notice_id.encode(), at.encode(), body))
    return base64.b64encode(hmac.new(raw, signed, hashlib.sha256).digest()).decode()
