"""``healthmon notify test``: tests a notification channel by sending one notice that says it is a
test, and says what happened.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import typer

from healthmon.cli.act_command import print_done
from healthmon.cli.console import fail, read
from healthmon.cli.json_acts import NotifyTested
from healthmon.cli.loop import run_loop
from healthmon.cli.progress import shown_progress
from healthmon.config.problems import suggest
from healthmon.config.schema import Config
from healthmon.config.ways import way_of
from healthmon.model.enums import State
from healthmon.notifications.directory import TargetDirectory
from healthmon.notifications.notice import Notice, What
from healthmon.notifications.sender import SendError
from healthmon_exporters.notify.factory import sender_of

_HOW = {
    "alertmanager": "Alertmanager accepted the alert HealthmonTest; it ends by itself within minutes",
    "webhook": "the receiver accepted it",
    "email": "the mail server accepted it; check the mailbox",
    "syslog": "it was sent; syslog gives no receipt, so check the log",
    "apprise": "the service accepted it",
}
_FAILED = 1


def trial_notice(config: Config, target: str, contractor: str | None) -> Notice:
    """The notice that is sent: it names the target, and the contractor where the test is
    for one.
    """
    register = TargetDirectory.of(config)
    sentence = f"This is a test of the target '{target}'. Nothing is at fault and nothing needs to be done."
    bare = register.bare(f"test-{uuid.uuid4().hex[:12]}", What.TEST, datetime.now(UTC), sentence)
    return replace(bare, state=State.OK, priority=4, **register.contract(contractor))


async def try_target(config: Config, target: str, contractor: str | None = None) -> tuple[str, int]:
    """Send a test by `target`; (what happened in words, exit code 0 or 1). The target must be
    configured.
    """
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
    return (
        f"{target} ({way}): test {notice.id} sent in {took:.2f} s: {_HOW.get(way, 'delivered')}.\n",
        0,
    )


def _failure(target: str, way: str, error: SendError) -> str:
    if error.permanent:
        remedy = f"Trying again will not help: correct the target '{target}' in config.yaml or at the receiver."
    else:
        wait = f" in {error.retry_after:.0f} s" if error.retry_after else ""
        remedy = f"A real notification would be tried again{wait}."
    hint = " For a test give --contractor ID." if "contractor" in str(error) else ""
    return f"{target} ({way}): NOT sent: {error}.{hint}\n{remedy}\n"


def run(target: str, config: Path | None, contractor: str | None) -> None:
    """One test notification and its result."""
    _, loaded = read(config)
    known = {contractor.id for contractor in loaded.contractors}
    if target not in loaded.notify:
        choices = f"; it has {', '.join(loaded.notify) or 'none'}"
        near = suggest(target, loaded.notify)
        raise fail(f"{target}: no such target in `notify`{near or choices}")
    if contractor is not None and contractor not in known:
        raise fail(
            f"--contractor {contractor}: not in the configuration{suggest(contractor, known)}"
        )
    with shown_progress("sending"):
        text, code = run_loop(try_target(loaded, target, contractor))
    print_done(NotifyTested(text.rstrip("\n"), target, code == 0))
    raise typer.Exit(code)
