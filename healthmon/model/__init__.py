"""The words of the house: devices, measurements and verdicts. Frozen values,
standard typing only. Import them from their modules: this one holds nothing, so that what reads the
record loads no device.

Flow: config -> inventory (`Device`, `Check`) -> schedule runs a probe -> `Observation` -> verdict
(`Verdict`) -> faults (`Fault`, `Change`) -> exporters. Units are base units: seconds, bytes,
ratios, volts, celsius; wall times are Unix seconds (UTC). None means "not reported"; it is never a
zero.
"""
