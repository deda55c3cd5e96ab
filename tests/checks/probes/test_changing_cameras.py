"""Cameras that restart, are exchanged or share an address, and lines that are slow or lossy: by
real looks, to the fault.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from helpers.fakes import onvif_camera
from helpers.fakes.rtsp_server import Camera, serving
from helpers.hostile_devices import lossy
from helpers.loopback import served, unanswering
from helpers.results import observed
from helpers.watching import watching
from prometheus_client.parser import text_string_to_metric_families

from healthmon.checks.evaluation import reach as reach_verdict
from healthmon.checks.evaluation.stream import evaluate
from healthmon.checks.probes import reach, stream
from healthmon.checks.probes.context import ProbeContext
from healthmon.demo.onvif_sim import mac_of
from healthmon.demo.state import HTTP, SimDevice
from healthmon.model.device import Access, Check, Device, StreamSpec
from healthmon.model.enums import CheckName, Kind, State
from healthmon.model.results import Observation, Verdict
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret
from healthmon_exporters.metrics.exposition import Metrics


def camera(number: int, **more: object) -> SimDevice:
    made = SimDevice(f"C{number:03d}", f"Camera {number}", "camera", f"127.36.1.{number}", "market")
    made.serial = f"SIM-{number:06d}"
    for name, value in more.items():
        setattr(made, name, value)
    return made


def swapped(first: SimDevice, second: SimDevice) -> tuple[SimDevice, SimDevice]:
    """The same two devices, each at the other's address."""
    return camera(1, serial=second.serial, mac=mac_of(second)), camera(
        2, serial=first.serial, mac=mac_of(first)
    )


async def test_c26_a_restart_shorter_than_confirmation_is_no_fault(tmp_path: Path) -> None:
    async with watching(tmp_path, camera(1)) as watch:
        assert (await watch.look("C001", CheckName.STREAM))["pictures"].state is State.OK
        look = asyncio.create_task(watch.look("C001", CheckName.STREAM))
        await asyncio.sleep(0.3)
        await watch.estate.set_fault("C001", "reboot")  # it drops us in the middle
        await look
        await watch.estate.set_fault("C001", "off")
        assert (await watch.look("C001", CheckName.REACH))["reach"].code == "unreachable"
        await watch.estate.set_fault("C001", "off", None)
        await watch.estate.set_fault("C001", "clock_epoch")  # it has no clock of its own
        for _ in range(3):
            assert (await watch.look("C001", CheckName.REACH))["reach"].state is State.OK
            assert (await watch.look("C001", CheckName.STREAM))["pictures"].state is State.OK
        assert watch.changes == []
        counters = watch.estate.counters("C001")
        assert counters.connections_most <= 1
        assert counters.sessions == counters.teardowns + counters.lost_sessions
        assert counters.lost_sessions <= 1, "only the one that the restart cut"


async def test_c26_a_loss_that_lasts_is_one_fault_from_its_beginning_to_its_end(
    tmp_path: Path,
) -> None:
    async with watching(tmp_path, camera(1)) as watch:
        await watch.estate.set_fault("C001", "off")
        for _ in range(4):
            await watch.look("C001", CheckName.REACH)
            await watch.look("C001", CheckName.STREAM)
        await watch.estate.set_fault("C001", "off", None)
        for _ in range(4):
            await watch.look("C001", CheckName.REACH)
            await watch.look("C001", CheckName.STREAM)
        assert [(c.what, c.fault.code) for c in watch.changes] == [
            ("opened", "unreachable"),
            ("closed", "unreachable"),
        ]


async def test_c27_two_exchanged_cameras_are_both_named_and_never_called_well(
    tmp_path: Path,
) -> None:
    first, second = camera(1), camera(2)
    async with watching(tmp_path, first, second) as watch:
        for name in ("C001", "C002"):
            assert (await watch.look(name, CheckName.IDENTITY))["identity"].state is State.OK
        await watch.serve(*swapped(first, second))
        for _ in range(2):
            for name, other in (("C001", "SIM-000002"), ("C002", "SIM-000001")):
                verdict = (await watch.look(name, CheckName.IDENTITY))["identity"]
                assert (verdict.state, verdict.code) == (State.FAULT, "wrong_device")
                assert other in verdict.sentence
        assert watch.told("wrong_device") == [
            ("opened", "C001", "wrong_device"),
            ("opened", "C002", "wrong_device"),
        ]
        await watch.serve(first, second)
        for _ in range(2):
            for name in ("C001", "C002"):
                assert (await watch.look(name, CheckName.IDENTITY))[
                    "identity"
                ].code != "wrong_device"


