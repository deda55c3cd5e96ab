"""``healthmon check-config``: what it names, and its exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_every_missing_secret_is_named_and_none_is_printed(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    (tmp_path / "open").write_text("a secret\n")
    (tmp_path / "open").chmod(0o644)
    (tmp_path / "good").write_text("another\n")
    (tmp_path / "good").chmod(0o600)
    path.write_text(
        "credentials:\n"
        "  a: {secret: {environment: HEALTHMON_NOT_SET}}\n"
        "  b: {secret: {file: none}}\n"
        "  c: {secret: {file: open}}\n"
        "  d: {secret: {file: good}}\n"
        "  e: {secret: {systemd: unit}}\n"
        "sites: [{id: a}]\n"
    )
    argv = [sys.executable, "-m", "healthmon", "check-config", "--config", str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    found = [line for line in done.stderr.splitlines() if line.startswith("secrets: ")]
    mode = f"secret file {tmp_path}/open can be read by others (mode 644); run: chmod 600 {tmp_path}/open"
    assert [line.removeprefix("secrets: credential ") for line in found] == [
        "a: environment variable HEALTHMON_NOT_SET is not set",
        f"b: secret file {tmp_path}/none cannot be read: no such file or directory",
        f"c: {mode}",
        "e: no systemd credentials here ($CREDENTIALS_DIRECTORY is not set)",
    ]
    assert "another" not in done.stderr + done.stdout


def test_what_cannot_be_kept_is_a_warning_with_the_numbers(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    cameras = "".join(
        f"  - {{id: C{n}, name: Camera {n}, site: a, address: 192.0.2.{n}, kind: fixed}}\n"
        for n in range(1, 101)
    )
    path.write_text(
        f"agent: {{state_directory: {tmp_path}/state}}\ndefaults: {{concurrency: 2}}\n"
        f"sites: [{{id: a, bandwidth: 8 Mbit/s}}]\ncameras:\n{cameras}"
    )
    argv = [sys.executable, "-m", "healthmon", "check-config", "--config", str(path)]
    done = subprocess.run([*argv, "--strict"], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "warning: defaults: concurrency 2 cannot hold the checks: " in done.stderr
    assert "warning: sites: a: bandwidth 8 Mbit/s holds 2 streams of 4 Mbit/s" in done.stderr
    assert not (tmp_path / "state").exists()
