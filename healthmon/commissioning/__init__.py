"""Commissioning: what devices show against what config.yaml says of them. Pure."""
