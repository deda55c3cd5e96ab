"""``healthmon notify test``: proves a way out by sending one notice that says it is a test, and says what happened."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime

from healthmon.config.notify_checks import way_of
from healthmon.config.schema import Config
from healthmon.model import State
from healthmon_exporters.notify.build import sender_of
from healthmon_exporters.notify.notice import Notice, What
from healthmon_exporters.notify.register import Register
from healthmon_exporters.notify.sender import SendError

_HOW = {
    "alertmanager": "Alertmanager took the alert HealthmonTest; it ends by itself within minutes",
    "webhook": "the receiver took it",
    "email": "the mail server took it for delivery; look into the mailbox",
    "syslog": "it was sent; syslog gives no receipt, look into the log",
    "apprise": "the service took it",
}
_FAILED = 1


def trial_notice(config: Config, target: str, contractor: str | None) -> Notice:
    """The notice that is sent: it names the target, and the contractor where the test is for one."""
    register = Register.of(config)
    sentence = f"This is a test of the target '{target}'. Nothing is at fault and nothing needs to be done."
    bare = register.bare(f"test-{uuid.uuid4().hex[:12]}", What.TEST, datetime.now(UTC), sentence)
    return replace(bare, state=State.OK, priority=4, **register.contract(contractor))


async def try_target(config: Config, target: str, contractor: str | None = None) -> tuple[str, int]:
    """Send a test by `target`; (what happened in words, exit code 0 or 1). The target must be configured."""
    way = way_of(config.notify[target])
    notice = trial_notice(config, target, contractor)
    began = time.monotonic()
    try:
        sender = sender_of(config, target)
        try:
            await sender.send(notice)
        finally:
            await sender.aclose()
    except SendError as error:
        return _failure(target, way, error), _FAILED
    took = time.monotonic() - began
    return f"{target} ({way}): test {notice.id} sent in {took:.2f} s: {_HOW[way]}.\n", 0


def _failure(target: str, way: str, error: SendError) -> str:
    if error.permanent:
        remedy = f"Trying again will not help: mend the target '{target}' in config.yaml or at the receiver."
    else:
        wait = f" in {error.retry_after:.0f} s" if error.retry_after else ""
        remedy = f"A real notification would be tried again{wait}."
    hint = " For a test give --contractor ID." if "contractor" in str(error) else ""
    return f"{target} ({way}): NOT sent: {error}.{hint}\n{remedy}\n"
