"""The time of a camera by ONVIF against a fresh ONVIFCamera of onvif-zeep (its imports are not
counted).
"""

from __future__ import annotations

import subprocess
import sys

from benchmarks._application import build
from benchmarks._measure import Row, estate, ms_each, pin_child
from healthmon.protocols.http.exchange import Endpoint
from healthmon.protocols.onvif import device

PORT, ROUNDS = 8080, 3
THEIRS = """
import os, sys, onvif
folder = next(p for p in (os.path.join(os.path.dirname(onvif.__file__), 'wsdl'),
    os.path.join(os.path.dirname(os.path.dirname(onvif.__file__)), 'wsdl')) if os.path.isdir(p))
def used():
    t = os.times(); return t.user + t.system
began = used()
camera = onvif.ONVIFCamera(sys.argv[1], int(sys.argv[2]), 'healthmon', 'view only', folder)
assert camera.devicemgmt.GetSystemDateAndTime().UTCDateTime
print((used() - began) * 1000)
"""


def rows() -> list[Row]:
    with estate(20) as path:
        application = build(path)
        addresses = [d.address for d in application.estate.devices.values() if d.id.startswith("C")]
        connector, turn = application.context.connector, iter(range(10**9))

        async def ours() -> None:
            place = Endpoint(addresses[next(turn) % len(addresses)], PORT)
            assert (await device.device_time(connector, place)).utc is not None

        mine = ms_each(ours, 1000)
        argv = [sys.executable, "-W", "ignore", "-c", THEIRS, addresses[0], str(PORT)]
        runs = [
            subprocess.check_output(argv, text=True, preexec_fn=pin_child(0)) for _ in range(ROUNDS)
        ]
        return [
            Row(
                "ONVIF time against a fresh ONVIFCamera",
                mine,
                min(map(float, runs)),
                gate=1 / 100,
            )
        ]
