"""The sentences and states of reach, identity and certificate."""

from __future__ import annotations

import pytest

from healthmon.checks.registry import evaluate
from healthmon.model.device import Access, Commissioned, Device
from healthmon.model.enums import CheckName, Kind, Reason, State
from healthmon.model.measurements import Certificate, Identity, Port, Reach
from healthmon.model.results import Measurement, Observation, Verdict

AT = 1_795_500_000.0
DAY = 86400.0
KNOWN = Commissioned("M1", "S7", "1.2", "00:1a:2b:3c:4d:5e")
DEVICE = Device(
    "C1",
    "Market",
    Kind.CAMERA,
    "s",
    "192.0.2.1",
    access=Access(onvif_path="/o", credential="c"),
    commissioned=KNOWN,
)


def verdicts(
    check_type: CheckName,
    value: Measurement | None,
    reason: Reason | None = None,
    device: Device = DEVICE,
    detail: str = "",
) -> dict[str, Verdict]:
    found = evaluate(Observation("C1", check_type, "", AT, 1.0, value, reason, detail), device)
    return {one.aspect: one for one in found}


def reach(*ports: Port) -> Verdict:
    return verdicts(CheckName.REACH, Reach(ports))["reach"]


RTSP, HTTP, PING = Port("rtsp", 554, 0.004), Port("http", 80, 0.012), Port("icmp", 0, 0.001)
RTSP_SILENT = Port("rtsp", 554, None, Reason.CONNECT_TIMEOUT, "TCP port 554: no answer in 3 s")
HTTP_SILENT = Port("http", 80, None, Reason.CONNECT_TIMEOUT, "TCP port 80: no answer in 3 s")
RTSP_REFUSED = Port("rtsp", 554, None, Reason.REFUSED, "TCP port 554: connection refused")


@pytest.mark.parametrize(
    ("ports", "state", "code", "sentence"),
    [
        ((RTSP, HTTP), State.OK, "ok", "RTSP 554 and HTTP 80 answer in 12 ms"),
        (
            (RTSP_SILENT, HTTP_SILENT),
            State.FAULT,
            "unreachable",
            "no answer on RTSP 554 and HTTP 80 in 3 s",
        ),
        ((RTSP_REFUSED, PING), State.FAULT, "unreachable", "answers ping, but RTSP 554 refused"),
        (
            (RTSP_SILENT, HTTP),
            State.DEGRADED,
            "part_unreachable",
            "HTTP 80 answers, but RTSP 554 gives no answer",
        ),
        (
            (Port("rtsp", 554, 2.5),),
            State.DEGRADED,
            "slow",
            "slow: RTSP 554 answers in 2.5 s (limit 1 s)",
        ),
        ((Port("icmp", 0, 0.0004),), State.OK, "ok", "answers ping in 0.4 ms"),
    ],
)
def test_reach_in_words(ports: tuple[Port, ...], state: State, code: str, sentence: str) -> None:
    told = reach(*ports)
    assert (told.state, told.code, told.sentence) == (state, code, sentence)


def test_reach_never_blames_the_device_for_our_trouble() -> None:
    for reason in (Reason.AGENT_RESOURCE, Reason.AGENT_NETWORK):
        assert reach(Port("rtsp", 554, None, reason)).state is State.UNKNOWN
        assert verdicts(CheckName.REACH, None, reason)["reach"].state is State.UNKNOWN
    assert verdicts(CheckName.REACH, None, Reason.BEHIND_PARENT)["reach"].state is State.UNKNOWN


def test_a_missing_ping_alone_is_no_fault() -> None:
    assert reach(Port("icmp", 0, None, Reason.TIMEOUT)).state is State.UNKNOWN
    assert reach().state is State.UNKNOWN


def test_n5_a_name_without_an_address_is_a_fault_that_says_dns() -> None:
    told = verdicts(CheckName.REACH, None, Reason.DNS)["reach"]
    assert (told.state, told.code) == (State.FAULT, "unreachable")
    assert "DNS" in told.sentence


def seen(**fields: object) -> Identity:
    return Identity(
        **{
            "model": "M1",
            "serial": "S7",
            "firmware": "1.2",
            "macs": ("00:1A:2B:3C:4D:5E",),
            **fields,
        }
    )  # type: ignore[arg-type]


OTHER = ("00:1A:2B:00:00:01",)


