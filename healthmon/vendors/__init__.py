"""Makes: one file per make of device with its own tables or API; typed answers, every field
optional.
"""
