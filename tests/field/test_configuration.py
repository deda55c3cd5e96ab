"""What the configuration cannot mean is named: FF-F16 and FF-F19."""

from __future__ import annotations

import asyncio
import copy
from pathlib import Path
from typing import Any

import pytest
from helpers.fakes.onvif_clock import ClockCamera, time_servers
from helpers.loopback import served
from helpers.product import Product
from helpers.support import Peers

MAIL = {"server": "127.0.0.1", "sender": "a@example.com"}
MAIL |= {"to": ["b@example.com"], "credential": "gone"}
TARGETS: dict[str, dict[str, Any]] = {
    "email": MAIL,
    "webhook": {"url": "https://127.0.0.1:9/hook", "credential": "gone"},
    "apprise": {"credential": "gone"},
    "alertmanager": {"url": "https://127.0.0.1:9", "credential": "gone"},
}
SOURCES = {
    "a file": {"file": "nowhere"},
    "a variable": {"environment": "HEALTHMON_NOT_SET"},
    "systemd": {"systemd": "nowhere"},
    "an empty file": {"file": "empty"},
}


def camera(port: int, **more: Any) -> dict[str, Any]:
    row = {"id": "C1", "name": "Gate", "site": "s", "kind": "fixed", "address": "127.0.0.1"}
    return row | {"rtsp": "no", "onvif": "no", "http": {"port": port}} | more


def lacking(port: int, servers: Any, source: dict[str, str], **more: Any) -> dict[str, Any]:
    """A configuration with a credential "gone" whose secret is not there."""
    known = {"view": {"username": "healthmon", "secret": {"file": "secret"}}}
    known["gone"] = {"username": "u", "secret": dict(source)}
    return {"credentials": known, "cameras": [camera(port)], "time_servers": servers} | more


def told(tree: dict[str, Any]) -> dict[str, Any]:
    """With one route to the only target of `tree`."""
    return tree | {"routes": [{"to": next(iter(tree["notify"]))}]}


# ------------------------------------------------------------------------------------------ FF-F16

ABSENT = [
    *[
        pytest.param({"notify": {"out": {kind: rest}}}, SOURCES["a file"], id=kind)
        for kind, rest in TARGETS.items()
    ],
    *[
        pytest.param({"notify": {"out": {"email": MAIL}}}, source, id=f"email, {name}")
        for name, source in SOURCES.items()
        if name != "a file"
    ],
    pytest.param({"heartbeat": {"credential": "gone"}}, SOURCES["a file"], id="heartbeat"),
    pytest.param({}, SOURCES["a file"], id="used by nobody"),
]


@pytest.mark.parametrize(("more", "source"), ABSENT)
async def test_ff_f16_a_secret_that_is_not_there_is_named_and_the_rest_goes_on(
    more: dict[str, Any], source: dict[str, str], tmp_path: Path
) -> None:
    async with served(ClockCamera().talk) as web, time_servers() as servers:
        (tmp_path / "empty").touch(mode=0o600)
        tree = lacking(web.port, servers, source, **copy.deepcopy(more))
        product = Product(tmp_path, told(tree) if "notify" in tree else tree)
        checked = await asyncio.to_thread(product.run, "check-config")
        assert "gone" in checked.text
        assert checked.code != 0
        done = await asyncio.to_thread(product.run, "sweep")
    assert done.code == 0, done.text
    assert "FAULTS 0" in done.out
    assert "NOT CHECKED" not in done.out
    assert "gone" in done.err


async def test_ff_f16_the_agent_starts_without_the_mail_password(
    tmp_path: Path, peers: Peers
) -> None:
    """And names the target that cannot work: nobody may believe that he would be told."""
    async with served(ClockCamera().talk) as web, time_servers() as servers:
        tree = lacking(web.port, servers, SOURCES["a file"], notify={"out": {"email": dict(MAIL)}})
        product = Product(tmp_path, told(tree))

        def watched() -> None:
            with product.agent(peers) as agent:
                agent.until(lambda: agent.value("healthmon_device_up", device="C1") == 1, 60)
                agent.until(lambda: "out" in agent.log.read_text(), 30)
                assert "gone" in agent.log.read_text()

        await asyncio.to_thread(watched)


