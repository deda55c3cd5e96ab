"""The agent runs on uvloop: the ways out that handle sockets and TLS themselves do the
same there.
"""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent


def loaded(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"on_uvloop_{path.stem}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


EMAIL = loaded(HERE / "test_email.py")
SYSLOG = loaded(HERE.parent / "peers" / "test_syslog.py")
WEBHOOK = loaded(HERE / "test_webhook.py")


def run(made: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(made)


@pytest.mark.parametrize(
    "test",
    [
        EMAIL.test_the_report_arrives_as_text_and_html,
        EMAIL.test_a_server_that_is_away_silent_or_slow_is_tried_again,
        EMAIL.test_an_answer_that_came_after_the_message_was_taken_is_no_failure,
        SYSLOG.test_a_receiver_that_drops_the_connection_is_told,
        SYSLOG.test_a_receiver_that_never_says_goodbye_does_not_hold_us,
        WEBHOOK.test_a12_a_closed_port_is_tried_again,
        WEBHOOK.test_a12_silence_after_accept_ends_at_the_deadline_and_is_tried_again,
        WEBHOOK.test_a12_a_slow_drip_ends_at_the_deadline_and_is_tried_again,
    ],
)
def test_a12_on_uvloop(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    run(test())


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_a12_a_closed_syslog_port_on_uvloop(transport: str) -> None:
    run(SYSLOG.test_a_closed_port_is_told_and_tried_again(transport))


@pytest.mark.parametrize(
    "test",
    [
        EMAIL.test_starttls_comes_before_login_and_message,
        EMAIL.test_tls_from_the_start,
        WEBHOOK.test_a_trusted_certificate_is_delivered_to,
    ],
)
def test_encryption_on_uvloop(
    test: Callable[[Path], Coroutine[Any, Any, None]], tmp_path: Path
) -> None:
    run(test(tmp_path))


@pytest.mark.parametrize("whole", [True, False])
def test_mail_certificates_on_uvloop(tmp_path: Path, whole: bool) -> None:
    run(
        EMAIL.test_a_certificate_that_is_not_trusted_gets_neither_login_nor_message(tmp_path, whole)
    )


@pytest.mark.peer
def test_syslog_by_tls_on_uvloop(peers: Any, tmp_path: Path) -> None:
    run(SYSLOG.test_tls_is_verified_and_delivers(peers, tmp_path))
