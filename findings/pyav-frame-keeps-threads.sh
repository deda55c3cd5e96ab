#!/usr/bin/env bash
# PyAV: a decoder with one thread, and each frame that was converted and kept holds as many threads as the machine has CPUs.
#
# Version: PyAV (av) 18.1.0, Python 3.11, Linux.
#
# Best guess before trying: with thread_count = 1 on the decoder the process keeps to its one thread, as with PyAV's
# earlier releases; a conversion to grey needs none, and keeps nothing after it has returned its array.
#
# Seen: 60 frames are decoded with one thread. frame.to_ndarray(format="gray") (and frame.reformat()) makes a scaler that
# belongs to the frame, with a thread for each CPU, whatever the decoder was told. They stay until the frame is dropped: 60
# kept frames on two CPUs are 120 threads, on 64 CPUs 3,840. reformat(threads=1) starts none. The words at the end are
# exact; the number of CPUs is taken out of them. (A machine with one CPU cannot show it: exit code 2.)
#
# Why it matters: whoever compares pictures of many cameras over time keeps frames. A limit on processes, a container's
# pids limit or a seccomp filter that allows no threads makes the conversion fail there, and only there.
#
# In healthmon: healthmon/picture/decoding.py converts with threads=1 and keeps no frame.
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
(("$(nproc)" > 1)) || { echo "needs two CPUs"; exit 2; }
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check av==18.1.0 numpy==2.4.6 || exit 2

cat > "$T/try.py" <<'EOF'
import io
import os

import av
import numpy  # noqa: F401  starts threads of its own; they are no part of the count


def threads():
    return len(os.listdir("/proc/self/task"))


def recording(frames):
    made = io.BytesIO()
    container = av.open(made, "w", format="matroska")
    stream = container.add_stream("mpeg4", rate=25)
    stream.width, stream.height, stream.pix_fmt = 640, 368, "yuv420p"
    stream.codec_context.thread_count = 1
    for _ in range(frames):
        container.mux(stream.encode(av.VideoFrame(640, 368, "yuv420p")))
    container.mux(stream.encode())
    container.close()
    return io.BytesIO(made.getvalue())


def decoded(source):
    container = av.open(source)
    container.streams.video[0].codec_context.thread_count = 1
    return list(container.decode(video=0))


cpus = len(os.sched_getaffinity(0))
source = recording(60)
alone = threads()
frames = decoded(source)
print("threads added by decoding 60 frames:", threads() - alone)
arrays = [frame.reformat(width=320, height=184, format="gray", threads=1).to_ndarray() for frame in frames]
print("threads added by converting them with threads=1:", threads() - alone)
del frames
frames = decoded(recording(60))
arrays = [frame.to_ndarray(format="gray") for frame in frames]
print("each kept frame holds a thread for each CPU:", threads() - alone >= 60 * cpus)
EOF

cat > "$T/expected" <<'EOF'
threads added by decoding 60 frames: 0
threads added by converting them with threads=1: 0
each kept frame holds a thread for each CPU: True
EOF

"$T/env/bin/python" "$T/try.py" | tee "$T/seen"
cmp -s "$T/seen" "$T/expected" || { echo "the behaviour has changed"; exit 1; }
