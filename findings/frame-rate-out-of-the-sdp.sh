#!/usr/bin/env bash
# FFmpeg's average frame rate of an RTSP camera is what the camera promised, not what it sends.
#
# Version: PyAV 18.1.0 (its own FFmpeg), numpy 2.4.6.
#
# Best guess before trying: stream.average_rate (ffprobe's avg_frame_rate) is measured on the pictures that arrive while the
# stream is opened; the SDP's words are replaced by what is seen.
#
# Seen: where the SDP has a=framerate, average_rate repeats that line. A camera that promises 25 and sends 10 pictures a second
# has an average_rate of 25; without the line it is 10. base_rate and guessed_rate, further down in the same object, are
# measured: 10. The output is exact.
#
# Why it matters: "frame rate as configured" is what a health check wants to prove. Read this way it compares the camera's
# configuration with itself and stays green when the night mode or a full network halves the rate.
#
# In healthmon: the rate is the count of pictures that arrived (protocols/rtsp), never the SDP's.
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check av==18.1.0 numpy==2.4.6 || exit 2

cat > "$T/try.py" <<'EOF'
import base64
import re
import socketserver
import struct
import threading
import time

import av
import numpy
from fractions import Fraction

SENT = 10  # pictures a second


def units():
    """The NAL units of three seconds of H.264, a list for each picture."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 160, 96, "yuv420p", Fraction(1, SENT)
    encoder.options = {"preset": "veryfast", "tune": "zerolatency", "threads": "1"}
    encoder.options |= {"x264-params": f"keyint={SENT}:sliced-threads=0"}
    packets = []
    for number in range(3 * SENT):
        picture = numpy.full((144, 160), 128, numpy.uint8)
        picture[20:40, 4 * number : 4 * number + 20] = 230
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts = number
        packets += encoder.encode(frame)
    return [[unit for unit in re.split(b"\0\0\0?\1", bytes(packet)) if unit] for packet in packets]


PICTURES = units()
SETS = ",".join(base64.b64encode(unit).decode() for unit in PICTURES[0] if unit[0] & 31 in (7, 8))


class Camera(socketserver.StreamRequestHandler):
    def handle(self):
        while line := self.rfile.readline():
            if line.startswith(b"$") or not line.strip():  # RTCP of the client
                continue
            fields = {}
            while field := self.rfile.readline().decode().strip():
                name, _, value = field.partition(": ")
                fields[name.lower()] = value
            self.answer(line.split()[0].decode(), line.split()[1].decode(), fields)

    def answer(self, method, url, fields):
        head, body = ["RTSP/1.0 200 OK", f"CSeq: {fields['cseq']}", "Session: 7"], b""
        if method == "DESCRIBE":
            head += ["Content-Type: application/sdp", f"Content-Base: {url}/"]
            body = "\r\n".join(
                ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=cam", "t=0 0", "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000"]
                + [f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={SETS}", "a=control:track1"]
                + [*self.server.lines, ""]
            ).encode()
        elif method == "SETUP":
            head.append("Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
        head.append(f"Content-Length: {len(body)}")
        self.wfile.write("\r\n".join([*head, "", ""]).encode() + body)
        if method == "PLAY":
            threading.Thread(target=self.play, daemon=True).start()

    def play(self):
        sequence = 0
        for number in range(40 * SENT):
            for place, unit in enumerate(picture := PICTURES[number % len(PICTURES)]):
                last = 128 if place == len(picture) - 1 else 0
                packet = struct.pack(">BBHII", 128, 96 | last, sequence, number * 90000 // SENT, 1) + unit
                sequence += 1
                try:
                    self.wfile.write(b"$\0" + struct.pack(">H", len(packet)) + packet)
                except OSError:
                    return
            time.sleep(1 / SENT)


for lines in ([], ["a=framerate:25"], ["a=framerate:5"]):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Camera) as server:
        server.daemon_threads, server.lines = True, lines
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"rtsp://127.0.0.1:{server.server_address[1]}/live"
        with av.open(url, options={"rtsp_transport": "tcp"}, timeout=20) as container:
            video = container.streams.video[0]
            rates = f"average_rate {video.average_rate}, base_rate {video.base_rate}, guessed_rate {video.guessed_rate}"
            print(f"{SENT} pictures a second, SDP {lines}: {rates}")
        server.shutdown()
EOF
"$T/env/bin/python" "$T/try.py" > "$T/seen.txt" 2> "$T/errors.txt" || cat "$T/errors.txt"

diff "$T/seen.txt" - <<'EOF' || { echo "FFmpeg behaves differently now"; exit 1; }
10 pictures a second, SDP []: average_rate 10, base_rate 10, guessed_rate 10
10 pictures a second, SDP ['a=framerate:25']: average_rate 25, base_rate 10, guessed_rate 10
10 pictures a second, SDP ['a=framerate:5']: average_rate 5, base_rate 10, guessed_rate 10
EOF
cat "$T/seen.txt"
