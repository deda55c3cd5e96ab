#!/usr/bin/env bash
# The onvif package of npm makes numbers of texts: firmware 5.70 becomes 5.7, and the serial number changes its digits.
#
# Version: onvif 0.8.3 (Node.js 20.20.2).
#
# Best guess before trying: GetDeviceInformation gives the five texts that the schema calls xs:string, as texts.
#
# Seen: what looks like a number becomes one, and what looks like "true" becomes a Boolean. Firmware "5.70" and "5.7" are the
# same afterwards; the last digits of a 20-digit serial number are others; hardware "0.0" is 0; a camera named "true" has
# the name true; profile token "12" is the number 12. Texts with leading zeros stay texts. The output at the end is exact.
#
# Why it matters: an inventory made with it finds "changed" serial numbers when another tool reads the same cameras, joins
# two cameras whose serials differ in the last digits, and misses a firmware update from 5.7 to 5.70.
#
# In healthmon: checks/probes/identity.py keeps these fields as the device wrote them.
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
for tool in node npm; do command -v "$tool" > /dev/null || { echo "$tool is needed"; exit 2; }; done
cd "$T"
npm install --silent --no-audit --no-fund onvif@0.8.3 > /dev/null || exit 2

cat > try.js <<'EOF'
const http = require("http");
const { Cam } = require("onvif");

const answers = {
  GetDeviceInformation: `<tds:GetDeviceInformationResponse><tds:Manufacturer>ACME</tds:Manufacturer><tds:Model>5100</tds:Model>
    <tds:FirmwareVersion>5.70</tds:FirmwareVersion><tds:SerialNumber>12345678901234567890</tds:SerialNumber>
    <tds:HardwareId>0.0</tds:HardwareId></tds:GetDeviceInformationResponse>`,
  GetHostname: `<tds:GetHostnameResponse><tds:HostnameInformation><tt:FromDHCP>false</tt:FromDHCP><tt:Name>true</tt:Name>
    </tds:HostnameInformation></tds:GetHostnameResponse>`,
  GetProfiles: `<trt:GetProfilesResponse><trt:Profiles token="12" fixed="true"><tt:Name>007</tt:Name></trt:Profiles>
    <trt:Profiles token="012" fixed="true"><tt:Name>7.0</tt:Name></trt:Profiles></trt:GetProfilesResponse>`,
};
const server = http.createServer((request, response) => {
  let asked = "";
  request.on("data", (part) => (asked += part));
  request.on("end", () => {
    const name = Object.keys(answers).find((one) => asked.includes(one));
    response.setHeader("Content-Type", "application/soap+xml");
    response.end(`<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
      xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl"
      xmlns:tt="http://www.onvif.org/ver10/schema"><s:Body>${answers[name]}</s:Body></s:Envelope>`);
  });
});
server.listen(0, "127.0.0.1", async () => {
  const { port } = server.address();
  const camera = new Cam({ hostname: "127.0.0.1", port, username: "operator", password: "secret", autoconnect: false });
  const url = { hostname: "127.0.0.1", port, path: "/onvif/device_service", href: "" };
  camera.uri = { device: url, media: url };
  const ask = (method) =>
    new Promise((resolve, reject) => camera[method]((error, answer) => (error ? reject(error) : resolve(answer))));
  for (const [name, value] of Object.entries(await ask("getDeviceInformation"))) console.log(name, JSON.stringify(value));
  console.log("hostname", JSON.stringify((await ask("getHostname")).name));
  for (const profile of await ask("getProfiles")) console.log("profile", JSON.stringify([profile.$.token, profile.name]));
  process.exit(0);
});
EOF
node try.js > seen.txt

diff seen.txt - <<'EOF' || { echo "the onvif package behaves differently now"; exit 1; }
manufacturer "ACME"
model 5100
firmwareVersion 5.7
serialNumber 12345678901234567000
hardwareId 0
hostname true
profile [12,"007"]
profile ["012",7]
EOF
cat seen.txt
