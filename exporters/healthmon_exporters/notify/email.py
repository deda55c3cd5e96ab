"""E-mail by SMTP (RFC 5321), encrypted by STARTTLS (RFC 3207) or from the start (RFC 8314) unless
that is allowed away.

A 4yz answer is to be tried again, a 5yz answer is for good (RFC 5321 section 4.2.1). A server that
offers no STARTTLS, or shows a certificate that is not trusted, gets neither login nor message; that
is tried again, as it may be mended.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiosmtplib
from aiosmtplib import SMTP, SMTPException, SMTPRecipientsRefused, SMTPResponseException

from healthmon.notifications import text
from healthmon.notifications.notice import Notice
from healthmon.notifications.sender import SendError
from healthmon.protocols.errors import ExchangeError, from_os
from healthmon.protocols.transport.connector import Connector
from healthmon.secret import Credential
from healthmon_exporters.notify.message import letter

PORTS = {"starttls": 587, "tls": 465, "none": 25}
_REMEMBERED = 1000
_GOODBYE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class MailServer:
    """An SMTP server. `encryption` is starttls, tls or none; `trust` is how its certificate is
    trusted.
    """

    host: str
    port: int
    encryption: str
    trust: ssl.SSLContext
    server_name: str | None = None


@dataclass(frozen=True, slots=True)
class Receivers:
    """Everyone in `to`, and the notice's contractor where `to_contractor` says so."""

    to: tuple[str, ...]
    to_contractor: bool = False

    def of(self, notice: Notice) -> tuple[str, ...]:
        """The addresses for `notice`, each once."""
        own = [notice.contractor_email] if self.to_contractor and notice.contractor_email else []
        return tuple(dict.fromkeys([*self.to, *own]))


