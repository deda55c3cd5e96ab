"""The notification channels: what is said about a fault (`notice`, `text`), to whom (`routing`),
and one file per way.
"""
