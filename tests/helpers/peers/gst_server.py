"""A GStreamer RTSP server for the system's Python: ``gst_server.py ADDRESS PORT [USER PASSWORD
[PEM]]``.

With PEM it speaks TLS and asks for a Basic login, else for a Digest one.

Paths: /h264 /h265 /jpeg /frozen (one picture over and over) /stall (15 frames, then silence) /nokey
/loss (one packet in ten) /sound (an audio track before the video) /avpf and /savp (other profiles
of RTP) /vp8.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

SOURCE = "videotestsrc is-live=true pattern={} {} ! video/x-raw,width=320,height=240,framerate=15/1"
H264 = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max={} ! rtph264pay name=pay0 pt=96 config-interval=1"
FACTORIES = {
    "/h264": f"{SOURCE.format('snow', '')} ! {H264.format(15)}",
    "/h265": f"{SOURCE.format('ball', '')} ! x265enc tune=zerolatency speed-preset=ultrafast key-int-max=15 "
    "! rtph265pay name=pay0 pt=96 config-interval=1",
    "/jpeg": f"{SOURCE.format('ball', '')},format=I420 ! jpegenc ! rtpjpegpay name=pay0 pt=26",
    "/avpf": f"{SOURCE.format('ball', '')} ! {H264.format(15)}",
    "/savp": f"{SOURCE.format('ball', '')} ! {H264.format(15)}",
    "/vp8": f"{SOURCE.format('ball', '')} ! vp8enc deadline=1 keyframe-max-dist=15 ! rtpvp8pay name=pay0 pt=96",
    "/frozen": f"{SOURCE.format('white', '')} ! {H264.format(5)}",
    "/stall": f"{SOURCE.format('ball', 'num-buffers=3')} ! {H264.format(15)}",
    "/nokey": f"{SOURCE.format('ball', '')} ! {H264.format(10000)}",
    "/sound": "audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay name=pay0 pt=8 "
    f"{SOURCE.format('ball', '')} ! {H264.format(15).replace('pay0', 'pay1')}",
    "/loss": f"{SOURCE.format('snow', '')} ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 bitrate=2000 "
    "! rtph264pay name=pay0 pt=96 mtu=600 config-interval=1",
}

PROFILES = {"/avpf": GstRtsp.RTSPProfile.AVPF, "/savp": GstRtsp.RTSPProfile.SAVP}


def main() -> None:
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address(sys.argv[1])
    server.set_service(sys.argv[2])
    if len(sys.argv) > 4:
        auth = GstRtspServer.RTSPAuth()
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "user")
        if len(sys.argv) > 5:
            auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(sys.argv[5]))
            auth.add_basic(GstRtspServer.RTSPAuth.make_basic(sys.argv[3], sys.argv[4]), token)
        else:
            auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
            auth.add_digest(sys.argv[3], sys.argv[4], token)
        server.set_auth(auth)
    mounts = server.get_mount_points()
    for path, launch in FACTORIES.items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(f"( {launch} )")
        factory.set_shared(path not in ("/stall", "/nokey"))
        if path in PROFILES:
            factory.set_profiles(PROFILES[path])
        if path == "/loss":
            factory.connect("media-configure", drop_packets)
        if len(sys.argv) > 4:
            permissions = GstRtspServer.RTSPPermissions()
            permissions.add_permission_for_role("user", "media.factory.access", True)
            permissions.add_permission_for_role("user", "media.factory.construct", True)
            factory.set_permissions(permissions)
        mounts.add_factory(path, factory)
    if not server.attach(None):
        sys.exit(f"cannot listen on {sys.argv[1]}:{sys.argv[2]}")
    print("serving", flush=True)
    GLib.MainLoop().run()


def drop_packets(_factory, media) -> None:
    """Every tenth RTP packet is lost behind the payloader, whose lists of packets are taken apart
    for it.
    """
    pad = media.get_element().get_by_name("pay0").get_static_pad("src")
    count = [0]

    def thin(_pad, _info):
        count[0] += 1
        return Gst.PadProbeReturn.DROP if count[0] % 10 == 0 else Gst.PadProbeReturn.OK

    def split(pad, info):
        packets = info.get_buffer_list()
        for number in range(packets.length()):
            pad.push(packets.get(number))
        return Gst.PadProbeReturn.DROP

    pad.add_probe(Gst.PadProbeType.BUFFER, thin)
    pad.add_probe(Gst.PadProbeType.BUFFER_LIST, split)


main()