@pytest.mark.parametrize(
    ("identity", "state", "code"),
    [
        (seen(), State.OK, "ok"),
        (seen(model="m-1"), State.OK, "ok"),
        (seen(model="M1 rev B"), State.DEGRADED, "identity_changed"),
        (seen(macs=OTHER), State.DEGRADED, "identity_changed"),
        (seen(serial="S8"), State.DEGRADED, "identity_changed"),
        (seen(serial="S8", macs=OTHER), State.FAULT, "wrong_device"),
        (seen(serial="S8", macs=()), State.FAULT, "wrong_device"),
        (seen(serial="S8", macs=OTHER, model="M2"), State.FAULT, "wrong_device"),
        (seen(macs=OTHER, model="M2"), State.FAULT, "wrong_device"),
        (Identity(system="Acme"), State.OK, "ok"),
        (seen(alternates_with="S9"), State.FAULT, "duplicate_address"),
    ],
)
def test_c27_another_device_is_told_by_its_composite_fingerprint(
    identity: Identity, state: State, code: str
) -> None:
    told = verdicts(CheckName.IDENTITY, identity)["identity"]
    assert (told.state, told.code) == (state, code), told.sentence


def test_c27_the_sentence_names_both_sides() -> None:
    told = verdicts(CheckName.IDENTITY, seen(serial="S8", macs=OTHER))["identity"]
    assert (
        told.sentence
        == "another device answers: serial S8 instead of S7; MAC 00:1A:2B:00:00:01 instead of 00:1a:2b:3c:4d:5e"
    )


def test_c28_two_devices_in_turn_are_named() -> None:
    told = verdicts(CheckName.IDENTITY, seen(alternates_with="S9"))["identity"]
    assert told.sentence == "two devices answer in turn on this address: M1, serial S7, and S9"


def test_firmware_and_login_are_aspects_of_their_own() -> None:
    told = verdicts(CheckName.IDENTITY, seen(firmware="1.3"))
    assert (told["firmware"].state, told["firmware"].sentence) == (
        State.DEGRADED,
        "firmware 1.3 instead of 1.2",
    )
    assert told["identity"].state is State.OK
    assert told["login"].state is State.OK
    refused = verdicts(CheckName.IDENTITY, None, Reason.AUTH_FAILED)
    assert (refused["identity"].state, refused["login"].state) == (State.UNKNOWN, State.FAULT)
    assert refused["login"].code == "login_refused"
    assert "login" not in verdicts(CheckName.IDENTITY, None, Reason.REFUSED)


def certificate(**more: object) -> dict[str, Verdict]:
    fields = {
        "port": 443,
        "not_before": AT - DAY,
        "not_after": AT + 100 * DAY,
        "subject": "CN=c",
        "issuer": "CN=ca",
        "key": "k",
        "trusted": True,
    }
    return verdicts(CheckName.CERTIFICATE, Certificate(**{**fields, **more}))  # type: ignore[arg-type]


def test_c24_expiry_trust_and_strength_in_words() -> None:
    assert {one.state for one in certificate().values()} == {State.OK}
    soon = certificate(not_after=AT + 20 * DAY)["expiry"]
    assert (soon.state, soon.code, soon.value) == (State.DEGRADED, "certificate_expires", 20)
    assert "in 20 days" in soon.sentence
    assert certificate(not_after=AT - 3 * DAY)["expiry"].code == "certificate_expired"
    assert certificate(not_before=AT + DAY)["expiry"].code == "certificate_not_yet_valid"
    for problem, code in (
        ("self-signed", "certificate_untrusted"),
        ("its key is not the pinned one (changed key)", "certificate_changed"),
    ):
        told = certificate(trusted=False, problem=problem)["trust"]
        assert (told.state, told.code) == (State.FAULT, code)
        assert problem in told.sentence
    weak = certificate(weak="TLSv1 (TLSv1.2 needed)")["strength"]
    assert (weak.state, weak.code) == (State.DEGRADED, "certificate_weak")


def test_c24_a_handshake_that_fails_is_a_fault_of_trust() -> None:
    told = verdicts(
        CheckName.CERTIFICATE, None, Reason.TLS, detail="TCP port 443: TLS failed: no shared cipher"
    )
    assert (told["expiry"].state, told["trust"].state) == (State.UNKNOWN, State.FAULT)
    assert verdicts(CheckName.CERTIFICATE, None, Reason.REFUSED).keys() == {"expiry"}
