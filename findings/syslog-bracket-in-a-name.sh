#!/usr/bin/env bash
# A site name with a bracket in syslog: one reader of RFC 5424 leaves the escapes in, another one loses site and camera.
#
# Version: rfc5424-logging-handler 1.4.3 (sends) and syslog-rfc5424-parser 0.3.2 of PyPI, glossy 0.1.7 and
# nsyslog-parser 0.10.1 of npm.
#
# Best guess before trying: RFC 5424 section 6.3.3 has \" and \\ and \] escaped within a value. The sender escapes them and
# syslog-rfc5424-parser gives the name as it was; nsyslog-parser knows the end of the value but leaves the backslashes in.
#
# Seen: the sender and glossy are right. syslog-rfc5424-parser gives the name with its five backslashes. nsyslog-parser takes
# the bracket in the name for the begin of an element of its own: the element has the name "north\]", there is a parameter
# "null", and neither "cam@32473" nor "site" exist. No error in either. The output is exact.
#
# Why it matters: "Gate [north]" is a common kind of name. Faults that are matched by site in a log archive are not found under
# the name that the camera list has, and for one reader the camera's fault belongs to no site.
#
# In healthmon: its syslog notices escape as section 6.3.3 says (exporters, notify/syslog.py); it reads no syslog.
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
command -v npm > /dev/null || { echo "this needs Node.js with npm"; exit 2; }
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check rfc5424-logging-handler==1.4.3 syslog-rfc5424-parser==0.3.2 || exit 2
cd "$T"
npm install --silent --no-audit --no-fund --prefix "$T" glossy@0.1.7 nsyslog-parser@0.10.1 > npm.txt 2>&1 ||
  { cat npm.txt; exit 2; }

cat > try.py <<'PY'
import json
import logging
import socket

import syslog_rfc5424_parser
from rfc5424logging import Rfc5424SysLogHandler

server = socket.socket(type=socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 0))
server.settimeout(10)
logger = logging.getLogger("healthcheck")
logger.addHandler(Rfc5424SysLogHandler(address=server.getsockname(), enterprise_id=32473, msg_as_utf8=False))
logger.warning("camera down", extra={"structured_data": {"cam": {"site": 'Gate "A" [north] \\ 2', "device": "C001"}}})
line = server.recv(9000).decode()
open("line.json", "w").write(json.dumps(line))
print("sent:", line[line.index("[") :])
print("syslog-rfc5424-parser:", json.dumps(syslog_rfc5424_parser.SyslogMessage.parse(line).as_dict()["sd"]))
PY
cat > try.js <<'JS'
const line = require("./line.json");
require("glossy").Parse.parse(line, (said) => console.log("glossy:", JSON.stringify(said.structuredData)));
console.log("nsyslog-parser:", JSON.stringify(require("nsyslog-parser")(line).structuredData));
JS
{ env/bin/python try.py; node try.js; } > seen.txt

diff seen.txt - <<'OUT' || { echo "the libraries behave differently now"; exit 1; }
sent: [cam@32473 site="Gate \"A\" [north\] \\ 2" device="C001"] camera down
syslog-rfc5424-parser: {"cam@32473": {"site": "Gate \\\"A\\\" [north\\] \\\\ 2", "device": "C001"}}
glossy: {"cam@32473":{"site":"Gate \"A\" [north] \\ 2","device":"C001"}}
nsyslog-parser: [{"$id":"north\\]","null":"undefined \\\\ 2","device":"C001"}]
OUT
cat seen.txt
