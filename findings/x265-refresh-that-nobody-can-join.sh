#!/usr/bin/env bash
# x265 with intra-refresh sends parameter sets again and again, and whoever joins later never gets a picture, nor an error.
#
# Version: PyAV 18.1.0 (its own FFmpeg, x264 and x265), numpy 2.4.6.
#
# Best guess before trying: x265 marks the start of each refresh as x264 does, by a recovery point (SEI payload 6), so that
# a decoder that joins there gives its first whole picture one refresh later, after 18 to 24 pictures of 25.
#
# Seen: x264 marks each refresh, and joined at the second one there are 57 pictures of 75. x265 repeats only its parameter sets
# and the SEI with its own settings (payload 5); after the first picture nothing is marked. Joined at the second refresh the
# decoder takes 75 packets, gives no picture and raises nothing. The output at the end is exact.
#
# Why it matters: an encoder with "intra-refresh" and H.265 looks healthy by packets, bit rate and parameter sets. A viewer or
# recorder that was there at the first picture shows it; one that reconnects stays black, and a check that decodes sees
# "no picture" without a reason.
#
# In healthmon: a picture that cannot be joined is NOT CHECKED with that reason (protocols/media/refresh.py), and one JPEG is
# asked for by ONVIF instead; docs/picture.md names the case.
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check av==18.1.0 numpy==2.4.6 || exit 2

cat > "$T/try.py" <<'EOF'
import re
from fractions import Fraction

import av
import numpy

av.logging.set_level(None)
SETTINGS = "keyint=25:min-keyint=25:intra-refresh=1:bframes=0"


def encoded(coder, key, value):
    """Four seconds at 25 fps: a bright square that moves over a gradient."""
    encoder = av.CodecContext.create(coder, "w")
    encoder.width, encoder.height, encoder.pix_fmt = 320, 192, "yuv420p"
    encoder.time_base = Fraction(1, 25)
    encoder.options = {"preset": "veryfast", "threads": "1", key: value}
    packets = []
    for number in range(100):
        picture = numpy.tile(numpy.arange(320, dtype=numpy.uint8) // 2, (288, 1))
        picture[192:] = 128
        picture[40:72, 2 * number : 2 * number + 32] = 230
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts = number
        packets += encoder.encode(frame)
    return packets + encoder.encode(None)


def units(packet, h265):
    """(kind, type of the first SEI payload) of each NAL unit."""
    for start in re.finditer(b"\0\0\1", bytes(packet)):
        head = bytes(packet)[start.end() : start.end() + 3]
        yield ((head[0] >> 1) & 63, head[2]) if h265 else (head[0] & 31, head[1])


def decoded(name, packets):
    decoder = av.CodecContext.create(name, "r")
    decoder.thread_count = 1
    frames = [frame for packet in packets for frame in decoder.decode(av.Packet(bytes(packet)))]
    return len(frames + decoder.decode(None))


for coder, name, key, value, sets, sei in (
    ("libx264", "h264", "x264-params", SETTINGS, 7, 6),
    ("libx265", "hevc", "x265-params", SETTINGS + ":log-level=none", 33, 39),
):
    packets = encoded(coder, key, value)
    told = [dict(units(packet, name == "hevc")) for packet in packets]
    print(coder, "parameter sets before pictures", [n for n, kinds in enumerate(told) if sets in kinds])
    print(coder, "SEI payloads", {n: kinds[sei] for n, kinds in enumerate(told) if sei in kinds})
    print(coder, "marked as key", [n for n, packet in enumerate(packets) if packet.is_keyframe])
    print(coder, "from the beginning:", decoded(name, packets), "pictures of", len(packets))
    print(coder, "joined at picture 25:", decoded(name, packets[25:]), "pictures of", len(packets[25:]))
EOF
"$T/env/bin/python" "$T/try.py" > "$T/seen.txt"

diff "$T/seen.txt" - <<'EOF' || { echo "x264, x265 or FFmpeg behave differently now"; exit 1; }
libx264 parameter sets before pictures [0, 25, 50, 75]
libx264 SEI payloads {0: 5, 25: 6, 50: 6, 75: 6}
libx264 marked as key [0, 25, 50, 75]
libx264 from the beginning: 100 pictures of 100
libx264 joined at picture 25: 57 pictures of 75
libx265 parameter sets before pictures [0, 25, 50, 75]
libx265 SEI payloads {0: 5, 25: 5, 50: 5, 75: 5}
libx265 marked as key [0]
libx265 from the beginning: 100 pictures of 100
libx265 joined at picture 25: 0 pictures of 75
EOF
cat "$T/seen.txt"
