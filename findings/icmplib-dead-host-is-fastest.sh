#!/usr/bin/env bash
# icmplib gives a dead camera an average round trip of 0.0 ms, and a camera without a route a packet loss of 0 %.
#
# Version: icmplib 3.0.4 (Python 3.11), in a network namespace of its own.
#
# Best guess before trying: where nothing comes back, avg_rtt is None and packet_loss is 1.0, whatever the reason.
#
# Seen: without an answer min_rtt, avg_rtt, max_rtt and jitter are 0.0, the best values there are, beside packet_loss 1.0.
# Where the system refuses to send (no route, network unreachable), packet_loss is 0.0 as well: all figures are those of a
# perfect line, and only is_alive (False) or packets_sent (0) tells. multiping is the same.
#
# Why it matters: a chart or an alert "round trip above 100 ms, loss above 2 %" made of these figures is at its greenest
# when a site's uplink is gone, and the monthly average of a camera gets better the longer it was dead.
#
# In healthmon: protocols/icmp.py is its own; no answer gives no round trip, and no series.
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
unshare -rn true 2> /dev/null || { echo "network namespaces (unshare -rn) are needed"; exit 2; }
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check icmplib==3.0.4 || exit 2

cat > "$T/try.py" <<'EOF'
from pathlib import Path

import icmplib


def told(case, address):
    host = icmplib.ping(address, count=2, interval=0.05, timeout=0.3)
    [again] = icmplib.multiping([address], count=2, interval=0.05, timeout=0.3)
    for name, seen in (("ping", host), ("multiping", again)):
        times = "above 0" if seen.avg_rtt > 0 else seen.avg_rtt
        print(f"{case}, {name}: alive {seen.is_alive}, average {times} ms, loss {seen.packet_loss}, sent {seen.packets_sent}")


told("answers", "127.0.0.1")
Path("/proc/sys/net/ipv4/icmp_echo_ignore_all").write_text("1")
told("no answer", "127.0.0.1")
told("no route", "192.0.2.1")
EOF
unshare -rn bash -c "ip link set lo up && '$T/env/bin/python' '$T/try.py'" > "$T/seen.txt"

diff "$T/seen.txt" - <<'EOF' || { echo "icmplib behaves differently now"; exit 1; }
answers, ping: alive True, average above 0 ms, loss 0.0, sent 2
answers, multiping: alive True, average above 0 ms, loss 0.0, sent 2
no answer, ping: alive False, average 0.0 ms, loss 1.0, sent 2
no answer, multiping: alive False, average 0.0 ms, loss 1.0, sent 2
no route, ping: alive False, average 0.0 ms, loss 0.0, sent 0
no route, multiping: alive False, average 0.0 ms, loss 0.0, sent 0
EOF
cat "$T/seen.txt"