async def test_c27_a_stranger_gets_one_login_by_each_service_and_is_left_alone(
    tmp_path: Path,
) -> None:
    """The spare that somebody has put there does not know our account: it must not be
    locked by us.
    """
    async with watching(tmp_path, camera(1)) as watch:
        await watch.serve(camera(1, serial="SPARE", password="another"))
        for _ in range(4):
            verdicts = await watch.look("C001", CheckName.IDENTITY)
            assert verdicts["identity"].state is State.UNKNOWN
            await watch.look("C001", CheckName.STREAM)
            assert (await watch.look("C001", CheckName.REACH))["reach"].state is State.OK
        counters = watch.estate.counters("C001")
        assert (counters.logins_rejected, counters.logins_accepted) == (2, 0)
        assert ("opened", "C001", "login_refused") in watch.told("login_refused")


async def test_c28_two_cameras_in_turn_on_one_address_are_named(tmp_path: Path) -> None:
    first = camera(1)
    async with watching(tmp_path, first) as watch:
        found = []
        for turn in range(6):
            await watch.estate.set_fault("C001", "wrong_identity", turn % 2)
            found.append((await watch.look("C001", CheckName.IDENTITY))["identity"])
        assert [one.code for one in found[2:]] == ["duplicate_address"] * 4
        assert "SIM-000001" in found[-1].sentence
        assert "OTHER-9999" in found[-1].sentence
        assert [what for what, _, _ in watch.told("duplicate_address")].count("opened") <= 1


async def test_n4_a_camera_that_is_lost_for_moments_is_told_to_nobody(tmp_path: Path) -> None:
    async with watching(tmp_path, camera(1)) as watch:
        for turn in range(16):
            await watch.estate.set_fault("C001", "off", turn % 4 == 1)
            lost = (await watch.look("C001", CheckName.REACH))["reach"].state is State.FAULT
            assert lost == (turn % 4 == 1)
        assert watch.changes == []


STRANGE = (
    "A" * 40_000,
    'x"} 1\nhealthmon_up 0\n',
    "\\",
    "a\tb\r\nc",
    "\u202e\u0085\u2028",
    "&#x1b;[31m",
    "é" * 5000,
    "",
)


async def test_a11_what_a_device_calls_itself_is_one_line_of_128_characters_and_one_series(
    tmp_path: Path,
) -> None:
    """Model, serial and firmware change at every look and hold what they like: by ONVIF, to the
    exposition.
    """
    async with watching(tmp_path, camera(1)) as watch:
        await watch.estate.stop()
        metrics = Metrics(
            tuple(watch.engine.estate.devices.values()), watch.engine.estate.checks, version="0"
        )
        check = next(a for a in watch.engine.estate.checks if a.check_type == CheckName.IDENTITY)
        counts = set()
        for number, text in enumerate(STRANGE):
            told = "".join(f"<tds:{tag}>{escape(text)}{number}</tds:{tag}>" for tag in ("Manufacturer", "Model", "FirmwareVersion", "SerialNumber", "HardwareId"))  # fmt: skip
            device = onvif_camera.Camera("none", replies={"GetDeviceInformation": f"<tds:GetDeviceInformationResponse>{told}</tds:GetDeviceInformationResponse>"})  # fmt: skip
            async with served(device, host="127.36.1.1", port=HTTP):
                found = await watch.engine.run_check(check)
            metrics.apply(found)
            rows = [
                s
                for f in text_string_to_metric_families(metrics.text(openmetrics=False).decode())
                for s in f.samples
            ]
            counts.add(len(rows))
            labels = next(
                s.labels
                for s in rows
                if s.name == "healthmon_device_info" and s.labels["device"] == "C001"
            )
            assert all(len(value) <= 128 and value.isprintable() for value in labels.values()), (
                labels
            )
            if len(text) < 40_000:
                assert (labels["model"] or "0")[-1] in (str(number), "…")
        assert len(counts) == 1, "no series is added"


# ------------------------------------------------------------------------------------------------ lines


VIEW = Credential("view", "healthmon", Secret("s3cret"))


def kit(**more: float) -> ProbeContext:
    return ProbeContext(Connector.of(["127.0.0.1"], **more), LockoutGuard(), lambda _name: VIEW)


