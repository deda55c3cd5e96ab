"""What `healthmon discover` does: find devices in given address ranges and propose their entries."""
