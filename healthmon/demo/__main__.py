"""``python -m healthmon.demo``: the simulated estate in a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import yaml

from healthmon.demo.estate import Estate
from healthmon.demo.plan import as_real, plan, plant, share_address, write_config
from healthmon.demo.state import SimDevice

FEW = 18


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m healthmon.demo", description="A SIMULATED estate on loopback."
    )
    parser.add_argument("--cameras", type=int, default=147)
    parser.add_argument("--recorders", type=int, default=2, help="at least so many")
    parser.add_argument("--ups", type=int, default=1)
    parser.add_argument(
        "--folder", type=Path, required=True, help="where config.yaml and its secrets are written"
    )
    parser.add_argument(
        "--control", type=int, default=9878, help="port of the control interface; 0 for none"
    )
    parser.add_argument("--agent-port", type=int, default=9877)
    parser.add_argument(
        "--schedule", type=Path, help="YAML list of {at: seconds, device, fault, value}"
    )
    parser.add_argument(
        "--part",
        type=_part,
        default=(1, 1),
        help="serve part K of N (K/N): files are limited by process",
    )
    parser.add_argument("--well", action="store_true", help="plant no faults")
    parser.add_argument(
        "--one-address",
        action="store_true",
        help="one address for all; ports tell the devices apart",
    )
    parser.add_argument(
        "--standard-ports",
        action="store_true",
        help="the ports of real devices (80, 554, 161, 123), which only root may serve; recorders call "
        "their channels as the cameras are called",
    )
    parser.add_argument(
        "--network", default="127", help="first part of every address (the machine must have them)"
    )
    return parser.parse_args()


def _part(text: str) -> tuple[int, int]:
    """``2/3``: the second of three."""
    part, _, parts = text.partition("/")
    if not 1 <= int(part) <= int(parts):
        raise ValueError(text)
    return int(part), int(parts)


async def serve(given: argparse.Namespace) -> None:
    """Serve until SIGINT or SIGTERM."""
    devices = _planned(given)
    if not given.well:
        plant(devices)
    part, parts = given.part
    if part == 1:
        write_config(devices, given.folder, agent_port=given.agent_port)
    estate = Estate(devices[part - 1 :: parts])
    try:
        await estate.start()
    except OSError as error:
        raise SystemExit(f"the simulated estate cannot start: {error.strerror or error}") from None
    if given.control:
        await estate.serve_control(given.control)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    events = yaml.safe_load(given.schedule.read_text(encoding="utf-8")) if given.schedule else []
    task = asyncio.create_task(_scheduled(estate, events))
    sys.stdout.write(f"SIMULATED estate ready: {len(estate.devices)} devices\n")
    sys.stdout.flush()
    await stop.wait()
    task.cancel()
    await estate.stop()


def _planned(given: argparse.Namespace) -> list[SimDevice]:
    """The devices where this machine has addresses for them: its own for each, or one for all.

    One address is checked once at a time, so that a large estate behind it would take very long.
    """
    many = not given.one_address and has_address(f"{given.network}.1.0.2")
    devices = plan(given.cameras if many else min(given.cameras, FEW), given.recorders, given.ups)
    if many:
        for device in devices:
            device.address = f"{given.network}.{device.address.partition('.')[2]}"
        if given.standard_ports:
            as_real(devices)
    else:
        sys.stdout.write(
            "One loopback address here: ports tell the devices apart, and looks go one at a time.\n"
        )
        share_address(devices)
    return devices


def has_address(address: str) -> bool:
    """Whether this machine has `address`: all of 127/8 on Linux, elsewhere 127.0.0.1 only."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind((address, 0))
        except OSError:
            return False
    return True


async def _scheduled(estate: Estate, events: list[dict[str, Any]]) -> None:
    start = asyncio.get_running_loop().time()
    for event in sorted(events, key=_seconds):
        await asyncio.sleep(max(0.0, start + _seconds(event) - asyncio.get_running_loop().time()))
        await estate.set_fault(event["device"], event["fault"], event.get("value", True))


def _seconds(event: dict[str, Any]) -> float:
    """When: ``10`` or ``10 s``."""
    return float(str(event["at"]).removesuffix("s"))


def main() -> None:
    """Run on uvloop where it is installed."""
    given = arguments()
    try:
        import uvloop
    except ImportError:
        asyncio.run(serve(given))
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(given))


if __name__ == "__main__":
    main()
