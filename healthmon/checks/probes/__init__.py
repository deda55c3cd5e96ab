"""Probes: one file per check. A probe measures; it never judges, retries, logs or exports.

A probe module has one public coroutine ``probe(device, ask, tools) -> Measurement``. It raises
`ExchangeError` when it saw nothing; the observation, its reason and the deadline are made in one place
(``healthmon.runtime.agent``'s observer).
"""
