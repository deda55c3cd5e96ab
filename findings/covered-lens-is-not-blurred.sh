#!/usr/bin/env bash
# FFmpeg's blurdetect has no number for a covered lens: it says "-nan", which is never above any limit.
#
# Version: PyAV 18.1.0 (its own FFmpeg), numpy 2.4.6.
#
# Best guess before trying: the more blurred, the higher lavfi.blur; a picture without any edge (covered, sprayed, all white)
# is the most blurred of all and gets the highest value.
#
# Seen: a picture without edges gets "-nan", and `value > limit` is false for it, whatever the limit. A dark picture with a
# little sensor noise gets 1.6 and is "sharper" than a test chart (2.9; out of focus 5.9). The output at the end is exact,
# to one digit.
#
# Why it matters: a check "camera out of focus" by this filter reports a covered camera as sharp by day, and at night too,
# where the noise of the sensor counts as edges. It needs a second test for flat pictures.
#
# In healthmon: pictures are compared by key frames; nothing is judged by this filter.
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check av==18.1.0 numpy==2.4.6 || exit 2

cat > "$T/try.py" <<'EOF'
from fractions import Fraction

import av
import numpy

WIDTH, HEIGHT = 640, 360


def blur(luma):
    """lavfi.blur of one picture, given by its brightness."""
    graph = av.filter.Graph()
    source = graph.add_buffer(width=WIDTH, height=HEIGHT, format="yuv420p", time_base=Fraction(1, 25))
    graph.link_nodes(source, graph.add("blurdetect"), graph.add("buffersink")).configure()
    picture = numpy.full((HEIGHT * 3 // 2, WIDTH), 128, numpy.uint8)
    picture[:HEIGHT] = luma
    frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
    frame.pts = 0
    graph.push(frame)
    return graph.pull().metadata["lavfi.blur"]


def shown(text):
    return text if "nan" in text else f"{float(text):.1f}"


chart = numpy.full((HEIGHT, WIDTH), 60, numpy.uint8)
chart[:, ::32], chart[::32, :] = 200, 200
soft = chart.astype(float)
for _ in range(12):  # twelve times the mean of three neighbours, both ways
    soft = (soft + numpy.roll(soft, 1, 0) + numpy.roll(soft, -1, 0)) / 3
    soft = (soft + numpy.roll(soft, 1, 1) + numpy.roll(soft, -1, 1)) / 3
noise = numpy.random.default_rng(1).normal(30, 4, (HEIGHT, WIDTH)).clip(16, 235).astype(numpy.uint8)
print("test chart:", shown(blur(chart)))
print("the chart out of focus:", shown(blur(soft.astype(numpy.uint8))))
print("lens covered, black:", shown(blur(numpy.full((HEIGHT, WIDTH), 16))))
print("blinded, white:", shown(blur(numpy.full((HEIGHT, WIDTH), 235))))
print("lens covered at night, with sensor noise:", shown(blur(noise)))
print("'-nan' above a limit of 10:", float("-nan") > 10)
EOF
"$T/env/bin/python" "$T/try.py" > "$T/seen.txt"

diff "$T/seen.txt" - <<'EOF' || { echo "blurdetect behaves differently now"; exit 1; }
test chart: 2.9
the chart out of focus: 5.9
lens covered, black: -nan
blinded, white: -nan
lens covered at night, with sensor noise: 1.6
'-nan' above a limit of 10: False
EOF
cat "$T/seen.txt"
