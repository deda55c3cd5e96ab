#!/usr/bin/env bash
# A camera that hangs on its side says so in its stream: ffmpeg turns the picture, PyAV and OpenCV do not, nor does ffprobe say.
#
# Version: ffmpeg 5.1 (Debian 12), PyAV 18.1.0, OpenCV 5.0.0.93, numpy 2.4.6.
#
# Best guess before trying: the display orientation of H.264 (SEI payload 47, ITU-T H.264 D.1.27), which a camera in "corridor
# format" may send, stands in the stream and not in a file's header. ffmpeg turns pictures by the header only, so ffmpeg and
# OpenCV give 320x180 as the camera sends it, and PyAV too, with its "rotation" set.
#
# Seen: PyAV is as guessed: 320x180 and rotation 90. OpenCV gives 320x180, though it turns by a file's header. ffmpeg looks
# into the decoded picture as well and writes 180x320. ffprobe says 320x180 for the stream, and names no rotation unless it is
# asked for frames. The output is exact.
#
# Why it matters: a still made by ffmpeg and the pictures that a Python check measures of the same camera lie a quarter turn
# apart. Privacy zones and regions that were drawn on the one fit the other nowhere, and a comparison of the still of the
# commissioning with today's picture says that the camera was moved.
#
# In healthmon: references, zones and looks are all in the picture as it was sent (picture/decoding.py); none is turned.
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
case "$(ffmpeg -version 2>/dev/null)" in "ffmpeg version 5.1."*) ;; *) echo "this needs ffmpeg 5.1 (Debian 12)"; exit 2 ;; esac
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check av==18.1.0 opencv-python-headless==5.0.0.93 numpy==2.4.6 || exit 2

cd "$T"
picture=testsrc=size=320x180:rate=5:duration=1 turned=h264_metadata=display_orientation=insert:rotate=90
ffmpeg -v error -f lavfi -i "$picture" -c:v libx264 -threads 1 -pix_fmt yuv420p -bsf:v "$turned" camera.h264
cat > try.py <<'PY'
import av
import cv2

with av.open("camera.h264") as file:
    frame = next(file.decode(video=0))
print(f"PyAV: {frame.width}x{frame.height}, rotation {frame.rotation}")
height, width, _ = cv2.VideoCapture("camera.h264").read()[1].shape
print(f"OpenCV: {width}x{height}")
PY
{
  ffmpeg -v error -i camera.h264 -frames:v 1 still.png
  size() { ffprobe -v error -show_entries stream=width,height:stream_tags:stream_side_data -of csv=p=0:s=x "$1"; }
  echo "ffprobe, the stream: $(size camera.h264)"
  frame() { ffprobe -v error -show_frames -read_intervals '%+#1' camera.h264; }
  echo "ffprobe, the frame: rotation $(frame | sed -n 's/^rotation=//p')"
  echo "ffmpeg, the still: $(size still.png)"
  env/bin/python try.py
} > seen.txt

diff seen.txt - <<'OUT' || { echo "the tools behave differently now"; exit 1; }
ffprobe, the stream: 320x180
ffprobe, the frame: rotation 90
ffmpeg, the still: 180x320
PyAV: 320x180, rotation 90
OpenCV: 320x180
OUT
cat seen.txt
