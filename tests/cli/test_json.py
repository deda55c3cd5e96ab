"""What commands print with ``--json`` is one JSON value that keeps to its schema in docs/json.md."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer.main
from helpers.commands import healthmon
from helpers.ptz_cameras import taught
from helpers.shift_estate import sheet
from helpers.store_samples import CASE, FAULT, ROW

from docs import json_output
from docs.commands import commands
from healthmon.access import kiosks, passwords, users
from healthmon.access.roles import Role
from healthmon.access.users import User
from healthmon.cli.app import cli
from healthmon.incidents.incident import IncidentEvent
from healthmon.incidents.windows import WindowPlan, window_operation
from healthmon.model.picture import Comparison, LastView
from healthmon.store import Batch, Segment, Store
from healthmon_exporters.reports import kept_sheet
from healthmon_exporters.reports.report_kinds import KINDS

pytestmark = pytest.mark.slow
DOCS = Path(__file__).parents[2] / "docs"
CONFIG = """
estate: {name: Example, time_zone: Europe/London}
agent: {state_directory: STATE}
sites: [{id: riverside, name: Riverside}]
cameras: [{id: C001, name: Slipway, site: riverside, address: 127.0.0.1, kind: fixed, rtsp: {port: 9}, http: no}]
maintenance: [{devices: [C001], start: 2030-03-01 09:00, end: 2030-03-01 12:00, reason: new pole}]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path, file = tmp_path / "config.yaml", tmp_path / "users"
    path.write_text(CONFIG.replace("STATE", str(tmp_path)))
    users.put(file, User("ann", passwords.hash_password("a long word 12"), Role.MANAGER, "ann"))
    users.put_kiosk(file, kiosks.waiting("wall-1", 2_000_000_000.0)[0])
    opened(path).close()
    return path


def opened(config: Path) -> Store:
    """The record of the configuration."""
    return Store.open(f"sqlite:///{config.parent / 'healthmon.db'}")


def printed(config: Path, name: str, *argv: str) -> tuple[int, Any]:
    """The exit code of a command and what it prints, which is in its schema to the last field."""
    code, out, err = healthmon(*name.split(), *argv, "--json", "--config", str(config))
    assert "Traceback" not in err
    found = json.loads(out)
    schema = json.loads((DOCS / "json" / f"{name.replace(' ', '-')}.schema.json").read_text())
    for shape in (schema, *schema.get("$defs", {}).values()):
        if "properties" in shape:
            shape["additionalProperties"] = False
    jsonschema.validate(found, schema)
    return code, found


def test_rows_keep_to_their_schema(config: Path) -> None:
    known = ("--file", str(config.parent / "users"))
    code, told = printed(config, "user list", *known)
    assert (code, [(one["name"], one["role"], one["unix"]) for one in told]) == (
        0,
        [("ann", "manager", "ann")],
    )
    _, told = printed(config, "user kiosk list", *known)
    assert [(one["name"], one["state"]) for one in told] == [("wall-1", "waiting")]
    _, told = printed(config, "maintenance list")
    assert told == [
        {
            "id": None,
            "devices": ["C001"],
            "sites": [],
            "contractors": [],
            "start": "2030-03-01 09:00",
            "end": "2030-03-01 12:00",
            "repeat": None,
            "reason": "new pole",
            "by": None,
        }
    ]
    assert printed(config, "audit show")[1] == []
    assert printed(config, "user log") == (0, [])
    assert printed(config, "agents")[1] == []
    _, told = printed(config, "duties list")
    assert {one["standing"] for one in told} == {"not declared yet"}


def test_a_probe_of_a_dead_camera_says_so_to_a_program(config: Path) -> None:
    code, told = printed(config, "probe", "C001")
    assert code == 1
    checks = {one["check"]: one for one in told}
    assert checks["reach"]["verdicts"][0]["state"] == "fault"
    assert "refused" in checks["reach"]["verdicts"][0]["sentence"]
    assert re.fullmatch(r"20\d\d-.*T.*[+-]\d\d:\d\d", checks["reach"]["at"])
    first = checks["stream"]["verdicts"][0]
    assert (first["state"], first["reason"]) == ("unknown", "unsupported")


