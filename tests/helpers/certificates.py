"""Certificates made by openssl at the time of the test."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from helpers.support import need


@dataclass(frozen=True)
class Pair:
    """A certificate, which is its own CA, and its key."""

    certificate: Path
    key: Path


def made(folder: Path, name: str, *, when: str = "", days: int = 2, key: str = "ec") -> Pair:
    """A certificate of localhost, agent.example and 127.0.0.1 with the common name `name`; `when`
    is its birthday.
    """
    need("openssl", *(["faketime"] if when else []))
    pair = Pair(folder / f"{name}.pem", folder / f"{name}.key")
    kind = (
        ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        if key == "ec"
        else ["-newkey", "rsa:2048"]
    )
    names = "subjectAltName=DNS:localhost,DNS:agent.example,IP:127.0.0.1"
    argv = [
        "openssl",
        "req",
        "-x509",
        *kind,
        "-nodes",
        "-days",
        str(days),
        "-subj",
        f"/CN={name}",
        "-addext",
        names,
    ]
    argv += ["-keyout", str(pair.key), "-out", str(pair.certificate)]
    subprocess.run(
        [*(["faketime", when] if when else []), *argv], check=True, capture_output=True, timeout=30
    )
    return pair
