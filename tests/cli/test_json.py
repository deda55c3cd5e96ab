"""What commands print with ``--json`` is one JSON value that keeps to its schema in docs/json.md."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from helpers.commands import healthmon

from docs import json_output
from healthmon.access import kiosks, passwords, users
from healthmon.access.roles import Role
from healthmon.access.users import User
from healthmon.store import Store

pytestmark = pytest.mark.slow
DOCS = Path(__file__).parents[2] / "docs"
CONFIG = """
estate: {name: Example, time_zone: Europe/London}
agent: {state_directory: STATE, users_file: users}
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
    Store.open(f"sqlite:///{tmp_path / 'healthmon.db'}").close()
    return path


def printed(config: Path, name: str, *argv: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit code of a command and its rows, which keep to their schema."""
    code, out, err = healthmon(*name.split(), *argv, "--json", "--config", str(config))
    assert "Traceback" not in err
    rows = json.loads(out)
    schema = json.loads((DOCS / "json" / f"{name.replace(' ', '-')}.schema.json").read_text())
    jsonschema.validate(rows, schema)
    told: list[dict[str, Any]] = rows
    return code, told


def test_rows_keep_to_their_schema(config: Path) -> None:
    code, told = printed(config, "user list")
    assert (code, [(one["name"], one["role"], one["unix"]) for one in told]) == (
        0,
        [("ann", "manager", "ann")],
    )
    _, told = printed(config, "user kiosk list")
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


def test_every_command_with_json_is_on_the_page() -> None:
    page = (DOCS / "json.md").read_text()
    names = json_output.printing()
    assert len(names) > 10
    assert set(json_output.ROWS) <= set(names)
    assert [name for name in names if f"`healthmon {name} --json`" not in page] == []
