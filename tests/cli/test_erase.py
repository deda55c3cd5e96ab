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

from healthmon.incidents.acts import ActKind, act
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
