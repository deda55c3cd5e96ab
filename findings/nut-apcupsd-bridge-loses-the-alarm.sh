#!/usr/bin/env bash
# NUT's bridge to apcupsd turns "no battery" into "on bypass", and "shutting down" and "communication lost" into nothing.
#
# Version: nut-server and nut-client 2.8.0-7 (driver apcupsd-ups), Debian 12.
#
# Best guess before trying: NOBATT becomes ALARM or RB, COMMLOST makes the data stale (so that clients get an error), and
# SHUTTING DOWN becomes OB LB or FSD, because the UPS runs on its last minutes.
#
# Seen: "ONLINE NOBATT" is served as "OL BYPASS". "COMMLOST" and "SHUTTING DOWN" are served as an empty ups.status, with the
# last charge and runtime beside it and no error: the driver looks for "COMMLOST" without the space that apcupsd puts behind
# each word, and for "SHUTTING DOWN" as one word. A failed self-test (SELFTEST NG) changes nothing. The table at the
# end is exact.
#
# Why it matters: who monitors an APC unit by this bridge looks for a bypass switch while the battery is missing, and sees
# neither an alarm nor an error in the minute before the recorders lose power. A client that searches an empty status for
# "OB" finds none; check_ups even says "UPS OK" (see check-ups-says-ok.sh).
#
# In healthmon: vendors/ups/nut.py takes BYPASS of this driver for a missing battery; an empty status is UNKNOWN. A UPS can
# be asked by apcupsd's own protocol, which is the better source.
set -euo pipefail
T=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$T"' EXIT
export NUT_CONFPATH=$T NUT_STATEPATH=$T NUT_ALTPIDPATH=$T LD_LIBRARY_PATH=$T/tree/usr/lib/x86_64-linux-gnu
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=$(free_port) nis=$(free_port)

cd "$T"
fetch() { apt-get -qq "$@" nut-server=2.8.0-7 nut-client=2.8.0-7 libupsclient6 libnss3 libnspr4 libwrap0; }
fetch download 2>/dev/null || { mkdir -p lists/partial; apt-get -qq -o Dir::State::Lists="$T/lists" update &&
  fetch -o Dir::State::Lists="$T/lists" download; } || { echo "cannot fetch the packages"; exit 2; }
for package in ./*.deb; do dpkg -x "$package" tree; done

# A server of apcupsd's network protocol (16-bit length, line; length 0 ends): what it tells stands in report.txt.
cat > nis.py <<'EOF'
import socketserver
import sys


class Report(socketserver.StreamRequestHandler):
    def handle(self):
        while head := self.rfile.read(2):
            self.rfile.read(int.from_bytes(head, "big"))
            for line in open("report.txt", "rb"):
                self.wfile.write(len(line).to_bytes(2, "big") + line)
            self.wfile.write(bytes(2))


socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])), Report).serve_forever()
EOF
report() { # report STATUS STATFLAG SELFTEST VOLTS: one report, its words and spaces as apcupsd 3.14.14 sends them
  printf '%s\n' "APC      : 001,036,0869" "DATE     : 2026-11-29 09:00:00 +0000" "HOSTNAME : cctv" \
    "VERSION  : 3.14.14 (31 May 2016) debian" "UPSNAME  : rack" "CABLE    : USB Cable" "DRIVER   : USB UPS Driver" \
    "UPSMODE  : Stand Alone" "MODEL    : Smart-UPS 1500" "STATUS   : $1" "LINEV    : $4.0 Volts" \
    "LOADPCT  : 20.0 Percent" "BCHARGE  : 100.0 Percent" "TIMELEFT : 45.0 Minutes" "SELFTEST : $3" \
    "STATFLAG : $2" "SERIALNO : AS1234567890" "END APC  : 2026-11-29 09:00:01 +0000" > report.new
  mv report.new report.txt
}
volts=231
report "ONLINE " 0x05000008 OK "$volts"
python3 nis.py "$nis" &
printf '[rack]\n driver = apcupsd-ups\n port = 127.0.0.1:%s\n' "$nis" > ups.conf
printf 'LISTEN 127.0.0.1 %s\n' "$port" > upsd.conf
: > upsd.users && chmod 600 upsd.users
sleep 1
tree/lib/nut/apcupsd-ups -a rack -u "$(id -un)" -D > driver.log 2>&1 &
tree/lib/nut/upsd -u "$(id -un)" -F > upsd.log 2>&1 &

upsc() { tree/bin/upsc "rack@127.0.0.1:$port" "$1" 2>/dev/null || echo "error"; }
told() { # told STATUS STATFLAG SELFTEST: gives the report, waits until NUT has read it (its voltage is new)
  volts=$((volts + 1))
  report "$1" "$2" "$3" "$volts"
  for _ in $(seq 150); do [ "$(upsc input.voltage)" = "$volts.0" ] && break; sleep 0.2; done
  echo "apcupsd [$1, SELFTEST $3] -> NUT [$(upsc ups.status)] alarm: $(upsc ups.alarm), charge: $(upsc battery.charge)"
}
{ told "ONLINE " 0x05000008 OK
  told "ONLINE NOBATT " 0x04000008 OK
  told "COMMLOST " 0x05000100 OK
  told "ONBATT LOWBATT " 0x05060050 OK
  told "SHUTTING DOWN" 0x05060250 OK
  told "ONLINE " 0x05000008 NG; } > seen.txt

diff seen.txt - <<'EOF' || { echo "the bridge behaves differently now"; exit 1; }
apcupsd [ONLINE , SELFTEST OK] -> NUT [OL] alarm: error, charge: 100.0
apcupsd [ONLINE NOBATT , SELFTEST OK] -> NUT [OL BYPASS] alarm: error, charge: 100.0
apcupsd [COMMLOST , SELFTEST OK] -> NUT [] alarm: error, charge: 100.0
apcupsd [ONBATT LOWBATT , SELFTEST OK] -> NUT [OB LB] alarm: error, charge: 100.0
apcupsd [SHUTTING DOWN, SELFTEST OK] -> NUT [] alarm: error, charge: 100.0
apcupsd [ONLINE , SELFTEST NG] -> NUT [OL] alarm: error, charge: 100.0
EOF
cat seen.txt
