"""The docs site builds without a warning, carries all that it shows, and has no page that nobody finds."""

from __future__ import annotations

import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from helpers.support import need

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-docs" / "bin" / "python"
LOADED = {
    "audio": "src",
    "embed": "src",
    "iframe": "src",
    "img": "src",
    "input": "src",
    "link": "href",
    "object": "data",
    "script": "src",
    "source": "src",
    "video": "src",
}
ELSEWHERE = re.compile(r"^\s*(?:[a-z]+:)?//", re.IGNORECASE)


class Assets(HTMLParser):
    """The addresses that a browser loads with a page, and all that the page links to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if LOADED.get(tag) in values:
            self.loaded.append(values[LOADED[tag]])
        self.loaded += [part.split()[0] for part in values.get("srcset", "").split(",") if part]
        if tag == "a":
            self.links.append(values.get("href", ""))


def from_elsewhere(path: Path) -> list[str]:
    """The addresses on other hosts that a built file has a browser load."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".html":
        found = Assets(text).loaded
    elif path.suffix == ".css":
        found = re.findall(r"(?:url\(|@import\s+)[\"']?([^\"')]+)", text)
    else:
        found = re.findall(r"(?:fetch|import|\.open|\.src\s*=)\s*\(?\s*[\"'`]([^\"'`]+)", text)
    return [address for address in found if ELSEWHERE.match(address)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.html", '<script src="https://cdn.example/x.js"></script>'),
        ("a.html", '<img src="x.png" srcset="//cdn.example/x.png 2x">'),
        ("a.html", '<link rel="preconnect" href="https://fonts.example">'),
        ("a.css", "@import 'https://fonts.example/css';"),
        ("a.css", "a { background: url(//cdn.example/x.png) }"),
        ("a.js", 'fetch("https://cdn.example/index.json")'),
    ],
)
def test_an_asset_of_another_host_is_seen(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert len(from_elsewhere(path)) == 1


@pytest.mark.slow
@pytest.mark.peer
def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere(
    tmp_path: Path,
) -> None:
    need(str(PYTHON))
    options = ["-q", "-W", "--keep-going", "-b", "html", "-c", "docs/site"]
    argv = [str(PYTHON), "-m", "sphinx", *options, ".", str(tmp_path)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=400, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    pages = sorted(tmp_path.rglob("*.html"))
    assert len(pages) > 100
    built = [path for path in tmp_path.rglob("*") if path.suffix in (".html", ".css", ".js")]
    assert {path.name: found for path in built if (found := from_elsewhere(path))} == {}
    assert lost(tmp_path) == []


def lost(site: Path) -> list[str]:
    """The documents that no way of links leads to from the first page."""
    start = site / "docs" / "index.html"
    seen, waiting = {start}, [start]
    while waiting:
        page = waiting.pop()
        links = Assets(page.read_text(encoding="utf-8")).links
        for link in (one for one in links if ":" not in one):
            path = (page.parent / link.partition("#")[0]).resolve()
            if path.suffix == ".html" and path not in seen and path.is_relative_to(site):
                assert path.is_file(), f"{page.name}: {link}"
                seen.add(path)
                waiting.append(path)
    return [str(path) for path in (site / "docs").rglob("*.html") if path not in seen]
