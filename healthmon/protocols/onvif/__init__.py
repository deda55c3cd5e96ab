"""Onvif."""