def test_sweeps_and_their_sheets(config: Path) -> None:
    code, short = printed(config, "sweep")
    assert (code, short["exit_code"], short["faults"][-1]["devices"]) == (1, 1, ["C001"])
    assert short["clocks"]["C001"]["clocks"][0]["clock"] == "true time"
    code, whole = printed(config, "sweep", "--shift")
    assert (code, len(whole["lines"]), whole["cameras"][0]["id"]) == (1, 26, "C001")
    assert healthmon("note", "lift is out", "--name", "A. Day", "--config", str(config))[0] == 0
    assert healthmon("sign", "--name", "A. Day", "--config", str(config))[0] == 0
    code, kept = printed(config, "sheet")
    assert (code, kept["signatures"][0]["name"], kept["at"]) == (0, "A. Day", whole["at"])
    code, sheets = printed(config, "sheets")
    assert (code, [one["sheet"] for one in sheets]) == (0, [2, 1])
    assert printed(config, "sweep")[1]["notes"][0]["text"] == "lift is out"


def test_faults_and_the_history_of_a_device(config: Path) -> None:
    now, store = time.time(), opened(config)
    opened_fault = replace(CASE, since=now - 7200, told=now - 7100, cause="behind S07")
    store.record(
        Batch(
            {FAULT.key: replace(FAULT, since=now - 7200)},
            {7: opened_fault, 8: replace(opened_fault, number=8, closed=now - 3600)},
            [IncidentEvent("opened", opened_fault, now)],
            [ROW],
            segments=[Segment("C001", "reach", "fault", now - 7200)],
        )
    )
    store.keep_sweep(now, kept_sheet.body(sheet(1)))
    store.close()
    by = ("--name", "A. Smith", "--config", str(config))
    for act in (
        ("report", "7", "--to", "acme"),
        ("pause", "7", "--owner", "utility", "--reason", "x"),
    ):
        assert healthmon("faults", *act, *by)[0] == 0
    code, log = printed(config, "faults log")
    assert (code, [one["fault"] for one in log]) == (0, ["F000008", "F000007"])
    code, whole = printed(config, "faults show", "7")
    assert (code, whole["told"], len(whole["changes"])) == (0, log[1]["told"], 1)
    assert [one["act"] for one in whole["acts"]] == ["report", "pause"]
    assert (len(whole["pauses"]), len(whole["notified"]), whole["clock"]) == (1, 1, None)
    code, past = printed(config, "history", "C001")
    assert (code, len(past["states"]), len(past["faults"])) == (0, 1, 2)


def test_a_configuration_and_its_settings(config: Path, tmp_path: Path) -> None:
    code, found = printed(config, "check-config")
    assert (code, found["well_formed"], found["counts"]["cameras"]) == (0, True, 1)
    assert found["problems"] == []
    assert any("time_servers" in one for one in found["warnings"])
    code, strict = printed(config, "check-config", "--strict")
    assert (code, strict) == (3, found)
    code, settings = printed(config, "check-config", "--show", "C001")
    rows = {one["key"]: one for one in settings}
    assert (code, rows["address"]["value"], rows["interval"]["source"]) == (
        0,
        "127.0.0.1",
        "built in",
    )
    config.write_text(config.read_text().replace("sites:", "sties:"))
    code, found = printed(config, "check-config")
    assert (code, found["well_formed"]) == (3, False)
    assert any("sties" in one and f"{config}:4" in one for one in found["problems"])
    code, found = printed(tmp_path / "none.yaml", "check-config")
    assert (code, len(found["problems"])) == (3, 1)


