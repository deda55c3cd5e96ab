"""The shipped example loads, its schema is up to date, and every bad input gets its exact
sentence.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import jsonschema
import pytest
from helpers.plans import PLANS
from hypothesis import given, settings
from hypothesis import strategies as st

from healthmon.config import document, loading, secrets, units
from healthmon.config.problems import ConfigError
from healthmon.inventory import devices as inventory
from healthmon.inventory.maintenance import in_maintenance
from healthmon.model.device import asked as asked_of
from healthmon.model.enums import CheckName, Kind

ROOT = Path(__file__).parents[2]
HEAD = "sites: [{id: town}]\n"
CHANNELS = "; channels of one encoder need a stream 'path' each"
CAMERA = "  - {{id: {id}, name: {name}, site: town, address: {address}, kind: fixed{more}}}\n"


def camera(number: int, more: str = "", **own: str) -> str:
    values = {"id": f"C{number}", "name": f"Camera {number}", "address": f"192.0.2.{number}"} | own
    return CAMERA.format(**values, more=f", {more}" if more else "")


def problems(tmp_path: Path, text: str | bytes) -> list[str]:
    path = tmp_path / "config.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        loading.load(path)
    return [
        f"{p.line}: {p.where}: {p.text}" if p.where else f"{p.line}: {p.text}"
        for p in caught.value.problems
    ]


def test_the_example_loads_and_names_only_documentation_addresses():
    found = loading.load(ROOT / "config.yaml")
    devices = inventory.devices(found)
    assert all(d.address.startswith("192.0.2.") for d in devices if d.kind is not Kind.AGENT)
    planned = inventory.checks(found, devices, PLANS)
    made = asked_of(planned, {one.id: one for one in devices})
    asked = {(a.device, a.check_type) for a in made}
    assert ("C001", CheckName.STREAM) in asked
    assert ("C003", CheckName.CERTIFICATE) in asked
    assert not any(name == "D002" for name, _ in asked)


def test_the_minimal_example_loads_and_polls_its_camera():
    path = ROOT / "docs" / "examples" / "minimal.yaml"
    found = loading.load(path)
    devices = inventory.devices(found)
    planned = {(a.device, a.check_type) for a in inventory.checks(found, devices, PLANS)}
    assert {("C001", CheckName.REACH), ("C001", CheckName.STREAM)} <= planned
    assert len(path.read_text().splitlines()) <= 15
    jsonschema.validate(document.read(path).tree, loading.json_schema())


def test_the_schema_for_editors_is_up_to_date():
    assert json.loads((ROOT / "config.schema.json").read_text()) == loading.json_schema()


def test_o1_a_typo_is_named_with_its_line_and_a_suggestion(tmp_path):
    text = HEAD + "cameras:\n" + camera(1, "prioritty: P1") + "recorder: []\n"
    assert problems(tmp_path, text) == [
        "3: camera C1: unknown key 'prioritty' (did you mean 'priority'?)",
        "4: unknown key 'recorder' (did you mean 'recorders'?)",
    ]


def test_o1_every_problem_is_said_at_once(tmp_path):
    text = (
        HEAD
        + "cameras:\n"
        + camera(1, "interval: 60")
        + camera(2, "priority: high")
        + camera(3, "rtsp: {port: 99999}")
    )
    found = problems(tmp_path, text)
    assert [line.split(":")[0] for line in found] == ["3", "4", "5"]
    assert "has no unit" in found[0]


def test_o2_duplicates_name_both_lines(tmp_path):
    text = HEAD + "cameras:\n" + camera(1) + camera(2, id="C1") + camera(3, address="192.0.2.1")
    assert problems(tmp_path, text) == [
        "4: camera C1: id 'C1' is taken already (first on line 3)",
        f"5: camera C3: address '192.0.2.1' is taken already (first on line 3){CHANNELS}",
    ]
    assert problems(tmp_path, "sites: []\nestate: {}\nsites: []\n") == [
        "3: key 'sites' is there twice (first on line 1); delete one"
    ]


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &x [1]\nb: *x\n", "anchor"),
        ("a: !!python/object:os.system x\n", "tag"),
        ("sites:\n\t- {id: a}\n", "tab"),
        (b"\xff\xfea\x00:\x00", "UTF-16"),
        (b"a: \xff\xfe\n", "not UTF-8"),
        ("a: {b: 1}\n<<: {c: 1}\n", "merge"),
        (b"#" * (4 * 1024 * 1024 + 10), "4 MiB"),
        ("a: [1\n", "'[' is not closed by ']'"),
        ("- 1\n", "not a mapping"),
    ],
)
def test_o3_hostile_yaml_is_refused_quickly(tmp_path, text, words):
    began = time.process_time()
    assert words in " ".join(problems(tmp_path, text))
    assert time.process_time() - began < 1.5


def test_o3_a_byte_order_mark_is_no_trouble():
    assert document.parse(b"\xef\xbb\xbfsites: []\n", "c").tree == {"sites": []}


def test_o4_scalars_stay_what_was_written():
    tree = document.parse(b"a: NO\nb: 1:30\nc: 0123\nd: 12:34:56\ne: 1e3\nf: 1.10\n", "c").tree
    assert tree == {"a": "NO", "b": "1:30", "c": "0123", "d": "12:34:56", "e": "1e3", "f": "1.10"}


def test_o5_secrets_have_no_place_in_the_configuration(tmp_path):
    text = (
        HEAD
        + "credentials: {view: {username: u, password: p, secret: {environment: X}}}\ncameras:\n"
    )
    text += camera(1, "location: 'rtsp://user:pass@192.0.2.1/'")
    found = problems(tmp_path, text)
    assert any("unknown key 'password'" in line for line in found)
    text = text.replace("password: p, ", "")
    assert "a user name or password is in an address" in problems(tmp_path, text)[0]


def test_o5_a9_secret_files_that_others_can_read_are_refused(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("credentials: {view: {username: u, secret: {file: s}}}\n")
    found = loading.load(path)
    assert "cannot be read" in str(secrets.problems(found)[0])
    (tmp_path / "s").write_text("hush\n")
    (tmp_path / "s").chmod(0o644)
    assert "chmod 600" in str(secrets.problems(found)[0])
    (tmp_path / "s").chmod(0o600)
    assert secrets.problems(found) == []
    credential = secrets.resolve(found, "view")
    assert credential.password.reveal() == "hush"
    assert "hush" not in repr(credential) + str(credential)


@pytest.mark.slow
def test_a9_a_half_written_file_is_an_error_not_a_crash(tmp_path):
    whole = (ROOT / "config.yaml").read_bytes()
    path = tmp_path / "config.yaml"
    for cut in range(0, len(whole), 97):
        path.write_bytes(whole[:cut])
        try:
            loading.load(path)
        except ConfigError as error:
            assert str(error)


def test_o8_zones_parents_and_references(tmp_path):
    text = "estate: {time_zone: Europe/Lundon}\n" + HEAD
    assert "not a time zone" in problems(tmp_path, text)[0]
    text = (
        HEAD
        + "cameras:\n"
        + camera(1, "parent: C2")
        + camera(2, "parent: C1")
        + camera(3, "parent: C9")
    )
    found = problems(tmp_path, text)
    assert sum("circle" in line for line in found) == 2
    assert any("parent 'C9' is not in the configuration" in line for line in found)


def test_an_open_door_is_refused(tmp_path):
    assert (
        "needs both 'tls' and 'users_file'" in problems(tmp_path, "agent: {listen: 0.0.0.0}\n")[0]
    )


@pytest.mark.parametrize("state", ["deployed", "in_store", "in_transit"])
def test_only_a_deployable_camera_can_be_away(tmp_path, state):
    text = HEAD + "cameras:\n" + camera(1, f"state: {state}")
    path = tmp_path / "away.yaml"
    path.write_text(text.replace("kind: fixed", "kind: deployable"))
    assert inventory.devices(loading.load(path))[0].deployment == state
    if state != "deployed":
        assert f"only a camera of kind deployable can be {state}" in problems(tmp_path, text)[0]


def test_maintenance_is_local_time_across_the_clock_change(tmp_path):
    path = tmp_path / "config.yaml"
    window = "maintenance: [{sites: [town], start: 2026-10-19 08:00, end: 2026-10-19 09:00, repeat: weekly}]\n"
    path.write_text(HEAD + "cameras:\n" + camera(1) + window)
    found = loading.load(path)
    device = inventory.devices(found)[0]
    monday_summer, monday_winter = 1792393200.0 + 1800, 1792393200.0 + 7 * 86400 + 3600 + 1800
    assert in_maintenance(found, [device], monday_summer) == {device.id: "maintenance"}
    assert in_maintenance(found, [device], monday_winter) == {device.id: "maintenance"}
    assert in_maintenance(found, [device], monday_winter - 3600) == {}


@pytest.mark.slow
@pytest.mark.no_cover
def test_five_thousand_cameras_load_in_seconds(tmp_path):
    path = tmp_path / "config.yaml"
    rows = "".join(
        camera(n, address=f"10.{n // 60000}.{n // 250 % 250}.{n % 250 + 1}") for n in range(5000)
    )
    path.write_text(HEAD + "cameras:\n" + rows)
    began = time.process_time()
    assert len(loading.load(path).cameras) == 5000
    assert time.process_time() - began < 10


@given(st.floats(0, 1e6).map(lambda x: round(x, 3)), st.sampled_from(["s", "min", "h", "ms", "d"]))
def test_durations_keep_their_size(value, unit):
    factor = {"ms": 1e-3, "s": 1, "min": 60, "h": 3600, "d": 86400}[unit]
    assert units.seconds(f"{value:.3f} {unit}") == pytest.approx(round(value, 3) * factor)


@settings(max_examples=150)
@given(st.text(max_size=200))
def test_nothing_but_a_configuration_error_leaves_the_loader(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    path.write_text(text, errors="replace")
    try:
        loading.load(path)
    except ConfigError as error:
        assert str(error)


def test_o5_a_login_in_a_wrong_place_is_not_repeated_in_the_message(tmp_path):
    text = HEAD + "cameras:\n" + camera(1, "streams: [{path: 'rtsp://user:hushhush@192.0.2.1/x'}]")
    assert "hushhush" not in "\n".join(problems(tmp_path, text))


def test_the_agents_own_name_and_endless_windows_are_refused(tmp_path):
    text = HEAD + "cameras:\n" + camera(1, id="healthmon")
    assert "agent's own name" in problems(tmp_path, text)[0]
    window = "maintenance: [{sites: [town], start: 2026-10-01 08:00, end: 2026-10-19 09:00, repeat: weekly}]\n"
    assert "longer than a week" in problems(tmp_path, HEAD + window)[0]
