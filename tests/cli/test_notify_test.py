"""`healthmon notify test` as a process: words and exit codes."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP
from helpers.fakes.hook_server import receiver
from helpers.loopback import make_pair
from helpers.support import free_port
from starlette.responses import Response

from healthmon.notifications.notice import Notice, What

ROOT = Path(__file__).parents[2]


async def run(tmp_path: Path, text: str, *argv: str) -> tuple[int, str, str]:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "healthmon", "notify", "test", "--config", str(path), *argv),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'exporters'}", "HOOK_KEY": "hush-hush"},
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def hook(port: int, path: str = "hooks") -> str:
    return (
        "credentials: {key: {secret: {environment: HOOK_KEY}}}\n"
        f"notify: {{desk: {{webhook: {{url: 'http://127.0.0.1:{port}/{path}', credential: key}}, timeout: 3 s}}}}\n"
        "routes: [{to: desk}]\n"
    )


async def test_a_test_arrives_and_is_said_to_have(tmp_path) -> None:
    async with receiver() as reducer:
        code, out, err = await run(tmp_path, hook(reducer.port), "desk")
    assert (code, err) == (0, "")
    assert "desk (webhook): test test-" in out
    assert "the receiver accepted it" in out
    (got,) = reducer.got
    notice = Notice.from_json(got.body)
    assert notice.what is What.TEST
    assert "Nothing is at fault" in notice.sentence
    assert notice.id in out
    assert "webhook-signature" in got.fields


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "Trying again will not help: correct the target 'desk'"),
        (429, "would be tried again in 30 s"),
    ],
)
async def test_a_refusal_is_said_with_its_remedy(tmp_path, status, words) -> None:
    async with receiver() as reducer:
        reducer.answer = lambda: Response(status_code=status, headers={"Retry-After": "30"})
        code, out, err = await run(tmp_path, hook(reducer.port, "hush-path"), "desk")
    assert code == 1
    assert f"NOT sent: 127.0.0.1: HTTP {status}" in out
    assert words in out
    assert "hush" not in out + err


async def test_a_receiver_that_is_away(tmp_path) -> None:
    code, out, _ = await run(tmp_path, hook(free_port()), "desk")
    assert code == 1
    assert "NOT sent: 127.0.0.1: " in out
    assert "refused" in out


async def test_unknown_names_get_a_suggestion(tmp_path) -> None:
    code, _, err = await run(tmp_path, hook(1), "dusk")
    assert (code, err) == (3, "dusk: no such target in `notify` (did you mean 'desk'?)\n")
    code, _, err = await run(tmp_path, hook(1), "desk", "--contractor", "acme")
    assert (code, err) == (3, "--contractor acme: not in the configuration\n")


async def test_a_mail_target_for_contractors_is_tested_for_one_of_them(tmp_path) -> None:
    text = (
        "contractors: [{id: acme, name: Acme, email: acme@example.com}]\n"
        f"notify: {{m: {{email: {{server: 127.0.0.1, port: {free_port()}, encryption: none, sender: a@example.com, "
        "to_contractor: yes}}}\nroutes: [{to: m}]\n"
    )
    code, out, _ = await run(tmp_path, text, "m")
    assert code == 1
    assert "For a test give --contractor ID." in out
    code, out, _ = await run(tmp_path, text, "m", "--contractor", "acme")
    assert code == 1
    assert "refused" in out


async def test_a_test_by_mail_arrives_at_the_contractor_encrypted(tmp_path) -> None:
    own = make_pair(tmp_path, "mail")
    got: list[tuple[list[str], bool, str]] = []

    class Handler:
        async def handle_DATA(self, server, session, envelope) -> str:
            got.append((envelope.rcpt_tos, session.ssl is not None, envelope.content.decode()))
            return "250 taken"

    made: list[SMTP] = []

    def protocol() -> SMTP:
        made.append(
            SMTP(
                Handler(),
                loop=loop,
                tls_context=own.server(),
                require_starttls=True,
                hostname="mail.test",
            )
        )
        return made[-1]

    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    text = (
        "contractors: [{id: acme, name: Acme, email: acme@example.com}]\n"
        f"notify: {{m: {{email: {{server: 127.0.0.1, port: {port}, sender: a@example.com, to_contractor: yes, "
        "tls: {ca_file: mail.pem}}}}\nroutes: [{to: m}]\n"
    )
    try:
        code, out, _ = await run(tmp_path, text, "m", "--contractor", "acme")
    finally:
        server.close()
        for one in made:
            if one.transport:
                one.transport.abort()
        await asyncio.sleep(0.02)
    assert (code, "check the mailbox" in out) == (0, True)
    ((receivers, encrypted, message),) = got
    assert (receivers, encrypted) == (["acme@example.com"], True)
    assert "Subject: TEST: CCTV" in message


async def test_a_secret_that_is_missing_is_said(tmp_path) -> None:
    text = hook(1).replace("HOOK_KEY", "NO_SUCH_VARIABLE")
    code, out, _ = await run(tmp_path, text, "desk")
    assert code == 1
    assert "environment variable NO_SUCH_VARIABLE is not set" in out
