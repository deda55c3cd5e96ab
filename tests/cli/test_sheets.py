"""`healthmon sheets`: the kept shift checks, the newest first, with totals, faults and signatures."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from helpers.commands import healthmon
from helpers.shift_estate import sheet

from healthmon.incidents.acts import ActKind, NoticedBy, act
from healthmon.store import Store
from healthmon.store.handovers import Handover, Party, Signing
from healthmon_exporters.reports import kept_sheet, sheet_list

FIRST = datetime(2026, 11, 27, 7, tzinfo=UTC).timestamp()
DAY = 86400.0


@pytest.fixture
def config(tmp_path: Path) -> str:
    (tmp_path / "state").mkdir()
    path = tmp_path / "config.yaml"
    path.write_text(
        "estate: {name: Example, time_zone: Europe/London}\nagent: {state_directory: state}\n"
    )
    return str(path)


def test_every_kept_sheet_is_listed(config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, err = healthmon("sheets", "--config", config)
    assert (code, err.count("\n")) == (3, 1), err
    store = Store.open(f"sqlite:///{Path(config).parent / 'state/healthmon.db'}")
    body = kept_sheet.body(sheet(3))
    for day in range(3):
        store.keep_sweep(FIRST + day * DAY, body)
    people = [Signing(Party.OUTGOING, "smith"), Signing(Party.INCOMING, "jones")]
    raised = act(
        ActKind.RAISE, "smith", FIRST + 2 * DAY + 30, what="dark", noticed_by=NoticedBy.POLICE
    )
    store.raise_fault(raised)
    store.hand_over(Handover(3, people, FIRST + 2 * DAY + 60, 900.0))
    store.close()
    monkeypatch.setattr(sheet_list, "PAGE", 2)

    code, out, err = healthmon("sheets", "--config", config, "--json")
    assert (code, err) == (0, "")
    made = json.loads(out)
    assert [one["sheet"] for one in made] == [3, 2, 1]
    assert made[0]["at"] == "2026-11-29T07:00:00+00:00"
    assert made[0]["totals"][:2] == ["live 2 of 3", "recorded 3 of 3"]
    assert made[0]["faults"] == made[1]["faults"] + 1, "one was raised before it was signed"
    assert [one["party"] for one in made[0]["signatures"]] == ["outgoing", "incoming"]

    monkeypatch.setenv("COLUMNS", "60")
    code, out, _ = healthmon("sheets", "--config", config, "--since", "2026-11-28")
    assert code == 0
    lines = out.splitlines()
    assert max(map(len, lines)) <= 60
    assert lines[0].startswith("     3  Sun 29 Nov 2026 07:00  live 2 of 3; recorded")
    assert "        Handed over by smith, 29 Nov 2026 07:01:00" in lines
    assert "        Accepted by jones, 29 Nov 2026 07:01:00" in lines
    assert out.count("nobody has signed it") == 1
    code, out, _ = healthmon("sheets", "--config", config, "--until", "2026-11-27")
    assert (code, out.count("nobody has signed it"), "     1  Fri 27 Nov" in out) == (0, 1, True)
    code, out, err = healthmon("sheets", "--config", config, "--since", "2026-12-01")
    assert (code, out, err) == (0, "", "no shift check of that time is kept\n")
    code, _, err = healthmon("sheets", "--config", config, "--since", "x")
    assert (code, "--since x: not a date" in err) == (3, True)
