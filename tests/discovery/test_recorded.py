"""Which recorder a new camera is given, by the names of both."""

from __future__ import annotations

from healthmon.discovery.found import Found, OnvifDevice
from healthmon.discovery.proposal import Proposal
from healthmon.discovery.recorded import with_recorders


def camera(number: int, name: str, **more) -> Proposal:
    address = f"192.0.2.{number}"
    found = Found(address, onvif=OnvifDevice(80, "/", names=(name,)))
    return Proposal(found, "cameras", "sure", (), {"id": f"c{number}"}, **more)


def recorder(id_: str, *channels: str, **more) -> Proposal:
    found = Found("192.0.2.200", channels=channels)
    return Proposal(found, "recorders", "sure", (), {"id": id_}, **more)


def test_a_camera_has_the_channel_that_bears_its_name():
    told = with_recorders(
        [
            camera(1, "Market Place  North"),
            camera(2, "Camera 02"),
            camera(3, "Bridge"),
            camera(4, "Steps"),
            camera(5, "Steps"),
            camera(6, "Gate", known="C6"),
            camera(7, "Alone"),
            camera(8, "Arcade"),
            recorder("r1", "REC001 (Market Place north)", "REC002 (Camera 02)", "REC003 (Bridge)"),
            recorder("r2", "1 (Bridge)", "2 (Steps)", "3 (Gate)", "Arcade", known="R2"),
        ]
    )
    given = {one.entry["id"]: one.entry.get("recorder") for one in told}
    assert given == {
        "c1": "r1",
        "c2": None,  # a name that the maker has given
        "c3": None,  # two recorders have it
        "c4": None,  # two cameras have it
        "c5": None,
        "c6": None,  # is in config.yaml already
        "c7": None,
        "c8": "R2",
        "r1": None,
        "r2": None,
    }
    assert (told[0].entry["channel"], told[7].entry["channel"]) == ("REC001", "Arcade")
    assert told[0].reasons == ("likely channel REC001 of r1, which has its name",)
