"""The demo names the wall's address and opens a browser only where there is a screen for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from helpers.support import free_port

from healthmon.cli import demo as demo_command

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("platform", "names", "wanted"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ""}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", {}, True),
    ],
)
def test_a_browser_is_opened_where_there_is_a_display(monkeypatch, platform, names, wanted):
    monkeypatch.setattr(sys, "platform", platform)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    assert demo_command.has_display() is wanted


def test_the_demo_on_a_machine_without_a_screen_says_where_the_wall_is(tmp_path):
    port = free_port()
    argv = [
        sys.executable,
        "-m",
        "healthmon",
        "demo",
        "--cameras",
        "4",
        "--port",
        str(port),
        "--open",
    ]
    paths = {"PYTHONPATH": f"{ROOT}:{ROOT / 'exporters'}", "HOME": str(tmp_path)}
    bare = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY")
    } | paths
    demo = subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=bare
    )
    assert demo.stdout is not None
    try:
        address = f"http://127.0.0.1:{port}/wall"
        assert any(address in text for text in demo.stdout), "ended without naming the wall"
        with urllib.request.urlopen(address, timeout=60) as answer:
            assert b"<title>" in answer.read()
    finally:
        demo.send_signal(signal.SIGINT)
        demo.stdout.read()
        demo.stdout.close()
        assert demo.wait(60) == 0
