#!/usr/bin/env bash
# A camera cuts its RTSP connection after two of ten seconds: ffmpeg and PyAV end as if all had been recorded.
#
# Version: imageio-ffmpeg 0.8.1 (FFmpeg 9.0.2), PyAV 18.1.0 (its own FFmpeg), numpy 2.4.6.
#
# Best guess before trying: "ffmpeg -t 10" that gets two seconds ends with an error and an exit code, and with -timeout at
# the latest when the camera falls silent. PyAV raises an error of the operating system out of the loop over the packets.
#
# Seen: the exit code is 0 each time, also with a log level of "error", and nothing is said of a connection that was closed or
# reset. Only the silence leaves a message, "Connection timed out" (and the exit code 0). PyAV ends its loop in order where
# the connection was closed or reset, and raises TimeoutError after the silence. The output at the end is exact.
#
# Why it matters: "record ten seconds, exit code 0" is a common test of a camera and of a recorder's own copy jobs. A camera
# that restarts, or a switch that drops its connection, passes it. What must be looked at is the length of what came.
#
# In healthmon: a connection that the camera ends while it is watched is a fault (`cut_after` in protocols/rtsp/session.py).
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check av==18.1.0 numpy==2.4.6 imageio-ffmpeg==0.8.1 || exit 2

cat > "$T/try.py" <<'EOF'
import base64
import re
import socket
import socketserver
import struct
import subprocess
import threading
import time
from fractions import Fraction

import av
import imageio_ffmpeg
import numpy

SENT = 10  # pictures a second


def units():
    """The NAL units of two seconds of H.264, a list for each picture."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 160, 96, "yuv420p", Fraction(1, SENT)
    encoder.options = {"preset": "veryfast", "tune": "zerolatency", "threads": "1"}
    encoder.options |= {"x264-params": f"keyint={SENT}:sliced-threads=0"}
    packets = []
    for number in range(2 * SENT):
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
            if self.answer(line.split()[0].decode(), line.split()[1].decode(), fields):
                return

    def answer(self, method, url, fields):
        head, body = ["RTSP/1.0 200 OK", f"CSeq: {fields['cseq']}", "Session: 7"], b""
        if method == "DESCRIBE":
            head += ["Content-Type: application/sdp", f"Content-Base: {url}/"]
            body = "\r\n".join(
                ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=cam", "t=0 0", "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000"]
                + [f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={SETS}", "a=control:track1", ""]
            ).encode()
        elif method == "SETUP":
            head.append("Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
        head.append(f"Content-Length: {len(body)}")
        self.wfile.write("\r\n".join([*head, "", ""]).encode() + body)
        if method == "PLAY":
            self.play()
        return method == "PLAY"

    def play(self):
        """Two seconds of pictures; then the connection ends in one of three ways."""
        sequence = 0
        for number, picture in enumerate(PICTURES):
            for place, unit in enumerate(picture):
                last = 128 if place == len(picture) - 1 else 0
                packet = struct.pack(">BBHII", 128, 96 | last, sequence, number * 90000 // SENT, 1) + unit
                sequence += 1
                self.wfile.write(b"$\0" + struct.pack(">H", len(packet)) + packet)
            time.sleep(1 / SENT)
        if self.server.end == "silence":
            time.sleep(8)
        if self.server.end == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()


def pyav(url):
    count = 0
    try:
        with av.open(url, options={"rtsp_transport": "tcp", "timeout": "2000000"}) as container:
            for packet in container.demux(video=0):
                count += packet.size > 0
    except OSError as error:
        return f"{count} pictures, then {type(error).__name__}"
    return f"{count} pictures, then the loop ends"


def ffmpeg(url):
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-rtsp_transport", "tcp", "-timeout", "2000000"]
    done = subprocess.run([*argv, "-t", "10", "-i", url, "-c", "copy", "-f", "null", "-"], capture_output=True, text=True)
    said = "a message" if "rror" in done.stderr or "timed out" in done.stderr else "no message"
    return f"exit code {done.returncode}, {said}"


for end in ("closed", "reset", "silence"):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Camera) as server:
        server.daemon_threads, server.block_on_close, server.end = True, False, end
        server.handle_error = lambda *_: None
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"rtsp://127.0.0.1:{server.server_address[1]}/live"
        print(f"{end}: ffmpeg -t 10: {ffmpeg(url)}; PyAV: {pyav(url)}", flush=True)
        server.shutdown()
EOF
"$T/env/bin/python" "$T/try.py" > "$T/seen.txt" 2> "$T/errors.txt" || cat "$T/errors.txt"

diff "$T/seen.txt" - <<'EOF' || { echo "FFmpeg behaves differently now"; exit 1; }
closed: ffmpeg -t 10: exit code 0, no message; PyAV: 20 pictures, then the loop ends
reset: ffmpeg -t 10: exit code 0, no message; PyAV: 20 pictures, then the loop ends
silence: ffmpeg -t 10: exit code 0, a message; PyAV: 20 pictures, then TimeoutError
EOF
cat "$T/seen.txt"