class Email:
    """Sends each notice as one message to its receivers."""

    def __init__(
        self,
        name: str,
        server: MailServer,
        sender: str,
        receivers: Receivers,
        *,
        credential: Credential | None = None,
        seconds: float = 15.0,
    ) -> None:
        self._name = name
        self._server = server
        self._sender = sender
        self._receivers = receivers
        self._credential = credential
        self._seconds = seconds
        self._net = Connector.of([server.host], connect_seconds=seconds)
        self._accepted: OrderedDict[str, set[str]] = OrderedDict()

    @property
    def name(self) -> str:
        """The target's name in config.yaml."""
        return self._name

    async def send(self, notice: Notice) -> None:
        """Hand the message to the server, for every receiver. Raises SendError.

        Receivers that were accepted are not sent to again when the notice is tried again for the
        others.
        """
        receivers = self._receivers.of(notice)
        if not receivers:
            raise SendError(
                "no e-mail address: the device has no contractor with an 'email'", permanent=True
            )
        message = letter(notice, self._sender, receivers).as_bytes()
        accepted = self._accepted.setdefault(notice.id, set())
        while len(self._accepted) > _REMEMBERED:
            self._accepted.popitem(last=False)
        waiting = [receiver for receiver in receivers if receiver not in accepted]
        refused = await self._deliver(waiting, message)
        accepted.update(receiver for receiver in waiting if receiver not in refused)
        if refused:
            raise self._refused(refused)
        self._accepted.pop(notice.id, None)

    async def aclose(self) -> None:
        """End the resolver's threads."""
        self._net.close()

    async def _deliver(self, receivers: list[str], message: bytes) -> dict[str, tuple[int, str]]:
        """Receivers that were refused, with code and words; empty when all were accepted."""
        host = self._server.host
        try:
            async with asyncio.timeout(self._seconds), self._session() as smtp:
                refused, _ = await smtp.sendmail(self._sender, receivers, message)
        except TimeoutError:
            raise SendError(
                f"{host}: mail server gave no complete answer in {self._seconds:g} s"
            ) from None
        except SMTPRecipientsRefused as error:
            return {one.recipient: (one.code, one.message) for one in error.recipients}
        except SMTPResponseException as error:
            raise self._answered(error.code, error.message) from None
        except (ExchangeError, SMTPException, ssl.SSLError, OSError, ValueError) as error:
            raise SendError(f"{host}: {_words(error)}") from None
        return {receiver: (answer[0], answer[1]) for receiver, answer in refused.items()}

    @contextlib.asynccontextmanager
    async def _session(self) -> AsyncIterator[SMTP]:
        """A connection on which a message may be sent; it is closed whatever happens."""
        sock = await self._connected()
        server = self._server
        smtp = SMTP(
            hostname=server.server_name or server.host,
            sock=sock,
            local_hostname=_literal(sock),
            use_tls=server.encryption == "tls",
            start_tls=False,
            tls_context=server.trust if server.encryption != "none" else None,
            timeout=self._seconds,
        )
        opened: asyncio.BaseTransport | None = None
        try:
            await smtp.connect()
            opened = smtp.transport
            if server.encryption == "starttls":
                await self._encrypt(smtp)
                opened = smtp.transport
            if self._credential is not None:
                await self._login(smtp, self._credential)
            yield smtp
            with contextlib.suppress(SMTPException, OSError, TimeoutError):
                await smtp.quit(timeout=_GOODBYE_SECONDS)
        finally:
            if isinstance(opened, asyncio.WriteTransport):
                opened.abort()  # a plain close would wait half a minute for a peer that says no TLS goodbye
            smtp.close()
            sock.close()

    async def _connected(self) -> socket.socket:
        address, port = await self._net.address_of(self._server.host), self._server.port
        sock = socket.socket(
            socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM
        )
        sock.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(sock, (address, port))
        except BaseException as error:
            sock.close()
            if isinstance(error, OSError) and not isinstance(error, TimeoutError):
                raise from_os(error, f"TCP port {port}") from None
            raise
        return sock

    async def _encrypt(self, smtp: SMTP) -> None:
        await smtp.ehlo()
        if not smtp.supports_extension("starttls"):
            raise SendError(
                f"{self._server.host}: the mail server offers no encryption (STARTTLS); nothing was sent"
            )
        await smtp.starttls(server_hostname=self._server.server_name or self._server.host)

    async def _login(self, smtp: SMTP, credential: Credential) -> None:
        """One attempt by one method, so that a wrong password does not lock the account
        (RFC 4954).
        """
        await smtp.ehlo()
        host_routes = {
            "plain": smtp.auth_plain,
            "login": smtp.auth_login,
            "cram-md5": smtp.auth_crammd5,
        }
        way = next(
            (host_routes[name] for name in host_routes if name in smtp.server_auth_methods), None
        )
        if way is None:
            raise SendError(
                f"{self._server.host}: the mail server offers no login that is known here (PLAIN, LOGIN)"
            )
        await way(credential.username, credential.password.reveal())

    def _answered(self, code: int, message: str) -> SendError:
        what = "refused the login" if code in (530, 534, 535) else "refused"
        text_ = f"{self._server.host}: the mail server {what}: {code} {text.one_line(message, 160)}".rstrip()
        return SendError(self._without_secret(text_), permanent=500 <= code < 600)

    def _refused(self, refused: dict[str, tuple[int, str]]) -> SendError:
        said = "; ".join(
            f"{who}: {code} {text.one_line(words, 100)}" for who, (code, words) in refused.items()
        )
        permanent = all(500 <= code < 600 for code, _ in refused.values())
        return SendError(
            self._without_secret(f"{self._server.host}: not accepted for {said}"),
            permanent=permanent,
        )

    def _without_secret(self, said: str) -> str:
        secret = self._credential.password.reveal() if self._credential else ""
        return said.replace(secret, "***") if secret else said


def _literal(sock: socket.socket) -> str:
    """Our address as EHLO's argument (RFC 5321 section 4.1.3), which needs no look-up of a name."""
    address = str(sock.getsockname()[0]).partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _words(error: BaseException) -> str:
    """The plain cause of an error of the library or of a socket."""
    cause = error.__cause__ or error.__context__
    found: BaseException | None = next(
        (e for e in (error, cause) if isinstance(e, ssl.SSLError)), None
    )
    if (
        found is None
        and isinstance(cause, OSError)
        and not isinstance(cause, aiosmtplib.SMTPException)
    ):
        found = cause
    if found is None and isinstance(error, SMTPException):
        return f"SMTP: {text.one_line(error.message, 160)}"
    return str(from_os(found or error, "SMTP"))
