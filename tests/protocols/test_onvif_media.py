"""Where a device streams: Media and Media2, of scripted devices."""

from __future__ import annotations

import re

import pytest
from helpers.fakes.onvif_camera import PATH, RIGHT, WRONG, Camera
from helpers.loopback import says, served

from healthmon.protocols import trace
from healthmon.protocols.errors import ExchangeError, NotFoundError, ProtocolError, UnsupportedError
from healthmon.protocols.http.exchange import Endpoint
from healthmon.protocols.onvif import media as onvif_media
from healthmon.protocols.onvif.profiles import Choice, Wanted
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard

pytestmark = pytest.mark.slow

NET = Connector.of(["127.0.0.1"])


async def test_c21_only_the_path_of_a_named_address_is_used() -> None:
    async with served(says(b""), host="127.0.0.2") as elsewhere:
        port = elsewhere.port
        for host in ("127.0.0.2", "169.254.169.254", "[::ffff:127.0.0.2]", "evil.example"):
            camera = Camera(
                xaddr=f"http://{host}:{port}/onvif/media",
                uri=f"rtsp://u:secret@{host}:{port}/live/1?a=b",
            )
            told = trace.Trace(keep_notes=True)
            async with served(camera) as server:
                with trace.recording(told):
                    path = (
                        await onvif_media.stream_address(
                            NET, Endpoint("127.0.0.1", server.port), PATH, RIGHT, LockoutGuard()
                        )
                    ).path
            assert path == "/live/1?a=b"
            notes = "\n".join(note[2] for note in told.notes)
            assert "address_mismatch" in notes
            assert "secret" not in notes
            assert "right" not in notes
    assert elsewhere.connections == 0


@pytest.mark.parametrize(
    ("uri", "port"),
    [
        ("rtsp://127.0.0.1/a", 554),
        ("rtsps://127.0.0.1/a", 322),
        ("rtsp://u:p@127.0.0.1:8554/a", 8554),
        ("rtsp://u:p/a#s?s@w@127.0.0.1:8554/a", 8554),
        ("rtsp://u:p/@192.168.1.10/a", 554),
        ("rtsp://127.0.0.1:99999/a", None),
        ("/a", None),
    ],
)
async def test_the_port_is_told_and_not_used(uri: str, port: int | None) -> None:
    async with served(Camera(login="none", uri=uri)) as server:
        place = Endpoint("127.0.0.1", server.port)
        found = await onvif_media.stream_address(NET, place, PATH, RIGHT, LockoutGuard())
        assert (found.path, found.port) == ("/a", port)


@pytest.mark.parametrize(
    ("uri", "bare"),
    [
        ("RTSP://u:p@Camera-1/a", "RTSP://Camera-1/a"),
        ("rtsp://u:p@camera-1", "rtsp://camera-1"),
        ("rtsp://u@camera-1:554/b@10.0.0.1/a", "rtsp://10.0.0.1/a"),
        ("rtsp://u:p@camera-10/a", "rtsp://u:p@camera-10/a"),
        ("rtsp://u:p@10.0.0.1234/a", "rtsp://u:p@10.0.0.1234/a"),
        ("rtsp://camera-1/a?of=http://u:p@10.0.0.1/", "rtsp://camera-1/a?of=http://u:p@10.0.0.1/"),
        ("//u:p@camera-1/a", "//u:p@camera-1/a"),
    ],
)
def test_user_information_ends_at_the_last_at_sign_before_a_host(uri: str, bare: str) -> None:
    assert onvif_media._without_user(uri, "camera-1") == bare


