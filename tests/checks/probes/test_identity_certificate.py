"""Identity and certificate probes against real TLS servers and a scripted ONVIF device."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from helpers.fakes.onvif_camera import PATH, Camera
from helpers.loopback import http, make_pair, says, served

from healthmon.checks.probes import certificate, identity
from healthmon.checks.probes.context import ProbeContext
from healthmon.checks.probes.endpoints import http_endpoint, rtsp_endpoint
from healthmon.model.device import Access, Check, Device, Tls
from healthmon.model.enums import CheckName, Kind
from healthmon.protocols.errors import AuthFailedError, TlsError, UnsupportedError
from healthmon.protocols.onvif import device as onvif
from healthmon.protocols.transport import tls
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.secret import Credential, Secret

ASK = Check("C1", CheckName.CERTIFICATE)


def context() -> ProbeContext:
    return ProbeContext(
        Connector.of(["127.0.0.1"], connect_seconds=1),
        LockoutGuard(),
        lambda name: Credential(name, "u", Secret("p")),
    )


def device(**access: object) -> Device:
    return Device("C1", "Market", Kind.CAMERA, "s", "127.0.0.1", access=Access(**access))  # type: ignore[arg-type]


async def test_c24_a_pinned_certificate_is_trusted_and_its_weakness_told(tmp_path: Path) -> None:
    pair = make_pair(tmp_path, "cam", bits=1024)
    key = tls.key_hash(pair.certificate.public_bytes(Encoding.DER))
    async with served(says(http()), tls=pair.server(weak=True)) as server:
        seen = await certificate.probe(
            device(http_port=server.port, https=True, tls=Tls(pin=key)), ASK, context()
        )
    assert (seen.trusted, seen.problem, seen.key, seen.port) == (True, "", key, server.port)
    assert "RSA key of 1024 bits" in seen.weak
    assert seen.subject == "CN=cam"
    assert seen.not_after == pair.certificate.not_valid_after_utc.timestamp()


@pytest.mark.parametrize(
    ("days", "words"), [((-9, -1), "expired"), ((1, 9), "not yet valid"), ((-1, 9), "")]
)
async def test_c24_a_certificate_of_our_ca(
    tmp_path: Path, days: tuple[float, float], words: str
) -> None:
    authority = make_pair(tmp_path, "ca", authority=True, address=None)
    pair = make_pair(tmp_path, "cam", days=days, issuer=authority)
    async with served(says(http()), tls=pair.server()) as server:
        how = Tls(ca_file=str(authority.file))
        seen = await certificate.probe(
            device(rtsp_port=server.port, rtsps=True, tls=how), ASK, context()
        )
    assert (seen.trusted, seen.problem, seen.weak) == (not words, words, "")


async def test_c24_wrong_name_self_signed_and_changed_key_in_words(tmp_path: Path) -> None:
    authority = make_pair(tmp_path, "ca", authority=True, address=None)
    other = make_pair(tmp_path, "other", issuer=authority, address="127.0.0.9")
    async with served(says(http()), tls=other.server()) as server:
        for how, words in (
            (Tls(ca_file=str(authority.file)), "another name or address"),
            (Tls(pin="ab" * 32), "changed key"),
            (None, "not trusted"),
        ):
            seen = await certificate.probe(
                device(http_port=server.port, https=True, tls=how), ASK, context()
            )
            assert not seen.trusted
            assert words in seen.problem


async def test_a_port_without_tls_or_no_port_at_all_is_told() -> None:
    with pytest.raises(UnsupportedError):
        await certificate.probe(device(http_port=80), ASK, context())

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(http(b"", "400 Bad Request"))
        await writer.drain()

    async with served(plain) as server:
        with pytest.raises(TlsError):
            await certificate.probe(device(http_port=server.port, https=True), ASK, context())


async def test_identity_by_key_alone(tmp_path: Path) -> None:
    pair = make_pair(tmp_path, "cam")
    async with served(says(http()), tls=pair.server()) as server:
        seen = await identity.probe(device(http_port=server.port, https=True), ASK, context())
    assert seen.key == tls.key_hash(pair.certificate.public_bytes(Encoding.DER))
    assert seen.model is None


def said(text: str) -> str:
    reason = f"<s:Reason><s:Text>{text}</s:Text></s:Reason>"
    return f"<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code>{reason}</s:Fault>"


@pytest.mark.parametrize(
    "answer",
    [
        said("Action not supported: http://www.onvif.org/ver10/device/wsdl/GetNetworkInterfaces"),
        said("Internal error"),
        "<tds:SomethingElse/>",
    ],
)
async def test_an_identity_is_not_lost_because_the_mac_is_not_told(answer: str) -> None:
    """ipycam, a camera in Python, does not know GetNetworkInterfaces and says so without
    any code.
    """
    camera = Camera(login="none", replies={"GetNetworkInterfaces": answer})
    async with served(camera) as server:
        seen = await identity.probe(device(http_port=server.port, onvif_path=PATH), ASK, context())
    assert (seen.model, seen.serial, seen.firmware, seen.macs) == ("M1", "S7", "1.2", ())


async def test_identity_without_any_way_is_unsupported() -> None:
    with pytest.raises(UnsupportedError):
        await identity.probe(device(rtsp_port=554), ASK, context())


async def test_c28_two_devices_on_one_address_are_told_by_taking_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    serials = iter(["A", "A", "B", "A", "B"])

    async def information(*_: object, **__: object) -> onvif.DeviceInformation:
        return onvif.DeviceInformation(
            "Acme\x00\n" + "x" * 300, "M\x1b[31m", None, next(serials), ""
        )

    async def macs(*_: object, **__: object) -> tuple[str, ...]:
        return ("00-1a-2b-3c-4d-5e", "000000000000", "nonsense")

    async def clock(*_: object, **__: object) -> None:
        raise UnsupportedError("no")

    monkeypatch.setattr(onvif, "device_information", information)
    monkeypatch.setattr(onvif, "network_interfaces", macs)
    monkeypatch.setattr(onvif, "device_time", clock)
    shared, camera = context(), device(http_port=80, onvif_path="/onvif", credential="c")
    seen = [await identity.probe(camera, ASK, shared) for _ in range(5)]
    assert [one.alternates_with for one in seen] == [None, None, None, "B", "A"]
    assert seen[0].macs == ("00:1A:2B:3C:4D:5E",)
    assert seen[0].hardware is None
    assert len(seen[0].manufacturer or "") == 128
    assert (seen[0].model or "").isprintable()


async def test_a_refused_login_is_not_hidden_by_other_ways(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def refused(*_: object, **__: object) -> None:
        raise AuthFailedError("login refused")

    async def clock(*_: object, **__: object) -> None:
        raise UnsupportedError("no")

    monkeypatch.setattr(onvif, "device_information", refused)
    monkeypatch.setattr(onvif, "device_time", clock)
    async with served(says(http()), tls=make_pair(tmp_path, "cam").server()) as server:
        with pytest.raises(AuthFailedError):
            await identity.probe(
                device(http_port=server.port, https=True, onvif_path="/o", credential="c"),
                ASK,
                context(),
            )


def test_places_follow_the_configuration() -> None:
    plain = device(rtsp_port=554, http_port=8080)
    assert (rtsp_endpoint(plain), http_endpoint(device())) == (rtsp_endpoint(plain), None)
    assert rtsp_endpoint(plain) is not None
    assert getattr(http_endpoint(plain), "tls", 1) is None
    secure = http_endpoint(
        device(http_port=443, https=True, tls=Tls(pin="a" * 64, server_name="cam.example"))
    )
    assert secure
    assert (secure.tls, secure.server_name, secure.origin) == (
        tls.context(pin="a" * 64),
        "cam.example",
        "https://127.0.0.1",
    )


@pytest.mark.parametrize(
    ("marks", "other"),
    [("A", None), ("AB", None), ("AAB", None), ("ABA", "B"), ("ABAB", "A"), ("ABBB", None)],
)
def test_c28_a_swap_is_no_taking_turns(marks: str, other: str | None) -> None:
    assert identity.taking_turns(marks) == other
