"""A GStreamer RTSP server of one scene, well and ill, for the system's Python: ``gst_pictures.py
ADDRESS PORT PICTURE``.

PICTURE is a PNG of 720 x 400; the camera shows 640 x 360 of it under a ticking clock.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

CLOCK = 'clockoverlay time-format="%H:%M:%S" font-desc="Sans Bold 16"'
VIEW = "videocrop left=40 right=40 top=20 bottom=20"
H264 = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=20 bitrate=1500 ! rtph264pay name=pay0 pt=96"
H265 = "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=20 bitrate=1500 ! rtph265pay name=pay0 pt=96"
REFRESH = "x264enc tune=zerolatency speed-preset=ultrafast intra-refresh=true key-int-max=30 bitrate=1500 ! rtph264pay name=pay0 pt=96"
JPEG = "jpegenc quality=90 ! rtpjpegpay name=pay0 pt=26"
COVER = "videobox left=256 ! videobox left=-256 fill=black"
LIVE = (
    "imagefreeze is-live=true ! video/x-raw,framerate=15/1 ! videoconvert ! video/x-raw,format=I420"
)


def paths(picture: str) -> dict[str, str]:
    """A pipeline for each path."""
    still = f'filesrc location="{picture}" ! pngdec ! videoconvert'
    clean = f"{still} ! {LIVE} ! {VIEW}"
    return {
        "/clean": f"{clean} ! {CLOCK} ! {H264}",
        "/clean265": f"{clean} ! {CLOCK} ! {H265}",
        "/cleanjpeg": f"{clean} ! {CLOCK} ! {JPEG}",
        "/covered": f"{clean} ! {COVER} ! {CLOCK} ! {H264}",
        "/blurred": f"{clean} ! videoconvert ! gaussianblur sigma=2.5 ! videoconvert ! {CLOCK} ! {H264}",
        "/moved": f"{still} ! {LIVE} ! videocrop left=0 right=80 top=20 bottom=20 ! {CLOCK} ! {H264}",
        "/frozen": f"{still} ! {VIEW} ! {CLOCK} ! {LIVE} ! {H264}",
        "/refresh": f"{clean} ! {CLOCK} ! {REFRESH}",
        "/refreshcovered": f"{clean} ! {COVER} ! {CLOCK} ! {REFRESH}",
        "/longrefresh": f"{clean} ! {CLOCK} ! {REFRESH.replace('-max=30', '-max=900')}",
        "/black": f"videotestsrc is-live=true pattern=black ! video/x-raw,width=640,height=360,framerate=15/1 ! {CLOCK} ! {H264}",
        "/card": f"videotestsrc is-live=true pattern=smpte ! video/x-raw,width=640,height=360,framerate=15/1 ! {CLOCK} ! {H264}",
    }


def main() -> None:
    """Serve until the end."""
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address(sys.argv[1])
    server.set_service(sys.argv[2])
    for path, launch in paths(sys.argv[3]).items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(f"( {launch} )")
        factory.set_shared("refresh" in path)  # who comes later has missed the only key frame
        server.get_mount_points().add_factory(path, factory)
    if not server.attach(None):
        sys.exit(f"cannot listen on {sys.argv[1]}:{sys.argv[2]}")
    print("serving", flush=True)
    GLib.MainLoop().run()


main()
