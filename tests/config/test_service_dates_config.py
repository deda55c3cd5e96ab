"""Warnings about the dates of devices: those to come, and devices that need a retired one."""

from __future__ import annotations

from pathlib import Path

from healthmon.config import loading

CONFIG = """
sites: [{id: s}]
links: [{id: S1, name: Switch, site: s, address: 192.0.2.9, retired: 2026-01-01}]
recorders: [{id: R1, name: Recorder, site: s, address: 192.0.2.8, retired: 2999-01-01}]
cameras:
  - {id: C1, name: One, site: s, address: 192.0.2.1, kind: fixed, parent: S1, recorder: R1, channel: 1}
  - {id: C2, name: Two, site: s, address: 192.0.2.2, kind: fixed, parent: S1, retired: 2025-12-31}
  - {id: C3, name: Three, site: s, address: 192.0.2.3, kind: fixed, joined: 2999-01-01}
"""


def test_dates_that_deserve_a_word_get_one(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    found = loading.load(path).warnings
    words = sorted(one.split(": ", 1)[1] for one in found if "retired" in one or "joined" in one)
    assert words == [
        "C1: parent S1 is retired on 2026-01-01; name the new one",
        "C1: recorder R1 is retired on 2999-01-01; name the new one",
        "C3: 'joined' 2999-01-01 is in the future: it is checked from then on",
        "R1: 'retired' 2999-01-01 is in the future: it is checked until then",
    ]
