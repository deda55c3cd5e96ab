#!/usr/bin/env bash
# The load of a Linux recorder by SNMP: snmpget prints 0.42, and four libraries of Python give seven bytes.
#
# Version: snmpd and snmp 5.9.3+dfsg-2+deb12u1 (Debian 12), pysnmp 7.1.30, puresnmp 2.0.1, aiosnmp 0.7.2, gufo-snmp 0.13.0.
#
# Best guess before trying: laLoadFloat of UCD-SNMP-MIB, the load of every Linux recorder, is an Opaque that holds a float
# (as net-snmp has written it for 25 years), and a library of today gives it as a number.
#
# Seen: snmpget says "Opaque: Float: 0.42". The four libraries hand over the content of the Opaque as it came: seven bytes
# that begin with 9f 78 04, and pysnmp the same as a text of hexadecimal digits. No error, no hint. The output is exact but
# for the value.
#
# Why it matters: fractions of agents that are built on net-snmp have this form. A check that was tried with snmpget and is
# then written in Python compares a text with a limit, or leaves the value out as "not a number", for ever.
#
# In healthmon: the number is taken out of the Opaque, for SNMPv3 too (protocols/snmp/ber.py).
set -euo pipefail
T=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$T"' EXIT
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check pysnmp==7.1.30 puresnmp==2.0.1 aiosnmp==0.7.2 gufo-snmp==0.13.0 || exit 2
cd "$T"
fetch() { apt-get -qq "$@" {snmpd,snmp,libsnmp40}=5.9.3+dfsg-2+deb12u1 libsnmp-base libsensors5 libsensors-config; }
fetch download 2>/dev/null || { mkdir -p lists/partial; apt-get -qq -o Dir::State::Lists="$T/lists" update &&
  fetch -o Dir::State::Lists="$T/lists" download; } || { echo "cannot fetch the packages"; exit 2; }
for package in ./*.deb; do dpkg -x "$package" tree; done
port=$(python3 -c 'import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export SNMP_PERSISTENT_DIR=$T/persistent MIBS="" LD_LIBRARY_PATH=$T/tree/usr/lib/x86_64-linux-gnu
mkdir persistent
echo "rocommunity public 127.0.0.1" > device.conf
tree/usr/sbin/snmpd -f -Lf snmpd.log -C -c device.conf -p snmpd.pid "udp:127.0.0.1:$port" &
get() { tree/usr/bin/snmpget -v2c -c public -r 0 -t 1 "127.0.0.1:$port" 1.3.6.1.4.1.2021.10.1.6.1 2>/dev/null; }
for _ in $(seq 50); do get > said.txt && break; sleep 0.2; done

cat > try.py <<'EOF'
import asyncio
import re
import sys

import aiosnmp
from gufo.snmp.aio import SnmpSession
from puresnmp import V2C, Client, PyWrapper
from pysnmp.hlapi.v3arch.asyncio import (
    CommunityData, ContextData, ObjectIdentity, ObjectType, SnmpEngine, UdpTransportTarget, get_cmd,
)

LOAD, HOST, PORT = "1.3.6.1.4.1.2021.10.1.6.1", "127.0.0.1", int(sys.argv[1])


async def by_pysnmp():
    device = await UdpTransportTarget.create((HOST, PORT), timeout=2, retries=3)
    login = CommunityData("public", mpModel=1)
    _, _, _, found = await get_cmd(SnmpEngine(), login, device, ContextData(), ObjectType(ObjectIdentity(LOAD)))
    return found[0][1].prettyPrint()


async def by_puresnmp():
    return await PyWrapper(Client(HOST, V2C("public"), port=PORT)).get(LOAD)


async def by_aiosnmp():
    async with aiosnmp.Snmp(host=HOST, port=PORT, community="public") as device:
        return (await device.get(LOAD))[0].value


async def by_gufo():
    async with SnmpSession(addr=HOST, port=PORT, community="public") as device:
        return await device.get(LOAD)


async def main():
    for ask in (by_pysnmp, by_puresnmp, by_aiosnmp, by_gufo):
        try:
            value = await ask()
        except Exception as error:
            value = f"no value, {type(error).__name__}: {error}"
        form = re.sub(r"(?<=9f7804)[0-9a-f]{8}", "...", value.hex() if isinstance(value, bytes) else str(value))
        form = "number" if isinstance(value, float) else form
        print(f"{ask.__name__[3:]}: {type(value).__name__} {form}")


asyncio.run(main())
EOF
{
  sed -E 's/^[^=]*= (.*: )[0-9.]+$/snmpget: \1number/' said.txt
  env -u LD_LIBRARY_PATH env/bin/python try.py "$port" 2>&1
} > seen.txt

diff seen.txt - <<'EOF' || { echo "the libraries behave differently now"; exit 1; }
snmpget: Opaque: Float: number
pysnmp: str 0x9f7804...
puresnmp: bytes 9f7804...
aiosnmp: bytes 9f7804...
gufo: bytes 9f7804...
EOF
cat seen.txt
