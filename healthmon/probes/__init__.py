"""Probes: one file per question. A probe measures; it never judges, retries, logs or exports.

A probe module has one public coroutine ``look(device, ask, tools) -> Seen``. It raises `WireError` when it saw nothing;
the observation, its reason and the deadline are made in one place (``healthmon.agent``'s observer).
"""
