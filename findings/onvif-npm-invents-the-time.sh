#!/usr/bin/env bash
# The onvif package of npm gives this computer's own time for a camera that tells none, and local time as if it were UTC.
#
# Version: onvif 0.8.3 (Node.js 20.20.2).
#
# Best guess before trying: UTCDateTime and LocalDateTime are optional in the ONVIF schema. Where a camera tells neither,
# getSystemDateAndTime ends in an error or in nothing; where it tells local time and its time zone, the zone is applied.
#
# Seen: where it tells neither, the answer is a Date without an error, and it is the computer's own present time. Where it
# tells only local time with the zone "CST6CDT,M3.2.0,M11.1.0", the same figures come back as UTC, six hours beside.
#
# Why it matters: a clock check made with it finds a camera that tells no time right to the millisecond, for ever, and a
# camera that is right six hours slow.
#
# In healthmon: checks/probes/clock_onvif.py compares local time by the zone that the site has in config.yaml; a camera that
# tells neither has a clock that is not known.
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
for tool in node npm; do command -v "$tool" > /dev/null || { echo "$tool is needed"; exit 2; }; done
cd "$T"
npm install --silent --no-audit --no-fund onvif@0.8.3 > /dev/null || exit 2

cat > try.js <<'EOF'
const http = require("http");
const { Cam } = require("onvif");

const parts = (moment) => `<tt:Time><tt:Hour>${moment.getUTCHours()}</tt:Hour><tt:Minute>${moment.getUTCMinutes()}</tt:Minute>
  <tt:Second>${moment.getUTCSeconds()}</tt:Second></tt:Time><tt:Date><tt:Year>${moment.getUTCFullYear()}</tt:Year>
  <tt:Month>${moment.getUTCMonth() + 1}</tt:Month><tt:Day>${moment.getUTCDate()}</tt:Day></tt:Date>`;
const noon = new Date(Date.UTC(2026, 0, 15, 12, 0, 0)); // a winter's day: CST is six hours behind UTC
const told = {
  "UTC": `<tt:UTCDateTime>${parts(noon)}</tt:UTCDateTime>`,
  "only local time": `<tt:TimeZone><tt:TZ>CST6CDT,M3.2.0,M11.1.0</tt:TZ></tt:TimeZone>
    <tt:LocalDateTime>${parts(new Date(noon - 6 * 3600e3))}</tt:LocalDateTime>`,
  "neither": "",
};
let now = "";
const server = http.createServer((request, response) => {
  request.resume().on("end", () => {
    response.setHeader("Content-Type", "application/soap+xml");
    response.end(`<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
      xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema"><s:Body>
      <tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType>
      <tt:DaylightSavings>false</tt:DaylightSavings>${told[now]}</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>
      </s:Body></s:Envelope>`);
  });
});
server.listen(0, "127.0.0.1", async () => {
  const { port } = server.address();
  for (now of Object.keys(told)) {
    const camera = new Cam({ hostname: "127.0.0.1", port, autoconnect: false });
    await new Promise((resolve) => camera.getSystemDateAndTime((error, time) => {
      const own = time && Math.abs(time - Date.now()) < 2000;
      console.log(`${now}: ${error ? "an error" : own ? "this computer's time" : time.toISOString()}`);
      resolve();
    }));
  }
  process.exit(0);
});
EOF
node try.js > seen.txt

diff seen.txt - <<'EOF' || { echo "the onvif package behaves differently now"; exit 1; }
UTC: 2026-01-15T12:00:00.000Z
only local time: 2026-01-15T06:00:00.000Z
neither: this computer's time
EOF
cat seen.txt
