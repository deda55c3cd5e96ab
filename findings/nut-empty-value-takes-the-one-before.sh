#!/usr/bin/env bash
# NUT's dummy-ups gives a variable without a value the value of the line above it: a healthy UPS gets the alarm "78".
#
# Version: nut-server and nut-client 2.8.0-7, Debian 12.
#
# Best guess before trying: a file of dummy-ups has the form that upsc prints, so that a UPS can be recorded and played. An
# empty value is served as an empty value, or left out.
#
# Seen: upsc prints "ups.serial: " for a UPS that has an empty serial number. Played, an empty value is the value of the
# last line above that has one: behind "ups.load: 78" the serial number, the alarm and the test result are "78", and the
# reason of the last transfer is "Cabinet". The output at the end is exact.
#
# Why it matters: recordings of real UPSes are what a monitoring system is tested with. Each one with an empty value has an
# alarm, a test result or a transfer reason that no UPS ever gave, and it depends on the order of the lines.
#
# In healthmon: a UPS that dummy-ups plays is not checked as one: it is named as simulated (vendors/ups/nut.py).
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
printf 'LISTEN 127.0.0.1 %s\n' "$port" > upsd.conf
: > upsd.users
chmod 600 upsd.users
# As upsc prints it of a UPS whose firmware leaves some texts empty.
cat > rack.dev <<'EOF'
battery.charge: 100
device.location: Cabinet
input.transfer.reason: 
ups.load: 78
ups.serial: 
ups.alarm: 
ups.status: OL
ups.test.result: 
EOF
tree/lib/nut/dummy-ups -a rack -u "$(id -un)" -D > driver.log 2>&1 &
tree/lib/nut/upsd -u "$(id -un)" -F > upsd.log 2>&1 &
upsc() { tree/bin/upsc "rack@127.0.0.1:$port" 2>/dev/null; }
for _ in $(seq 100); do [[ "$(upsc)" == *ups.test.result* ]] && break; sleep 0.2; done
upsc | grep -v '^driver\.\|^device\.[st]' > seen.txt || { echo "upsd does not answer"; exit 1; }

diff seen.txt - <<'EOF' || { echo "dummy-ups behaves differently now"; exit 1; }
battery.charge: 100
device.location: Cabinet
device.mfr: Dummy Manufacturer
device.model: Dummy UPS
input.transfer.reason: Cabinet
ups.alarm: 78
ups.load: 78
ups.mfr: Dummy Manufacturer
ups.model: Dummy UPS
ups.serial: 78
ups.status: OL
ups.test.result: 78
EOF
cat seen.txt
