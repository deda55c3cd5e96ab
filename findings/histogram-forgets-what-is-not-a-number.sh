#!/usr/bin/env bash
# One NaN in a Python histogram: the sum is NaN until the restart, and the count says that nothing was observed.
#
# Version: prometheus-client 0.26.0 (Python 3.11); prometheus 2.42.0+ds-5+deb12u1 (promtool), Debian 12.
#
# Best guess before trying: observe(nan) counts in the +Inf bucket and in _count, and makes _sum NaN;
# or it raises.
#
# Seen: it raises nothing; no bucket and no count moves, only _sum becomes NaN and stays so with every later good value. The
# average by rate(_sum) / rate(_count) is NaN from then on, while Summary counts the NaN. promtool finds the output valid.
#
# Why it matters: "unknown" is often written as NaN (no answer, no frame). One such value of one camera blanks the average
# check time of all of them, and no counter tells when it happened: the panel is empty, no rule fires.
#
# In healthmon: what was not measured is not written; checks without a result have no duration.
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check prometheus-client==0.26.0 || exit 2
cd "$T"
fetch() { apt-get -qq "$@" prometheus=2.42.0+ds-5+deb12u1; }
fetch download 2>/dev/null || { mkdir -p lists/partial; apt-get -qq -o Dir::State::Lists="$T/lists" update &&
  fetch -o Dir::State::Lists="$T/lists" download; } || { echo "cannot fetch the packages"; exit 2; }
for package in ./*.deb; do dpkg -x "$package" root; done

cat > try.py <<'EOF'
from prometheus_client import CollectorRegistry, Histogram, Summary, disable_created_metrics, generate_latest

disable_created_metrics()
registry = CollectorRegistry()
histogram = Histogram("check_duration_seconds", "Check time.", buckets=(1,), registry=registry)
summary = Summary("probe_duration_seconds", "Probe time.", registry=registry)
for seconds in (0.5, float("nan"), 0.5, 0.5):
    histogram.observe(seconds)
    summary.observe(seconds)
print(generate_latest(registry).decode(), end="")
EOF
env/bin/python try.py > metrics.txt
root/usr/bin/promtool check metrics < metrics.txt
grep -v '^#' metrics.txt > seen.txt

diff seen.txt - <<'EOF' || { echo "the client behaves differently now"; exit 1; }
check_duration_seconds_bucket{le="1.0"} 3.0
check_duration_seconds_bucket{le="+Inf"} 3.0
check_duration_seconds_count 3.0
check_duration_seconds_sum NaN
probe_duration_seconds_count 4.0
probe_duration_seconds_sum NaN
EOF
cat seen.txt
