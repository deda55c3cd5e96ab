#!/usr/bin/env bash
# A counter with one "not a number" before a restart: Prometheus says that it grew by -90, VictoriaMetrics by 20.
#
# Version: victoria-metrics 1.79.5+ds1-2+b5 and prometheus 2.42.0+ds-5+deb12u1 (with promtool), Debian 12.
#
# Best guess before trying: a NaN makes increase() NaN, or is left out, so that the restart behind it is counted: 20 as
# without the NaN. Less than 0 is impossible for a counter. VictoriaMetrics gives the same but for extrapolation.
#
# Seen: Prometheus takes the first and the last sample and adds what it lost at each fall. 110, NaN, 5 is no fall for it, as no
# comparison with NaN holds, so the increase of 100, 110, NaN, 5, 10 is 10 - 100 = -90, and resets() is 0. A NaN at an end of
# the window makes it NaN. VictoriaMetrics leaves each NaN out: 20, one reset; where the NaN is first, 120, counted from
# nothing. irate() looks at the last two samples only and agrees. The output is exact.
#
# Why it matters: an exporter that gives NaN while its device restarts (a switch's error counter, reconnects of a stream)
# makes "errors in the last hour" negative. A rule "> 0" stays silent, and a sum over cameras hides the errors of the others.
#
# In healthmon: what is not known has no sample (no NaN is exported), so a restart is seen by the next number.
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

python3 - "$now" > samples.txt <<'EOF'
import sys

now = int(sys.argv[1])
SERIES = {
    "plain": [100, 110, 3, 5, 10],
    "unknown": [100, 110, "NaN", 5, 10],
    "first": ["NaN", 100, 110, 115, 120],
    "last": [100, 110, 115, 120, "NaN"],
}
for name, values in SERIES.items():
    print(f"# TYPE {name} counter")
    for index, value in enumerate(values):
        print(f"{name}_total {value} {now - 240 + 60 * index}")
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
for name in plain unknown first last; do
  for query in "increase(${name}_total[4m])" "resets(${name}_total[4m])"; do
    echo "$query: Prometheus $(ask "$prometheus" "$query"), VictoriaMetrics $(ask "$victoria" "$query")"
  done
done > seen.txt

diff seen.txt - <<'EOF' || { echo "one of them behaves differently now"; exit 1; }
increase(plain_total[4m]): Prometheus 20, VictoriaMetrics 20
resets(plain_total[4m]): Prometheus 1, VictoriaMetrics 1
increase(unknown_total[4m]): Prometheus -90, VictoriaMetrics 20
resets(unknown_total[4m]): Prometheus 0, VictoriaMetrics 1
increase(first_total[4m]): Prometheus NaN, VictoriaMetrics 120
resets(first_total[4m]): Prometheus 0, VictoriaMetrics 0
increase(last_total[4m]): Prometheus NaN, VictoriaMetrics 20
resets(last_total[4m]): Prometheus 0, VictoriaMetrics 0
EOF
cat seen.txt
