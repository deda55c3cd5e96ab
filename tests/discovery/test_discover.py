"""A search of a range from its first SYN to the proposed entry, in a network of its own: every packet
is counted, and every login.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from helpers import onvif_strangers as strangers
from helpers import packets, search_network
from helpers.commands import healthmon
from helpers.onvif_strangers import Stranger
from helpers.peers.namespaces import inside
from helpers.support import need

from healthmon.discovery import onvif_process
from healthmon.discovery.onvif_messages import Job
from healthmon.discovery.ports import ports
from healthmon.discovery.run import Outcome, Plan, discover
from healthmon.discovery.targets import addresses
from healthmon.secret import Credential, Secret

RIGHT = Credential("view", "healthmon", Secret("s3cret"))
FOREIGN = f"http://{search_network.FOREIGN}/onvif/media"


@dataclass
class Searched:
    outcome: Outcome
    counter: packets.PacketCounter
    seconds: float


def searched(devices: dict[str, Stranger], **more: Any) -> Searched:
    """A search of 10.9.0.0/28, ports 80 and 554, with the right login."""
    need("ip")
    plan = Plan(
        addresses(["10.9.0.0/28"]), ports("80,554"), **({"credential": RIGHT, "rate": 1000} | more)
    )

    def job() -> Searched:
        search_network.make()
        with strangers.serving(devices), packets.PacketCounter() as counter:
            began = time.monotonic()
            outcome = asyncio.run(discover(plan, lambda _done, _of: None))
            return Searched(outcome, counter, time.monotonic() - began)

    return inside(job)


def redirected(handler: BaseHTTPRequestHandler, name: str) -> bool:
    handler.send_response(307)
    handler.send_header("Location", f"http://{search_network.FOREIGN}/onvif/device_service")
    handler.send_header("Content-Length", "0")
    handler.end_headers()
    return True


def huge(handler: BaseHTTPRequestHandler, name: str) -> bool:
    handler.send_response(200)
    handler.send_header("Content-Length", str(1 << 30))
    handler.end_headers()
    try:
        for _ in range(64):
            handler.wfile.write(b"<a>" + b"x" * (1 << 20))
    except OSError:
        pass
    return True


def dripping(handler: BaseHTTPRequestHandler, name: str) -> bool:
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    try:
        for _ in range(600):
            handler.wfile.write(b" ")
            time.sleep(0.05)
    except OSError:
        pass
    return True


@pytest.fixture(scope="module")
def result() -> tuple[Searched, dict[str, Stranger]]:
    """One search with all of them at once."""
    foreign = strangers.honest("10.9.0.2", "S-2") | {
        "GetCapabilities": strangers.capabilities(FOREIGN),
        "GetStreamUri": strangers.stream(f"rtsp://u:p@{search_network.FOREIGN}:554/live/main"),
    }
    nested = "<tt:x>" * 5000
    devices = {
        "10.9.0.1": Stranger(strangers.honest("10.9.0.1"), login=True),
        "10.9.0.2": Stranger(foreign),
        "10.9.0.3": Stranger(raw=redirected),
        "10.9.0.4": Stranger(raw=huge),
        "10.9.0.5": Stranger({"GetDeviceInformation": nested}),
        "10.9.0.6": Stranger(strangers.honest("10.9.0.6", "S-6"), login=True, right=False),
        "10.9.0.7": Stranger({"GetSystemDateAndTime": strangers.REFUSED}, login=True),
        "10.9.0.20": Stranger(strangers.honest("10.9.0.20")),
    }
    return searched(devices), devices


def test_only_the_given_addresses_and_ports_are_contacted(result):
    """Whatever a device names: an XAddr, a stream, a redirect. 10.9.0.20 is outside of the range."""
    counter, devices = result[0].counter, result[1]
    given = set(addresses(["10.9.0.0/28"]))
    assert set(counter.to) <= given
    assert {address for address, _ in counter.syns} == given
    assert {port for _, port in counter.syns} == {80, 554}
    assert not devices["10.9.0.20"].asked


def test_each_is_found_as_what_it_is(result):
    found = {one.address: one for one in result[0].outcome.found}
    assert list(found) == [f"10.9.0.{n}" for n in range(1, 8)]
    first = found["10.9.0.1"].onvif
    assert first is not None
    assert (first.manufacturer, first.model, first.serial) == ("Acme", "Cam 5", "S-1")
    assert (first.names, first.macs) == (("Gate 12",), ("02:00:00:00:00:01",))
    (profile,) = first.profiles
    assert (profile.token, profile.codec, profile.size) == ("p0", "h264", (1920, 1080))
    assert profile.path == "/live/main"
    assert (found["10.9.0.1"].login, found["10.9.0.1"].incomplete) == ("accepted", False)


def test_a_foreign_address_is_told_and_its_path_asked_here(result):
    second = next(one for one in result[0].outcome.found if one.address == "10.9.0.2")
    assert second.onvif is not None
    assert FOREIGN in second.onvif.elsewhere
    assert second.onvif.profiles[0].path == "/live/main"
    assert "u:p" not in json.dumps(second.onvif.elsewhere)
    assert second.login == "not needed"


@pytest.mark.parametrize(
    ("address", "told"),
    [("10.9.0.3", "not followed"), ("10.9.0.4", "not read"), ("10.9.0.5", "")],
)
def test_a_hostile_answer_costs_its_own_entry_only(result, address, told):
    one = next(one for one in result[0].outcome.found if one.address == address)
    assert one.incomplete
    assert any(told in note for note in one.notes)
    assert one.onvif is not None
    assert one.onvif.model == ""


def test_at_most_one_refused_login_a_device_and_none_before_the_time(result):
    devices = result[1]
    assert devices["10.9.0.6"].logins == 1
    assert devices["10.9.0.7"].logins == 0
    found = {one.address: one.login for one in result[0].outcome.found}
    assert (found["10.9.0.6"], found["10.9.0.7"]) == ("refused", "wanted")
    assert all(one.asked["CreatePullPointSubscription"] == 0 for one in devices.values())


def test_no_request_changes_anything_on_a_device(result):
    asked = {name for one in result[1].values() for name in one.asked}
    assert asked
    assert all(name.startswith("Get") for name in asked)


def test_without_a_login_none_is_sent():
    device = Stranger(strangers.honest("10.9.0.1"), login=True)
    told = searched({"10.9.0.1": device}, credential=None)
    (found,) = told.outcome.found
    assert (device.logins, found.login, found.incomplete) == (0, "wanted", True)


@pytest.mark.parametrize(("right", "logins"), [(False, 0), (True, 1)])
def test_after_a_refused_login_rtsp_gets_none(right, logins):
    """The camera gives no stream by ONVIF, so that its RTSP port is described."""
    need("ip")
    answers = strangers.honest("10.9.0.1") | {"GetCapabilities": "<x/>"}
    device = Stranger(answers, login=True, right=right)
    locked = strangers.LockedStream()
    plan = Plan(("10.9.0.1",), ports("80,554"), credential=RIGHT)

    def job() -> Outcome:
        search_network.make()
        with strangers.serving({"10.9.0.1": device}), strangers.streaming("10.9.0.1", locked):
            return asyncio.run(discover(plan, lambda _done, _of: None))

    (found,) = inside(job).found
    assert (locked.logins, found.login) == (logins, "refused")
    assert locked.described >= 1


def test_the_lockout_guard_of_the_product_counts_the_refusal(tmp_path):
    file = tmp_path / "logins.json"
    device = Stranger(strangers.honest("10.9.0.1"), login=True, right=False)
    for _ in range(2):
        searched({"10.9.0.1": device}, guard_file=file)
    assert device.logins == 1
    assert "s3cret" not in file.read_text()


def test_a_device_that_drips_is_given_up_and_its_process_killed():
    need("ip")

    async def read() -> tuple[str, int]:
        readers = onvif_process.OnvifReaders(seconds=2.0)
        try:
            await readers.read(Job("10.9.0.1", 80, "/onvif/device_service"))
        except onvif_process.ReaderError as error:
            return str(error), readers.killed
        finally:
            await readers.close()
        raise AssertionError("read")

    def job() -> tuple[str, int]:
        search_network.make()
        with strangers.serving({"10.9.0.1": Stranger(raw=dripping)}):
            return asyncio.run(read())

    assert inside(job) == ("not read within 2 s; given up", 1)


def test_the_rate_is_kept():
    told = searched({}, rate=20.0)
    assert told.outcome.connections == 28
    assert told.seconds >= 27 / 20


CONFIG = """
sites: [{id: market, name: Market}]
agent: {state_directory: STATE}
credentials:
  view: {username: healthmon, secret: {file: view}}
  snmp: {secret: {file: view}}
