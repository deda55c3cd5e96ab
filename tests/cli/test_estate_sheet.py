"""``healthmon export`` and ``healthmon import``: the devices as a spreadsheet and back."""

from __future__ import annotations

import csv
import io
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from healthmon.cli import estate_import, estate_sheet
from healthmon.cli.estate_sheet import COLUMNS
from healthmon.config import document, loading

HEAD = """\
# Our estate
defaults:
  camera: {credential: view}   # of nearly all
sites:
  - {id: a, name: Market}
  - {id: b, name: River, defaults: {device: {contractor: acme}, camera: {recorder: R1}}}
contractors: [{id: acme, name: Acme}, {id: brown, name: Brown}]
credentials: {view: {secret: {environment: VIEW}}, other: {secret: {environment: OTHER}}}
links: [{id: S1, name: Switch, site: a, address: 192.0.2.201, snmp: {credential: view}}]
recorders:
  - {id: R1, name: "Recorder: 1", site: b, address: 192.0.2.200}
"""
TWO = """\
cameras:
  # the first
  - id: C1
    name:   'Market #1'     # over the door
    site: a
    address: 192.0.2.1
    kind: fixed
    streams:
      - {path: /a}   # main

  - { id: C2, name: Slipway, site: b, address: 192.0.2.2, kind: ptz, channel: 1 }  # by the water
# the end
"""


def sheet_of(path: Path) -> list[dict[str, str]]:
    return list(estate_sheet.rows(estate_sheet.settled(document.read(path))))


def as_csv(rows: list[dict[str, str]], separator: str = ",") -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "config.yaml"
    found.write_text(HEAD + TWO)
    return found


def taken(path: Path, text: str | bytes, *, remove: bool = False, write: bool = True) -> str:
    """Import a sheet; what is printed."""
    sheet = path.with_name("estate.csv")
    sheet.write_bytes(text.encode() if isinstance(text, str) else text)
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        estate_import.run(sheet, path, write=write, remove=remove)
    return out.getvalue()


def refused(path: Path, text: str | bytes, capsys: pytest.CaptureFixture[str], **how: bool) -> str:
    before = path.read_bytes()
    with pytest.raises(SystemExit) as caught:
        taken(path, text, **how)
    assert caught.value.code == 3
    assert path.read_bytes() == before
    return capsys.readouterr().err.replace(f"{path.parent}/", "")


def test_what_is_exported_changes_nothing(path: Path) -> None:
    before = path.read_bytes()
    assert "0 added, 0 changed, 0 removed, 4 as they are" in taken(path, as_csv(sheet_of(path)))
    assert path.read_bytes() == before


def test_only_what_changes_is_written(path: Path) -> None:
    rows = sheet_of(path)
    rows[0] |= {"name": "Market 1: north", "contractor": "brown", "credential": ""}
    rows[1] |= {"recorder": "", "channel": "", "priority": "1", "contractor": "brown"}
    printed = taken(path, as_csv(rows))
    assert "~ C1 name: Market #1 -> Market 1: north; contractor: none -> brown" in printed
    assert path.read_text() == HEAD + (
        TWO.replace("'Market #1'", "'Market 1: north'")
        .replace(
            "    kind: fixed\n", "    kind: fixed\n    contractor: brown\n    credential: no\n"
        )
        .replace(
            "kind: ptz, channel: 1 }",
            "kind: ptz, priority: P1, recorder: no, contractor: brown }",
        )
    )
    assert sheet_of(path)[1]["recorder"] == ""


def test_a_setting_of_which_no_key_stays_is_written_anew(path: Path) -> None:
    head = path.read_text()
    row = "- {id: C9, name: Gate, site: b, address: 192.0.2.9, kind: fixed, recorder: no, http: {tls: yes}}\n"
    path.write_text(head + "  " + row)
    rows = sheet_of(path)
    next(one for one in rows if one["id"] == "C9")["http"] = "8080"
    taken(path, as_csv(rows))
    assert path.read_text() == head + "  " + row.replace("{tls: yes}", "{port: 8080}")


def test_a_value_that_the_defaults_give_is_not_written(path: Path) -> None:
    rows = sheet_of(path)
    new = dict.fromkeys(COLUMNS, "") | {
        "id": "C3", "name": "Boat house", "site": "b", "address": "192.0.2.3", "kind": "fixed",
        "contractor": "acme", "credential": "view", "recorder": "R1", "channel": "7",
    }  # fmt: skip
    assert "+ C3 Boat house (fixed)" in taken(path, as_csv([*rows, new]))
    line = "  - {id: C3, name: Boat house, site: b, address: 192.0.2.3, kind: fixed, channel: 7}\n"
    assert path.read_text() == HEAD + TWO.replace("# the end\n", f"{line}# the end\n")