def test_what_people_have_changed_and_declared(config: Path) -> None:
    by = ("--name", "A. Smith", "--config", str(config))
    assert printed(config, "overrides") == (0, [])
    now, store = time.time(), opened(config)
    plan = WindowPlan(now, now + 3600, ("C001",), (), "mast painted")
    store.operate(window_operation(plan, "made", "", ("A. Smith", "once"), now))
    store.close()
    code, changed = printed(config, "overrides")
    assert (code, [(one["what"], one["by"]) for one in changed]) == (0, [("window", "A. Smith")])
    assert "mast painted" in changed[0]["words"]
    assert len(printed(config, "check-config")[1]["overrides"]) == 1
    assert healthmon("duties", "done", "dpia", "--evidence", "DPIA 4", *by)[0] == 0
    code, declared = printed(config, "duties history", "dpia")
    assert (code, declared[0]["evidence"], declared[0]["duty"]) == (0, "DPIA 4", "dpia")
    code, chain = printed(config, "audit verify")
    assert (code, chain["as_written"], chain["findings"]) == (0, True, [])
    assert chain["head"].startswith(f"{chain['entries']}:")
    code, chain = printed(config, "audit verify", "--anchor", "1:0123456789abc")
    assert (code, chain["as_written"], len(chain["findings"])) == (1, False, 1)


def test_what_a_camera_has_learned_and_what_a_person_is_asked(config: Path, tmp_path: Path) -> None:
    code, nothing = printed(config, "picture show", "C001")
    assert (code, nothing["lights"], nothing["clocks"]) == (0, [], None)
    files = taught(tmp_path / "pictures", "C001", {"Market": "Market"})
    last = LastView(5.0, "preset Market", Comparison(10, 10, peak=0.3, tiles=(1,)), 640, 360, True)
    files.keep(replace(files.index(), last=last))
    code, found = printed(config, "picture baseline", "C001")
    assert (code, found["last_view"], found["views"][0]["view"]) == (
        0,
        "preset Market",
        "preset Market",
    )
    assert found["views"][0]["lights"][0]["learned"]
    fault = replace(FAULT, check_type="picture", aspect="view", code="view_covered")
    store = opened(config)
    store.record(Batch({fault.key: fault}, {7: replace(CASE, faults=(fault,))}))
    store.close()
    code, asked = printed(config, "picture looks")
    assert (code, asked[0]["cameras"]) == (
        0,
        [{"device": "C001", "name": "Slipway", "fault": "F000007"}],
    )


def test_acts_on_a_fault_print_what_was_recorded(config: Path, tmp_path: Path) -> None:
    store = opened(config)
    since = time.time() - 7200
    store.record(Batch({FAULT.key: FAULT}, {7: replace(CASE, since=since)}))
    store.close()
    name = ("--name", "A. Smith")
    code, done = printed(config, "ack", "7", *name, "--reason", "contractor called")
    assert (code, done["fault"], done["act"], done["stage"]) == (
        0,
        "F000007",
        "acknowledge",
        "acknowledged",
    )
    assert (done["by"], done["details"]) == ("A. Smith", {"reason": "contractor called"})
    text = healthmon("faults", "attend", "7", *name, "--config", str(config))[1]
    assert text.startswith("F000007: "), "without --json it is a sentence"
    _, done = printed(config, "faults undo", "7", *name, "--reason", "wrong fault")
    assert (done["act"], done["stage"], len(done["done"].splitlines())) == (
        "undo",
        "acknowledged",
        2,
    )
    for act, more in (
        ("report", ("--to", "acme")),
        ("attend", ()),
        ("pause", ("--owner", "police", "--reason", "scene")),
        ("resume", ()),
        ("fix", ("--action", "new lead")),
    ):
        code, done = printed(config, f"faults {act}", "7", *name, *more)
        assert (code, done["act"], type(done["id"])) == (0, act, int)
    what = ("--what", "dome is dirty", "--noticed-by", "police", "--device", "C001")
    code, done = printed(config, "faults raise", *name, *what)
    assert (code, done["act"], done["fault"]) == (0, "raise", "F000008")
    file = tmp_path / "jobs.csv"
    file.write_text(
        f"fault,attended\nF000007,{datetime.fromtimestamp(since + 60):%Y-%m-%d %H:%M}\n"
    )
    code, done = printed(config, "faults import", str(file), *name)
    assert (code, done["recorded"], done["known"]) == (0, {"attend": 1, "fix": 0}, 0)


