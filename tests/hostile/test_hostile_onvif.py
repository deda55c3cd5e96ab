"""One sweep by the real program of cameras whose ONVIF service breaks every rule while their
pictures are well.

Rows are those of the fault catalogue. Whether a camera's path is configured (`NAME`) or asked of it
(`NAME/asked`): trouble of ONVIF is never called a fault of the pictures, and nobody else is
contacted.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from helpers.fakes import onvif_camera
from helpers.fakes.rtsp_server import Camera, pictures
from helpers.hostile_estate import MIB, OTHER, PASSWORD, Bed, Swept, Ward, nobody_home, undisturbed
from helpers.hostile_replies import HOSTILE, Challenges
from helpers.support import need

pytestmark = pytest.mark.long
FORMS = {
    "c9_new_nonce": 'Digest realm="r", nonce="n#", qop="auth"',
    "c9_stale": 'Digest realm="r", nonce="n#", qop="auth", stale=true',
    "c9_basic": 'Basic realm="r"',
    "c9_empty_nonce": 'Digest realm="r", nonce=""',
}
FOREIGN = {
    "c21_xaddr": "127.0.0.2",
    "c21_link_local": "169.254.169.254",
    "c21_mapped": "[::ffff:127.0.0.2]",
    "c21_name": "localhost",
}
CODES = {"c1": {"timeout"}, "c4": {"timeout"}, "c21": {"address_mismatch"}, "c23": {"protocol"}}
ADDRESS = re.compile(
    r'sin6?_(?:addr=inet_addr\(|port=htons\(\d+\), (?:sin6_flowinfo=htonl\(0\), )?inet_pton\(AF_INET6, )"([^"]+)"'
)
NOT_UNDERSTOOD = {"protocol", "too_large"}


@dataclass
class Outcome:
    swept: Swept
    well: Swept
    worst: Swept
    beds: dict[str, Bed]
    cameras: dict[str, Camera]
    knocked: list[str]
    lockout_guard: dict[str, Challenges]
    contacted: set[str] | None


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return undisturbed(lambda: seen(tmp_path_factory.mktemp("ward")), lambda made: made.swept)


def seen(folder: Path) -> Outcome:
    lockout_guard = {name: Challenges(form) for name, form in FORMS.items()}
    handlers = {name: build() for name, build in HOSTILE.items()} | lockout_guard
    for name, host in FOREIGN.items():
        told = onvif_camera.Camera(
            "none",
            xaddr=f"http://{host}:{OTHER}/onvif/media",
            uri=f"rtsp://u:p@{host}:{OTHER}/live",
        )
        handlers[name] = told
    handlers["well"] = onvif_camera.Camera("none")
    cameras, beds = {}, {}
    for name, handler in handlers.items():
        for asked in (False, True):
            place = f"{name}/asked" if asked else name
            cameras[place] = Camera(packets=pictures(4000))
            more = {
                "onvif": "/onvif/device_service",
                "streams": [{} if asked else {"path": "/live"}],
            }
            beds[place] = Bed(place.replace("/", "_"), cameras[place].talk, http=handler, more=more)
    ward = Ward(folder, list(beds.values()))
    with nobody_home() as knocked, ward.open():
        well, worst = (
            ward.sweep("--device", name) for name in ("well_asked", "c22_many_attributes_asked")
        )
        calls = ward.folder / "calls"
        tracer = (
            "strace",
            "-f",
            "-qq",
            "--seccomp-bpf",
            "-e",
            "trace=connect,sendto,sendmsg,sendmmsg",
            "-o",
            str(calls),
        )
        ward.before = tracer if may_trace() else ()
        swept = ward.sweep()
    contacted = set(ADDRESS.findall(calls.read_text())) if ward.before else None
    return Outcome(swept, well, worst, beds, cameras, knocked, lockout_guard, contacted)


def may_trace() -> bool:
    """Whether this machine lets a process be traced."""
    need("strace")
    return not subprocess.run(
        ["strace", "-f", "-o", "/dev/null", "true"], capture_output=True, check=False
    ).returncode


def row(*prefixes: str) -> pytest.MarkDecorator:
    """The replies whose names begin so."""
    return pytest.mark.parametrize("name", [n for n in HOSTILE if n.startswith(prefixes)])


def named(outcome: Outcome, name: str) -> None:
    """Clock and identity are not checked, for the reason that it is; of the pictures nothing false
    is said.
    """
    wanted = CODES.get(name.split("_", maxsplit=1)[0], NOT_UNDERSTOOD)
    for place in (name, f"{name}/asked"):
        bed = outcome.beds[place]
        codes = {code for code, _ in outcome.swept.said(bed.id, "clock")}
        assert codes, "nothing is called well"
        assert codes <= wanted, outcome.swept.of(bed.id)
        assert {code for code, _ in outcome.swept.said(bed.id, "identity")} <= wanted | {
            "no_credential"
        }
        silent = name.startswith(("c1_", "c4_"))
        reach = [text for _, text in outcome.swept.said(bed.id, "reach")]
        assert not [text for text in reach if not silent or "answers nothing" not in text]
        assert max(one.most for one in bed.counted.values()) <= 1, "one connection at a time"
        assert outcome.cameras[place].methods.count("TEARDOWN") == outcome.cameras[
            place
        ].methods.count("PLAY")
    assert not outcome.swept.said(name, "stream")
    said = outcome.swept.said(outcome.beds[f"{name}/asked"].id, "stream")
    assert [code for code, _ in said] == ["not_reported"], said
    assert "pictures not checked" in said[0][1]


@row("c1_")
def test_c1_onvif_that_says_nothing(outcome: Outcome, name: str) -> None:
    named(outcome, name)


@row("c4_")
def test_c4_onvif_that_drips(outcome: Outcome, name: str) -> None:
    named(outcome, name)


@row("c5_")
def test_c5_onvif_with_headers_without_end(outcome: Outcome, name: str) -> None:
    named(outcome, name)


@row("c6_")
def test_c6_onvif_that_lies_about_its_length(outcome: Outcome, name: str) -> None:
    named(outcome, name)


@row("c7_")
def test_c7_something_else_on_the_onvif_port(outcome: Outcome, name: str) -> None:
    named(outcome, name)


@pytest.mark.parametrize("name", FORMS)
def test_c9_onvif_that_challenges_for_ever_gets_no_storm_of_answers(
    outcome: Outcome, name: str
) -> None:
    given = outcome.lockout_guard[name].given
    # Two addresses, so two accounts to be locked: one login each, and one more where a look was
    # cut off before the reply. A login whose nonce is called stale is answered twice more.
    assert given <= {"c9_basic": 0, "c9_stale": 4 * 3}.get(name, 4), given


@row("c21_")
def test_c21_onvif_that_redirects_is_not_followed(outcome: Outcome, name: str) -> None:
    named(outcome, name)


@pytest.mark.parametrize("name", FOREIGN)
def test_c21_addresses_that_onvif_names_are_used_for_their_path_only(
    outcome: Outcome, name: str
) -> None:
    place = f"{name}/asked"
    assert not outcome.swept.said(outcome.beds[place].id, "stream"), (
        "it is played at the configured address"
    )
    assert outcome.cameras[place].paths[0] in ("/live", "*")
    assert "PLAY" in outcome.cameras[place].methods


def test_c21_not_one_packet_goes_to_an_address_that_is_not_configured(outcome: Outcome) -> None:
    assert outcome.knocked == []


def test_c21_c22_the_kernel_was_asked_for_configured_addresses_only(outcome: Outcome) -> None:
    """G18: every connection and datagram of the whole sweep, as the system calls show them."""
    if outcome.contacted is None:
        pytest.skip("this machine does not let a process be traced")
    configured = {bed.address for bed in outcome.beds.values()}
    assert len(outcome.contacted) == len(configured)
    assert outcome.contacted <= configured


@row("c22_")
def test_c22_hostile_xml(outcome: Outcome, name: str) -> None:
    named(outcome, name)
    assert "root:" not in outcome.swept.text


@row("c23_")
def test_c23_a_compressed_answer(outcome: Outcome, name: str) -> None:
    named(outcome, name)


def test_c22_the_worst_document_costs_less_than_32_mib(outcome: Outcome) -> None:
    assert outcome.worst.memory - outcome.well.memory < 32 * MIB
    assert outcome.swept.memory - outcome.well.memory < 128 * MIB, (
        "nor do all of them together run away"
    )


def test_c4_to_c23_harm_no_other_camera(outcome: Outcome) -> None:
    for place in ("well", "well/asked"):
        assert not outcome.swept.said(outcome.beds[place].id, "reach", "stream", "identity")
    assert outcome.swept.sheet["took_seconds"] < 60
    assert PASSWORD not in outcome.swept.text
