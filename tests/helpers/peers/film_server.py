"""A GStreamer RTSP server of coded films, for the system's Python: ``film_server.py ADDRESS PORT
FOLDER``.

Each file NAME.CODEC.mkv of FOLDER is served at /NAME as it was coded, in real time; CODEC is h264,
h265 or jpeg. A file NAME.CODEC.bare.mkv is served without parameter sets in the stream.
"""

import sys
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

PAYLOADS = {
    "h264": "h264parse ! rtph264pay name=pay0 pt=96 config-interval={every}",
    "h265": "h265parse ! rtph265pay name=pay0 pt=96 config-interval={every}",
    "jpeg": "jpegparse ! rtpjpegpay name=pay0 pt=26",
}


def launch(file: Path) -> str:
    """The pipeline that serves `file`."""
    _, codec, *more = file.name.split(".")
    every = 0 if more[0] == "bare" else -1
    return f'filesrc location="{file}" ! matroskademux ! {PAYLOADS[codec].format(every=every)}'


def main() -> None:
    """Serve until the end."""
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address(sys.argv[1])
    server.set_service(sys.argv[2])
    for file in Path(sys.argv[3]).glob("*.mkv"):
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(f"( {launch(file)} )")
        server.get_mount_points().add_factory(f"/{file.name.partition('.')[0]}", factory)
    if not server.attach(None):
        sys.exit(f"cannot listen on {sys.argv[1]}:{sys.argv[2]}")
    print("serving", flush=True)
    GLib.MainLoop().run()


main()
