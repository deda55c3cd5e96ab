"""Where a PTZ camera looks, its presets and its privacy masks, as cameras tell them."""

from __future__ import annotations

import pytest

from healthmon.demo.listener import Listener
from healthmon.demo.onvif_sim import OnvifSim
from healthmon.demo.state import SimDevice
from healthmon.protocols.errors import NotFoundError, UnsupportedError
from healthmon.protocols.http.exchange import Endpoint
from healthmon.protocols.onvif import device, ptz
from healthmon.protocols.onvif.call import Calls
from healthmon.protocols.onvif.ptz import Position
from healthmon.protocols.transport.connector import Connector
from healthmon.protocols.transport.lockout_guard import LockoutGuard
from healthmon.protocols.values import xml
from healthmon.secret import Credential, Secret

ACCOUNT = Credential("view", "healthmon", Secret("view only"))
CORNERS = ((-0.5, 0.5), (0.0, 0.5), (0.0, -0.25))


def status(inside: str) -> ptz.Status:
    return ptz.status_of(xml.parse(f"<R><PTZStatus>{inside}</PTZStatus></R>".encode()))


@pytest.mark.parametrize(
    ("inside", "position", "moving"),
    [
        ('<Position><PanTilt x="0.5" y="-1"/><Zoom x="0"/></Position>', (0.5, -1.0, 0.0), None),
        ('<Position><PanTilt x="12.5" y="3"/></Position>', (12.5, 3.0, None), None),
        ('<Position><Zoom x="0"/></Position>', None, None),
        ('<Position><PanTilt x="nan" y="1"/></Position>', None, None),
        ('<Position><PanTilt x="0.5"/></Position>', None, None),
        ("<MoveStatus><PanTilt>IDLE</PanTilt><Zoom>MOVING</Zoom></MoveStatus>", None, True),
        ("<MoveStatus><PanTilt>Idle</PanTilt></MoveStatus>", None, False),
        ("<MoveStatus><PanTilt>UNKNOWN</PanTilt></MoveStatus>", None, None),
        ("", None, None),
    ],
)
def test_what_a_status_does_not_tell_is_not_known(inside, position, moving):
    found = status(inside)
    assert found.position == (Position(*position) if position else None)
    assert found.moving is moving


@pytest.mark.parametrize(
    ("said", "error"), [("NO error", ""), ("0", ""), ("motor blocked", "motor blocked")]
)
def test_an_error_that_says_there_is_none_is_none(said, error):
    assert status(f"<Error>{said}</Error>").error == error


def test_presets_without_a_token_and_doubles_are_left_out():
    rows = "<Preset><Name>a</Name></Preset><Preset token='7'/><Preset token='7'><Name>b</Name></Preset>"
    assert ptz.presets_of(xml.parse(f"<R>{rows}</R>".encode())) == (ptz.Preset("7", "7", None),)
    many = "".join(f"<Preset token='{n}'/>" for n in range(2 * ptz.MOST_PRESETS))
    assert len(ptz.presets_of(xml.parse(f"<R>{many}</R>".encode()))) == ptz.MOST_PRESETS


def test_a_mask_without_an_area_is_left_out():
    rows = "<Masks token='a'><Polygon><Point x='0' y='0'/></Polygon></Masks><Masks token='b'/>"
    assert ptz.masks_of(xml.parse(f"<R>{rows}</R>".encode())) == ()


def simulated(sim: SimDevice):
    """The calls to `sim`, served on loopback until the end of the test."""
    server = Listener(lambda: OnvifSim(sim), "127.0.0.1")
    sim.ports = type(sim.ports)(http=server.port)
    place = Endpoint("127.0.0.1", sim.ports.http)
    connector = Connector.of(["127.0.0.1"])
    return server, device.calls(connector, place, device.DEVICE_PATH, ACCOUNT, LockoutGuard())


def camera(**more) -> SimDevice:
    return SimDevice("C1", "North", "camera", "127.0.0.1", "market", **more)


async def read(calls: Calls):
    known = await ptz.services(calls)
    token = await ptz.profile(calls, known)
    views = calls.at(ptz.PTZ, known.ptz or "")
    return await ptz.presets(views, token), await ptz.status(views, token)


@pytest.mark.slow
async def test_a_ptz_camera_tells_its_presets_and_where_it_looks():
    sim = camera(variant="ptz")
    server, calls = simulated(sim)
    with server:
        sim.faults["ptz_position"] = (0.1, -0.2, 0.0)
        presets, where = await read(calls)
        assert [(one.token, one.name) for one in presets] == [
            ("1", "Market"),
            ("2", "Bus station"),
            ("3", "Car park"),
        ]
        assert where == ptz.Status(presets[1].position, moving=False)
        sim.faults["ptz_moving"] = True
        assert (await read(calls))[1].moving is True
        sim.faults["ptz_without_status"] = True
        with pytest.raises(UnsupportedError):
            await read(calls)
        assert sim.counters.writes_attempted == 0
        calls.connector.close()


async def test_a_fixed_camera_has_no_profile_that_pans_and_tells_its_masks():
    sim = camera(
        faults={
            "masks": {"m&1": {"corners": CORNERS}, "m2": {"corners": CORNERS, "enabled": False}}
        }
    )
    server, calls = simulated(sim)
    with server:
        known = await ptz.services(calls)
        assert known.ptz is None
        with pytest.raises(NotFoundError):
            await ptz.profile(calls, known)
        told = await ptz.masks(calls.at(ptz.MEDIA2, known.media2 or ""))
        assert told == (
            ptz.Mask("m&1", CORNERS, "color", enabled=True),
            ptz.Mask("m2", CORNERS, "color", enabled=False),
        )
        calls.connector.close()
