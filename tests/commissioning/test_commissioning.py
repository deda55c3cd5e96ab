"""What devices show against config.yaml, and what is written of it: pure."""

from __future__ import annotations

import pytest

from healthmon.commissioning.differences import Match, compared, to_write
from healthmon.commissioning.entries import Accepted, edited
from healthmon.commissioning.shown import Shown, ShownLine, rounded_rate, shown_of
from healthmon.commissioning.visit import visit_of
from healthmon.config import document
from healthmon.config.defaults_schema import KEYS
from healthmon.config.inheritance import Defaulting
from healthmon.model.device import Access, Check, Device, Tls
from healthmon.model.enums import CheckName, Kind, Reason, State
from healthmon.model.measurements import Certificate, Identity, Stream
from healthmon.model.results import CheckResult, Observation, Verdict

CAMERA = Device("C1", "North", Kind.CAMERA, "s", "192.0.2.1")
KEY = "ab" * 32


def result(check: CheckName, value, part: str = "", reason: Reason | None = None) -> CheckResult:
    state = State.UNKNOWN if reason else State.OK
    verdict = Verdict("C1", check, part, "aspect", state, "ok", f"says {check}", 0.0)
    seen = Observation("C1", check, part, 0.0, 0.1, value, reason)
    return CheckResult(Check("C1", check, part), seen, (verdict,))


IDENTITY = Identity("Acme", "Eye 30", "S7", "7.1", macs=("02:00:00:00:00:01",))
STREAM = Stream("/a", "tcp", 2.0, codec="h264", width=640, height=360, frames_per_second=24.8)


def certificate(*, trusted: bool) -> Certificate:
    return Certificate(443, 0.0, 1.0, "CN=eye", "CN=eye", KEY, trusted)


def test_the_values_have_the_keys_of_the_file():
    told = shown_of(
        CAMERA,
        [result(CheckName.IDENTITY, IDENTITY), result(CheckName.STREAM, STREAM, "main")],
    )
    assert told.why == ""
    assert told.values == {
        "commissioned.model": "Eye 30",
        "commissioned.serial": "S7",
        "commissioned.firmware": "7.1",
        "commissioned.mac": "02:00:00:00:00:01",
        "streams.main.codec": "h264",
        "streams.main.size": "640x360",
        "streams.main.frame_rate": "25",
    }
    assert Shown.of_json(told.as_json()) == told


def test_two_devices_on_one_address_are_not_commissioned():
    other = Identity("Acme", "Eye 30", "S7", alternates_with="S8")
    assert not shown_of(CAMERA, [result(CheckName.IDENTITY, other)]).values


@pytest.mark.parametrize(
    ("trust", "trusted", "pinned"),
    [
        (None, False, True),
        (None, True, False),  # a public CA vouches for it
        (Tls(ca_file="/etc/ca.pem"), False, False),
        (Tls(pin="cd" * 32), False, True),
    ],
)
def test_a_key_is_pinned_where_no_ca_vouches_for_it(trust, trusted, pinned):
    device = Device("C1", "N", Kind.CAMERA, "s", "192.0.2.1", access=Access(https=True, tls=trust))
    told = shown_of(device, [result(CheckName.CERTIFICATE, certificate(trusted=trusted))])
    assert ("tls.pin" in told.values) is pinned


def test_an_open_port_is_no_answer():
    results = [
        result(CheckName.REACH, "open"),
        result(CheckName.IDENTITY, None, reason=Reason.TIMEOUT),
    ]
    told = shown_of(CAMERA, results)
    assert told.why == "says identity"
    assert compared(told, {"commissioned": {"serial": "S7"}}) == ()


@pytest.mark.parametrize(
    ("measured", "written"),
    [
        (24.8, "25"),
        (12.9, "12.5"),
        (6.3, "6.25"),
        (1.02, "1"),
        (0.2, "0.2"),
        (29.97, "30"),
        (40.04, "40"),
    ],
)
def test_a_rate_is_written_as_cameras_are_set(measured, written):
    assert rounded_rate(measured) == written


def seen(**values: str) -> Shown:
    told = {key.replace("__", "."): value for key, value in values.items()}
    return Shown("C1", "North", "s", "camera", "192.0.2.1", values=told)


def test_each_key_is_new_the_same_other_or_not_shown():
    entry = {
        "commissioned": {"model": "eye-30", "serial": "S9", "mac": "02:00:00:00:00:01"},
        "streams": [{"codec": "h264", "frame_rate": "26"}],
    }
    told = seen(
        commissioned__model="Eye 30",
        commissioned__serial="S7",
        commissioned__firmware="7.1",
        streams__main__codec="h264",
        streams__main__size="640x360",
        streams__main__frame_rate="25",
    )
    found = {one.key: one.match for one in compared(told, entry)}
    assert found == {
        "commissioned.model": Match.SAME,
        "commissioned.serial": Match.OTHER,
        "commissioned.firmware": Match.NEW,
        "commissioned.mac": Match.UNTOLD,
        "streams.main.codec": Match.SAME,
        "streams.main.size": Match.NEW,
        "streams.main.frame_rate": Match.SAME,
    }
    differences = compared(told, entry)
    assert to_write(differences, others=False) == {
        "commissioned.firmware": "7.1",
        "streams.main.size": "640x360",
    }
    assert to_write(differences, others=True)["commissioned.serial"] == "S7"


