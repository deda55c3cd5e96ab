"""Protocols: bytes to typed records, one file per protocol. Wire knows no device, no verdict and no
configuration.
"""
