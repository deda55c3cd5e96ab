#!/usr/bin/env bash
# The same rules on the same samples: VictoriaMetrics counts one change and one fault more.
#
# Version: victoria-metrics 1.79.5+ds1-2+b5 and prometheus 2.42.0+ds-5+deb12u1 (with promtool), Debian 12.
#
# Best guess before trying: VictoriaMetrics reads PromQL, so that changes() and increase() give what Prometheus gives, but for
# small differences of extrapolation.
#
# Seen: with a series that begins inside the window, changes() is 1 instead of 0 and increase() 2 instead of 1.0125: the
# first sample counts as a change from nothing. With a series that is older than the window both agree, so a comparison on
# a server that runs for days shows nothing. The output is exact.
#
# Why it matters: after the move to VictoriaMetrics "camera flaps" and "faults today" are too high after each start of the
# agent, when every series is new: a rule "more than 0 changes" fires for all cameras at once, though its promtool test
# is green.
#
# In healthmon: VictoriaMetrics gets rules of its own (rules/vmalert).
set -euo pipefail
T=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$T"' EXIT
cd "$T"
fetch() { apt-get -qq "$@" victoria-metrics=1.79.5+ds1-2+b5 prometheus=2.42.0+ds-5+deb12u1; }
fetch download 2>/dev/null || { mkdir -p lists/partial; apt-get -qq -o Dir::State::Lists="$T/lists" update &&
  fetch -o Dir::State::Lists="$T/lists" download; } || { echo "cannot fetch the packages"; exit 2; }
for package in ./*.deb; do dpkg -x "$package" root; done
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
prometheus=$(free_port) victoria=$(free_port) now=$(($(date +%s) / 60 * 60))

# A sample each 15 s. camera_up begins 10 min ago, faults_total too and grows once, steady is an hour old.
python3 - "$now" > samples.txt <<'EOF'
import sys

now = int(sys.argv[1])
for name, kind, first, value in (
    ("camera_up", "gauge", 600, lambda age: 1),
    ("faults", "counter", 600, lambda age: 2 if age <= 300 else 1),
    ("steady", "counter", 3600, lambda age: 60 - age // 60),
):
    print(f"# TYPE {name} {kind}")
    for age in range(first, -1, -15):
        print(f'{name}{"_total" if kind == "counter" else ""}{{job="cctv"}} {value(age)} {now - age}')
print("# EOF")
EOF
root/usr/bin/promtool tsdb create-blocks-from openmetrics samples.txt blocks > promtool.log 2>&1
echo 'global: {}' > prometheus.yml
root/usr/bin/prometheus --config.file=prometheus.yml --storage.tsdb.path=blocks --web.listen-address="127.0.0.1:$prometheus" \
  > prometheus.log 2>&1 &
root/usr/bin/victoria-metrics -storageDataPath=victoria -httpListenAddr="127.0.0.1:$victoria" -retentionPeriod=1 \
  > victoria.log 2>&1 &
for url in "$prometheus/-/ready" "$victoria/health"; do
  for _ in $(seq 150); do curl -sf "http://127.0.0.1:$url" > /dev/null && break; sleep 0.2; done
done
grep -v '^#' samples.txt | sed 's/$/000/' | curl -sf --data-binary @- "http://127.0.0.1:$victoria/api/v1/import/prometheus"
curl -sf "http://127.0.0.1:$victoria/internal/force_flush"

ask() { # ask PORT QUERY: the values at `now`
  curl -s "http://127.0.0.1:$1/api/v1/query" --data-urlencode "query=$2" -d "time=$now" -d nocache=1 |
    python3 -c 'import json, sys; print(*(one["value"][1] for one in json.load(sys.stdin)["data"]["result"]))'
}
for query in 'changes(camera_up[15m])' 'increase(faults_total[15m])' 'increase(steady_total[15m])'; do
  echo "$query: Prometheus $(ask "$prometheus" "$query"), VictoriaMetrics $(ask "$victoria" "$query")"
done > seen.txt

diff seen.txt - <<'EOF' || { echo "one of them behaves differently now"; exit 1; }
changes(camera_up[15m]): Prometheus 0, VictoriaMetrics 1
increase(faults_total[15m]): Prometheus 1.0125, VictoriaMetrics 2
increase(steady_total[15m]): Prometheus 15, VictoriaMetrics 15
EOF
cat seen.txt
