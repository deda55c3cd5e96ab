#!/usr/bin/env bash
# onvif-zeep makes an event subscription on the camera when a program only wants to read the time.
#
# Version: onvif-zeep 0.2.12 with zeep 4.3.3 (Python 3.11).
#
# Best guess before trying: ONVIFCamera(...) reads the service addresses (GetCapabilities) and nothing else; the import of a
# library leaves the program's logging alone.
#
# Seen: the constructor also calls CreatePullPointSubscription, with the login, and never ends the subscription; an error of
# it is swallowed. The import gives the root logger a handler and level INFO, so that a later logging.basicConfig(
# filename=...) of the program does nothing. The requests in order are at the end.
#
# Why it matters: cameras keep few subscriptions (often about ten). A script that reads the clocks of all cameras every
# minute takes them all, and the recorder, which needs them for motion events, is refused.
#
# In healthmon: no ONVIFCamera object is ever made, and no subscription (protocols/onvif).
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check onvif-zeep==0.2.12 zeep==4.3.3 || exit 2

cat > "$T/try.py" <<'EOF'
import http.server
import logging
import re
import sysconfig
import threading

import onvif

ENVELOPE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tds="http://www.onvif.org/ver10/device/wsdl"'
    ' xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:wsa="http://www.w3.org/2005/08/addressing"'
    ' xmlns:tev="http://www.onvif.org/ver10/events/wsdl" xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2">'
    "<s:Body>{}</s:Body></s:Envelope>"
)
ANSWERS = {
    "GetCapabilities": "<tds:GetCapabilitiesResponse><tds:Capabilities>"
    "<tt:Device><tt:XAddr>{url}/device</tt:XAddr></tt:Device><tt:Events><tt:XAddr>{url}/events</tt:XAddr>"
    "<tt:WSSubscriptionPolicySupport>false</tt:WSSubscriptionPolicySupport><tt:WSPullPointSupport>true"
    "</tt:WSPullPointSupport><tt:WSPausableSubscriptionManagerInterfaceSupport>false"
    "</tt:WSPausableSubscriptionManagerInterfaceSupport></tt:Events>"
    "</tds:Capabilities></tds:GetCapabilitiesResponse>",
    "CreatePullPointSubscription": "<tev:CreatePullPointSubscriptionResponse><tev:SubscriptionReference>"
    "<wsa:Address>{url}/events/1</wsa:Address></tev:SubscriptionReference>"
    "<wsnt:CurrentTime>2026-11-29T10:00:00Z</wsnt:CurrentTime>"
    "<wsnt:TerminationTime>2026-11-29T10:10:00Z</wsnt:TerminationTime></tev:CreatePullPointSubscriptionResponse>",
    "GetSystemDateAndTime": "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime>"
    "<tt:DateTimeType>NTP</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings><tt:UTCDateTime><tt:Time>"
    "<tt:Hour>10</tt:Hour><tt:Minute>0</tt:Minute><tt:Second>0</tt:Second></tt:Time><tt:Date><tt:Year>2026</tt:Year>"
    "<tt:Month>11</tt:Month><tt:Day>29</tt:Day></tt:Date></tt:UTCDateTime></tds:SystemDateAndTime>"
    "</tds:GetSystemDateAndTimeResponse>",
}


class Camera(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        name = re.search(r"Body[^>]*>\s*<(?:\w+:)?(\w+)", asked)[1]
        print(f"camera is asked: {name}{', with a login' if 'UsernameToken' in asked else ''}", flush=True)
        answer = ENVELOPE.format(ANSWERS[name].format(url=f"http://127.0.0.1:{server.server_port}")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/soap+xml")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Camera)
threading.Thread(target=server.serve_forever, daemon=True).start()
root = logging.getLogger()
print(f"root logger after the import: {len(root.handlers)} handler, level {logging.getLevelName(root.level)}", flush=True)
camera = onvif.ONVIFCamera("127.0.0.1", server.server_port, "operator", "secret", sysconfig.get_path("purelib") + "/wsdl")
print("the object is made", flush=True)
print("hour:", camera.devicemgmt.GetSystemDateAndTime().UTCDateTime.Time.Hour)
EOF
env -u http_proxy -u HTTP_PROXY "$T/env/bin/python" "$T/try.py" > "$T/seen.txt" 2> "$T/errors.txt" || cat "$T/errors.txt"

diff "$T/seen.txt" - <<'EOF' || { echo "onvif-zeep behaves differently now"; exit 1; }
root logger after the import: 1 handler, level INFO
camera is asked: GetCapabilities, with a login
camera is asked: CreatePullPointSubscription, with a login
the object is made
camera is asked: GetSystemDateAndTime, with a login
hour: 10
EOF
cat "$T/seen.txt"