async def test_ff_f16_a_camera_without_its_password_is_not_checked_and_others_are(
    tmp_path: Path,
) -> None:
    async with served(ClockCamera().talk) as web, time_servers() as servers:
        tree = lacking(web.port, servers, SOURCES["a file"])
        other = {
            "id": "C2",
            "name": "Yard",
            "address": "127.0.0.2",
            "onvif": "/onvif/device_service",
        }
        async with served(ClockCamera().talk, host="127.0.0.2") as own:
            tree["cameras"].append(camera(own.port) | other | {"credential": "gone"})
            product = Product(tmp_path, tree)
            swept = await asyncio.to_thread(product.sweep)
    assert swept.rows("C1") == []
    assert swept.rows("C2", "faults") == []
    assert any("gone" in sentence for sentence in swept.sentences("C2", "not_checked"))
    assert swept.code == 2


# ------------------------------------------------------------------------------------------ FF-F19

LIMITS: dict[str, Any] = {
    "clock": ["10 s", "2 s"],
    "loss": ["20 %", "1 %"],
    "certificate": ["0 d", "21 d"],
    "ups_runtime": ["10 min", "20 min"],
    "ups_load": ["100 %", "80 %"],
    "relay_delay": ["15 s", "5 s"],
}
RECORDING: dict[str, Any] = {
    "retention": ["32 d", "31 d"],
    "complete": "120 %",
    "gap": "2 d",
}
EYE = {"id": "C1", "name": "Gate", "site": "s", "kind": "fixed", "address": "192.0.2.1"}


def with_limits(place: str, values: dict[str, Any]) -> dict[str, Any]:
    tree = {"cameras": [dict(EYE)], "time_servers": [{"address": "192.0.2.9"}]}
    return tree | {"defaults": {place: values}} if place != "camera" else tree


ABSURD = [
    *[pytest.param(with_limits("limits", {k: v}), k, id=f"limits {k}") for k, v in LIMITS.items()],
    *[pytest.param(with_limits("recording", {k: v}), k, id=f"recording {k}") for k, v in RECORDING.items()],
    pytest.param(with_limits("limits", {"frames": "150 %"}), "frames", id="frames over all"),
    pytest.param(with_limits("limits", {"ups_charge": "101 %"}), "ups_charge", id="charge over all"),
    pytest.param(with_limits("limits", {"clock": ["0 s", "0 s"]}), "clock", id="no clock is right"),
    pytest.param(with_limits("limits", {"loss": ["1 %", "200 %"]}), "loss", id="loss over all"),
    pytest.param(with_limits("limits", {"ups_load": ["90 %", "210 %"]}), "ups_load", id="load over all"),
    *[
        pytest.param({"cameras": [EYE | {"address": one}]}, one, id=f"address {one}")
        for one in ("0.0.0.0", "255.255.255.255", "224.0.0.251", "::", "ff02::1")
    ],
    pytest.param({"cameras": [EYE], "estate": {"name": "F", "time_zone": "localtime"}},
                 "localtime", id="no zone of a place"),
    pytest.param({"cameras": [EYE | {"recorder": "R1", "channel": "1"},
                              EYE | {"id": "C2", "name": "Yard", "address": "192.0.2.2",
                                     "recorder": "R1", "channel": "01"}],
                  "recorders": [{"id": "R1", "name": "R", "site": "s", "address": "192.0.2.3",
                                 "make": "hikvision", "credential": "view"}]},
                 "channel '1'", id="one channel in two forms"),
    pytest.param({"cameras": [EYE | {"limits": {"clock": ["10 s", "2 s"]}}],
                  "time_servers": [{"address": "192.0.2.9"}]}, "clock", id="of one camera"),
    pytest.param({"cameras": [EYE | {"recording": {"retention": ["40 d", "31 d"]}}],
                  "time_servers": [{"address": "192.0.2.9"}]}, "retention", id="retention of one camera"),
    pytest.param({"cameras": [EYE | {"limits": {"certificate": ["1 d", "2 d"]}}],
                  "time_servers": [{"address": "192.0.2.9"}]}, "certificate", id="certificate of one"),
]  # fmt: skip