def test_a_moved_camera_keeps_what_its_row_says(path: Path) -> None:
    rows = sheet_of(path)
    rows[1] |= {"site": "a"}
    taken(path, as_csv(rows))
    moved = loading.load(path).cameras[1]
    assert (moved.site, moved.contractor, moved.recorder) == ("a", "acme", "R1")


def test_a_dry_run_writes_nothing(path: Path) -> None:
    before = path.read_bytes()
    rows = sheet_of(path)
    rows[0]["name"] = "Other"
    assert "nothing is written; add --write" in taken(path, as_csv(rows), write=False)
    assert path.read_bytes() == before


def test_devices_are_removed_only_where_that_is_wanted(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = sheet_of(path)
    assert "1 device of" in taken(path, as_csv(rows[:1] + rows[2:]))
    assert "- C2" in taken(path, as_csv(rows[:1] + rows[2:]), remove=True)
    assert path.read_text() == HEAD + TWO.replace(TWO.splitlines(keepends=True)[10], "")
    said = refused(path, "id\n", capsys, remove=True)
    assert said == "estate.csv: has none of the 3 devices of the file; nothing is removed\n"


def test_the_last_camera_leaves_an_empty_list(path: Path) -> None:
    taken(path, as_csv(sheet_of(path)[2:]), remove=True)
    assert "cameras: []\n  # the first\n" in path.read_text()


@pytest.mark.parametrize("section", ["", "cameras: []\n", "cameras: [ ]   # none yet\n"])
def test_the_first_camera(path: Path, section: str) -> None:
    path.write_text(HEAD + section)
    taken(path, "id,name,site,address,kind\nC1,Market,a,192.0.2.1,fixed\n")
    assert loading.load(path).cameras[0].name == "Market"
    assert "none yet" not in section or "# none yet" in path.read_text()


def test_mode_and_a_link_are_kept(path: Path) -> None:
    real = path.rename(path.with_name("real.yaml"))
    path.symlink_to(real)
    real.chmod(0o640)
    rows = sheet_of(path)
    rows[0]["name"] = "Other"
    taken(path, as_csv(rows))
    assert path.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert loading.load(real).cameras[0].name == "Other"
    assert sorted(one.name for one in path.parent.iterdir()) == [
        "config.yaml", "estate.csv", "real.yaml"
    ]  # fmt: skip


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_the_owner_is_kept(path: Path) -> None:
    os.chown(path, 1234, 4321)
    rows = sheet_of(path)
    rows[0]["name"] = "Other"
    taken(path, as_csv(rows))
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 4321)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("head", ["", "\ufeff", "sep=?\r\n"])
def test_separators_and_first_lines_of_spreadsheets(path: Path, separator: str, head: str) -> None:
    text = head.replace("?", separator) + as_csv(sheet_of(path), separator)
    assert "0 added, 0 changed" in taken(path, text)


def test_habits_of_spreadsheets(path: Path) -> None:
    sheet = (
        "ID;Channel;Priority;Joined;Site;Parent;;\n;;;;;;;\n"
        'C2;12,00;p2;3/11/2026;"b";;;\nC1;;2.0;2026-11-03;a;;;\n'
    )
    taken(path, sheet.encode("utf-16"))
    one, two = loading.load(path).cameras
    assert (two.channel, two.priority, two.joined) == ("12", 2, "2026-11-03")
    assert (one.channel, one.priority, one.joined) == (None, 2, "2026-11-03")


def test_no_formula_is_produced(path: Path) -> None:
    path.write_text(HEAD + TWO.replace("Slipway", "=HYPERLINK(1)"))
    argv = [
        sys.executable,
        "-m",
        "healthmon",
        "export",
        "--config",
        str(path),
        "--bom",
        "--semicolon",
    ]
    done = subprocess.run(argv, capture_output=True, check=True).stdout
    assert done.startswith("\ufeffid;name;site;".encode())
    assert b";'=HYPERLINK(1);" in done
    assert b"VIEW" not in done
    assert "0 added, 0 changed" in taken(path, done)


