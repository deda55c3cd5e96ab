#!/usr/bin/env bash
# The sdp-transform of PyPI makes numbers of an SDP's words: profile 42e028 becomes 4.2e+29, and control "1_2" becomes 12.
#
# Version: sdp-transform 1.1.0 (PyPI, Python 3.11), sdp-transform 3.0.0 (npm), of which it is a port.
#
# Best guess before trying: as in the original, a word becomes a number only where the number is written back the same. So
# profile-level-id 420029 is an integer, and 64e001, the control path "007" or "1_2" and the title "5.70" stay words.
#
# Seen: the port takes whatever int() or float() of Python take. The profile "42e028" (constrained baseline, level 4.0) becomes
# 4.2e+29, the control "007" 7 and "1_2" 12, the title "5.70" 5.7 and "1e5" 100000.0, and write() sends these on. Profiles
# with a letter other than e stay words: of one type of camera some have a word here and some a number. The original keeps
# all but 420029. The output is exact.
#
# Why it matters: the URL for SETUP is made of the control: the camera is asked for a track that it does not have and answers
# 404. A list of codec profiles, by which one sees that a camera was set up anew, has 4.2e+29 in it.
#
# In healthmon: words of the SDP stay words (protocols/rtsp/sdp.py).
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
command -v npm > /dev/null || { echo "this needs Node.js with npm"; exit 2; }
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check sdp-transform==1.1.0 || exit 2
cd "$T"
npm install --silent --no-audit --no-fund --prefix "$T" sdp-transform@3.0.0 > npm.txt 2>&1 ||
  { cat npm.txt; exit 2; }

cat > sdp.py <<'PY'
import json

PAGE = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns={title}\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
    "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;profile-level-id={profile}\r\na=control:{control}\r\n"
)
CAMERAS = (("5.70", "42e028", "1_2"), ("007", "42e01f", "007"), ("1e5", "420029", "trackID=1"))
pages = [PAGE.format(title=title, profile=profile, control=control) for title, profile, control in CAMERAS]
print(json.dumps(pages))
PY
cat > try.py <<'PY'
import json

import sdp_transform

for page in json.load(open("pages.json")):
    said = sdp_transform.parse(page)
    video = said["media"][0]
    profile = sdp_transform.parseParams(video["fmtp"][0]["config"])["profile-level-id"]
    again = sdp_transform.write(said).split("a=control:")[1].strip()
    print(f"PyPI: title {said['name']!r}, profile {profile!r}, control {video['control']!r}, written as {again}")
PY
cat > try.js <<'JS'
const sdp = require("sdp-transform"), shown = (value) => typeof value === "string" ? `'${value}'` : String(value);
for (const page of require("./pages.json")) {
  const said = sdp.parse(page), video = said.media[0];
  const profile = sdp.parseParams(video.fmtp[0].config)["profile-level-id"];
  const again = sdp.write(said).split("a=control:")[1].trim();
  console.log(`npm: title ${shown(said.name)}, profile ${shown(profile)}, control ${shown(video.control)}, written as ${again}`);
}
JS
env/bin/python sdp.py > pages.json
{ env/bin/python try.py; node try.js; } > seen.txt

diff seen.txt - <<'OUT' || { echo "the libraries behave differently now"; exit 1; }
PyPI: title 5.7, profile 4.2e+29, control 12, written as 12
PyPI: title 7, profile '42e01f', control 7, written as 7
PyPI: title 100000.0, profile 420029, control 'trackID=1', written as trackID=1
npm: title '5.70', profile '42e028', control '1_2', written as 1_2
npm: title '007', profile '42e01f', control '007', written as 007
npm: title '1e5', profile 420029, control 'trackID=1', written as trackID=1
OUT
cat seen.txt