@pytest.mark.parametrize(("tree", "word"), ABSURD)
def test_ff_f19_a_setting_that_cannot_be_meant_is_refused(
    tree: dict[str, Any], word: str, tmp_path: Path
) -> None:
    product = Product(tmp_path, copy.deepcopy(tree))
    done = product.run("check-config")
    assert word in done.text
    assert done.code == 3


def test_ff_f19_nothing_is_swept_by_a_setting_that_cannot_be_meant(tmp_path: Path) -> None:
    product = Product(tmp_path, with_limits("limits", {"clock": LIMITS["clock"]}))
    done = product.run("sweep")
    assert "clock" in done.text
    assert done.code == 3


@pytest.mark.parametrize(
    ("where", "own"),
    [({}, {"timeout": "90 s"}), ({"timeout": "70 s"}, {}), ({}, {"interval": "5 s"})],
    ids=["of one camera", "of all", "a short interval"],
)
def test_ff_f19_a_timeout_beyond_the_interval_is_named(
    where: dict[str, str], own: dict[str, str], tmp_path: Path
) -> None:
    """A warning: it works, but a device that hangs is checked less often."""
    tree = {"cameras": [EYE | own], "time_servers": [{"address": "192.0.2.9"}]}
    tree["defaults"] = {"timeout": "12 s"} | where
    done = Product(tmp_path, tree).run("check-config")
    assert "is longer than 'interval'" in done.text
    assert done.code == 0


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing yet\n", "{}\n", "cameras: []\n"])
def test_ff_f19_an_empty_file_is_named(text: str, tmp_path: Path) -> None:
    product = Product(tmp_path)
    product.config.write_text(text)
    done = product.run("check-config")
    assert "nothing" in done.text
    assert done.code == 3


def test_ff_f19_no_time_servers_are_named(tmp_path: Path) -> None:
    """A warning: the host's own clock may be all that there is."""
    done = Product(tmp_path, {"cameras": [dict(EYE)]}).run("check-config")
    assert "time_servers" in done.text.replace(str(tmp_path), "")
    assert done.code == 0


# Local times that do not exist, and what the clocks do then.
SKIPPED = [
    ("Europe/London", "2027-03-28 01:30"),
    ("Europe/London", "2027-03-28 01:00"),
    ("Europe/Berlin", "2027-03-28 02:59"),
    ("America/New_York", "2027-03-14 02:15"),
    ("Australia/Lord_Howe", "2027-10-03 02:10"),
]


def window(**times: str) -> dict[str, Any]:
    whole = {"devices": ["C1"], "start": "2027-01-01 00:00", "end": "2028-01-01 00:00"}
    return whole | times


WINDOWS = [*[(*one, "start") for one in SKIPPED], (*SKIPPED[0], "end"), (*SKIPPED[3], "until")]


@pytest.mark.parametrize(("zone", "moment", "key"), WINDOWS)
def test_ff_f19_a_maintenance_hour_that_does_not_exist_is_named(
    zone: str, moment: str, key: str, tmp_path: Path
) -> None:
    more = {"repeat": "daily", "end": "2027-01-01 06:00"} if key == "until" else {}
    tree = {"estate": {"name": "Field", "time_zone": zone}, "cameras": [dict(EYE)]}
    tree["time_servers"] = [{"address": "192.0.2.9"}]
    tree["maintenance"] = [window(**more, **{key: moment})]
    done = Product(tmp_path, tree).run("check-config")
    assert moment in done.text
    assert zone in done.text
    assert done.code == 3


def test_an_hour_of_another_zone_exists(tmp_path: Path) -> None:
    tree = {"estate": {"name": "Field", "time_zone": "Africa/Lagos"}, "cameras": [dict(EYE)]}
    tree["maintenance"] = [window(start="2027-03-28 01:30")]
    assert Product(tmp_path, tree).run("check-config").code == 0
