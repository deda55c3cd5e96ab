"""Snmp."""
