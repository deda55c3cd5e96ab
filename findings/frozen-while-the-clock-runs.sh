#!/usr/bin/env bash
# FFmpeg's freezedetect calls a camera frozen although the clock in its picture runs.
#
# Version: PyAV 18.1.0 (its own FFmpeg), numpy 2.4.6.
#
# Best guess before trying: freezedetect reports a freeze where nothing of the picture changes; a clock on the screen that
# counts each second, or a person in the corridor, ends it, while noise of the sensor keeps it away.
#
# Seen: the filter compares the mean difference of the whole picture with 0.001. In 1920x1080 a digit of 24x40 pixels that
# flips between black and white is below it, and so is a person-sized change of 30x90 pixels at low contrast: "frozen".
# Noise of two grey levels at most is above it, so that a night picture is never frozen. The output at the end is exact.
#
# Why it matters: a quiet corridor by day is reported as frozen each night and weekend, until the alarm is switched off; a
# higher limit makes it worse. The clock in the picture, the operator's own proof of life, does not count.
#
# In healthmon: frozen is decided by prints of key frames over time; where they cannot tell, it says "not checked".
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check av==18.1.0 numpy==2.4.6 || exit 2

cat > "$T/try.py" <<'EOF'
from fractions import Fraction

import av
import numpy

WIDTH, HEIGHT, RATE = 1920, 1080, 5


def frozen_at(change):
    """The seconds at which freezedetect (d=2) reports a freeze in 6 s of a scene altered by `change(scene, number)`."""
    graph = av.filter.Graph()
    source = graph.add_buffer(width=WIDTH, height=HEIGHT, format="yuv420p", time_base=Fraction(1, RATE))
    graph.link_nodes(source, graph.add("freezedetect", "d=2"), graph.add("buffersink")).configure()
    found = []
    for number in range(6 * RATE):
        picture = numpy.full((HEIGHT * 3 // 2, WIDTH), 128, numpy.uint8)
        picture[:HEIGHT] = 80
        picture[:HEIGHT:16] = 120
        change(picture[:HEIGHT], number)
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts = number
        graph.push(frame)
        if "lavfi.freezedetect.freeze_start" in graph.pull().metadata:
            found.append(number / RATE)
    return found or "never"


def nothing(scene, number):
    pass


def clock(scene, number):
    scene[20:60, 20:44] = 235 if number // RATE % 2 else 16


def person(scene, number):
    scene[600:690, 40 + 30 * number : 70 + 30 * number] += 12


def noise(scene, number):
    scene += numpy.random.default_rng(number).integers(0, 3, scene.shape, numpy.uint8)


for change in (nothing, clock, person, noise):
    print(f"{change.__name__}: frozen at {frozen_at(change)}")
EOF
"$T/env/bin/python" "$T/try.py" > "$T/seen.txt"

diff "$T/seen.txt" - <<'EOF' || { echo "freezedetect behaves differently now"; exit 1; }
nothing: frozen at [2.0]
clock: frozen at [2.0]
person: frozen at [2.0]
noise: frozen at never
EOF
cat "$T/seen.txt"