async def seen(
    port: int, context: ProbeContext, *, timeout: float, watch: float = 0.6
) -> dict[str, Verdict]:
    access = Access(rtsp_port=port, credential="view")
    device = Device(
        "C1",
        "C1",
        Kind.CAMERA,
        "S",
        "127.0.0.1",
        access=access,
        streams=(StreamSpec(path="/live"),),
    )
    check = Check("C1", CheckName.STREAM, "main", timeout=timeout, watch=watch)
    found: Observation = await observed(lambda: stream.probe(device, check, context), device, check)
    assert found.duration < timeout + 1.3, "the deadline holds, a second for TEARDOWN aside"
    return {verdict.aspect: verdict for verdict in evaluate(found, device)}


async def test_c29_a_camera_that_gets_slower_is_waited_for_warned_of_and_then_missed() -> None:
    """Each answer takes `delay`: DESCRIBE, SETUP and PLAY are three, so that 2 s are a round trip
    of bad mobile radio.
    """

    async def look(delay: float, timeout: float) -> tuple[State, str]:
        camera = Camera(delay=delay)
        async with serving(camera) as port:
            verdict = (await seen(port, kit(), timeout=timeout))["pictures"]
        if verdict.code != "no_answer":  # that one has not even read it
            assert camera.methods.count("TEARDOWN") == 1
        return verdict.state, verdict.code

    found = await asyncio.gather(look(0.1, 6), look(1.0, 8), look(2.2, 12), look(2.2, 5))
    assert found == [
        (State.OK, "ok"),
        (State.OK, "ok"),
        (
            State.DEGRADED,
            "slow_start",
        ),  # with the time-out of a 4G camera it is still seen, and its delay told
        (State.FAULT, "no_answer"),
    ]


async def test_c29_a_port_that_answers_late_is_slow_not_lost() -> None:
    """Connection requests stay unanswered at first; the kernel asks again after a second."""
    with unanswering() as full:
        device = Device(
            "C1",
            "C1",
            Kind.CAMERA,
            "S",
            "127.0.0.1",
            access=Access(rtsp_port=full.getsockname()[1]),
        )
        check = Check("C1", CheckName.REACH, timeout=12)
        look = asyncio.create_task(
            observed(lambda: reach.probe(device, check, kit()), device, check)
        )
        await asyncio.sleep(0.3)
        for _ in range(2):
            full.accept()[0].close()
        (verdict,) = reach_verdict.evaluate(await look, device)
    assert (verdict.state, verdict.code) == (State.DEGRADED, "slow")
    assert "(limit 1 s)" in verdict.sentence


@contextlib.asynccontextmanager
async def bad_line(port: int, loss: float, dice: random.Random) -> AsyncIterator[int]:
    """A line to `port` on which each piece takes 50 to 150 ms, and that and a retransmission more
    where it is lost.
    """

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                delay = dice.uniform(0.05, 0.15)
                while dice.random() < loss:
                    delay += 0.25
                await asyncio.sleep(delay)
                writer.write(data)
            writer.close()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, out = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(carry(reader, out), carry(back, writer))
        finally:
            out.close()

    async with served(handler) as line:
        yield line.port


@pytest.mark.parametrize("loss", [0.01, 0.05, 0.2])
async def test_n1_a_lossy_line_makes_no_false_fault(loss: float) -> None:
    """Thirty looks at healthy cameras side by side; TCP makes delay of loss."""

    async def look(number: int) -> dict[str, Verdict]:
        camera = Camera()
        async with serving(camera) as port, bad_line(port, loss, random.Random(number)) as line:
            found = await seen(line, kit(), timeout=10)
            end = time.monotonic() + 3
            while camera.methods[-1] != "TEARDOWN" and time.monotonic() < end:
                await asyncio.sleep(0.05)
        assert camera.methods.count("TEARDOWN") == 1
        return found

    found = await asyncio.gather(*(look(number) for number in range(30)))
    assert not [one for one in found if one["pictures"].state is State.FAULT]
    assert sum(one["pictures"].state is State.DEGRADED for one in found) <= (
        3 if loss < 0.1 else 30
    ), "slow starts"


@pytest.mark.parametrize("loss", [0.05, 0.3])
async def test_n1_packets_lost_over_udp_are_counted_and_the_pictures_live(loss: float) -> None:
    camera = Camera(packets=lossy(round(100 * loss)), udp_only=True, every=0.004)
    async with serving(camera) as port:
        verdicts = await seen(port, kit(), timeout=6, watch=1.5)
    assert verdicts["pictures"].state is State.OK
    assert verdicts["loss"].code == "packet_loss"
    assert verdicts["loss"].value == pytest.approx(loss, rel=0.5)
    assert verdicts["loss"].state is (State.FAULT if loss > 0.2 else State.DEGRADED)