def test_no_pattern_is_compiled_for_each_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache of `re` holds 512: of 1,000 cameras each would be compiled at every check."""
    compiled: list[str] = []
    real = re._compiler.compile  # type: ignore[attr-defined]
    monkeypatch.setattr(
        "re._compiler.compile",
        lambda pattern, flags: compiled.append(pattern) or real(pattern, flags),
    )
    for number in range(3):
        onvif_media._without_user(f"rtsp://u:p@camera-{number}/a", f"camera-{number}")
    assert compiled == []


@pytest.mark.parametrize("path", ["/live@1/a?b=c@d", "/relay?of=rtsp://u:p@192.168.1.10/a"])
async def test_a_path_may_hold_an_at_sign(path: str) -> None:
    async with served(Camera(login="none", uri=f"rtsp://127.0.0.1{path}")) as server:
        place = Endpoint("127.0.0.1", server.port)
        assert (
            await onvif_media.stream_address(NET, place, PATH, RIGHT, LockoutGuard())
        ).path == path


async def test_the_profile_asked_for_must_exist() -> None:
    async with served(Camera()) as server:
        place = Endpoint("127.0.0.1", server.port)
        found = await onvif_media.stream_address(
            NET, place, PATH, RIGHT, LockoutGuard(), choice=Choice((Wanted(),) * 2, 1)
        )
        assert found.path == "/stream1?channel=1"
        with pytest.raises(NotFoundError):
            await onvif_media.stream_address(
                NET, place, PATH, RIGHT, LockoutGuard(), choice=Choice((Wanted(),) * 3, 2)
            )


@pytest.mark.parametrize(
    "uri", ["", "rtsp://[bad", "rtsp://127.0.0.1/a\tb c", "rtsp://127.0.0.1/é"]
)
async def test_a_stream_uri_that_is_none_is_a_protocol_error(uri: str) -> None:
    async with served(Camera(uri=uri)) as server:
        with pytest.raises(ProtocolError):
            await onvif_media.stream_address(
                NET, Endpoint("127.0.0.1", server.port), PATH, RIGHT, LockoutGuard()
            )


async def test_an_odd_answer_is_a_protocol_error() -> None:
    for odd in ("", "<x/>", "<tds:GetCapabilitiesResponse/>"):
        async with served(
            Camera(replies={"GetDeviceInformation": odd, "GetCapabilities": odd})
        ) as server:
            with pytest.raises(ExchangeError):
                await onvif_media.stream_address(
                    NET, Endpoint("127.0.0.1", server.port), PATH, RIGHT, LockoutGuard()
                )


MEDIA2 = '<x:{0}Response xmlns:x="http://www.onvif.org/ver20/media/wsdl">{1}</x:{0}Response>'
UNKNOWN = (
    "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:ActionNotSupported</s:Value></s:Subcode>"
    "</s:Code><s:Reason><s:Text>no such operation</s:Text></s:Reason></s:Fault>"
)


def services(*versions: str) -> str:
    rows = "".join(
        f"<tds:Service><tds:Namespace>http://www.onvif.org/{version}/media/wsdl</tds:Namespace>"
        f"<tds:XAddr>http://127.0.0.1/{version}</tds:XAddr></tds:Service>"
        for version in versions
    )
    return f"<tds:GetServicesResponse>{rows}</tds:GetServicesResponse>"


async def path_of(camera: Camera, index: int = 0) -> str:
    async with served(camera) as server:
        place = Endpoint("127.0.0.1", server.port)
        return (
            await onvif_media.stream_address(
                NET,
                place,
                PATH,
                RIGHT,
                LockoutGuard(),
                choice=Choice((Wanted(),) * (index + 1), index),
            )
        ).path


async def test_a_device_that_streams_by_media2_only() -> None:
    profiles = MEDIA2.format("GetProfiles", '<x:Profiles token="a&amp;b"/><x:Profiles token="c"/>')
    uri = MEDIA2.format("GetStreamUri", "<x:Uri>rtsp://10.1.1.1/two?x=1&amp;y=2</x:Uri>")
    replies = {
        "GetCapabilities": "<tds:GetCapabilitiesResponse><tds:Capabilities/></tds:GetCapabilitiesResponse>",
        "GetServices": services("ver20"),
        "GetProfiles": profiles,
        "GetStreamUri": uri,
    }
    camera = Camera(replies=replies)
    assert await path_of(camera) == "/two?x=1&y=2"
    assert camera.refused == 0


async def test_a_device_without_get_capabilities_is_asked_for_its_services() -> None:
    camera = Camera(replies={"GetCapabilities": UNKNOWN, "GetServices": services("ver10")})
    assert await path_of(camera) == "/stream1?channel=1"


async def test_a_device_without_any_media_service_is_unsupported() -> None:
    with pytest.raises(UnsupportedError, match="no media service"):
        await path_of(Camera(replies={"GetCapabilities": UNKNOWN, "GetServices": services()}))


async def test_profiles_without_an_encoder_are_not_counted() -> None:
    """A metadata or audio profile may stand first; GetStreamUri of it is a fault on many
    devices.
    """
    encoder = "<tt:VideoEncoderConfiguration token='v'/>"
    rows = f'<trt:Profiles token="m"/><trt:Profiles token="v0">{encoder}</trt:Profiles><trt:Profiles token="v1">{encoder}</trt:Profiles>'
    camera = Camera(
        replies={"GetProfiles": f"<trt:GetProfilesResponse>{rows}</trt:GetProfilesResponse>"}
    )
    await path_of(camera, 1)
    assert "<ProfileToken>v1</ProfileToken>" in camera.bodies["GetStreamUri"]
    with pytest.raises(NotFoundError, match="profile 3 of 2"):
        await path_of(camera, 2)


async def test_a_token_in_a_namespace_and_an_address_escaped_twice() -> None:
    row = '<trt:Profiles tt:token="p7"/>'
    camera = Camera(
        replies={"GetProfiles": f"<trt:GetProfilesResponse>{row}</trt:GetProfilesResponse>"},
        uri="rtsp://127.0.0.1/live?channel=1&amp;amp;subtype=0",
    )
    assert await path_of(camera) == "/live?channel=1&subtype=0"
    assert "<ProfileToken>p7</ProfileToken>" in camera.bodies["GetStreamUri"]


async def test_wrong_namespaces_soap_1_1_padding_and_no_content_length() -> None:
    camera = Camera(strange=True)
    assert await path_of(camera) == "/stream1?channel=1"


async def test_one_refused_login_for_the_whole_look() -> None:
    camera, guard = Camera(login="token"), LockoutGuard()
    async with served(camera) as server:
        place = Endpoint("127.0.0.1", server.port)
        await onvif_media.stream_address(NET, place, PATH, RIGHT, guard)
        assert (camera.lockout_guard, camera.refused, server.connections) == (3, 0, 4), (
            "the kind of login is learned"
        )
        with pytest.raises(ExchangeError):
            await onvif_media.stream_address(NET, place, PATH, WRONG, guard)
    assert camera.refused == 1


@pytest.mark.parametrize(("status", "refused"), [("403 Forbidden", 0), ("401 Unauthorized", 0)])
async def test_a_refusal_of_no_login_is_not_counted(status: str, refused: int) -> None:
    """Some answer 403, or 401 without a challenge, to a request without a login: the token has not
    been refused.
    """
    camera = Camera(login="token", refusal_status=status)
    assert await path_of(camera) == "/stream1?channel=1"
    assert camera.refused == refused
