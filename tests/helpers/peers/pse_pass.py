"""POWER-ETHERNET-MIB for net-snmp's ``pass_persist`` (snmpd.conf(5)): ``pse_pass.py FILE``, lines
of FILE: OID TYPE VALUE.

FILE is read for every question, so that a test can change what the switch says.
"""

import sys


def key(oid):
    return [int(instance) for instance in oid.strip(".").split(".")]


def table():
    with open(sys.argv[1]) as file:
        rows = (line.split(None, 2) for line in file if line.strip())
        return sorted(
            ((key(oid), oid, kind, value.strip()) for oid, kind, value in rows),
            key=lambda row: row[0],
        )


def main():
    while line := sys.stdin.readline():
        command = line.strip()
        if command == "PING":
            print("PONG", flush=True)
            continue
        oid = key(sys.stdin.readline())
        found = [row for row in table() if (row[0] == oid if command == "get" else row[0] > oid)]
        print("\n".join(found[0][1:]) if found else "NONE", flush=True)


main()
