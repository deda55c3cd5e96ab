#!/usr/bin/env bash
# Alertmanager answers 200 to an open alert from a sender whose clock is slow, and tells nobody.
#
# Version: prometheus-alertmanager 0.25.0-1+b4, Debian 12.
#
# Best guess before trying: an alert that ends in Alertmanager's past is refused with 400, or is told as resolved; an alert
# that starts in ten minutes is refused, or is told in ten minutes.
#
# Seen: with endsAt one minute ago (a sender that says "open for three more minutes" and is four minutes slow) the answer is
# 200, no notification leaves, and the alert is not in the list either. With startsAt in ten minutes the answer is 200, and
# it is told at once, as firing. The output at the end is exact.
#
# Why it matters: senders renew an open alert by moving endsAt ahead, as Prometheus does. When the monitoring server's own
# clock is a few minutes slow, every fault of every camera is accepted and lost, and nothing in the sender's log shows it.
#
# In healthmon: an open fault is sent so that it counts by Alertmanager's own clock (field finding E1).
set -euo pipefail
T=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$T"' EXIT
cd "$T"
fetch() { apt-get -qq "$@" prometheus-alertmanager=0.25.0-1+b4; }
fetch download 2>/dev/null || { mkdir -p lists/partial; apt-get -qq -o Dir::State::Lists="$T/lists" update &&
  fetch -o Dir::State::Lists="$T/lists" download; } || { echo "cannot fetch the packages"; exit 2; }
for package in ./*.deb; do dpkg -x "$package" root; done
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=$(free_port) hook=$(free_port)

cat > alertmanager.yml <<EOF
route: {receiver: people, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}
receivers: [{name: people, webhook_configs: [{url: "http://127.0.0.1:$hook/", send_resolved: true}]}]
EOF
cat > people.py <<'EOF'
import http.server
import json
import sys


class People(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        for alert in json.loads(self.rfile.read(int(self.headers["Content-Length"])))["alerts"]:
            with open("told.txt", "a") as told:
                told.write(f"{alert['labels']['alertname']} {alert['status']}\n")
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args):
        pass


http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), People).serve_forever()
EOF
: > told.txt
python3 people.py "$hook" &
root/usr/bin/prometheus-alertmanager --config.file=alertmanager.yml --storage.path=state --cluster.listen-address= \
  --web.listen-address="127.0.0.1:$port" > alertmanager.log 2>&1 &
url=http://127.0.0.1:$port
for _ in $(seq 100); do curl -sf "$url/-/ready" > /dev/null && break; sleep 0.2; done

send() { # send NAME STARTS ENDS: posts one alert and prints Alertmanager's answer
  local starts ends code
  starts=$(date -u -d "$2" '+%Y-%m-%dT%H:%M:%SZ') ends=$(date -u -d "$3" '+%Y-%m-%dT%H:%M:%SZ')
  code=$(curl -s -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' "$url/api/v2/alerts" -d \
    "[{\"labels\": {\"alertname\": \"$1\"}, \"startsAt\": \"$starts\", \"endsAt\": \"$ends\"}]")
  echo "$1 (from $2 to $3): answered $code"
}
{
  send Slow "-10 min" "-1 min"
  send Fast "+10 min" "+14 min"
  send Right "-10 min" "+4 min"
  for _ in $(seq 50); do [ "$(grep -c firing told.txt)" -ge 2 ] && break; sleep 0.2; done
  sleep 4
  echo "told: $(sort told.txt | paste -sd, | sed 's/,/, /g')"
  echo "in the list: $(curl -s "$url/api/v2/alerts" | python3 -c \
    'import json, sys; print(", ".join(sorted(alert["labels"]["alertname"] for alert in json.load(sys.stdin))))')"
} > seen.txt

diff seen.txt - <<'EOF' || { echo "Alertmanager behaves differently now"; exit 1; }
Slow (from -10 min to -1 min): answered 200
Fast (from +10 min to +14 min): answered 200
Right (from -10 min to +4 min): answered 200
told: Fast firing, Right firing
in the list: Fast, Right
EOF
cat seen.txt
