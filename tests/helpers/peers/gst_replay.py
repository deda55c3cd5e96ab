"""A GStreamer ONVIF replay server for the system's Python: ``gst_replay.py ADDRESS PORT FILE BEGAN
USER PASSWORD [FILE...]``.

BEGAN is the Unix time at which FILE was "recorded". Paths /replay/REC001 (right), /replay/REC002
(dated an hour late), and /replay/REC003 and so on for further files. All but the meaning of the time line is GStreamer's: Require, Range,
Rate-Control, Frames and 0xABAC.
"""

import calendar
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

Gst.init(None)  # before a class of its types is made
ADDRESS, PORT, FILE, BEGAN, USER, PASSWORD, *MORE = sys.argv[1:]
NTP_TO_UNIX = 2208988800
LAUNCH = (
    "( filesrc location={} ! qtdemux ! h264parse ! rtph264pay pt=96 config-interval=1 "
    "! rtponviftimestamp name=pay0 set-e-bit=true set-t-bit=true ntp-offset={} drop-out-of-segment=false )"
)


class Footage(GstRtspServer.RTSPOnvifMedia):
    """A file whose time line begins at BEGAN."""

    def do_convert_range(self, asked, unit):
        if asked.unit == GstRtsp.RTSPRangeUnit.CLOCK and unit == GstRtsp.RTSPRangeUnit.NPT:
            day = calendar.timegm((int(asked.min2.year), asked.min2.month, asked.min2.day, 0, 0, 0))
            asked.min.seconds += day - int(BEGAN)
            asked.min.type, asked.unit = GstRtsp.RTSPTimeType.SECONDS, unit
        return asked.unit == unit


def main() -> None:
    server = GstRtspServer.RTSPOnvifServer()
    server.set_address(ADDRESS)
    server.set_service(PORT)
    auth, token = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    token.set_string("media.factory.role", "user")
    auth.add_digest(USER, PASSWORD, token)
    server.set_auth(auth)
    served = [(FILE, 0), (FILE, 3600), *((file, 0) for file in MORE)]
    for number, (file, late) in enumerate(served, 1):
        factory, rights = GstRtspServer.RTSPOnvifMediaFactory(), GstRtspServer.RTSPPermissions()
        factory.set_media_gtype(Footage)
        factory.set_replay_support(True)
        factory.set_launch(LAUNCH.format(file, (int(BEGAN) + late + NTP_TO_UNIX) * Gst.SECOND))
        rights.add_permission_for_role("user", "media.factory.access", True)
        rights.add_permission_for_role("user", "media.factory.construct", True)
        factory.set_permissions(rights)
        server.get_mount_points().add_factory(f"/replay/REC{number:03d}", factory)
    server.attach(None)
    print("serving", flush=True)
    GLib.MainLoop().run()


main()
