"""An SNMP v2c GET of ten objects of a UPS against pysnmp (v1arch), and 1,000 reads with no false
time-out.
"""

from __future__ import annotations

from pysnmp.hlapi.v1arch.asyncio import (
    CommunityData,
    ObjectIdentity,
    ObjectType,
    SnmpDispatcher,
    UdpTransportTarget,
    get_cmd,
)

from benchmarks._application import build
from benchmarks._measure import Row, cpu, estate, ms_each, run
from healthmon.protocols.snmp import v2c as snmp

PORT, COUNT = 10161, 1000
UPS = "1.3.6.1.2.1.33.1."
OIDS = [
    "1.3.6.1.2.1.1.1.0",
    *(
        UPS + tail
        for tail in (
            "1.1.0",
            "1.2.0",
            "2.1.0",
            "2.2.0",
            "2.3.0",
            "2.4.0",
            "4.1.0",
            "4.2.0",
            "7.3.0",
        )
    ),
]


def rows() -> list[Row]:
    failed = 0
    with estate(1) as path:
        application = build(path)
        address = application.estate.devices["UPS1"].address
        secret = application.context.credential("snmp-read").password

        async def ours() -> None:
            nonlocal failed
            try:
                await snmp.get(application.context.connector, address, PORT, secret, OIDS)
            except snmp.ExchangeError:
                failed += 1

        mine = ms_each(ours, COUNT, width=100)
        other = run(theirs(address))
    return [
        Row("SNMP GET of 10 objects against pysnmp v1arch", mine, other, gate=1 / 20),
        Row(
            f"SNMP: false time-outs in {4 * COUNT} reads, 100 at once",
            failed,
            unit="reads",
            gate=0,
        ),
    ]


async def theirs(address: str) -> float:
    """CPU-ms of pysnmp per GET, one dispatcher for all."""
    dispatcher = SnmpDispatcher()
    target = await UdpTransportTarget.create((address, PORT))
    objects = [ObjectType(ObjectIdentity(oid)) for oid in OIDS]
    began = 0.0
    for n in range(110):
        if n == 10:
            began = cpu()
        error, _, _, _ = await get_cmd(
            dispatcher, CommunityData("public", mpModel=1), target, *objects
        )
        assert not error, error
    used = (cpu() - began) * 1000 / 100
    dispatcher.close()
    return used
