"""The wheel as pipx installs it, without extras, and the source archive that builds the same wheel."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from helpers.built_packages import ROOT, built
from helpers.support import IN_CI, need

ESTATE = """\
estate: {name: Example, time_zone: Europe/London}
time_servers: [{address: 127.0.0.1}]
sites: [{id: s, name: S}]
credentials: {d: {username: h, secret: {file: word}}}
cameras: [{id: C1, name: Gate, site: s, address: 127.0.0.1, kind: fixed}]
"""
# Each alone, so that one line tells of each.
LACKING = {
    "pictures: {enabled: yes}": "pictures: av is not installed: pip install 'healthmon[picture]'",
    "database: {url: 'postgresql://127.0.0.1/h', credential: d}": (
        "database: psycopg is not installed: pip install 'healthmon[postgresql]'"
    ),
    "notify: {teams: {apprise: {credential: d}}}": (
        "notify: teams: apprise is not installed: pip install 'healthmon[apprise]'"
    ),
    "bank_holidays: {region: england-and-wales}": (
        "needs the library holidays: pip install 'healthmon[holidays]', or write `dates`"
    ),
}
pytestmark = pytest.mark.slow


def test_the_source_archive_builds_the_same_wheel(tmp_path):
    """Byte for byte, and it has what the other packages are built of."""
    environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}

    def build(kind: str, source: Path) -> Path:
        argv = [
            sys.executable,
            "-m",
            "hatchling",
            "build",
            "-t",
            kind,
            "-d",
            str(tmp_path / source.name),
        ]
        subprocess.run(
            argv, cwd=source, env=environment, check=True, capture_output=True, timeout=120
        )
        return next((tmp_path / source.name).glob("*.tar.gz" if kind == "sdist" else "*.whl"))

    with tarfile.open(build("sdist", ROOT)) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.glob("healthmon-*/pyproject.toml")
    assert build("wheel", source.parent).read_bytes() == build("wheel", ROOT).read_bytes()
    for name in (
        "packaging/deb",
        "requirements.runtime.lock",
        "Dockerfile",
        "compose.yaml",
        "tests/conftest.py",
    ):
        assert (source.parent / name).is_file(), name


@pytest.fixture(scope="module")
def bare() -> Path:
    """The command that pipx has installed."""
    need("pipx")
    built("*.whl")
    return built("pipx/bin/healthmon")


def said(command: Path, *words: str, folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        [command, *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout


def test_without_extras_the_command_works(bare, tmp_path):
    (tmp_path / "config.yaml").write_text(ESTATE)
    assert said(bare, "--version", folder=tmp_path)[0] == 0
    code, text = said(
        bare,
        "sweep",
        "--shift",
        "--config",
        "config.yaml",
        "--output",
        "sheet.pdf",
        folder=tmp_path,
    )
    assert code in (1, 2), text
    assert "Traceback" not in text
    assert "Gate" in text
    assert (tmp_path / "sheet.pdf").read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize("setting", LACKING)
def test_what_needs_an_extra_names_it(bare, tmp_path, setting):
    (tmp_path / "word").write_text("x")
    (tmp_path / "word").chmod(0o600)
    (tmp_path / "config.yaml").write_text(f"{ESTATE}{setting}\n")
    code, text = said(bare, "check-config", "--config", "config.yaml", folder=tmp_path)
    assert code == 3, text
    assert LACKING[setting] in text
    assert "Traceback" not in text


def test_the_demo_names_the_extra_that_it_needs(bare, tmp_path):
    code, text = said(bare, "demo", "--once", folder=tmp_path)
    assert code == 3
    assert (
        text.splitlines()[-1]
        == "the demo cannot start: av is not installed: pip install 'healthmon[demo]'"
    )
    assert "Traceback" not in text


# What changes is thrown away with the mount; nothing is fetched, because there is no network.
PIPX = """
mount -t overlay overlay -o "lowerdir=$PIPX_HOME,upperdir=$CHANGED/upper,workdir=$CHANGED/work" "$PIPX_HOME"
exec sh -ec "$SCRIPT"
"""


def test_with_pipx_an_upgrade_keeps_the_record_and_removing_leaves_it(bare, tmp_path):
    """By the commands of docs/install.md."""
    need("unshare")
    if os.geteuid() != 0:
        if IN_CI:
            pytest.fail("an overlay needs root")
        pytest.skip("an overlay needs root")
    page = (ROOT / "docs" / "install.md").read_text()
    for command in ("pipx install --force dist/healthmon-*.whl", "pipx uninstall healthmon"):
        assert f"\n    {command} " in page
    for name in ("upper", "work", "dist"):
        (tmp_path / name).mkdir()
    later(built("*.whl"), tmp_path / "dist", "99.0")
    (tmp_path / "config.yaml").write_text(f"{ESTATE}agent: {{state_directory: record}}\n")
    script = """
        healthmon sweep --config config.yaml >/dev/null || test $? -le 2
        pipx install --force dist/healthmon-*.whl 2>&1
        healthmon --version
        healthmon sheets --config config.yaml
        pipx uninstall healthmon 2>&1
        ls record "$PIPX_HOME/bin"
    """
    environment = os.environ | {
        "PIPX_HOME": str(bare.parents[1]),
        "PIPX_BIN_DIR": str(bare.parent),
        "PIPX_DEFAULT_PYTHON": "/usr/bin/python3",
        "PATH": f"{bare.parent}:{os.environ['PATH']}",
        "CHANGED": str(tmp_path),
        "SCRIPT": script,
    }
    done = subprocess.run(
        ["unshare", "--mount", "--net", "sh", "-ec", PIPX],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    before, upgraded, after = done.stdout.partition("\nhealthmon 99.0\n")
    sheets, removed, left = after.partition("uninstalled healthmon!")
    assert upgraded, before
    assert removed, after
    assert "live 0 of 1 (1 not checked)" in sheets
    assert "healthmon.db" in left
    assert f"{bare.parent}:\n\n" in left, "the command is still there"
    assert bare.exists()


def later(wheel: Path, folder: Path, version: str) -> None:
    """The same wheel with another version."""
    this = wheel.name.split("-")[1]
    with (
        zipfile.ZipFile(wheel) as old,
        zipfile.ZipFile(folder / wheel.name.replace(this, version), "w") as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            if ".dist-info/" in name or name == "healthmon/__init__.py":
                content = content.replace(this.encode(), version.encode())
            new.writestr(name.replace(f"healthmon-{this}.", f"healthmon-{version}."), content)
