"""Recorders."""