WRONG = [
    ("C1,=1+1,a,192.0.2.1,fixed,", "2: column 'name': begins as a formula does; write the value, or an ' before it"),
    ("C1,@SUM,a,192.0.2.1,fixed,", "2: column 'name': begins as a formula does; write the value, or an ' before it"),
    ("C1,One,c,192.0.2.1,fixed,", "2: column 'site': 'c' is not in the configuration; add it under `sites`"),
    ("C1,One,a,192.0.2,fixed,", "2: column 'address': '192.0.2' is not an IP address or host name"),
    ("C1,One,a,,fixed,", "2: column 'address': is empty; fill it in"),
    ("C1,,a,192.0.2.1,fixed,", "2: column 'name': is empty; fill it in"),
    (",One,a,192.0.2.1,fixed,", "2: column 'id': is empty; give it an id"),
    ("C 1,One,a,192.0.2.1,fixed,", "2: column 'id': 'C 1' is no id: letters, digits, '.', '_' and '-', at most 64"),
    ("1E+05,One,a,192.0.2.1,fixed,", "2: column 'id': '1E+05' is no id: letters, digits, '.', '_' and '-', at most 64"),
    ("C1,One,a,192.0.2.1,fixd,", "2: column 'kind': 'fixd' is not one of fixed, ptz, deployable, link, recorder, ups, workstation (did you mean 'fixed'?)"),
    ("C1,One,a,192.0.2.1,recorder,", "2: column 'kind': C1 is a camera, which cannot become a recorder; give the recorder another id"),
    ("C1,One,a,192.0.2.1,fixed,P7", "2: column 'priority': 'P7' is not a priority; write P1, P2, P3 or P4"),
    ("C1,Slipway,a,192.0.2.1,fixed,", "2: column 'name': camera C2: name 'Slipway' is taken already (first: C1)"),
    ("C9,Nine,a,192.0.2.2,fixed,", "2: column 'address': camera C9: address '192.0.2.2' is taken already (first: C2); channels of one encoder need a stream 'path' each"),
    ("C1,One,a,192.0.2.1,fixed,\nC1,One,a,192.0.2.1,fixed,", "3: column 'id': 'C1' is on line 2 already; delete one of the rows"),
    ('C1,"One\nTwo",a,192.0.2.1,fixed,\n,x,,,,', "2: column 'name': has a line break; write it on one line"),
    ("U1,One,a,192.0.2.9,ups,", "2: UPS U1: needs exactly one of 'snmp', 'nut' or 'apcupsd'"),
    ("C1,One,a,192.0.2.1,fixed,,more", "2: 7 values for 6 columns; quote texts that have the separator"),
    ('C1,"One,a', "2: not CSV: unexpected end of data; nothing is written"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "told"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_row_names_line_column_and_remedy(
    path: Path, row: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(path, f"id,name,site,address,kind,priority\n{row}\n", capsys)
    assert said.splitlines()[0] == f"estate.csv:{told}"


WRONG_CELLS = [
    ("ups", "snmp", "vew", "'vew' is not in the configuration (did you mean 'view'?); add it under `credentials`"),
    ("ups", "apcupsd", "99999", "'99999' is not a port; write a number from 1 to 65535"),
    ("ups", "interval", "60", "duration '60' has no unit; write for example 60 s (units: ms, s, min, h, d)"),
    ("ups", "timeout", "10 ms", "UPS X1: 'timeout': '10 ms' is too small (limit 0.2 s)"),
    ("ups", "make", "axis", "a UPS has none; leave it empty"),
    ("link", "nut", "mast", "a link has none; leave it empty"),
    ("link", "snmp_port", "1161", "is given without 'snmp'; fill in that cell, or leave this one empty"),
    ("ups", "nut_port", "0", "'0' is not a port; write a number from 1 to 65535"),
    ("ups", "snmp_version", "2", "'2' is not one of 1, 2c, 3"),
    ("ups", "http", "80", "a UPS has none; leave it empty"),
    ("recorder", "http", "80/tls", "'80/tls' is no service; write a port, such as 8080 or 443 tls, or no"),
    ("recorder", "rtsp", "70000 tls", "'70000' is not a port; write a number from 1 to 65535"),
    ("recorder", "onvif", "device", "'device' is no path; write /onvif/device_service, or no"),
    ("recorder", "make", "axs", "recorder X1: 'make': 'axs' is not one of onvif, "),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "column", "text", "told"), WRONG_CELLS)
def test_a_wrong_cell_of_any_kind_names_its_column(
    path: Path, kind: str, column: str, text: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = {"id": "X1", "name": "X", "site": "a", "address": "192.0.2.9", "kind": kind}
    cells |= {"nut": "mast"} if kind == "ups" else {}
    said = refused(path, as_csv([cells | {column: text}]), capsys)
    assert said.startswith(f"estate.csv:2: column '{column}': {told}")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,nmae\nC1,x\n", "estate.csv:1: unknown column 'nmae' (did you mean 'name'?); the columns are "),
        ("id,name,id\n", "estate.csv:1: column 'id' is there twice; delete one"),
        ("name\nx\n", "estate.csv:1: needs the column 'id'; `healthmon export` writes one"),
        ("", "estate.csv:1: needs the column 'id'"),
        (b"PK\x03\x04", "estate.csv: is a workbook; save it as 'CSV UTF-8'"),
        ("id,name\nC1,Caf\xe9\n".encode("latin-1"), "estate.csv:2: is not UTF-8; save it as 'CSV UTF-8'"),
        ("id,password\nC1,x\n", "estate.csv:1: unknown column 'password'"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_sheet(
    path: Path, text: str | bytes, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(path, text, capsys).startswith(told)


def test_zeros_that_a_spreadsheet_took_away(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path.write_text(HEAD + TWO.replace("id: C2", "id: 0012"))
    said = refused(path, "id,name\n12,Slipway\n", capsys)
    words = "'12' is '0012' in the file: a spreadsheet has taken the zeros away; format the column as text"
    assert said.startswith(f"estate.csv:2: column 'id': {words}\n")


def test_what_is_referred_to_is_not_removed(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(path, as_csv(sheet_of(path)[:2]), capsys, remove=True)
    assert "config.yaml as it would be: site b: recorder 'R1' is not in the configuration" in said


def test_a_file_that_was_changed_meanwhile_stays(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, check = sheet_of(path), estate_import._check

    def slow(*given: object) -> None:
        check(*given)  # type: ignore[arg-type]
        path.write_text(HEAD + TWO + "# somebody else\n")

    rows[0]["name"] = "Other"
    sheet = path.with_name("estate.csv")
    sheet.write_text(as_csv(rows))
    monkeypatch.setattr(estate_import, "_check", slow)
    with pytest.raises(SystemExit):
        estate_import.run(sheet, path, write=True, remove=False)
    assert "was changed meanwhile; it is as it was" in capsys.readouterr().err
    assert path.read_text().endswith("# somebody else\n")


def test_devices_of_every_kind_begin_their_section(path: Path) -> None:
    path.write_text(HEAD + "workstations: []   # none yet\n" + TWO)
    sheet = (
        "id,name,site,address,kind,snmp,nut,apcupsd,interval,timeout,make,credential\n"
        "U1,Hut UPS,a,192.0.2.31,ups,view,,,10 s,2 s,,\n"
        "U2,Mast UPS,a,192.0.2.32,ups,,mast,,,,,\n"
        'U3,Desk UPS,a,192.0.2.33,ups,,,"3552,0",,,,\n'
        "S2,River switch,b,192.0.2.34,link,other,,,5 min,,,\n"
        "R2,Recorder 2,b,192.0.2.35,recorder,,,,,,hikvision,view\n"
        "W1,VMS,a,192.0.2.36,workstation,view,,,,20 s,,\n"
    )
    assert "6 added, 0 changed" in taken(path, sheet)
    loaded = loading.load(path)
    one, two, three = loaded.ups
    assert (one.snmp and one.snmp.credential, one.interval, one.timeout) == ("view", 10.0, 2.0)
    assert (two.nut and two.nut.ups) == "mast"
    assert (three.apcupsd and three.apcupsd.port) == 3552
    switch = loaded.links[1]
    assert (switch.snmp and switch.snmp.credential, switch.interval) == ("other", 300.0)
    assert (loaded.recorders[1].make, loaded.workstations[0].timeout) == ("hikvision", 20.0)
    assert TWO in path.read_text()
    assert "ups:\n  - {id: U1, name: Hut UPS," in path.read_text()
    assert "snmp: {credential: view}, timeout: 20 s}]   # none yet\n" in path.read_text()


UPSES = """\
ups:
  - id: U1
    name: Hut UPS
    site: a
    address: 192.0.2.31
    snmp:
      version: 3   # its card knows no other
      credential: view   # read only
    interval: 1 min
  - {id: U2, name: Mast UPS, site: a, address: 192.0.2.32, nut: {ups: mast, port: 3494}}
"""


def test_of_a_section_only_the_key_of_the_column_changes(path: Path) -> None:
    path.write_text(HEAD + UPSES)
    rows = sheet_of(path)
    rows[-2] |= {"snmp": "other", "interval": "60 s"}
    rows[-1] |= {"nut": "mast2"}
    printed = taken(path, as_csv(rows))
    assert "~ U1 snmp: view -> other\n~ U2 nut: mast -> mast2\n" in printed
    after = UPSES.replace("credential: view   #", "credential: other   #")
    assert path.read_text() == HEAD + after.replace("ups: mast,", "ups: mast2,")


@pytest.mark.parametrize(
    "default", ["snmp: {credential: view}", "nut: {ups: any}", "interval: 9 s"]
)
def test_a_ups_is_asked_in_the_way_that_its_row_says(path: Path, default: str) -> None:
    path.write_text(HEAD.replace("defaults:\n", f"defaults:\n  ups: {{{default}}}\n") + UPSES)
    rows = sheet_of(path)
    rows[-2] |= {"snmp": "", "snmp_version": "", "nut": "hut"}
    rows[-1] |= {"snmp": "other", "nut": "", "nut_port": ""}
    taken(path, as_csv(rows))
    one, two = loading.load(path).ups
    assert (one.snmp, one.nut and one.nut.ups) == (None, "hut")
    assert (two.nut, two.snmp and two.snmp.credential) == (None, "other")
    assert sheet_of(path) == rows


WORDS = st.text("abcXYZ 019äß:#,;'\"-=@{}[]&*!%|>?~\\", min_size=1, max_size=12).map(str.strip)
NAMES = WORDS.filter(bool)
STYLES = ("  - {{{flow}}}   # {n}", "  - {{ {flow} }}", "  # {n}\n  - {block}", "  -   {wide}")


# What devices of each section may have in a file written by hand, and in a sheet.
SECTIONS = {"cameras": "C", "ups": "U", "links": "L", "workstations": "W", "recorders": "R1"}
SNMP = st.sampled_from(["no", "{credential: view}", "{credential: other, version: 3}", None])
WAYS = st.sampled_from(
    [("snmp", "{version: 1, credential: view}"), ("nut", "{ups: mast}"), ("apcupsd", "{}")]
)
DURATIONS = st.sampled_from(["", "60 s", "2 min", "1.5 h"])


@st.composite
def by_hand(draw: st.DrawFn, section: str, number: int) -> dict[str, str]:
    """A device as somebody has written it."""
    values = {"id": f"{SECTIONS[section]}{number}", "name": f"'{section} {number}: it''s'"}
    values |= {"site": draw(st.sampled_from("ab")), "address": address(section, number)}
    values |= (
        dict.fromkeys(["interval"], draw(DURATIONS.filter(bool))) if draw(st.booleans()) else {}
    )
    if section == "cameras":
        values["kind"] = draw(st.sampled_from(["fixed", "ptz"]))
        by_recorder = {"recorder": "R1", "channel": str(number)}
        values |= by_recorder if draw(st.booleans()) else {"recorder": "no"}
    if section in ("cameras", "recorders"):
        services = ["{port: 8080}", "{tls: yes}", "{port: 443, tls: yes}", "no", "{}"]
        values |= {"http": draw(st.sampled_from(services))} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        values["contractor"] = draw(st.sampled_from(["acme", "no"]))
    if section == "ups":
        return values | dict([draw(WAYS)])
    snmp = draw(SNMP)
    return values if snmp is None else values | {"snmp": snmp}


def address(section: str, number: int) -> str:
    return f"192.0.2.{20 * [*SECTIONS].index(section) + number + 1}"


@st.composite
def rows_of(draw: st.DrawFn, section: str, number: int) -> dict[str, str]:
    """The row of a device as people have edited it."""
    kind = estate_sheet.KIND_OF[section]
    row = dict.fromkeys(COLUMNS, "") | {
        "id": f"{SECTIONS[section]}{number}", "name": f"{draw(NAMES)} {section} {number}",
        "site": draw(st.sampled_from("ab")), "address": address(section, number), "kind": kind,
        "location": draw(WORDS), "priority": draw(st.sampled_from(["P1", "P3"])),
        "contractor": draw(st.sampled_from(["", "acme", "brown"])),
        "interval": draw(DURATIONS), "timeout": draw(st.sampled_from(["", "900 ms", "20 s"])),
        "parent": draw(st.sampled_from(["", "S1"])), "snmp": draw(st.sampled_from(["", "view", "other"])),
    }  # fmt: skip
    row["port"] = f"Gi1/0/{number}" if row["parent"] else ""
    if section in ("cameras", "recorders", "links"):
        row["credential"] = draw(st.sampled_from(["", "view", "other"]))
    if section == "cameras":
        row["kind"] = draw(st.sampled_from(["fixed", "ptz"]))
        row |= {"recorder": "R1", "channel": str(number)} if draw(st.booleans()) else {}
    if section in ("cameras", "recorders"):
        row["http"] = draw(st.sampled_from(["", "8080", "443 tls", "tls"]))
        row["rtsp"] = draw(st.sampled_from(["", "8554", "322 tls", "no"]))
        row["onvif"] = draw(st.sampled_from(["", "/onvif/device"]))
    row |= {"model": draw(WORDS), "serial": draw(st.sampled_from(["", "007"]))}
    if section == "recorders":
        row["make"] = draw(st.sampled_from(["onvif", "no", "axis"]))
    if section == "ups":
        way = draw(st.sampled_from(["snmp", "nut", "apcupsd"]))
        given = {"snmp": "view", "nut": "mast", "apcupsd": "3552"}
        row |= {one: given[one] if one == way else "" for one in given}
        row["nut_port"] = draw(st.sampled_from(["", "3494"])) if way == "nut" else ""
    if row["snmp"]:
        row["snmp_port"] = draw(st.sampled_from(["", "161", "1161"]))
        row["snmp_version"] = draw(st.sampled_from(["", "1", "2c"]))
    return row


@st.composite
def section_of(draw: st.DrawFn, section: str) -> str:
    """The devices of a section in one of the forms that people write."""
    texts, flows = [], []
    for n in range(draw(st.integers(0, 4))):
        pairs = [f"{key}: {value}" for key, value in draw(by_hand(section, n)).items()]
        forms = {
            "flow": ", ".join(pairs),
            "block": "   # end\n    ".join(pairs),
            "wide": "\n      ".join(pairs),
        }
        flows.append(f"{{{', '.join(pairs)}}}")
        texts.append(draw(st.sampled_from(STYLES)).format(n=n, **forms))
    if draw(st.booleans()):
        comma = draw(st.sampled_from([", ", ",  # next\n  "]))
        return f"{section}: [{comma.join(flows)}]"
    return "\n".join((f"{section}:", *texts)) if texts else "# none"


@st.composite
def estates(draw: st.DrawFn) -> tuple[str, list[dict[str, str]]]:
    """A file written by hand, and a sheet of its estate that people have edited."""
    written = [draw(section_of(section)) for section in ("cameras", "ups", "workstations")]
    numbers = st.lists(st.integers(0, 6), unique=True, max_size=4)
    # HEAD has a link and a recorder; new ones come below them.
    rows = [draw(rows_of(section, n)) for section in SECTIONS for n in draw(numbers)]
    return "\n".join((f"{HEAD.rstrip()}", *written, "# end\n")), rows


def guarded(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{key: estate_sheet.csv_text.guarded(text) for key, text in row.items()} for row in rows]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(estates(), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["", "\ufeff"]))
def test_there_and_back(
    tmp_path_factory: pytest.TempPathFactory,
    made: tuple[str, list[dict[str, str]]],
    line_end: str,
    bom: str,
) -> None:
    """The sheet of the new file has the same rows as the sheet that was taken; every line of the old
    file that says nothing of an edited device is in the new one, in its order.
    """
    text, rows = made
    path = tmp_path_factory.mktemp("there") / "config.yaml"
    path.write_bytes((bom + text).replace("\n", line_end).encode())
    before = path.read_bytes()
    taken(path, as_csv(guarded(sheet_of(path))))
    assert path.read_bytes() == before
    wanted = {row["id"]: row for row in rows}
    others = [row for row in sheet_of(path) if row["id"] in ("S1", "R1")]
    taken(path, as_csv(guarded([*rows, *others])), remove=True)
    after = {row["id"]: row for row in sheet_of(path)}
    assert after == wanted | {row["id"]: row for row in others}
    kept = [line for line in before.splitlines() if b"C" not in line and line.lstrip()[:1] == b"#"]
    left = iter(path.read_bytes().splitlines())
    assert all(line in left for line in kept)
    first = bom + HEAD.partition("links:")[0]
    assert path.read_bytes().startswith(first.replace("\n", line_end).encode())
    now = path.read_bytes()
    taken(path, as_csv(guarded(sheet_of(path))), remove=True)
    assert path.read_bytes() == now
