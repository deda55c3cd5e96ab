"""A release is verified by the commands of docs/install.md, and a changed one is not."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from helpers.support import need

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "install.md").read_text()
CHAPTER = PAGE.partition("## Check what you have been given")[2].partition("\n## ")[0]
COMMANDS = re.findall(r"^    (\S.*)$", CHAPTER, re.MULTILINE)
pytestmark = pytest.mark.slow


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """Two files, signed with a throw-away key whose public half somebody has."""
    need("ssh-keygen")
    key = tmp_path / "key"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True, timeout=30
    )
    folder = tmp_path / "release"
    folder.mkdir()
    for name in ("healthmon-0.1.0-py3-none-any.whl", "sbom.cdx.json"):
        (folder / name).write_text(name)
    subprocess.run(
        [ROOT / "packaging" / "sign", folder, key], check=True, capture_output=True, timeout=30
    )
    public = key.with_suffix(".pub").read_text().split()
    (folder / "releasers").write_text(f"release {public[0]} {public[1]}\n")
    return folder


def verified(folder: Path) -> list[bool]:
    """Of each documented command, whether it ends well."""
    assert [command.split()[0] for command in COMMANDS] == ["ssh-keygen", "sha256sum"]
    return [
        subprocess.run(
            ["sh", "-c", command], cwd=folder, capture_output=True, check=False, timeout=30
        ).returncode
        == 0
        for command in COMMANDS
    ]


def test_what_was_released_is_verified(release):
    assert verified(release) == [True, True]
    assert "sbom.cdx.json" in (release / "SHA256SUMS").read_text()


def test_a_changed_file_is_noticed(release):
    (release / "sbom.cdx.json").write_text("{}")
    assert verified(release) == [True, False]


def test_changed_checksums_are_noticed(release):
    (release / "sbom.cdx.json").write_text("{}")
    subprocess.run(
        "sha256sum *.whl *.json > SHA256SUMS", shell=True, cwd=release, check=True, timeout=30
    )
    assert verified(release) == [False, True]


def test_another_key_does_not_count(release, tmp_path):
    other = tmp_path / "other"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other], check=True, timeout=30
    )
    subprocess.run(
        [ROOT / "packaging" / "sign", release, other], check=True, capture_output=True, timeout=30
    )
    assert verified(release)[0] is False


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (
            (
                '{"dependencies": [{"name": "a", "version": "1", "vulns": []}, {"name": "b", "version": "2", "vulns":'
                ' [{"id": "PYSEC-1", "fix_versions": ["2.1"]}]}]}'
            ),
            1,
            "b 2: PYSEC-1; fixed in 2.1\n2 packages of the lock, 1 known vulnerabilities\n",
        ),
        (
            '{"dependencies": [{"name": "a", "version": "1", "vulns": []}]}',
            0,
            "1 packages of the lock, 0 known vulnerabilities\n",
        ),
        ('{"dependencies": [{"name": "a", "skip_reason": "not found"}]}', 2, None),
        ("", 2, None),
    ],
)
def test_an_audit_without_the_database_is_not_a_good_one(tmp_path, answer, code, words):
    """Some answers leave packages out and end well all the same."""
    tool = tmp_path / "pip-audit"
    tool.write_text(
        f"#!/bin/sh\nwhile [ $# -gt 0 ]; do [ $1 != --output ] || out=$2; shift; done\necho '{answer}' > $out\n"
    )
    tool.chmod(0o755)
    done = subprocess.run(
        [ROOT / "packaging" / "audit", tool],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == code, done.stderr
    if words is None:
        assert done.stdout.startswith("the advisory database could not be asked")
        assert done.stdout.count("\n") == 1
    else:
        assert done.stdout == words