FILE = """\
# Our estate
defaults:
  camera: {commissioned: {model: Eye 30}, streams: [{path: /a, codec: h264}]}
sites: [{id: s}]
cameras:
  - id: C1   # the first
    name: 'North'
    site: s
    address: 192.0.2.1
    commissioned:
      serial: S1   # on the label
      # bought in 2020
    streams:
      - name: main   # the wall
        path: /live
      - {name: sub, path: /sub}
    kind: fixed
  - {id: C2, name: South, site: s, address: 192.0.2.2, kind: fixed}   # the second
  - {id: C3, name: East, site: s, address: 192.0.2.3, kind: fixed, commissioned: {}, tls: {ca_file: x}}
"""


def accept(values: dict[str, dict[str, str]], text: str = FILE) -> str:
    """The new text, which reads as it should."""
    tree = document.parse(text.encode(), "").tree
    defaulting = Defaulting(tree, KEYS)
    accepted = [
        Accepted("cameras", number, defaulting.merged(entry, "camera")[0], values[entry["id"]])
        for number, entry in enumerate(tree["cameras"])
        if entry["id"] in values
    ]
    after, expected = edited(text, tree, accepted)
    assert document.parse(after.encode(), "").tree == expected
    return after


def test_only_what_was_accepted_changes_in_the_text():
    after = accept(
        {
            "C1": {
                "commissioned.serial": "S7",
                "commissioned.firmware": "7.1",
                "streams.main.size": "640x360",
                "streams.sub.codec": "h265",
                "tls.pin": KEY,
            }
        }
    )
    new = set(after.splitlines()) - set(FILE.splitlines())
    assert new == {
        "      serial: S7   # on the label",
        "      firmware: 7.1",
        "        size: 640x360",
        "      - {name: sub, path: /sub, codec: h265}",
        f"    tls: {{pin: {KEY}}}",
    }
    assert set(FILE.splitlines()) - set(after.splitlines()) == {
        "      serial: S1   # on the label",
        "      - {name: sub, path: /sub}",
    }


def test_what_a_device_inherits_is_not_written_again():
    after = accept(
        {
            "C2": {"commissioned.serial": "S2", "streams.main.size": "640x360"},
            "C3": {"commissioned.serial": "S3", "tls.pin": KEY},
        }
    )
    assert "streams: [{path: /a, codec: h264, size: 640x360}], commissioned: {serial: S2}}" in after
    assert f"commissioned: {{serial: S3}}, tls: {{ca_file: x, pin: {KEY}}}}}" in after
    assert after.count("Eye 30") == 1


def line(aspect: str, state: State, sentence: str) -> ShownLine:
    return ShownLine("stream", "main", aspect, state, "x", sentence)


def test_a_visit_shows_what_is_mended_left_and_new():
    old = Shown(
        "C1", "North", "s", "camera", "192.0.2.1", "", {"commissioned.firmware": "7.1"},
        {"view": "grey level 3", "time servers": ""},
        (
            line("pictures", State.FAULT, "no pictures"),
            line("loss", State.DEGRADED, "5 % lost"),
            line("keyframes", State.FAULT, "none"),
            line("login", State.OK, "accepted"),
        ),
    )  # fmt: skip
    new = Shown(
        "C1", "North", "s", "camera", "192.0.2.1", "", {"commissioned.firmware": "7.2"},
        {"view": "grey level 90", "time servers": "192.0.2.9"},
        (
            line("pictures", State.OK, "25 pictures/s"),
            line("loss", State.DEGRADED, "4 % lost"),
            line("keyframes", State.UNKNOWN, "not checked: busy"),
            line("login", State.FAULT, "refused"),
        ),
    )  # fmt: skip
    found = visit_of(old, new)
    assert [(row.what, row.before, row.now) for row in found.values] == [
        ("commissioned.firmware", "7.1", "7.2"),
        ("time servers", "", "192.0.2.9"),
    ]
    assert [row.before for row in found.mended] == ["no pictures"]
    assert [row.now for row in found.left] == ["4 % lost", "not checked: busy"]
    assert [row.now for row in found.fresh] == ["refused"]
    assert not visit_of(new, new).values
    silent = Shown("C1", "North", "s", "camera", "192.0.2.1", "no answer")
    assert visit_of(new, silent).values[0].now == "no answer"
    assert visit_of(None, new).values[0].before == "was not looked at"
