"""`make audit ADVISORIES=FOLDER`: the lock against advisories of the OSV schema, without a network."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.runtime.lock").read_text()
# Published advisories: id, package as it is written there, events, versions that have the hole, and that do not.
KNOWN = {
    "PYSEC-2021-66": (
        "jinja2",
        [{"introduced": "0"}, {"fixed": "2.11.3"}],
        ["2.0rc1", "2.11.2", "2.11.3.dev1"],
        ["2.11.3", "2.11.3.post1", "3.1.6"],
    ),
    "GHSA-q2x7-8rv6-6q7h": (
        "Jinja2",
        [{"introduced": "0"}, {"fixed": "3.1.5"}],
        ["3.1.4", "3.1.5rc1"],
        ["3.1.5", "3.1.6"],
    ),
    "GHSA-vqfr-h8mv-ghfj": (
        "h11",
        [{"fixed": "0.16.0"}, {"introduced": "0"}],
        ["0.9.0", "0.14.0"],
        ["0.16.0", "0.16"],
    ),
    "GHSA-79v4-65xg-pq4g": (
        "cryptography",
        [{"introduced": "42.0.0"}, {"fixed": "44.0.1"}],
        ["42.0.0", "44.0.0", "44.0.1.dev1"],
        ["41.0.7", "44.0.1", "100.0"],
    ),
    "GHSA-7f5h-v6xp-fcq8": (
        "starlette",
        [{"introduced": "0.39.0"}, {"last_affected": "0.49.0"}],
        ["0.39.0", "0.49"],
        ["0.38.6", "0.49.1", "0.49.0.post1"],
    ),
}


def advisory(name: str, package: str, events: list[dict], **more: object) -> dict:
    """As the OSV schema has it; `more` replaces what the package's part has."""
    affected = {
        "package": {"ecosystem": "PyPI", "name": package},
        "ranges": [
            {"type": "GIT", "repo": "https://x.example", "events": [{"introduced": "0"}]},
            {"type": "ECOSYSTEM", "events": events},
        ],
    }
    return {
        "schema_version": "1.7.3",
        "id": name,
        "modified": "2026-11-28T09:00:00Z",
        "aliases": ["CVE-2026-0001"],
        "affected": [affected | more],
    }


def audit(folder: Path, lock: Path | None = None) -> tuple[int, str]:
    argv = [
        sys.executable,
        ROOT / "packaging" / "audit_offline.py",
        folder,
        *([lock] if lock else []),
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As a user may have it: one from PyPA, in YAML, the others from OSV, in an archive."""
    folder = tmp_path / "advisories"
    (folder / "vulns" / "jinja2").mkdir(parents=True)
    for name, (package, events, _, _) in KNOWN.items():
        if name.startswith("PYSEC-"):
            text = yaml.safe_dump(advisory(name, package, events))
            (folder / "vulns" / package / f"{name}.yaml").write_text(text)
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        for name, (package, events, _, _) in KNOWN.items():
            if name.startswith("GHSA-"):
                archive.writestr(f"{name}.json", json.dumps(advisory(name, package, events)))
    return folder


def found(folder: Path, tmp_path: Path, package: str, version: str) -> set[str]:
    lock = tmp_path / "lock"
    lock.write_text(
        f"{package.lower()}=={version} ; sys_platform != 'win32' \\\n    --hash=sha256:00\n"
    )
    code, said = audit(folder, lock)
    *lines, last = said.splitlines()
    assert last.startswith(
        f"1 packages of the lock, {len(lines)} known vulnerabilities; 5 advisories"
    )
    assert code == (1 if lines else 0)
    return {re.match(r"\S+ \S+: (\S+) \(CVE-2026-0001\); fixed in ", line)[1] for line in lines}


@pytest.mark.parametrize("name", KNOWN)
def test_a_version_is_named_where_the_advisory_has_it_and_only_there(folder, tmp_path, name):
    package, _, affected, sound = KNOWN[name]
    for version in affected:
        assert name in found(folder, tmp_path, package, version), version
    for version in sound:
        assert name not in found(folder, tmp_path, package, version), version


def test_of_our_lock_every_version_counts_whatever_the_python(tmp_path):
    pinned = re.findall(r"^numpy==(\S+)", LOCK, re.MULTILINE)
    assert len(pinned) == 2, "the lock has one numpy only: take another package"
    (tmp_path / "a.json").write_text(
        json.dumps(advisory("GHSA-a", "numpy", [{"introduced": "0"}], versions=[]))
    )
    code, said = audit(tmp_path)
    assert code == 1
    assert {
        f"numpy {version}: GHSA-a (CVE-2026-0001); fixed in no version yet" for version in pinned
    } < set(said.splitlines())
    count = len(re.findall(r"^\S+==", LOCK, re.MULTILINE))
    last = f"{count} packages of the lock, 2 known vulnerabilities; 1 advisories, the newest of 2026-11-28"
    assert said.splitlines()[-1] == last


def test_listed_versions_count_beside_ranges_and_a_withdrawn_advisory_does_not(tmp_path):
    lock = tmp_path / "lock"
    lock.write_text("h11==0.16.0\n")
    listed = advisory("GHSA-l", "h11", [{"introduced": "9"}], versions=["0.15-old", "0.16"])
    (tmp_path / "a.json").write_text(json.dumps(listed))
    assert audit(tmp_path, lock)[0] == 1
    (tmp_path / "a.json").write_text(json.dumps(listed | {"withdrawn": "2026-11-29T00:00:00Z"}))
    (tmp_path / "b.json").write_text(json.dumps(advisory("GHSA-b", "h12", [{"introduced": "0"}])))
    assert audit(tmp_path, lock)[0] == 0
    # A branch that the advisory does not speak of.
    events = [{"introduced": "0"}, {"limit": "0.16"}]
    (tmp_path / "b.json").write_text(json.dumps(advisory("GHSA-b", "h11", events)))
    assert audit(tmp_path, lock)[0] == 0


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "no advisory of PyPI is in "),
        ({"a.json": '{"some": "thing"}'}, "no advisory of PyPI is in "),
        ({"a.json": "{"}, "a.json: not readable: "),
        ({"a.yaml": "a: [\n"}, "a.yaml: not readable: "),
        ({"all.zip": "not an archive"}, "File is not a zip file"),
        (
            {"a.json": json.dumps(advisory("GHSA-a", "h11", [{"introduced": "one"}]))},
            "GHSA-a: h11: not of the OSV schema: Invalid version: 'one'",
        ),
        (
            {"a.json": json.dumps(advisory("GHSA-a", "h11", [{"introduced": 1}]))},
            "GHSA-a: h11: not of the OSV schema: ",
        ),
        ({"lock": ""}, "no package is in "),
    ],
)
def test_advisories_that_cannot_be_used_are_not_a_good_audit(tmp_path, files, words):
    (tmp_path / "lock").write_text("h11==0.16.0\n")
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    code, said = audit(tmp_path, tmp_path / "lock")
    assert code == 2
    assert said.startswith("the advisories could not be used: ")
    assert words in said
    assert said.count("\n") == 1


def test_make_audit_takes_the_folder(folder):
    argv = ["make", "--dry-run", "--always-make", "audit", f"ADVISORIES={folder}"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert f'.venv/bin/python packaging/audit_offline.py "{folder}"' in done.stdout
    assert "pip-audit" not in done.stdout
