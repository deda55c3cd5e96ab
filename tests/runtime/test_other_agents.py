"""The other agents, asked on their pages by TLS; what they say is believed of nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from helpers import certificates
from helpers.support import free_port

from healthmon.config import loading
from healthmon.runtime.other_agents import OtherAgents
from healthmon_exporters.web import listener, server_tls, standby_pages
from healthmon_exporters.web.agent_pages import AgentPages, AgentReport

pytestmark = pytest.mark.slow
CONFIG = """
estate: {{name: Two}}
agent: {{state_directory: state}}
database:
  url: postgresql://127.0.0.1/healthmon
  takeover: 3 s
  agents: {agents}
  ca_file: {authority}
"""


@asynccontextmanager
async def page(pair: certificates.Pair, report: Callable[[], AgentReport]) -> AsyncIterator[str]:
    """The pages of an agent behind TLS; a users file is asked for, and nobody is in it."""
    users = pair.key.with_name("users")
    users.touch(mode=0o600)
    pages = standby_pages.application(lambda: "", AgentPages(report), lambda: users, tuple)
    tls = server_tls.tls_context(pair.certificate, pair.key)
    running = await listener.serve(pages, "127.0.0.1", 0, tls=tls, guarded=True)
    try:
        yield f"https://localhost:{running.port}"
    finally:
        await running.close()


def others(folder: Path, agents: list[str], authority: Path) -> OtherAgents:
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(agents=agents, authority=authority))
    found = OtherAgents.of(loading.load(config))
    assert found is not None
    return found


async def test_an_agent_is_asked_by_tls_and_without_a_login(tmp_path: Path) -> None:
    pair, reports = certificates.made(tmp_path, "agent"), [AgentReport(True, 12.5)]
    async with page(pair, lambda: reports[-1]) as url:
        asked = others(tmp_path, [f"https://localhost:{free_port()}", url], pair.certificate)
        assert await asked.longest_contact() == 12.5
        assert await asked.see_to_it()
        reports.append(AgentReport(False, 0.0))
        assert await asked.longest_contact() == 0.0
        assert not await asked.see_to_it(), "it stands by, and the database does not answer it"
        reports.append(AgentReport(False, 3.0))
        assert await asked.see_to_it(), "it stands by, and will take the estate over"
        await asked.close()


async def test_who_has_another_certificate_is_not_believed(tmp_path: Path) -> None:
    stranger, ours = certificates.made(tmp_path, "stranger"), certificates.made(tmp_path, "ours")
    async with page(stranger, lambda: AgentReport(True, 1e6)) as url:
        asked = others(tmp_path, [url], ours.certificate)
        assert await asked.reports() == []
        await asked.close()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"has_estate": true}',
        b'{"has_estate": 1, "database_seconds": "x"}',
        b"[" * 900,
    ],
)
async def test_what_is_no_page_of_an_agent_says_nothing(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(ValueError, match="it is no page of an agent"):
        AgentReport.of(body)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    pair = certificates.made(tmp_path, "agent")
    port = server.sockets[0].getsockname()[1]
    asked = others(tmp_path, [f"http://127.0.0.1:{port}"], pair.certificate)
    assert await asked.reports() == []
    await asked.close()
    server.close()


async def test_one_that_does_not_answer_is_waited_for_no_longer_than_a_beat(tmp_path: Path) -> None:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    pair = certificates.made(tmp_path, "agent")
    port = server.sockets[0].getsockname()[1]
    asked = others(tmp_path, [f"http://127.0.0.1:{port}"], pair.certificate)
    async with asyncio.timeout(2):
        assert await asked.reports() == []
    await asked.close()
    server.close()
