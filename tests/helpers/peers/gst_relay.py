"""A GStreamer RTSP relay for the system's Python: ``gst_relay.py ADDRESS PORT SOURCE_URL SECONDS``.

/relay passes H.264 of SOURCE_URL on as it is, cut into other packets, SECONDS later, stamped anew.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

LAUNCH = (
    "rtspsrc location={} protocols=tcp latency=100 ! rtph264depay ! h264parse "
    "! queue max-size-buffers=0 max-size-bytes=0 max-size-time=0 min-threshold-time={} "
    "! rtph264pay name=pay0 pt=97 mtu=900 config-interval=1"
)


def main() -> None:
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address(sys.argv[1])
    server.set_service(sys.argv[2])
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( {LAUNCH.format(sys.argv[3], int(float(sys.argv[4]) * 1e9))} )")
    factory.set_shared(True)
    server.get_mount_points().add_factory("/relay", factory)
    if not server.attach(None):
        sys.exit(f"cannot listen on {sys.argv[1]}:{sys.argv[2]}")
    print("serving", flush=True)
    GLib.MainLoop().run()


main()
