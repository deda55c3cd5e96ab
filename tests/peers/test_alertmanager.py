"""Debian's Alertmanager: alerts arrive, their end resolves them, a change leaves no ghost, what is
forgotten ends.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from helpers.fakes.hook_server import Receiver, receiver
from helpers.notices import OPENED, TEST
from helpers.support import Peers, free_port, need

from healthmon.model.enums import State
from healthmon.notifications.notice import Notice, What
from healthmon.notifications.sender import Resender, SendError
from healthmon_exporters.notify.alertmanager import Alerting, Alertmanager
from healthmon_exporters.notify.http_post import Address

pytestmark = pytest.mark.peer
NOW = datetime.now(UTC).replace(microsecond=0)
FAULT = replace(OPENED, since=NOW - timedelta(minutes=3), at=NOW)
OVER = replace(FAULT, what=What.CLOSED, until=NOW - timedelta(seconds=1), id="F000123-2")


@pytest.fixture
async def reducer() -> AsyncIterator[Receiver]:
    async with receiver() as told:
        yield told


@pytest.fixture
def manager(peers: Peers, reducer: Receiver) -> str:
    """The base address of a running Alertmanager that tells `desk` at once."""
    need("prometheus-alertmanager")
    port = free_port()
    config = peers.folder / "alertmanager.yml"
    config.write_text(
        "route: {receiver: desk, group_by: [fault, code], group_wait: 200ms, group_interval: 300ms, "
        "repeat_interval: 1h}\n"
        f"receivers: [{{name: desk, webhook_configs: [{{url: '{reducer.url}', send_resolved: true}}]}}]\n"
    )
    peers.start(
        "prometheus-alertmanager",
        f"--config.file={config}",
        f"--storage.path={peers.folder / 'am'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    )
    peers.wait_ready(port)
    return f"http://127.0.0.1:{port}"


def way(manager: str, **more: object) -> Alertmanager:
    return Alertmanager("alerts", Address.of(manager + "/", None), Alerting(**more))  # type: ignore[arg-type]


async def alerts(manager: str) -> list[dict]:
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"{manager}/api/v2/alerts")
        return list(answer.json())


def told(reducer: Receiver) -> list[tuple[str, str]]:
    """(status, code) of every alert that Alertmanager passed on, in order."""
    found = [httpx.Response(200, content=got.body).json() for got in reducer.got]
    return [
        (alert["status"], alert["labels"].get("code", ""))
        for group in found
        for alert in group["alerts"]
    ]


async def until(found: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, "it did not come in time"
        await asyncio.sleep(0.1)


async def test_a_fault_fires_with_its_report_and_its_end_resolves_it(
    manager: str, reducer: Receiver
) -> None:
    sender = way(manager, link="http://127.0.0.1:9877/")
    await sender.send(FAULT)
    (alert,) = await alerts(manager)
    assert alert["status"]["state"] in ("active", "unprocessed")
    assert alert["labels"] == {
        "alertname": "HealthmonFault",
        "fault": "F000123",
        "device": "C003",
        "kind": "camera",
        "site": "riverside",
        "contractor": "acme",
        "estate": "Example District CCTV",
        "code": "no_pictures",
        "priority": "P2",
        "severity": "critical",
    }
    assert "key 7 from the control room" in alert["annotations"]["description"]
    assert datetime.fromisoformat(alert["startsAt"]) == FAULT.since
    assert alert["generatorURL"] == "http://127.0.0.1:9877/?fault=F000123"
    await until(lambda: told(reducer) == [("firing", "no_pictures")])
    await sender.send(OVER)
    await until(lambda: told(reducer) == [("firing", "no_pictures"), ("resolved", "no_pictures")])
    assert await alerts(manager) == []
    await sender.aclose()


async def test_the_end_resolves_after_a_restart_of_ours(manager: str, reducer: Receiver) -> None:
    await way(manager).send(FAULT)
    await until(lambda: told(reducer) == [("firing", "no_pictures")])
    await way(manager).send(OVER)
    await until(lambda: told(reducer)[1:] == [("resolved", "no_pictures")])


async def test_a_fault_that_changes_leaves_no_ghost_under_its_old_labels(
    manager: str, reducer: Receiver
) -> None:
    sender = way(manager)
    await sender.send(FAULT)
    await until(lambda: ("firing", "no_pictures") in told(reducer))
    await sender.send(replace(FAULT, what=What.CHANGED, code="slow_pictures", state=State.DEGRADED))
    (alert,) = await alerts(manager)
    assert (alert["labels"]["code"], alert["labels"]["severity"]) == ("slow_pictures", "warning")
    await until(
        lambda: (
            ("resolved", "no_pictures") in told(reducer)
            and ("firing", "slow_pictures") in told(reducer)
        )
    )


async def test_what_is_said_again_stays_and_what_is_not_ends_by_itself(manager: str) -> None:
    sender = way(manager, resend_seconds=0.5)
    assert isinstance(sender, Resender)
    await sender.send(FAULT)
    for _ in range(6):
        await asyncio.sleep(0.5)
        await sender.resend([FAULT])
    assert len(await alerts(manager)) == 1
    await asyncio.sleep(2.5)
    assert await alerts(manager) == []


async def test_a_thousand_open_faults_are_said_again_in_parts(manager: str) -> None:
    sender = way(manager)
    many = [replace(FAULT, number=n, id=f"F{n}-1", device=f"C{n}") for n in range(1000)]
    await sender.resend([*many, OVER])
    assert len(await alerts(manager)) == 1000


@pytest.mark.parametrize(
    "change",
    [
        {"since": NOW + timedelta(hours=1)},
        {"since": None},
        {"what": What.MERGED, "until": NOW - timedelta(minutes=4)},
        {"what": What.CLOSED, "until": NOW + timedelta(hours=2)},
        {"name": "\ud800\r\n\x00", "site": "\udfff", "sentence": "", "device": "<b>"},
        {"number": None, "id": "strange id\n"},
    ],
)
async def test_times_and_texts_that_are_out_of_order_are_still_taken(
    manager: str, change: dict
) -> None:
    await way(manager).send(replace(FAULT, **change))


async def test_a_test_is_shown_and_a_digest_refused(manager: str) -> None:
    sender = way(manager)
    await sender.send(TEST)
    (alert,) = await alerts(manager)
    assert alert["labels"]["alertname"] == "HealthmonTest"
    with pytest.raises(SendError) as caught:
        await sender.send(Notice(id="d", what=What.DIGEST, at=NOW, sentence="x"))
    assert caught.value.permanent


async def test_a_wrong_path_is_a_permanent_error(manager: str) -> None:
    with pytest.raises(SendError) as caught:
        await way(manager + "/elsewhere").send(FAULT)
    assert caught.value.permanent
