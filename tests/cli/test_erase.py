"""`healthmon erase-person`: the name is nowhere in the file of the record any more, also not in the
sheet that is packed in it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from helpers.commands import healthmon
from helpers.shift_estate import sheet
from helpers.store_samples import full

from healthmon.evidence.clock_statement import Wish, digest, statement, subject_of
from healthmon.incidents.acts import ActKind, act
from healthmon.model.device import Device
from healthmon.model.enums import Kind
from healthmon.runtime.clock_work import recorded
from healthmon.store import ShiftNote, Store
from healthmon_exporters.reports import kept_sheet

NOW = 1_800_000_000.0


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    path = tmp_path / "config.yaml"
    path.write_text(
        "estate: {name: Example, time_zone: Europe/London}\nagent: {state_directory: state}\n"
    )
    return path


def test_a_name_is_taken_out_of_the_record_and_of_the_sheets_in_it(config: Path) -> None:
    file = config.parent / "state/healthmon.db"
    store = Store.open(f"sqlite:///{file}")
    store.record(full())
    store.act(replace(act(ActKind.CONFIRM, "Zoë Ünal", NOW), number=7))
    noted = replace(sheet(3), notes=(ShiftNote(1, "Zoë Ünal", NOW, "ask Zoë Ünal"),))
    number = store.keep_sweep(NOW, kept_sheet.body(noted))
    store.close()
    code, out, err = healthmon("erase-person", "zoë ünal", "--config", str(config))
    assert (code, "stands in its place: 2 rows, 2 entries" in out) == (0, True), err
    alias = out.split()[0]
    raw = file.read_bytes()
    assert not [form for form in ("Zoë Ünal", r"Zo\u00eb \u00dcnal") if form.encode() in raw]
    store = Store.reader(f"sqlite:///{file}")
    kept = store.sweep(number)
    assert kept is not None
    made = kept_sheet.document(kept[2], kept_sheet.PutOn(), "Europe/London")
    assert "nal" not in str(made["notes"])
    assert store.life_cycle(7).acts[0].by == alias
    found = store.verify()
    assert (found.findings, found.erased) == ([], 2)
    store.close()
    code, out, _ = healthmon("erase-person", "Zoë Ünal", "--config", str(config))
    assert (code, out) == (0, "the name is nowhere in the record\n")
    code, _, err = healthmon("erase-person", "Zo", "--config", str(config))
    assert (code, err) == (3, "'Zo': too short; it would be found within other words\n")


def test_the_facts_of_a_clock_statement_keep_their_hash_where_a_place_has_the_same_name(
    config: Path,
) -> None:
    camera = Device("C001", "Baker Street", Kind.CAMERA, "s", "192.0.2.9")
    url = f"sqlite:///{config.parent / 'state/healthmon.db'}"
    store = Store.open(url)
    wish = Wish("2026-11-28T14:05Z", "asked by Baker", "Baker", NOW, "once-1")
    subject = subject_of({"C001": camera}, "C001", "Example", "abc")
    number = recorded(store, statement(store, subject, wish), None).id
    store.close()
    code, out, err = healthmon("erase-person", "Baker", "--config", str(config))
    assert code == 0, err
    store = Store.reader(url)
    found = store.statement(number)
    assert found is not None
    kept = found[0]
    assert (kept.by, kept.get("reason")) == (out.split()[0], f"asked by {out.split()[0]}")
    assert kept.details["facts"]["camera_name"] == "Baker Street"
    assert digest(kept.details["facts"]) == kept.details["sha256"]
    assert store.verify().findings == []
    store.close()


def test_a_name_that_is_also_one_of_a_place_is_not_taken_out_of_the_record(config: Path) -> None:
    with config.open("a") as more:
        more.write("sites: [{id: s1, name: Baker Street}]\n")
    Store.open(f"sqlite:///{config.parent / 'state/healthmon.db'}").close()
    code, _, err = healthmon("erase-person", "Baker", "--config", str(config))
    assert (code, "'Baker' stands in a name of config.yaml, 'Baker Street'" in err) == (3, True)
    code, out, err = healthmon("erase-person", "A. Baker", "--config", str(config))
    assert (code, out) == (0, "the name is nowhere in the record\n"), err
