#!/usr/bin/env bash
# Once upsd was told "forced shutdown", it adds FSD to every status for ever, also when the mains are back.
#
# Version: nut-server and nut-client 2.8.0-7, Debian 12.
#
# Best guess before trying: FSD belongs to one power cut. It ends when the driver says OL again, when the primary logs out,
# or at the latest when the driver is started anew or upsd reloads its configuration.
#
# Seen: none of these clears it. upsd keeps the mark until upsd itself ends; only a new upsd says "OL" again.
#
# Why it matters: a machine whose upsmon starts after the power cut reads "FSD OL" and switches itself off at once, although
# the UPS is charged and on mains. Recorders that boot after the cut go down again, and nobody sees a fault of the UPS.
#
# In healthmon: FSD is a FAULT whatever else the status says (vendors/ups/nut.py).
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
printf '[admin]\n password = test\n actions = SET FSD\n upsmon primary\n' > upsd.users
printf 'ups.status: OL\nbattery.charge: 100\n' > rack.dev
chmod 600 upsd.users

driver=0 server=0
start_driver() { tree/lib/nut/dummy-ups -a rack -u "$(id -un)" -D > driver.log 2>&1 & driver=$!; }
start_server() { tree/lib/nut/upsd -u "$(id -un)" -F > upsd.log 2>&1 & server=$!; }
upsc() { tree/bin/upsc "rack@127.0.0.1:$port" "$1" 2>/dev/null || echo "error"; }
reach() { for _ in $(seq 100); do [[ "$(upsc "$1")" == $2 ]] && break; sleep 0.2; done; }
set_to() { tree/bin/upsrw -u admin -p test -s "$1=$2" "rack@127.0.0.1:$port" > /dev/null 2>&1; }
start_driver; start_server; reach ups.status OL
{
  echo "before: $(upsc ups.status)"
  # What upsmon of the primary machine does when the battery is low: login, PRIMARY, FSD, logout.
  python3 - "$port" <<'EOF'
import socket
import sys

with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as upsd, upsd.makefile("rw", newline="\n") as line:
    for words in ("USERNAME admin", "PASSWORD test", "LOGIN rack", "PRIMARY rack", "FSD rack", "LOGOUT"):
        line.write(words + "\n")
        line.flush()
        answer = line.readline().strip()
    print("FSD was ordered,", answer)
EOF
  set_to ups.status "OB LB"; reach ups.status "*OB LB"
  echo "in the cut: $(upsc ups.status)"
  set_to ups.status "OL CHRG"; reach ups.status "*OL CHRG"
  echo "mains back: $(upsc ups.status)"
  kill "$driver"; wait "$driver" 2>/dev/null || true
  reach ups.status error
  start_driver; reach ups.status "*OL"
  echo "driver started anew: $(upsc ups.status)"
  kill -HUP "$server"; sleep 2
  echo "upsd reloaded: $(upsc ups.status)"
  kill "$server"; wait "$server" 2>/dev/null || true
  start_server; reach ups.status OL
  echo "upsd started anew: $(upsc ups.status)"
} > seen.txt

diff seen.txt - <<'EOF' || { echo "upsd behaves differently now"; exit 1; }
before: OL
FSD was ordered, OK Goodbye
in the cut: FSD OB LB
mains back: FSD OL CHRG
driver started anew: FSD OL
upsd reloaded: FSD OL
upsd started anew: OL
EOF
cat seen.txt
