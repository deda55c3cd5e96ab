#!/usr/bin/env bash
# check_ups answers "UPS OK" and exit code 0 for a UPS that is overloaded, on bypass, ordered to shut down, or silent.
#
# Version: monitoring-plugins-basic 2.3.3-5+deb12u2 (check_ups), nut-server and nut-client 2.8.0-7, Debian 12.
#
# Best guess before trying: OVER, BYPASS and ALARM are a WARNING, FSD (forced shutdown) is CRITICAL, and an empty
# status or WAIT (upsd knows nothing yet) is UNKNOWN.
#
# Seen: only OFF, OB, LB and RB change the result. Each other word is printed and does not count, a word that the plugin
# does not know is printed as "Unknown", and an empty status is "UPS OK - Status=". The table at the end is exact.
#
# Why it matters: this plugin watches the UPS of many control rooms. It stays green while the battery is bypassed and
# while upsd tells every machine to switch off.
#
# In healthmon: vendors/ups/nut.py gives each word its meaning (docs/ups.md); a status without OL or OB is UNKNOWN.
set -euo pipefail
T=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$T"' EXIT
export NUT_CONFPATH=$T NUT_STATEPATH=$T NUT_ALTPIDPATH=$T LD_LIBRARY_PATH=$T/tree/usr/lib/x86_64-linux-gnu
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

cd "$T"
fetch() { apt-get -qq "$@" monitoring-plugins-basic=2.3.3-5+deb12u2 nut-server=2.8.0-7 nut-client=2.8.0-7 \
  libupsclient6 libnss3 libnspr4 libwrap0; }
fetch download 2>/dev/null || { mkdir -p lists/partial; apt-get -qq -o Dir::State::Lists="$T/lists" update &&
  fetch -o Dir::State::Lists="$T/lists" download; } || { echo "cannot fetch the packages"; exit 2; }
for package in ./*.deb; do dpkg -x "$package" tree; done

printf '[rack]\n driver = dummy-ups\n port = %s/rack.dev\n mode = dummy-once\n' "$T" > ups.conf
printf 'LISTEN 127.0.0.1 %s\n' "$port" > upsd.conf
printf '[admin]\n password = test\n actions = SET\n' > upsd.users
printf 'ups.status: OL\nbattery.charge: 100\nups.load: 20\n' > rack.dev
chmod 600 upsd.users
tree/lib/nut/dummy-ups -a rack -u "$(id -un)" -D > driver.log 2>&1 &
tree/lib/nut/upsd -u "$(id -un)" -F > upsd.log 2>&1 &

upsc() { tree/bin/upsc "rack@127.0.0.1:$port" ups.status 2>/dev/null; }
told() { # told STATUS: sets it, waits until upsd serves it, and prints what the plugin says of it
  for _ in $(seq 100); do
    tree/bin/upsrw -u admin -p test -s ups.status="$1" "rack@127.0.0.1:$port" > /dev/null 2>&1 || true
    for _ in $(seq 15); do [ "$(upsc)" = "$1" ] && break 2; sleep 0.2; done
  done
  local line code=0
  line=$(tree/usr/lib/nagios/plugins/check_ups -H 127.0.0.1 -p "$port" -u rack) || code=$?
  echo "[$1] exit $code, ${line%% Batt=*}"
}
for status in "OL" "OL OVER" "OL BYPASS" "FSD OL" "ALARM OL" "WAIT" "" "OL RB" "OB"; do told "$status"; done > seen.txt

diff seen.txt - <<'EOF' || { echo "check_ups behaves differently now"; exit 1; }
[OL] exit 0, UPS OK - Status=Online
[OL OVER] exit 0, UPS OK - Status=Online, Overload
[OL BYPASS] exit 0, UPS OK - Status=Online, On Bypass
[FSD OL] exit 0, UPS OK - Status=Online, Unknown
[ALARM OL] exit 0, UPS OK - Status=Online, Unknown
[WAIT] exit 0, UPS OK - Status=, Unknown
[] exit 0, UPS OK - Status=
[OL RB] exit 1, UPS WARNING - Status=Online, Replace Battery
[OB] exit 1, UPS WARNING - Status=On Battery
EOF
cat seen.txt
