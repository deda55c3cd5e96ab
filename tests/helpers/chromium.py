"""A real browser for the tests of pages: Debian's Chromium without a screen, driven by WebDriver.

Nothing of the product is imported.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from helpers.support import need

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP rebound.example 127.0.0.1",  # what DNS rebinding does to a name
)


class Browser:
    """One window. `run` runs a function body of JavaScript in the page."""

    def __init__(self, folder: Path) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in (*FLAGS, f"--user-data-dir={folder}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = Service(
            "/usr/bin/chromedriver", env={"HOME": str(folder), "PATH": "/usr/bin:/bin"}
        )
        self.driver = webdriver.Chrome(options=options, service=service)

    def run(self, body: str, *arguments: Any) -> Any:
        return self.driver.execute_script(body, *arguments)

    def command(self, name: str, **arguments: Any) -> dict[str, Any]:
        return self.driver.execute_cdp_cmd(name, arguments)

    def size(self, width: int, height: int) -> None:
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def open(self, address: str) -> None:
        self.driver.get("about:blank")
        self.console()
        self.driver.get_log("performance")
        self.driver.get(address)

    def console(self) -> list[str]:
        """What the page has written or caused to be written to the console."""
        return [one["message"] for one in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """Every address that was asked for since `open`."""
        events = [
            json.loads(one["message"])["message"] for one in self.driver.get_log("performance")
        ]
        return [
            e["params"]["request"]["url"]
            for e in events
            if e["method"] == "Network.requestWillBeSent"
        ]

    def tree(self) -> list[dict[str, Any]]:
        """The accessibility tree as a screen reader gets it: role, name and properties of every
        node that is told.
        """
        nodes = self.command("Accessibility.getFullAXTree")["nodes"]
        return [
            {
                "role": node["role"]["value"],
                "name": node.get("name", {}).get("value", ""),
                **{one["name"]: one["value"].get("value") for one in node.get("properties", ())},
            }
            for node in nodes
            if not node["ignored"]
        ]


@contextmanager
def started(folder: Path) -> Iterator[Browser]:
    need("/usr/bin/chromium", "/usr/bin/chromedriver")
    browser = Browser(folder)
    try:
        yield browser
    finally:
        browser.driver.quit()


def wait(condition: Callable[[], Any], seconds: float = 30, pause: float = 0.05) -> Any:
    """What `condition` gives once it is true; asked less often the longer it takes."""
    began = time.monotonic()
    while (took := time.monotonic() - began) < seconds:
        if found := condition():
            return found
        time.sleep(min(pause + took / 50, 0.3))
    raise AssertionError(f"not so after {seconds} s")
