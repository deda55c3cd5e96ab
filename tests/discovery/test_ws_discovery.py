"""WS-Discovery: every answer is read once, and nothing that it names is contacted."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import packets, search_network, ws_responder
from helpers.peers.namespaces import inside
from helpers.support import need

from healthmon.discovery.run import by_sender, not_read
from healthmon.protocols.onvif import ws_discovery
from healthmon.protocols.onvif.ws_discovery import Service

OURS = "0a0a0a0a-0000-4000-8000-000000000001"
OTHER = "0a0a0a0a-0000-4000-8000-000000000002"
ROOT = Path(__file__).parents[2]


def answer(number: int = 1, to: str = f"urn:uuid:{OURS}", host: str = "10.9.0.2") -> bytes:
    uuid = f"00000000-0000-4000-8000-{number:012x}"
    text = ws_responder.ANSWER.format(uuid=uuid, to=to, n=number, host=host, padding="")
    return text.encode()


def test_an_answer_is_read_and_other_hosts_are_told_apart():
    found = ws_discovery.merged([(answer(), "10.9.0.2")], OURS)
    (match,) = found.found
    assert match.endpoint == "urn:uuid:00000000-0000-4000-8000-000000000001"
    assert match.own == (Service("10.9.0.2", 80, "/onvif/device_service"),)
    assert match.elsewhere == ("http://198.51.100.7/onvif/device_service",)
    assert (match.names, match.hardware, match.locations) == (("Cam 1",), ("X-1",), ("High St",))


def test_an_address_that_is_not_the_senders_is_elsewhere():
    (match,) = ws_discovery.merged([(answer(host="10.9.0.3"), "10.9.0.2")], OURS).found
    assert match.own == ()
    assert len(match.elsewhere) == 2


def test_a_device_is_one_however_often_it_answers_and_clones_stay_apart():
    twice = answer(1).replace(b"<d:MetadataVersion>1", b"<d:MetadataVersion>2")
    sent = [(answer(1), "10.9.0.2"), (answer(1), "10.9.0.2"), (twice, "10.9.0.2")]
    found = ws_discovery.merged([*sent, (answer(1), "10.9.0.3"), (answer(2), "10.9.0.2")], OURS)
    assert len(found.found) == 3
    assert (found.answers, found.unread) == (5, 0)


def test_further_devices_of_a_gateway_are_named_and_not_lost():
    sent = [(answer(1), "10.9.0.2"), (answer(2), "10.9.0.2"), (answer(3), "10.9.0.3")]
    found = by_sender(ws_discovery.merged(sent, OURS).found)
    assert [len(found[sender]) for sender in ("10.9.0.2", "10.9.0.3")] == [2, 1]
    first, further = found["10.9.0.2"]
    assert first.names == ("Cam 1",)
    assert not_read(further).startswith(
        "another device answers at this address and was not read: Cam 2, X-2 (port 80, path"
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff" * 100,
        answer(to=f"urn:uuid:{OTHER}"),
        b"<a>" * 3000,
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        b"<a>" + b"x" * ws_discovery.LONGEST_ANSWER + b"</a>",
        b"<e:Envelope xmlns:e='u'><e:Body><Hello/></e:Body></e:Envelope>",
    ],
)
def test_what_is_no_answer_to_us_is_counted_and_harms_nothing(data):
    found = ws_discovery.merged([(data, "10.9.0.2"), (answer(), "10.9.0.2")], OURS)
    assert (len(found.found), found.unread) == (1, 1)


@pytest.mark.parametrize(
    "address",
    ["", "ftp://10.9.0.2/", "http://", "http://10.9.0.2:0/", "http://10.9.0.2:x/", "http://[::1/"],
)
def test_an_address_that_cannot_be_used_is_none(address):
    assert ws_discovery.service_at(address) is None


def test_many_addresses_in_one_answer_are_not_all_kept():
    many = " ".join(f"http://10.9.1.{n % 250}/{n}" for n in range(300))
    data = answer().replace(b"http://198.51.100.7/onvif/device_service", many.encode())
    (match,) = ws_discovery.merged([(data, "10.9.0.2")], OURS).found
    assert len(match.own) + len(match.elsewhere) == ws_discovery.MOST_ADDRESSES


def test_six_hundred_answers_within_three_seconds():
    """All 600 answer at once, twice, with 2 KB each; only the multicast group is sent anything."""
    need("ip")
    count = 600

    def job() -> tuple[ws_discovery.Matches, packets.PacketCounter]:
        search_network.make()
        program = [sys.executable, str(Path(ws_responder.__file__)), str(count), "10.8.0.1"]
        with subprocess.Popen(program, stdout=subprocess.PIPE, cwd=ROOT) as responder:
            try:
                assert responder.stdout is not None
                assert responder.stdout.readline() == b"ready\n"
                with packets.PacketCounter() as counter:
                    return asyncio.run(ws_discovery.search("hm0", 3.0)), counter
            finally:
                responder.kill()

    found, counter = inside(job)
    assert len(found.found) == count
    assert found.answers == 2 * count
    assert {one.names[0] for one in found.found} == {f"Cam {n}" for n in range(count)}
    # Answers go to our own address over the loopback.
    assert set(counter.to) - {"10.8.0.1", "224.0.0.22"} == {ws_discovery.GROUP}
    assert counter.to[ws_discovery.GROUP] == 2
    assert not counter.syns


def test_the_command_asks_by_multicast_only_and_contacts_nobody_who_answers():
    """Without a range there is nothing that may be contacted."""
    need("ip")

    def job() -> tuple[tuple[int, str, str], packets.PacketCounter]:
        search_network.make()
        program = [sys.executable, str(Path(ws_responder.__file__)), "5", "10.8.0.1"]
        with subprocess.Popen(program, stdout=subprocess.PIPE, cwd=ROOT) as responder:
            try:
                assert responder.stdout is not None
                responder.stdout.readline()
                with packets.PacketCounter() as counter:
                    return search_network.command("--interface", "hm0", "--json"), counter
            finally:
                responder.kill()

    (code, told, _), counter = inside(job)
    announced = json.loads(told)["announced"]
    assert code == 0
    assert len(announced) == 5
    assert announced[0]["elsewhere"] == ["http://198.51.100.7/onvif/device_service"]
    assert set(counter.to) - {"10.8.0.1", "224.0.0.22"} == {ws_discovery.GROUP}
    assert not counter.syns


def test_an_interface_that_is_not_there_is_told_in_one_line():
    with pytest.raises(Exception, match="interface nowhere9"):
        asyncio.run(ws_discovery.search("nowhere9", 0.1))
