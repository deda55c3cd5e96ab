"""What config.yaml may ask of a recorder as data, and the exact sentence for everything that it may
not.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from helpers.recorder_readings import BOSCH, HTTP, SNMP, readings
from hypothesis import given, settings
from hypothesis import strategies as st

from healthmon.config import loading
from healthmon.config.problems import ConfigError
from healthmon.config.readings_schema import _PATH
from healthmon.model.readings import Reading, Request
from healthmon.protocols.values import selectors
from healthmon.protocols.vendor import rcp

HEAD = """sites: [{id: s}]
credentials: {view: {secret: {environment: HEALTHMON_TEST}}}
recorders:
  - id: R1
    name: Recorder 1
    site: s
    address: 192.0.2.9
"""
FIRST = HEAD.count("\n") + 1


def problems(folder: Path, text: str) -> list[str]:
    path = folder / "config.yaml"
    path.write_text(HEAD + text)
    with pytest.raises(ConfigError) as caught:
        loading.load(path)
    return [f"{p.line - FIRST}: {p.where}: {p.text}" for p in caught.value.problems]


def test_the_readings_become_what_the_makes_read(tmp_path: Path) -> None:
    status = readings("http", tmp_path).requests[0]
    assert isinstance(status, Request)
    assert status.readings[4] == Reading("cpu", fills="cpu_ratio", factor=0.01)
    assert status.readings[7] == Reading("openAlarms", name="open alarms", high=0.0)
    assert readings("snmp", tmp_path).objects[1].source == "1.3.6.1.4.1.8072.9999.9999.2.0"
    bosch = readings("bosch", tmp_path)
    assert (bosch.storage, bosch.clock, bosch.tracks) == (("D:",), True, False)
    assert bosch.rcp[1] == Reading(
        "0x0b0e",
        "channel",
        fills="state",
        words=(("1", "running"), ("0", "stopped")),
        type="T_DWORD",
        num="{channel}",
    )


def item(text: str) -> str:
    return f"    make: bosch\n    snmp: {{credential: view}}\n    objects:\n      - {text}\n"


def request(text: str) -> str:
    return f"    make: http\n    requests:\n      - {text}\n"


VALUES = "values: [{at: a, fills: name}]"
TYPES = (
    "2: recorder R1: 'type': 'T_DWORT' is not one of F_FLAG, T_OCTET, T_WORD, T_INT, T_DWORD, P_OCTET, P_STRING or "
    "P_UNICODE (did you mean 'T_DWORD'?)"
)
WRONG: list[tuple[str, list[str]]] = [
    ("    make: http\n", ["0: recorder R1: make http reads nothing by itself: give it 'requests'"]),
    ("    make: snmp\n    snmp: {credential: view}\n",
     ["0: recorder R1: make snmp reads nothing by itself: give it 'objects' or 'storage'"]),
    ("    make: hikvision\n    http: no\n", ["0: recorder R1: make hikvision is read by HTTP, but 'http' is no"]),
    ("    make: bosch\n    http: no\n",
     ["0: recorder R1: make bosch is read by HTTP or SNMP: 'http' is no and there is no 'snmp'"]),
    ("    make: onvif\n    tracks: yes\n", ["1: recorder R1: 'tracks' belongs to make bosch; this recorder has onvif"]),
    ('    rcp:\n      - {command: "0x0a07", type: T_DWORD, fills: cpu_ratio}\n',
     ["0: recorder R1: 'rcp' belongs to make bosch; this recorder has onvif"]),
    ('    make: bosch\n    storage: ["D:"]\n', ["1: recorder R1: 'storage' is read by SNMP: give this recorder its 'snmp'"]),
    (request(f"{{path: /q, method: POST, of: channel, rows: r, key: id, {VALUES}}}"),
     ["2: recorder R1: a POST is sent only where 'read_only: yes' says that it changes nothing"]),
    (request(f"{{path: /q, body: x, of: channel, rows: r, key: id, {VALUES}}}"), ["2: recorder R1: a GET has no body"]),
    (request(f"{{path: /q, of: channel, rows: r, {VALUES}}}"), ["2: recorder R1: 'rows' and 'key' go together"]),
    (request(f"{{path: /q, of: channel, {VALUES}}}"),
     ["2: recorder R1: which channel? give 'item', 'rows' with 'key', or {channel}"]),
    (request("{path: /q, of: disk, values: [{at: a, fills: state}]}"),
     ["2: recorder R1: which disk? give 'item', or 'rows' with 'key'"]),
    (request('{path: "/q/{channel}", values: [{at: a, fills: model}]}'),
     ["2: recorder R1: {channel} in 'path' needs 'of: channel', without 'rows'"]),
    (request("{path: /q, values: [{at: a//b, fills: model}]}"),
     ["2: recorder R1: 'at': 'a//b' is not a path; write for example cameras/name or disks/disk[0]/@status"]),
    (request("{path: q, values: [{at: a, fills: model}]}"),
     ["2: recorder R1: 'path': 'q' has characters that are not allowed there or a wrong form"]),
    (request("{path: /q, values: []}"), ["2: recorder R1: names nothing to read in the answer; give for example [{at: state, fills: state}]"]),
    (request("{path: /q, method: DELETE, values: [{at: a, fills: model}]}"),
     ["2: recorder R1: 'method': 'DELETE' is not one of GET or POST"]),
    (item("{oid: 1.3.6, fills: modle}"), ["3: recorder R1: 'oid': '1.3.6' is not an object with its instance; write for example 1.3.6.1.2.1.1.3.0"]),
    (item("{oid: 1.3.6.1.0, fills: modle}"), ["3: recorder R1: a recorder has no field 'modle' (did you mean 'model'?)"]),
    (item("{oid: 1.3.6.1.0, of: fan, item: f, fills: zzz}"), ["3: recorder R1: a fan has no field 'zzz'; it has well, rpm"]),
    (item("{oid: 1.3.6.1.0, name: x}"),
     ["3: recorder R1: fills no field and has no limit: give 'fills', or 'low', 'high' or 'well' with a 'name'"]),
    (item("{oid: 1.3.6.1.0, high: 5}"), ["3: recorder R1: a limit without 'fills' needs a 'name' for the sentence"]),
    (item("{oid: 1.3.6.1.0, name: x, low: 5, high: -1.5}"), ["3: recorder R1: 'low' 5 is above 'high' -1.5"]),
    (item("{oid: 1.3.6.1.0, name: x, high: hot}"), ["3: recorder R1: 'high': 'hot' is not a number; write for example 0.1 or -20"]),
    (item('{oid: "1.3.6.1.{channel}", name: x, high: 1}'), ["3: recorder R1: {channel} needs 'of: channel'"]),
    (item("{oid: 1.3.6.1.0, item: x, fills: model}"),
     ["3: recorder R1: 'item' names one channel, disk or fan; there is none to name here"]),
    (item('{oid: 1.3.6.1.0, of: disk, item: d, fills: state, words: {"1": good}}'),
     ["3: recorder R1: 'state' cannot be 'good'; it is one of ok, degraded, failed, absent, full"]),
    (item('{oid: 1.3.6.1.0, fills: overwriting, words: {"1": perhaps}}'),
     ["3: recorder R1: 'overwriting' cannot be 'perhaps'; it is one of yes, no"]),
    ('    make: bosch\n    rcp:\n      - {command: "0xA07", type: T_DWORD, fills: cpu_ratio}\n',
     ["2: recorder R1: 'command': '0xA07' has characters that are not allowed there or a wrong form"]),
    ('    make: bosch\n    rcp:\n      - {command: "0x0a07", type: T_DWORT, fills: cpu_ratio}\n',
     [TYPES]),
    ('    make: bosch\n    rcp:\n      - {command: "0x0a07", type: T_DWORD, direction: WRITE, fills: cpu_ratio}\n',
     ["2: recorder R1: unknown key 'direction'"]),
]  # fmt: skip


def test_every_slip_is_named_with_its_line_and_remedy(tmp_path: Path) -> None:
    found = [(text, problems(tmp_path, text)) for text, _ in WRONG]
    for (text, told), (_, wanted) in zip(found, WRONG, strict=True):
        assert told == wanted, text


def test_what_the_tests_of_the_makes_use_is_well() -> None:
    for text in (HTTP, SNMP, BOSCH):
        assert re.search(r"^    make: (http|snmp|bosch)$", text, re.MULTILINE)


@settings(max_examples=300)
@given(st.text(alphabet="ab/[]=@*.0: \u00e9-", min_size=1, max_size=24))
def test_a_path_that_the_configuration_takes_is_one_that_can_be_read(text: str) -> None:
    if _PATH.fullmatch(text):
        selectors.parse(text)
    else:
        with pytest.raises(ValueError, match="not a path"):
            selectors.parse(text)


def test_every_command_and_type_that_the_configuration_takes_can_be_asked() -> None:
    fields = loading.json_schema()["$defs"]["RcpCommand"]["properties"]
    for kind in fields["type"]["enum"]:
        assert rcp.path("0x0a07", kind).endswith(f"type={kind}&direction=READ&num=1")