cameras:
  - {id: C1, name: North, site: market, address: 10.9.0.2, kind: fixed, http: no, onvif: no}
  - {id: C2, name: South, site: market, address: 10.9.0.90, kind: fixed,
     commissioned: {serial: S-3}}
"""


def test_the_entries_are_accepted_by_check_config(tmp_path: Path):
    """From the command to the pasted file: one new camera, one that is known, one that has moved."""
    need("ip")
    (tmp_path / "view").write_text("s3cret")
    (tmp_path / "view").chmod(0o600)
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.replace("STATE", str(tmp_path)))
    devices = {
        f"10.9.0.{n}": Stranger(strangers.honest(f"10.9.0.{n}", f"S-{n}"), login=True)
        for n in (1, 2, 3)
    }
    options = ["--ports", "80,554", "--rate", "1000", "--config", str(config)]
    files = [tmp_path / "new.yaml", tmp_path / "new.csv", tmp_path / "new.json"]
    for file in files:
        options += ["--output", str(file)]

    def job() -> tuple[int, str, str]:
        search_network.make()
        with strangers.serving(devices):
            return search_network.command("10.9.0.0/29", "--credential", "view", *options)

    code, out, err = inside(job)
    assert code == 1, err
    assert "6 addresses (10.9.0.1 to 10.9.0.6), TCP ports 80, 554" in err.splitlines()[0]
    assert "# 10.9.0.2: known as C1" in out
    assert "# 10.9.0.3: MOVED: C2 (10.9.0.90 in config.yaml) answers here" in out
    written = yaml.safe_load(files[0].read_text())
    (camera,) = written["cameras"]
    assert camera["commissioned"]["serial"] == "S-1"
    assert (camera["site"], camera["name"]) == ("market", "Gate 12")
    assert healthmon("import", str(files[1]), "--config", str(config))[0] == 0
    text = config.read_text() + files[0].read_text().partition("cameras:\n")[2]
    config.write_text(text)
    assert healthmon("check-config", "--config", str(config))[0] == 0
    assert files[1].read_text().splitlines()[0].startswith("id,name,site,address,kind,")
    told = json.loads(files[2].read_text())
    schema = json.loads((search_network.ROOT / "docs/discover.schema.json").read_text())
    jsonschema.validate(told, schema)
    assert [one["known"] for one in told["found"]] == [None, "C1", None]
    assert "s3cret" not in out + err + "".join(file.read_text() for file in files)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "nothing to search"),
        (["10.0.0.0/19"], "--yes"),
        (["10.0.0.1", "--rate", "0"], "--rate"),
        (["10.0.0.1", "--ports", "x"], "no port"),
        (["10.0.0.1", "--credential", "vew"], "view"),
        (["10.0.0.1", "--snmp-v3", "vew"], "--snmp-v3 vew: not in `credentials`"),
        (["10.0.0.1", "--snmp-v3", "view:SHA-1"], "'SHA-1' is not one of MD5, SHA, SHA-224,"),
        (["10.0.0.1", "--snmp-v3", "view:SHA:AES"], "write view:SHA:none"),
        (["10.0.0.1", "--snmp-v3", "snmp:SHA:none"], "an account with a username"),
        (["10.0.0.1", "--snmp-v3", "view:SHA:none:x"], "write NAME:SHA-256:AES"),
        (["10.0.0.1", "--site", "markt"], "market"),
        (["10.0.0.1", "--output", "a.txt"], ".csv"),
    ],
)
def test_what_is_refused_is_told_in_one_line_before_anything_is_sent(tmp_path, options, told):
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.replace("STATE", str(tmp_path)))
    (tmp_path / "view").write_text("s3cret")
    (tmp_path / "view").chmod(0o600)
    code, out, err = healthmon("discover", *options, "--config", str(config))
    assert (code, out) == (3, "")
    assert told in err
    assert len(err.splitlines()) == 1
