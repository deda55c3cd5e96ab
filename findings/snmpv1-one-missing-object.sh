#!/usr/bin/env bash
# SNMPv1: ask for two objects, one of which the device lacks, and pysnmp says that the other one does not exist either.
#
# Version: pysnmp 7.1.30 (Python 3.11); snmp 5.9.3+dfsg-2+deb12u1 (snmpwalk), and snmpd of the same version as the device,
# Debian 12.
#
# Best guess before trying: SNMPv1 refuses the whole request with noSuchName and the place of the bad object. A library raises
# or returns that error; the values of the others are empty. A walk over 64-bit counters, which SNMPv1 cannot carry, gives
# an error too.
#
# Seen: pysnmp returns noSuchName, and its answer shows sysUpTime, which the device has, as "No Such Object currently exists
# at this OID", the words of SNMPv2 for a proven absence. A walk over ifHCInOctets gives nothing and no error, with pysnmp
# and with snmpwalk (exit code 0), while SNMPv2c shows the counters. The output at the end is exact.
#
# Why it matters: old UPS cards and switches speak SNMPv1 only. "The UPS has no battery temperature" and "the UPS has no
# battery status" look alike, and a port's traffic reads as absent or zero instead of "cannot be asked by this version".
#
# In healthmon: protocols/snmp/v2c.py has its own codec; it leaves out what SNMPv1 refuses and asks for the rest again.
set -euo pipefail
T=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$T"' EXIT
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check pysnmp==7.1.30 || exit 2
cd "$T"
fetch() { apt-get -qq "$@" {snmpd,snmp,libsnmp40}=5.9.3+dfsg-2+deb12u1 libsnmp-base libsensors5 libsensors-config; }
fetch download 2>/dev/null || { mkdir -p lists/partial; apt-get -qq -o Dir::State::Lists="$T/lists" update &&
  fetch -o Dir::State::Lists="$T/lists" download; } || { echo "cannot fetch the packages"; exit 2; }
for package in ./*.deb; do dpkg -x "$package" root; done
port=$(python3 -c 'import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

echo "rocommunity public 127.0.0.1" > device.conf
mkdir persistent
SNMP_PERSISTENT_DIR=$T/persistent MIBS="" LD_LIBRARY_PATH=root/usr/lib/x86_64-linux-gnu \
  root/usr/sbin/snmpd -f -Lf snmpd.log -C -c device.conf -p snmpd.pid "udp:127.0.0.1:$port" &

cat > try.py <<'EOF'
import asyncio
import sys

from pysnmp.hlapi.v3arch.asyncio import (
    CommunityData, ContextData, ObjectIdentity, ObjectType, SnmpEngine, UdpTransportTarget, get_cmd, walk_cmd,
)

UPTIME, MISSING, COUNTERS = "1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.33.1.2.7.0", "1.3.6.1.2.1.31.1.1.1.6"


async def main():
    engine = SnmpEngine()
    device = await UdpTransportTarget.create(("127.0.0.1", int(sys.argv[1])), timeout=2, retries=3)
    for name, model in (("v1", 0), ("v2c", 1)):
        asked = [ObjectType(ObjectIdentity(oid)) for oid in (UPTIME, MISSING)]
        login = CommunityData("public", mpModel=model)
        _, status, index, values = await get_cmd(engine, login, device, ContextData(), *asked)
        uptime, problem = values[0][1].prettyPrint(), str(status or "no error")
        print(f"pysnmp {name}: {problem} {index}, sysUpTime: {'a number' if uptime.isdigit() else uptime}")
        walked = [
            error or status
            async for error, status, *_ in walk_cmd(
                engine, login, device, ContextData(), ObjectType(ObjectIdentity(COUNTERS)), lexicographicMode=False
            )
        ]
        print(f"pysnmp {name}: walk over ifHCInOctets: {'some' if walked else 'no'} counters, errors: {sum(map(bool, walked))}")


asyncio.run(main())
EOF
env/bin/python try.py "$port" > seen.txt
for version in 1 2c; do
  code=0
  LD_LIBRARY_PATH=root/usr/lib/x86_64-linux-gnu MIBS="" root/usr/bin/snmpwalk -v "$version" -c public "127.0.0.1:$port" \
    .1.3.6.1.2.1.31.1.1.1.6 > walked.txt 2>&1 || code=$?
  echo "snmpwalk v$version: $([ -s walked.txt ] && echo some || echo no) counters, exit $code" >> seen.txt
done

diff seen.txt - <<'EOF' || { echo "the libraries behave differently now"; exit 1; }
pysnmp v1: noSuchName 2, sysUpTime: No Such Object currently exists at this OID
pysnmp v1: walk over ifHCInOctets: no counters, errors: 0
pysnmp v2c: no error 0, sysUpTime: a number
pysnmp v2c: walk over ifHCInOctets: some counters, errors: 0
snmpwalk v1: no counters, exit 0
snmpwalk v2c: some counters, exit 0
EOF
cat seen.txt
