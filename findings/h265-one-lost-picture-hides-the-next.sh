#!/usr/bin/env bash
# One lost picture of an H.265 camera: PyAV and OpenCV leave out every picture up to the next key picture, and say nothing.
#
# Version: PyAV 18.1.0 and OpenCV 5.0.0.93 (both with an FFmpeg 8 of their own), numpy 2.4.6, ffmpeg 5.1 (Debian 12).
#
# Best guess before trying: when one picture between two key pictures is lost on the way, the decoder conceals it. PyAV gives
# the other 49 of 50 pictures for H.265 as for H.264, and none of them is marked as corrupt.
#
# Seen: so it is for H.264, and so does ffmpeg 5.1 for H.265. PyAV and OpenCV give 35 of 50 H.265 pictures: the fourteen behind
# the lost one are missing, without an exception. With the decoder flag "output_corrupt" PyAV gives all 49 and marks those
# fourteen. The output is exact.
#
# Why it matters: a lost packet on a radio link costs an H.264 camera one picture, and the same packet costs an H.265 camera all
# up to its next key picture, four seconds and more at common settings. A check that counts decoded pictures calls the
# camera slow or stopped, the same check was well with the FFmpeg before, and nothing says that the network is at fault.
#
# In healthmon: frames are counted from the RTP packets, and only key pictures are decoded (protocols/rtsp/rtp.py,
# picture/decoding.py), so one lost packet is one lost packet.
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
case "$(ffmpeg -version 2>/dev/null)" in "ffmpeg version 5.1."*) ;; *) echo "this needs ffmpeg 5.1 (Debian 12)"; exit 2 ;; esac
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check av==18.1.0 opencv-python-headless==5.0.0.93 numpy==2.4.6 || exit 2

cat > "$T/try.py" <<'PY'
import subprocess
from fractions import Fraction

import av
import cv2
import numpy

av.logging.set_level(None)


def camera(coder, settings, without):
    """Five seconds at 10 fps, a key picture every 2.5 s, as a raw stream without one picture."""
    encoder = av.CodecContext.create(coder, "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 320, 192, "yuv420p", Fraction(1, 10)
    encoder.options = {"preset": "veryfast", **settings}
    packets = []
    for number in range(50):
        picture = numpy.tile(numpy.arange(320, dtype=numpy.uint8) // 2, (288, 1))
        picture[192:] = 128
        picture[40:72, 5 * number : 5 * number + 32] = 230
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts = number
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    assert len(packets) == 50 and [n for n, packet in enumerate(packets) if packet.is_keyframe] == [0, 25]
    return b"".join(bytes(packet) for number, packet in enumerate(packets) if number != without)


def by_pyav(name, flags=None):
    with av.open(name) as file:
        stream = file.streams.video[0]
        if flags:
            stream.codec_context.options = {"flags": flags}
        frames = list(file.decode(stream))
    return f"{len(frames)}, of them {sum(frame.is_corrupt for frame in frames)} marked as corrupt"


def by_opencv(name):
    capture, count = cv2.VideoCapture(name), 0
    while capture.read()[0]:
        count += 1
    return count


def by_ffmpeg(name):
    wanted = ["-fps_mode", "passthrough", "-f", "framecrc", "-"]
    run = subprocess.run(["ffmpeg", "-v", "quiet", "-i", name, *wanted], capture_output=True, text=True)
    return f"{sum(line.startswith('0,') for line in run.stdout.splitlines())}, exit code {run.returncode}"


H264 = {"x264-params": "bframes=0:keyint=25:min-keyint=25:scenecut=0:threads=1"}
H265 = {"x265-params": "bframes=0:keyint=25:min-keyint=25:scenecut=0:log-level=none:repeat-headers=1:open-gop=0"}
for name, coder, settings in (("h264", "libx264", H264), ("hevc", "libx265", H265)):
    for without in (None, 10):
        file = f"lost-{without}.{name}"
        with open(file, "wb") as out:
            out.write(camera(coder, settings, without))
        print(name, "whole:" if without is None else "one of 50 lost:")
        print("  ffmpeg 5.1:", by_ffmpeg(file))
        print("  OpenCV:", by_opencv(file))
        print("  PyAV:", by_pyav(file))
        print("  PyAV, output_corrupt:", by_pyav(file, "output_corrupt"))
PY
(cd "$T" && OPENCV_FFMPEG_LOGLEVEL=-8 env/bin/python try.py) > "$T/seen.txt"

diff "$T/seen.txt" - <<'OUT' || { echo "the decoders behave differently now"; exit 1; }
h264 whole:
  ffmpeg 5.1: 50, exit code 0
  OpenCV: 50
  PyAV: 50, of them 0 marked as corrupt
  PyAV, output_corrupt: 50, of them 0 marked as corrupt
h264 one of 50 lost:
  ffmpeg 5.1: 49, exit code 0
  OpenCV: 49
  PyAV: 49, of them 0 marked as corrupt
  PyAV, output_corrupt: 49, of them 0 marked as corrupt
hevc whole:
  ffmpeg 5.1: 50, exit code 0
  OpenCV: 50
  PyAV: 50, of them 0 marked as corrupt
  PyAV, output_corrupt: 50, of them 0 marked as corrupt
hevc one of 50 lost:
  ffmpeg 5.1: 49, exit code 0
  OpenCV: 35
  PyAV: 35, of them 0 marked as corrupt
  PyAV, output_corrupt: 49, of them 14 marked as corrupt
OUT
cat "$T/seen.txt"
