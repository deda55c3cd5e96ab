"""Whatever a recorder answers, a parser gives a value or a ExchangeError, for damaged real
replies too.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthmon.protocols.errors import ExchangeError
from healthmon.protocols.values import json as jsonread
from healthmon.protocols.values import selectors
from healthmon.protocols.vendor import dahua_cgi, isapi, isapi_search, rcp, vapix

pytestmark = pytest.mark.slow

TAGS = [
    "DeviceInfo",
    "Time",
    "localTime",
    "timeZone",
    "DeviceStatus",
    "CPU",
    "cpuUtilization",
    "deviceUpTime",
    "storage",
    "hdd",
    "nas",
    "hddName",
    "status",
    "capacity",
    "TrackList",
    "Track",
    "id",
    "Enable",
    "Duration",
    "durationEnabled",
    "CMSearchResult",
    "responseStatusStrg",
    "searchMatchItem",
    "trackID",
    "timeSpan",
    "startTime",
    "endTime",
    "day",
    "dayOfMonth",
    "record",
    "root",
    "disks",
    "disk",
    "recordings",
    "recording",
    "rcp",
    "result",
    "hex",
    "dec",
    "str",
    "err",
]
WORDS = st.sampled_from(
    ["", "true", "ok", "101", "-1", "1e999", "NaN", "P31D", "2026-11-23T21:00:00Z", "9999-99-99T99:99:99Z", "07 e6 0b", "0x40",
     "\u0663\u0662", "MORE", "recording", "7" * 5000 + "01", "41\u2028 42", "41\u00a042", "\u00b2", "-" + "9" * 40, "1_0"]
)  # fmt: skip
NAMES = st.sampled_from(
    ["diskid", "status", "totalsize", "starttime", "stoptime", "source", "wear"]
)


def element(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    attributes = st.dictionaries(NAMES, WORDS, max_size=3).map(
        lambda d: "".join(f' {k}="{v}"' for k, v in d.items())
    )
    made = st.tuples(st.sampled_from(TAGS), attributes, children)
    return made.map(lambda t: f"<{t[0]}{t[1]}>{t[2]}</{t[0]}>")


XML = st.recursive(
    WORDS, lambda inner: element(st.lists(inner, max_size=4).map("".join)), max_leaves=20
)
ROOTS = st.sampled_from([t for t in TAGS if t[0].isupper()] + ["storage", "root", "rcp"])
DOCUMENTS = st.tuples(ROOTS, XML).map(lambda t: f"<{t[0]}>{t[1]}</{t[0]}>".encode())
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), WORDS)
KEYS = st.sampled_from(["ChanStatus", "chanNo", "record", "signal", "state", "Main", "State", "data", "error", "client", "dateTime",
                        "staticServers", "propertyList", "uptime", "message"])  # fmt: skip
JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)
FIELDS = st.sampled_from(["list.info[0].State", "list.info[0].Detail[0].TotalBytes", "table.RecordMode[1].Mode", "channels[0]",
                          "items[0].StartTime", "items[0].EndTime", "found", "result", "version", "info[99999].x"])  # fmt: skip
TABLE = st.lists(st.tuples(FIELDS, WORDS), max_size=6).map(
    lambda rows: "\n".join(f"{k}={v}" for k, v in rows).encode()
)
ANY = st.binary(max_size=300)
OCTETS = st.binary(max_size=300).map(lambda raw: raw.hex(" "))
PARSERS: tuple[Callable[[bytes], object], ...] = (
    isapi.device_info, isapi.device_time, isapi.status, isapi.storage, isapi.inputs, isapi.tracks, isapi.channel_states,
    lambda body: isapi_search.search_page(body, "101"), isapi_search.daily, vapix.disks, vapix.disk_health, vapix.recordings,
    vapix.date_time, vapix.ntp_info, vapix.device_info, vapix.uptime, rcp.result, jsonread.parse, selectors.tree,
    dahua_cgi.current_time, dahua_cgi.system, dahua_cgi.software, dahua_cgi.disks, dahua_cgi.record_modes, dahua_cgi.titles,
    dahua_cgi.ntp, dahua_cgi.having, dahua_cgi.blind_detection, dahua_cgi.states, dahua_cgi.finder, dahua_cgi.files,
)  # fmt: skip
few = settings(max_examples=120)


def all_of(body: bytes) -> None:
    for parse in PARSERS:
        with contextlib.suppress(ExchangeError):
            parse(body)


@few
@given(st.one_of(ANY, TABLE, DOCUMENTS))
def test_every_parser(body: bytes) -> None:
    all_of(body)


@few
@given(JSON)
def test_every_parser_of_json(value: object) -> None:
    all_of(json.dumps(value).encode())


@few
@given(st.one_of(OCTETS, st.text(max_size=60)))
def test_rcp_decoders(text: str) -> None:
    for decode in (rcp.plain, rcp.serial, rcp.ratio, rcp.clock, rcp.octets):
        decode(text)
    with contextlib.suppress(ExchangeError):
        assert len(rcp.tracks(text)) <= len(text) // 20


@few
@given(st.text(alphabet="ab/[]=@*.0\u00e9 ", max_size=30), JSON)
def test_paths(text: str, value: object) -> None:
    with contextlib.suppress(ValueError):
        for node in selectors.parse(text).select(value):
            selectors.text_of(node)
