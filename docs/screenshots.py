"""``python -m docs.screenshots``: the pictures of the tutorials, of the pages of ``healthmon demo --login``.

Needs Debian's chromium and chromium-driver, and no other demo on this machine. It photographs the
pages as mary, the manager, sees them, and writes PNG files of at most 100 kB into docs/images.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

FOLDER = Path(__file__).parent / "images"
BASE = "http://127.0.0.1:9877"
MOST_BYTES = 100_000
COLOURS = 64
START_SECONDS = 240.0
# Name -> page, width and height in CSS pixels. The wall is that of a screen of the control room.
SHOTS = {
    "wall": ("/wall", 1920, 1080),
    "desk": ("/desk", 1200, 1000),
    "walk": ("/walk", 1200, 800),
    "handover": ("/handover", 1200, 1000),
    "sheet": ("/sheets/1", 1200, 1000),
    "fault": ("/faults/{fault}", 1200, 1000),
    "report": ("/reports/file?kind=monthly&period={month}&form=html&public=no", 1200, 1000),
}
# Three quarters of a second for what a page loads after itself.
SETTLE_SECONDS = 0.75
README = """# Screenshots

Made by `python -m docs.screenshots` on {day}, of the simulated estate of
`healthmon demo --login`. They are used in the [tutorials](../tutorials/README.md).

"""


def main() -> int:
    """Make every picture anew."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, demo(Path(folder) / "log") as log:
        password = re.search(r"password: (\S+)", log)
        fault = re.search(r"opened (F\d{6})-1: UPS1", log)
        if not password or not fault:
            raise SystemExit(f"the demo told no password or no fault:\n{log}")
        words = {"fault": fault[1], "month": f"{datetime.now(UTC):%Y-%m}"}
        with browser(Path(folder)) as driver:
            log_in(driver, password[1])
            for name, (page, width, height) in SHOTS.items():
                shot(driver, name, page.format(**words), (width, height))
    index()
    return 0


@contextlib.contextmanager
def demo(log: Path) -> Iterator[str]:
    """The demo until the end of the block; what it has printed once its faults are there."""
    argv = [str(Path(sys.executable).with_name("healthmon")), "demo", "--login"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with log.open("w") as out:
        child = subprocess.Popen(argv, stdout=out, stderr=out, env=environment)  # noqa: S603 - our own
    try:
        end = time.monotonic() + START_SECONDS
        while not ("Ctrl-C" in (text := log.read_text()) and ": UPS1:" in text and "C023:" in text):
            if child.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"the demo has not started:\n{text}")
            time.sleep(1)
        yield text
    finally:
        child.send_signal(signal.SIGINT)
        child.wait(60)


@contextlib.contextmanager
def browser(folder: Path) -> Iterator[webdriver.Chrome]:
    """Debian's Chromium without a screen."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in (
        "--headless",
        "--no-sandbox",
        "--hide-scrollbars",
        f"--user-data-dir={folder}/user",
    ):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    try:
        yield driver
    finally:
        driver.quit()


def log_in(driver: webdriver.Chrome, password: str) -> None:
    """As mary."""
    driver.get(f"{BASE}/login")
    driver.find_element(By.NAME, "name").send_keys("mary")
    driver.find_element(By.NAME, "password").send_keys(password + "\n")


def shot(driver: webdriver.Chrome, name: str, page: str, size: tuple[int, int]) -> None:
    """Write the picture of one page. Raises SystemExit where it would be larger than allowed."""
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    driver.get(BASE + page)
    time.sleep(SETTLE_SECONDS)
    while "Being made" in driver.page_source:  # a report: the page leads to it once it is ready
        time.sleep(SETTLE_SECONDS)
        driver.get(BASE + page)
    picture = Image.open(io.BytesIO(driver.get_screenshot_as_png())).convert("RGB")
    path = FOLDER / f"{name}.png"
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    if path.stat().st_size > MOST_BYTES:
        raise SystemExit(f"{path}: {path.stat().st_size} bytes, at most {MOST_BYTES} are allowed")
    sys.stdout.write(f"{path}: {path.stat().st_size} bytes\n")


def index() -> None:
    """The page that says when they were made."""
    lines = "".join(f"![{name}]({name}.png)\n\n" for name in SHOTS)
    text = README.format(day=f"{datetime.now(UTC):%-d %B %Y}") + lines
    (FOLDER / "README.md").write_text(text.rstrip("\n") + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
