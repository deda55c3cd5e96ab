"""The security report: from the record and the configuration, and never an empty answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.naive_evidence import LONDON

from healthmon.config import loading
from healthmon.evidence.period import Period
from healthmon.incidents import device_changes
from healthmon.incidents.confirmation import Fault
from healthmon.incidents.incident import Incident
from healthmon.inventory import devices as inventory
from healthmon.model.enums import State
from healthmon.model.measurements import Identity
from healthmon.runtime.report_making import Wish, made
from healthmon.store import Batch, Segment, Store

OCTOBER = Period.of("2026-10", LONDON)
MIDDLE = OCTOBER.since + 15 * 86400
NOW = OCTOBER.until + 3600
TITLES = ("Firmware", "End of support", "Logins", "Certificates and pins", "Identity")


def camera(name: str, **more: Any) -> dict[str, Any]:
    made = {"id": name, "name": f"Lamppost {name}", "site": "a", "kind": "fixed"}
    return made | {"address": f"192.0.2.{name[1:]}"} | more


CAMERAS = [
    camera(
        "C1",
        rtsp={"tls": "yes"},
        http={"tls": "yes"},
        credential="view",
        tls={"pin": "ab" * 32},
        commissioned={"model": "Eye 30", "firmware": "7.1", "serial": "S1"},
    ),
    camera(
        "C2",
        rtsp={"port": "554"},
        http={"port": "80"},
        credential="view",
        allow_basic="yes",
        commissioned={"model": "eye 30", "firmware": "6.9", "serial": "S2"},
    ),
    camera("C3", rtsp={"port": "554"}, credential="view"),
    camera(
        "C4",
        rtsp={"tls": "yes"},
        credential="view",
        commissioned={"model": "Old 1", "firmware": "1.0"},
    ),
]
TREE = {
    "estate": {"name": "Secretown CCTV", "time_zone": "Europe/London"},
    "sites": [{"id": "a", "name": "Mill Lane"}],
    "credentials": {"view": {"username": "u", "secret": {"environment": "X"}}},
    "cameras": CAMERAS,
    "firmware": [
        {"model": "Eye 30", "approved": ["7.1", "7.2"], "end_of_support": "2030-12-31"},
        {"model": "Old 1", "end_of_support": "2026-10-31"},
    ],
}


@dataclass
class Kept:
    """An estate with a record."""

    file: Path
    store: Store

    def answers(self, *, public: bool = False) -> dict[str, dict[str, str]]:
        """Section -> device (or answer) -> answer (or count)."""
        wish = Wish("security", OCTOBER, NOW, public)
        document = made(wish, loading.load(self.file), self.store, lambda _done, _all: None)
        found = {}
        for one in document["sections"]:
            rows = one["tables"][-1]["rows"] if one["tables"] else []
            assert all(cell for row in rows for cell in row), "no cell is empty"
            found[one["heading"]] = {row[0]: row[-1] for row in rows}
        return found


@pytest.fixture
def kept(tmp_path: Path):  # type: ignore[no-untyped-def]
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(TREE | {"agent": {"state_directory": str(tmp_path)}}))
    store = Store.open(f"sqlite:///{tmp_path / 'healthmon.db'}")
    checked = [("C1", "identity"), ("C1", "certificate"), ("C2", "identity"), ("C4", "identity")]
    segments = [Segment(who, check, "ok", MIDDLE, MIDDLE + 3600) for who, check in checked]
    segments.append(Segment("C3", "identity", "unknown", MIDDLE, MIDDLE + 3600))
    store.record(Batch(segments=segments, alive=NOW))
    yield Kept(file, store)
    store.close()


def fault(kept: Kept, device: str, code: str, sentence: str, *, over: float | None) -> None:
    known = Fault(device, "identity", "", code, code, State.FAULT, sentence, MIDDLE, MIDDLE)
    faults, past = ((known,), ()) if over is None else ((), (known,))
    number = int(device[1:])
    one = Incident(number, device, "a", faults, MIDDLE, 0.0, told=MIDDLE, past=past, closed=over)
    kept.store.record(Batch(incidents={number: one}))


def test_each_device_has_an_answer_to_each_topic(kept: Kept) -> None:
    found = kept.answers()
    assert tuple(found)[1:] == TITLES
    assert all(set(found[title]) == {"C1", "C2", "C3", "C4"} for title in TITLES)
    assert found["Firmware"] == {
        "C1": "approved: 7.1",
        "C2": "NOT APPROVED: 6.9",
        "C3": "not measured: config.yaml has no 'commissioned: {firmware: ...}' of it",
        "C4": "as commissioned: 1.0; no approved firmware in config.yaml",
    }
    assert found["End of support"]["C2"] == "supported: until 2030-12-31"
    assert found["End of support"]["C3"].startswith("not measured: config.yaml has no")
    assert found["End of support"]["C4"] == "SUPPORT HAS ENDED: until 2026-10-31"
    assert found["Logins"]["C1"] == "encrypted"
    assert found["Logins"]["C2"].startswith("BASIC ALLOWED: HTTP, RTSP, ")
    assert found["Logins"]["C3"] == "UNENCRYPTED: HTTP, RTSP"
    certificates = found["Certificates and pins"]
    assert certificates["C1"] == "pinned: no fault of the certificate in the period"
    assert certificates["C2"] == "no certificate: no encrypted port in config.yaml"
    assert certificates["C4"] == "not measured: no pin; the certificate was not checked"
    assert found["Identity"]["C1"] == "as commissioned"
    assert found["Identity"]["C3"] == "not measured: its identity was not checked"


def test_changes_in_the_period_are_told_in_their_own_words(kept: Kept) -> None:
    fault(kept, "C2", "wrong_device", "another camera answers", over=MIDDLE + 60)
    fault(kept, "C1", "firmware_changed", "firmware 7.0 instead of 7.1", over=None)
    fault(kept, "C4", "firmware_changed", "firmware 0.9 instead of 1.0", over=MIDDLE + 60)
    found = kept.answers()
    assert found["Identity"]["C2"] == "CHANGED IN THE PERIOD: another camera answers"
    assert found["Firmware"]["C1"] == "NOT AS COMMISSIONED: firmware 7.0 instead of 7.1"
    assert found["Firmware"]["C4"].startswith("as commissioned"), "it was put right"


def test_a_replaced_device_is_held_against_what_was_accepted(kept: Kept) -> None:
    by_id = {one.id: one for one in inventory.devices(loading.load(kept.file))}
    seen = Identity(model="Eye 30", serial="S9", firmware="7.2")
    who, device = ("A. Smith", "once"), by_id["C2"]
    new = device_changes.accepted(device, device.commissioned, seen, "job 7", who)
    kept.store.operate(replace(new, at=MIDDLE))
    assert kept.answers()["Firmware"]["C2"] == "approved: 7.2"


def test_the_public_form_only_counts(kept: Kept) -> None:
    found = kept.answers(public=True)
    assert found["Firmware"] == {
        "approved": "1", "NOT APPROVED": "1", "not measured": "1", "as commissioned": "1"
    }  # fmt: skip
