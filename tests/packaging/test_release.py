"""A release is verified by the commands of docs/install.md, and a changed one is not."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from helpers.built_packages import built
from helpers.support import need

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "install.md").read_text()
CHAPTER = PAGE.partition("## Check what you have been given")[2].partition("\n## ")[0]
COMMANDS = re.findall(r"^    (\S.*)$", CHAPTER, re.MULTILINE)
TOOLS = ROOT / ".venv-release"
pytestmark = pytest.mark.slow


def throwaway(key: Path) -> Path:
    """A key without a password."""
    need("ssh-keygen")
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key]
    subprocess.run(argv, check=True, timeout=30)
    return key


def trust(folder: Path, key: Path) -> None:
    """What somebody who has got the public half writes into `releasers`."""
    public = key.with_suffix(".pub").read_text().split()
    (folder / "releasers").write_text(f"release {public[0]} {public[1]}\n")


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """Two files, signed with a throw-away key whose public half somebody has."""
    key = throwaway(tmp_path / "key")
    folder = tmp_path / "release"
    folder.mkdir()
    for name in ("healthmon-0.1.0-py3-none-any.whl", "sbom.cdx.json"):
        (folder / name).write_text(name)
    subprocess.run(
        [ROOT / "packaging" / "sign", folder, key], check=True, capture_output=True, timeout=30
    )
    trust(folder, key)
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
    other = throwaway(tmp_path / "other")
    subprocess.run(
        [ROOT / "packaging" / "sign", release, other], check=True, capture_output=True, timeout=30
    )
    assert verified(release)[0] is False


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A clone of the project with what is in `packaging` now, committed, and the packages that were built."""
    packages = [built(name) for name in ("*.whl", "*.tar.gz", "healthmon_*.deb", "*.oci.tar")]
    source = tmp_path / "source"
    git = ["git", "-C", source, "-c", "user.name=x", "-c", "user.email=x@localhost"]
    clone = ["git", "clone", "-q", "--shared", ROOT, source]
    subprocess.run(clone, check=True, capture_output=True, timeout=60)
    shutil.copytree(ROOT / "packaging", source / "packaging", dirs_exist_ok=True)
    subprocess.run([*git, "add", "--all"], check=True, timeout=60)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True, timeout=60)
    (source / "dist").mkdir()
    for package in packages:
        os.link(package, source / "dist" / package.name)
    return source


def made(source: Path, key: Path) -> subprocess.CompletedProcess[str]:
    """What `make release` says after it has built the packages."""
    argv = [source / "packaging" / "release", key, TOOLS]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.thorough
def test_a_release_has_every_package_and_the_bill_of_the_lock(source, tmp_path):
    """Its tools are in an environment that `make release` makes."""
    need(str(TOOLS / "bin" / "cyclonedx-py"))
    key = throwaway(tmp_path / "key")
    done = made(source, key)
    assert done.returncode == 0, done.stdout + done.stderr
    folder = source / "dist" / "release"
    trust(folder, key)
    assert verified(folder) == [True, True]
    sums = (folder / "SHA256SUMS").read_text().split()[1::2]
    kinds = sorted(
        re.sub(r"^healthmon[-_].*?(?=\.(whl|tar\.gz|deb|oci\.tar)$)", "", name) for name in sums
    )
    assert kinds == [".deb", ".oci.tar", ".tar.gz", ".whl", "sbom.cdx.json"]
    bill = json.loads((folder / "sbom.cdx.json").read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["name"] == "healthmon"
    blocks = re.split(r"\n(?=\w)", (ROOT / "requirements.runtime.lock").read_text())
    locked = {
        re.match(r"(\S+)==([^\s;]+)", block).groups(): set(re.findall(r"sha256:(\w+)", block))
        for block in blocks
    }
    listed = {
        (part["name"], part["version"]): {
            entry["content"]
            for link in part["externalReferences"]
            for entry in link.get("hashes", ())
        }
        for part in bill["components"]
    }
    assert listed == locked


def test_a_release_is_made_of_what_is_committed_and_with_a_key(source, tmp_path):
    said = made(source, tmp_path / "none").stdout
    assert (
        said
        == f"the key '{tmp_path / 'none'}' cannot be read: make release KEY=~/.ssh/id_ed25519\n"
    )
    (source / "README.md").write_text("changed")
    done = made(source, throwaway(tmp_path / "key"))
    assert (done.returncode, done.stdout) == (1, "commit first: a release is what is committed\n")


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
