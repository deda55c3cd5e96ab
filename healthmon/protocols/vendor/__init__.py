"""Vendor."""