def test_other_changes_print_what_was_recorded(config: Path, tmp_path: Path) -> None:
    name = ("--name", "A. Smith")
    code, done = printed(config, "note", "gate 4 is open", *name)
    assert (code, done["by"], done["text"]) == (0, "A. Smith", "gate 4 is open")
    store = opened(config)
    store.keep_sweep(time.time(), kept_sheet.body(sheet(1)))
    store.close()
    code, done = printed(config, "sign", *name, "--note", "two left over")
    assert (code, done["how"], done["by"], done["note"]) == (
        0,
        "signed",
        "A. Smith",
        "two left over",
    )
    code, done = printed(config, "duties done", "dpia", "--evidence", "DPIA 4", *name)
    assert (code, done["duty"], done["standing"]) == (0, "dpia", "done")
    code, done = printed(config, "picture forget", "C001")
    assert (code, done["done"]) == (0, "C001: nothing learned yet")
    known = ("--file", str(config.parent / "users"))
    code, done = printed(config, "user set", "ann", "--role", "viewer", *known)
    assert (code, done["name"], done["role"]) == (0, "ann", "viewer")
    code, done = printed(config, "user kiosk add", "wall-2", *known)
    assert (code, done["name"], done["done"].splitlines()[0]) == (0, "wall-2", done["code"])
    code, done = printed(config, "user kiosk revoke", "wall-2", *known)
    assert code == 0
    code, done = printed(config, "user remove", "ann", *known)
    assert (code, done["name"]) == (0, "ann")
    estate = tmp_path / "estate.csv"
    estate.write_text("id,name,site,address,kind\nC002,Weir,riverside,192.0.2.7,fixed\n")
    code, done = printed(config, "import", str(estate), "--write")
    assert (code, done["written"], done["missing"]) == (0, True, ["C001"])
    assert done["changes"] == [{"device": "C002", "change": "added", "words": "Weir (fixed)"}]
    code, done = printed(config, "erase-person", "A. Smith")
    assert (code, "A. Smith" in done["done"]) == (0, False)


def test_an_act_that_is_refused_prints_no_json(config: Path) -> None:
    code, out, err = healthmon(
        "ack", "7", "--name", "A", "--reason", "x", "--json", "--config", str(config)
    )
    assert (code, out) == (3, "")
    assert "F000007: no such fault" in err


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_keeps_to_its_schema(config: Path, kind: str) -> None:
    code, made = printed(config, "report", kind)
    assert (code, made["public"], bool(made["sections"])) == (0, False, True)


def test_a_clock_statement_keeps_to_its_schema(config: Path) -> None:
    given = ("C001", "--at", "2026-11-28 14:05", "--name", "A. Smith", "--reason", "case 4")
    code, made = printed(config, "clock-statement", *given)
    assert (code, made["number"], made["facts"]["camera"]) == (0, 1, "C001")
    assert made["facts"]["moments"][0]["clocks"][0]["clock"] == "device"
    code, again = printed(config, "clock-statement", "--number", "1")
    assert (code, again["sha256"]) == (0, made["sha256"])


def test_every_command_prints_json_or_has_a_reason_not_to() -> None:
    page = (DOCS / "json.md").read_text()
    names = json_output.printing()
    assert [name for name in names if f"`healthmon {name} --json`" not in page] == []
    assert set(names) == set(json_output.PRINTED) | set(json_output.FILES)
    without = {name for group in json_output.WITHOUT.values() for name in group}
    root = typer.main.get_command(cli)
    every = {" ".join(words[1:]) for words, _ in commands(root)}
    assert every - set(names) == without, (
        "commands with neither --json nor a reason, or the reverse"
    )
