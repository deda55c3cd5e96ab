"""Notification channels: one file each. An exporter sees only the model and starts no probe."""
