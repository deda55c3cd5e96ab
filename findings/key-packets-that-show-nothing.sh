#!/usr/bin/env bash
# A camera with intra-refresh sends "key" packets from which no picture can be decoded.
#
# Version: PyAV 18.1.0 (its own FFmpeg and x264), numpy 2.4.6.
#
# Best guess before trying: a stream that x264 codes with intra-refresh has one key packet, the first; whatever FFmpeg marks
# as a key packet decodes alone to a picture, so that one key packet is proof of "there is video".
#
# Seen: FFmpeg marks the start of every refresh (a recovery point, here each second) as a key packet, yet only the first
# decoded frame says key_frame. The second key packet, decoded alone, gives no picture and no error; joined there, the
# decoder swallows 18 packets, most of a second, before the first picture comes out, and that one is perfect.
#
# Why it matters: many CCTV encoders offer intra-refresh ("smooth" or "low latency" coding). A monitor that counts key
# packets reports healthy video without a decodable picture; one that decodes "the key frame" for a snapshot gets nothing
# from a healthy camera and calls it dead.
#
# In healthmon: pictures are counted by themselves; recovery points count as places to begin (protocols/media/payloads.py).
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check av==18.1.0 numpy==2.4.6 || exit 2

cat > "$T/try.py" <<'EOF'
from fractions import Fraction

import av
import numpy

# Four seconds at 25 fps: a bright square that moves over a gradient.
encoder = av.CodecContext.create("libx264", "w")
encoder.width, encoder.height, encoder.pix_fmt = 320, 192, "yuv420p"
encoder.time_base = Fraction(1, 25)
encoder.options = {"preset": "veryfast", "threads": "1", "x264-params": "keyint=25:min-keyint=25:intra-refresh=1:bframes=0"}
packets = []
for number in range(100):
    picture = numpy.tile(numpy.arange(320, dtype=numpy.uint8) // 2, (288, 1))
    picture[192:] = 128
    picture[40:72, 2 * number : 2 * number + 32] = 230
    frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
    frame.pts = number
    packets += encoder.encode(frame)
packets += encoder.encode(None)


def decoded(some):
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    frames = [frame for packet in some for frame in decoder.decode(av.Packet(bytes(packet)))]
    return frames + decoder.decode(None)


keys = [number for number, packet in enumerate(packets) if packet.is_keyframe]
whole = decoded(packets)
print("packets marked as key:", keys)
print("frames that say key_frame:", [number for number, frame in enumerate(whole) if frame.key_frame])
print("pictures of the first key packet alone:", len(decoded(packets[:1])))
print("pictures of the second key packet alone:", len(decoded(packets[keys[1] : keys[1] + 1])))
joined = decoded(packets[keys[1] :])
lost = len(packets) - keys[1] - len(joined)
same = numpy.array_equal(joined[0].to_ndarray(), whole[keys[1] + lost].to_ndarray())
print(f"joined at the second key packet: {lost} packets without a picture, then a perfect one: {same}")
EOF
"$T/env/bin/python" "$T/try.py" > "$T/seen.txt"

diff "$T/seen.txt" - <<'EOF' || { echo "FFmpeg behaves differently now"; exit 1; }
packets marked as key: [0, 25, 50, 75]
frames that say key_frame: [0]
pictures of the first key packet alone: 1
pictures of the second key packet alone: 0
joined at the second key packet: 18 packets without a picture, then a perfect one: True
EOF
cat "$T/seen.txt"
