#!/usr/bin/env bash
# A NUT repeater goes on serving "OL, 100 %" when the upsd that it repeats is gone.
#
# Version: nut-server and nut-client 2.8.0-7 (driver dummy-ups, mode repeater), Debian 12.
#
# Best guess before trying: the repeater's data become stale, so that upsc fails with "Data stale", as it fails for the
# real UPS with "Driver not connected".
#
# Seen: the real one fails at once; the repeater still says "OL" and 100 % twenty seconds later (upsd's MAXAGE is 15 s),
# without an error and without a mark.
#
# Why it matters: repeaters bring the UPS of a cabinet to the control room's server. Monitoring the copy shows a healthy
# battery for as long as the repeater lives, also after the cabinet's server lost its USB cable or its power.
#
# In healthmon: what driver dummy-ups serves is told as a copy (vendors/ups/nut.py) and never as well; ask the real upsd.
set -euo pipefail
T=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$T"' EXIT
export NUT_CONFPATH=$T NUT_STATEPATH=$T NUT_ALTPIDPATH=$T LD_LIBRARY_PATH=$T/tree/usr/lib/x86_64-linux-gnu
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

cd "$T"
fetch() { apt-get -qq "$@" nut-server=2.8.0-7 nut-client=2.8.0-7 libupsclient6 libnss3 libnspr4 libwrap0; }
fetch download 2>/dev/null || { mkdir -p lists/partial; apt-get -qq -o Dir::State::Lists="$T/lists" update &&
  fetch -o Dir::State::Lists="$T/lists" download; } || { echo "cannot fetch the packages"; exit 2; }
for package in ./*.deb; do dpkg -x "$package" tree; done

printf '[rack]\n driver = dummy-ups\n port = %s/rack.dev\n mode = dummy-once\n' "$T" > ups.conf
printf '[copy]\n driver = dummy-ups\n port = rack@127.0.0.1:%s\n mode = repeater\n' "$port" >> ups.conf
printf 'LISTEN 127.0.0.1 %s\nMAXAGE 15\n' "$port" > upsd.conf
: > upsd.users && chmod 600 upsd.users
printf 'ups.status: OL\nbattery.charge: 100\n' > rack.dev

upsc() { tree/bin/upsc "$1@127.0.0.1:$port" "$2" 2>&1 | tail -1; }
reach() { for _ in $(seq 100); do [ "$(upsc "$1" ups.status)" = "$2" ] && break; sleep 0.2; done; }
tree/lib/nut/dummy-ups -a rack -u "$(id -un)" -D > driver.log 2>&1 &
driver=$!
tree/lib/nut/upsd -u "$(id -un)" -F > upsd.log 2>&1 &
reach rack OL
tree/lib/nut/dummy-ups -a copy -u "$(id -un)" -D > copy.log 2>&1 &
reach copy OL
{
  echo "real: $(upsc rack ups.status), repeater: $(upsc copy ups.status) $(upsc copy battery.charge) %"
  kill "$driver"; wait "$driver" 2>/dev/null || true
  reach rack "Error: Driver not connected"
  sleep 20
  echo "20 s later: real: $(upsc rack ups.status), repeater: $(upsc copy ups.status) $(upsc copy battery.charge) %"
} > seen.txt

diff seen.txt - <<'EOF' || { echo "the repeater behaves differently now"; exit 1; }
real: OL, repeater: OL 100 %
20 s later: real: Error: Driver not connected, repeater: OL 100 %
EOF
cat seen.txt
