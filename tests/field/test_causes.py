"""What explains a fault and what does not: FF-F17 and FF-F24."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from helpers.fakes.onvif_clock import ClockCamera, time_servers
from helpers.fakes.recorder_makes import Well, footage
from helpers.fakes.recorder_web import Answer, Asked, Instead
from helpers.fakes.ups_daemons import Upsd
from helpers.loopback import served
from helpers.product import Product, Running, Swept, only
from helpers.recorder_estate import ZONE, Recorder, told
from helpers.recorder_estate import serving as serving_recorders
from helpers.support import Peers

MAINS = {
    "ups.status": "OL",
    "input.voltage": "230",
    "battery.charge": "100",
    "battery.runtime": "3600",
}
BATTERY = {
    "ups.status": "OB DISCHRG",
    "input.voltage": "0",
    "battery.charge": "90",
    "battery.runtime": "1800",
}
QUICK = {
    "interval": "1 s", "clock_interval": "1 s", "identity_interval": "1 s", "ups_interval": "1 s",
    "recording_interval": "1 s", "timeout": "20 s", "cause": {"hold": "1 s", "quiet": "1 s"},
}  # fmt: skip


def kept_faults(product: Product) -> list[dict[str, Any]]:
    """The fault log."""
    return list(json.loads(product.run("faults", "--json").out))


def codes(agent: Running) -> set[tuple[str, str]]:
    """(device, code) of every open fault."""
    rows = agent.series("healthmon_fault_active")
    return {(labels["device"], labels["code"]) for labels, value in rows if value == 1}


# ------------------------------------------------------------------------------------------ FF-F17


def by_hand(camera: ClockCamera) -> None:
    camera.mode = "Manual"


def wrong_zone(camera: ClockCamera) -> None:
    camera.local = 5 * 3600.0


def no_summer(camera: ClockCamera) -> None:
    camera.zone = "CST-8"


def swapped(camera: ClockCamera) -> None:
    right = camera.render
    camera.render = lambda body: right(body.replace("<tds:SerialNumber>S7", "<tds:SerialNumber>S8"))


def updated(camera: ClockCamera) -> None:
    right = camera.render
    camera.render = lambda body: right(body.replace("1.2<", "1.3<"))


# What befalls a camera during a mains failure and no power failure can do, with its code.
UNRELATED: dict[str, tuple[str, Callable[[ClockCamera], None]]] = {
    "another device": ("wrong_device", swapped),
    "firmware": ("firmware_changed", updated),
    "set by hand": ("clock_manual", by_hand),
    "zone": ("clock_zone", wrong_zone),
    "summer time": ("clock_rule", no_summer),
}
EXPIRES = "<CustomExtensionList><durationEnabled>true</durationEnabled></CustomExtensionList>"
RECORDED = (("R001", "disk_failed"), ("C001", "retention_setting"), ("R001", "recorder_full"))


async def site(stack: AsyncExitStack, upsd: Upsd, eyes: list[ClockCamera]) -> dict[str, Any]:
    """A site with a UPS, a recorder, a camera for each of `eyes` and one that will be lost."""
    rows: dict[str, Any] = {"cameras": []}
    commissioned = {"model": "M1", "serial": "S7", "firmware": "1.2"}
    for number, eye in enumerate(eyes, 1):
        host = f"127.0.14.{number}"
        server = await stack.enter_async_context(served(eye.talk, host=host))
        basics = {"id": f"E{number}", "name": f"Eye {number}", "site": "s", "kind": "fixed"}
        ways = {"rtsp": "no", "http": {"port": server.port}, "commissioned": dict(commissioned)}
        rows["cameras"].append(basics | ways | {"address": host})
    server = await stack.enter_async_context(served(upsd.talk, host="127.0.14.100"))
    ups = {"id": "U1", "name": "Mast UPS", "site": "s", "address": "127.0.14.100"}
    rows["ups"] = [ups | {"nut": {"ups": "u", "port": server.port}}]
    rows["time_servers"] = await stack.enter_async_context(time_servers())
    return rows | {"estate": {"name": "Field", "time_zone": ZONE}, "defaults": QUICK}


async def test_ff_f17_only_what_power_can_cause_follows_a_mains_failure(
    tmp_path: Path, peers: Peers
) -> None:
    upsd, eyes = Upsd(MAINS), [ClockCamera("GMT0") for _ in (*UNRELATED, "lost")]
    well = Well()
    recorder = Recorder("hikvision", well=well)
    tracks: list[Instead] = []
    recorder.web.instead = tracks
    lost = f"E{len(eyes)}"

    def befall() -> None:
        for eye, (_, change) in zip(eyes, UNRELATED.values(), strict=False):
            change(eye)
        well.disks[:] = [("hdd1", "error", 4_000_000)]
        right = recorder.web.right(Asked("GET", "/ISAPI/ContentMgmt/record/tracks"))
        assert right
        body = right.body.replace("<LoopEnable>true", "<LoopEnable>false")
        body = body.replace("P0DT0H", "P90DT0H").replace("</Track>", EXPIRES + "</Track>")
        tracks.append(Instead("GET .*record/tracks", Answer(body)))

    async with AsyncExitStack() as stack:
        rows = await site(stack, upsd, eyes[:-1])
        dark = AsyncExitStack()
        one = await dark.enter_async_context(served(eyes[-1].talk, host="127.0.14.99"))
        row = {"id": lost, "name": "Lost", "site": "s", "kind": "fixed", "address": "127.0.14.99"}
        rows["cameras"].append(row | {"rtsp": "no", "http": {"port": one.port}})
        recorded = await stack.enter_async_context(serving_recorders([recorder]))
        rows["cameras"] += recorded["cameras"]
        rows["recorders"] = recorded["recorders"]
        product = Product(tmp_path, rows)
        loop = asyncio.get_running_loop()

        def watched() -> None:
            expected = {(f"E{n}", code) for n, (code, _) in enumerate(UNRELATED.values(), 1)}
            expected |= {*RECORDED, (lost, "unreachable"), ("U1", "on_battery")}
            with product.agent(peers) as agent:
                agent.until(lambda: agent.get("/-/ready")[0] == 200, 90)
                assert codes(agent) == set()
                upsd.variables = BATTERY
                agent.until(lambda: ("U1", "on_battery") in codes(agent), 60)
                befall()
                asyncio.run_coroutine_threadsafe(dark.aclose(), loop).result(10)
                agent.until(lambda: expected <= codes(agent), 120)
                agent.until(lambda: follows(product, lost), 60)
                causes = {row["device"]: row["cause"] for row in kept_faults(product)}
            innocent = {device for device, _ in expected} - {lost, "U1"}
            assert {device: causes[device] for device in innocent} == dict.fromkeys(innocent, "")

        try:
            await asyncio.to_thread(watched)
        finally:
            await dark.aclose()


def follows(product: Product, device: str) -> bool:
    """Whether the fault of `device` is told to follow the mains failure."""
    return any(
        row["device"] == device and "mains failure" in row["cause"] for row in kept_faults(product)
    )


# ------------------------------------------------------------------------------------------ FF-F24


def stopped(ago: float, gaps: tuple[tuple[float, float], ...] = ()) -> Callable[[], list[Any]]:
    """Footage that ended `ago` seconds before now (of the call here), with `gaps` before that."""
    end = time.time() - ago

    def files() -> list[Any]:
        return [(a, min(b, end)) for a, b in footage(gaps) if a < end]

    return files


def silent(make: str) -> list[Instead]:
    """The recorder says that it does not record."""
    state = {"chanNo": 1, "name": "Gate", "online": 1, "record": 0, "signal": 0}
    body = json.dumps({"ChanStatus": [state]})
    return (
        [Instead("chanStatus", Answer(body, kind="application/json"))]
        if make == "hikvision"
        else []
    )


MAKES = ("hikvision", "dahua", "axis", "onvif")


@pytest.mark.parametrize("make", MAKES)
def test_ff_f24_gaps_of_a_camera_that_is_not_recorded_are_one_fault(
    make: str, tmp_path: Path
) -> None:
    gap = (7200.0, 7200.0 - 103.0)
    well = Well(files=stopped(1800, (gap,)))
    sheet: Swept = told(tmp_path, [Recorder(make, silent(make), well)], Product.sweep)
    row = only(sheet.rows("C001"))
    assert row["code"] == "not_recording"
    assert sheet.code == 1


@pytest.mark.parametrize("make", MAKES)
def test_ff_f24_a_short_gap_is_told_with_its_seconds(make: str, tmp_path: Path) -> None:
    well = Well(files=lambda: footage(((7200.0, 7200.0 - 103.0),)))
    sheet = told(tmp_path, [Recorder(make, well=well)], Product.sweep)
    sentence = only(sheet.sentences("C001"))
    assert "gap of 1 min 4" in sentence
    found = re.search(r"(\d\d:\d\d:\d\d) to (?:\d\d \w{3} )?(\d\d:\d\d:\d\d)", sentence)
    assert found, sentence
    first, last = (
        sum(int(part) * unit for part, unit in zip(text.split(":"), (3600, 60, 1), strict=True))
        for text in found.groups()
    )
    assert (last - first) % 86400 in range(101, 106)


def test_ff_f24_no_fault_of_gaps_opens_and_closes_beside_it(tmp_path: Path, peers: Peers) -> None:
    """A gap comes and goes in what the recorder lists; afterwards the outage explains its own gap."""
    well = Well()
    recorder = Recorder("hikvision", [], well)

    def flapping() -> Iterator[Callable[[], list[Any]]]:
        while True:
            yield stopped(60, ((400.0, 200.0),))
            yield stopped(60)

    def watched(product: Product) -> None:
        with product.agent(peers) as agent:
            ran = {"device": "C001", "check": "recording"}

            def runs() -> float:
                return agent.value("healthmon_check_runs_total", **ran) or 0.0

            agent.until(lambda: runs() >= 2, 90)
            assert codes(agent) == set()
            recorder.web.instead = silent("hikvision")
            well.files = stopped(60)
            agent.until(lambda: ("C001", "not_recording") in codes(agent), 60)
            for files, _ in zip(flapping(), range(4), strict=False):
                well.files = files
                begun = runs()
                agent.until(lambda begun=begun: runs() >= begun + 3, 60)
                assert codes(agent) == {("C001", "not_recording")}
            recorder.web.instead = []
            well.files = lambda: footage(((300.0, 5.0),))
            agent.until(lambda: ("C001", "not_recording") not in codes(agent), 60)
            begun = runs()
            agent.until(lambda: runs() >= begun + 4, 60)
            agent.until(lambda: len({row["fault"] for row in kept_faults(product)}) >= 1, 30)
        log = [row for row in kept_faults(product) if row["device"] == "C001"]
        first = next(row for row in log if row["code"] == "not_recording")
        gaps = [row for row in log if row["code"] == "recording_gap"]
        assert len(gaps) <= 1
        assert all(row["cause_fault"] == first["fault"] for row in gaps)

    plan = {"newest": "10 s", "gap": "20 s"}
    told(tmp_path, [recorder], watched, defaults=QUICK | {"recording": plan})
