#!/usr/bin/env bash
# ntpdig gives "+/- 0.0003 s" for the time of a server that says itself that it may be 16 seconds wrong.
#
# Version: ntpsec-ntpdig, ntpsec and python3-ntp 1.2.2+dfsg1-1+deb12u1, Debian 12.
#
# Best guess before trying: the error bound that stands behind the offset holds the server's own root delay and root
# dispersion (RFC 5905 section 4, root distance), so that it grows to 16 seconds; or such a server is not eligible, as
# one of stratum 16 is not.
#
# Seen: the same line, exit code 0 and a bound below a hundredth of a second, whether the server says dispersion 0, one second
# or 16 seconds. Only the way to the server and back counts. A server of stratum 16, or that says "not synchronised", is
# refused in words.
#
# Why it matters: a recorder or a domain controller that lost its own source goes on answering with a good stratum, and
# the dispersion is the only thing that tells. Whoever checks it by this tool reads "right to a third of a millisecond".
#
# In healthmon: protocols/ntp.py counts half the root delay and the root dispersion into the uncertainty of every reading.
set -euo pipefail
T=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$T"' EXIT
cd "$T"
fetch() { apt-get -qq "$@" ntpsec-ntpdig=1.2.2+dfsg1-1+deb12u1 ntpsec=1.2.2+dfsg1-1+deb12u1 python3-ntp=1.2.2+dfsg1-1+deb12u1; }
fetch download 2>/dev/null || { mkdir -p lists/partial; apt-get -qq -o Dir::State::Lists="$T/lists" update &&
  fetch -o Dir::State::Lists="$T/lists" download; } || { echo "cannot fetch the packages"; exit 2; }
for package in ./*.deb; do dpkg -x "$package" tree; done

cat > server.py <<'EOF'
"""An NTP server that is right and says "up to DISPERSION seconds wrong", of stratum STRATUM, for one question."""
import socket, struct, sys, time

address, stratum, dispersion = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

def stamp(seconds):
    seconds += 2208988800  # 1900 to 1970
    return struct.pack("!II", int(seconds), int(seconds % 1 * 2**32))

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind((address, 123))
    server.settimeout(20)
    print("ready", flush=True)
    question, client = server.recvfrom(512)
    now = stamp(time.time())
    head = struct.pack("!BBbbII4s", 4 << 3 | 4, stratum, 6, -20, 0, dispersion << 16, bytes((10, 0, 0, 1)))
    server.sendto(head + now + question[40:48] + now + now, client)
EOF

cat > ask.sh <<'EOF'
ip link set lo up
export PYTHONPATH=tree/usr/lib/python3/dist-packages LD_LIBRARY_PATH=tree/usr/lib/x86_64-linux-gnu/ntp
ask() { # ask ADDRESS STRATUM DISPERSION
  python3 server.py "$@" > ready & server=$!
  until [ -s ready ]; do sleep 0.05; done
  python3 tree/usr/bin/ntpdig -t 2 "$1" > line 2>&1; code=$?
  wait "$server"
  : > ready
  bound=$(sed -n 's/.* +\/- \([0-9.]*\) .*/\1/p' line)
  if [ -n "$bound" ]; then
    small=$(python3 -c "print('below 0.01 s' if $bound < 0.01 else $bound)")
    echo "stratum $2, dispersion $3 s: exit $code, bound $small"
  else
    echo "stratum $2, dispersion $3 s: exit $code, $(head -1 line | sed 's/.*: //')"
  fi
}
ask 127.0.0.2 5 0
ask 127.0.0.3 5 1
ask 127.0.0.4 5 16
ask 127.0.0.5 16 16
EOF
unshare -rn bash ask.sh > seen.txt

diff seen.txt - <<'EOF' || { echo "ntpdig behaves differently now"; exit 1; }
stratum 5, dispersion 0 s: exit 0, bound below 0.01 s
stratum 5, dispersion 1 s: exit 0, bound below 0.01 s
stratum 5, dispersion 16 s: exit 0, bound below 0.01 s
stratum 16, dispersion 16 s: exit 1, stratum too high
EOF
cat seen.txt
