"""The program in a locale that lacks the letters of a device's name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.support import free_port

NAME = "Škoda Жуковский"
# PYTHONUTF8=0 and PYTHONCOERCECLOCALE=0: Python would rescue the locale C, but not ISO-8859-1.
NARROW = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(
        f"agent: {{state_directory: {tmp_path / 'state'}}}\nsites: [{{id: s}}]\ncameras:\n"
        f"  - {{id: C1, name: '{NAME}', site: s, address: 127.0.0.1, kind: fixed, http: no,\n"
        f"     rtsp: {{port: {free_port()}}}}}\n",
        encoding="utf-8",
    )
    return path


def run(config: Path, *argv: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "healthmon", *argv, "--config", str(config)],
        env={**os.environ, **NARROW},
        capture_output=True,
        check=False,
        timeout=60,
    )


def test_a_sweep_shows_what_it_can_and_writes_everything(config: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.txt"
    done = run(config, "sweep", "--output", str(sheet))
    assert done.returncode == 1, done.stderr
    assert b"?koda" in done.stdout
    assert b"Traceback" not in done.stderr
    assert NAME in sheet.read_text(encoding="utf-8")


def test_a_file_gets_the_form_that_its_name_ends_with_or_the_sweep_is_refused(
    config: Path, tmp_path: Path
) -> None:
    text, values = tmp_path / "sheet.txt", tmp_path / "sheet.json"
    assert run(config, "sweep", "--output", str(text), "--output", str(values)).returncode == 1
    assert json.loads(values.read_text(encoding="utf-8"))["faults"]
    assert NAME in text.read_text(encoding="utf-8")
    pdf = tmp_path / "sheet.pdf"
    done = run(config, "sweep", "--output", str(pdf))
    words = f"--output {pdf}: a sweep is written as one of .txt, .json; with --shift also as one of"
    assert (done.returncode, done.stdout, words in done.stderr.decode()) == (3, b"", True)
    book = tmp_path / "devices.xlsx"
    done = run(config, "export", "--output", str(book))
    words = f"--output {book}: the devices are written as .csv\n"
    assert (done.returncode, done.stderr.decode()) == (3, words)
    assert not pdf.exists()
    assert not book.exists()


def test_a_wrong_key_beside_such_a_name_is_told(config: Path) -> None:
    with config.open("a", encoding="utf-8") as file:
        file.write(f"recorder: '{NAME}'\n")
    done = run(config, "check-config")
    assert done.returncode == 3
    assert b"recorder" in done.stdout + done.stderr
    assert b"Traceback" not in done.stderr
