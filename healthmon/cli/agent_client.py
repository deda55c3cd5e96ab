"""What a command asks of the running agent, by its pages on this machine."""

from __future__ import annotations

import http.client
import ssl
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode

from healthmon.cli.console import fail
from healthmon.config.schema import Config

SECONDS = 10.0
MOST_BYTES = 4 * 1024 * 1024
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - listens everywhere, so here too


def kept_failures(config: Config, device: str) -> str:
    """The last failed runs of `device`, as the agent of `config` has kept them. Exits with a line
    that says what to do where they cannot be had.
    """
    address = config.agent
    host = _ANY.get(address.listen, address.listen)
    shown = f"[{host}]" if ":" in host else host
    scheme = "https" if address.tls else "http"
    url = f"{scheme}://{shown}:{address.port}/last-failure"
    try:
        status, text = _get(config, host, f"/last-failure?{urlencode({'target': device})}")
    except (http.client.HTTPException, OSError):
        raise fail(f"no agent answers at {url}; start it with `healthmon run`") from None
    if status == HTTPStatus.UNAUTHORIZED:
        raise fail("the agent asks for a login: open the device on its wall, or use --explain")
    if status == HTTPStatus.NOT_FOUND:
        raise fail(f"{device}: no such device in the agent's configuration")
    if status != HTTPStatus.OK:
        raise fail(f"the agent answers with status {status}")
    return text


def _get(config: Config, host: str, path: str) -> tuple[int, str]:
    """Status and text of one page. Raises OSError, HTTPException."""
    port = config.agent.port
    context = _trust(config)
    if context is None:
        connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
    else:
        connection = http.client.HTTPSConnection(host, port, timeout=SECONDS, context=context)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(MOST_BYTES).decode("utf-8", "replace")
    finally:
        connection.close()


def _trust(config: Config) -> ssl.SSLContext | None:
    """The agent's own certificate is the only one that is trusted; None without TLS."""
    if config.agent.tls is None:
        return None
    context = ssl.create_default_context(
        cafile=str(Path(config.folder) / config.agent.tls.certificate)
    )
    context.check_hostname = False
    return context
