#!/usr/bin/env bash
# A camera is set to half its size while it is watched: OpenCV goes on giving pictures of the old size, blown up.
#
# Version: OpenCV 5.0.0.93, PyAV 18.1.0, ffmpeg 5.1 (Debian 12), numpy 2.4.6.
#
# Best guess before trying: H.264 may change its size at a key picture with new parameter sets, and OpenCV and PyAV give the
# pictures in the size that they have from there on; only "ffmpeg -f rawvideo" has to keep to the first one.
#
# Seen: PyAV gives ten pictures of 640x360 and ten of 320x180. OpenCV gives twenty of 640x360, the last ten enlarged to four
# times their pixels, and CAP_PROP_FRAME_WIDTH stays 640: nothing tells that the camera was set anew. A reader that is opened
# at the second half says 320x180. The output is exact.
#
# Why it matters: a check that keeps its reader open and compares the size with that of the commissioning says "as
# commissioned" until it is restarted, and its measure of sharpness falls in between: "out of focus" for a camera with a
# clean lens and the wrong setting.
#
# In healthmon: the size is read from the parameter sets of the stream at each look (protocols/media/parameter_sets.py).
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
case "$(ffmpeg -version 2>/dev/null)" in "ffmpeg version 5.1."*) ;; *) echo "this needs ffmpeg 5.1 (Debian 12)"; exit 2 ;; esac
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check av==18.1.0 opencv-python-headless==5.0.0.93 numpy==2.4.6 || exit 2

cd "$T"
for size in 640x360 320x180; do
  ffmpeg -v error -f lavfi -i "testsrc=size=$size:rate=10:duration=1" -c:v libx264 -threads 1 -bf 0 -pix_fmt yuv420p "$size.h264"
done
cat 640x360.h264 320x180.h264 > changed.h264
cat > try.py <<'PY'
from itertools import groupby

import av
import cv2

av.logging.set_level(None)


def by_pyav(name):
    with av.open(name) as file:
        yield from (f"{frame.width}x{frame.height}" for frame in file.decode(video=0))


def by_opencv(name):
    capture = cv2.VideoCapture(name)
    while (read := capture.read())[0]:
        height, width, _ = read[1].shape
        yield f"{width}x{height} (property {capture.get(cv2.CAP_PROP_FRAME_WIDTH):.0f})"


for name in ("changed.h264", "320x180.h264"):
    for reader in (by_pyav, by_opencv):
        runs = (f"{len(list(run))} of {size}" for size, run in groupby(reader(name)))
        print(f"{name}, {reader.__name__[3:]}: {', '.join(runs)}")
PY
env/bin/python try.py > seen.txt

diff seen.txt - <<'OUT' || { echo "the libraries behave differently now"; exit 1; }
changed.h264, pyav: 10 of 640x360, 10 of 320x180
changed.h264, opencv: 20 of 640x360 (property 640)
320x180.h264, pyav: 10 of 320x180
320x180.h264, opencv: 10 of 320x180 (property 320)
OUT
cat seen.txt
