"""A GStreamer RTSP camera that draws a privacy zone over its scene, for the system's Python:
``gst_zone.py ADDRESS PORT PICTURE ZONE``.

PICTURE is a PNG of 640 x 360, shown at /live; a compositor lays one grey rectangle over it (ZONE is yes)
or does not (no).
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

RATE = "framerate=15/1"
CODER = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 bitrate=1500 ! rtph264pay name=pay0 pt=96 config-interval=-1"
CLOCK = 'clockoverlay time-format="%H:%M:%S" font-desc="Sans Bold 16"'
RECTANGLE = "video/x-raw,format=I420,width=160,height=100"


def pipeline(picture: str, zone: bool) -> str:
    """The scene, with the rectangle where there is one."""
    scene = (
        f'filesrc location="{picture}" ! pngdec ! imagefreeze ! video/x-raw,{RATE} '
        "! videoconvert ! video/x-raw,format=I420"
    )
    if not zone:
        return f"{scene} ! clocksync ! {CLOCK} ! {CODER}"
    return (  # not live, it waits for a late scene; live, the first frames may be the rectangle alone
        "compositor name=mix sink_0::zorder=0 sink_1::zorder=1 sink_1::xpos=400 sink_1::ypos=160 "
        f"! video/x-raw,format=I420,width=640,height=360,{RATE} ! clocksync ! {CLOCK} ! {CODER} "
        f"{scene} ! mix.sink_0 "
        "videotestsrc pattern=solid-color foreground-color=0xff606060 "
        f"! {RECTANGLE},{RATE} ! mix.sink_1"
    )


def main() -> None:
    """Serve until the end."""
    Gst.init(None)
    address, port, picture, zone = sys.argv[1:]
    server = GstRtspServer.RTSPServer()
    server.set_address(address)
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( {pipeline(picture, zone == 'yes')} )")
    server.get_mount_points().add_factory("/live", factory)
    if not server.attach(None):
        sys.exit(f"cannot listen on {address}:{port}")
    print("serving", flush=True)
    GLib.MainLoop().run()


main()
