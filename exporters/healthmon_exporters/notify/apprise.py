"""Teams, Slack, ntfy and a hundred others through the library apprise (extra
``healthmon[apprise]``).

The library opens its own connections, the one exception to the connector: to the configured service
only, without redirects. Its address is a secret as a whole; of what the library says, only an HTTP
status is passed on.
"""

from __future__ import annotations

import asyncio
import importlib
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from healthmon.model.enums import State
from healthmon.notifications import text
from healthmon.notifications.notice import Notice, What
from healthmon.notifications.sender import SendError
from healthmon.secret import Secret

MISSING = "the library apprise is not installed; run: pip install 'healthmon[apprise]'"
_TRY_AGAIN = frozenset({408, 425, 429})
_STATUS = re.compile(r"error=(\d{3})\b")


class Apprise:
    """Sends each notice to the service at `address` (an apprise URL). Raises SendError when it is
    none.
    """

    def __init__(self, name: str, address: Secret, *, seconds: float = 15.0) -> None:
        self._name = name
        self._seconds = seconds
        self._library = _library()
        self._service = self._made(address)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="healthmon-apprise")

    @property
    def name(self) -> str:
        """The target's name in config.yaml."""
        return self._name

    async def send(self, notice: Notice) -> None:
        """Hand the notice to the service. Raises SendError."""
        try:
            async with asyncio.timeout(self._seconds + 1):
                result = await asyncio.get_running_loop().run_in_executor(
                    self._pool, self._notify, notice
                )
        except TimeoutError:
            raise SendError(f"the service gave no answer in {self._seconds:g} s") from None
        except Exception as error:  # noqa: BLE001 - a hundred plug-ins of others; whatever one raises must not leave
            raise SendError(f"apprise failed: {type(error).__name__}") from None
        if not result:
            raise self._failed(result)

    async def aclose(self) -> None:
        """End the thread; a delivery under way is abandoned."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _made(self, address: Secret) -> Any:
        asset = self._library.AppriseAsset(
            http_redirects=False, secure_logging=True, app_id="healthmon"
        )
        service = self._library.Apprise(asset=asset)
        if not service.add(address.reveal()) or not len(service):
            raise SendError("the secret is not an address that apprise knows", permanent=True)
        for plugin in service:
            plugin.socket_connect_timeout = plugin.socket_read_timeout = self._seconds
        return service

    def _notify(self, notice: Notice) -> Any:
        return self._service.notify(
            title=text.subject(notice),
            body=text.report(notice),
            notify_type=getattr(self._library.NotifyType, _kind(notice)),
            body_format=self._library.NotifyFormat.TEXT,
            timeout=self._seconds,
        )

    def _failed(self, result: Any) -> SendError:
        if getattr(getattr(result, "status", None), "name", "") == "TIMEOUT":
            return SendError(f"the service gave no answer in {self._seconds:g} s")
        status = _status(getattr(entry, "message", "") for entry in result.logs())
        if status is None:
            return SendError("the service did not take the message")
        permanent = 300 <= status < 500 and status not in _TRY_AGAIN
        return SendError(
            f"the service did not take the message: HTTP {status}", permanent=permanent
        )


def _library() -> Any:
    try:
        return importlib.import_module("apprise")
    except ImportError:
        raise SendError(MISSING, permanent=True) from None


def _kind(notice: Notice) -> str:
    if notice.what in (What.TEST, What.DIGEST):
        return "INFO"
    if notice.ended:
        return "SUCCESS"
    return "FAILURE" if notice.state is State.FAULT else "WARNING"


def _status(lines: Iterable[str]) -> int | None:
    found = [int(match[1]) for line in lines if (match := _STATUS.search(line))]
    return found[-1] if found else None
