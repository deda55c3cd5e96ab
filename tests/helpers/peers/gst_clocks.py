"""A GStreamer RTSP server of streams with clocks in the picture, for the system's Python:
``gst_clocks.py ADDRESS PORT``. The clocks go by the time zone of the environment (TZ).
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

FONT = 'font-desc="DejaVu Sans Mono Bold 18"'
CLOCK = f'clockoverlay time-format="%d-%m-%Y %H:%M:%S" {FONT}'
STOPPED = f'textoverlay text="30-11-2026 08:09:10" valignment=top halignment=left {FONT}'
SHADED = f"{CLOCK} shaded-background=true valignment=bottom halignment=right"
BALL = "videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=10/1"
H264 = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=20 bitrate=600 threads=1 ! rtph264pay name=pay0 pt=96"
H265 = "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=20 bitrate=600 ! rtph265pay name=pay0 pt=96"
TIMER = "timeoverlay valignment=bottom halignment=right"
PATHS = {
    "/clock": f"{BALL} ! {CLOCK} ! videoconvert ! {H264}",
    "/clock265": f"{BALL} ! {CLOCK} ! videoconvert ! {H265}",
    "/two": f"{BALL} ! {CLOCK} ! {SHADED} ! videoconvert ! {H264}",
    "/timer": f"{BALL} ! {CLOCK} ! {TIMER} ! videoconvert ! {H264}",
    "/none": f"{BALL} ! videoconvert ! {H264}",
    "/stopped": f"{BALL} ! {STOPPED} ! videoconvert ! {H264}",
}


def main() -> None:
    """Serve until the end."""
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address(sys.argv[1])
    server.set_service(sys.argv[2])
    for path, launch in PATHS.items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(f"( {launch} )")
        server.get_mount_points().add_factory(path, factory)
    if not server.attach(None):
        sys.exit(f"cannot listen on {sys.argv[1]}:{sys.argv[2]}")
    print("serving", flush=True)
    GLib.MainLoop().run()


main()
