"""axe-core in a browser: what it finds wrong on the page that is shown."""

from __future__ import annotations

import json
from pathlib import Path

from helpers.chromium import Browser
from helpers.support import need

WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_AXE = Path(__file__).parents[1] / "peers/node/node_modules/axe-core/axe.min.js"


def axe_version() -> str:
    """The version that is installed."""
    need(str(_AXE))
    return str(json.loads(_AXE.with_name("package.json").read_text())["version"])


def axe(browser: Browser, *rules: str) -> list[str]:
    """The findings by these rules or groups of rules: rule and place."""
    need(str(_AXE))
    browser.driver.execute_script(_AXE.read_text())
    found = browser.driver.execute_async_script(
        "const done = arguments[1];"
        "axe.run(document, {runOnly: arguments[0], resultTypes: ['violations'], selectors: false})"
        ".then((found) => done(found.violations));",
        rules,
    )
    return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]
