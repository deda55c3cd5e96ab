"""What the tests' config.yaml asks of recorders by make http, snmp and bosch."""

from __future__ import annotations

from pathlib import Path

from healthmon.config import loading
from healthmon.inventory import devices as inventory
from healthmon.model.readings import Readings

HTTP = """    make: http
    requests:
      - path: /api/status
        values:
          - {at: product/version, fills: firmware}
          - {at: product/serial, fills: serial}
          - {at: time, fills: clock}
          - {at: clock, fills: time_source}
          - {at: cpu, fills: cpu_ratio, factor: 0.01}
          - {at: uptime, fills: uptime_seconds}
          - {at: overwrite, fills: overwriting}
          - {at: openAlarms, name: open alarms, high: 0}
      - path: /api/query/cameras
        method: POST
        read_only: yes
        body: '{"fields": "all"}'
        of: channel
        rows: cameras
        key: id
        values:
          - {at: displayName, fills: name}
          - {at: state, fills: state}
          - {at: state, fills: recording, words: {Recording: yes, Idle: no}}
          - {at: video, fills: signal}
          - {at: mode, fills: schedule, words: {continuous: always, event: motion}}
      - path: /api/storages
        of: disk
        rows: storage
        key: "@name"
        values:
          - {at: "@health", fills: state, words: {Healthy: ok, Faulted: failed}}
          - {at: "@health", fills: detail}
          - {at: size, fills: capacity_bytes, factor: 1000000000}
          - {at: free, fills: free_bytes, factor: 1e9}
      - path: "/api/cameras/{channel}/range"
        of: channel
        values: [{at: first, fills: oldest}, {at: last, fills: newest, factor: 0.001}]
"""
_E = "1.3.6.1.4.1.8072.9999.9999"
SNMP = f"""    make: snmp
    snmp: {{credential: view}}
    objects:
      - {{oid: {_E}.1.0, fills: serial}}
      - {{oid: .{_E}.2.0, fills: clock}}
      - {{oid: {_E}.3.0, fills: temperature_celsius, factor: 0.1, name: case, unit: C, high: 80}}
      - {{oid: {_E}.4.0, of: disk, item: RAID, fills: state, words: {{OK: ok, FAULT: failed}}}}
      - {{oid: "{_E}.5.{{channel}}", of: channel, fills: recording, words: {{"1": yes, "2": no}}}}
      - {{oid: "{_E}.6.{{channel}}", of: channel, fills: signal}}
      - {{oid: "{_E}.7.{{channel}}", of: channel, fills: newest}}
      - {{oid: "{_E}.8.{{channel}}", of: channel, fills: oldest}}
"""
BOSCH = """    make: bosch
    onvif: no
    snmp: {credential: view}
    experimental_clock: yes
    storage: ["D:"]
    rcp:
      - {command: "0x0b0e", type: T_DWORD, num: "{channel}", of: channel, fills: recording}
      - {command: "0x0b0e", type: T_DWORD, num: "{channel}", of: channel, fills: state, words: {"1": running, "0": stopped}}
"""
TEXTS = {"http": HTTP, "snmp": SNMP, "bosch": BOSCH}


def readings(make: str, folder: Path) -> Readings:
    """The readings of a recorder as the agent's own configuration gives them."""
    if make not in TEXTS:
        return Readings()
    text = "sites: [{id: s}]\ncredentials: {view: {secret: {environment: HEALTHMON_TEST}}}\nrecorders:\n"
    head = "  - id: R1\n    name: Recorder 1\n    site: s\n    address: 192.0.2.9\n"
    path = folder / "config.yaml"
    path.write_text(text + head + TEXTS[make])
    return inventory.devices(loading.load(path))[0].readings
